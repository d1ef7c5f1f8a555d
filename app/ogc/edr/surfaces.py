"""Environmental Data Retrieval over a surface: its distribution at places, along lines and over areas."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.ogc.collection import SurfaceCollection
from app.ogc.edr.parameters import Depths, along
from app.ogc.edr.tables import Places
from app.problems import TooLargeError
from db.selection import Bounds, Period
from tiles.pixels import DEGREES, Floats, Pixels
from tiles.quantity import Shown
from tiles.raster import Raster

MOST_CELLS = 40_000
MOST_ON_A_LINE = 2_000
METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of which surface."""

    surface: SurfaceCollection
    raster: Raster
    shown: Mapping[str, Shown]


def at_places(question: Question, shape: BaseGeometry) -> Places:
    """At a point, or at each of several."""
    lon, lat = shapely.get_coordinates(shape).T
    return _at(question, lon, lat)


def along_line(question: Question, line: BaseGeometry) -> Places:
    """Along a line, a cell apart or as far as the budget allows."""
    vertices = [(float(x), float(y)) for x, y in shapely.get_coordinates(line)]
    places, distances = along(vertices, float(question.surface.row["cell_m"]), MOST_ON_A_LINE)
    lon, lat = np.array(places).T
    return _at(question, lon, lat, np.array(distances))


def _at(question: Question, lon: Floats, lat: Floats, distances: Floats | None = None) -> Places:
    bands = question.raster.bands_at(*question.raster.cells_at(lon, lat))
    values = {name: each.of(bands, question.raster.transform) for name, each in question.shown.items()}
    return Places(lon, lat, question.shown, values, distance_m=distances)


def over_area(
    question: Question, area: BaseGeometry, resolution: tuple[int | None, int | None] = (None, None)
) -> Places | None:
    """Over the part of a polygon that the surface has: a grid in degrees as fine as its cells, nothing outside.

    None where they do not meet. Raises `TooLargeError` beyond the budget, with what can be asked instead.
    """
    pixels = _grid_over(question.surface, area, resolution)
    if pixels is None:
        return None
    lon, lat = (axis.ravel() for axis in pixels.places(np.arange(0.5, pixels.columns), np.arange(0.5, pixels.rows)))
    inside = shapely.contains_xy(area, lon, lat) | shapely.contains_xy(area, lon + 360.0, lat)
    bands = question.raster.bands_in(pixels).reshape(question.raster.bands, -1)
    bands = np.where(inside, bands, np.float32(np.nan))
    values = {name: each.of(bands, question.raster.transform) for name, each in question.shown.items()}
    return Places(lon, lat, question.shown, values, shape=pixels.shape)


def _grid_over(
    surface: SurfaceCollection, area: BaseGeometry, resolution: tuple[int | None, int | None]
) -> Pixels | None:
    west, south, east, north = surface.box
    frame = shapely.box(west, south, east + (360.0 if west > east else 0.0), north)
    shared = shapely.intersection(frame, shapely.box(*area.bounds))
    if shared.is_empty or shared.area == 0.0:
        return None
    west, south, east, north = shared.bounds
    down = float(surface.row["cell_m"]) / METRES_PER_DEGREE
    across = down / max(math.cos(math.radians((south + north) / 2.0)), 0.01)
    columns = resolution[0] or max(1, round((east - west) / across))
    rows = resolution[1] or max(1, round((north - south) / down))
    if columns * rows > MOST_CELLS:
        part = math.sqrt(MOST_CELLS / (columns * rows))
        raise TooLargeError(
            f"{columns} by {rows} values are more than the {MOST_CELLS:,} of one answer: ask for a smaller area, the "
            f"coverage, or resolution-x={max(1, int(columns * part))}&resolution-y={max(1, int(rows * part))}"
        )
    return Pixels.covering(DEGREES, (west, south, east, north), columns, rows)


def box_polygon(box: Bounds) -> BaseGeometry:
    """A box as a polygon, over the antimeridian where it is."""
    return shapely.box(box.west, box.south, box.east + (360.0 if box.crosses_antimeridian else 0.0), box.north)


def speaks_for(surface: SurfaceCollection, depths: Depths | None, period: Period | None) -> bool:
    """Whether a map is of the depths and of the time that are asked for, as far as it is known what it is of."""
    selection = surface.row["parameters"].get("selection") or {}
    return _deep_enough(selection.get("depth"), depths) and _in_time(selection.get("period"), period)


def _deep_enough(known: Any, depths: Depths | None) -> bool:
    if not known or depths is None:
        return True
    top, bottom = (float(edge) for edge in known)
    return depths.top <= bottom and depths.bottom >= top


def _in_time(known: Any, period: Period | None) -> bool:
    if not known or period is None:
        return True
    start, end = (dt.date.fromisoformat(known[name]) if known.get(name) else None for name in ("start", "end"))
    too_early = start is not None and period.end is not None and period.end < start
    too_late = end is not None and period.start is not None and period.start > end
    return not (too_early or too_late)
