"""What a raster knows everywhere, asked for at any places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import ArrayLike, NDArray
from pyproj import Transformer
from rasterio.windows import Window

from mapping.arrays import Points, Vector, as_points

BLOCK = 512
"""Places are read by blocks of so many cells, so that no raster is ever held as a whole."""
Index = NDArray[np.int64]


@dataclass(frozen=True)
class RasterField:
    """One band of a raster at places in `crs`, whatever the raster's own system and cells are.

    Numbers are interpolated bilinearly between the centres of the four cells around a place, those without a value
    left out, and are known where the cell that holds the place has one. Classes are those of that cell.
    """

    path: Path
    crs: str
    classes: bool = False
    band: int = 1

    def at(self, xy: ArrayLike) -> NDArray[Any]:
        """Values (n,), NaN beyond the raster and where the cell of the place has none; classes as text, then empty."""
        if not self.classes:
            return self._at(as_points(xy), _bilinear)
        distinct, place = np.unique(self._at(as_points(xy), _nearest), return_inverse=True)
        return np.array([f"{value:.15g}" if np.isfinite(value) else "" for value in distinct], dtype=np.str_)[place]

    def _at(self, xy: Points, read: Any) -> Vector:
        found = np.full(len(xy), np.nan)
        with rasterio.open(self.path) as raster:
            column, row = self._cells(xy, raster)
            inside = (column >= 0) & (column < raster.width) & (row >= 0) & (row < raster.height)
            for places in _blocks(column, row, np.flatnonzero(inside)):
                found[places] = _read(raster, self.band, column[places], row[places], read)
        return found

    def _cells(self, xy: Points, raster: Any) -> tuple[Vector, Vector]:
        """Column and row of the places, counted from the raster's corner in parts of cells; NaN where there are none.

        A place on the raster's last edge belongs to its last cell.
        """
        x, y = xy.T
        if raster.crs != rasterio.CRS.from_user_input(self.crs):
            x, y = Transformer.from_crs(self.crs, raster.crs.to_wkt(), always_xy=True).transform(x, y)
        back = ~raster.transform
        column, row = back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f
        return _on_edge(column, raster.width), _on_edge(row, raster.height)


def _on_edge(position: Vector, size: int) -> Vector:
    known = np.where(np.isfinite(position), position, -1.0)
    return np.where(known == size, np.nextafter(float(size), 0.0), known)


def _blocks(column: Vector, row: Vector, places: Index) -> Iterator[Index]:
    """The places sorted into blocks of the raster."""
    if not len(places):
        return
    block = row[places].astype(np.int64) // BLOCK * (1 << 32) + column[places].astype(np.int64) // BLOCK
    order = np.argsort(block, kind="stable")
    yield from np.split(places[order], np.flatnonzero(np.diff(block[order])) + 1)


def _read(raster: Any, band: int, column: Vector, row: Vector, read: Any) -> Vector:
    """Values at the places of one block, from a window with a cell around it."""
    west, north = max(int(column.min()) - 1, 0), max(int(row.min()) - 1, 0)
    east, south = min(int(column.max()) + 2, raster.width), min(int(row.max()) + 2, raster.height)
    window = Window(west, north, east - west, south - north)
    values = raster.read(band, window=window, masked=True).astype(np.float64).filled(np.nan)
    found: Vector = read(values, column - west, row - north)
    return found


def _nearest(values: Vector, column: Vector, row: Vector) -> Vector:
    return values[row.astype(np.int64), column.astype(np.int64)]


def _bilinear(values: Vector, column: Vector, row: Vector) -> Vector:
    """Weighted by the distance to the centres of the cells around; cells without a value weigh nothing."""
    total, weights = np.zeros(len(column)), np.zeros(len(column))
    for south in (0, 1):
        for east in (0, 1):
            value, weight = _corner(values, column - 0.5, row - 0.5, east, south)
            known = np.isfinite(value)
            total += np.where(known, value, 0.0) * weight
            weights += np.where(known, weight, 0.0)
    held = np.isfinite(_nearest(values, column, row))
    return np.where(held, total / np.where(weights > 0.0, weights, 1.0), np.nan)


def _corner(values: Vector, column: Vector, row: Vector, east: int, south: int) -> tuple[Vector, Vector]:
    left, top = np.floor(column), np.floor(row)
    rows = np.clip(top + south, 0, values.shape[0] - 1).astype(np.int64)
    columns = np.clip(left + east, 0, values.shape[1] - 1).astype(np.int64)
    along = column - left if east else 1.0 - (column - left)
    down = row - top if south else 1.0 - (row - top)
    return values[rows, columns], along * down
