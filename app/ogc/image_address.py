"""The part of the world that a picture shows, and in how many pixels."""

import math

from app.ogc.collection import SurfaceCollection
from app.ogc.systems import PLAIN_DEGREES, System, system_of
from app.problems import BadParameterError
from app.query import Given, Parameter
from tiles.pixels import DEGREES, Pixels

Bounds = tuple[float, float, float, float]
MOST_ACROSS = 4_096
MOST_PIXELS = 8_000_000
USUAL = 1_024
"""Pixels of the longer side where a request does not say."""
_PIXELS = {"type": "integer", "minimum": 1, "maximum": MOST_ACROSS}
CRS = Parameter("crs", "Reference system of the answer, as a URI or code; CRS84 where nothing is said.")
BBOX_CRS = Parameter("bbox-crs", "Reference system of bbox; CRS84 where nothing is said.")
BBOX = Parameter("bbox", "West, south, east, north, in the order of axes of bbox-crs.")
IMAGE = (
    BBOX,
    BBOX_CRS,
    CRS,
    Parameter("width", "Pixels from west to east.", _PIXELS),
    Parameter("height", "Pixels from north to south.", _PIXELS),
)


def image_of(given: Given, surface: SurfaceCollection) -> Pixels:
    """The pixels that `bbox`, `bbox-crs`, `crs`, `width` and `height` ask for; all of the surface to begin with."""
    system = given.parsed("crs", lambda text: system_of(text, surface)) or PLAIN_DEGREES
    box_system = given.parsed("bbox-crs", lambda text: system_of(text, surface)) or PLAIN_DEGREES
    bounds = given.parsed("bbox", lambda text: parse_corners(text, box_system))
    inside = _moved(bounds or surface.box, box_system if bounds else PLAIN_DEGREES, system)
    return pixels_of(system, inside, given.whole("width"), given.whole("height"))


def pixels_of(system: System, bounds: Bounds, width: int | None, height: int | None) -> Pixels:
    """So many pixels of a box; a side that is missing follows from the other."""
    across, down = bounds[2] - bounds[0], bounds[3] - bounds[1]
    if width is None and height is None:
        width = USUAL if across >= down else max(1, round(USUAL * across / down))
    if width is None:
        width = max(1, round((height or 1) * across / down))
    height = height or max(1, round(width * down / across))
    for name, count in (("width", width), ("height", height)):
        if not 1 <= count <= MOST_ACROSS:
            raise BadParameterError(name, f"{name} must lie between 1 and {MOST_ACROSS} pixels, got {count}")
    if width * height > MOST_PIXELS:
        raise BadParameterError("width", f"a picture has at most {MOST_PIXELS:,} pixels, got {width} by {height}")
    return Pixels.covering(system.name, bounds, width, height)


def parse_corners(text: str, system: System) -> Bounds:
    """West, south, east, north from four numbers in the order of axes of a system; ValueError for anything else."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 4 or not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"bbox needs four finite numbers, got {text[:60]!r}")
    west, south, east, north = (numbers[k] for k in ((1, 0, 3, 2) if system.flipped else (0, 1, 2, 3)))
    if system.name == DEGREES and west > east:
        east += 360.0
    if not (west < east and south < north):
        raise ValueError(f"bbox must have its west before its east and its south below its north, got {text[:60]!r}")
    return west, south, east, north


def _moved(bounds: Bounds, system: System, target: System) -> Bounds:
    """A box in another system: what holds it there."""
    west, south, east, north = bounds
    if system.name == DEGREES and west > east:
        east += 360.0
    if system.name == target.name:
        return west, south, east, north
    frame = Pixels.covering(system.name, (west, south, east, north), 1, 1)
    return frame.bounds_in(target.name)
