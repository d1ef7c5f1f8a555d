"""Pairs of places by distance: every pair within a cutoff is met once, on a grid of cells of a sixth of the cutoff.

Places are sorted by cell, row by row, so that those a cutoff away lie in seven runs of neighbouring cells; memory is
that of the places. Sums are made in parts of a fixed size and added in order: the same on any number of processors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Points, Vector
from mapping.loops import inner, looped
from mapping.search import sorted_by_cell
from mapping.workers import in_parallel

REACH = 6
"""Cells to each side that a cutoff spans."""
PART = 256
"""Places whose pairs are summed together."""
PARTS = 16
"""Of them to one piece of work."""
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
    places, values = np.array(xy[order]), np.array(columns[order])
    settings = np.array([*numbers, cutoff, *across, cosine])
    parts = -(-len(places) // PART)
    out = np.zeros((parts, bins), np.int64), np.zeros((parts, bins)), np.zeros((parts, bins))

    def bin_from(part: int) -> None:
        _bin(places, values, first, settings, (part, min(part + PARTS, parts)), root, out)

    for _ in in_parallel(bin_from, range(0, parts, PARTS)):
        pass
    return Binned(*(each.sum(axis=0) for each in out))


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


@looped
def _bin(
    xy: Points,
    columns: Vector,
    first: NDArray[np.int64],
    numbers: Vector,
    parts: tuple[int, int],
    root: bool,
    out: tuple[NDArray[np.int64], Vector, Vector],
) -> None:  # pragma: no cover - compiled
    """Write pairs, distances and powers by class (parts, b) for some of the parts."""
    west, south, cell, cutoff, east, north, cosine = numbers
    (n, sets), bins = columns.shape, out[0].shape[1]
    x, y, single = xy[:, 0].copy(), xy[:, 1].copy(), columns[:, 0].copy()
    h, power, number = np.empty(n), np.empty(n), np.empty(n)
    for part in range(*parts):
        count, distance, moment = out[0][part], out[1][part], out[2][part]
        for a in range(part * PART, min((part + 1) * PART, n)):
            i, j = int((x[a] - west) / cell), int((y[a] - south) / cell)
            for row in range(j, min(j + REACH + 1, first.shape[0])):
                below = max(south + row * cell - y[a], 0.0) * (1.0 - 1e-9)
                aside = int(np.sqrt(max(cutoff * cutoff - below * below, 0.0)) / cell) + 1
                start = max(first[row, max(i - aside, 0)], a + 1)
                stop = first[row, min(i + aside + 1, first.shape[1] - 1)]
                run = slice(start, max(stop, start))
                room = (h[run], number[run], power[run])
                _measure(x[run], y[run], single[run], (x[a], y[a], single[a]), (cutoff / bins, root), room)
                for column in range(1, sets):
                    for b in range(start, stop):
                        difference = columns[a, column] - columns[b, column]
                        power[b] += np.sqrt(abs(difference)) if root else difference * difference
                if cosine > -1.0:
                    for b in range(start, stop):
                        along = abs((x[b] - x[a]) * east + (y[b] - y[a]) * north)
                        h[b] = np.inf if along < cosine * h[b] else h[b]
                _count(room, cutoff, (count, distance, moment))
        for k in range(bins):
            moment[k] /= sets


@inner
def _measure(
    x: Vector,
    y: Vector,
    values: Vector,
    place: tuple[float, float, float],
    rules: tuple[float, bool],
    out: tuple[Vector, Vector, Vector],
) -> None:  # pragma: no cover - compiled
    """Distances from one place to a run of others, their classes from one on, and the powers of the differences."""
    width, root = rules
    h, number, power = out
    for b in range(len(x)):
        dx, dy = x[b] - place[0], y[b] - place[1]
        h[b] = np.sqrt(dx * dx + dy * dy)
        number[b] = np.ceil(h[b] / width)
        difference = place[2] - values[b]
        power[b] = difference * difference
    if root:
        for b in range(len(x)):
            power[b] = np.sqrt(np.sqrt(power[b]))


@inner
def _count(
    run: tuple[Vector, Vector, Vector], cutoff: float, out: tuple[NDArray[np.int64], Vector, Vector]
) -> None:  # pragma: no cover - compiled
    """Add the pairs of a run to their classes."""
    h, number, power = run
    count, distance, moment = out
    last = len(count) - 1
    for b in range(len(h)):
        if h[b] <= cutoff:
            k = min(max(int(number[b]) - 1, 0), last)
            count[k] += 1
            distance[k] += h[b]
            moment[k] += power[b]
