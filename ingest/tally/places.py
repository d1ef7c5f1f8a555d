"""Positions in square cells, as fine as a picture needs."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ingest.tally.contents import Cells, Places
from ingest.tally.counts import Counts

Axes: TypeAlias = tuple[Any, Any]

FINEST = 24
"""Halvings of 360 degrees: cells of 2.4 metres at the equator, which keep small surveys where they are."""
MOST_CELLS = 3000
CORNER = np.array([180.0, 90.0])
# bits of a number with gaps for those of another between them: shift, and what to keep
SPREAD = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """How many positions lie in each cell of a quadtree, at the finest `level` with no more than MOST_CELLS in use.

    A cell's number interleaves the bits of its column and row (Morton 1966), so that a quarter of the number is that of
    the cell around it. A cell in use stays in use when positions are added, so the level that some of them need is
    needed by all: how they come in does not matter.
    """

    level: int
    cells: Counts

    @classmethod
    def of(cls, longitude: Any, latitude: Any) -> "Positions":
        """Count positions in degrees of shape (n,); those that are not known (NaN) have no cell."""
        degrees = np.column_stack([np.asarray(longitude, np.float64), np.asarray(latitude, np.float64)])
        degrees = degrees[np.isfinite(degrees).all(axis=1)]
        places = np.clip((degrees + CORNER) / 360.0 * (1 << FINEST), 0, (1 << FINEST) - 1).astype(np.int64)
        numbers = np.sort(_spread(places[:, 0]) << 1 | _spread(places[:, 1]))
        return cls._finest(FINEST, numbers, np.ones(len(numbers), np.int64))

    @classmethod
    def _finest(cls, level: int, numbers: NDArray[np.int64], counts: NDArray[np.int64]) -> "Positions":
        """Of ascending cell numbers with their counts."""
        while np.count_nonzero(np.diff(numbers)) >= MOST_CELLS:
            level, numbers = level - 1, numbers >> 2
        starts = np.flatnonzero(np.r_[True, np.diff(numbers) != 0]) if len(numbers) else np.empty(0, np.int64)
        summed = np.add.reduceat(counts, starts) if len(numbers) else counts
        return cls(level, Counts(numbers[starts], summed))

    def merge(self, other: "Positions") -> "Positions":
        """Both together."""
        level = min(self.level, other.level)
        numbers = np.concatenate([one.cells.codes >> 2 * (one.level - level) for one in (self, other)])
        order = np.argsort(numbers, kind="stable")
        return self._finest(level, numbers[order], np.concatenate([self.cells.counts, other.cells.counts])[order])

    def summary(self) -> Cells:
        """The cells by their middles, in degrees."""
        side = 360.0 / (1 << self.level)
        x, y = _gathered(self.cells.codes >> 1), _gathered(self.cells.codes)
        longitude, latitude = (x + 0.5) * side - 180.0, (y + 0.5) * side - 90.0
        rounded = (np.round(axis, 6).tolist() for axis in (longitude, latitude))
        cells = [list(cell) for cell in zip(*rounded, self.cells.counts.tolist(), strict=True)]
        return {"cell_degrees": side, "cells": cells}


def _spread(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Put a zero before every bit of numbers below 2^24."""
    for shift, kept in SPREAD:
        numbers = (numbers | numbers << shift) & kept
    return numbers


def _gathered(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Every second bit, from the lowest: what `_spread` began with."""
    numbers = numbers & SPREAD[-1][1]
    for (shift, _), (_, kept) in zip(SPREAD[::-1], (*SPREAD[-2::-1], (32, 0x00000000FFFFFFFF)), strict=True):
        numbers = (numbers | numbers >> shift) & kept
    return numbers


@dataclass(frozen=True, slots=True, eq=False)
class Mapped:
    """Where lies what was loaded, what of it is doubted, and what was rejected."""

    loaded: Positions
    doubted: Positions
    rejected: Positions

    @classmethod
    def of(cls, loaded: Axes, doubted: NDArray[np.bool_], rejected: Axes) -> "Mapped":
        """Longitudes and latitudes of shape (n,), which of the loaded ones are doubted (n,), and of the rejected."""
        return cls(
            Positions.of(*loaded),
            Positions.of(*(np.asarray(axis)[doubted] for axis in loaded)),
            Positions.of(*rejected),
        )

    @classmethod
    def nowhere(cls) -> "Mapped":
        """Of nothing."""
        return cls.of(((), ()), np.empty(0, np.bool_), ((), ()))

    def merge(self, later: "Mapped") -> "Mapped":
        """Both together."""
        return Mapped(
            self.loaded.merge(later.loaded), self.doubted.merge(later.doubted), self.rejected.merge(later.rejected)
        )

    def summary(self) -> Places:
        """The three by their cells."""
        return {
            "loaded": self.loaded.summary(),
            "doubted": self.doubted.summary(),
            "rejected": self.rejected.summary(),
        }
