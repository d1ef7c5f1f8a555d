"""Places in strips from south to north, each sorted from west to east: found in boxes, however they cluster.

Every strip holds equally many, so that thin strips lie where places crowd. Two binary searches and a run through each
strip that a box touches find all places within a distance of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Points, Vector
from mapping.loops import inner

Index = NDArray[np.int64]
HEIGHT = 1.5
"""Mean height of a strip in mean distances between places."""
STEPS = 24


@dataclass(frozen=True, slots=True, eq=False)
class Strips:
    """Places (n, 2) in an order of their own, which does not depend on the one they came in unless they coincide.

    `order` (n,) says where they stood; strip j holds those from `starts[j]` to before `starts[j + 1]`, and reaches
    from `south[j]` to `north[j]`.
    """

    xy: Points
    order: Index
    starts: Index
    south: Vector
    north: Vector

    @classmethod
    def of(cls, places: Points) -> Strips:
        """The strips of places (n, 2), n ≥ 1."""
        n, (width, height) = len(places), np.ptp(places, axis=0).tolist()
        apart = max((width * height / n) ** 0.5, max(width, height) / n, 1e-300)
        count = int(np.clip(round(height / (HEIGHT * apart)), 1, n))
        starts = np.arange(count + 1) * n // count
        northward = np.lexsort((places[:, 0], places[:, 1]))
        strip = np.empty(n, dtype=np.int64)
        strip[northward] = np.repeat(np.arange(count), np.diff(starts))
        order = np.lexsort((places[:, 1], places[:, 0], strip))
        ends = places[northward, 1]
        return cls(np.ascontiguousarray(places[order]), order, starts, ends[starts[:-1]], ends[starts[1:] - 1])


@inner
def gather(
    strips: tuple[Points, Index, Vector, Vector], box: Vector, reach: float, found: Index
) -> int:  # pragma: no cover - compiled
    """Write the places within `reach` of a box (west, south, east, north) into `found`, in ascending order.

    Returns how many there are; where there are more than `found` has room for, one more than that.
    """
    xy, starts, south, north = strips
    count, square = 0, reach * reach
    strip = int(np.searchsorted(north, box[1] - reach))
    while strip < len(south) and south[strip] <= box[3] + reach:
        gap = max(south[strip] - box[3], box[1] - north[strip], 0.0)
        aside = np.sqrt(max(square - gap * gap, 0.0))
        start, stop = starts[strip], starts[strip + 1]
        place = start + int(np.searchsorted(xy[start:stop, 0], box[0] - aside))
        while place < stop and xy[place, 0] <= box[2] + aside:
            dx = max(box[0] - xy[place, 0], xy[place, 0] - box[2], 0.0)
            dy = max(box[1] - xy[place, 1], xy[place, 1] - box[3], 0.0)
            if dx * dx + dy * dy <= square:
                if count == len(found):
                    return count + 1
                found[count] = place
                count += 1
            place += 1
        strip += 1
    return count


@inner
def kth_smallest(squares: Vector, count: int, k: int) -> float:  # pragma: no cover - compiled
    """The k-th smallest of the first `count` ≥ k numbers, or one above it with no other in between.

    Interpolated: squared distances to evenly spread places grow evenly. Every third step halves, and what ties leave
    is walked through number by number.
    """
    low, high = -1.0, 0.0
    for i in range(count):
        high = max(high, squares[i])
    below, within = 0, count
    for step in range(STEPS):
        if within == k:
            return high
        share = 0.5 if step % 3 == 2 else (k + 0.5 - below) / (within - below + 1)
        middle = low + (high - low) * share
        held = _count(squares, count, middle)
        if held < k:
            low, below = middle, held
        else:
            high, within = middle, held
    while below < k:
        following = np.inf
        for i in range(count):
            if squares[i] > low:
                following = min(following, squares[i])
        low, below = following, _count(squares, count, following)
    return low


@inner
def _count(squares: Vector, count: int, limit: float) -> int:  # pragma: no cover - compiled
    held = 0
    for i in range(count):
        held += 1 if squares[i] <= limit else 0
    return held
