"""Geometries in filters: read, checked, and brought to degrees."""

import math
from functools import lru_cache
from typing import Any

import numpy as np
import orjson
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from db.filtering.errors import FilterError
from db.filtering.tokens import shown
from db.filtering.tree import Tree

DEGREES = 4326
_TYPES = (*("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"),)
_PARTS_OF_AN_EDGE = 32
"""A straight edge of a projected system is a curve in degrees: it is drawn with this many pieces."""


def geometry_of_text(text: str) -> Tree:
    """GeoJSON of a geometry in well-known text; raises `FilterError`."""
    try:
        with np.errstate(all="ignore"):
            found = shapely.from_wkt(text)
    except shapely.GEOSException:
        raise FilterError(f"filter: {shown(text)} is not a geometry in well-known text") from None
    if found.is_empty or not np.isfinite(shapely.get_coordinates(found)).all():
        raise FilterError(f"filter: {shown(text)} is empty, or has coordinates that are not finite")
    return orjson.loads(shapely.to_geojson(found))


def is_geometry(tree: Tree) -> bool:
    """Whether a part of a filter is a geometry, or a box."""
    return isinstance(tree, dict) and ("bbox" in tree or tree.get("type") in _TYPES)


def in_degrees(tree: Tree, srid: int, *, northing_first: bool) -> Tree:
    """The same filter with its geometries in degrees, the longitude first; raises `FilterError`."""
    if is_geometry(tree):
        placed = geometry_of_tree(tree, srid, northing_first=northing_first)
        return orjson.loads(shapely.to_geojson(placed))
    if isinstance(tree, dict):
        return {name: in_degrees(part, srid, northing_first=northing_first) for name, part in tree.items()}
    if isinstance(tree, list):
        return [in_degrees(part, srid, northing_first=northing_first) for part in tree]
    return tree


def geometry_of_tree(tree: Tree, srid: int = DEGREES, *, northing_first: bool = False) -> BaseGeometry:
    """The geometry, in degrees of EPSG:4326 with the longitude first; raises `FilterError`."""
    given = _box(tree["bbox"], srid, northing_first=northing_first) if "bbox" in tree else _read(tree)
    flat = shapely.force_2d(given)
    if northing_first and "bbox" not in tree:
        flat = shapely.transform(flat, lambda xy: xy[:, ::-1])
    placed = flat if srid == DEGREES else _in_degrees(flat, srid)
    _check(placed)
    return placed


def _read(tree: Tree) -> BaseGeometry:
    try:
        found = shapely.from_geojson(orjson.dumps(tree))
    except (shapely.GEOSException, TypeError):
        raise FilterError(
            f"filter: {shown(str(tree.get('type')))} is not a GeoJSON geometry that can be read"
        ) from None
    if found is None or found.is_empty:
        raise FilterError("filter: a geometry is empty")
    return found


def _box(numbers: Any, srid: int, *, northing_first: bool) -> BaseGeometry:
    """The box as a polygon with many points along its edges; of degrees it may cross the antimeridian."""
    if not isinstance(numbers, list) or len(numbers) not in (4, 6) or not all(map(_is_finite, numbers)):
        raise FilterError("filter: bbox needs four finite numbers")
    half = len(numbers) // 2
    first, second, third, fourth = *numbers[:2], *numbers[half : half + 2]
    west, south, east, north = (second, first, fourth, third) if northing_first else (first, second, third, fourth)
    if south > north or (west > east and srid != DEGREES):
        raise FilterError("filter: a bbox must not end before it begins")
    if west > east:
        return shapely.union(_between(west, south, 180, north), _between(-180, south, east, north))
    return _between(west, south, east, north)


def _between(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """A box; one without width or height is a line or a point."""
    return shapely.envelope(shapely.multipoints([[west, south], [east, north]]))


def _is_finite(number: Any) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)


@lru_cache(maxsize=64)
def _transformer(srid: int) -> Transformer:
    return Transformer.from_crs(srid, DEGREES, always_xy=True)


def _in_degrees(geometry: BaseGeometry, srid: int) -> BaseGeometry:
    west, south, east, north = geometry.bounds
    longest = max(east - west, north - south)
    drawn = shapely.segmentize(geometry, longest / _PARTS_OF_AN_EDGE) if longest > 0 else geometry

    def placed(xy: "np.ndarray[Any, np.dtype[np.float64]]") -> "np.ndarray[Any, np.dtype[np.float64]]":
        return np.column_stack(_transformer(srid).transform(xy[:, 0], xy[:, 1]))

    return shapely.transform(drawn, placed)


def _check(geometry: BaseGeometry) -> None:
    west, south, east, north = geometry.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise FilterError("filter: a geometry lies beyond 180 degrees of longitude or 90 of latitude")
    if not geometry.is_valid:
        raise FilterError(f"filter: a geometry is not valid: {shapely.is_valid_reason(geometry)}")
