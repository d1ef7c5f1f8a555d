"""Vector tiles straight from PostGIS, each with the version of the layer that it was made from."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from db.selection import Selection
from tiles.layers import TILE_LAYERS
from tiles.statements import BUFFER, EXTENT, POINT_VALUES, SHAPE_VALUES, TileLayer
from tiles.statements import statement as build
from tiles.tile import HALF, Tile

BUDGET = 50_000
"""Most points of one tile that are sent one by one; above, cells with counts are sent, and nothing is dropped."""

Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy
Value = float | str | dt.date | list[float] | list[str]


@dataclass(frozen=True, slots=True)
class VectorTile:
    """The bytes of a tile, empty where there is nothing, and the version of the rows, read in the same snapshot."""

    version: int
    body: bytes


def filters_of(selection: Selection) -> Mapping[str, Value]:
    """What a selection restricts, by the name of the filter."""
    period = selection.period
    chosen: dict[str, Value | None] = {
        "contaminant": selection.contaminant,
        "dataset": selection.dataset,
        "medium": selection.medium,
        "digestion": selection.digestion,
        "basis": selection.basis,
        "since": period.start if period else None,
        "until": period.end if period else None,
    }
    return MappingProxyType({name: value for name, value in chosen.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Question:
    """A tile of a collection, as it is asked of the database: a constant statement and the values it binds.

    Filters that a collection does not know, such as the period of a source, match all of its rows.
    """

    collection: str
    tile: Tile
    selection: Selection
    budget: int = BUDGET

    @property
    def layer(self) -> TileLayer:
        """How the collection becomes tiles."""
        return TILE_LAYERS[self.collection]

    @property
    def filters(self) -> Mapping[str, Value]:
        """What is restricted, by the name of the filter."""
        chosen = filters_of(self.selection)
        return {name: value for name, value in chosen.items() if name in self.layer.filters}

    def statement(self, *, aggregated: bool) -> str:
        """SQL that answers one row: version, features, tile."""
        return _statement(self.layer, tuple(self.filters), aggregated=aggregated)

    @property
    def values(self) -> list[Value]:
        """What the statement binds; the far edges of the world belong to the last column and row."""
        tile, layer = self.tile, self.layer
        frame: dict[str, Value] = {
            "west": tile.west,
            "south": tile.south,
            "east": tile.east,
            "north": tile.north,
            "pad": tile.width * BUFFER / EXTENT,
            "visibilities": list(self.selection.visibilities),
            "scale": EXTENT / tile.width,
            "half": HALF,
            "last_east": math.inf if tile.x == tile.last else tile.east,
            "last_south": -math.inf if tile.y == tile.last else tile.south,
            "shifts": list(tile.shifts),
            "most": self.budget,
        }
        names = POINT_VALUES if layer.kind == "points" else SHAPE_VALUES
        return [*(frame[name] for name in names), *self.filters.values()]


async def vector_tile(connection: Connection, question: Question) -> VectorTile:
    """The tile: features one by one up to the budget, cells with counts above it."""
    (row,) = await connection.fetch(question.statement(aggregated=False), *question.values)
    if question.layer.kind == "points" and row["features"] > question.budget:
        (row,) = await connection.fetch(question.statement(aggregated=True), *question.values)
    return VectorTile(row["version"], row["tile"] if row["features"] else b"")


_statement = lru_cache(maxsize=64)(build)
