"""Fields that are known everywhere, and the trend that is made of them."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import Transformer

from mapping.areas import AreaField
from mapping.drift import FEWEST, TRANSFORMS, Drift, Term
from mapping.fields import RasterField
from mapping.grid import Grid, mask_inside
from mapping.kriging import Kriging
from mapping.samples import Samples
from mapping.surface import predict_grid
from mapping.transform import Identity

CRS = "EPSG:28992"
CORNER = Affine(25.0, 0.0, 180_000.0, 0.0, -25.0, 332_000.0)
PLANE = (3.0, 0.02, -0.01)
ROWS, COLUMNS = 60, 80


def plane(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    return PLANE[0] + PLANE[1] * (xy[:, 0] - 180_000) + PLANE[2] * (xy[:, 1] - 331_000)


def centres(transform: Affine = CORNER) -> NDArray[np.float64]:
    column, row = np.meshgrid(np.arange(COLUMNS) + 0.5, np.arange(ROWS) + 0.5)
    x = transform.a * column + transform.b * row + transform.c
    y = transform.d * column + transform.e * row + transform.f
    return np.column_stack([x.ravel(), y.ravel()])


def write(path: Path, values: NDArray[np.float64], transform: Affine = CORNER, crs: str = CRS) -> Path:
    shape = {"width": COLUMNS, "height": ROWS, "count": 1}
    with rasterio.open(
        path, "w", driver="GTiff", dtype="float64", crs=crs, transform=transform, nodata=-1, **shape
    ) as out:
        out.write(values.reshape(ROWS, COLUMNS), 1)
    return path


@pytest.fixture(scope="module")
def inclined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plane, cell by cell, with a hole of 10 by 10 cells in the middle."""
    values = plane(centres()) + 100.0
    values.reshape(ROWS, COLUMNS)[25:35, 35:45] = -1
    return write(tmp_path_factory.mktemp("fields") / "plane.tif", values)


@given(st.lists(st.tuples(st.floats(180_050, 180_800), st.floats(330_550, 331_950)), min_size=1, max_size=20))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_plane_is_interpolated_exactly_and_each_place_alone(
    inclined: Path, places: list[tuple[float, float]]
) -> None:
    field, xy = RasterField(inclined, CRS), np.array(places)
    found = field.at(xy)
    np.testing.assert_allclose(found, plane(xy) + 100.0, rtol=1e-12)
    assert [field.at(xy[i : i + 1])[0] for i in range(len(xy))] == found.tolist()


def test_nothing_is_known_in_holes_and_beyond_the_edge(inclined: Path) -> None:
    field = RasterField(inclined, CRS)
    hole, edge, beyond, far = (181_000, 331_250), (180_000, 332_000), (179_999, 331_000), (1e6, 1e7)
    found = field.at([hole, edge, beyond, far, (181_999.9, 330_500.1)])
    assert np.isnan(found).tolist() == [True, False, True, True, False]
    rim = field.at([(180_874.9, 331_200.0)])[0]
    assert rim == pytest.approx(plane(np.array([(180_862.5, 331_200.0)]))[0] + 100.0, abs=0.6)


def test_another_system_and_a_turned_raster_are_no_obstacle(inclined: Path, tmp_path: Path) -> None:
    degrees = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    xy = np.array([(180_300.0, 331_000.0), (180_500.0, 330_900.0)])
    lonlat = np.column_stack(degrees.transform(*xy.T))
    np.testing.assert_allclose(
        RasterField(inclined, "EPSG:4326").at(lonlat), RasterField(inclined, CRS).at(xy), rtol=1e-6
    )
    turned = CORNER @ Affine.rotation(30.0)
    path = write(tmp_path / "turned.tif", plane(centres(turned)) + 1000.0, turned)
    inside = centres(turned).reshape(ROWS, COLUMNS, 2)[10:50, 10:70].reshape(-1, 2)[::7] + np.array([3.0, -4.0])
    np.testing.assert_allclose(RasterField(path, CRS).at(inside), plane(inside) + 1000.0, rtol=1e-12)


def test_classes_are_those_of_the_cell(tmp_path: Path) -> None:
    path = write(tmp_path / "classes.tif", np.repeat([7.0, -1.0, 12.0], ROWS * COLUMNS // 3))
    found = RasterField(path, CRS, classes=True).at([(180_010, 331_990), (180_010, 331_250), (180_010, 330_510)])
    assert found.tolist() == ["7", "", "12"]


@pytest.fixture
def halves() -> AreaField:
    """West and east of a line, the east twice."""
    west, east = shapely.box(0, 0, 500, 1000), shapely.box(500, 0, 1000, 1000)
    shapes = np.array([west, east, shapely.box(400, 0, 1000, 1000)], dtype=object)
    return AreaField(shapes, np.array(["west", "east", "both"]))


def test_the_first_of_overlapping_areas_counts(halves: AreaField) -> None:
    assert halves.at([(10, 10), (450, 10), (500, 10), (999, 10), (1001, 10)]).tolist() == [
        "west",
        "west",
        "west",
        "east",
        "",
    ]
    with pytest.raises(ValueError, match="as many codes"):
        AreaField(halves.polygons, halves.codes[:2])


@pytest.mark.parametrize("name", sorted(TRANSFORMS))
def test_a_transform_knows_where_it_is_defined(inclined: Path, name: str) -> None:
    xy = np.array([(180_300.0, 331_000.0), (181_000.0, 331_250.0)])
    columns = Term("plane", RasterField(inclined, CRS), name).at(xy)
    assert columns.shape == (2, 1)
    assert np.isfinite(columns[:, 0]).tolist() == [True, False]


def test_what_cannot_be_a_drift_is_said(halves: AreaField, inclined: Path) -> None:
    with pytest.raises(ValueError, match="no transform of a drift is called 'cube'"):
        Term("plane", RasterField(inclined, CRS), "cube")
    with pytest.raises(ValueError, match="halves holds classes, which have no sqrt"):
        Term("halves", halves, "sqrt")
    with pytest.raises(ValueError, match="only 1 of its classes"):
        Term("halves", halves).learnt([(10, 10)] * 5)


def test_rare_classes_are_left_out_and_named(halves: AreaField) -> None:
    xy = [(900, 10 + i) for i in range(FEWEST + 2)] + [(100, 10 + i) for i in range(FEWEST)] + [(2000, 0)]
    rare = np.append(halves.polygons, shapely.box(1500, 0, 2500, 10)), np.append(halves.codes, "far")
    term, notes = Term("halves", AreaField(*rare)).learnt(xy)
    assert term.classes == ("east", "west")
    assert notes == ("halves: too few samples lie in class far (under 3), which is not mapped",)
    np.testing.assert_array_equal(
        term.at([(900, 1), (100, 1), (2000, 1), (5000, 0)]), [[0.0], [1.0], [np.nan], [np.nan]]
    )


def test_cells_have_the_drift_of_their_centres(inclined: Path) -> None:
    drift = Drift((Term("plane", RasterField(inclined, CRS)),))
    grid = Grid.covering((180_500, 331_000, 181_500, 331_500), 30.0, CRS)
    inside = mask_inside(grid, shapely.box(180_500, 331_000, 181_200, 331_500))
    found = drift.on(grid, inside)
    assert found.shape == (*grid.shape, 1)
    expected = drift.at(grid.centres()).reshape(grid.shape)
    np.testing.assert_array_equal(found[..., 0], np.where(inside, expected, np.nan))
    with pytest.raises(ValueError, match="too many"):
        Drift(drift.terms * 100_000).on(Grid(0, 0, 1, 100, 100, CRS), np.ones((100, 100), dtype=bool))


def test_a_step_between_classes_is_found(halves: AreaField) -> None:
    """Values that differ by 5 between west and east, and by nothing else but noise: so do the predictions."""
    draw = np.random.default_rng(5)
    xy = draw.uniform(0, 1000, (120, 2))
    value = 10.0 + 5.0 * (xy[:, 0] > 500) + draw.normal(0, 0.1, 120)
    term, _ = Term("halves", halves).learnt(xy)
    drift = Drift((term,))
    fitted = Kriging(kind="universal", transform=Identity()).fit(Samples.measured(xy, value, covariates=drift.at(xy)))
    grid = Grid(0, 1000, 100, 10, 10, CRS)
    mean = predict_grid(fitted, grid, covariates=drift.on(grid, np.ones(grid.shape, dtype=bool))).mean
    np.testing.assert_allclose(mean[:, 5:] - mean[:, 4::-1], 5.0, atol=0.3)
