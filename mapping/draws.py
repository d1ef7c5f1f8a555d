"""Random beginnings of orders of all sites, in blocks that can be drawn anywhere and in any order to the same bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Vector
from mapping.loops import looped

Chosen = NDArray[np.int32]
MOST_AT_ONCE = 2_000_000
"""Numbers drawn in one block: what a processor keeps near at hand."""


@dataclass(frozen=True, slots=True)
class Draws:
    """`count` draws, each the first `length` sites of a random order of `sites`, in blocks of `size` draws."""

    count: int
    length: int
    sites: int
    seed: int
    size: int

    @classmethod
    def of(cls, count: int, length: int, sites: int, seed: int) -> Draws:
        """Blocks of as many draws as are convenient; what is drawn depends on the four numbers alone."""
        most = max(MOST_AT_ONCE // max(length, 1), 256)
        return cls(count, min(length, sites), sites, seed, most)

    def blocks(self) -> Iterator[int]:
        """The numbers of the blocks."""
        yield from range(-(-self.count // self.size))

    def block(self, number: int) -> Chosen:
        """The draws (size, length) of a block."""
        size = min(self.size, self.count - number * self.size)
        rng = np.random.default_rng([self.seed, number])
        return _beginnings(rng.random((size, self.length)), self.sites)


@looped
def _beginnings(uniform: Vector, n: int) -> Chosen:  # pragma: no cover - compiled
    """The first sites of a random order of n for each row of uniforms: a Fisher-Yates shuffle, begun and undone."""
    draws, length = uniform.shape
    order = np.arange(n).astype(np.int32)
    chosen = np.empty((draws, length), dtype=np.int32)
    swapped = np.empty(length, dtype=np.int64)
    for draw in range(draws):
        for place in range(length):
            other = place + int(uniform[draw, place] * (n - place))
            order[place], order[other] = order[other], order[place]
            chosen[draw, place] = order[place]
            swapped[place] = other
        for place in range(length - 1, -1, -1):
            other = swapped[place]
            order[place], order[other] = order[other], order[place]
    return chosen
