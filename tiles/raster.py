"""Values of a surface at places, and tiles coloured from them.

Tiles of every zoom and single places ask one question: in which cell of the full-resolution raster does a place
lie? So a place has one value everywhere, and tiles have no seams.
"""

import io
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from PIL import Image, ImageColor
from rasterio.enums import Resampling
from rasterio.windows import Window

from tiles.legend import Legend
from tiles.pixels import Box, PixelGrid, box_around, projected
from tiles.quantity import Quantity
from tiles.tile import Tile

RENDERING = "1"
"""Raised when the classes or colours of a surface change with the program, so that no cache holds both."""
SAMPLE = 512
"""Rows and columns, at most, from which the classes of a legend are taken."""
MOST_CELLS = 16_000_000
"""Cells of the full-resolution raster that one tile may read; above, it reads every n-th row and column."""

MOST_OPEN = 16
"""Files that one thread keeps open."""

Floats = NDArray[np.float64]
Cells = NDArray[np.int64]


class OpenFiles(threading.local):
    """Files that this thread has open, the ones used last: opening costs more than reading a window."""

    def __init__(self) -> None:
        self._files: OrderedDict[Path, Any] = OrderedDict()

    def get(self, path: Path) -> Any:
        """The open file of a path."""
        if path not in self._files:
            self._files[path] = rasterio.open(path)
            if len(self._files) > MOST_OPEN:
                self._files.popitem(last=False)[1].close()
        self._files.move_to_end(path)
        return self._files[path]


_open_files = OpenFiles()


@dataclass(frozen=True, slots=True)
class Raster:
    """A surface's file on disk, which never changes, with what is needed to find a place in it."""

    path: Path
    transform: str
    affine: Affine
    rows: int
    columns: int
    crs: str
    box: Box

    @classmethod
    @lru_cache(maxsize=256)
    def open(cls, path: Path, transform: str) -> "Raster":
        """Read the header; raises `rasterio.errors.RasterioIOError` for a file that is missing or no raster.

        `transform` names the scale of the bands (`log`).
        """
        with rasterio.open(path) as raster:
            crs = raster.crs.to_wkt()
            box = box_around(crs, *raster.bounds)
            return cls(path, transform, raster.transform, raster.height, raster.width, crs, box)

    def cells_at(self, lon: Floats, lat: Floats) -> tuple[Cells, Cells]:
        """Row and column of the cell in which each place lies; -1 for places outside."""
        return self._whole(*self._fractions(lon, lat))

    def cells_of(self, tile: Tile) -> tuple[Cells, Cells]:
        """Row and column (256, 256) of the cell in which the centre of each pixel lies; -1 outside."""
        return self._whole(*PixelGrid(tile).image_of(self._fractions, self.box))

    def _fractions(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Column and row with fractions; NaN far from the raster, where its projection may fold back on itself."""
        x, y = projected(self.crs, lon, lat)
        back = ~self.affine
        column, row = back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f
        near = self.box.holds(lon, lat) & np.isfinite(column) & np.isfinite(row)
        return np.where(near, column, np.nan), np.where(near, row, np.nan)

    def _whole(self, column: Floats, row: Floats) -> tuple[Cells, Cells]:
        inside = (row >= 0) & (row < self.rows) & (column >= 0) & (column < self.columns)
        below = np.where(inside, np.floor(row), -1.0), np.where(inside, np.floor(column), -1.0)
        return below[0].astype(np.int64), below[1].astype(np.int64)

    def bands_at(self, row: Cells, column: Cells) -> NDArray[np.float32]:
        """The three bands (3, …) of these cells; NaN where they are -1."""
        inside = row >= 0
        bands = np.full((3, *row.shape), np.nan, np.float32)
        if inside.any():
            top, left = int(row[inside].min()), int(column[inside].min())
            window = Window(left, top, int(column[inside].max()) - left + 1, int(row[inside].max()) - top + 1)
            stride = max(1, int(np.ceil(np.sqrt(window.width * window.height / MOST_CELLS))))
            read = self._read(window, stride)
            bands[:, inside] = read[:, (row[inside] - top) // stride, (column[inside] - left) // stride]
        return bands

    def _read(self, window: Window, stride: int) -> NDArray[np.float32]:
        shape = (3, -(-window.height // stride), -(-window.width // stride))
        raster = _open_files.get(self.path)
        bands: NDArray[np.float32] = raster.read(window=window, out_shape=shape, resampling=Resampling.nearest)
        return bands

    def values_at(self, lon: Floats, lat: Floats, quantity: Quantity) -> Floats:
        """The quantity at places; NaN outside."""
        return quantity.of(self.bands_at(*self.cells_at(lon, lat)), self.transform)

    def values_of(self, tile: Tile, quantity: Quantity) -> Floats:
        """The quantity (256, 256) at the centres of a tile's pixels; NaN outside."""
        return quantity.of(self.bands_at(*self.cells_of(tile)), self.transform)

    def legend(self, quantity: Quantity) -> Legend:
        """The classes in which this surface shows a quantity."""
        return _legend(self, quantity)

    def draw(self, tile: Tile, quantity: Quantity) -> bytes:
        """The tile as PNG in the colours of the legend, transparent outside; no bytes where there is nothing."""
        row, column = self.cells_of(tile)
        if (row < 0).all():
            return b""
        legend = self.legend(quantity)
        return _png(legend.classify(quantity.of(self.bands_at(row, column), self.transform)), legend.colours)

    def overview(self) -> NDArray[np.float32]:
        """The bands at no more than 512 rows and columns."""
        stride = -(-max(self.rows, self.columns) // SAMPLE)
        return self._read(Window(0, 0, self.columns, self.rows), stride)


@lru_cache(maxsize=512)
def _legend(raster: Raster, quantity: Quantity) -> Legend:
    needs_values = quantity.name != "exceedance"
    values = quantity.of(raster.overview(), raster.transform) if needs_values else np.empty(0)
    return quantity.legend(values)


def _png(classes: NDArray[np.uint8], colours: tuple[str, ...]) -> bytes:
    """Class 0 is transparent, class n has the n-th colour."""
    image = Image.fromarray(classes)
    image.putpalette([0, 0, 0, *(part for colour in colours for part in ImageColor.getrgb(colour))], "RGB")
    file = io.BytesIO()
    image.save(file, "PNG", transparency=0, bits=4)
    return file.getvalue()
