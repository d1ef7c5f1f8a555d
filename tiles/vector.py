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
        "since": period.start if period else None,
        "until": period.end if period else None,
    }
    return MappingProxyType({name: value for name, value in chosen.items() if value is not None})


async def vector_tile(
    connection: Connection, collection: str, tile: Tile, selection: Selection, budget: int = BUDGET
) -> VectorTile:
    """The tile of a collection; features one by one up to the budget, cells with counts above it.

    Filters that a collection does not know, such as the period of a source, match all of its rows.
    """
    layer = TILE_LAYERS[collection]
    filters = {name: value for name, value in filters_of(selection).items() if name in layer.filters}
    values = (*_frame(layer, tile, selection, budget), *filters.values())
    (row,) = await connection.fetch(_statement(layer, tuple(filters), aggregated=False), *values)
    if layer.kind == "points" and row["features"] > budget:
        (row,) = await connection.fetch(_statement(layer, tuple(filters), aggregated=True), *values)
    return VectorTile(row["version"], row["tile"] if row["features"] else b"")


_statement = lru_cache(maxsize=64)(build)


def _frame(layer: TileLayer, tile: Tile, selection: Selection, budget: int) -> list[Value]:
    """What every statement binds; the far edges of the world belong to the last column and row."""
    values: dict[str, Value] = {
        "west": tile.west,
        "south": tile.south,
        "east": tile.east,
        "north": tile.north,
        "pad": tile.width * BUFFER / EXTENT,
        "visibilities": list(selection.visibilities),
        "scale": EXTENT / tile.width,
        "half": HALF,
        "last_east": math.inf if tile.x == tile.last else tile.east,
        "last_south": -math.inf if tile.y == tile.last else tile.south,
        "shifts": list(tile.shifts),
        "most": budget,
    }
    return [values[name] for name in (POINT_VALUES if layer.kind == "points" else SHAPE_VALUES)]
