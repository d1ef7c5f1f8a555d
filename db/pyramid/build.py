"""The pyramid of a dataset: made from its rows, forgotten in the transaction that changes them.

It is a tree of tiles. One that holds more than `MOST_POINTS` of a contaminant keeps them in its 64 by 64 cells, and has
children; one that holds fewer keeps them in the finest cells, from which all tiles below are drawn.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import Connection, Engine, delete, select, text

from db.pyramid.cells import Cells, together
from db.pyramid.grid import CELL_ZOOM, CELLS_DOWN, DEEPEST, Codes
from db.pyramid.points import MOST_AT_ONCE, Points, Tiles, parts_of
from db.pyramid.rows import MEASUREMENTS, ROW, SITES, SPECIMENS, Subject, populations_of
from db.tables import dataset, pyramid_state

MOST_POINTS = 4_096
"""More points than a tile has cells are drawn as cells."""
KEYS_AT_ONCE = 100_000
"""Specimens or sites that are read at once."""
ALL_YEARS, SEVERAL = 0, 0
"""A row of all years has ALL_YEARS for its first one, and for its last one SEVERAL where rows by years stand beside it,
else the year of all its points, -1 where that is not known."""
_YEARS = 100_000
Years = tuple[int, int]

_TYPES = {
    "layer": "text",
    "contaminant_id": "text",
    "node": "int8",
    "dataset_id": "int8",
    "first_year": "int2",
    "last_year": "int2",
    "leaf": "bool",
    "count": "int8",
    "entries": "bytea",
    "bins": "bytea",
}


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A tile of the tree with its points."""

    number: int
    leaf: bool
    cells: Cells


def forget(connection: Connection, dataset_id: int) -> None:
    """Let go of the pyramid of a dataset whose rows change in this transaction; until built they are counted live."""
    connection.execute(delete(pyramid_state).where(pyramid_state.c.dataset_id == dataset_id))


def build_missing(engine: Engine) -> list[str]:
    """Build the pyramids that are not there, each in a transaction of its own; the names of their datasets."""
    missing = select(dataset.c.id, dataset.c.name).outerjoin(pyramid_state).where(pyramid_state.c.dataset_id.is_(None))
    with engine.connect() as connection:
        found = connection.execute(missing.where(dataset.c.kind == "samples").order_by(dataset.c.id)).all()
    built = []
    for row in found:
        with engine.begin() as connection:
            if build(connection, row.id, row.name):
                built.append(row.name)
    return built


_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
"""The lock that loads of a dataset hold."""
_WANTED = """
SELECT EXISTS (SELECT FROM dataset WHERE id = {id}) AND NOT EXISTS (SELECT FROM pyramid_state WHERE dataset_id = {id})
"""


def build(connection: Connection, dataset_id: int, name: str) -> bool:
    """Build the pyramid of a dataset in the transaction of the caller; whether it was not there."""
    connection.execute(_LOCK, {"key": f"dataset {name}"})
    if not _scalar(connection, _WANTED, id=sql.Literal(dataset_id)):
        return False
    _run(connection, "DELETE FROM pyramid_node WHERE dataset_id = {id}", id=sql.Literal(dataset_id))
    _run(connection, populations_of(dataset_id))
    _copy_nodes(connection, dataset_id)
    _run(connection, "INSERT INTO pyramid_state (dataset_id) VALUES ({id})", id=sql.Literal(dataset_id))
    return True


def _all_points(connection: Connection, dataset_id: int) -> Iterator[tuple[Subject, str, Points]]:
    """The points of each subject and contaminant."""
    for subject in (SPECIMENS, SITES):
        yield subject, "", _read(connection, subject, dataset_id, ())[0]
    for batch in _batches(connection, dataset_id):
        for contaminant, points in zip(batch, _read(connection, MEASUREMENTS, dataset_id, batch), strict=True):
            yield MEASUREMENTS, contaminant, points


def _read(connection: Connection, subject: Subject, dataset_id: int, batch: tuple[str, ...]) -> list[Points]:
    """The points of each contaminant of a batch, or of the subject itself."""
    found = [Points() for _ in batch or ("",)]
    first, last = _fetched(
        connection,
        "SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM {table} WHERE dataset_id = {id}",
        table=sql.Identifier(subject.table),
        id=sql.Literal(dataset_id),
    )[0]
    for start in range(first, last + 1, KEYS_AT_ONCE):
        rows = _rows(connection, subject.rows(dataset_id, batch, start, min(last, start + KEYS_AT_ONCE - 1)))
        for number, points in enumerate(found, start=1 if batch else 0):
            mine = rows[rows["contaminant"] == number]
            if len(mine):
                points.add(mine)
    return found


def _batches(connection: Connection, dataset_id: int) -> Iterator[tuple[str, ...]]:
    """Contaminants that are read together."""
    counted = "SELECT contaminant_id, count(*) FROM measurement WHERE dataset_id = {id} GROUP BY 1 ORDER BY 1"
    batch: list[str] = []
    held = 0
    for contaminant, count in _fetched(connection, counted, id=sql.Literal(dataset_id)):
        if batch and held + count > MOST_AT_ONCE:
            yield tuple(batch)
            batch, held = [], 0
        batch.append(contaminant)
        held += count
    if batch:
        yield tuple(batch)


def _rows(connection: Connection, query: sql.Composed) -> NDArray[np.void]:
    """Rows of the dtype `ROW`."""
    with _driver(connection).cursor(binary=True) as cursor:
        (packed,) = cursor.execute(query).fetchone()
    points: NDArray[np.void] = np.frombuffer(packed or b"", ROW)
    return points


def _copy_nodes(connection: Connection, dataset_id: int) -> None:
    command = f"COPY pyramid_node ({', '.join(_TYPES)}) FROM STDIN (FORMAT binary)"
    for subject, contaminant, points in _all_points(connection, dataset_id):
        with _driver(connection).cursor() as cursor, cursor.copy(command) as copy:
            copy.set_types(list(_TYPES.values()))
            for years, node in _nodes_by_years(points, MOST_AT_ONCE):
                key = (subject.layer, contaminant, node.number, dataset_id, *years)
                copy.write_row((*key, node.leaf, node.cells.total, *node.cells.packed()))
        points.close()


def _nodes_by_years(points: Points, most: int) -> Iterator[tuple[Years, Node]]:
    """The tiles of all years together and, where there are several, of each period in which samples were taken.

    No more than `most` points are looked at together, about: first those below some tiles, then the tiles above these.
    """
    tiles = points.tiles()
    # the tiles above those that are looked at by themselves are crowded ones
    crowded, parts = _crowded(tiles), list(parts_of(tiles, max(most, MOST_POINTS)))
    periods = sorted({period for part in parts for period in np.unique(_period_of(points.within(part)[1])).tolist()})
    above: dict[tuple[Years, int], list[Cells]] = {}
    for part in parts:
        own_codes, kept = points.within(part)
        order = np.argsort(own_codes, kind="stable")
        own_codes, kept = own_codes[order], kept[order]
        for pair, mask in _chosen(_period_of(kept), periods):
            finest = Cells.of(own_codes[mask], *(kept[name][mask] for name in ("population", "lower", "upper")))
            nodes, cells = _subtree(finest, crowded, part.zoom)
            above.setdefault((pair, part.zoom - 1), []).append(cells)
            yield from ((pair, node) for node in nodes)
    for zoom in range(DEEPEST - 1, -1, -1):
        for pair in sorted(pair for pair, own in above if own == zoom):
            heavy = together(above.pop((pair, zoom)))
            above.setdefault((pair, zoom - 1), []).append(heavy.coarser(1))
            yield from ((pair, node) for node in _sliced(heavy.with_quantiles(), zoom, CELLS_DOWN, leaf=False))


def _chosen(period: NDArray[np.int64], periods: list[int]) -> Iterator[tuple[Years, NDArray[np.bool_]]]:
    """Which points belong to all years, and which to each period, where there are several."""
    years = [_years_of(each) for each in periods]
    one_year = len(years) == 1 and years[0][0] == years[0][1]
    yield (ALL_YEARS, years[0][0] if one_year else SEVERAL), np.ones(len(period), np.bool_)
    if not one_year:
        yield from ((pair, period == each) for pair, each in zip(years, periods, strict=True))


def _period_of(points: NDArray[np.void]) -> NDArray[np.int64]:
    """The years in which each point was sampled, as one number; -1 and -1 where they are not known."""
    first, last = (points[name].astype(np.int64) + 1 for name in ("first_year", "last_year"))
    return np.asarray(first * _YEARS + last, np.int64)


def _years_of(period: int) -> tuple[int, int]:
    first, last = divmod(period, _YEARS)
    return first - 1, last - 1


def _crowded(tiles: Tiles) -> list[NDArray[np.uint64]]:
    """By zoom, the codes of the tiles that hold more than `MOST_POINTS`, from the deepest tiles and their counts."""
    crowded = []
    for _ in range(DEEPEST + 1):
        crowded.append(tiles.tiles[tiles.counts > MOST_POINTS])
        tiles = tiles.parents()
    return crowded[::-1]


def _subtree(finest: Cells, crowded: list[NDArray[np.uint64]], top: int) -> tuple[list[Node], Cells]:
    """The tiles from the deepest up to those of zoom `top`: crowded ones in their own cells, the others in the finest.

    With them the cells in which the tiles above `top` are drawn.
    """
    nodes: list[Node] = []
    below = Cells.none()
    for zoom in range(DEEPEST, top - 1, -1):
        tiles = tiles_at(finest, zoom)
        mine = np.isin(tiles, crowded[zoom])
        parents = np.isin(tiles >> np.uint64(2), crowded[zoom - 1]) if zoom else np.ones(len(tiles), np.bool_)
        nodes += _sliced(finest.only(parents & ~mine), zoom, CELL_ZOOM - zoom, leaf=True)
        below = finest.only(mine) if zoom == DEEPEST else _drawn_in(finest.only(mine), below, crowded, zoom)
        nodes += _sliced(below.with_quantiles(), zoom, CELLS_DOWN, leaf=False)
    return nodes, _drawn_in(finest, below, crowded, top - 1) if top else Cells.none()


def _drawn_in(finest: Cells, below: Cells, crowded: list[NDArray[np.uint64]], zoom: int) -> Cells:
    """The cells of crowded tiles of a zoom: what is crowded further down, too, and what is a leaf there."""
    leaves = finest.only(~np.isin(tiles_at(finest, zoom + 1), crowded[zoom + 1]))
    return together([below.coarser(1), leaves.coarser(CELL_ZOOM - CELLS_DOWN - zoom)])


def tiles_at(cells: Cells, zoom: int) -> Codes:
    """The tile of a zoom that each entry of the finest cells lies in, shape (n,)."""
    tiles: Codes = cells.entries["code"] >> np.uint64(2 * (CELL_ZOOM - zoom))
    return tiles


def _sliced(cells: Cells, zoom: int, down: int, *, leaf: bool) -> Iterator[Node]:
    """Cells of so many zooms further down, tile by tile."""
    for tile in np.unique(cells.entries["code"] >> np.uint64(2 * down)).tolist():
        first = tile << 2 * down
        yield Node((1 << 2 * zoom) | tile, leaf, cells.between(first, first + (1 << 2 * down) - 1))


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _run(connection: Connection, statement: str | sql.Composed, **names: sql.Composable) -> Any:
    composed = sql.SQL(statement).format(**names) if isinstance(statement, str) else statement
    return connection.exec_driver_sql(composed.as_string(_driver(connection)))


def _fetched(connection: Connection, statement: str, **names: sql.Composable) -> Any:
    return _run(connection, statement, **names).all()


def _scalar(connection: Connection, statement: str, **names: sql.Composable) -> Any:
    return _run(connection, statement, **names).scalar_one()
