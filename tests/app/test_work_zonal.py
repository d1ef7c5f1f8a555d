"""Zonal statistics on the Meuse: means and areas of a polygon, from joint simulation."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from sqlalchemy import Connection

from app.limits import Limit
from app.settings import Settings
from app.work.maps import MapRequest, make_map
from app.work.published import PublishedMap
from app.work.zonal import ZonalRequest, Zone, zonal
from db.engine import Database
from db.selection import Selection
from ingest.load import load_samples
from ingest.profile import read_profile
from mapping.grid import mask_inside
from mapping.surface import Surface
from tiles.quantity import Quantity
from tiles.raster import Raster
from tiles.tile import Tile

LIMITS = tuple(Limit(value, f"{value:g} mg/kg") for value in (200.0, 500.0, 1_000.0))
CORNERS = shapely.box(179_200, 330_800, 180_400, 332_000)
"""In the metres of the map."""


@pytest.fixture(scope="module")
def connection(session_database: Database, meuse: Path) -> Iterator[Connection]:
    engine = session_database.engine()
    with engine.connect() as connection, connection.begin() as transaction:
        load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
        yield connection
        transaction.rollback()
    engine.dispose()


@pytest.fixture(scope="module")
def zinc(connection: Connection, meuse: Path, tmp_path_factory: pytest.TempPathFactory) -> PublishedMap:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    return make_map(settings, connection, MapRequest(Selection("zinc"), 80.0, meuse / "study_area.geojson"))


def in_degrees(shape: shapely.Geometry) -> shapely.Geometry:
    move = Transformer.from_crs(28992, 4326, always_xy=True)
    return shapely.transform(shapely.segmentize(shape, 50), lambda xy: np.column_stack(move.transform(*xy.T)))


@pytest.fixture(scope="module")
def zone(connection: Connection, zinc: PublishedMap) -> Zone:
    return zonal(connection, zinc, ZonalRequest(in_degrees(CORNERS), LIMITS))


def test_the_mean_is_that_of_the_map_and_its_interval_that_of_no_cell(zone: Zone, zinc: PublishedMap) -> None:
    surface = Surface.read(zinc.path)
    inside = mask_inside(surface.grid, CORNERS) & np.isfinite(surface.prediction.mean)
    expected, sd = surface.prediction.expected()[inside], surface.prediction.sd()[inside]
    assert zone.cells == inside.sum()
    assert zone.mean == pytest.approx(expected.mean(), rel=0.04)
    assert zone.low < zone.mean < zone.high
    assert sd.mean() / np.sqrt(zone.cells) < zone.sd < sd.mean() / 2


def test_areas_above_limits_agree_with_the_probabilities_and_fall(zone: Zone, zinc: PublishedMap) -> None:
    surface = Surface.read(zinc.path)
    inside = mask_inside(surface.grid, CORNERS) & np.isfinite(surface.prediction.mean)
    found = [area for _, area in zone.limits]
    for (limit, area), cells in zip(zone.limits, [inside] * 3, strict=True):
        expected = surface.prediction.exceedance(limit.mg_per_kg)[cells].sum() * surface.grid.cell_area
        assert area.expected == pytest.approx(expected, abs=0.03 * zone.area_m2)
        assert area.low <= area.expected <= area.high <= zone.area_m2
    assert found[0].expected > found[1].expected > found[2].expected


def test_the_same_seed_gives_the_same_zone(connection: Connection, zinc: PublishedMap, zone: Zone) -> None:
    assert zonal(connection, zinc, ZonalRequest(in_degrees(CORNERS), LIMITS)).to_dict() == zone.to_dict()


def test_what_lies_outside_of_the_map_is_told(connection: Connection, zinc: PublishedMap) -> None:
    assert (
        zonal(connection, zinc, ZonalRequest(in_degrees(shapely.box(178_000, 329_000, 181_000, 332_000)))).outside > 0.3
    )
    with pytest.raises(ValueError, match="no cell of the map"):
        zonal(connection, zinc, ZonalRequest(shapely.box(20, 50, 21, 51)))


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (shapely.Point(5, 50), "must be a Polygon"),
        (shapely.Polygon([(0, 0), (1, 1), (0, 1), (1, 0)]), "no valid shape"),
        (shapely.Point(5, 50).buffer(1, 4_000), "more than 5000 vertices"),
        (shapely.box(170, 0, 190, 1), "180 degrees"),
    ],
)
def test_what_is_no_polygon_is_refused(shape: shapely.Geometry, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ZonalRequest(shape)


def test_maps_on_a_scale_that_was_fitted_are_drawn(connection: Connection, meuse: Path, tmp_path: Path) -> None:
    """The scale of the file counts, because its knots are not in the request."""
    request = MapRequest(Selection("zinc"), 160.0, meuse / "study_area.geojson", transform="normal-score")
    made = make_map(Settings(home=tmp_path), connection, request)
    raster = Raster.open(made.path, made.parameters["transform"])
    lon, lat = (np.array([degree]) for degree in (5.745, 50.975))
    surface = Surface.read(made.path)
    row, column = (int(axis[0]) for axis in raster.cells_at(lon, lat))
    median = raster.values_at(lon, lat, Quantity("median"))[0]
    assert median == pytest.approx(surface.prediction.median()[row, column], rel=1e-6)
    assert raster.draw(Tile(12, 2113, 1371), Quantity("exceedance", limit=300.0))
