"""Laws that every method of the registry keeps, whatever the data."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mapping.covariance import Covariance, Exponential, Nugget, Spherical
from mapping.kriging import FittedKriging, Kriging
from mapping.methods import METHODS, method_named
from mapping.samples import Samples
from mapping.transform import Identity

Points = NDArray[np.float64]
SMOOTH = Exponential(0.5, 300.0) + Spherical(0.4, 700.0)
ROUGH = Nugget(0.2) + SMOOTH

every_method = pytest.mark.parametrize("method", METHODS)
global_and_local = pytest.mark.parametrize("neighbours", [None, 12])


def survey(seed: int, n: int = 60) -> Samples:
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0.0, 2000.0, (n, 2))
    return Samples.measured(xy, np.exp(4.0 + np.sin(xy[:, 0] / 300.0) + 0.4 * rng.standard_normal(n)))


def places(seed: int, n: int = 40) -> Points:
    return np.random.default_rng(seed + 10_000).uniform(-100.0, 2100.0, (n, 2))


def fitted(method: str, samples: Samples, covariance: Covariance = ROUGH, **parameters: Any) -> FittedKriging:
    return METHODS[method](covariance=covariance, **parameters).fit(samples)


@every_method
@global_and_local
def test_without_a_nugget_it_honours_the_data(method: str, neighbours: int | None) -> None:
    samples = survey(1)
    found = fitted(method, samples, SMOOTH, neighbours=neighbours).predict(samples.xy)
    np.testing.assert_allclose(found.median(), samples.value, rtol=1e-9)
    np.testing.assert_allclose(found.variance, 0.0, atol=1e-12)


@every_method
@global_and_local
@given(east=st.floats(-1e6, 1e6), north=st.floats(-1e6, 1e6))
@settings(max_examples=10, deadline=None)
def test_moving_the_survey_moves_the_map(method: str, neighbours: int | None, east: float, north: float) -> None:
    samples, shift = survey(2), np.array([east, north])
    here = fitted(method, samples, neighbours=neighbours).predict(places(2))
    moved = Samples.measured(samples.xy + shift, samples.value)
    there = fitted(method, moved, neighbours=neighbours).predict(places(2) + shift)
    np.testing.assert_allclose(there.mean, here.mean, rtol=1e-7)
    np.testing.assert_allclose(there.variance, here.variance, rtol=1e-7)


@every_method
@given(factor=st.floats(0.01, 100.0))
@settings(max_examples=10, deadline=None)
def test_scaling_the_sill_scales_the_variance_and_keeps_the_mean(method: str, factor: float) -> None:
    scaled = Nugget(0.2 * factor) + Exponential(0.5 * factor, 300.0) + Spherical(0.4 * factor, 700.0)
    one, many = (fitted(method, survey(3), model).predict(places(3)) for model in (ROUGH, scaled))
    np.testing.assert_allclose(many.mean, one.mean, rtol=1e-9)
    np.testing.assert_allclose(many.variance, factor * one.variance, rtol=1e-9)
    np.testing.assert_allclose(many.lagrange, factor * one.lagrange, rtol=1e-8, atol=1e-12 * factor)


@every_method
@global_and_local
def test_the_order_of_the_samples_does_not_matter(method: str, neighbours: int | None) -> None:
    samples = survey(4)
    order = np.random.default_rng(4).permutation(samples.n)
    one = fitted(method, samples, neighbours=neighbours).predict(places(4))
    shuffled = Samples.measured(samples.xy[order], samples.value[order])
    other = fitted(method, shuffled, neighbours=neighbours).predict(places(4))
    np.testing.assert_allclose(other.mean, one.mean, rtol=1e-12)
    np.testing.assert_allclose(other.variance, one.variance, rtol=1e-11)


@every_method
@global_and_local
def test_a_value_does_not_depend_on_its_company(method: str, neighbours: int | None) -> None:
    model, xy = fitted(method, survey(5), neighbours=neighbours), places(5, 1300)
    together = model.predict(xy)
    order = np.random.default_rng(5).permutation(len(xy))
    shuffled = model.predict(xy[order])
    alone = [model.predict(xy[i : i + 1]) for i in (0, 700, 1299)]
    assert (shuffled.mean == together.mean[order]).all()
    assert (shuffled.variance == together.variance[order]).all()
    assert [p.mean[0] for p in alone] == together.mean[[0, 700, 1299]].tolist()


@every_method
def test_leave_one_out_is_what_leaving_out_in_turn_gives(method: str) -> None:
    samples = survey(6, 25)
    mean = 4.0 if method == "simple-kriging" else None
    found = fitted(method, samples, mean=mean).leave_one_out()
    for i in range(samples.n):
        keep = np.arange(samples.n) != i
        without = Samples.measured(samples.xy[keep], samples.value[keep])
        predicted = fitted(method, without, mean=mean).predict(samples.xy[i : i + 1])
        assert found.predicted[i] == pytest.approx(predicted.mean[0], rel=1e-10)
        assert found.variance[i] == pytest.approx(predicted.variance[0], rel=1e-10)


@every_method
def test_all_neighbours_are_the_same_as_no_limit(method: str) -> None:
    """All but the farthest matter little; to a trend, which reaches beyond the covariance, that one says more."""
    little = 0.2 if method == "universal-kriging" else 0.05
    samples = survey(7, 30)
    one = fitted(method, samples).predict(places(7))
    nearest = fitted(method, samples, neighbours=29)
    most = nearest.predict(places(7))
    assert np.abs(most.mean - one.mean).max() < little
    np.testing.assert_array_equal(fitted(method, samples, neighbours=30).predict(places(7)).mean, one.mean)


@every_method
def test_a_model_is_rebuilt_from_its_parameters(method: str) -> None:
    samples = survey(8)
    recipe = METHODS[method](neighbours=20)
    model = recipe.fit(samples)
    again = FittedKriging.rebuild(samples, model.parameters())
    assert (again.predict(places(8)).mean == model.predict(places(8)).mean).all()
    assert again.parameters()["covariance"] == model.parameters()["covariance"]
    assert again.empirical is not None
    assert model.empirical is not None
    np.testing.assert_array_equal(again.empirical.semivariance, model.empirical.semivariance)
    with pytest.raises(ValueError, match="not the samples"):
        FittedKriging.rebuild(survey(9), model.parameters())


@every_method
def test_measurement_error_is_filtered(method: str) -> None:
    """Without a nugget the map honours exact data; known errors pull it away from them, towards the others."""
    samples = survey(10)
    noisy = Samples.measured(samples.xy, samples.value, (0.5 * samples.value) ** 2)
    at_data = fitted(method, noisy, SMOOTH).predict(samples.xy)
    assert (at_data.variance > 0.0).all()
    scores = np.log(samples.value)
    assert np.std(at_data.mean) < np.std(scores)


def test_known_errors_are_taken_out_of_the_fitted_nugget() -> None:
    rng = np.random.default_rng(12)
    xy = rng.uniform(0.0, 1000.0, (400, 2))
    value = np.sin(xy[:, 0] / 200.0) + 0.5 * rng.standard_normal(400)
    plain = Kriging(transform=Identity()).fit(Samples.measured(xy, value))
    known = Kriging(transform=Identity()).fit(Samples.measured(xy, value, np.full(400, 0.25)))
    assert plain.covariance.nugget > 0.15
    assert known.covariance.nugget < 0.05


def test_the_recipe_only_stores_parameters_and_checks_them() -> None:
    assert Kriging(neighbours=5) == Kriging(neighbours=5)
    for wrong in (
        {"kind": "magic"},
        {"structures": ()},
        {"structures": ("magic",)},
        {"neighbours": 0},
        {"cutoff": 0.0},
        {"bins": 0},
        {"mean": 1.0},
    ):
        with pytest.raises(ValueError, match=next(iter(wrong)).rstrip("s") if "kind" not in wrong else "no kriging"):
            Kriging(**wrong)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="known are ordinary-kriging"):
        method_named("magic")


def test_many_samples_are_kriged_from_their_neighbours_and_a_note_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mapping.fitting.LARGEST_GLOBAL", 50)
    monkeypatch.setattr("mapping.fitting.DEFAULT_NEIGHBOURS", 8)
    model = Kriging(covariance=ROUGH).fit(survey(11))
    assert model.neighbours == 8
    assert "too many for one system" in model.notes[0]


@every_method
@global_and_local
def test_exceedance_falls_with_the_limit_and_undoes_the_quantile(method: str, neighbours: int | None) -> None:
    found = fitted(method, survey(13), neighbours=neighbours).predict(places(13))
    rising = np.stack([found.exceedance(limit) for limit in (0.0, 1.0, 20.0, 55.0, 150.0, 1e6)])
    assert (np.diff(rising, axis=0) <= 0.0).all()
    for p in (0.05, 0.5, 0.9):
        np.testing.assert_allclose(found.exceedance(found.quantile(p)), 1.0 - p, atol=1e-9)


@every_method
def test_a_transform_may_be_given_by_its_name(method: str) -> None:
    assert METHODS[method](transform="identity") == METHODS[method](transform=Identity())
