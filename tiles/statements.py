"""The SQL of vector tiles: constant texts, in which a request chooses among known conditions and binds values.

A point belongs to exactly one tile of a zoom: the one beyond whose western and northern edges it does not lie
(the last column and row own the far edge of the world too). Its tile coordinates are rounded down, and kept
inside 0..4095 for the owner and outside for every other tile, so that counts over tiles are counts of rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

EXTENT = 4096
BUFFER = 64
CELL = 64
"""Side of a cell of the aggregate in tile units: 64 by 64 cells a tile."""
POINT_VALUES = (
    *("west", "south", "east", "north", "pad", "visibilities"),
    *("scale", "half", "last_east", "last_south", "shifts", "most"),
)
SHAPE_VALUES = POINT_VALUES[:6]
"""What every statement binds, in this order; the values of its filters follow."""

_NUMBERED = {name: f"${place}::float8" for place, name in enumerate(POINT_VALUES, start=1)}
_NUMBERED |= {
    "visibilities": f"${POINT_VALUES.index('visibilities') + 1}::text[]",
    "shifts": f"${POINT_VALUES.index('shifts') + 1}::float8[]",
    "most": f"${POINT_VALUES.index('most') + 1}::bigint",
}
SEEN = f"ANY(ARRAY(SELECT d.id FROM dataset d WHERE d.visibility = ANY({_NUMBERED['visibilities']})))"  # noqa: S608
DATASET = "ANY(ARRAY(SELECT d.id FROM dataset d WHERE d.name = {}))"
"""Conditions on datasets, for a layer's `seen` and its filter by dataset; looked up once, before the rows are."""


@dataclass(frozen=True, slots=True, eq=False)
class TileLayer:
    """How a collection becomes tiles; all texts are SQL, `s` being the table with the geometry.

    `attributes` go from name to expression, `joins` follow the geometry's table, `seen` is the visibility, `filters`
    are the conditions that a request may choose, with {} for each value; `apart` names the attributes that an
    aggregate must never pool, and `summary` what it says of a cell besides its count.
    """

    name: str
    kind: Literal["points", "shapes"]
    table: str
    key: str
    attributes: Mapping[str, str]
    seen: str
    filters: Mapping[str, str]
    joins: str = ""
    apart: tuple[str, ...] = ()
    summary: Mapping[str, str] = field(default_factory=dict)


def statement(layer: TileLayer, filters: tuple[str, ...], *, aggregated: bool = False) -> str:
    """SQL that answers version, number of features and tile; raises `KeyError` for a filter that the layer has not."""
    conditions = _conditions(layer, filters)
    if layer.kind == "shapes":
        return _answer(layer, _shapes(layer, conditions))
    placed = f"WITH placed AS ({_placed(layer, conditions)})"
    return _answer(layer, placed + (_aggregate(layer) if aggregated else _each(layer)))


def _conditions(layer: TileLayer, filters: tuple[str, ...]) -> str:
    place = len(POINT_VALUES if layer.kind == "points" else SHAPE_VALUES)
    conditions = [layer.seen]
    for name in filters:
        text = layer.filters[name]
        width = text.count("{}")
        conditions.append(text.format(*(f"${place + turn}" for turn in range(1, width + 1))))
        place += width
    return " AND ".join(f"({condition})" for condition in conditions)


def _answer(layer: TileLayer, features: str) -> str:
    version = f"SELECT version FROM layer_version WHERE layer = '{layer.name}'"  # noqa: S608  a constant of ours
    tile = f"ST_AsMVT(feature, '{layer.name}', {EXTENT}, 'geometry', 'id')"
    answer = f"coalesce(({version}), 0) AS version, count(*) AS features, {tile} AS tile"
    return f"{features} SELECT {answer} FROM feature"  # noqa: S608  constants of this file


_PLACED = """
SELECT {key} AS id, {attributes},
  CASE WHEN at.x < {west} OR shift.x < 0 THEN least(-1, floor((at.x - {west}) * {scale}))
       WHEN at.x >= {last_east} OR shift.x > 0 THEN greatest({extent}, floor((at.x - {west}) * {scale}))
       ELSE greatest(0, least({extent} - 1, floor((at.x - {west}) * {scale}))) END AS tile_x,
  CASE WHEN at.y > {north} THEN least(-1, floor(({north} - at.y) * {scale}))
       WHEN at.y <= {last_south} THEN greatest({extent}, floor(({north} - at.y) * {scale}))
       ELSE greatest(0, least({extent} - 1, floor(({north} - at.y) * {scale}))) END AS tile_y
FROM unnest({shifts}) AS shift(x)
JOIN {table} s ON s.geom_3857 && ST_MakeEnvelope({west} - {pad} - shift.x, {south} - {pad},
                                                 {east} + {pad} - shift.x, {north} + {pad}, 3857)
CROSS JOIN LATERAL (SELECT ST_X(s.geom_3857) + shift.x AS x, ST_Y(s.geom_3857) AS y) at
{joins}
WHERE at.y BETWEEN -{half} AND {half} AND {conditions}"""


def _placed(layer: TileLayer, conditions: str) -> str:
    return _PLACED.format(
        key=layer.key,
        attributes=_columns(layer.attributes),
        table=layer.table,
        joins=layer.joins,
        conditions=conditions,
        extent=EXTENT,
        **_NUMBERED,
    )


def _columns(expressions: Mapping[str, str]) -> str:
    return ", ".join(f"{expression} AS {name}" for name, expression in expressions.items())


def _each(layer: TileLayer) -> str:
    reach = f"BETWEEN -{BUFFER} AND {EXTENT + BUFFER - 1}"
    return (
        f", feature AS (SELECT id, {', '.join(layer.attributes)}, ST_MakePoint(tile_x, tile_y) AS geometry "  # noqa: S608
        f"FROM placed WHERE tile_x {reach} AND tile_y {reach} LIMIT {_NUMBERED['most']} + 1)"
    )


def _aggregate(layer: TileLayer) -> str:
    inside = f"tile_x BETWEEN 0 AND {EXTENT - 1} AND tile_y BETWEEN 0 AND {EXTENT - 1}"
    across, down = f"floor(tile_x / {CELL})", f"floor(tile_y / {CELL})"
    centre = f"ST_MakePoint({across} * {CELL} + {CELL // 2}, {down} * {CELL} + {CELL // 2})"
    apart = "".join(f"{name}, " for name in layer.apart)
    summary = _columns({"count": "count(*)", **layer.summary})
    return (
        f", feature AS (SELECT min(id) AS id, {apart}{summary}, {centre} AS geometry FROM placed "  # noqa: S608
        f"WHERE {inside} AND {_NUMBERED['most']} >= 0 GROUP BY {apart}{across}, {down})"
    )


_SHAPES = """
WITH shape AS (
  SELECT {key} AS id, {attributes},
    ST_AsMVTGeom(s.geom_3857, ST_MakeEnvelope({west}, {south}, {east}, {north}, 3857), {extent}, {buffer}) AS geometry
  FROM {table} s {joins}
  WHERE s.geom_3857 && ST_MakeEnvelope({west} - {pad}, {south} - {pad}, {east} + {pad}, {north} + {pad}, 3857)
    AND {conditions}
), feature AS (SELECT * FROM shape WHERE geometry IS NOT NULL)"""


def _shapes(layer: TileLayer, conditions: str) -> str:
    return _SHAPES.format(
        key=layer.key,
        attributes=_columns(layer.attributes),
        table=layer.table,
        joins=layer.joins,
        conditions=conditions,
        extent=EXTENT,
        buffer=BUFFER,
        **_NUMBERED,
    )
