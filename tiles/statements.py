"""The SQL of vector tiles: constant texts, in which a request chooses among known conditions and binds values.

A point belongs to exactly one tile of a zoom: the one beyond whose western and northern edges it does not lie
(the last column and row own the far edge of the world too). Its tile coordinates are rounded down, and kept
inside 0..4095 for the owner and outside for every other tile, so that counts over tiles are counts of rows.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from db.pyramid.rows import PACKED, SITES, Subject
from db.questions.layer import Layer
from db.selection import Selection

EXTENT = 4096
BUFFER = 64
FRAME = (
    *("west", "south", "east", "north", "pad", "visibilities"),
    *("most", "half", "scale", "last_east", "last_south", "shifts"),
)
"""What statements bind, in this order; the values of filters follow."""
FRAMES = {"points": len(FRAME), "shapes": FRAME.index("most") + 1, "rows": FRAME.index("half") + 1}
"""How many of them each kind of statement binds."""

_KINDS = {"visibilities": "text[]", "shifts": "float8[]", "most": "bigint"}
_NUMBERED = {name: f"${place}::{_KINDS.get(name, 'float8')}" for place, name in enumerate(FRAME, start=1)}
SEEN = f"ANY(ARRAY(SELECT d.id FROM dataset d WHERE d.visibility = ANY({_NUMBERED['visibilities']})))"  # noqa: S608
DATASET = "ANY(ARRAY(SELECT d.id FROM dataset d WHERE d.name = {}))"
"""Conditions on datasets, for a layer's `seen` and its filter by dataset; looked up once, before the rows are."""


@dataclass(frozen=True, slots=True, eq=False)
class TileLayer:
    """How a collection becomes tiles; all texts are SQL, `s` being the table with the geometry.

    `attributes` go from name to expression, `joins` follow the geometry's table, `seen` is the visibility, `filters`
    are the conditions that a request may choose, with {} for each value; `rows` asks for the same features in the
    words of the collection, for filters in CQL2. `subject` is what cells count, and `populations` what they keep
    apart; `pyramid` says whether they are counted already, as a whole or by contaminant. `against` are attributes
    that compare with a limit, {} standing for it.
    """

    name: str
    kind: Literal["points", "shapes"]
    table: str
    key: str
    attributes: Mapping[str, str]
    seen: str
    filters: Mapping[str, str]
    rows: Callable[[Selection], Layer]
    joins: str = ""
    subject: Subject = SITES
    pyramid: Literal["whole", "contaminant"] | None = None
    populations: Mapping[str, str] = field(default_factory=dict)
    against: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where a feature counts: a shape in the middle of its box."""
        return "s.geom_3857" if self.kind == "points" else "ST_Centroid(ST_Envelope(s.geom_3857))"


@dataclass(frozen=True, slots=True)
class Asking:
    """Which filters a statement has, whether it compares with a limit, and a condition on keys with its values' number.

    `keys` is a query for the keys of features in SQL that counts its own values from $1.
    """

    filters: tuple[str, ...] = ()
    against: bool = False
    keys: str | None = None


def features_statement(layer: TileLayer, asking: Asking) -> str:
    """SQL that answers version, number of features and tile; raises `KeyError` for a filter that the layer has not."""
    template, bound = (_PLACED, "points") if layer.kind == "points" else (_SHAPES, "shapes")
    conditions, place = _conditions(layer, asking, FRAMES[bound])
    attributes = dict(layer.attributes)
    if asking.against:
        attributes |= {name: text.format(f"${place}::float8") for name, text in layer.against.items()}
    features = template.format(
        key=layer.key,
        attributes=_columns(attributes),
        names=", ".join(attributes),
        table=layer.table,
        joins=layer.joins,
        conditions=conditions,
        extent=EXTENT,
        buffer=BUFFER,
        reach=f"BETWEEN -{BUFFER} AND {EXTENT + BUFFER - 1}",
        **_NUMBERED,
    )
    tile = f"ST_AsMVT(feature, '{layer.name}', {EXTENT}, 'geometry', 'id')"
    counted = f"(SELECT count(*) FROM {'feature' if layer.kind == 'points' else 'shape'})"  # noqa: S608
    answer = f"{version_of(layer.name)} AS version, {counted} AS features, {tile} AS tile"
    return f"{features} SELECT {answer} FROM feature"  # noqa: S608  constants of this file


def rows_statement(layer: TileLayer, asking: Asking) -> str:
    """SQL that answers version, number of points, the points as rows of the pyramid, and their populations."""
    conditions, _ = _conditions(layer, asking, FRAMES["rows"])
    subject = layer.subject
    return _ROWS.format(
        place=layer.place,
        population=subject.population,
        bounds=subject.bounds,
        populations=_columns(layer.populations) or "NULL AS medium",
        names=", ".join(layer.populations) or "medium",
        table=layer.table,
        joins=layer.joins,
        conditions=conditions,
        packed=PACKED,
        version=version_of(layer.name),
        **_NUMBERED,
    )


def beyond_statement(layer: TileLayer, asking: Asking) -> str:
    """SQL that answers how many features lie wholly beyond the square of the tiles."""
    conditions, _ = _conditions(layer, asking, FRAMES["rows"])
    return _BEYOND.format(table=layer.table, joins=layer.joins, conditions=conditions, **_NUMBERED)


def version_of(layer: str) -> str:
    """SQL for the version of a layer."""
    return f"coalesce((SELECT version FROM layer_version WHERE layer = '{layer}'), 0)"  # noqa: S608  a constant of ours


def _conditions(layer: TileLayer, asking: Asking, place: int) -> tuple[str, int]:
    """The conditions, whose values follow the first `place` ones; and the place of the value that comes next."""
    conditions = [layer.seen]
    for name in asking.filters:
        text = layer.filters[name]
        width = text.count("{}")
        conditions.append(text.format(*(f"${place + turn}" for turn in range(1, width + 1))))
        place += width
    following = place + 1
    if asking.keys is not None:
        shift = place + asking.against
        keys = re.sub(r"\$(\d+)", lambda found: f"${int(found[1]) + shift}", asking.keys)
        conditions.append(f"{layer.key} IN ({keys})")
    return " AND ".join(f"({condition})" for condition in conditions), following


def _columns(expressions: Mapping[str, str]) -> str:
    return ", ".join(f"{expression} AS {name}" for name, expression in expressions.items())


_PLACED = """
WITH placed AS (
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
CROSS JOIN LATERAL (SELECT ST_X(s.geom_3857) + shift.x AS x, ST_Y(s.geom_3857) AS y OFFSET 0) at
{joins}
WHERE at.y BETWEEN -{half} AND {half} AND {conditions}
OFFSET 0
), feature AS (SELECT id, {names}, ST_MakePoint(tile_x, tile_y) AS geometry
               FROM placed WHERE tile_x {reach} AND tile_y {reach} LIMIT {most} + 1)"""

_SHAPES = """
WITH shape AS (
  SELECT {key} AS id, {attributes},
    ST_AsMVTGeom(s.geom_3857, ST_MakeEnvelope({west}, {south}, {east}, {north}, 3857), {extent}, {buffer}) AS geometry
  FROM {table} s {joins}
  WHERE s.geom_3857 && ST_MakeEnvelope({west} - {pad}, {south} - {pad}, {east} + {pad}, {north} + {pad}, 3857)
    AND {conditions}
  LIMIT {most} + 1
), feature AS (SELECT * FROM shape WHERE geometry IS NOT NULL)"""

_ROWS = """
WITH point AS MATERIALIZED (
  SELECT 0 AS contaminant, ST_X(at.place) AS x, ST_Y(at.place) AS y, {population} AS population,
         0 AS first_year, 0 AS last_year, {bounds}, {populations}
  FROM {table} s CROSS JOIN LATERAL (SELECT {place} AS place) at {joins}
  WHERE s.geom_3857 && ST_MakeEnvelope({west} - {pad}, {south} - {pad}, {east} + {pad}, {north} + {pad}, 3857)
    AND ST_Y(at.place) BETWEEN -{half} AND {half} AND {conditions}
  LIMIT {most} + 1
)
SELECT {version} AS version, count(*) AS features, string_agg({packed}, ''::bytea) AS points,
  (SELECT json_agg(p) FROM (SELECT DISTINCT population AS id, {names} FROM point) p)::text AS populations
FROM point"""

_BEYOND = """
SELECT count(*) FROM {table} s {joins}
WHERE (s.geom_3857 && ST_MakeEnvelope(-1e9, {half}, 1e9, 1e10, 3857)
       OR s.geom_3857 && ST_MakeEnvelope(-1e9, -1e10, 1e9, -{half}, 3857))
  AND (ST_YMin(s.geom_3857) > {half} OR ST_YMax(s.geom_3857) < -{half})
  AND {west} + {south} + {east} + {north} + {pad} + {most} IS NOT NULL AND {conditions}"""
