"""Places in the order of a Hilbert curve: what lies near on the ground stands near in the table."""

import numpy as np
from numpy.typing import NDArray

BITS = 16


def along_curve(longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.int64]:
    """The order (n,) of places in degrees along the curve over the whole world; equal places keep theirs.

    Places that are not known come first. Steps are those of Skilling (2004), AIP Conference Proceedings 707, in the
    plane: each bit of both coordinates chooses a quarter, and turns what follows.
    """
    side = 1 << BITS
    x = _cells(longitude, -180.0, 360.0, side)
    y = _cells(latitude, -90.0, 180.0, side)
    code = np.zeros(len(x), np.int64)
    for bit in range(BITS - 1, -1, -1):
        right, upper = (x >> bit) & 1, (y >> bit) & 1
        code = (code << 2) | ((3 * right) ^ upper)
        x, y = _turned(x, y, right, upper, (1 << bit) - 1)
    return np.argsort(code, kind="stable")


def _cells(degrees: NDArray[np.float64], least: float, width: float, side: int) -> NDArray[np.int64]:
    share = (np.nan_to_num(degrees, nan=least) - least) / width
    return np.clip((share * side).astype(np.int64), 0, side - 1)


def _turned(
    x: NDArray[np.int64], y: NDArray[np.int64], right: NDArray[np.int64], upper: NDArray[np.int64], rest: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The lower bits as the quarter that was chosen looks at them."""
    x, y = x & rest, y & rest
    mirrored = (upper == 0) & (right == 1)
    x, y = np.where(mirrored, rest - x, x), np.where(mirrored, rest - y, y)
    swapped = upper == 0
    return np.where(swapped, y, x), np.where(swapped, x, y)
