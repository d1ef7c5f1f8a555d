"""How often each of some integers occurs."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[np.int64]
DENSE = 1 << 16
"""Span of integers below which counting in a dense array beats sorting."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Distinct integers `codes` (k,), ascending, and how often each occurs, `counts` (k,)."""

    codes: Integers
    counts: Integers

    @classmethod
    def of(cls, values: NDArray[Any], weights: Integers | None = None) -> "Counts":
        """Count integers of shape (n,), each once or as often as its weight says."""
        if not len(values):
            return cls(np.empty(0, np.int64), np.empty(0, np.int64))
        least = int(values.min())
        if int(values.max()) - least < DENSE:
            return cls._dense(values, least, weights)
        codes, inverse = np.unique(values, return_inverse=True)
        return cls(codes.astype(np.int64), _summed(inverse, weights))

    @classmethod
    def _dense(cls, values: NDArray[Any], least: int, weights: Integers | None) -> "Counts":
        counts = _summed(values - least, weights)
        there = np.flatnonzero(counts)
        return cls(there + least, counts[there])

    def merge(self, other: "Counts") -> "Counts":
        """Both counted together."""
        codes, counts = ((self.codes, other.codes), (self.counts, other.counts))
        return Counts.of(np.concatenate(codes), np.concatenate(counts))

    @property
    def total(self) -> int:
        """How many were counted."""
        return int(self.counts.sum())

    def at(self, rank: int) -> int:
        """The integer at a rank, 0 being the smallest."""
        return int(self.codes[np.searchsorted(np.cumsum(self.counts), rank, side="right")])


def _summed(places: NDArray[Any], weights: Integers | None) -> Integers:
    # doubles count exactly up to 2^53
    return np.bincount(places, weights).astype(np.int64)
