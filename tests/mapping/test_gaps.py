"""Gaps of a map: laws of distance and density."""

import numpy as np
import pytest

from mapping.arrays import Points
from mapping.gaps import effective_density, find_gaps, gap_areas
from mapping.grid import Grid


def scattered(n: int = 60) -> Points:
    """Samples in the western half of a square kilometre."""
    return np.random.default_rng(1).uniform(0.0, 1_000.0, (n, 2)) * [0.5, 1.0]


def test_far_places_are_gaps_and_near_ones_are_not() -> None:
    grid = Grid.covering((0.0, 0.0, 1_000.0, 1_000.0), 25.0, "EPSG:32632")
    found = find_gaps(scattered(), grid.centres())
    east, west = grid.centres()[:, 0] > 850.0, grid.centres()[:, 0] < 400.0
    assert found.gap[east].all()
    assert found.gap[west].mean() < 0.2
    assert found.density[west].mean() > 10.0 * found.density[east].mean()
    assert (found.distance[found.count == 0] > found.radius).all()
    areas = gap_areas(grid, np.ones(grid.shape, dtype=np.bool_), found.gap)
    assert sum(area.area for area in areas) == pytest.approx(found.gap.sum() * grid.cell_area)


def test_a_crowd_is_little_more_than_one_sample() -> None:
    alone, place = np.array([[0.0, 0.0]]), np.array([[50.0, 0.0]])
    crowd = np.random.default_rng(0).normal(0.0, 1.0, (10, 2))
    one, ten = (float(effective_density(xy, place, 200.0)[0]) for xy in (alone, crowd))
    assert 0.98 * one <= ten < 1.2 * one


def test_an_even_grid_has_its_density() -> None:
    across = np.arange(0.0, 4_000.0, 100.0)
    samples = np.stack(np.meshgrid(across, across), axis=-1).reshape(-1, 2)
    density = effective_density(samples, np.array([[2_000.0, 2_000.0]]), 100.0)
    assert density[0] == pytest.approx(100.0, rel=0.02)


@pytest.mark.parametrize(("radius", "fewest"), [(0.0, 3), (np.nan, 3), (10.0, 0)])
def test_nonsense_is_refused(radius: float, fewest: int) -> None:
    with pytest.raises(ValueError, match=r"radius|enough"):
        find_gaps(scattered(), [[0.0, 0.0]], radius=radius, fewest=fewest)
