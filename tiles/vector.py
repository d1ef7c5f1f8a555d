"""Vector tiles: features one by one where they are few, cells with counts where they are many; nothing is dropped."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeAlias

import asyncpg
import numpy as np
from asyncpg.pool import PoolConnectionProxy

from db.pyramid.asking import are_whole_years
from db.pyramid.build import MOST_POINTS
from db.pyramid.cells import Cells, together
from db.pyramid.grid import DEEPEST
from db.questions import layer as asked_layer
from db.selection import Selection
from db.statement import rendered
from tiles.cell_features import drawn_cells, drawn_pooled
from tiles.layers import layer_of
from tiles.pyramid import (
    Place,
    Population,
    cells_of_nodes,
    cells_of_rows,
    chosen,
    entries_of_node,
    populations_of,
)
from tiles.statements import (
    BUFFER,
    EXTENT,
    FRAME,
    FRAMES,
    Asking,
    TileLayer,
    beyond_statement,
    features_statement,
    rows_statement,
)
from tiles.tile import HALF, Tile

BUDGET = MOST_POINTS
"""Most features of one tile that are sent one by one; above, cells with counts are sent."""
MOST_BYTES = 500_000
"""Of a tile; features that take more are sent as cells."""
MOST_ROWS = 400_000
"""Rows that are counted for one tile, where the pyramid cannot answer."""
FEATURES_FIRST = 8
"""The zoom from which on tiles are tried feature by feature before anything is counted."""

Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy
Value = float | str | dt.date | list[float] | list[str] | list[int]


class BeyondBudgetError(ValueError):
    """The tile holds more rows than are counted for one request; the message says what helps."""


@dataclass(frozen=True, slots=True)
class VectorTile:
    """The bytes of a tile, empty where there is nothing, and the version of the rows that it was made from."""

    version: int
    body: bytes


def filters_of(selection: Selection) -> Mapping[str, Value]:
    """What a selection restricts, by the name of the filter."""
    period, depth = selection.period, selection.depth
    found: dict[str, Value | None] = {
        "contaminant": selection.contaminant,
        "dataset": selection.dataset,
        "medium": selection.medium,
        "digestion": selection.digestion,
        "basis": selection.basis,
        "upper_depth_cm": depth[0] if depth else None,
        "lower_depth_cm": depth[1] if depth else None,
        "since": period.start if period else None,
        "until": period.end if period else None,
    }
    return MappingProxyType({name: value for name, value in found.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Question:
    """A tile of a collection, as it is asked of the database: constant statements and the values they bind.

    Filters that a collection does not know, such as the period of a source, match all of its rows. `limit` is a
    concentration in mg/kg with which features are compared.
    """

    collection: str
    tile: Tile
    selection: Selection
    budget: int = BUDGET
    limit: float | None = None

    @property
    def layer(self) -> TileLayer:
        """How the collection becomes tiles."""
        return layer_of(self.collection, self.selection)

    @property
    def filters(self) -> Mapping[str, Value]:
        """What is restricted, by the name of the filter."""
        found = filters_of(self.selection)
        return {name: value for name, value in found.items() if name in self.layer.filters}

    @property
    def statement(self) -> str:
        """SQL that answers one row: version, features, tile."""
        return _features_statement(self.layer, self._asking(compared=True))

    @property
    def values(self) -> list[Value]:
        """What the statement binds; the far edges of the world belong to the last column and row."""
        limit = [self.limit] if self._compared else []
        return [*self._frame(self.layer.kind, self.budget), *self.filters.values(), *limit, *self._keys[1]]

    def counted(self, most: int, datasets: list[int] | None = None) -> tuple[str, list[Value]]:
        """SQL that answers at most one point more than `most` as rows, perhaps of some datasets; and its values."""
        asking = self._asking(compared=False)
        among: list[Value] = []
        if datasets is not None:
            asking, among = Asking((*asking.filters, "among"), keys=asking.keys), [datasets]
        values = [*self._frame("rows", most), *self.filters.values(), *among, *self._keys[1]]
        return _rows_statement(self.layer, asking), values

    @property
    def beyond(self) -> tuple[str, list[Value]]:
        """SQL that answers how many rows lie in no tile, north or south of them all; and its values."""
        values = [*self._frame("rows", MOST_ROWS), *self.filters.values(), *self._keys[1]]
        return _beyond_statement(self.layer, self._asking(compared=False)), values

    @property
    def place(self) -> Place | None:
        """Where in the pyramid the answer is, if it is there."""
        layer, selection = self.layer, self.selection
        others = set(self.filters) - {"contaminant", "dataset", "since", "until", *layer.populations}
        measured = "contaminant" in self.filters
        if layer.pyramid is None or self.tile.z > DEEPEST or others or selection.filter is not None:
            return None
        if measured != (layer.pyramid == "contaminant") or not are_whole_years(selection.period):
            return None
        period = selection.period if "since" in layer.filters else None
        contaminant = selection.contaminant if measured else None
        return Place(layer.name, contaminant, self.tile, selection.dataset, period, selection.visibilities)

    @property
    def wanted(self) -> Mapping[str, Any]:
        """What the populations of the answer must be."""
        return {name: value for name, value in self.filters.items() if name in self.layer.populations}

    @property
    def _compared(self) -> bool:
        return self.limit is not None and bool(self.layer.against)

    @property
    def _keys(self) -> tuple[str | None, list[Any]]:
        if self.selection.filter is None:
            return None, []
        return rendered(asked_layer.keys(self.layer.rows(self.selection), self.selection))

    def _asking(self, *, compared: bool) -> Asking:
        return Asking(tuple(self.filters), compared and self._compared, self._keys[0])

    def _frame(self, kind: str, most: int) -> list[Value]:
        tile = self.tile
        frame: dict[str, Value] = {
            "west": tile.west,
            "south": tile.south,
            "east": tile.east,
            "north": tile.north,
            "pad": tile.width * BUFFER / EXTENT,
            "visibilities": list(self.selection.visibilities),
            "most": most,
            "half": HALF,
            "scale": EXTENT / tile.width,
            "last_east": math.inf if tile.x == tile.last else tile.east,
            "last_south": -math.inf if tile.y == tile.last else tile.south,
            "shifts": list(tile.shifts),
        }
        return [frame[name] for name in FRAME[: FRAMES[kind]]]


async def vector_tile(connection: Connection, question: Question) -> VectorTile:
    """The tile; raises `BeyondBudgetError` where only a count of too many rows would tell what it holds."""
    place = question.place
    if place is None or question.tile.z >= FEATURES_FIRST:
        found = await _features(connection, question)
        if found is not None:
            return found
    cells = await _from_pyramid(connection, question, place) if place is not None else None
    if cells is None:
        found = await _features(connection, question) if place is not None else None
        if found is not None:
            return found
        cells = await _counted(connection, question)
    return _drawn(question, cells)


async def _features(connection: Connection, question: Question) -> VectorTile | None:
    """Features one by one, unless they are too many or too large."""
    (row,) = await connection.fetch(question.statement, *question.values)
    if row["features"] > question.budget or len(row["tile"]) > MOST_BYTES:
        return None
    return VectorTile(row["version"], row["tile"] if row["features"] else b"")


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What cells were found, of which version, and what their populations are."""

    version: int
    cells: Cells
    populations: Mapping[int, Population]


async def _from_pyramid(connection: Connection, question: Question, place: Place) -> _Found | None:
    """The cells of a tile, or None where its points are few enough to be sent one by one."""
    rows = await connection.fetch(place.statement("survey"), *place.values)
    unbuilt, nodes = rows[0]["unbuilt"], [row for row in rows if row["node"] is not None]
    crowded = any(not row["leaf"] for row in nodes)
    if not crowded and not unbuilt and sum(row["count"] for row in nodes) <= question.budget:
        return None
    if crowded and not unbuilt and len(nodes) == 1 and question.limit is None:
        cells = entries_of_node(nodes[0])
        populations = await _populations(connection, cells)
        found = _Found(nodes[0]["version"], chosen(cells, populations, question.wanted), populations)
    else:
        found = await _merged(connection, question, place)
    return found if crowded or found.cells.total > question.budget else None


async def _merged(connection: Connection, question: Question, place: Place) -> _Found:
    """The cells of several datasets, some of them perhaps without a pyramid, all read in one snapshot."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await connection.fetch(place.statement("survey"), *place.values)
        parts = cells_of_nodes(question.tile, await connection.fetch(place.statement("contents"), *place.values))
        populations: dict[int, Population] = {}
        if rows[0]["unbuilt"]:
            live = await _counted(connection, question, rows[0]["unbuilt"])
            parts, populations = [*parts, live.cells], dict(live.populations)
        cells = together(parts)
        populations |= await _populations(connection, cells)
    return _Found(rows[0]["version"], chosen(cells, populations, question.wanted), populations)


async def _populations(connection: Connection, cells: Cells) -> dict[int, Population]:
    """What populations are; being called after their contents they never change, so each is read once."""
    wanted = set(np.unique(cells.entries["population"]).tolist()) - {0}
    if missing := sorted(wanted - _KNOWN.keys()):
        if len(_KNOWN) > MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN.update({row["id"]: dict(row) for row in await connection.fetch(_POPULATIONS, missing)})
    return {key: _KNOWN[key] for key in wanted & _KNOWN.keys()}


MOST_KNOWN = 10_000
_KNOWN: dict[int, Population] = {}
_POPULATIONS = "SELECT * FROM pyramid_population WHERE id = ANY($1::bigint[])"


async def _counted(connection: Connection, question: Question, datasets: list[int] | None = None) -> _Found:
    """The cells of a tile, counted row by row."""
    statement, values = question.counted(MOST_ROWS, datasets)
    (row,) = await connection.fetch(statement, *values)
    if row["features"] > MOST_ROWS:
        raise BeyondBudgetError(
            f"more than {MOST_ROWS:,} rows would have to be counted for this tile with these filters: "
            "ask for a deeper zoom, or for whole years, a dataset or a contaminant, which are counted already"
        )
    return _Found(row["version"], cells_of_rows(question.tile, row["points"]), populations_of(row["populations"]))


def _drawn(question: Question, found: _Found) -> VectorTile:
    """Cells as features; where populations are so many that the tile would be too large, counts alone."""
    if not len(found.cells):
        return VectorTile(found.version, b"")
    name, contaminant = question.layer.name, question.selection.contaminant
    cells = found.cells if _has_quantiles(found.cells) else found.cells.with_quantiles()
    body = drawn_cells(name, cells, found.populations, contaminant=contaminant, limit=question.limit)
    if len(body) > MOST_BYTES:
        body = drawn_pooled(name, cells, contaminant=contaminant)
    return VectorTile(found.version, body)


def _has_quantiles(cells: Cells) -> bool:
    return not (np.isnan(cells.entries["median"]) & ~np.isnan(cells.entries["highest"])).any()


_features_statement = lru_cache(maxsize=64)(features_statement)
_rows_statement = lru_cache(maxsize=64)(rows_statement)
_beyond_statement = lru_cache(maxsize=64)(beyond_statement)
