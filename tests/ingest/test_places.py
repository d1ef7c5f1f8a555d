"""Web mercator as the loader computes it is PostGIS's own, and a box finds what lies in it, at the poles as well."""

import numpy as np
import pytest
from sqlalchemy import Connection, text

from db.questions import layer
from db.questions.samples import samples
from db.selection import Bounds, Selection
from ingest.copying import places
from ingest.vocabulary import load_contaminants
from tests.app.seed import scatter


@pytest.mark.parametrize("reach", [85.0, 89.9])
def test_the_loaders_mercator_is_postgis_own(connection: Connection, reach: float) -> None:
    draw = np.random.default_rng(3)
    longitude, latitude = draw.uniform(-180, 180, 500), draw.uniform(-reach, reach, 500)
    made = places(longitude, latitude)
    query = text(
        "SELECT max(ST_Distance(ST_Transform(a, 3857), b)) FROM unnest(CAST(:a AS bytea[]), CAST(:b AS bytea[])) "
        "AS given(x, y), LATERAL (SELECT ST_GeomFromEWKB(x) AS a, ST_GeomFromEWKB(y) AS b) AS read"
    )
    given = {"a": made["geom"].to_pylist(), "b": made["geom_3857"].to_pylist()}
    assert connection.execute(query, given).scalar_one() < 1e-6


def test_a_place_that_is_inserted_or_moved_gets_its_mercator(connection: Connection) -> None:
    load_contaminants(connection)
    scatter(connection, [(10.0, 50.0), (20.0, 90.0)])
    moved = "UPDATE specimen SET geom = ST_SetSRID(ST_MakePoint(11, 51), 4326) WHERE ST_Y(geom) = 50"
    connection.execute(text(moved))
    apart = "SELECT ST_Distance(geom_3857, ST_Transform(geom, 3857)) FROM specimen WHERE ST_Y(geom) < 90"
    assert connection.execute(text(apart)).scalar_one() < 1e-6
    assert connection.execute(text("SELECT count(*) FROM specimen WHERE geom_3857 IS NULL")).scalar_one() == 0


def test_boxes_find_what_lies_in_them(connection: Connection) -> None:
    draw = np.random.default_rng(4)
    lonlat = np.column_stack([draw.uniform(-180, 180, 300), np.degrees(np.arcsin(draw.uniform(-1, 1, 300)))])
    lonlat = np.vstack([lonlat, [(0, 90), (0, -90), (180, 89.995), (-180, 0), (180, 0)]])
    load_contaminants(connection)
    scatter(connection, [tuple(place) for place in lonlat.tolist()])
    for _ in range(20):
        west, east = np.sort(draw.uniform(-180, 180, 2))
        south, north = np.sort(draw.choice([*draw.uniform(-90, 90, 2), -90, 90, *lonlat[:2, 1]], 2, replace=False))
        inside = (lonlat >= (west, south)) & (lonlat <= (east, north))
        chosen = Selection(bounds=Bounds(west, south, east, north))
        assert connection.execute(layer.count(samples(chosen), chosen)).scalar_one() == inside.all(axis=1).sum()
