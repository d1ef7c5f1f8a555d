"""Positions in any coordinate reference system to longitude and latitude, with the ways they go wrong named."""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from pyproj.enums import TransformDirection
from pyproj.exceptions import CRSError

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Fault(IntEnum):
    """What is wrong with a position."""

    NONE = 0
    MISSING = 1
    ORIGIN = 2
    OUTSIDE = 3
    SWAPPED = 4


@dataclass(frozen=True, slots=True)
class Located:
    """Longitude and latitude in degrees (NaN where at fault), shape (n,), and the fault of each."""

    longitude: Doubles
    latitude: Doubles
    fault: NDArray[np.uint8]


@lru_cache(maxsize=64)
def horizontal_crs(text: str) -> CRS:
    """The system of that name, code or WKT; raises ValueError where there is none, or it is not one for maps."""
    try:
        crs = CRS.from_user_input(text)
    except CRSError:
        raise ValueError(f"unknown coordinate reference system {text!r}; write for example 'EPSG:4326'") from None
    if not (crs.is_geographic or crs.is_projected):
        raise ValueError(f"{text!r} ({crs.name}) is not a system for positions on a map")
    return crs


def locate(x: Doubles, y: Doubles, crs: CRS, tolerance: float, tolerated: tuple[Fault, ...] = ()) -> Located:
    """Longitude and latitude of positions given as x (easting, longitude) and y (northing, latitude), shape (n,).

    A position farther than `tolerance` degrees outside the system's area of use is at fault; so is (0, 0), which is
    what empty cells become in spreadsheets. What is `tolerated` keeps its fault and its place.
    """
    longitude, latitude = _to_degrees(x, y, crs)
    missing = ~(np.isfinite(x) & np.isfinite(y))
    origin = (x == 0) & (y == 0)
    outside = ~_inside(longitude, latitude, crs, tolerance)
    fault = np.select([missing, origin, outside], [Fault.MISSING, Fault.ORIGIN, Fault.OUTSIDE], Fault.NONE)
    suspects = np.flatnonzero(fault == Fault.OUTSIDE)
    if suspects.size:
        swapped = _inside(*_to_degrees(y[suspects], x[suspects], crs), crs, 0.0)
        fault[suspects[swapped]] = Fault.SWAPPED
    good = np.isin(fault, (Fault.NONE, *tolerated)) & np.isfinite(longitude) & np.isfinite(latitude)
    return Located(np.where(good, longitude, np.nan), np.where(good, latitude, np.nan), fault.astype(np.uint8))


def distance_m(one: Located, other: Located) -> Doubles:
    """The geodesic distances on WGS 84 between places, shape (n,), in metres; NaN where one of two is missing."""
    apart = np.full(len(one.longitude), np.nan)
    both = np.isfinite(one.longitude) & np.isfinite(other.longitude)
    ends = (one.longitude[both], one.latitude[both], other.longitude[both], other.latitude[both])
    apart[both] = Geod(ellps="WGS84").inv(*ends)[2]
    return apart


@lru_cache(maxsize=16)
def _transformer(crs: CRS) -> Transformer:
    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def _to_degrees(x: Doubles, y: Doubles, crs: CRS) -> tuple[Doubles, Doubles]:
    longitude, latitude = _transformer(crs).transform(x, y)
    return np.asarray(longitude, dtype=np.float64), np.asarray(latitude, dtype=np.float64)


def from_degrees(longitude: Doubles, latitude: Doubles, crs: CRS) -> tuple[Doubles, Doubles]:
    """Coordinates in a system of positions in degrees, shape (n,)."""
    x, y = _transformer(crs).transform(longitude, latitude, direction=TransformDirection.INVERSE)
    return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)


def _inside(longitude: Doubles, latitude: Doubles, crs: CRS, tolerance: float) -> Mask:
    on_earth = (np.abs(longitude) <= 180) & (np.abs(latitude) <= 90)
    area = crs.area_of_use
    if area is None:
        return on_earth
    # an area whose west lies east of its east crosses the antimeridian
    width = (area.east - area.west) % 360 or 360.0
    eastward = (np.where(on_earth, longitude, 0.0) - (area.west - tolerance)) % 360
    within = (eastward <= width + 2 * tolerance) | (width + 2 * tolerance >= 360)
    within &= (latitude >= area.south - tolerance) & (latitude <= area.north + tolerance)
    return np.asarray(on_earth & within, dtype=np.bool_)
