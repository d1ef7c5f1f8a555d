"""What a layer of polygons says of places: in which area each lies, and which lie in none."""

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection

from db.layers import Labels, StoredLayer, read_areas
from ingest.coordinates import Doubles, Mask
from ingest.whereabouts import Inside
from mapping.areas import AreaField
from mapping.arrays import Points

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
    longitude, latitude = np.asarray(lonlat, dtype=np.float64).reshape(-1, 2).T
    return ~inside(connection, layer, code, tolerance_m)(longitude, latitude)


def inside(connection: Connection, layer: StoredLayer, code: str | None = None, tolerance_m: float = 0.0) -> Inside:
    """What tells of any places whether they are not `outside`; the areas are read once, and all else is as there."""
    _, shapes = read_areas(connection, layer, code)
    if code is not None and not len(shapes):
        raise ValueError(f"the layer {layer.name!r} has no area {code!r}")
    shapely.prepare(shapes)
    tree = shapely.STRtree(shapes)

    def holds(longitude: Doubles, latitude: Doubles) -> Mask:
        points = shapely.points(longitude, latitude)
        point, shape = tree.query(points)
        found = np.zeros(len(points), dtype=np.bool_)
        found[point[shapely.intersects(shapes[shape], points[point])]] = True
        for place in _near(tree, points, ~found, tolerance_m) if tolerance_m > 0.0 else ():
            found[place] = _reaches(points[place], shapes, tolerance_m)
        return found

    return holds


def _near(tree: shapely.STRtree, points: NDArray[np.object_], among: Mask, tolerance_m: float) -> NDArray[np.int64]:
    """The places that may lie within the tolerance: a degree is nowhere longer than at the equator."""
    places = np.flatnonzero(among)
    reach = tolerance_m / METRES_A_DEGREE / _shrink(shapely.get_y(points[places]))
    point, _ = tree.query(points[places], predicate="dwithin", distance=reach)
    near: NDArray[np.int64] = places[np.unique(point)]
    return near


def _shrink(latitude: Doubles) -> Doubles:
    """How much shorter than north and south a degree to the east and west is."""
    return np.maximum(np.cos(np.radians(latitude)), 1e-6)


def _reaches(point: shapely.Point, shapes: NDArray[np.object_], tolerance_m: float) -> bool:
    """Whether the nearest of the areas is no farther than the tolerance."""
    shrink = float(_shrink(np.array([point.y]))[0])
    reach = tolerance_m / METRES_A_DEGREE
    frame = shapely.box(point.x - reach / shrink, point.y - reach, point.x + reach / shrink, point.y + reach)
    near = shapely.intersection(shapes[shapely.intersects(shapes, frame)], frame)
    if not len(near):
        return False
    flattened = shapely.transform(near, lambda xy: (xy - (point.x, point.y)) * (shrink, 1.0))
    return bool(shapely.distance(flattened, shapely.Point(0, 0)).min() <= reach)


def _box(lonlat: Points) -> tuple[float, float, float, float]:
    (west, south), (east, north) = lonlat.min(axis=0).tolist(), lonlat.max(axis=0).tolist()
    return west, south, east, north
