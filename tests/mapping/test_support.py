import numpy as np
import pytest

from mapping.covariance import Exponential, Nugget
from mapping.kriging import Kriging
from mapping.samples import Samples
from mapping.simulation import Simulation
from mapping.support import Block
from mapping.transform import Identity

RNG = np.random.default_rng(5)
XY = RNG.uniform(0.0, 500.0, (60, 2))
COVARIATE = RNG.standard_normal((60, 1))
VALUE = 5.0 + RNG.standard_normal(60)
MODEL = Nugget(0.3) + Exponential(0.7, 150.0)
PLACES = RNG.uniform(50.0, 450.0, (10, 2))


@pytest.mark.parametrize("neighbours", [None, 20])
@pytest.mark.parametrize("kind", ["simple", "ordinary", "universal"])
def test_a_tiny_block_is_a_point_without_nugget(kind: str, neighbours: int | None) -> None:
    fitted = Kriging(transform=Identity(), kind=kind, covariance=MODEL, neighbours=neighbours).fit(
        Samples.measured(XY, VALUE)
    )
    point, block = fitted.predict(PLACES), fitted.predict(PLACES, block=Block(1e-6, 1e-6))
    np.testing.assert_allclose(block.mean, point.mean, rtol=1e-6)
    np.testing.assert_allclose(block.variance, point.variance - 0.3, rtol=1e-6)


@pytest.mark.parametrize("kind", ["simple", "ordinary", "universal"])
def test_the_larger_the_block_the_surer_its_mean(kind: str) -> None:
    fitted = Kriging(transform=Identity(), kind=kind, covariance=MODEL).fit(Samples.measured(XY, VALUE))
    variances = [fitted.predict(PLACES, block=Block(side, side)).variance for side in (1.0, 20.0, 60.0, 150.0)]
    assert (np.diff(variances, axis=0) < 0.0).all()


@pytest.mark.parametrize("neighbours", [None, 25])
def test_a_block_is_the_mean_of_its_points(neighbours: int | None) -> None:
    """Means are linear: with the same neighbours, the block is the mean of fine points; so is its expected trend."""
    fitted = Kriging(transform=Identity(), kind="universal", degree=2, covariance=MODEL).fit(
        Samples.measured(XY, VALUE, covariates=COVARIATE)
    )
    grid = (np.arange(40) + 0.5) / 40 * 100.0 - 50.0
    fine = PLACES[0] + np.column_stack([np.repeat(grid, 40), np.tile(grid, 40)])
    points = fitted.predict(fine, np.full((1600, 1), 0.4)).mean.mean()
    block = fitted.predict(PLACES[:1], [[0.4]], Block(100.0, 100.0)).mean[0]
    assert block == pytest.approx(points, rel=2e-3)


def test_without_a_transform_block_means_are_those_of_simulated_points() -> None:
    fitted = Kriging(transform=Identity(), covariance=Exponential(0.7, 150.0)).fit(Samples.measured(XY, VALUE))
    grid = (np.arange(10) + 0.5) / 10 * 80.0 - 40.0
    fine = PLACES[0] + np.column_stack([np.repeat(grid, 10), np.tile(grid, 10)])
    drawn = fitted.simulate(fine, 4000, seed=3).averaged(np.zeros(100)).values[:, 0]
    wanted = fitted.predict(PLACES[:1], block=Block(80.0, 80.0))
    assert drawn.mean() == pytest.approx(wanted.mean[0], abs=5.0 * wanted.model_sd[0] / 4000**0.5 + 2e-3)
    assert drawn.var() == pytest.approx(wanted.variance[0], rel=0.12)


def test_a_block_of_logarithms_is_not_turned_back() -> None:
    found = Kriging(covariance=MODEL).fit(Samples.measured(XY, VALUE)).predict(PLACES, block=Block(40.0, 40.0))
    for ask in (found.expected, found.median, found.sd, lambda: found.quantile(0.5), lambda: found.exceedance(1.0)):
        with pytest.raises(ValueError, match="simulate points and average them"):
            ask()


def test_means_over_groups() -> None:
    maps = Simulation(np.array([[1.0, 3.0, 9.0, 5.0], [2.0, 2.0, 9.0, 7.0]], dtype=np.float32), seed=0)
    assert maps.averaged([0, 0, -1, 1]).values.tolist() == [[2.0, 5.0], [2.0, 7.0]]
    with pytest.raises(ValueError, match="group 1 has no place"):
        maps.averaged([0, 0, 2, 2])
    with pytest.raises(ValueError, match="needs the number of its group"):
        maps.averaged([0])


def test_a_block_needs_sides() -> None:
    with pytest.raises(ValueError, match="sides above zero"):
        Block(40.0, 0.0)
