"""Tiles, cells and the quarters of quarters of cells as Morton codes: one number, whose first bits are the parents'.

Zoom by zoom, a code has two bits more: those of row and column. A tile is drawn in 64 by 64 cells, which are the tiles
of six zooms further down; a cell knows which of its 4 by 4 parts hold something.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint64]

HALF = math.pi * 6_378_137.0
DEEPEST = 12
"""Deepest zoom of tiles in the pyramid; below, few enough rows lie in a tile to count them when it is drawn."""
CELLS_DOWN = 6
PARTS_DOWN = 2
CELL_ZOOM = DEEPEST + CELLS_DOWN
BASE_ZOOM = CELL_ZOOM + PARTS_DOWN

_SPREAD = (
    *((16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F)),
    *((2, 0x3333333333333333), (1, 0x5555555555555555)),
)


def codes_of(x: NDArray[np.float64], y: NDArray[np.float64], zoom: int = BASE_ZOOM) -> Codes:
    """Codes at a zoom of points in web-mercator metres, shape (n,), none of them north or south of the square.

    A point on an edge belongs to the east and to the south of it, as in tiles; the far edges of the world to the last.
    """
    side = 2 * HALF / (1 << zoom)
    column = _steps(x, zoom, lambda step: step * side - HALF)
    row = _steps(-y, zoom, lambda step: -(HALF - step * side))
    return interleaved(column, row)


def _steps(at: NDArray[np.float64], zoom: int, edge: Any) -> NDArray[np.int64]:
    """Which step from the origin holds each coordinate, by the very edges that tiles have, rounded as theirs are."""
    last = (1 << zoom) - 1
    step = np.clip(np.floor((at + HALF) * ((1 << zoom) / (2 * HALF))), 0, last)
    step -= at < edge(step)
    step += at >= edge(step + 1)
    steps: NDArray[np.int64] = np.clip(step, 0, last).astype(np.int64)
    return steps


def interleaved(column: NDArray[np.int64], row: NDArray[np.int64]) -> Codes:
    """The bits of columns and rows in turn, the row's first."""
    return _spread(column) | (_spread(row) << np.uint64(1))


def _spread(numbers: NDArray[np.int64]) -> Codes:
    bits = numbers.astype(np.uint64)
    for shift, mask in _SPREAD:
        bits = (bits | (bits << np.uint64(shift))) & np.uint64(mask)
    return bits


def columns_and_rows(codes: Codes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What `interleaved` was given."""
    return _gathered(codes), _gathered(codes >> np.uint64(1))


def _gathered(codes: Codes) -> NDArray[np.int64]:
    bits = codes & np.uint64(_SPREAD[-1][1])
    for (shift, _), (_, mask) in zip(reversed(_SPREAD), (*reversed(_SPREAD[:-1]), (0, 0xFFFFFFFF)), strict=True):
        bits = (bits | (bits >> np.uint64(shift))) & np.uint64(mask)
    return bits.astype(np.int64)


def node_of(z: int, x: int, y: int) -> int:
    """The number of a tile among those of all zooms."""
    code = int(interleaved(np.array([x]), np.array([y]))[0])
    return (1 << 2 * z) | code


def zoom_of(node: int) -> int:
    """The zoom of a tile by its number."""
    return (node.bit_length() - 1) // 2


def self_and_ancestors(node: int) -> list[int]:
    """The tile and all that hold it, up to the world."""
    return [node >> 2 * up for up in range(zoom_of(node) + 1)]
