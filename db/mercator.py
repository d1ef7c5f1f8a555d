"""Boxes in degrees as boxes of web mercator, whose geometries are indexed."""

import math

EARTH_RADIUS_M, FARTHEST_NORTH = 6_378_137.0, 89.99
"""Of web mercator, which has no poles: what lies beyond is drawn on one line."""

Box = tuple[float, float, float, float]


def in_mercator(west: float, south: float, east: float, north: float, *, spare_m: float = 1.0) -> Box:
    """West, south, east and north in metres, with some to spare; the poles lie where the tables put them."""
    left, right = (EARTH_RADIUS_M * math.radians(longitude) for longitude in (west, east))
    return left - spare_m, _northing(south) - spare_m, right + spare_m, _northing(north) + spare_m


def _northing(latitude: float) -> float:
    bounded = max(-FARTHEST_NORTH, min(FARTHEST_NORTH, latitude))
    return EARTH_RADIUS_M * math.asinh(math.tan(math.radians(bounded)))


def stretch(south: float, north: float) -> float:
    """How much longer than on the ground a length is drawn, at most, between two latitudes."""
    farthest = min(max(abs(south), abs(north)), FARTHEST_NORTH)
    return 1.0 / math.cos(math.radians(farthest))
