"""Cells of degrees are averages of the map cells in them, by their area."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from mapping.degrees import AreaWeights, DegreeGrid
from mapping.grid import Grid

UTM = "EPSG:32633"


def metric_grid(lat: float, cell: float, rows: int, columns: int) -> Grid:
    x, y = Transformer.from_crs("EPSG:4326", UTM, always_xy=True).transform(15.0, lat)
    return Grid.covering((x, y, x + columns * cell - 1, y + rows * cell - 1), cell, UTM)


def target_over(grid: Grid, seconds: float = 30.0) -> DegreeGrid:
    west, south, east, north = Transformer.from_crs(UTM, "EPSG:4326", always_xy=True).transform_bounds(*grid.bounds)
    return DegreeGrid.covering((west, south, east, north), seconds)


@settings(max_examples=12, deadline=None)
@given(
    lat=st.floats(-60, 70),
    cell=st.sampled_from([50.0, 300.0, 2500.0]),
    seed=st.integers(0, 100),
    gaps=st.floats(0, 0.6),
)
def test_weights_sum_to_one_and_lose_no_area(lat: float, cell: float, seed: int, gaps: float) -> None:
    grid = metric_grid(lat, cell, 17, 13)
    mapped = np.random.default_rng(seed).random(grid.shape) >= gaps
    found = AreaWeights.of(grid, mapped, target_over(grid))
    sums = np.asarray(found.weights.sum(axis=1)).ravel()
    assert np.allclose(sums[found.covered > 0], 1.0)
    assert (sums[found.covered == 0] == 0).all()
    assert ((found.covered >= 0) & (found.covered <= 1 + 1e-12)).all()
    assert (found.weights[:, np.flatnonzero(~mapped.ravel())].sum() if (~mapped).any() else 0) == 0
    west, _, _, north = found.target.bounds
    geod, side = Geod(ellps="WGS84"), found.target.cell
    areas = []
    for row in range(found.target.rows):
        top = north - row * side
        ring = [west, west + side, west + side, west], [top, top, top - side, top - side]
        areas += [abs(geod.polygon_area_perimeter(*ring)[0])] * found.target.columns
    assert found.covered @ np.array(areas) == pytest.approx(mapped.sum() * grid.cell_area, rel=0.06)


def test_a_constant_stays_and_a_plane_is_its_value_in_the_middle() -> None:
    grid = metric_grid(48.0, 40.0, 90, 70)
    found = AreaWeights.of(grid, np.ones(grid.shape, np.bool_), target_over(grid))
    assert np.allclose(found.average(np.full(grid.rows * grid.columns, 7.0))[found.covered > 0], 7.0)
    whole = np.flatnonzero(found.covered > 0.999)
    assert len(whole)
    plane = grid.centres() @ np.array([1.0, 2.0])
    rows, columns = np.divmod(whole, found.target.columns)
    west, _, _, north = found.target.bounds
    lon, lat = west + (columns + 0.5) * found.target.cell, north - (rows + 0.5) * found.target.cell
    middle = np.column_stack(Transformer.from_crs("EPSG:4326", UTM, always_xy=True).transform(lon, lat))
    assert np.allclose(found.average(plane)[whole], middle @ np.array([1.0, 2.0]), atol=20.0)


def test_the_grid_is_that_of_the_world() -> None:
    target = DegreeGrid.covering((5.713, 50.955, 5.764, 50.993), 30.0)
    assert target.cell == pytest.approx(1 / 120)
    for edge in target.bounds:
        assert edge * 120 == pytest.approx(round(edge * 120), abs=1e-6)
    assert target.bounds[0] <= 5.713
    assert target.bounds[2] >= 5.764


@pytest.mark.parametrize("seconds", [0.0, -30.0, float("nan"), float("inf"), 1e6])
def test_a_grid_that_cannot_be_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match=r"cell|grid"):
        DegreeGrid.covering((0.0, 0.0, 1.0, 1.0), seconds)
