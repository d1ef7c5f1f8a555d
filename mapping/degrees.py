"""Maps on a grid of degrees: the cells of countries and continents, averaged from the cells of a map by area."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.sparse import csr_array, vstack

from mapping.arrays import Vector
from mapping.grid import MOST_CELLS, Grid

ARC_SECOND = 1.0 / 3600.0
METRES_PER_DEGREE = 111_320.0
FINEST, COARSEST = 4, 32
"""Places along the side of a cell of degrees at which the map below is looked up."""
PLACES_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class DegreeGrid:
    """Square cells of `cell` degrees in WGS 84 whose edges are multiples of it; row 0 is north."""

    west: float
    north: float
    cell: float
    rows: int
    columns: int

    def __post_init__(self) -> None:
        if not (np.isfinite(self.cell) and 0.0 < self.cell <= 10.0):
            raise ValueError(f"a cell must be above zero and at most ten degrees, got {self.cell}")
        if self.rows < 1 or self.columns < 1 or self.rows * self.columns > MOST_CELLS:
            raise ValueError(f"{self.rows} by {self.columns} cells are no grid, or too many: choose a larger cell")

    @classmethod
    def covering(cls, bounds: tuple[float, float, float, float], arc_seconds: float) -> DegreeGrid:
        """The smallest grid over west, south, east, north (degrees) whose edges are multiples of the cell."""
        if not (np.isfinite(arc_seconds) and arc_seconds > 0.0):
            raise ValueError(f"a cell must be above zero arc seconds, got {arc_seconds}")
        cell = arc_seconds * ARC_SECOND
        left, bottom = (int(np.floor(edge / cell + 1e-9)) for edge in bounds[:2])
        right, top = (int(np.ceil(edge / cell - 1e-9)) for edge in bounds[2:])
        return cls(left * cell, top * cell, cell, max(top - bottom, 1), max(right - left, 1))

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.rows, self.columns

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        return self.west, self.north - self.rows * self.cell, self.west + self.columns * self.cell, self.north

    @property
    def transform(self) -> Affine:
        """From (column, row) to (longitude, latitude)."""
        return Affine(self.cell, 0.0, self.west, 0.0, -self.cell, self.north)


@dataclass(frozen=True, slots=True, eq=False)
class AreaWeights:
    """How much of each cell of a grid of degrees each cell of a map makes up.

    `weights` (cells of degrees, cells of the map) sums to one in each row that any mapped cell lies in; `covered`
    (cells of degrees,) is the share of the cell's area that is mapped.
    """

    target: DegreeGrid
    weights: csr_array
    covered: Vector

    @classmethod
    def of(cls, grid: Grid, mapped: NDArray[np.bool_], target: DegreeGrid) -> AreaWeights:
        """Weights of the cells of `grid` that are `mapped` (rows, columns).

        Each cell of degrees is looked at in an even net of places, each standing for its area on the sphere: the share
        of a map cell is right to about the reciprocal of the number of places across it.
        """
        across = int(np.clip(2 * np.ceil(target.cell * METRES_PER_DEGREE / grid.cell), FINEST, COARSEST))
        to_map = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
        step = max(1, PLACES_AT_ONCE // (target.columns * across * across))
        parts, shares = [], []
        for start in range(0, target.rows, step):
            rows = np.arange(start, min(start + step, target.rows))
            part, share = _weights_of(grid, mapped, target, rows, (across, to_map))
            parts.append(part)
            shares.append(share)
        return cls(target, csr_array(vstack(parts)), np.concatenate(shares))

    def average(self, values: Vector) -> Vector:
        """Means (…, cells of degrees) of values (…, cells of the map); NaN where nothing is mapped."""
        filled = np.where(np.isfinite(values), values, 0.0)
        means = np.asarray((self.weights @ filled.T).T, np.float64)
        return np.where(self.covered > 0.0, means, np.nan)


def _weights_of(
    grid: Grid, mapped: NDArray[np.bool_], target: DegreeGrid, rows: NDArray[np.int64], how: tuple[int, Transformer]
) -> tuple[csr_array, Vector]:
    across, to_map = how
    fractions = (np.arange(across) + 0.5) / across
    latitudes = target.north - (rows[:, None] + fractions).ravel() * target.cell
    longitudes = target.west + (np.arange(target.columns)[:, None] + fractions).ravel() * target.cell
    lon, lat = np.meshgrid(longitudes, latitudes)
    x, y = to_map.transform(lon.ravel(), lat.ravel())
    column, row = _within(grid, x, y)
    inside = row >= 0
    inside[inside] = mapped[row[inside], column[inside]]
    own = np.repeat(np.arange(len(rows)), across)[:, None] * target.columns + np.repeat(
        np.arange(target.columns), across
    )
    area = np.broadcast_to(np.cos(np.radians(latitudes))[:, None], lon.shape).ravel()
    cells = len(rows) * target.columns
    whole = np.bincount(own.ravel(), area, cells)
    known = np.bincount(own.ravel()[inside], area[inside], cells)
    place = own.ravel()[inside]
    entries = area[inside] / known[place]
    shape = (cells, grid.rows * grid.columns)
    weights = csr_array((entries, (place, row[inside] * grid.columns + column[inside])), shape=shape)
    return weights, known / whole


def _within(grid: Grid, x: Vector, y: Vector) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Column and row of the cells that places lie in; -1 for those beyond the grid."""
    with np.errstate(invalid="ignore"):
        column = np.floor((x - grid.west) / grid.cell)
        row = np.floor((grid.north - y) / grid.cell)
        inside = (column >= 0) & (column < grid.columns) & (row >= 0) & (row < grid.rows)
    return np.where(inside, column, -1).astype(np.int64), np.where(inside, row, -1).astype(np.int64)
