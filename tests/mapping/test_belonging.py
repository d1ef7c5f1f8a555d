"""Hot spots from joint simulations: probabilities by counting, areas with intervals."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, label

from mapping.belonging import HotSpotRule
from mapping.grid import Grid
from mapping.simulation import Simulation

GRID = Grid(1000.0, 5000.0, 10.0, 24, 30, "EPSG:32631")


def simulated(count: int = 40, seed: int = 0) -> tuple[Simulation, NDArray[np.bool_], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    row, column = np.indices(GRID.shape)
    hill = 3 * np.exp(-((row - 12) ** 2 + (column - 10) ** 2) / 30)
    fields = np.array([hill + gaussian_filter(rng.standard_normal(GRID.shape), 1.5) * 3 for _ in range(count)])
    inside = column < 27
    return Simulation(fields[:, inside].astype(np.float32), 7), inside, fields


@pytest.mark.parametrize("smallest", [0.0, 700.0])
def test_probability_is_the_share_of_simulations_with_a_hot_spot_there(smallest: float) -> None:
    simulation, inside, fields = simulated()
    found = HotSpotRule(1.5, smallest).belonging(simulation, GRID, inside)
    expected = np.zeros(GRID.shape)
    for field in fields:
        numbered, _ = label((field.astype(np.float32) > 1.5) & inside)
        large = np.bincount(numbered.ravel()) * 100.0 >= smallest
        large[0] = False
        expected += large[numbered]
    np.testing.assert_allclose(found.probability[inside], expected[inside] / 40)
    assert np.isnan(found.probability[~inside]).all()


def test_areas_have_an_interval_and_lie_where_the_hill_is() -> None:
    simulation, inside, _ = simulated(200)
    found = HotSpotRule(1.5, 500.0).belonging(simulation, GRID, inside)
    best = found.spots[0]
    assert best.polygon.is_valid
    assert best.polygon.area == pytest.approx(best.area)
    assert best.low <= best.expected <= best.high
    assert best.existence > 0.95
    assert best.mean_probability >= 0.5
    assert best.polygon.centroid.distance(best.polygon.from_bounds(1095, 4870, 1105, 4880)) < 40
    merged = HotSpotRule(-1e9).belonging(simulation, GRID, inside)
    assert [(spot.low, spot.high, spot.existence) for spot in merged.spots] == [(inside.sum() * 100.0,) * 2 + (1.0,)]
    nothing = HotSpotRule(1e9).belonging(simulation, GRID, inside)
    assert nothing.spots == ()
    assert (nothing.probability[inside] == 0).all()
    for word in ("200 joint simulations", "seed 7", "500 m²", "90 % interval"):
        assert word in found.definition


def test_mistakes_are_named() -> None:
    simulation, inside, _ = simulated(2)
    with pytest.raises(ValueError, match="do not fill"):
        HotSpotRule(1.0).belonging(simulation, GRID, ~inside)
    with pytest.raises(ValueError, match="smallest area"):
        HotSpotRule(1.0, smallest=-1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        HotSpotRule(1.0, sure=0)
