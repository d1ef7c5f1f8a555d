"""What a layer of polygons says of places: in which area each lies, and which lie in none."""

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection

from db.layers import Labels, StoredLayer, read_areas
from mapping.arrays import Points
from mapping.fields import AreaField

METRES_A_DEGREE = 111_195.0
"""Of a meridian on the sphere of the earth's mean radius."""


def codes_at(connection: Connection, layer: StoredLayer, lonlat: Points) -> Labels:
    """The code (n,) of the area in which each place (n, 2), in degrees, lies; empty where it lies in none."""
    codes, shapes = read_areas(connection, layer, box=_box(lonlat))
    return AreaField(shapes, codes).at(lonlat) if len(codes) else np.full(len(lonlat), "", dtype=np.str_)


def outside(
    connection: Connection, layer: StoredLayer, lonlat: Points, code: str | None = None, tolerance_m: float = 0.0
) -> NDArray[np.bool_]:
    """True (n,) where a place (n, 2), in degrees, lies beyond all areas of the layer, or beyond those of one code.

    Places within `tolerance_m` metres of them are not outside: outlines are drawn at some scale, and coasts change.
    `code` may be a name too. Raises `ValueError` for a code that the layer does not have.
    """
    _, shapes = read_areas(connection, layer, code)
    if code is not None and not len(shapes):
        raise ValueError(f"the layer {layer.name!r} has no area {code!r}")
    tree = shapely.STRtree(shapes)
    points = shapely.points(lonlat)
    beyond = np.ones(len(lonlat), dtype=np.bool_)
    beyond[tree.query(points, predicate="intersects")[0]] = False
    for place in np.flatnonzero(beyond) if tolerance_m > 0.0 else ():
        beyond[place] = _metres_to(points[place], shapes, tolerance_m)
    return beyond


def _metres_to(point: shapely.Point, shapes: NDArray[np.object_], tolerance_m: float) -> bool:
    """Whether the nearest of the areas is farther than the tolerance, east and west being shortened by the latitude."""
    shrink = max(float(np.cos(np.radians(point.y))), 1e-6)
    reach = tolerance_m / METRES_A_DEGREE
    frame = shapely.box(point.x - reach / shrink, point.y - reach, point.x + reach / shrink, point.y + reach)
    near = shapely.intersection(shapes[shapely.intersects(shapes, frame)], frame)
    if not len(near):
        return True
    flattened = shapely.transform(near, lambda xy: (xy - (point.x, point.y)) * (shrink, 1.0))
    return bool(shapely.distance(flattened, shapely.Point(0, 0)).min() > reach)


def _box(lonlat: Points) -> tuple[float, float, float, float]:
    (west, south), (east, north) = lonlat.min(axis=0).tolist(), lonlat.max(axis=0).tolist()
    return west, south, east, north
