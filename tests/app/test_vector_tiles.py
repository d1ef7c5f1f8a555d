"""Vector tiles: every row in exactly one tile of a zoom, nothing dropped, nothing stale, nothing private."""

import math
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import httpx
import mapbox_vector_tile
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from db import migrate
from db.engine import Database
from db.selection import Selection
from db.versions import raise_version
from tests.app.conftest import World
from tests.app.seed import add_contaminants, add_dataset, add_procedure, scatter
from tests.app.test_maps import ASSUMED, DUTCH
from tiles.statements import BUFFER, EXTENT
from tiles.tile import Tile
from tiles.vector import BeyondBudgetError, Question, vector_tile

EDGES = [
    *(
        (lon, lat)
        for lon in (-180.0, -90.0, -1e-12, 0.0, 1e-12, 45.0, 90.0, 180.0)
        for lat in (-45.0, 0.0, 1e-13, 66.5)
    ),
    *((lon, lat) for lon in (0.0, 180.0) for lat in (85.0511, -85.0511)),
    *((179.999, 0.1), (-179.999, 0.1), (5.75, 50.97), (5.75, 50.97)),
]
BEYOND = [(0.0, 85.0512), (10.0, -89.0), (20.0, 90.0)]
CROWD, BUDGET = 3_000, 1_000
CROWD_STATEMENTS = (
    """
    INSERT INTO site (dataset_id, code, geom)
    SELECT :dataset, n::text, ST_SetSRID(ST_MakePoint(-170 + 340 * random(), -80 + 160 * random()), 4326)
    FROM generate_series(1, :many) n
    """,
    """
    INSERT INTO specimen (dataset_id, site_id, code, geom, x_as_given, y_as_given, crs_as_given, medium, source_row)
    SELECT dataset_id, id, code, geom, 0, 0, 'EPSG:4326', 'mineral-horizon', 1 FROM site WHERE dataset_id = :dataset
    """,
    """
    INSERT INTO measurement (dataset_id, specimen_id, contaminant_id, procedure_id, basis, lower, upper,
                             original_text, original_unit)
    SELECT dataset_id, id, 'zinc', :procedure, 'dry', id, id, '', 'mg/kg' FROM specimen WHERE dataset_id = :dataset
    """,
)
Features = list[dict[str, Any]]


@pytest.fixture(scope="module")
def scattered(server: Database) -> Iterator[Database]:
    """Points on the edges of tiles and of the world, and a crowd that is over a small budget."""
    name = f"edaphos_test_{secrets.token_hex(4)}"
    administration = server.engine().execution_options(isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    database = Database(server.url.set(database=name))
    engine = database.engine()
    migrate.upgrade(engine)
    with engine.begin() as connection:
        add_contaminants(connection)
        scatter(connection, [*EDGES, *BEYOND], "edges")
        add_crowd(connection)
        connection.execute(text("ANALYZE"))
    engine.dispose()
    yield database
    with administration.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    administration.dispose()


def add_crowd(connection: Any) -> None:
    values = {"dataset": add_dataset(connection, "crowd"), "procedure": add_procedure(connection), "many": CROWD}
    for statement in CROWD_STATEMENTS:
        names = {name: value for name, value in values.items() if f":{name}" in statement}
        connection.execute(text(statement), names)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def connection(scattered: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(scattered.libpq)
    yield connection
    await connection.close()


def decode(body: bytes, name: str = "samples") -> Features:
    """Features with coordinates as they are in the tile, y pointing down."""
    found = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True})
    return list(found[name]["features"]) if found else []


def inside(features: Features) -> Features:
    """Those that the tile owns; the others belong to neighbours and lie in the buffer."""
    return [f for f in features if all(0 <= part < EXTENT for part in f["geometry"]["coordinates"])]


def total(features: Features) -> int:
    return sum(feature["properties"].get("count", 1) for feature in inside(features))


async def read(
    connection: Any, tile: Tile, dataset: str, collection: str = "samples", contaminant: str | None = None
) -> Features:
    selection = Selection(dataset=dataset, contaminant=contaminant)
    made = await vector_tile(connection, Question(collection, tile, selection, BUDGET))
    return decode(made.body, collection)


async def test_the_world_holds_every_row_within_the_square(connection: asyncpg.Connection) -> None:
    features = await read(connection, Tile(0, 0, 0), "edges")
    assert total(features) == len(EDGES)
    assert Counter(f["properties"]["specimen"] for f in inside(features)).most_common(1)[0][1] == 1


@pytest.mark.parametrize("collection", ["samples", "sites"])
@pytest.mark.parametrize("zoom", [1, 2, 3])
async def test_tiles_of_a_zoom_share_the_rows_out(connection: asyncpg.Connection, zoom: int, collection: str) -> None:
    side = range(1 << zoom)
    counts = [total(await read(connection, Tile(zoom, x, y), "edges", collection)) for x in side for y in side]
    assert sum(counts) == len(EDGES)


@given(st.integers(0, 20), st.sampled_from(EDGES), st.integers(-1, 1), st.integers(-1, 1))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
async def test_children_count_what_their_parent_does(
    connection: asyncpg.Connection, zoom: int, place: tuple[float, float], right: int, down: int
) -> None:
    tile = tile_beside(zoom, place, right, down)
    parent = await read(connection, tile, "edges")
    children = [await read(connection, child, "edges") for child in tile.children()]
    assert total(parent) == sum(total(child) for child in children)
    named = [sorted(f["properties"]["specimen"] for f in inside(features)) for features in (parent, *children)]
    assert named[0] == sorted(name for names in named[1:] for name in names)


def tile_beside(zoom: int, place: tuple[float, float], right: int, down: int) -> Tile:
    """The tile around a place, or one beside it."""
    side = 1 << zoom
    at = share_of_world(*place)
    x, y = (min(side - 1, max(0, int(part * side) + step)) for part, step in zip(at, (right, down), strict=True))
    return Tile(zoom, x, y)


def share_of_world(lon: float, lat: float) -> tuple[float, float]:
    y = math.asinh(math.tan(math.radians(lat))) / math.pi
    return (lon + 180) / 360, (1 - y) / 2


async def test_a_point_near_the_antimeridian_is_in_the_buffer_of_the_other_side(
    connection: asyncpg.Connection,
) -> None:
    west, east = Tile(5, 0, 15), Tile(5, 31, 15)
    for tile, lon, sign in ((west, 179.999, -1), (east, -179.999, 1)):
        across = [feature["geometry"]["coordinates"][0] for feature in await read(connection, tile, "edges")]
        beyond = [x for x in across if not 0 <= x < EXTENT]
        assert beyond, f"nothing of {lon} in the buffer"
        assert all((-BUFFER <= x < 0) if sign < 0 else (EXTENT <= x < EXTENT + BUFFER) for x in beyond)


async def test_a_crowd_is_counted_not_cut(connection: asyncpg.Connection) -> None:
    world = await read(connection, Tile(0, 0, 0), "crowd", contaminant="zinc")
    assert total(world) == CROWD
    assert len(world) <= 64 * 64
    properties = [feature["properties"] for feature in world]
    assert {"count", "max", "median", "censored_count", "contaminant", "medium", "basis"} <= set(properties[0])
    assert max(found["max"] for found in properties) >= CROWD
    assert all(found["median"] <= found["max"] for found in properties)
    children = [await read(connection, child, "crowd", contaminant="zinc") for child in Tile(0, 0, 0).children()]
    assert sum(total(child) for child in children) == CROWD
    assert all("count" not in feature["properties"] for child in children for feature in child)


async def test_a_contaminant_can_be_chosen(connection: asyncpg.Connection) -> None:
    made = await vector_tile(connection, Question("samples", Tile(0, 0, 0), Selection(contaminant="lead")))
    assert made.body == b""


@pytest.mark.parametrize(("collection", "index"), [("samples", "specimen"), ("sites", "site")])
async def test_tiles_are_found_by_index(connection: asyncpg.Connection, collection: str, index: str) -> None:
    asked = Question(collection, Tile(9, 200, 170), Selection(contaminant="zinc"))
    plan = await connection.fetch("EXPLAIN " + asked.statement, *asked.values)
    assert f"ix_{index}_geom_3857" in "\n".join(line[0] for line in plan)


# Over HTTP

AT_MEUSE = "WebMercatorQuad/8/85/132"


async def get_tile(client: httpx.AsyncClient, collection: str, **query: str) -> Features:
    response = await client.get(f"/collections/{collection}/tiles/{AT_MEUSE}", params=query)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    return decode(response.content, collection)


async def test_a_tile_says_of_samples_what_a_map_needs(client: httpx.AsyncClient) -> None:
    features = await get_tile(client, "samples", contaminant="Cd")
    assert len(features) == 155
    for found in (feature["properties"] for feature in features):
        assert found["contaminant"] == "cadmium"
        assert found["censored"] == ("value" not in found)
        assert found["lower"] <= found["upper"]
        assert {"specimen", "quality_flag"} <= set(found)


async def test_tiles_tell_nothing_private(client: httpx.AsyncClient) -> None:
    assert len(await get_tile(client, "samples", contaminant="zinc")) == 155
    assert len(await get_tile(client, "sites")) == 155
    sources = await get_tile(client, "sources")
    assert [feature["properties"]["name"] for feature in sources] == ["River Meuse"]
    spots = {feature["properties"]["class"]: feature["properties"] for feature in await get_tile(client, "hotspots")}
    assert len(spots) == 2
    assert "nearest_source" not in spots["exceeding"]
    assert spots["undecided"]["nearest_source"] == "River Meuse"
    assert spots["undecided"]["limit"] == 720.0


@pytest.mark.parametrize(
    ("asked", "spots"),
    [
        ({"contaminant": "zinc"}, 2),
        ({"dataset": "meuse", "medium": "mineral-horizon", "procedure": "aqua-regia", "basis": "dry"}, 2),
        ({"dataset": "another"}, 0),
        ({"medium": "o-horizon"}, 0),
        ({"procedure": "total"}, 0),
    ],
)
async def test_hot_spots_of_other_samples_stay_apart(
    client: httpx.AsyncClient, asked: dict[str, str], spots: int
) -> None:
    tile = await client.get(f"/collections/hotspots/tiles/{AT_MEUSE}", params=asked)
    assert (len(decode(tile.content, "hotspots")) if spots else tile.status_code) == (spots or 204)
    items = (await client.get("/collections/hotspots/items", params=asked)).json()
    assert items["numberMatched"] == spots


async def test_an_empty_tile_has_no_content(client: httpx.AsyncClient) -> None:
    response = await client.get("/collections/samples/tiles/WebMercatorQuad/8/0/0")
    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.parametrize(
    "address",
    ["0/0/1", "0/1/0", "25/0/0", "-1/0/0", "a/0/0", "1/0/2", "8/85/1.5", "99999999999/0/0", "8/٨/1", "8/%00/1"],
)
async def test_a_tile_that_does_not_exist_is_not_found(client: httpx.AsyncClient, address: str) -> None:
    response = await client.get(f"/collections/samples/tiles/WebMercatorQuad/{address}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_version_is_kept_for_ever_until_it_is_old(client: httpx.AsyncClient, world: World) -> None:
    template = (await client.get("/collections/sites/tilejson.json")).json()["tiles"][0]
    address = template.replace("{z}/{y}/{x}", "8/85/132")
    first = await client.get(address)
    assert "immutable" in first.headers["cache-control"]
    again = await client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")

    engine = world.database.engine()
    with engine.begin() as connection:
        raise_version(connection, "sites")
    engine.dispose()
    newer = (await client.get("/collections/sites/tilejson.json")).json()["tiles"][0]
    assert newer != template
    assert "immutable" in (await client.get(newer.replace("{z}/{y}/{x}", "8/85/132"))).headers["cache-control"]
    assert (await client.get(address)).headers["cache-control"] == "no-cache"
    assert (await client.get(address.partition("?")[0])).headers["cache-control"] == "no-cache"


async def test_a_new_row_is_in_the_next_tile(client: httpx.AsyncClient, world: World) -> None:
    """With the version raised in the transaction that adds the row, no answer is stale from then on."""
    before = len(await get_tile(client, "samples", contaminant="lead"))
    engine = world.database.engine()
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE measurement SET contaminant_id = 'copper', replicate = 2 WHERE id = "
                "(SELECT min(id) FROM measurement WHERE contaminant_id = 'lead')"
            )
        )
        raise_version(connection, "samples")
    assert len(await get_tile(client, "samples", contaminant="lead")) == before - 1
    with engine.begin() as connection:
        connection.execute(text("UPDATE measurement SET contaminant_id = 'lead', replicate = 1 WHERE replicate = 2"))
        raise_version(connection, "samples")
    engine.dispose()
    assert len(await get_tile(client, "samples", contaminant="lead")) == before


async def test_tilejson_hands_out_what_was_asked(client: httpx.AsyncClient) -> None:
    document = (await client.get("/collections/samples/tilejson.json", params={"contaminant": "Zink"})).json()
    assert document["tilejson"] == "3.0.0"
    assert "contaminant=Zink" in document["tiles"][0]
    assert document["vector_layers"][0]["id"] == "samples"
    assert "censored" in document["vector_layers"][0]["fields"]
    west, south, east, north = document["bounds"]
    assert 5.7 < west < east < 5.8
    assert 50.9 < south < north < 51.0


async def test_metadata_of_the_tile_set(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/collections/samples/tiles")).json()["tilesets"]
    one = (await client.get("/collections/samples/tiles/WebMercatorQuad")).json()
    assert [one] == listed
    item = next(link for link in one["links"] if link["rel"] == "item")
    assert item["templated"]
    address = item["href"].format(tileMatrix=8, tileRow=85, tileCol=132)
    assert (await client.get(address)).status_code == 200
    assert (await client.get("/collections/guideline-values/tiles")).status_code == 404


# Filters of tiles


async def tile_of(client: httpx.AsyncClient, status: int = 200, **query: str) -> Features:
    response = await client.get(f"/collections/samples/tiles/{AT_MEUSE}", params=query)
    assert response.status_code == status, response.text
    return decode(response.content) if status == 200 else []


@pytest.mark.parametrize(
    "query",
    [
        {"contaminant": "zinc", "filter": "value > 500"},
        {"contaminant": "zinc", "filter": "value > 500 AND lower_depth_cm = 20", "medium": "mineral-horizon"},
        {"contaminant": "zinc", "filter": "S_INTERSECTS(geometry, BBOX(5.73, 50.96, 5.75, 50.98))"},
        {"contaminant": "cadmium", "filter": "censored = true"},
        {"contaminant": "zinc", "lower_depth_cm": "20"},
        {"contaminant": "zinc", "quality_flag": "ok", "datetime": "1990-01-01/2030-12-31"},
        {"filter": "specimen LIKE 'm1%'"},
    ],
)
async def test_a_tile_holds_the_rows_that_a_page_does(client: httpx.AsyncClient, query: dict[str, str]) -> None:
    features = await tile_of(client, 200, **query)
    items = (await client.get("/collections/samples/items", params=query | {"limit": "1000"})).json()["features"]
    name = "specimen"
    expected = sorted(item["properties"][name] for item in items)
    assert expected
    assert sorted(feature["properties"][name] for feature in features) == expected


async def test_samples_are_compared_with_a_limit(client: httpx.AsyncClient) -> None:
    for found in (feature["properties"] for feature in await tile_of(client, contaminant="zinc", limit="400")):
        assert found["ratio"] == pytest.approx(found["lower"] / 400)
        assert found["exceeds"] == ("yes" if found["lower"] > 400 else "no")
    whole = len(await tile_of(client, contaminant="cadmium", limit="0.1"))
    parts = [
        len(await tile_of(client, contaminant="cadmium", limit="0.1", exceeds=wanted)) for wanted in ("yes", "perhaps")
    ]
    assert sum(parts) == whole
    assert all(parts)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"limit": "400"}, "contaminant"),
        ({"contaminant": "zinc", "exceeds": "yes"}, "exceeds"),
        ({"contaminant": "zinc", "limit": "400", "exceeds": "certainly"}, "exceeds"),
        ({"contaminant": "zinc", "limit": "-4"}, "limit"),
        ({"filter": "nothing > 3"}, "filter"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_wrong_filter_is_named(client: httpx.AsyncClient, query: dict[str, str], named: str) -> None:
    response = await client.get(f"/collections/samples/tiles/{AT_MEUSE}", params=query)
    assert response.status_code == 400
    assert named in response.json()["detail"]


async def test_a_guideline_is_of_a_version_too(client: httpx.AsyncClient, world: World) -> None:
    query = {"contaminant": "zinc", "guideline": DUTCH, "assume": ASSUMED}
    asked = query | {"medium": "mineral-horizon", "procedure": "aqua-regia", "basis": "dry"}
    document = (await client.get("/collections/samples/tilejson.json", params=asked)).json()
    assert "exceeds" in document["vector_layers"][0]["fields"]
    address = document["tiles"][0].replace("{z}/{y}/{x}", "8/85/132")
    assert "immutable" in (await client.get(address)).headers["cache-control"]
    engine = world.database.engine()
    with engine.begin() as connection:
        raise_version(connection, "guideline-values")
    engine.dispose()
    newer = (await client.get("/collections/samples/tilejson.json", params=asked)).json()["tiles"][0]
    assert newer.replace("{z}/{y}/{x}", "8/85/132") != address
    assert (await client.get(address)).headers["cache-control"] == "no-cache"


async def test_tilejson_states_what_no_tile_holds(connection: asyncpg.Connection) -> None:
    statement, values = Question("samples", Tile(0, 0, 0), Selection(dataset="edges")).beyond
    assert await connection.fetchval(statement, *values) == len(BEYOND)


async def test_what_would_take_too_long_is_refused(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiles.vector.MOST_ROWS", 100)
    asked = Selection(dataset="crowd", contaminant="zinc", digestion="aqua-regia")
    with pytest.raises(BeyondBudgetError, match=r"deeper zoom"):
        await vector_tile(connection, Question("samples", Tile(0, 0, 0), asked, BUDGET))
