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
MOST_CELLS = 1500
MASK = (1 << FINEST) - 1
CORNER = np.array([180.0, 90.0])


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """How many positions lie in each cell of a quadtree, at the finest `level` with no more than MOST_CELLS in use.

    A cell in use stays in use when positions are added, so the level that some of them need is needed by all: how they
    come in does not matter.
    """

    level: int
    cells: Counts

    @classmethod
    def of(cls, longitude: Any, latitude: Any) -> "Positions":
        """Count positions in degrees of shape (n,); those that are not known (NaN) have no cell."""
        degrees = np.column_stack([np.asarray(longitude, np.float64), np.asarray(latitude, np.float64)])
        degrees = degrees[np.isfinite(degrees).all(axis=1)]
        places = np.clip((degrees + CORNER) / 360.0 * (1 << FINEST), 0, MASK).astype(np.int64)
        return cls(FINEST, Counts.of(places[:, 0] << FINEST | places[:, 1]))._thinned()

    def merge(self, other: "Positions") -> "Positions":
        """Both together."""
        level = min(self.level, other.level)
        cells = self._at(level).cells.merge(other._at(level).cells)
        return Positions(level, cells)._thinned()

    def _at(self, level: int) -> "Positions":
        shift = self.level - level
        x, y = _parts(self.cells.codes)
        return Positions(level, Counts.of(x >> shift << FINEST | y >> shift, self.cells.counts))

    def _thinned(self) -> "Positions":
        found = self
        while len(found.cells.codes) > MOST_CELLS:
            found = found._at(found.level - 1)
        return found

    def summary(self) -> Cells:
        """The cells by their middles, in degrees."""
        side = 360.0 / (1 << self.level)
        x, y = _parts(self.cells.codes)
        longitude, latitude = (x + 0.5) * side - 180.0, (y + 0.5) * side - 90.0
        rounded = (np.round(axis, 6).tolist() for axis in (longitude, latitude))
        return {"cell_degrees": side, "cells": list(zip(*rounded, self.cells.counts.tolist(), strict=True))}


def _parts(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return codes >> FINEST, codes & MASK


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
