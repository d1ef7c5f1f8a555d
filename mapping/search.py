"""The nearest of many places."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mapping.arrays import Points, Vector
from mapping.loops import inner, looped
from mapping.workers import in_parallel

Index = NDArray[np.int64]

CROWDED = 40
"""Times the mean number of places in a cell: where places cluster more than that, a tree finds them sooner."""
PER_CELL = 3.0
PART = 8192


class Search:
    """A search among places (n, 2)."""

    def __init__(self, xy: Points) -> None:
        self.xy, self.n = xy, len(xy)

    def nearest(self, xy: Points, k: int) -> tuple[Vector, Index]:
        """Distances and indices (m, k) of the k nearest of them (all, should there be fewer) to places (m, 2)."""
        distance, index = self._tree.query(xy, k=np.arange(1, min(k, self.n) + 1))
        return np.asarray(distance, dtype=np.float64), np.asarray(index, dtype=np.int64)

    def nearest_index(self, xy: Points, k: int) -> Index:
        """Indices (m, k) of the k nearest, sorted by distance and, where equally near, by index."""
        if self._buckets is None:
            return self.nearest(xy, k)[1]
        order, first, numbers = self._buckets
        targets, found = np.ascontiguousarray(xy), np.empty((len(xy), min(k, self.n)), np.int64)

        def search_from(start: int) -> None:
            part = slice(start, start + PART)
            _nearest(targets[part], self._sorted, order, first, numbers, found[part])

        for _ in in_parallel(search_from, range(0, len(targets), PART)):
            pass
        return found

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.xy)

    @cached_property
    def _sorted(self) -> Points:
        return np.ascontiguousarray(self.xy[self._buckets[0]]) if self._buckets else self.xy

    @cached_property
    def _buckets(self) -> tuple[Index, Index, Vector] | None:
        """The places sorted by cell of a grid, unless they cluster."""
        width, height = np.maximum(np.ptp(self.xy, axis=0), 1e-300).tolist()
        cell = max((PER_CELL * width * height / self.n) ** 0.5, max(width, height) / (4.0 * self.n))
        order, first, numbers = sorted_by_cell(self.xy, cell)
        crowd = int(np.diff(first, axis=1).max())
        return None if crowd > CROWDED * PER_CELL else (order, first, numbers)


def sorted_by_cell(xy: Points, cell: float) -> tuple[Index, Index, Vector]:
    """Places (n, 2) in the order of the cells of a grid, row by row.

    Returns the order (n,), the first place of each cell in it (rows, columns + 1), and west, south and the cell.
    """
    low = xy.min(axis=0)
    columns, rows = ((np.ptp(xy, axis=0) / cell).astype(np.int64) + 1).tolist()
    i, j = ((xy - low) / cell).astype(np.int64).T
    number = j * columns + i
    order = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[order], np.arange(rows * columns + 1))
    first = np.empty((rows, columns + 1), dtype=np.int64)
    first[:, :-1] = starts[:-1].reshape(rows, columns)
    first[:, -1] = starts[columns::columns]
    return order, first, np.array([low[0], low[1], cell])


@looped
def _nearest(
    targets: Points, xy: Points, order: Index, first: Index, numbers: Vector, found: Index
) -> None:  # pragma: no cover - compiled
    """Cells in growing squares around each target, until all within the distance of the k-th were seen."""
    west, south, cell = numbers
    rows, columns = first.shape[0], first.shape[1] - 1
    k = found.shape[1]
    begin = max(int((np.sqrt(k / PER_CELL) - 1.0) / 2.0), 0)
    distance = np.empty(k)
    for target in range(len(targets)):
        index = found[target]
        x, y = targets[target, 0], targets[target, 1]
        i = min(max(int((x - west) / cell), 0), columns - 1)
        j = min(max(int((y - south) / cell), 0), rows - 1)
        held, ring, seen = 0, begin, 0.0
        while seen < np.inf and not (held == k and distance[k - 1] < seen * seen * (1.0 - 1e-9)):
            for row in range(max(j - ring, 0), min(j + ring, rows - 1) + 1):
                left, right = max(i - ring, 0), min(i + ring + 1, columns)
                if ring == begin or abs(row - j) == ring:
                    runs = ((left, right), (0, 0))
                else:
                    runs = ((left, left + (i >= ring)), (right - (i + ring < columns), right))
                for start, stop in runs:
                    for place in range(first[row, start], first[row, stop]):
                        dx, dy = xy[place, 0] - x, xy[place, 1] - y
                        held = _keep(distance, index, held, dx * dx + dy * dy, order[place])
            seen = max(
                min(
                    x - (west + (i - ring) * cell) if i > ring else np.inf,
                    west + (i + ring + 1) * cell - x if i + ring < columns - 1 else np.inf,
                    y - (south + (j - ring) * cell) if j > ring else np.inf,
                    south + (j + ring + 1) * cell - y if j + ring < rows - 1 else np.inf,
                ),
                0.0,
            )
            ring += 1


@inner
def _keep(distance: Vector, index: Index, held: int, square: float, place: int) -> int:  # pragma: no cover - compiled
    """Insert into the sorted list of the nearest, if it belongs there; returns how many it holds."""
    k = len(distance)
    if held == k and (square > distance[k - 1] or (square == distance[k - 1] and place > index[k - 1])):
        return held
    at = min(held, k - 1)
    while at > 0 and (distance[at - 1] > square or (distance[at - 1] == square and index[at - 1] > place)):
        distance[at], index[at] = distance[at - 1], index[at - 1]
        at -= 1
    distance[at], index[at] = square, place
    return min(held + 1, k)
