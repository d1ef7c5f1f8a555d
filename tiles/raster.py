"""Values of a surface at places and in the pixels of images.

Tiles of every zoom and single places ask one question: in which cell of the full-resolution raster does a place
lie? So a place has one value everywhere, and tiles have no seams.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.enums import Resampling

from mapping.surface import TRANSFORM
from tiles import levels
from tiles.blocks import BLOCK, Range, block, block_at_hand, open_files, picked, window
from tiles.doubt import doubt_of, shaded
from tiles.images import Encoding, Palette, palette_png
from tiles.kept import Bands, KeptBands
from tiles.legend import Legend
from tiles.pixels import SIDE, Box, Cells, Floats, Pixels, box_around, projected, projected_place, whole
from tiles.quantity import Quantity, Shown
from tiles.tile import DEEPEST, Tile

RENDERING = "2"
"""Raised when the classes or colours of a surface change with the program, so that no cache holds both."""
SAMPLE = 512
"""Rows and columns, at most, from which the classes of a legend are taken."""
MOST_CELLS = 4_000_000
"""Cells of the full-resolution raster that are taken together; an image that needs more is put together from parts."""
MOST_READ = 16_000_000
"""Cells that an image other than a tile may need; beyond, it is taken from the served copy."""
MOST_BYTES = 96_000_000
"""Of bands of tiles, which the next limit or quantity is drawn from."""
FINER = 2
"""A pixel of averages is cut into 4 by 4 places."""

Where = Tile | Pixels


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
    bands: int

    @classmethod
    @lru_cache(maxsize=256)
    def open(cls, path: Path, transform: str) -> "Raster":
        """Read the header; raises `rasterio.errors.RasterioIOError` for a file that is missing or no raster.

        `transform` names the scale of the bands (`log`) where the file itself does not, which knows more of scales that
        were fitted; it means nothing where the bands are plain values.
        """
        with rasterio.open(path) as raster:
            crs = raster.crs.to_wkt()
            box = box_around(crs, *raster.bounds)
            scale = raster.tags().get(TRANSFORM, transform)
            return cls(path, scale, raster.transform, raster.height, raster.width, crs, box, raster.count)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.rows, self.columns

    def cells_at(self, lon: Floats, lat: Floats) -> tuple[Cells, Cells]:
        """Row and column of the cell in which each place lies; -1 for places outside."""
        column, row = self._fractions(lon, lat)
        return whole(row, column, self.shape)

    def cells_of(self, tile: Tile) -> tuple[Cells, Cells]:
        """Row and column (256, 256) of the cell in which the centre of each pixel lies; -1 outside."""
        return self.cells_in(Pixels.of(tile))

    def cells_in(self, pixels: Pixels) -> tuple[Cells, Cells]:
        """Row and column (rows, columns) of the cell in which the centre of each pixel lies; -1 outside."""
        return pixels.cells(self._fractions, self.box, self.shape)

    def _fractions(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Column and row with fractions; NaN far from the raster, where its projection may fold back on itself."""
        x, y = projected(self.crs, lon, lat)
        back = ~self.affine
        with np.errstate(invalid="ignore"):  # a place that the projection does not reach is infinite
            column, row = back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f
        near = self.box.holds(lon, lat) & np.isfinite(column) & np.isfinite(row)
        return np.where(near, column, np.nan), np.where(near, row, np.nan)

    def bands_at(self, row: Cells, column: Cells) -> Bands:
        """The bands (bands, …) of these cells; NaN where they are -1."""
        row, column = (np.ascontiguousarray(axis, np.int32) for axis in (row, column))
        needed = Range.of(row, column)
        if needed is None:
            return np.full((self.bands, *row.shape), np.nan, np.float32)
        if needed.cells <= MOST_CELLS or row.size == 1:
            return picked(window(self.path, needed), (needed.row, needed.column), row, column)
        axis = int(np.argmax(row.shape))
        halves = zip(np.array_split(row, 2, axis), np.array_split(column, 2, axis), strict=True)
        return np.concatenate([self.bands_at(*half) for half in halves], axis=axis + 1)

    def bands_on(self, where: Where, finer: int = 0) -> Bands:
        """The bands (bands, rows, columns) at the centres of the pixels of a tile or an image.

        Each pixel is cut into 2 by 2 as often as `finer` says.
        """
        if isinstance(where, Pixels):
            return self.bands_in(where.finer(1 << finer))
        if where.z + finer > DEEPEST:
            return self._exactly(Pixels.of(where, SIDE << finer))
        if finer == 0:
            return _tiles.get((self.path, where), self._bands_of, where)
        quarters = [self.bands_on(child, finer - 1) for child in where.children()]
        return np.concatenate([np.concatenate(quarters[:2], axis=2), np.concatenate(quarters[2:], axis=2)], axis=1)

    def _bands_of(self, tile: Tile) -> Bands:
        copy = self._copy(tile.z)
        found = copy.read(tile) if copy else None
        return self._exactly(Pixels.of(tile)) if found is None else found

    def bands_in(self, pixels: Pixels) -> Bands:
        """The bands (bands, rows, columns) at the centres of the pixels of an image.

        Where an image shows more of a large surface than can be read for it, its pixels show places of the served
        copy, which lie no farther off than half a pixel.
        """
        zoom = self._zoom_for(pixels)
        copy = None if zoom is None else self._copy(zoom)
        if zoom is None or copy is None:
            return self._exactly(pixels)
        columns, rows = (np.arange(0.5, count) for count in (pixels.columns, pixels.rows))
        return copy.levels[zoom].at(*pixels.places(columns, rows))

    def _exactly(self, pixels: Pixels) -> Bands:
        return self.bands_at(*self.cells_in(pixels))

    def _zoom_for(self, pixels: Pixels) -> int | None:
        """The zoom of the served copy that an image is taken from; None where it is taken from the surface itself."""
        finest = self.copied_to
        if finest is None:
            return None
        needed = Range.of(*self.cells_in(pixels.coarser(64)))
        if needed is None or needed.cells <= MOST_READ:
            return None
        share = np.sqrt(needed.cells / (pixels.rows * pixels.columns))
        return max(0, finest - max(0, int(np.floor(np.log2(share)))))

    def point(self, lon: float, lat: float) -> Bands:
        """The bands (bands,) at a place; NaN outside."""
        row, column = (int(axis[0]) for axis in self.cells_at(np.array([lon]), np.array([lat])))
        if row < 0:
            return np.full(self.bands, np.nan, np.float32)
        return block(self.path, row // BLOCK, column // BLOCK)[:, row % BLOCK, column % BLOCK]

    def known_point(self, lon: float, lat: float) -> Bands | None:
        """The bands (bands,) at a place, if nothing has to be read for them."""
        found = self._cell(lon, lat)
        if found is None:
            return np.full(self.bands, np.nan, np.float32)
        row, column = found
        there = block_at_hand(self.path, row // BLOCK, column // BLOCK)
        return None if there is None else there[:, row % BLOCK, column % BLOCK]

    def _cell(self, lon: float, lat: float) -> tuple[int, int] | None:
        """Row and column of the cell of a place, as `cells_at` finds them."""
        box = self.box
        beyond, before = lon >= box.west, lon <= box.east
        between = beyond and before if box.west <= box.east else beyond or before
        if not (between and box.south <= lat <= box.north):
            return None
        x, y = projected_place(self.crs, lon, lat)
        if not (math.isfinite(x) and math.isfinite(y)):
            return None
        back = _inverse(self.affine)
        column, row = back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f
        if not (0 <= row < self.rows and 0 <= column < self.columns):
            return None
        return math.floor(row), math.floor(column)

    def values_at(self, lon: Floats, lat: Floats, shown: Shown) -> Floats:
        """What is shown, at places; NaN outside."""
        return shown.of(self.bands_at(*self.cells_at(lon, lat)), self.transform)

    def values_of(self, where: Where, shown: Shown) -> Floats:
        """What is shown (rows, columns), at the centres of the pixels of a tile or an image; NaN outside."""
        return shown.of(self.bands_on(where), self.transform)

    def averages_of(self, where: Where, shown: Shown) -> Floats:
        """The mean (rows, columns) over 4 by 4 places in each pixel, of those that lie on the surface.

        The values are averaged, a probability for one, never the parameters of the distributions.
        """
        values = shown.of(self.bands_on(where, FINER), self.transform)
        side = 1 << FINER
        places = values.reshape(values.shape[0] // side, side, values.shape[1] // side, side)
        known = np.isfinite(places)
        number = known.sum(axis=(1, 3))
        total = np.where(known, places, 0.0).sum(axis=(1, 3))
        return np.where(number > 0, total / np.maximum(number, 1), np.nan)

    def legend(self, shown: Shown) -> Legend:
        """The classes in which this surface shows a quantity."""
        return _legend(self, shown)

    def encoding(self, shown: Shown) -> Encoding:
        """How values are written into colours."""
        return _encoding(self, shown)

    def draw(self, where: Where, shown: Shown, doubt: str = "none", finer: int = 0) -> bytes:
        """A tile or image as PNG in the colours of the legend, transparent outside; no bytes where there is nothing.

        `doubt` is one of `tiles.doubt.DOUBTS`; other than none it needs a `Quantity`.
        """
        bands = self.bands_on(where, finer)
        if np.isnan(bands[0]).all():
            return b""
        legend = self.legend(shown)
        classes = shown.classes(bands, self.transform, legend)
        if doubt == "none" or not isinstance(shown, Quantity):
            return palette_png(classes, Palette(legend.colours))
        return palette_png(*shaded(classes, legend.colours, doubt_of(bands, self.transform, shown), doubt))

    def overview(self) -> Bands:
        """The bands at no more than 512 rows and columns."""
        stride = -(-max(self.rows, self.columns) // SAMPLE)
        shape = (self.bands, -(-self.rows // stride), -(-self.columns // stride))
        bands: Bands = open_files.get(self.path).read(out_shape=shape, resampling=Resampling.nearest)
        return bands

    @property
    def cell_m(self) -> float:
        """Side of a cell in the unit of its system."""
        return float(self.affine.a)

    @property
    def copied_to(self) -> int | None:
        """The finest zoom that a served copy holds; None for a surface that needs none."""
        if self.rows * self.columns <= levels.SMALL:
            return None
        middle = (self.box.south + self.box.north) / 2.0
        return levels.finest_zoom(self.cell_m, middle)

    def make_copy(self) -> None:
        """Write the served copy, unless it is there or the surface needs none."""
        if self.copied_to is not None:
            levels.build(self.path, self.box, self.copied_to, self._exactly, self.bands)

    def _copy(self, zoom: int) -> "levels.Levels | None":
        """The served copy for a zoom; one that is missing is asked for, and this tile drawn without."""
        if self.copied_to is None or zoom > self.copied_to:
            return None
        found = _known_copy(self.path)
        if found is None:
            levels.builder.ask(self.path, self.make_copy)
        return found


@lru_cache(maxsize=256)
def _inverse(affine: Affine) -> Affine:
    back: Affine = ~affine
    return back


_tiles = KeptBands(MOST_BYTES)
_copies: dict[Path, levels.Levels] = {}


def _known_copy(path: Path) -> "levels.Levels | None":
    if path not in _copies:
        found = levels.Levels.at(path)
        if found is None:
            return None
        _copies[path] = found
    return _copies[path]


@lru_cache(maxsize=512)
def _legend(raster: Raster, shown: Shown) -> Legend:
    needs_values = shown.name != "exceedance"
    values = shown.of(raster.overview(), raster.transform) if needs_values else np.empty(0)
    return shown.legend(values)


@lru_cache(maxsize=512)
def _encoding(raster: Raster, shown: Shown) -> Encoding:
    if shown.name == "exceedance":
        return Encoding(2.0**-23)
    values = shown.of(raster.overview(), raster.transform)
    known = values[np.isfinite(values)]
    return Encoding.holding(float(known.min()), float(known.max())) if known.size else Encoding(1e-3)
