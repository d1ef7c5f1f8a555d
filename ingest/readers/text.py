"""Typed columns as the text that the rest of this room reads, and points of geometries as two columns of it."""

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from ingest.profile import GEOMETRY, GEOMETRY_X, GEOMETRY_Y


def as_text(column: Any) -> Any:
    """An Arrow column as strings, empty where nothing stands; a number is the shortest text that means it."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
    if pa.types.is_timestamp(column.type) and not pa.types.is_date(column.type):
        column = _days_where_midnight(column)
    return pc.fill_null(pc.cast(column, pa.string()), "")


def _days_where_midnight(column: Any) -> Any:
    days = pc.strftime(column, format="%Y-%m-%d")
    return pc.if_else(pc.equal(column, pc.floor_temporal(column, unit="day")), days, pc.cast(column, pa.string()))


def can_be_text(kind: Any) -> bool:
    """Whether a column of that Arrow type holds one plain value per row."""
    return not (pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def cell_text(value: object) -> str:
    """What stands in a cell of a workbook."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    return str(value).strip()


def geometry_columns(wkb: Any) -> dict[str, Any]:
    """The columns that stand for geometries in WKB: their text, and x and y of those that are points."""
    shapes = shapely.from_wkb(np.asarray(wkb.to_pylist(), dtype=object))
    present = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    single = present & (shapely.get_type_id(shapes) == shapely.GeometryType.MULTIPOINT)
    single &= shapely.get_num_geometries(shapes) == 1
    points = np.where(present, np.where(single, shapely.get_geometry(shapes, 0), shapes), None)
    written = [
        shapely.to_wkt(shape, rounding_precision=-1) if there else ""
        for shape, there in zip(shapes, present, strict=True)
    ]
    return {
        GEOMETRY: pa.array(written, pa.string()),
        GEOMETRY_X: _coordinate(shapely.get_x(points)),
        GEOMETRY_Y: _coordinate(shapely.get_y(points)),
    }


def _coordinate(values: Any) -> Any:
    return as_text(pa.array(np.where(np.isfinite(values), values, np.nan), from_pandas=True))
