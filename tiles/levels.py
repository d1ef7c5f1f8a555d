"""Served copies of large surfaces: for every coarse zoom a GeoTIFF that lies on the tiles of WebMercatorQuad.

A tile then is one block of a file. Its pixels are those cells of the surface in which their centres lie, chosen anew
for each zoom: overviews of overviews would show the value of a place up to a pixel away.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import RasterioIOError
from rasterio.windows import Window

from tiles.blocks import Range, open_files, picked, window
from tiles.kept import Bands
from tiles.pixels import MERCATOR, SIDE, Box, Floats, Pixels, whole
from tiles.tile import HALF, RADIUS, Tile

FORM = "1"
"""Raised when the files are laid out differently."""
SMALL = 1_000_000
"""Cells of a surface that is read as it is at any zoom."""

PROFILE: Mapping[str, Any] = {
    "driver": "GTiff",
    "dtype": "float32",
    "nodata": np.nan,
    "crs": MERCATOR,
    "bigtiff": "if_safer",
    "compress": "zstd",
    "zstd_level": 1,
    "tiled": True,
    "blockxsize": SIDE,
    "blockysize": SIDE,
    "interleave": "pixel",
    "SPARSE_OK": True,
}

TileBands = Callable[[Pixels], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Level:
    """The tiles of one zoom from `first_x`, `first_y` to before `last_x`, `last_y`, in one file."""

    path: Path
    first_x: int
    first_y: int
    last_x: int
    last_y: int

    def read(self, tile: Tile) -> Bands | None:
        """The bands (bands, 256, 256) of a tile; None where the file does not hold it."""
        if not (self.first_x <= tile.x < self.last_x and self.first_y <= tile.y < self.last_y):
            return None
        window = Window((tile.x - self.first_x) * SIDE, (tile.y - self.first_y) * SIDE, SIDE, SIDE)
        bands: Bands = open_files.get(self.path).read(window=window)
        return bands

    def at(self, lon: Floats, lat: Floats) -> Bands:
        """The bands (bands, …) of the pixels in which places lie; NaN where the file has none."""
        zoom, width = Tile(int(self.path.stem), 0, 0), (self.last_x - self.first_x, self.last_y - self.first_y)
        x, y = RADIUS * np.radians(lon), RADIUS * np.arcsinh(np.tan(np.radians(np.clip(lat, -89.9, 89.9))))
        column = (x + HALF) / zoom.width * SIDE - self.first_x * SIDE
        row = (HALF - y) / zoom.width * SIDE - self.first_y * SIDE
        rows, columns = whole(row, column, (width[1] * SIDE, width[0] * SIDE))
        needed = Range.of(rows, columns)
        if needed is None:
            return np.full((open_files.get(self.path).count, *lon.shape), np.nan, np.float32)
        return picked(window(self.path, needed), (needed.row, needed.column), rows, columns)


@dataclass(frozen=True, slots=True)
class Levels:
    """The served copy of a surface: one level for each zoom from 0 on, to the finest that skips no cell but its own."""

    levels: tuple[Level, ...]

    @classmethod
    def at(cls, surface: Path) -> "Levels | None":
        """The copy of a surface's file, if it has been made."""
        folder = folder_of(surface)
        if not folder.is_dir():
            return None
        return cls(tuple(_opened(folder / f"{zoom}.tif") for zoom in range(len(list(folder.glob("*.tif"))))))

    def read(self, tile: Tile) -> Bands | None:
        """The bands of a tile, if it is of a zoom and a place that the copy holds."""
        return self.levels[tile.z].read(tile) if tile.z < len(self.levels) else None


def folder_of(surface: Path) -> Path:
    """Where the copy of a surface's file is; it is as old as the file, because neither changes."""
    return surface.with_name(f"{surface.stem}.levels-{FORM}")


def finest_zoom(cell_m: float, lat: float) -> int:
    """The finest zoom whose pixels are no smaller on the ground than a cell."""
    widest = 2 * HALF * np.cos(np.radians(min(abs(lat), 85.0))) / SIDE
    return int(np.clip(np.floor(np.log2(widest / cell_m)), 0, 20))


def build(surface: Path, box: Box, zoom: int, bands_of: TileBands, count: int) -> None:
    """Write the copy whole or not at all: `count` bands, for each zoom to `zoom`, wherever the box reaches."""
    folder = folder_of(surface)
    if folder.is_dir():
        return
    unfinished = Path(tempfile.mkdtemp(prefix=f".surface-levels-{surface.stem}-", dir=surface.parent))
    try:
        for z in range(zoom + 1):
            _write(unfinished / f"{z}.tif", _tiles_in(box, z), bands_of, count)
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _tiles_in(box: Box, zoom: int) -> list[Tile]:
    """The tiles of a zoom that a box touches."""
    last = (1 << zoom) - 1
    width = 2 * HALF / (1 << zoom)
    south, north = (RADIUS * np.arcsinh(np.tan(np.radians(np.clip(y, -85.0, 85.0)))) for y in (box.south, box.north))
    rows = [int(np.clip((HALF - y) // width, 0, last)) for y in (north, south)]
    found = []
    for part in box.parts():
        columns = [int(np.clip((RADIUS * np.radians(x) + HALF) // width, 0, last)) for x in (part.west, part.east)]
        found += [Tile(zoom, x, y) for y in range(rows[0], rows[1] + 1) for x in range(columns[0], columns[1] + 1)]
    return sorted(set(found), key=lambda tile: (tile.y, tile.x))


def _write(path: Path, tiles: list[Tile], bands_of: TileBands, count: int) -> None:
    first_x, first_y = min(tile.x for tile in tiles), min(tile.y for tile in tiles)
    width, height = max(tile.x for tile in tiles) - first_x + 1, max(tile.y for tile in tiles) - first_y + 1
    corner = Tile(tiles[0].z, first_x, first_y)
    pixel = corner.width / SIDE
    profile: dict[str, Any] = {
        **PROFILE,
        "width": width * SIDE,
        "height": height * SIDE,
        "count": count,
        "transform": Affine(pixel, 0.0, corner.west, 0.0, -pixel, corner.north),
    }
    with rasterio.open(path, "w", **profile) as file:
        file.update_tags(FIRST_X=first_x, FIRST_Y=first_y)
        for tile, bands in _filled(tiles, bands_of):
            file.write(bands, window=Window((tile.x - first_x) * SIDE, (tile.y - first_y) * SIDE, SIDE, SIDE))


def _filled(tiles: list[Tile], bands_of: TileBands) -> Iterator[tuple[Tile, Bands]]:
    for tile in tiles:
        bands = bands_of(Pixels.of(tile))
        if not np.isnan(bands[0]).all():
            yield tile, bands


def _opened(path: Path) -> Level:
    with rasterio.open(path) as file:
        x, y = (int(file.tags()[name]) for name in ("FIRST_X", "FIRST_Y"))
        return Level(path, x, y, x + file.width // SIDE, y + file.height // SIDE)


class Builder:
    """Makes copies that are missing, one at a time, while tiles are drawn from the surfaces themselves.

    Nobody waits for a copy when the service ends: it is made anew when somebody asks again.
    """

    def __init__(self) -> None:
        self._asked: set[Path] = set()
        self._lock = Lock()
        self._working = Lock()

    def ask(self, surface: Path, make: Callable[[], None]) -> None:
        """Make the copy of a surface, unless that was asked before."""
        with self._lock:
            if surface in self._asked:
                return
            self._asked.add(surface)
        Thread(target=self._make, args=(make,), name="levels", daemon=True).start()

    def _make(self, make: Callable[[], None]) -> None:
        with self._working, contextlib.suppress(OSError, RasterioIOError):
            # without a copy (a folder that may only be read, a full disk) tiles are slower, and right
            make()


builder = Builder()
