"""The grid that a request for a coverage describes: a part of the surface, as fine as its cells or as asked."""

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

from pyproj import CRS as SYSTEM

from app.ogc.collection import SurfaceCollection
from app.ogc.edr.surfaces import METRES_PER_DEGREE
from app.ogc.image_address import BBOX, BBOX_CRS, CRS, parse_corners
from app.ogc.systems import PLAIN_DEGREES, System, system_of
from app.problems import BadParameterError
from app.query import Given, Parameter
from tiles.pixels import DEGREES, Pixels
from tiles.raster import Raster

Bounds = tuple[float, float, float, float]
MOST_PIXELS = 4_000_000
MOST_ACROSS = 20_000
SUBSET = Parameter("subset", "Intervals by axis, such as Lon(5.7:5.8),Lat(50.9:51); * is an open end.", repeated=True)
SUBSET_CRS = Parameter("subset-crs", "Reference system of subset; that of the answer where nothing is said.")
SIZE = Parameter("scale-size", "Cells by axis, such as Lon(200),Lat(100).")
OLD_SIZE = Parameter("scaleSize", "The same as scale-size.")
FACTOR = Parameter("scale-factor", "How many times coarser than the cells.", {"type": "number", "exclusiveMinimum": 0})
GRID = (BBOX, BBOX_CRS, CRS, SUBSET, SUBSET_CRS, SIZE, OLD_SIZE, FACTOR)
ACROSS, DOWN = "across", "down"
AXES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("lon", "long", "longitude", "x", "e", "easting"), ACROSS),
        **dict.fromkeys(("lat", "latitude", "y", "n", "northing"), DOWN),
    }
)
_PART = re.compile(r"\s*(\w+)\s*\(([^()]*)\)\s*(?:,|$)", re.ASCII)


def whole_grid(surface: SurfaceCollection) -> Pixels:
    """All of a surface in degrees, as fine as its cells."""
    west, south, east, north = _frame(surface)
    down = float(surface.row["cell_m"]) / METRES_PER_DEGREE
    across = down / max(math.cos(math.radians((south + north) / 2.0)), 0.01)
    columns, rows = max(1, round((east - west) / across)), max(1, round((north - south) / down))
    return Pixels.covering(DEGREES, (west, south, east, north), columns, rows)


def grid_of(given: Given, surface: SurfaceCollection, raster: Raster) -> Pixels:
    """The grid that `bbox` or `subset`, `crs` and the scale ask for; raises `BadParameterError`."""
    system = given.parsed("crs", lambda text: system_of(text, surface)) or PLAIN_DEGREES
    full = _full(system, surface, raster)
    bounds = _bounds(given, surface, system, full)
    columns, rows = (max(1, round(side / pixel)) for side, pixel in _sides(bounds, full))
    factor = given.number("scale-factor")
    if factor is not None:
        if factor <= 0.0:
            raise BadParameterError("scale-factor", f"scale-factor must be above zero, got {factor:g}")
        columns, rows = (max(1, round(min(count / factor, 1e9))) for count in (columns, rows))
    sizes = _sizes(given)
    return Pixels.covering(system.name, bounds, sizes.get(ACROSS, columns), sizes.get(DOWN, rows))


def _sides(bounds: Bounds, full: Pixels) -> tuple[tuple[float, float], tuple[float, float]]:
    return (bounds[2] - bounds[0], full.across), (bounds[3] - bounds[1], full.down)


def _full(system: System, surface: SurfaceCollection, raster: Raster) -> Pixels:
    """All of a surface in a system; in its own, its very cells."""
    if system.name == DEGREES:
        return whole_grid(surface)
    west, south, east, north = Pixels.covering(DEGREES, _frame(surface), 1, 1).bounds_in(system.name)
    cell = float(raster.affine.a)
    if SYSTEM(system.name) == SYSTEM(raster.crs):
        return Pixels(system.name, raster.affine.c, raster.affine.f, cell, cell, raster.columns, raster.rows)
    columns, rows = max(1, round((east - west) / cell)), max(1, round((north - south) / cell))
    return Pixels.covering(system.name, (west, south, east, north), columns, rows)


def _frame(surface: SurfaceCollection) -> Bounds:
    west, south, east, north = surface.box
    return west, south, east + (360.0 if west > east else 0.0), north


def _bounds(given: Given, surface: SurfaceCollection, system: System, full: Pixels) -> Bounds:
    if given.text("bbox") is not None and given.all("subset"):
        raise BadParameterError("subset", "give bbox or subset, not both")
    box_system = given.parsed("bbox-crs", lambda text: system_of(text, surface)) or PLAIN_DEGREES
    box = given.parsed("bbox", lambda text: parse_corners(text, box_system))
    if box is not None:
        return _in(system, box_system, box, "bbox", full)
    subset_system = given.parsed("subset-crs", lambda text: system_of(text, surface)) or system
    frame = full.bounds if subset_system.name == system.name else full.bounds_in(subset_system.name)
    return _in(system, subset_system, _cut(given, frame), "subset", full)


def _in(system: System, other: System, box: Bounds, parameter: str, full: Pixels) -> Bounds:
    """A box in the system of the answer; on the cells of the surface where these are the answer's."""
    try:
        moved = box if other.name == system.name else Pixels.covering(other.name, box, 1, 1).bounds_in(system.name)
    except ValueError as error:
        raise BadParameterError(parameter, f"{parameter}: {error}") from None
    return moved if system.name == DEGREES else _on_cells(moved, full)


def _on_cells(bounds: Bounds, full: Pixels) -> Bounds:
    west, south, east, north = bounds
    first, last = math.floor((west - full.west) / full.across), math.ceil((east - full.west) / full.across)
    top, bottom = math.floor((full.north - north) / full.down), math.ceil((full.north - south) / full.down)
    return (
        full.west + first * full.across,
        full.north - max(bottom, top + 1) * full.down,
        full.west + max(last, first + 1) * full.across,
        full.north - top * full.down,
    )


def _cut(given: Given, frame: Bounds) -> Bounds:
    """West, south, east, north of what `subset` leaves of a frame."""
    ends = {ACROSS: (frame[0], frame[2]), DOWN: (frame[1], frame[3])}
    for text in given.all("subset"):
        for axis, part in _parts("subset", text).items():
            ends[axis] = _interval(part, ends[axis])
    return ends[ACROSS][0], ends[DOWN][0], ends[ACROSS][1], ends[DOWN][1]


def _interval(text: str, whole: tuple[float, float]) -> tuple[float, float]:
    parts = [part.strip().strip('"') for part in text.split(":")]
    try:
        low, high = (end if part == "*" else float(part) for part, end in zip(parts, whole, strict=True))
    except ValueError:
        raise BadParameterError("subset", f"subset needs low:high for an axis, got {text[:60]!r}") from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise BadParameterError("subset", f"subset needs a low end below the high one, got {text[:60]!r}")
    return low, high


def _sizes(given: Given) -> dict[str, int]:
    """Cells by axis, as far as they are given."""
    sizes = {}
    for name in ("scale-size", "scaleSize"):
        for axis, part in _parts(name, given.text(name) or "").items():
            if not re.fullmatch(r"\s*[0-9]{1,6}\s*", part, re.ASCII) or not 1 <= int(part) <= MOST_ACROSS:
                raise BadParameterError(name, f"{name} needs 1 to {MOST_ACROSS} cells for an axis, got {part[:40]!r}")
            sizes[axis] = int(part)
    return sizes


def _parts(parameter: str, text: str) -> dict[str, str]:
    """What stands in brackets behind the name of each axis."""
    parts, reached = {}, 0
    while reached < len(text):
        found = _PART.match(text, reached)
        axis = AXES.get(found[1].lower()) if found else None
        if found is None or axis is None or axis in parts:
            raise BadParameterError(parameter, f"{parameter} needs axes such as Lon(…),Lat(…), got {text[:60]!r}")
        parts[axis] = found[2]
        reached = found.end()
    return parts
