"""What happens in the field: duplicates, lines, three samples, no variation. A map and a note, never an accident."""

import numpy as np
import pytest

from mapping.covariance import Covariance, Exponential, Gaussian, Nugget, Spherical
from mapping.kriging import FittedKriging, Kriging
from mapping.samples import Samples
from mapping.transform import Identity

RNG = np.random.default_rng(0)
XY = RNG.uniform(0.0, 1000.0, (50, 2))
VALUE = np.exp(RNG.standard_normal(50))


def sound(model: FittedKriging) -> None:
    everywhere = np.vstack([model.sites.xy, RNG.uniform(-500.0, 1500.0, (300, 2))])
    found = model.predict(everywhere)
    assert np.isfinite(found.mean).all()
    assert np.isfinite(found.variance).all()
    assert (found.variance >= 0.0).all()
    probability = found.exceedance(1.0)
    assert ((probability >= 0.0) & (probability <= 1.0)).all()
    assert np.isfinite(model.leave_one_out().predicted).all()
    assert np.isfinite(model.simulate(everywhere, 3).values).all()


@pytest.mark.parametrize("kind", ["ordinary", "simple"])
@pytest.mark.parametrize("n", [2, 3, 4, 5, 10])
def test_few_samples_make_a_map_with_a_note(kind: str, n: int) -> None:
    model = Kriging(kind=kind).fit(Samples.measured(XY[:n], VALUE[:n]))
    sound(model)
    if n < 4:
        assert "too few for a variogram" in model.notes[0]


@pytest.mark.parametrize("kind", ["ordinary", "simple"])
def test_equal_values_make_a_flat_map_with_a_note(kind: str) -> None:
    model = Kriging(kind=kind).fit(Samples.measured(XY, np.full(50, 0.2)))
    sound(model)
    assert "all values are equal" in model.notes[0]
    np.testing.assert_allclose(model.predict(XY + 7.0).median(), 0.2, rtol=1e-6)


def test_two_equal_and_one_other_value() -> None:
    sound(Kriging().fit(Samples.measured(XY[:3], [1.0, 1.0, 2.0])))


@pytest.mark.parametrize("neighbours", [None, 10])
def test_samples_on_a_line(neighbours: int | None) -> None:
    line = np.column_stack([np.linspace(0.0, 1000.0, 50), np.zeros(50)])
    sound(Kriging(neighbours=neighbours).fit(Samples.measured(line, VALUE)))


def test_duplicates_are_averaged_with_a_note() -> None:
    doubled = Samples.measured(np.vstack([XY, XY[:10]]), np.concatenate([VALUE, 4.0 * VALUE[:10]]))
    model = Kriging().fit(doubled)
    sound(model)
    assert "60 samples lie at 50 different places" in model.notes[0]
    averaged = Samples.measured(XY, np.concatenate([2.0 * VALUE[:10], VALUE[10:]]))
    np.testing.assert_allclose(
        model.predict(XY + 3.0).mean, Kriging().fit(averaged).predict(XY + 3.0).mean, rtol=1e-9, atol=1e-12
    )


def test_averaged_duplicates_have_a_smaller_error() -> None:
    pair = Samples.measured(np.vstack([XY, XY]), np.concatenate([VALUE, VALUE]), np.full(100, 0.5))
    single = Samples.measured(XY, VALUE, np.full(50, 0.25))
    recipe = Kriging(transform=Identity(), covariance=Exponential(1.0, 200.0))
    np.testing.assert_allclose(
        recipe.fit(pair).predict(XY).variance, recipe.fit(single).predict(XY).variance, rtol=1e-12
    )


SINGULAR = [Gaussian(1.0, 2000.0), Gaussian(1.0, 1e6)]


@pytest.mark.parametrize(("covariance", "neighbours"), [(SINGULAR[0], None), (SINGULAR[1], None), (SINGULAR[1], 15)])
def test_singular_systems_are_solved_with_a_note(covariance: Covariance, neighbours: int | None) -> None:
    smooth = np.exp(np.sin(XY[:, 0] / 1000.0))
    model = Kriging(covariance=covariance, neighbours=neighbours).fit(Samples.measured(XY, smooth))
    sound(model)
    assert "singular" in model.notes[-1]


@pytest.mark.parametrize("covariance", [*SINGULAR, Spherical(1.0, 1e9)])
def test_rough_values_under_a_smooth_covariance_keep_finite_distributions(covariance: Covariance) -> None:
    found = Kriging(covariance=covariance).fit(Samples.measured(XY, VALUE)).predict(XY + 100.0)
    assert np.isfinite(found.mean).all()
    assert np.isfinite(found.variance).all()
    assert not np.isnan(found.expected()).any()


def test_a_fitted_gaussian_always_has_some_nugget() -> None:
    smooth = np.exp(np.sin(XY[:, 0] / 500.0))
    model = Kriging(structures=("gaussian",)).fit(Samples.measured(XY, smooth))
    sound(model)
    assert model.covariance.nugget >= 0.9e-3 * model.covariance.sill


@pytest.mark.parametrize("neighbours", [None, 15])
def test_places_a_hair_apart(neighbours: int | None) -> None:
    close = np.vstack([XY, XY + 1e-9])
    values = np.concatenate([VALUE, 1.1 * VALUE])
    sound(Kriging(covariance=Exponential(1.0, 300.0), neighbours=neighbours).fit(Samples.measured(close, values)))
    sound(Kriging(neighbours=neighbours).fit(Samples.measured(close, values)))


def test_no_pairs_within_the_cutoff() -> None:
    model = Kriging(cutoff=1e-3).fit(Samples.measured(XY, VALUE))
    sound(model)
    assert "0 distance classes hold pairs" in model.notes[0]


def test_one_place_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="a map needs at least two places"):
        Kriging().fit(Samples.measured(np.zeros((3, 2)), [1.0, 2.0, 3.0]))
    with pytest.raises(ValueError, match="cannot be predicted from others"):
        Kriging(covariance=Nugget(1.0)).fit(Samples.measured(XY[:1], [1.0])).leave_one_out()


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_value_without_a_logarithm_is_named(value: float) -> None:
    with pytest.raises(ValueError, match="sample 4: the log transform needs values above 0"):
        Kriging().fit(Samples.measured(XY, np.where(np.arange(50) == 4, value, VALUE)))


def test_places_that_are_no_places_are_named() -> None:
    model = Kriging(covariance=Nugget(1.0)).fit(Samples.measured(XY, VALUE))
    with pytest.raises(ValueError, match="place 1: coordinates must be finite"):
        model.predict([[0.0, 0.0], [np.inf, 0.0]])
    with pytest.raises(ValueError, match="no places"):
        model.predict(np.empty((0, 2)))


def test_extreme_coordinates_and_values() -> None:
    far = Samples.measured(XY * 1e3 + 5e6, VALUE * 1e-9)
    sound(Kriging().fit(far))
    sound(Kriging(transform=Identity()).fit(Samples.measured(XY * 1e-3, VALUE * 1e12)))
