"""Reference systems that coordinates can be given and asked for in: a finite list, each with its order of axes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

DEGREES = 4326
_OGC = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/{}"
_WRITTEN = re.compile(
    r"https?://www\.opengis\.net/def/crs/EPSG/[\w.]+/(\d{4,6})|urn:ogc:def:crs:EPSG:[\w.]*:(\d{4,6})|\[?EPSG:(\d{4,6})\]?",
    re.ASCII | re.IGNORECASE,
)
_CRS84 = re.compile(
    r"https?://www\.opengis\.net/def/crs/OGC/(?:0|1\.3)/CRS84|urn:ogc:def:crs:OGC:[\w.]*:CRS84|\[?(?:OGC:)?CRS84\]?",
    re.ASCII | re.IGNORECASE,
)
_EVERYWHERE = (4326, 3857)
_REGIONAL = (
    *(3395, 4258, 4269, 4283, 4490, 4674, 7844, 3034, 3035, 3031, 3413, 3577, 3578, 5070, 5880, 6933),
    *(2056, 2154, 2180, 2193, 3006, 3067, 3763, 3765, 3912, 4647, 5514, 5650, 23700, 27700, 28992, 29903, 31370, 31287),
    *range(25828, 25838),
    *range(26901, 26924),
    *range(28348, 28359),
    *range(31978, 31986),
    *range(32601, 32661),
    *range(32701, 32761),
)
_BEYOND = 3.0
"""Degrees that data may reach beyond the area that a system was made for."""


@dataclass(frozen=True, slots=True)
class Crs:
    """A reference system by its number in the EPSG register; CRS84 is 4326 with the longitude first."""

    uri: str
    srid: int
    northing_first: bool = False

    @property
    def is_geographic(self) -> bool:
        """Whether its coordinates are degrees."""
        return bool(_definition(self.srid).is_geographic)

    def place(self, geometries: "NDArray[np.object_]") -> "NDArray[np.object_]":
        """Geometries (n,) in degrees, longitude first, brought into this system.

        Raises `ValueError` where one of them has no place in it.
        """
        if self.srid != DEGREES:
            geometries = shapely.transform(geometries, self._placed)
        return shapely.transform(geometries, lambda xy: xy[:, ::-1]) if self.northing_first else geometries

    def _placed(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        placed = np.column_stack(_transformer(self.srid).transform(xy[:, 0], xy[:, 1]))
        if not np.isfinite(placed).all():
            raise ValueError(f"crs: {self.uri} has no place for some of these features")
        return np.round(placed, 8 if self.is_geographic else 3)


CRS84 = Crs(_OGC, DEGREES)


@lru_cache(maxsize=256)
def _definition(srid: int) -> CRS:
    return CRS.from_epsg(srid)


@lru_cache(maxsize=64)
def _transformer(srid: int) -> Transformer:
    return Transformer.from_crs(DEGREES, srid, always_xy=True)


@lru_cache(maxsize=256)
def _crs(srid: int) -> Crs:
    first = _definition(srid).axis_info[0].name.lower()
    return Crs(_EPSG.format(srid), srid, northing_first=first.startswith(("northing", "geodetic latitude")))


def crs_called(text: str) -> Crs:
    """A system of the list by its address, URN or code; raises `ValueError` for one that is not in it."""
    if _CRS84.fullmatch(text):
        return CRS84
    found = _WRITTEN.fullmatch(text)
    srid = next((int(part) for part in found.groups() if part), 0) if found else 0
    if srid not in _EVERYWHERE and srid not in _REGIONAL:
        raise ValueError(f"needs a reference system out of the list in the collection, such as {_OGC}")
    return _crs(srid)


@lru_cache(maxsize=256)
def offered(box: tuple[float, ...] | None) -> list[str]:
    """The addresses of the systems in which data within a box of degrees can be given: CRS84 first."""
    local = (srid for srid in _REGIONAL if box is None or _reaches(srid, box))
    return [_OGC, *(_EPSG.format(srid) for srid in chain(_EVERYWHERE, local))]


@lru_cache(maxsize=256)
def _area(srid: int) -> tuple[float, float, float, float]:
    area = _definition(srid).area_of_use
    return area.bounds if area is not None else (-180.0, -90.0, 180.0, 90.0)


def _reaches(srid: int, box: Sequence[float]) -> bool:
    """Whether a box lies within the area of a system, which may cross the antimeridian."""
    west, south, east, north = _area(srid)
    if west > east:
        east += 360.0
    turns = (0.0, 360.0)
    across = any(west - _BEYOND <= box[0] + turn and box[2] + turn <= east + _BEYOND for turn in turns)
    return across and south - _BEYOND <= box[1] and box[3] <= north + _BEYOND
