"""Parameters of Environmental Data Retrieval, parsed into shapes, distances and depths that cannot be wrong."""

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import shapely
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from app.http.extent import CRS84
from app.problems import BadParameterError
from app.query import PARAMETERS, Given, Parameter
from db.selection import Bounds

WGS84 = Geod(ellps="WGS84")
MOST_VERTICES = 500
LONGEST_REACH_M = 2_000_000.0
UNITS = MappingProxyType({"m": 1.0, "km": 1_000.0, "mi": 1_609.344, "nmi": 1_852.0, "ft": 0.3048, "cm": 0.01})
COORDS = Parameter(
    "coords",
    "Well-known text in degrees, longitude before latitude, such as POINT(5.7 50.9).",
    longest=20_000,
    required=True,
)
Z = Parameter("z", "A depth in centimetres below the surface, an interval top/bottom, or a list with commas.")
_LENGTH = {"type": "number", "exclusiveMinimum": 0}
_UNIT = {"type": "string", "enum": list(UNITS), "default": "m"}
WITHIN = Parameter("within", "Radius around the place.", _LENGTH, required=True)
WITHIN_UNITS = Parameter("within-units", "Unit of the radius; m where nothing is said.", _UNIT, required=True)
CORRIDOR = (
    Parameter("corridor-width", "Width of the corridor.", _LENGTH, required=True),
    Parameter("width-units", "Unit of the width; m where nothing is said.", _UNIT, required=True),
    Parameter(
        "corridor-height",
        "Height of the corridor around the depths of z, all where nothing is said.",
        _LENGTH,
        required=True,
    ),
    Parameter("height-units", "Unit of the height; m where nothing is said.", _UNIT, required=True),
)
"""The standard has units and heights required (OGC 19-086r6); here they may be left out."""
ALIKE = (PARAMETERS["parameter-name"], PARAMETERS["crs"], PARAMETERS["datetime"], Z)
_TEXT = re.compile(r"\s*([A-Za-z]+)\s*(?:Z|M|ZM)?\s*(\(.*\))\s*", re.ASCII | re.DOTALL)
_BODY = re.compile(r"[-+0-9.eE\s(),]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Depths:
    """From a top to a bottom, in centimetres below the surface."""

    top: float
    bottom: float


def check_system(given: Given) -> None:
    """Only degrees with the longitude first are read and written here."""
    if given.text("crs") not in (None, CRS84, "CRS84", "OGC:CRS84"):
        raise BadParameterError("crs", f"crs must be {CRS84}, got {given.text('crs')!r}")


def shape_of(given: Given, *kinds: str) -> BaseGeometry:
    """The shape that `coords` draws, which must be of one of these kinds (`Point`)."""
    found = given.parsed("coords", lambda text: parse_shape(text, kinds))
    if found is None:
        raise BadParameterError("coords", f"coords is needed: {_example(kinds)}")
    return found


def parse_shape(text: str, kinds: tuple[str, ...]) -> BaseGeometry:
    """A shape of well-known text; ValueError for anything else, or for one that is too long or not valid."""
    complaint = f"coords needs {_example(kinds)}, got {text[:60]!r}"
    found = _TEXT.fullmatch(text)
    if not found or not _BODY.fullmatch(found[2]) or "((((" in re.sub(r"\s", "", found[2]):
        raise ValueError(complaint)
    try:
        shape = shapely.force_2d(shapely.from_wkt(text))
    except shapely.errors.ShapelyError:
        raise ValueError(complaint) from None
    if shape.geom_type not in kinds or shape.is_empty:
        raise ValueError(complaint)
    if shapely.get_num_coordinates(shape) > MOST_VERTICES:
        raise ValueError(f"coords has more than {MOST_VERTICES} vertices: simplify the shape")
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError(f"coords must lie within 180 degrees of longitude and 90 of latitude, got {text[:60]!r}")
    if not shape.is_valid:
        raise ValueError(f"coords is no valid shape: {shapely.is_valid_reason(shape)}")
    return shape


def _example(kinds: tuple[str, ...]) -> str:
    return {
        "Point": "POINT(longitude latitude)",
        "LineString": "LINESTRING(longitude latitude, …)",
        "Polygon": "POLYGON((longitude latitude, …))",
    }[kinds[0]]


def length_of(given: Given, name: str, units: str) -> float:
    """A length in metres, of a parameter and the one with its unit (metres where that is not given)."""
    number = given.number(name)
    if number is None:
        raise BadParameterError(name, f"{name} is needed: a length above zero")
    unit = given.text(units) or "m"
    if unit not in UNITS:
        raise BadParameterError(units, f"{units} must be one of {', '.join(UNITS)}, got {unit!r}")
    metres = number * UNITS[unit]
    if not 0.0 < metres <= LONGEST_REACH_M:
        raise BadParameterError(name, f"{name} must be above zero and at most {LONGEST_REACH_M / 1000:g} km")
    return metres


def depths_of(given: Given) -> Depths | None:
    """What `z` asks for, if it does: a level is an interval of no length, a list is what holds all of it."""
    return given.parsed("z", parse_depths)


def parse_depths(text: str) -> Depths:
    """`20`, `0/20`, `0,10,20` or `R3/0/10` (three levels from 0 on, 10 apart); ValueError otherwise."""
    complaint = f"z needs depths in centimetres such as 20, 0/20 or 0,10,20, got {text[:60]!r}"
    try:
        if text.upper().startswith("R"):
            count, start, step = text[1:].split("/")
            numbers = [float(start), float(start) + (int(count) - 1) * float(step)]
        else:
            numbers = [float(part) for part in re.split("[/,]", text)]
    except ValueError:
        raise ValueError(complaint) from None
    if not all(math.isfinite(number) for number in numbers) or (text.count("/") == 1 and numbers[0] > numbers[1]):
        raise ValueError(complaint)
    return Depths(min(numbers), max(numbers))


def around(shape: BaseGeometry, metres: float) -> BaseGeometry:
    """What lies within some metres of a point or line, as a polygon on the ellipsoid; no more than 0.5 % off."""
    bearings = [float(degree) for degree in range(0, 360, 5)]
    discs = []
    for lon, lat in _close(shape, metres):
        lons, lats, _ = WGS84.fwd([lon] * len(bearings), [lat] * len(bearings), bearings, [metres] * len(bearings))
        # a disc over the antimeridian goes on beyond 180 degrees
        ring = [(x + 360.0 * round((lon - x) / 360.0), y) for x, y in zip(lons, lats, strict=True)]
        discs.append(shapely.convex_hull(shapely.multipoints(ring)))
    links = [shapely.convex_hull(shapely.union(*pair)) for pair in pairwise(discs)]
    joined: BaseGeometry = shapely.union_all([*discs, *(links if shape.geom_type == "LineString" else [])])
    return joined


def _close(shape: BaseGeometry, metres: float) -> list[tuple[float, float]]:
    """The vertices of a shape, and of a line so many between that discs around them make a band."""
    places = [(float(x), float(y)) for x, y in shapely.get_coordinates(shape)]
    if shape.geom_type != "LineString":
        return places
    return along(places, max(metres, 1.0) * 4.0, MOST_VERTICES)[0]


def along(
    vertices: list[tuple[float, float]], spacing: float, most: int
) -> tuple[list[tuple[float, float]], list[float]]:
    """Places on a line, `spacing` metres apart or as far as `most` of them allow, and how far along each lies."""
    legs = [WGS84.inv(*a, *b) for a, b in pairwise(vertices)]
    whole = sum(leg[2] for leg in legs)
    spacing = max(spacing, whole / max(most - 2 * len(legs) - 1, 1))
    places, distances, passed = [vertices[0]], [0.0], 0.0
    for start, (bearing, _, length) in zip(vertices, legs, strict=False):
        count = max(1, math.ceil(length / spacing))
        steps = [length * turn / count for turn in range(1, count + 1)]
        lons, lats, _ = WGS84.fwd([start[0]] * count, [start[1]] * count, [bearing] * count, steps)
        places += list(zip(lons, lats, strict=True))
        distances += [passed + step for step in steps]
        passed += length
    return places, distances


def box_of(shape: BaseGeometry) -> Bounds:
    """The box around a shape, over the antimeridian where the shape is."""
    west, south, east, north = shape.bounds
    if east - west >= 360.0:
        return Bounds(-180.0, max(south, -90.0), 180.0, min(north, 90.0))
    west, east = (x if -180.0 <= x <= 180.0 else (x + 180.0) % 360.0 - 180.0 for x in (west, east))
    return Bounds(west, max(south, -90.0), east, min(north, 90.0))
