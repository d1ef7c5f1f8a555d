"""Anisotropy by likelihood: found where there is some, not where there is none, and never among few places."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mapping.covariance import Covariance, Exponential, Nugget
from mapping.kriging import FittedKriging, Kriging
from mapping.samples import Samples
from mapping.transform import Identity

Points = NDArray[np.float64]
ROUND = Nugget(0.1) + Exponential(1.0, 200.0)
LONG = Nugget(0.05) + Exponential(1.0, 400.0, angle=30.0, ratio=0.3)


def field(covariance: Covariance, n: int, seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0.0, 2_000.0, (n, 2))
    root = np.linalg.cholesky(covariance.between(xy, xy))
    return Samples.measured(xy, root @ rng.standard_normal(n))


def fitted(samples: Samples, by: str = "reml") -> FittedKriging:
    return Kriging(Identity(), structures=("exponential",), fitted_by=by, anisotropy=True).fit(samples)


@pytest.mark.parametrize("by", ["reml", "vecchia"])
def test_the_direction_of_a_long_range_is_found(by: str) -> None:
    model = fitted(field(LONG, 250, 3), by)
    (term,) = model.covariance.structured
    assert abs((term.angle - 30.0 + 90.0) % 180.0 - 90.0) < 20.0
    assert term.ratio < 0.6
    assert any("anisotropic: range longest towards" in note for note in model.notes)
    plain = Kriging(Identity(), structures=("exponential",), fitted_by="reml").fit(model.samples)
    assert model.leave_one_out().scores()["crps"] < plain.leave_one_out().scores()["crps"]


def test_what_is_round_stays_round_nearly_always() -> None:
    """At a level of 1 %, two false alarms in six would be one in seven hundred runs."""
    found = [fitted(field(ROUND, 110, seed)).covariance.structured[0] for seed in range(6)]
    assert sum(term.ratio < 1.0 for term in found) <= 1


def test_turning_the_map_turns_the_direction() -> None:
    samples = field(LONG, 150, 5)
    (straight,) = fitted(samples).covariance.structured
    east, north = samples.xy.T
    turned = Samples.measured(np.column_stack([north, -east]), samples.value)
    (term,) = fitted(turned).covariance.structured
    assert abs((term.angle - straight.angle - 90.0 + 90.0) % 180.0 - 90.0) < 2.0
    assert term.ratio == pytest.approx(straight.ratio, rel=0.03)


def test_few_places_and_least_squares_have_no_direction() -> None:
    few = fitted(field(LONG, 60, 3))
    assert few.covariance.structured[0].ratio == 1.0
    assert any("60 places are too few" in note for note in few.notes)
    squares = Kriging(Identity(), structures=("exponential",), anisotropy=True).fit(field(LONG, 200, 3))
    assert squares.covariance.structured[0].ratio == 1.0


def test_a_model_with_a_direction_is_rebuilt() -> None:
    model = fitted(field(LONG, 120, 5))
    again = FittedKriging.rebuild(model.samples, model.parameters())
    places = np.array([[500.0, 700.0], [1_500.0, 1_900.0]])
    np.testing.assert_allclose(again.predict(places).mean, model.predict(places).mean, rtol=1e-11)
