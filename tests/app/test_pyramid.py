"""The pyramid: the same cells as from the rows themselves, at every zoom, for every filter that it knows."""

import datetime as dt
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mapbox_vector_tile.Mapbox import vector_tile_pb2
from sqlalchemy import Connection, text

from db import migrate
from db.engine import Database
from db.pyramid import build
from db.pyramid.cells import Cells, middle_of, steps_of, together
from db.pyramid.counting import Counting, Inner
from db.pyramid.grid import BASE_ZOOM, codes_of, columns_and_rows, interleaved, node_of, self_and_ancestors
from db.pyramid.points import Points, parts_of
from db.pyramid.rows import ROW
from db.questions import layer
from db.questions.samples import samples
from db.questions.sites import SITES
from db.selection import Bounds, Period, Selection
from db.statement import rendered
from ingest.load import load_samples, unload
from ingest.profile import Profile
from ingest.vocabulary import load_vocabularies
from tests.app.seed import add_contaminants, add_dataset
from tests.app.test_vector_tiles import decode
from tiles.statements import EXTENT
from tiles.tile import HALF, Tile
from tiles.vector import MOST_BYTES, Question, vector_tile

CROWD = 8_000
TOWNS = ((5.0, 50.0), (5.3, 50.2), (-74.0, 40.7), (179.99, -16.5), (0.0, 0.0))
_STATEMENTS = (
    """
    INSERT INTO site (dataset_id, code, geom)
    SELECT :dataset, n::text, ST_SetSRID(ST_MakePoint(greatest(-180, least(180, lon + spread * (random() - 0.5))),
      greatest(-89, least(89, lat + spread * (random() - 0.5)))), 4326)
    FROM (SELECT n, (CAST(:lons AS float8[]))[1 + n % 5] AS lon, (CAST(:lats AS float8[]))[1 + n % 5] AS lat,
      CASE WHEN n % 10 = 0 THEN 300 ELSE 0.4 END AS spread FROM generate_series(1, :many) n) place
    """,
    """
    INSERT INTO specimen (dataset_id, site_id, code, geom, x_as_given, y_as_given, crs_as_given, medium, source_row,
      upper_depth_cm, lower_depth_cm, sampled_from, sampled_to)
    SELECT dataset_id, id, code, geom, 0, 0, 'EPSG:4326',
      CASE WHEN id % 7 = 0 THEN 'o-horizon' ELSE 'mineral-horizon' END, 1,
      CASE WHEN id % 3 = 0 THEN 0 END, CASE WHEN id % 3 = 0 THEN 20 END,
      CASE WHEN id % 4 > 0 THEN make_date(2008 + (id % 4)::int, 6, 1) END,
      CASE WHEN id % 4 = 3 THEN make_date(2012, 1, 1) END
    FROM site WHERE dataset_id = :dataset
    """,
    """
    INSERT INTO procedure (digestion) VALUES ('aqua-regia'), ('total') ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO measurement (dataset_id, specimen_id, contaminant_id, procedure_id, basis, lower, upper,
      original_text, original_unit)
    SELECT dataset_id, s.id, 'zinc', p.id, 'dry',
      CASE WHEN s.id % 11 = 0 THEN 0 ELSE value END, CASE WHEN s.id % 13 = 0 THEN 'Infinity' ELSE value END, '', 'mg/kg'
    FROM specimen s JOIN procedure p ON p.digestion = CASE WHEN s.id % 5 = 0 THEN 'total' ELSE 'aqua-regia' END
    CROSS JOIN LATERAL (SELECT exp(3 + (s.id * 7919 % 1000) / 250.0) AS value) v
    WHERE s.dataset_id = :dataset
    """,
)


def add_crowd(connection: Connection, name: str, many: int, visibility: str = "public") -> int:
    lons, lats = ([town[part] for town in TOWNS] for part in (0, 1))
    dataset = add_dataset(connection, name, visibility=visibility)
    values = {"dataset": dataset, "many": many, "lons": lons, "lats": lats}
    for statement in _STATEMENTS:
        connection.execute(text(statement), {key: value for key, value in values.items() if f":{key}" in statement})
    return dataset


@pytest.fixture(scope="module")
def crowded(server: Database) -> Iterator[Database]:
    """Two datasets with a pyramid and a private one, in towns that straddle tiles, the antimeridian and the square."""
    name = f"edaphos_test_{secrets.token_hex(4)}"
    administration = server.engine().execution_options(isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    database = Database(server.url.set(database=name))
    engine = database.engine()
    migrate.upgrade(engine)
    with engine.begin() as connection:
        add_contaminants(connection)
        add_crowd(connection, "large", CROWD)
        add_crowd(connection, "small", 1_000)
        add_crowd(connection, "hidden", 300, visibility="private")
    assert build.build_missing(engine) == ["large", "small", "hidden"]
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()
    yield database
    with administration.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    administration.dispose()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def connection(crowded: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(crowded.libpq)
    yield connection
    await connection.close()


async def counted(connection: Any, tile: Tile, collection: str = "samples", **chosen: Any) -> int:
    """How many rows a tile speaks of, without those in its buffer."""
    made = await vector_tile(connection, Question(collection, tile, Selection(**chosen)))
    assert len(made.body) <= MOST_BYTES
    return sum(map(count_of, layers_of(made.body)))


def layers_of(body: bytes) -> Any:
    found = vector_tile_pb2.tile()
    found.ParseFromString(body)
    return found.layers


def count_of(layer: Any) -> int:
    """Quicker than decoding all properties."""
    counts = {number for number, key in enumerate(layer.keys) if key == "count"}
    found = 0
    for feature in layer.features:
        _, *steps = feature.geometry
        inside = all(0 <= (step >> 1) ^ -(step & 1) < EXTENT for step in steps)
        pairs = zip(feature.tags[::2], feature.tags[1::2], strict=True)
        value = next((layer.values[number] for key, number in pairs if key in counts), None)
        found += inside * (1 if value is None else value.uint_value or value.int_value)
    return found


SELECTIONS: list[dict[str, Any]] = [
    {"contaminant": "zinc"},
    {},
    {"contaminant": "zinc", "dataset": "large"},
    {"contaminant": "zinc", "digestion": "total"},
    {"contaminant": "zinc", "medium": "o-horizon", "depth": (0.0, 20.0)},
    {"contaminant": "zinc", "period": Period(dt.date(2009, 1, 1), dt.date(2010, 12, 31))},
    {"contaminant": "zinc", "period": Period(None, dt.date(2011, 12, 31))},
    {"contaminant": "zinc", "period": Period(dt.date(2012, 1, 1), None)},
    {"period": Period(dt.date(2010, 1, 1), dt.date(2010, 12, 31)), "dataset": "small"},
    {"contaminant": "zinc", "visibilities": ("public", "private")},
    {"contaminant": "lead"},
    # counted row by row
    {"contaminant": "zinc", "period": Period(dt.date(2009, 6, 1), dt.date(2010, 7, 31))},
    {"digestion": "total"},
]


@pytest.mark.parametrize(
    ("collection", "chosen"), [*(("samples", chosen) for chosen in SELECTIONS), ("sites", {}), ("sites", SELECTIONS[2])]
)
async def test_every_zoom_counts_what_the_rows_say(
    connection: asyncpg.Connection, chosen: dict[str, Any], collection: str
) -> None:
    """Over the tiles of a zoom, and down the tiles that hold the largest town."""
    expected = await rows_in_square(connection, collection, chosen)
    for zoom in (0, 1):
        side = range(1 << zoom)
        tiles = [await counted(connection, Tile(zoom, x, y), collection, **chosen) for x in side for y in side]
        assert sum(tiles) == expected
    tile = Tile(1, 1, 0)
    for _ in range(9):
        children = [await counted(connection, child, collection, **chosen) for child in tile.children()]
        assert sum(children) == await counted(connection, tile, collection, **chosen)
        tile = max(zip(children, tile.children(), strict=True), key=lambda pair: pair[0])[1]


async def rows_in_square(connection: asyncpg.Connection, collection: str, chosen: dict[str, Any]) -> int:
    statement, values = Question(collection, Tile(0, 0, 0), Selection(**chosen)).counted(10**9)
    (row,) = await connection.fetch(statement, *values)
    return int(row["features"])


@pytest.mark.parametrize("tile", [Tile(0, 0, 0), Tile(4, 8, 5), Tile(6, 32, 21)])
async def test_cells_are_those_of_the_rows(connection: asyncpg.Connection, tile: Tile) -> None:
    """Counts, quantiles, highest and coverage: none depends on whether the pyramid was there."""
    chosen = Selection(contaminant="zinc", dataset="large")
    built = await vector_tile(connection, Question("samples", tile, chosen, limit=200.0))
    await connection.execute("BEGIN; DELETE FROM pyramid_state; COMMIT")
    try:
        counted = await vector_tile(connection, Question("samples", tile, chosen, limit=200.0))
    finally:
        await connection.execute("INSERT INTO pyramid_state (dataset_id) SELECT id FROM dataset")
    assert by_place(built.body) == by_place(counted.body)


def by_place(body: bytes) -> list[Any]:
    return sorted(
        (feature["geometry"]["coordinates"], sorted(feature["properties"].items())) for feature in decode(body)
    )


async def test_private_rows_are_in_no_public_cell(connection: asyncpg.Connection) -> None:
    seen = (("public",), ("public", "private"))
    public, both = [await counted(connection, Tile(0, 0, 0), visibilities=kind) for kind in seen]
    assert 0 < public < both <= public + 300


async def test_a_cell_says_how_much_may_exceed_a_limit(connection: asyncpg.Connection) -> None:
    limit = 200.0
    made = await vector_tile(connection, Question("samples", Tile(0, 0, 0), Selection(contaminant="zinc"), limit=limit))
    found = [feature["properties"] for feature in decode(made.body)]
    surely, perhaps = (sum(cell[name] for cell in found) for name in ("exceeding", "exceeding_at_most"))
    exact = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE lower > $1) AS surely, count(*) FILTER (WHERE upper > $1) AS perhaps "
        "FROM measurement m JOIN dataset d ON d.id = dataset_id JOIN specimen s ON s.id = specimen_id "
        "WHERE visibility = 'public' AND abs(ST_Y(s.geom_3857)) <= $2",
        limit,
        HALF,
    )
    assert exact is not None
    assert surely <= exact["surely"] <= exact["perhaps"] <= perhaps
    assert perhaps - exact["perhaps"] <= 0.06 * exact["perhaps"]


def test_a_second_build_changes_nothing(crowded: Database) -> None:
    engine = crowded.engine()
    assert build.build_missing(engine) == []
    with engine.connect() as connection:
        name, key = connection.execute(text("SELECT name, id FROM dataset ORDER BY id")).all()[1]
        before = content(connection, key)
        build.forget(connection, key)
        assert build.build(connection, key, name)
        assert content(connection, key) == before
        connection.rollback()
    engine.dispose()


def content(connection: Connection, dataset: int) -> list[Any]:
    statement = text(
        "SELECT * FROM pyramid_node WHERE dataset_id = :key ORDER BY layer, contaminant_id, node, first_year"
    )
    return [(*row[:8], bytes(row.entries), bytes(row.bins)) for row in connection.execute(statement, {"key": dataset})]


# Cells

POINTS = st.integers(1, 200)


def drawn(count: int, seed: int) -> tuple[Any, ...]:
    draw = np.random.default_rng(seed)
    codes = draw.integers(0, 1 << 14, count).astype(np.uint64)
    lower = draw.lognormal(2, 1, count)
    upper = np.where(draw.random(count) < 0.2, lower * 2, lower)
    return codes, draw.integers(1, 4, count), np.where(draw.random(count) < 0.1, 0.0, lower), upper


@given(POINTS, st.integers(0, 1_000), st.integers(0, 4))
@settings(max_examples=60, deadline=None)
def test_cells_add_up_however_they_are_cut(count: int, seed: int, zooms: int) -> None:
    columns = drawn(count, seed)
    whole = Cells.of(*columns).coarser(zooms)
    cut = np.random.default_rng(seed).random(count) < 0.5
    parts = [Cells.of(*(column[side] for column in columns)) for side in (cut, ~cut)]
    for pieces in (together(parts).coarser(zooms), together([part.coarser(zooms) for part in parts])):
        assert pieces.packed() == whole.packed()
    stepwise = Cells.of(*columns)
    for _ in range(zooms):
        stepwise = stepwise.coarser(1)
    assert stepwise.packed() == whole.packed()
    assert whole.total == count
    assert Cells.unpacked(*whole.packed()).packed() == whole.packed()


@given(POINTS, st.integers(0, 1_000))
@settings(max_examples=60, deadline=None)
def test_quantiles_are_those_of_upper_bounds_to_a_step(count: int, seed: int) -> None:
    codes, _, lower, upper = drawn(count, seed)
    everywhere = Cells.of(codes * np.uint64(0), np.ones(count, np.int64), lower, upper).with_quantiles()
    for name, p in (("median", 0.5), ("high", 0.9)):
        exact = np.sort(upper)[int(np.ceil(p * count)) - 1]
        assert everywhere.entries[name][0] == pytest.approx(exact, rel=0.06)


@given(st.lists(st.tuples(st.floats(-HALF, HALF), st.floats(-HALF, HALF)), min_size=1, max_size=20), st.integers(0, 24))
@settings(max_examples=100, deadline=None)
def test_a_point_is_where_its_tile_is(places: list[tuple[float, float]], zoom: int) -> None:
    x, y = np.array(places).T
    column, row = columns_and_rows(codes_of(x, y, zoom))
    for at, (across, down) in enumerate(zip(column.tolist(), row.tolist(), strict=True)):
        tile = Tile(zoom, across, down)
        assert tile.west <= x[at] <= (HALF if across == tile.last else np.nextafter(tile.east, -np.inf))
        assert tile.north >= y[at] >= (-HALF if down == tile.last else np.nextafter(tile.south, np.inf))


@given(st.integers(0, (1 << BASE_ZOOM) - 1), st.integers(0, (1 << BASE_ZOOM) - 1))
def test_codes_know_their_parents(column: int, row: int) -> None:
    code = interleaved(np.array([column]), np.array([row]))
    assert tuple(int(part[0]) for part in columns_and_rows(code)) == (column, row)
    node = node_of(3, column >> BASE_ZOOM - 3, row >> BASE_ZOOM - 3)
    assert node == (1 << 6) | int(code[0] >> np.uint64(2 * (BASE_ZOOM - 3)))
    assert self_and_ancestors(node)[-1] == 1


def test_steps_hold_zero_and_infinity() -> None:
    bounds = np.array([0.0, 1e-9, 1.0, 1e6, np.inf])
    middle = middle_of(steps_of(bounds))
    assert middle[0] == 0.0
    assert np.isinf(middle[-1])
    np.testing.assert_allclose(middle[1:-1], bounds[1:-1], rtol=0.06)


# Loads


def survey(folder: Path, rows: int) -> Path:
    path = folder / "survey.csv"
    lines = (f"S{row},{5 + row / 1000},{50 + row % 7 / 100},{row + 1}" for row in range(rows))
    path.write_text("\n".join(["id,x,y,zinc", *lines]))
    return path


PROFILE = Profile.model_validate(
    {
        "dataset": {"name": "survey", "title": "A survey", "licence": "CC0-1.0", "provider": "nobody"},
        "position": {"crs": "EPSG:4326", "x": {"column": "x"}, "y": {"column": "y"}},
        "specimen": {"medium": "mineral-horizon", "code": {"column": "id"}},
        "measurements": {"unit": "mg/kg", "columns": {"zinc": "zinc"}},
    }
)


async def test_a_load_forgets_and_an_unload_removes(database: Database, tmp_path: Path) -> None:
    engine = database.engine()
    reader = await asyncpg.connect(database.libpq)
    with engine.begin() as connection:
        load_vocabularies(connection)
    for rows in (50, 60, 40):
        with engine.begin() as connection:
            load_samples(connection, survey(tmp_path, rows), PROFILE)
        assert await counted(reader, Tile(3, 4, 2), contaminant="zinc") == rows
        assert build.build_missing(engine) == ["survey"]
        assert await counted(reader, Tile(3, 4, 2), contaminant="zinc") == rows
    with engine.begin() as connection:
        unload(connection, "survey")
        assert connection.execute(text("SELECT count(*) FROM pyramid_node")).scalar_one() == 0
    await reader.close()
    engine.dispose()


# Counts


EDGES = st.tuples(st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180), st.floats(-90, 90))
NEAR = st.tuples(st.floats(4.5, 5.6), st.floats(49.7, 50.5), st.floats(4.5, 5.6), st.floats(49.7, 50.5))


@given(st.one_of(EDGES, NEAR, st.none()), st.sampled_from(range(4)))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
async def test_a_box_holds_what_its_rows_say(
    connection: asyncpg.Connection, edges: tuple[float, ...] | None, number: int
) -> None:
    chosen = (SELECTIONS[0], SELECTIONS[1], SELECTIONS[5], {"dataset": "small"})[number]
    box = None if edges is None else Bounds(edges[0], min(edges[1::2]), edges[2], max(edges[1::2]))
    asked = Selection(bounds=box, **chosen)
    for found in (samples(asked), SITES) if number in (1, 3) else (samples(asked),):
        counting = Counting.of(found, asked)
        assert counting is not None
        text, values = rendered(layer.count(found, asked))
        assert await box_count(connection, counting) == await connection.fetchval(text, *values)


async def box_count(connection: asyncpg.Connection, counting: Counting) -> int:
    total = 0
    for box in counting.boxes:
        inner = Inner.of(box)
        if inner is not None:
            statement, values = counting.statement(inner)
            total += inner.count(await connection.fetch(statement, *values))
        text, values = rendered(counting.rest(box, inner))
        total += await connection.fetchval(text, *values)
    return total


async def test_tiles_and_boxes_are_found_by_their_index(connection: asyncpg.Connection) -> None:
    asked = Question("samples", Tile(3, 4, 2), Selection(contaminant="zinc"))
    assert asked.place is not None
    counting = Counting.of(samples(asked.selection), asked.selection)
    inner = Inner.of(Bounds(4, 49, 6, 51))
    assert counting is not None
    assert inner is not None
    await connection.execute("SET enable_seqscan = off")
    survey = (asked.place.statement("survey"), asked.place.values)
    for statement, values in (survey, counting.statement(inner)):
        plan = "\n".join(line[0] for line in await connection.fetch("EXPLAIN " + statement, *values))
        assert "pk_pyramid_node" in plan
    statement, values = rendered(counting.rest(Bounds(4, 49, 6, 51), inner))
    plan = "\n".join(line[0] for line in await connection.fetch("EXPLAIN " + statement, *values))
    assert "ix_specimen_geom_3857" in plan
    await connection.execute("RESET enable_seqscan")


def rows_in_towns(count: int, seed: int = 5) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    draw = np.random.default_rng(seed)
    rows = np.zeros(count, ROW)
    towns = draw.uniform(-1.8e7, 1.8e7, (12, 2))
    places = towns[draw.choice(12, count, p=np.arange(1, 13) / 78)] + draw.normal(
        0, 1, (count, 2)
    ) * 10 ** draw.uniform(1, 6)
    rows["x"], rows["y"] = places.clip(-HALF, HALF).T
    rows["population"] = draw.choice([3, -7, 11], count)
    rows["first_year"] = rows["last_year"] = draw.choice([-1, 1990, 2010], count)
    rows["lower"] = draw.lognormal(3, 1, count)
    rows["upper"] = np.where(draw.random(count) < 0.2, np.inf, rows["lower"])
    return rows


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_pyramid_in_parts_is_that_of_all_points_at_once(seed: int) -> None:
    """Whatever is looked at together, and in however many chunks it was read."""
    rows = rows_in_towns(60_000, seed)
    whole, chunked = Points(), Points()
    whole.add(rows)
    for chunk in np.array_split(rows, 7):
        chunked.add(chunk)
    with closing(whole), closing(chunked):
        once = {(years, node.number): node for years, node in build._nodes_by_years(whole, 10**9)}
        parts = {(years, node.number): node for years, node in build._nodes_by_years(chunked, build.MOST_POINTS)}
        assert len({part.zoom for part in parts_of(whole.tiles(), build.MOST_POINTS)}) > 1
    assert once.keys() == parts.keys()
    for key, node in once.items():
        other = parts[key]
        assert node.leaf == other.leaf
        for name in ("code", "population", "count", "censored", "highest", "parts"):
            assert np.array_equal(node.cells.entries[name], other.cells.entries[name]), (key, name)
        assert np.array_equal(node.cells.entries["median"], other.cells.entries["median"], equal_nan=True)
        assert np.array_equal(node.cells.bins, other.cells.bins)
