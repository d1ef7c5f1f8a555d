"""Clouds, maps and robust variograms are sums over the same pairs as the variogram; weights even out clusters."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mapping.exploration import declustering_weights, dowd_variogram, variogram_cloud, variogram_map
from mapping.samples import Samples
from mapping.variogram import empirical_variogram

Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def logs(meuse: Samples) -> Floats:
    return np.log(meuse.upper)


def test_a_cloud_holds_the_pairs_of_the_variogram(meuse: Samples, logs: Floats) -> None:
    cloud, binned = variogram_cloud(meuse.xy, logs, 900.0), empirical_variogram(meuse.xy, logs, 900.0, 9)
    assert len(cloud.distance) == binned.pairs.sum()
    assert cloud.semivariance.mean() == pytest.approx(np.average(binned.semivariance, weights=binned.pairs), rel=1e-12)


def test_a_planted_mistake_stands_out(meuse: Samples, logs: Floats) -> None:
    spoilt = logs.copy()
    spoilt[77] += np.log(1_000.0)
    assert variogram_cloud(meuse.xy, spoilt).worst(1).tolist() == [77]


def test_a_map_is_its_own_mirror_image_and_has_every_pair_twice(meuse: Samples, logs: Floats) -> None:
    found = variogram_map(meuse.xy, logs, 900.0, 5)
    np.testing.assert_array_equal(found.pairs, found.pairs[::-1, ::-1])
    np.testing.assert_allclose(found.semivariance, found.semivariance[::-1, ::-1], rtol=1e-12)
    offset = meuse.xy[:, None] - meuse.xy[None]
    inside = (np.rint(np.abs(offset) / found.width) <= 5).all(axis=2)
    assert found.pairs.sum() == inside.sum() - meuse.n


def test_a_map_shows_the_direction_of_the_longest_range(rng_field: tuple[Floats, Floats]) -> None:
    xy, values = rng_field
    found = variogram_map(xy, values, 500.0, 5)
    along, across = found.semivariance[5, 9], found.semivariance[1, 5]
    assert along < 0.5 * across


@pytest.fixture(scope="module")
def rng_field() -> tuple[Floats, Floats]:
    """A field that varies from south to north only."""
    rng = np.random.default_rng(11)
    xy = rng.uniform(0.0, 2_000.0, (600, 2))
    return xy, np.sin(xy[:, 1] / 300.0) + 0.1 * rng.standard_normal(600)


def test_medians_resist_what_spoils_means() -> None:
    """On clean normal values both agree; a few wild ones move only the mean."""
    rng = np.random.default_rng(3)
    xy, clean = rng.uniform(0.0, 1_000.0, (700, 2)), rng.standard_normal(700)
    robust = dowd_variogram(xy, clean, 500.0, 5)
    assert robust.semivariance == pytest.approx(np.ones(5), rel=0.12)
    np.testing.assert_array_equal(robust.pairs, empirical_variogram(xy, clean, 500.0, 5).pairs)
    wild = clean.copy()
    wild[:20] += 50.0
    assert dowd_variogram(xy, wild, 500.0, 5).semivariance == pytest.approx(robust.semivariance, rel=0.2)
    assert (empirical_variogram(xy, wild, 500.0, 5).semivariance > 20.0 * robust.semivariance).all()


def test_weights_even_out_a_cluster_in_a_hot_spot() -> None:
    rng = np.random.default_rng(8)
    spread, cluster = rng.uniform(0.0, 1_000.0, (100, 2)), rng.uniform(0.0, 50.0, (100, 2))
    xy = np.vstack([spread, cluster])
    values = np.where(np.hypot(*xy.T) < 100.0, 10.0, 1.0)
    weights, size = declustering_weights(xy, values)
    assert weights.mean() == pytest.approx(1.0)
    assert 50.0 < size <= 1_000.0
    assert np.average(values, weights=weights) < 2.0 < values.mean()
    even = declustering_weights(np.mgrid[:10, :10].reshape(2, -1).T * 100.0, np.arange(100.0))[0]
    assert even.std() < 0.5


@pytest.mark.parametrize(
    ("values", "cutoff", "complaint"),
    [
        ([1.0, 2.0], 10.0, "3 places need as many finite values"),
        ([1.0, 2.0, np.nan], 10.0, "finite values"),
        ([1.0, 2.0, 3.0], 0.0, "cutoff must be above zero metres"),
    ],
)
def test_what_cannot_be_looked_at_is_said(values: list[float], cutoff: float, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        variogram_cloud([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]], values, cutoff)


def test_too_many_pairs_are_refused_before_they_are_made() -> None:
    xy = np.random.default_rng(1).uniform(0.0, 1.0, (7_000, 2))
    with pytest.raises(ValueError, match=r"24496500 pairs lie within 2 m, more than the 20000000"):
        variogram_cloud(xy, xy[:, 0], 2.0)
