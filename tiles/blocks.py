"""Blocks of the files of surfaces, kept in memory: the ones used last, shared by all threads."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window

from mapping.loops import looped
from tiles.kept import Bands, KeptBands

BLOCK = 512
"""Rows and columns of a block: those of a cloud-optimised GeoTIFF."""
MOST_BYTES = 192_000_000
MOST_OPEN = 16
"""Files that one thread keeps open."""

Cells = NDArray[np.int32]


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


open_files = OpenFiles()


blocks = KeptBands(MOST_BYTES)


def block(path: Path, row: int, column: int) -> Bands:
    """The block (bands, rows, columns) of a file with these numbers of row and column."""
    return blocks.get((path, row, column), _read, path, row, column)


def _read(path: Path, row: int, column: int) -> Bands:
    file = open_files.get(path)
    top, left = row * BLOCK, column * BLOCK
    window = Window(left, top, min(BLOCK, file.width - left), min(BLOCK, file.height - top))
    read: Bands = file.read(window=window)
    return read


def block_at_hand(path: Path, row: int, column: int) -> Bands | None:
    """The block with these numbers, if nothing has to be read for it."""
    return blocks.peek((path, row, column))


@dataclass(frozen=True, slots=True)
class Range:
    """Rows and columns of a file, from the first to the last."""

    row: int
    last_row: int
    column: int
    last_column: int

    @property
    def cells(self) -> int:
        """How many."""
        return (self.last_row - self.row + 1) * (self.last_column - self.column + 1)

    @classmethod
    def of(cls, row: Cells, column: Cells) -> "Range | None":
        """What holds these cells, of which those that are -1 do not count; None where all are."""
        found = _range(row, column)
        return None if found[1] < 0 else cls(*found)


def window(path: Path, wanted: Range) -> Bands:
    """The bands (bands, rows, columns) of a range of cells."""
    rows = range(wanted.row // BLOCK, wanted.last_row // BLOCK + 1)
    columns = range(wanted.column // BLOCK, wanted.last_column // BLOCK + 1)
    strips = [[_cut(path, wanted, row, column) for column in columns] for row in rows]
    if len(rows) == len(columns) == 1:
        return np.ascontiguousarray(strips[0][0])
    return np.concatenate([np.concatenate(strip, axis=2) for strip in strips], axis=1)


def _cut(path: Path, wanted: Range, row: int, column: int) -> Bands:
    top, left = row * BLOCK, column * BLOCK
    down = slice(max(wanted.row - top, 0), wanted.last_row - top + 1)
    across = slice(max(wanted.column - left, 0), wanted.last_column - left + 1)
    return block(path, row, column)[:, down, across]


def picked(bands: Bands, corner: tuple[int, int], row: Cells, column: Cells) -> Bands:
    """The bands (bands, …) of cells, counted from the corner of a window; NaN where they are -1."""
    found = np.empty((len(bands), row.size), np.float32)
    _pick(bands, corner, row.ravel(), column.ravel(), found)
    return found.reshape(len(bands), *row.shape)


@looped
def _range(row: Cells, column: Cells) -> tuple[int, int, int, int]:
    rows, columns = row.ravel(), column.ravel()
    top, bottom, left, right = 2**31 - 1, -1, 2**31 - 1, -1
    for k in range(rows.size):
        if rows[k] >= 0:
            top, bottom = min(top, rows[k]), max(bottom, rows[k])
            left, right = min(left, columns[k]), max(right, columns[k])
    return top, bottom, left, right


@looped
def _pick(bands: Bands, corner: tuple[int, int], row: Cells, column: Cells, found: Bands) -> None:
    for band in range(bands.shape[0]):
        for k in range(row.size):
            found[band, k] = np.nan if row[k] < 0 else bands[band, row[k] - corner[0], column[k] - corner[1]]
