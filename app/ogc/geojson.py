"""Features as GeoJSON, put together from the JSON texts that the database wrote."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import asyncpg
import numpy as np
import orjson
import shapely

from app.crs import CRS84, Crs
from app.problems import BadParameterError
from db.questions.layer import Layer
from db.questions.samples import MEASUREMENTS

MEASUREMENT = "m"
"""Before the number of a measurement, whose features live in the same collection as the specimens."""

Record: TypeAlias = asyncpg.Record
Rows = Sequence[Record]


def name_of(layer: Layer, key: int) -> int | str:
    """The id of a feature."""
    return f"{MEASUREMENT}{key}" if layer is MEASUREMENTS else key


def features(layer: Layer, rows: Rows, crs: Crs = CRS84) -> list[str]:
    """One GeoJSON text per row; raises `BadParameterError` where a geometry has no place in the system."""
    shapes: Iterable[str | None] = [row["geometry"] for row in rows] if crs == CRS84 else _placed(rows, crs)
    quote = '"' if layer is MEASUREMENTS else ""
    return [
        f'{{"type":"Feature","id":{quote}{name_of(layer, row["id"])}{quote},"geometry":{shape or "null"},'
        f'"properties":{row["properties"]}}}'
        for row, shape in zip(rows, shapes, strict=True)
    ]


def _placed(rows: Rows, crs: Crs) -> list[str | None]:
    """Geometries of another system, from their well-known binary."""
    known = shapely.from_wkb([row["geometry"] for row in rows])
    try:
        placed = crs.place(np.asarray(known, dtype=object))
    except ValueError as error:
        raise BadParameterError("crs", str(error)) from None
    texts: list[str | None] = shapely.to_geojson(placed).tolist()
    return texts


def feature(layer: Layer, row: Record, links: Sequence[dict[str, Any]], crs: Crs = CRS84) -> bytes:
    """One feature with its links."""
    (text,) = features(layer, [row], crs)
    return b'%s,"links":%s}' % (text[:-1].encode(), orjson.dumps(links))


def collection(texts: Sequence[str], links: Sequence[dict[str, Any]], counts: dict[str, int]) -> bytes:
    """A page of features, with the moment in which it was made."""
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = {**counts, "numberReturned": len(texts), "timeStamp": now, "links": list(links)}
    return b'{"type":"FeatureCollection","features":[%s],%s' % (",".join(texts).encode(), orjson.dumps(said)[1:])
