import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from mapping.grid import HULL_RATIO, REACH, Grid, default_area, mask_inside, sample_spacing
from mapping.samples import Samples

RD = "EPSG:28992"
length = st.floats(-1e6, 1e6)


@given(west=length, south=length, width=st.floats(0.0, 5e3), height=st.floats(0.0, 5e3), cell=st.floats(20.0, 500.0))
def test_a_covering_grid_covers_and_is_no_larger_than_needed(
    west: float, south: float, width: float, height: float, cell: float
) -> None:
    grid = Grid.covering((west, south, west + width, south + height), cell, RD)
    left, bottom, right, top = grid.bounds
    slack = 1e-6 * cell
    assert left <= west + slack
    assert bottom <= south + slack
    assert right >= west + width - slack
    assert top >= south + height - slack
    assert west - left <= cell + slack
    assert top - (south + height) <= cell + slack


def test_meuse_at_40_metres_has_the_cells_of_its_grid(meuse_grid: np.ndarray) -> None:
    west, south = meuse_grid.min(axis=0)
    east, north = meuse_grid.max(axis=0)
    grid = Grid.covering((west, south, east, north), 40.0, RD)
    ours = {tuple(place) for place in grid.centres()}
    assert all(tuple(place) in ours for place in meuse_grid)


def test_row_zero_is_north_and_the_affine_agrees() -> None:
    grid = Grid(100.0, 900.0, 10.0, 3, 4, RD)
    centres = grid.centres().reshape(3, 4, 2)
    assert centres[0, 0].tolist() == [105.0, 895.0]
    assert centres[2, 3].tolist() == list(grid.transform @ (3.5, 2.5))
    assert (grid.centres(1, 2) == centres[1]).all()
    assert grid.cell_area == 100.0
    assert grid.shape == (3, 4)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"cell": 0.0}, "cell above zero"),
        ({"west": np.nan}, "finite corner"),
        ({"rows": 0}, "at least one row"),
        ({"rows": 100_000, "columns": 100_000}, "choose a cell above 10 m"),
    ],
)
def test_impossible_grids_are_refused(wrong: dict[str, float], sentence: str) -> None:
    right = {"west": 0.0, "north": 0.0, "cell": 10.0, "rows": 3, "columns": 4, "crs": RD}
    with pytest.raises(ValueError, match=sentence):
        Grid(**(right | wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize("bounds", [(0.0, 0.0, -1.0, 1.0), (0.0, np.nan, 1.0, 1.0)])
def test_impossible_bounds_are_refused(bounds: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="west, south, east, north"):
        Grid.covering(bounds, 10.0, RD)
    with pytest.raises(ValueError, match="a cell must be above zero"):
        Grid.covering((0.0, 0.0, 1.0, 1.0), -1.0, RD)


def test_the_mask_goes_by_cell_centres() -> None:
    grid = Grid(0.0, 100.0, 10.0, 10, 10, RD)
    polygon = shapely.Point(50.0, 50.0).buffer(33.0)
    inside = mask_inside(grid, polygon)
    one_by_one = [polygon.contains(shapely.Point(x, y)) for x, y in grid.centres()]
    assert inside.ravel().tolist() == one_by_one


def test_the_default_area_holds_all_samples_and_little_more(meuse: Samples, meuse_grid: np.ndarray) -> None:
    area = default_area(meuse.xy)
    assert shapely.contains_xy(area, *meuse.xy.T).all()
    assert area.area < shapely.MultiPoint(meuse.xy).convex_hull.area
    assert area.hausdorff_distance(shapely.MultiPoint(meuse.xy)) < 10 * sample_spacing(meuse.xy)
    assert area.area == pytest.approx(len(meuse_grid) * 40.0**2, rel=0.05)


def test_samples_on_a_line_have_an_area_and_one_place_has_none() -> None:
    line = np.column_stack([np.linspace(0.0, 1000.0, 11), np.zeros(11)])
    assert default_area(line).area > 0.0
    assert sample_spacing(line) == pytest.approx(100.0)
    assert default_area(line[:2]).contains(shapely.LineString(line[:2]))
    assert default_area(np.vstack([line[:3], line[:3]])).area > 0.0
    with pytest.raises(ValueError, match="give the area"):
        default_area(np.zeros((4, 2)))


def test_no_place_of_the_default_area_is_far_from_all_samples() -> None:
    """Two coasts and a sea between them: the sea is left out, and nothing else is."""
    draw = np.random.default_rng(4)
    xy = np.vstack([draw.uniform((0, 0), (40, 100), (400, 2)), draw.uniform((160, 0), (200, 100), (400, 2))]) * 1000.0
    area, spacing = default_area(xy), sample_spacing(xy)
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(500, 200_000, 1000.0), np.arange(500, 100_000, 1000.0)))
    inside = shapely.contains_xy(area, x, y)
    away = shapely.distance(shapely.points(x, y), shapely.multipoints(xy))
    assert away[inside].max() <= REACH * spacing
    hull = shapely.concave_hull(shapely.multipoints(xy), ratio=HULL_RATIO)
    # discs are polygons of 32 corners, half a per cent smaller than circles
    assert inside[shapely.contains_xy(hull, x, y) & (away < 0.99 * REACH * spacing)].all()
    assert (~inside & (x > 60_000) & (x < 140_000)).sum() > 1000


def test_where_samples_lie_everywhere_nothing_is_cut_out(meuse: Samples) -> None:
    hull = shapely.concave_hull(shapely.multipoints(np.unique(meuse.xy, axis=0)), ratio=HULL_RATIO)
    assert default_area(meuse.xy).equals(shapely.buffer(hull, sample_spacing(meuse.xy) / 2.0))
