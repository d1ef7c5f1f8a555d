"""The cells of a map, and the part of them that the samples can speak for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import Points, Vector, as_points
from mapping.search import Search

MOST_CELLS = 400_000_000
ALIGNED = 1e-6
"""Of a cell: an edge this near a multiple of the cell is one."""
HULL_RATIO = 0.3
"""Between the tightest outline (0) and the convex hull (1): follows a river plain without cutting it up."""
MOST_DOUBTS = 1_000_000
REACH = 2.5
"""Sample spacings: of places scattered at random one in 300 million lies farther from the nearest."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Square cells of side `cell` metres in `crs`; row 0 is north, (west, north) its outer corner."""

    west: float
    north: float
    cell: float
    rows: int
    columns: int
    crs: str

    def __post_init__(self) -> None:
        if not np.isfinite([self.west, self.north, self.cell]).all() or self.cell <= 0.0:
            raise ValueError(
                f"a grid needs a finite corner and a cell above zero metres, got west {self.west}, "
                f"north {self.north}, cell {self.cell}"
            )
        if self.rows < 1 or self.columns < 1:
            raise ValueError(f"a grid needs at least one row and column, got {self.rows} by {self.columns}")
        if self.rows * self.columns > MOST_CELLS:
            raise ValueError(
                f"{self.rows} by {self.columns} cells are more than {MOST_CELLS:,}: choose a cell above {self.cell:g} m"
            )

    @classmethod
    def covering(cls, bounds: tuple[float, float, float, float], cell: float, crs: str) -> Grid:
        """The smallest grid over west, south, east, north whose cell edges are multiples of `cell`.

        Grids of one cell size therefore always line up.
        """
        if not (np.isfinite(bounds).all() and bounds[0] <= bounds[2] and bounds[1] <= bounds[3]):
            raise ValueError(f"bounds must be finite west, south, east, north, got {bounds}")
        if not (np.isfinite(cell) and cell > 0.0):
            raise ValueError(f"a cell must be above zero metres, got {cell}")
        left, bottom = (int(np.floor(edge / cell)) for edge in bounds[:2])
        right, top = (int(np.ceil(edge / cell)) for edge in bounds[2:])
        return cls(left * cell, top * cell, cell, max(top - bottom, 1), max(right - left, 1), crs)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.rows, self.columns

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        return self.west, self.north - self.rows * self.cell, self.west + self.columns * self.cell, self.north

    @property
    def cell_area(self) -> float:
        """Square metres of one cell."""
        return self.cell * self.cell

    @property
    def transform(self) -> Affine:
        """From (column, row) to (easting, northing)."""
        return Affine(self.cell, 0.0, self.west, 0.0, -self.cell, self.north)

    def centres(self, start: int = 0, stop: int | None = None) -> Points:
        """Cell centres (rows · columns, 2) of the rows from `start` to before `stop`, west to east, north first."""
        last = self.rows if stop is None else stop
        return self.centres_of((slice(start, last), slice(0, self.columns))).reshape(-1, 2)

    def centres_of(self, part: tuple[slice, slice]) -> Points:
        """Cell centres (r, c, 2) of some rows and columns, which may lie beyond the grid.

        Where the cells line up with the multiples of the cell, they are the same to the last bit on every such grid.
        """
        rows, columns = (np.arange(each.start, each.stop) for each in part)
        easting = self._along(self.west, columns + 0.5)
        northing = self._along(self.north, -(rows + 0.5))
        return np.stack(np.broadcast_arrays(easting, northing[:, None]), axis=-1)

    def _along(self, edge: float, cells: Vector) -> Vector:
        """What lies a number of cells from an edge."""
        counted = round(edge / self.cell)
        if abs(counted * self.cell - edge) > ALIGNED * self.cell:
            return edge + cells * self.cell
        return (counted + cells) * self.cell


def mask_inside(grid: Grid, polygon: Any) -> NDArray[np.bool_]:
    """True (rows, columns) where the centre of the cell lies inside a shapely polygon."""
    shapely.prepare(polygon)
    inside = np.empty(grid.shape, dtype=bool)
    step = max(1, 1_000_000 // grid.columns)
    for start in range(0, grid.rows, step):
        stop = min(start + step, grid.rows)
        x, y = grid.centres(start, stop).T
        inside[start:stop] = shapely.contains_xy(polygon, x, y).reshape(-1, grid.columns)
    return inside


def sample_spacing(xy: ArrayLike) -> float:
    """The side of the square that each place has to itself, in metres; on a line the median gap to the nearest."""
    places = np.unique(as_points(xy), axis=0)
    if len(places) < 2:
        raise ValueError("all samples lie at one place, which has no spacing: give the area to be mapped")
    hull = shapely.concave_hull(shapely.multipoints(places), ratio=HULL_RATIO)
    gap, _ = Search(places).nearest(places, 2)
    return max(float(np.sqrt(hull.area / len(places))), float(np.median(gap[:, 1])))


def default_area(xy: ArrayLike) -> Any:
    """The area that samples at places (n, 2) can speak for: their concave hull and half a spacing around it.

    A sample stands for the ground halfway to its neighbours; beyond, a map would be extrapolation. What lies farther
    than `REACH` spacings from every sample, such as a sea between two coasts, is left out. Returns a shapely polygon or
    multipolygon; ValueError for fewer than two places.
    """
    places = np.unique(as_points(xy), axis=0)
    spacing = sample_spacing(places)
    hull = shapely.concave_hull(shapely.multipoints(places), ratio=HULL_RATIO)
    return _within_reach(shapely.buffer(hull, spacing / 2.0), places, spacing)


def _within_reach(hull: Any, places: Points, spacing: float) -> Any:
    """The hull without what is beyond reach; discs are drawn only around the cells where that may be, which are few."""
    step, reach = max(spacing / 2.0, _coarsest(hull)), REACH * spacing
    if step > reach:
        # samples along a line: their hull is no wider than what is within reach
        return hull
    doubt, centres = _doubtful(hull, places, step, reach)
    if not len(centres):
        return hull
    near = places[Search(centres).nearest(places, 1)[0][:, 0] <= reach + step]
    discs = shapely.union_all(shapely.buffer(shapely.points(near), reach))
    beyond = shapely.difference(shapely.intersection(hull, doubt), discs)
    return shapely.difference(hull, beyond) if beyond.area > 0.0 else hull


def _coarsest(hull: Any) -> float:
    """A side of cells of which a million cover the hull, however thin or bent it is."""
    west, south, east, north = hull.bounds
    return float(np.sqrt((east - west) * (north - south) / MOST_DOUBTS))


def _doubtful(hull: Any, places: Points, step: float, reach: float) -> tuple[Any, Points]:
    """The cells of side `step` that meet the hull and may hold a place beyond reach: their union, their centres."""
    grid, search = Grid.covering(hull.bounds, step, ""), Search(places)
    around = shapely.buffer(hull, step)
    shapely.prepare(around)
    found, rows = [], max(1, 1_000_000 // grid.columns)
    for start in range(0, grid.rows, rows):
        centres = grid.centres(start, min(start + rows, grid.rows))
        centres = centres[shapely.contains_xy(around, *centres.T)]
        found.append(centres[search.nearest(centres, 1)[0][:, 0] > reach - step])
    doubtful = np.vstack(found)
    low, high = (doubtful - step / 2.0).T, (doubtful + step / 2.0).T
    return shapely.union_all(shapely.box(*low, *high)), doubtful
