"""Neighbours within a distance band that are found anew for each sum: a million sites without their graph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import Points, Vector, as_points
from mapping.buckets import Buckets
from mapping.neighbours import Index, Neighbours, check_band, within_words


@dataclass(frozen=True, eq=False)
class Streamed:
    """All samples at (n, 2) within `band` metres, the band included, each with weight one.

    The same sums as `Neighbours.within`, in a few bytes per site instead of four per pair. Raises ValueError for no
    sites or a band that is no length.
    """

    xy: Points
    band: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "xy", as_points(self.xy))
        check_band(self.band)
        if not len(self.xy):
            raise ValueError("no sites: at least one is needed")

    @property
    def n(self) -> int:
        """How many sites."""
        return len(self.xy)

    @property
    def rule(self) -> str:
        """How they were chosen, in words."""
        return within_words(self.band)

    @cached_property
    def _buckets(self) -> Buckets:
        return Buckets.of(self.xy, self.band)

    @cached_property
    def counts(self) -> Index:
        """How many neighbours (n,) each site has."""
        return self._buckets.counts()

    @property
    def islands(self) -> NDArray[np.bool_]:
        """True (n,) for sites without a neighbour."""
        return np.asarray(self.counts == 0)

    @property
    def heaviest(self) -> Vector:
        """One for each site (n,)."""
        return np.ones(self.n)

    def row_sums(self, power: int = 1) -> Vector:  # noqa: ARG002 - the powers of one are one
        """How many neighbours (n,) each site has."""
        return self.counts.astype(np.float64)

    def lag(self, values: ArrayLike) -> Vector:
        """Sums (n,) of the neighbours' values (n,)."""
        return self._buckets.sums(np.asarray(values, dtype=np.float64))

    def among(self, sites: Index) -> Neighbours:
        """The neighbours that some sites (m,) are of one another, numbered 0 to m - 1."""
        return Neighbours.within(self.xy[sites], self.band)
