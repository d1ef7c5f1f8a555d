"""Positions that lie outside of where a survey says it was made, and what would put them inside: a sign, a zone."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from ingest.coordinates import Doubles, Fault, Mask, locate

Inside: TypeAlias = Callable[[Doubles, Doubles], Mask]
"""Which places, longitudes and latitudes of shape (n,), lie in the area of a survey."""
Remedy: TypeAlias = tuple[str, str]
"""A rule, and in words what would put the position inside."""

OUTSIDE: Remedy = ("position-outside-survey", "lies outside the area that the profile states")
SWAPPED: Remedy = ("position-swapped", "lies outside the stated area, but inside with x and y swapped")
ZONE_DEGREES, UTM_SCALE, UTM_EASTING = 6.0, 0.9996, 500_000.0
ZONES = (-1, 1, -2, 2)


def box(west: float, south: float, east: float, north: float) -> Inside:
    """The area of a box in degrees; one whose west lies east of its east crosses the antimeridian."""

    def inside(longitude: Doubles, latitude: Doubles) -> Mask:
        eastward = np.mod(longitude - west, 360.0)
        within = (eastward <= np.mod(east - west, 360.0)) & (latitude >= south) & (latitude <= north)
        return np.asarray(within, np.bool_)

    return inside


def astray(x: Doubles, y: Doubles, crs: CRS, inside: Inside) -> Iterator[tuple[Remedy, Mask]]:
    """The positions (n,) outside of the area, by the first of the usual slips that would explain them.

    These are: x and y swapped, a minus sign that is missing or too much, and another zone of UTM, whose coordinates are
    those of the next one turned by six degrees about the axis of the earth. What is no position at all is passed over.
    """
    rows = np.flatnonzero(_known(x, y) & ~_within(_moved(x, y, crs), inside))
    left = np.ones(len(rows), np.bool_)
    for remedy, place in _slips(x[rows], y[rows], crs) if rows.size else ():
        explained = left & _within(place(), inside)
        if explained.any():
            yield remedy, _among(len(x), rows[explained])
            left &= ~explained
    if left.any():
        yield OUTSIDE, _among(len(x), rows[left])


def utm_zone(crs: CRS) -> int | None:
    """The zone of a system that is one of UTM's, under whatever name and on whatever datum."""
    operation = crs.coordinate_operation
    if operation is None or operation.method_name != "Transverse Mercator":
        return None
    values = {parameter.name: float(parameter.value) for parameter in operation.params}
    zone = (values["Longitude of natural origin"] + 183.0) / ZONE_DEGREES
    is_utm = values["Scale factor at natural origin"] == UTM_SCALE and zone == round(zone)
    return round(zone) if is_utm and values["False easting"] == UTM_EASTING else None


def _slips(x: Doubles, y: Doubles, crs: CRS) -> Iterator[tuple[Remedy, Callable[[], tuple[Doubles, Doubles]]]]:
    yield SWAPPED, lambda: _moved(y, x, crs)
    zone = utm_zone(crs)
    for apart in ZONES if zone is not None else ():
        other = (zone or 0) + apart
        said = f"lies outside the stated area, but inside if measured in zone {(other - 1) % 60 + 1} of UTM"
        yield ("position-zone", said), partial(_turned, x, y, crs, apart * ZONE_DEGREES)
    for name, east, north in (("x", -1.0, 1.0), ("y", 1.0, -1.0), ("x and y", -1.0, -1.0)):
        said = f"lies outside the stated area, but inside with the other sign of {name}"
        yield ("position-sign", said), partial(_moved, east * x, north * y, crs)


def _among(count: int, rows: NDArray[np.int64]) -> Mask:
    mask = np.zeros(count, np.bool_)
    mask[rows] = True
    return mask


def _known(x: Doubles, y: Doubles) -> Mask:
    return np.asarray(np.isfinite(x) & np.isfinite(y) & ~((x == 0) & (y == 0)), np.bool_)


def _moved(x: Doubles, y: Doubles, crs: CRS) -> tuple[Doubles, Doubles]:
    found = locate(x, y, crs, 0.0, (Fault.OUTSIDE, Fault.SWAPPED))
    return found.longitude, found.latitude


def _turned(x: Doubles, y: Doubles, crs: CRS, degrees: float) -> tuple[Doubles, Doubles]:
    longitude, latitude = _moved(x, y, crs)
    return np.mod(longitude + degrees + 180.0, 360.0) - 180.0, latitude


def _within(place: tuple[Doubles, Doubles], inside: Inside) -> Mask:
    known = np.isfinite(place[0]) & np.isfinite(place[1])
    return np.asarray(known & inside(np.nan_to_num(place[0]), np.nan_to_num(place[1])), np.bool_)
