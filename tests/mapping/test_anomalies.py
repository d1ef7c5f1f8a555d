"""Anomalies against the local background: the level is kept where there are none, planted ones are found."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mapping.anomalies import Anomalies, LocalBackground
from mapping.covariance import Exponential, Nugget
from mapping.hotspots import NotTestable
from mapping.kriging import FittedKriging, Kriging
from mapping.neighbours import Neighbours
from mapping.samples import Samples
from mapping.transform import Identity, Log
from mapping.whitening import EXACT, whitening

MODEL = Nugget(0.2) + Exponential(0.8, 8.0)
Vector = NDArray[np.float64]


def survey(seed: int, n: int) -> tuple[Vector, Vector]:
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 100, (n, 2))
    factor = np.linalg.cholesky(MODEL.between(xy, xy))
    return xy, factor @ rng.standard_normal(n)


def fitted_to(xy: Vector, values: Vector, kind: str = "ordinary") -> FittedKriging:
    return Kriging(transform=Identity(), covariance=MODEL, kind=kind).fit(Samples.measured(xy, values))


def anomalies_of(fitted: FittedKriging, *bands: float) -> Anomalies:
    found = LocalBackground().test(fitted, [Neighbours.within(fitted.sites.xy, band) for band in bands or (6, 12, 24)])
    assert isinstance(found, Anomalies)
    return found


@pytest.mark.parametrize("n", [60, EXACT + 100])
def test_whitened_data_are_independent(n: int) -> None:
    xy, _ = survey(1, n)
    white = whitening(xy, MODEL, np.zeros(n)).toarray()
    spread = white @ MODEL.between(xy, xy) @ white.T
    assert np.abs(spread - np.eye(n)).max() < (1e-6 if n <= EXACT else 0.1)
    assert np.abs(np.diag(spread) - 1).max() < (1e-6 if n <= EXACT else 0.03)


@pytest.mark.parametrize("kind", ["ordinary", "universal", "simple"])
def test_a_site_alone_is_what_leaving_one_out_says(kind: str) -> None:
    xy, values = survey(2, 80)
    fitted = fitted_to(xy, values, kind)
    shifts = anomalies_of(fitted, 0.0)
    left_out = fitted.leave_one_out()
    expected = (values - left_out.predicted) / np.sqrt(left_out.variance)
    np.testing.assert_allclose(shifts.spots.z, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(shifts.shift, values - left_out.predicted, rtol=1e-6, atol=1e-6)


def test_a_field_of_the_model_has_no_anomaly() -> None:
    """Hot or cold spots in about one survey of twenty, and p as uniform as it should be."""
    alarms, p, extreme = 0, [], []
    for seed in range(60):
        xy, values = survey(seed, 120)
        found = anomalies_of(fitted_to(xy, values))
        alarms += bool((found.spots.hot | found.spots.cold).any())
        p.append(found.spots.p)
        extreme.append(found.p_any)
    assert alarms <= 8
    assert (np.concatenate(p) <= 0.1).mean() == pytest.approx(0.1, abs=0.02)
    assert 0.3 < np.mean(extreme) < 0.7


def test_a_planted_halo_is_found_where_gi_would_see_clusters_everywhere() -> None:
    xy, values = survey(3, 600)
    near = np.hypot(*(xy - [50, 50]).T) < 12
    planted = values + 3.0 * near
    fitted = Kriging(transform=Identity(), structures=("exponential",)).fit(Samples.measured(xy, planted))
    found = anomalies_of(fitted)
    assert found.spots.hot[near].any()
    assert np.hypot(*(xy[found.spots.hot] - [50, 50]).T).max() < 20
    assert not found.spots.cold.any()
    assert found.p_any < 0.02
    assert set(found.reach[near & found.spots.hot]) <= {6, 12, 24}
    for word in ("600 sites", "Null hypothesis", "simulated", "seed 0", "not above a legal limit"):
        assert word in found.spots.definition


def test_what_is_known_by_bounds_counts_at_its_weakest() -> None:
    xy, values = survey(4, 80)
    upper = np.exp(values)
    lower = np.where(upper < np.quantile(upper, 0.3), 0.0, upper)
    fitted = Kriging(transform=Log(), covariance=MODEL).fit(Samples(xy, lower, upper))
    found = anomalies_of(fitted)
    assert "24 values are known as bounds only" in found.spots.definition
    assert np.isfinite(found.spots.z).all()
    again = anomalies_of(fitted)
    assert np.array_equal(found.spots.p, again.spots.p)


def test_what_cannot_be_tested_is_said() -> None:
    xy, values = survey(5, 20)
    fitted = fitted_to(xy, values)
    answer = LocalBackground().test(fitted, [Neighbours.within(xy, 1000)])
    assert isinstance(answer, NotTestable)
    assert "every sample is a neighbour of every other" in answer.reason
    few = LocalBackground().test(fitted_to(xy[:4], values[:4]), [Neighbours.within(xy[:4], 10)])
    assert isinstance(few, NotTestable)
    assert "4 samples, at least 8" in few.reason
    with pytest.raises(ValueError, match="model has 20 sites"):
        LocalBackground().test(fitted, [Neighbours.within(xy[:4], 10)])
