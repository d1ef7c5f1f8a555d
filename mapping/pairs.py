"""Pairs of places by distance: every pair within a cutoff is met once, on a grid of cells of a sixth of the cutoff.

Places are sorted by cell, row by row, so that those a cutoff away lie in seven runs of neighbouring cells; memory is
that of the places. Sums are made in parts of a fixed size and added in order: the same on any number of processors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Points, Vector
from mapping.search import sorted_by_cell
from mapping.workers import ONE_AT_A_TIME

REACH = 6
"""Cells to each side that a cutoff spans."""
PART = 256
"""Places whose pairs are summed together."""
MOST_CELLS = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Binned:
    """By distance class (b,): pairs, sums of their distances, sums of the powers of their differences."""

    count: NDArray[np.int64]
    distance: Vector
    moment: Vector


def binned_pairs(
    xy: Points, columns: Vector, cutoff: float, bins: int, root: bool, sector: tuple[float, float] | None = None
) -> Binned:
    """Pairs of places (n, 2) in classes (k·w, (k+1)·w] with w = cutoff / bins.

    The moment is the mean over the columns (n, m) of squared differences, or of square `root`s of their absolute
    values. A `sector` (degrees clockwise from north, tolerance to either side) keeps the pairs in that direction.
    """
    order, first, numbers = sorted_by_cell(xy, _cell(xy, cutoff))
    across, cosine = _sector(sector)
    with ONE_AT_A_TIME:
        count, distance, moment = _bin(
            np.ascontiguousarray(xy[order]),
            np.ascontiguousarray(columns[order]),
            first,
            np.array([*numbers, cutoff, *across, cosine]),
            bins,
            root,
        )
    return Binned(count.sum(axis=0), distance.sum(axis=0), moment.sum(axis=0))


def _cell(xy: Points, cutoff: float) -> float:
    """A sixth of the cutoff, or more where that would make too many cells."""
    width, height = (float(side) for side in np.ptp(xy, axis=0))
    return max(
        cutoff / REACH * (1.0 + 1e-9), float(np.sqrt(width * height / MOST_CELLS)), max(width, height) / MOST_CELLS
    )


def _sector(sector: tuple[float, float] | None) -> tuple[tuple[float, float], float]:
    """A unit vector and the least cosine of the angle to it; minus one keeps all."""
    if sector is None:
        return (0.0, 1.0), -1.0
    angle, tolerance = np.radians(sector)
    return (float(np.sin(angle)), float(np.cos(angle))), float(np.cos(tolerance))


@numba.njit(parallel=True, cache=True)
def _bin(
    xy: Points, columns: Vector, first: NDArray[np.int64], numbers: Vector, bins: int, root: bool
) -> tuple[NDArray[np.int64], Vector, Vector]:  # pragma: no cover - compiled
    west, south, cell, cutoff, east, north, cosine = numbers
    n, sets = columns.shape
    parts = (n + PART - 1) // PART
    count = np.zeros((parts, bins), np.int64)
    distance, moment = np.zeros((parts, bins)), np.zeros((parts, bins))
    width = cutoff / bins
    x, y = xy[:, 0].copy(), xy[:, 1].copy()
    single = columns[:, 0].copy()
    for part in numba.prange(parts):
        pairs, lengths, powers = np.zeros(bins, np.int64), np.zeros(bins), np.zeros(bins)
        for a in range(part * PART, min((part + 1) * PART, n)):
            i, j = int((x[a] - west) / cell), int((y[a] - south) / cell)
            for row in range(j, min(j + REACH + 1, first.shape[0])):
                below = max(south + row * cell - y[a], 0.0) * (1.0 - 1e-9)
                aside = int(np.sqrt(max(cutoff * cutoff - below * below, 0.0)) / cell) + 1
                start = max(first[row, max(i - aside, 0)], a + 1)
                for b in range(start, first[row, min(i + aside + 1, first.shape[1] - 1)]):
                    dx, dy = x[b] - x[a], y[b] - y[a]
                    h = np.sqrt(dx * dx + dy * dy)
                    if h > cutoff or abs(dx * east + dy * north) < cosine * h:
                        continue
                    k = min(max(int(np.ceil(h / width)) - 1, 0), bins - 1)
                    difference = single[a] - single[b]
                    power = np.sqrt(abs(difference)) if root else difference * difference
                    for column in range(1, sets):
                        difference = columns[a, column] - columns[b, column]
                        power += np.sqrt(abs(difference)) if root else difference * difference
                    pairs[k] += 1
                    lengths[k] += h
                    powers[k] += power
        count[part], distance[part], moment[part] = pairs, lengths, powers / sets
    return count, distance, moment
