"""Which places lie within a band of each other: by cells of the band's width, never by a tree and never all at once.

Places are sorted by cell, row by row, so that the three cells below, beside and above one another are three runs of
places that lie together in memory. Only cells with a place in them are kept: crowded and empty regions cost the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Points, Vector
from mapping.loops import inner, looped
from mapping.workers import in_parallel

Numbers = NDArray[np.int32]
Starts = NDArray[np.int64]
Held = tuple[Vector, Vector, Numbers, Starts, Numbers]
WIDER = 1.0 + 1e-6
"""A cell is wider than the band by this, so that rounding never parts neighbours by more than one cell."""
MOST_CELLS_ALONG = 2.0**30
PART = 32_768
"""Places that one thread works off at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """Places (n, 2) in the order of their cells, and for each of c cells where its neighbourhood stands.

    `order` (n,) says which place stands where, `starts` (c + 1,) where each cell begins; `runs` (c, 3, 2) are start
    and stop of the places in the three cells of the row below, of its own row and of the row above. `square` is the
    band squared.
    """

    x: Vector
    y: Vector
    order: Numbers
    starts: Starts
    runs: Numbers
    square: float

    @classmethod
    def of(cls, places: Points, band: float) -> Buckets:
        """Sort places (n, 2), n ≥ 1, for a band in metres."""
        east, north = np.ascontiguousarray(places.T)
        west, south = float(east.min()), float(north.min())
        extent = max(float(east.max()) - west, float(north.max()) - south)
        cell = max(band * WIDER, extent / MOST_CELLS_ALONG, 1e-300)
        columns = int(extent / cell) + 3
        key, order = _sorted(_keys(east - west, north - south, cell, columns))
        starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1], [True]]))
        runs = _runs(key[starts[:-1]], starts, columns)
        return cls(east[order], north[order], order, starts, runs, band * band)

    @property
    def held(self) -> Held:
        """The arrays, for compiled loops."""
        return self.x, self.y, self.order, self.starts, self.runs

    @property
    def n(self) -> int:
        """How many places."""
        return len(self.order)

    def counts(self) -> Starts:
        """How many others (n,) lie within the band of each place."""
        found = np.empty(self.n, dtype=np.int64)

        def count(cells: tuple[int, int]) -> None:
            _count(self.held, cells, self.square, found)

        self._in_parts(count)
        return found

    def sums(self, values: Vector) -> Vector:
        """Sums (n,) of the values (n,) of all others within the band."""
        sorted_values, found = values[self.order], np.empty(self.n)

        def add(cells: tuple[int, int]) -> None:
            _sum(self.held, sorted_values, cells, self.square, found)

        self._in_parts(add)
        return found

    def others(self) -> tuple[Starts, Numbers]:
        """Where those of each place begin (n + 1,), and the others within its band."""
        counts = np.empty(self.n, dtype=np.int64)
        cells = list(self._parts())
        parts = list(in_parallel(lambda part: _near(self.held, part, self.square, counts), cells))
        indptr = np.concatenate([[0], np.cumsum(counts)])
        found = np.empty(int(indptr[-1]), dtype=np.int32)

        def place(part: tuple[tuple[int, int], Numbers]) -> None:
            _put(self.held, part[0], part[1], indptr, found)

        for _ in in_parallel(place, zip(cells, parts, strict=True)):
            pass
        return indptr, found

    def _in_parts(self, work: Callable[[tuple[int, int]], None]) -> None:
        for _ in in_parallel(work, self._parts()):
            pass

    def _parts(self) -> Iterator[tuple[int, int]]:
        """First and last cells that together hold equally many places."""
        ends = np.unique(np.searchsorted(self.starts, np.arange(PART, self.n + PART, PART)))
        first = 0
        for end in np.minimum(ends, len(self.starts) - 1).tolist():
            yield first, end
            first = end


@looped
def _keys(x: Vector, y: Vector, cell: float, columns: int) -> Starts:  # pragma: no cover - compiled
    """The number (n,) of the cell of each place, row by row, with an empty column on both sides."""
    key = np.empty(len(x), dtype=np.int64)
    for place in range(len(x)):
        key[place] = np.int64(y[place] / cell) * columns + np.int64(x[place] / cell) + 1
    return key


@looped
def _sorted(key: Starts) -> tuple[Starts, Numbers]:  # pragma: no cover - compiled
    """Keys (n,) from small to large and where they stood, equal ones as they came: by eleven bits at a time."""
    order, most = np.arange(len(key)).astype(np.int32), key.max()
    moved, moved_order = np.empty_like(key), np.empty_like(order)
    shift = 0
    while most >> shift:
        at = np.zeros(2049, dtype=np.int64)
        for place in range(len(key)):
            at[((key[place] >> shift) & 2047) + 1] += 1
        at = np.cumsum(at)
        for place in range(len(key)):
            digit = (key[place] >> shift) & 2047
            moved[at[digit]], moved_order[at[digit]] = key[place], order[place]
            at[digit] += 1
        key, moved = moved, key
        order, moved_order = moved_order, order
        shift += 11
    return key, order


@looped
def _runs(key: Starts, starts: Starts, columns: int) -> Numbers:  # pragma: no cover - compiled
    """Start and stop (c, 3, 2) of the places beside each cell; the ends only ever move on."""
    runs = np.empty((len(key), 3, 2), dtype=np.int32)
    for row in range(3):
        begin = end = 0
        for cell in range(len(key)):
            beside = key[cell] + (row - 1) * columns
            while begin < len(key) and key[begin] < beside - 1:
                begin += 1
            while end < len(key) and key[end] <= beside + 1:
                end += 1
            runs[cell, row, 0], runs[cell, row, 1] = starts[begin], starts[end]
    return runs


@looped
def _count(held: Held, part: tuple[int, int], square: float, found: Starts) -> None:  # pragma: no cover - compiled
    x, y, order, starts, runs = held
    for cell in range(part[0], part[1]):
        for site in range(starts[cell], starts[cell + 1]):
            near = -1
            for row in range(3):
                for other in range(runs[cell, row, 0], runs[cell, row, 1]):
                    dx, dy = x[other] - x[site], y[other] - y[site]
                    near += 1 if dx * dx + dy * dy <= square else 0
            found[order[site]] = near


@looped
def _sum(
    held: Held, values: Vector, part: tuple[int, int], square: float, found: Vector
) -> None:  # pragma: no cover - compiled
    x, y, order, starts, runs = held
    for cell in range(part[0], part[1]):
        for site in range(starts[cell], starts[cell + 1]):
            total = -values[site]
            for row in range(3):
                for other in range(runs[cell, row, 0], runs[cell, row, 1]):
                    dx, dy = x[other] - x[site], y[other] - y[site]
                    total += values[other] * np.float64(dx * dx + dy * dy <= square)
            found[order[site]] = total


@looped
def _near(held: Held, part: tuple[int, int], square: float, counts: Starts) -> Numbers:  # pragma: no cover - compiled
    """The places near each of a part, one after another as they stand here, and their counts (n,) without itself.

    Each is written, and stays if it is near: a step that the processor need not guess.
    """
    x, y, order, starts, runs = held
    room, most = _candidates(starts, runs, part)
    near, apart, count = np.empty(room, dtype=np.int32), np.empty(most), 0
    for cell in range(part[0], part[1]):
        for site in range(starts[cell], starts[cell + 1]):
            before = count
            for row in range(3):
                start, stop = runs[cell, row, 0], runs[cell, row, 1]
                for i in range(stop - start):
                    dx, dy = x[start + i] - x[site], y[start + i] - y[site]
                    apart[i] = dx * dx + dy * dy
                for i in range(stop - start):
                    near[count] = start + i
                    count += int(apart[i] <= square)
            counts[order[site]] = count - before - 1
    return near[:count].copy()


@inner
def _candidates(starts: Starts, runs: Numbers, part: tuple[int, int]) -> tuple[int, int]:  # pragma: no cover - compiled
    """How many places all of a part are held against, with room for one more, and the longest run of them."""
    room, most = 1, 0
    for cell in range(part[0], part[1]):
        for row in range(3):
            length = int(runs[cell, row, 1] - runs[cell, row, 0])
            room += length * (starts[cell + 1] - starts[cell])
            most = max(most, length)
    return room, most


@looped
def _put(
    held: Held, part: tuple[int, int], near: Numbers, indptr: Starts, found: Numbers
) -> None:  # pragma: no cover - compiled
    """What `_near` gave, under the numbers that the places came with and without the places themselves."""
    order, starts, at = held[2], held[3], 0
    for site in range(starts[part[0]], starts[part[1]]):
        to, end = indptr[order[site]], indptr[order[site] + 1]
        for entry in range(at, at + end - to + 1):
            if near[entry] != site:
                found[to] = order[near[entry]]
                to += 1
                at += 1
        at += 1
