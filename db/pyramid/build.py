"""The pyramid of a dataset: made from its rows, forgotten in the transaction that changes them.

It is a tree of tiles. One that holds more than `MOST_POINTS` of a contaminant keeps them in its 64 by 64 cells, and has
children; one that holds fewer keeps them in the finest cells, from which all tiles below are drawn.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import Connection, Engine, delete, select, text

from db.pyramid.cells import Cells, together
from db.pyramid.grid import BASE_ZOOM, CELL_ZOOM, CELLS_DOWN, DEEPEST, HALF, Codes, codes_of
from db.pyramid.rows import MEASUREMENTS, POINTS, ROW, SITES, SPECIMENS, Subject, populations_of
from db.tables import dataset, pyramid_state

MOST_POINTS = 4_096
"""More points than a tile has cells are drawn as cells."""
BATCH = 1_000_000
"""Rows that are held in memory at once, about; those of one contaminant always are."""
ALL_YEARS, SEVERAL = 0, 0
"""A row of all years has ALL_YEARS for its first one, and for its last one SEVERAL where rows by years stand beside it,
else the year of all its points, -1 where that is not known."""
_YEARS = 100_000

Part = tuple[Subject, str, NDArray[np.void]]
"""A subject, a contaminant (or none) and its points."""
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
    _copy_nodes(connection, _all_rows(connection, dataset_id), dataset_id)
    _run(connection, "INSERT INTO pyramid_state (dataset_id) VALUES ({id})", id=sql.Literal(dataset_id))
    return True


def _all_rows(connection: Connection, dataset_id: int) -> Iterator[Part]:
    """The points of each subject and contaminant."""
    for subject in (SPECIMENS, SITES):
        yield subject, "", _points(connection, subject.rows(dataset_id, ()))
    for batch in _batches(connection, dataset_id):
        points = _points(connection, MEASUREMENTS.rows(dataset_id, batch))
        order = np.argsort(points["contaminant"], kind="stable")
        points = points[order]
        for number, contaminant in enumerate(batch, start=1):
            one, other = np.searchsorted(points["contaminant"], [number, number + 1])
            yield MEASUREMENTS, contaminant, points[one:other]


def _batches(connection: Connection, dataset_id: int) -> Iterator[tuple[str, ...]]:
    """Contaminants that are read together."""
    counted = "SELECT contaminant_id, count(*) FROM measurement WHERE dataset_id = {id} GROUP BY 1 ORDER BY 1"
    batch: list[str] = []
    held = 0
    for contaminant, count in _fetched(connection, counted, id=sql.Literal(dataset_id)):
        if batch and held + count > BATCH:
            yield tuple(batch)
            batch, held = [], 0
        batch.append(contaminant)
        held += count
    if batch:
        yield tuple(batch)


def _points(connection: Connection, query: sql.Composed) -> NDArray[np.void]:
    """Rows of the dtype `ROW` that lie within the square of the tiles."""
    with _driver(connection).cursor(binary=True) as cursor:
        (packed,) = cursor.execute(query).fetchone()
    points: NDArray[np.void] = np.frombuffer(packed or b"", ROW)
    inside: NDArray[np.void] = points[np.abs(points["y"]) <= HALF]
    return inside


def _copy_nodes(connection: Connection, parts: Iterable[Part], dataset_id: int) -> None:
    command = f"COPY pyramid_node ({', '.join(_TYPES)}) FROM STDIN (FORMAT binary)"
    for subject, contaminant, points in parts:
        with _driver(connection).cursor() as cursor, cursor.copy(command) as copy:
            copy.set_types(list(_TYPES.values()))
            for years, node in _nodes_by_years(points):
                key = (subject.layer, contaminant, node.number, dataset_id, *years)
                copy.write_row((*key, node.leaf, node.cells.total, *node.cells.packed()))


def _nodes_by_years(points: NDArray[np.void]) -> Iterator[tuple[tuple[int, int], Node]]:
    """The tiles of all years together and, where there are several, of each period in which samples were taken."""
    if not len(points):
        return
    native = {name: points[name].astype(points.dtype[name].newbyteorder("=")) for name in POINTS[1:]}
    codes = codes_of(native["x"], native["y"])
    order = np.argsort(codes)
    codes, native = codes[order], {name: column[order] for name, column in native.items()}
    crowded = _crowded(codes)
    periods, which = np.unique(_period_of(native), return_inverse=True)
    years = [_years_of(period) for period in periods.tolist()]
    one_year = len(years) == 1 and years[0][0] == years[0][1]
    chosen = [((ALL_YEARS, years[0][0] if one_year else SEVERAL), np.ones(len(codes), np.bool_))]
    if not one_year:
        chosen += [(pair, which == number) for number, pair in enumerate(years)]
    for pair, mask in chosen:
        columns = (native[name][mask] for name in ("population", "lower", "upper"))
        for node in _tree(Cells.of(codes[mask], *columns), crowded):
            yield pair, node


def _period_of(points: Mapping[str, NDArray[np.generic]]) -> NDArray[np.int64]:
    """The years in which each point was sampled, as one number; -1 and -1 where they are not known."""
    first, last = (points[name].astype(np.int64) + 1 for name in ("first_year", "last_year"))
    return np.asarray(first * _YEARS + last, np.int64)


def _years_of(period: int) -> tuple[int, int]:
    first, last = divmod(period, _YEARS)
    return first - 1, last - 1


def _crowded(codes: Codes) -> list[NDArray[np.uint64]]:
    """By zoom, the codes of the tiles that hold more than `MOST_POINTS` of the points with these sorted codes."""
    crowded = []
    for zoom in range(DEEPEST + 1):
        tiles, counts = np.unique(codes >> np.uint64(2 * (BASE_ZOOM - zoom)), return_counts=True)
        crowded.append(tiles[counts > MOST_POINTS])
    return crowded


def _tree(finest: Cells, crowded: list[NDArray[np.uint64]]) -> Iterator[Node]:
    """The tiles of the tree from the deepest up: crowded ones in their own cells, the others in the finest."""
    below = Cells.none()
    for zoom in range(DEEPEST, -1, -1):
        tiles = finest.entries["code"] >> np.uint64(2 * (CELL_ZOOM - zoom))
        mine = np.isin(tiles, crowded[zoom])
        parents = np.isin(tiles >> np.uint64(2), crowded[zoom - 1]) if zoom else np.ones(len(tiles), np.bool_)
        leaves = finest.only(parents & ~mine)
        yield from _sliced(leaves, zoom, CELL_ZOOM - zoom, leaf=True)
        if zoom == DEEPEST:
            heavy = finest.only(mine)
        else:
            # what is crowded here is crowded further down, or a leaf there
            lower = finest.only(mine & ~np.isin(tiles_at(finest, zoom + 1), crowded[zoom + 1]))
            heavy = together([below.coarser(1), lower.coarser(CELL_ZOOM - CELLS_DOWN - zoom)])
        yield from _sliced(heavy.with_quantiles(), zoom, CELLS_DOWN, leaf=False)
        below = heavy


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
