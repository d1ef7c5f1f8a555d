"""Means over blocks and zones: what they have to agree with, whatever the field."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mapping.covariance import Exponential, Nugget, Spherical
from mapping.grid import Grid
from mapping.kriging import Kriging
from mapping.means import points_of_blocks, simulated_means
from mapping.samples import Samples
from mapping.support import Block
from mapping.transform import BoxCox, Identity, Log, Transform

Points = NDArray[np.float64]
RNG = np.random.default_rng(3)
XY = RNG.uniform(0.0, 1_000.0, (60, 2))
COVARIANCE = Nugget(0.15) + Exponential(0.5, 150.0)
SCORES = 3.0 + np.linalg.cholesky(COVARIANCE.between(XY, XY)) @ RNG.standard_normal(60)
BLOCKS = Grid.covering((0.0, 0.0, 800.0, 800.0), 200.0, "EPSG:28992")
FINE = points_of_blocks(BLOCKS)


def blocks_of(points: Points) -> NDArray[np.int64]:
    column, row = (points[:, 0] // 200.0).astype(int), ((800.0 - points[:, 1]) // 200.0).astype(int)
    block: NDArray[np.int64] = 4 * row + column
    return block


def test_points_lie_sixteen_to_a_block_and_within_it() -> None:
    points = FINE.centres()
    assert (np.bincount(blocks_of(points)) == 16).all()
    assert FINE.bounds == BLOCKS.bounds


def test_means_of_a_gaussian_field_are_those_of_block_kriging() -> None:
    """Without a transform the mean of a block is known exactly: gstat's block kriging."""
    fitted = Kriging(Identity(), covariance=COVARIANCE).fit(Samples.measured(XY, SCORES))
    points = FINE.centres()
    drawn = simulated_means(fitted, points, blocks_of(points), 4_000, seed=1).values.astype(np.float64)
    exact = fitted.predict(BLOCKS.centres(), block=Block(200.0, 200.0))
    assert np.abs(drawn.mean(axis=0) - exact.mean).max() < 4.5 * np.sqrt(exact.variance.max() / 4_000)
    # four by four points in a square lattice, or at Gauss's nodes, see a little more or less of a rough field
    np.testing.assert_allclose(drawn.var(axis=0), exact.variance, rtol=0.15)


@pytest.mark.parametrize("transform", [Log(), BoxCox(0.5)])
def test_means_agree_with_expected_values_at_points(transform: Transform) -> None:
    """The expected mean of a block is the mean of what simulated points of it have, noise included."""
    fitted = Kriging(transform, covariance=COVARIANCE).fit(Samples.measured(XY, transform.backward(SCORES)))
    points = FINE.centres()
    blocks = simulated_means(fitted, points, blocks_of(points), 3_000, seed=2).values
    noisy = fitted.simulate(points, 3_000, seed=5).averaged(blocks_of(points)).values
    spread = noisy.std(axis=0) / np.sqrt(3_000)
    assert (np.abs(blocks.mean(axis=0) - noisy.mean(axis=0)) < 6.0 * spread).all()
    assert (blocks.var(axis=0) < 1.05 * noisy.var(axis=0)).all()


def test_a_field_of_nothing_but_nugget_has_means_that_hardly_differ() -> None:
    fitted = Kriging(Log(), kind="simple", mean=3.0, covariance=Nugget(0.4)).fit(Samples.measured(XY, np.exp(SCORES)))
    points = FINE.centres()
    means = simulated_means(fitted, points, blocks_of(points), 50).values
    np.testing.assert_allclose(means, np.exp(3.0 + 0.2), rtol=1e-3)


def test_likely_covariances_and_completed_sets_take_turns() -> None:
    low = np.where(SCORES < 2.6, 0.0, np.exp(SCORES))
    bounded = Samples(XY, low, np.where(SCORES < 2.6, np.exp(2.6), np.exp(SCORES)))
    fitted = Kriging(structures=("exponential",)).fit(bounded)
    assert len(fitted.members()) > 1
    points = FINE.centres()
    drawn = simulated_means(fitted, points, blocks_of(points), 23, seed=1)
    assert drawn.values.shape == (23, 16)
    again = simulated_means(fitted, points, blocks_of(points), 23, seed=1)
    assert (drawn.values == again.values).all()


def test_the_field_without_its_nugget_filters_what_is_noise() -> None:
    """At a sample it lies between the datum and its surroundings, and is surer than the next measurement."""
    fitted = Kriging(Identity(), covariance=COVARIANCE).fit(Samples.measured(XY, SCORES))
    smooth, noisy = fitted.without_nugget().predict(XY), fitted.predict(XY)
    np.testing.assert_allclose(noisy.mean, SCORES, atol=1e-8)
    assert np.abs(smooth.mean - SCORES).mean() > 0.05
    elsewhere = XY + 7.0
    at_places, with_noise = fitted.without_nugget().predict(elsewhere), fitted.predict(elsewhere)
    np.testing.assert_allclose(at_places.mean, with_noise.mean, rtol=1e-6)
    np.testing.assert_allclose(at_places.variance + 0.15, with_noise.variance, rtol=1e-6)


def test_too_many_points_are_refused() -> None:
    fitted = Kriging(Identity(), covariance=Nugget(0.1) + Spherical(1.0, 50.0)).fit(Samples.measured(XY, SCORES))
    with pytest.raises(ValueError, match="larger blocks or cells"):
        simulated_means(fitted, np.zeros((200_001, 2)), np.zeros(200_001))
