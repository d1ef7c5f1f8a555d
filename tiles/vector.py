"""Vector tiles straight from PostGIS, each with the version of the layer that it was made from."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import asyncpg

from db.selection import Selection
from tiles.layers import TILE_LAYERS
from tiles.statements import BUDGET, BUFFER, EXTENT, POINT_VALUES, SHAPE_VALUES, TileLayer
from tiles.statements import statement as build
from tiles.tile import HALF, Tile

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
    connection: "asyncpg.pool.PoolConnectionProxy[Any]", collection: str, tile: Tile, selection: Selection
) -> VectorTile:
    """The tile of a collection; features one by one up to the budget, cells with counts above it.

    Filters that a collection does not know, such as the period of a source, match all of its rows.
    """
    layer = TILE_LAYERS[collection]
    filters = {name: value for name, value in filters_of(selection).items() if name in layer.filters}
    values = (*_frame(layer, tile, selection), *filters.values())
    (row,) = await connection.fetch(_statement(layer, tuple(filters), aggregated=False), *values)
    if layer.kind == "points" and row["features"] > BUDGET:
        (row,) = await connection.fetch(_statement(layer, tuple(filters), aggregated=True), *values)
    return VectorTile(row["version"], row["tile"] if row["features"] else b"")


_statement = lru_cache(maxsize=64)(build)


def _frame(layer: TileLayer, tile: Tile, selection: Selection) -> list[Value]:
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
    }
    return [values[name] for name in (POINT_VALUES if layer.kind == "points" else SHAPE_VALUES)]
