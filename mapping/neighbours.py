"""Who is whose neighbour among samples: a sparse graph by distance band or by k nearest."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from mapping.arrays import Points, Vector, as_points, read_only

Index = NDArray[np.int64]
Style = Literal["B", "W"]


def _read_only_index(values: ArrayLike) -> Index:
    array = np.array(values, dtype=np.int64)
    array.setflags(write=False)
    return array


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """A weighted graph of n sites in compressed rows.

    The neighbours of site i are `indices[indptr[i]:indptr[i + 1]]` with the `weights` of the same places; no site is
    its own neighbour. `indptr` has the shape (n + 1,). `band` is the greatest distance of neighbours in metres; `rule`
    says in words how they were chosen. Raises ValueError for arrays that are no such graph.
    """

    indptr: Index
    indices: Index
    weights: Vector
    band: float
    rule: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "indptr", _read_only_index(self.indptr))
        object.__setattr__(self, "indices", _read_only_index(self.indices))
        object.__setattr__(self, "weights", read_only(self.weights))
        if len(self.indptr) == 0 or self.indptr[0] != 0 or (np.diff(self.indptr) < 0).any():
            raise ValueError("row starts must begin at 0 and never fall")
        if not len(self.indices) == len(self.weights) == self.indptr[-1]:
            raise ValueError("there must be one index and one weight per neighbour")
        if ((self.indices < 0) | (self.indices >= self.n)).any():
            raise ValueError(f"neighbours must be numbered 0 to {self.n - 1}")
        if (self.indices == self.rows).any():
            raise ValueError("a site is not its own neighbour")
        if not (np.isfinite(self.weights) & (self.weights > 0)).all():
            raise ValueError("weights must be finite and positive")

    @classmethod
    def within(cls, xy: ArrayLike, band: float) -> Neighbours:
        """All samples at (n, 2) within `band` metres, the band included; samples at one place are neighbours."""
        places = as_points(xy)
        if not (np.isfinite(band) and band >= 0):
            raise ValueError(f"a distance band must be a length of 0 or more metres, got {band}")
        pairs = cKDTree(places).query_pairs(band, output_type="ndarray").astype(np.int64)
        starts = np.concatenate([pairs[:, 0], pairs[:, 1]])
        ends = np.concatenate([pairs[:, 1], pairs[:, 0]])
        order = np.lexsort((ends, starts))
        counts = np.bincount(starts, minlength=len(places))
        return cls._equal(counts, ends[order], band, f"all samples within {band:g} m")

    @classmethod
    def nearest(cls, xy: ArrayLike, k: int) -> Neighbours:
        """The `k` nearest other samples of each at (n, 2), all others where there are fewer."""
        places = as_points(xy)
        if k < 1:
            raise ValueError(f"the number of nearest neighbours must be 1 or more, got {k}")
        near, distance = _nearest_others(places, min(k, len(places) - 1))
        counts = np.full(len(places), near.shape[1])
        band = float(distance.max()) if distance.size else 0.0
        return cls._equal(counts, np.sort(near, axis=1).ravel(), band, f"the {k} nearest samples")

    @classmethod
    def _equal(cls, counts: Index, indices: Index, band: float, rule: str) -> Neighbours:
        indptr = np.concatenate([[0], np.cumsum(counts)])
        return cls(indptr, indices, np.ones(len(indices)), float(band), rule)

    @property
    def n(self) -> int:
        """How many sites."""
        return len(self.indptr) - 1

    @property
    def counts(self) -> Index:
        """How many neighbours (n,) each site has."""
        return np.diff(self.indptr)

    @property
    def islands(self) -> NDArray[np.bool_]:
        """True (n,) for sites without a neighbour."""
        return np.asarray(self.counts == 0)

    @property
    def rows(self) -> Index:
        """The site that each entry of `indices` is a neighbour of."""
        return np.repeat(np.arange(self.n), self.counts)

    def styled(self, style: Style) -> Neighbours:
        """Binary weights (B), or rows that sum to one (W)."""
        weights = np.ones(len(self.indices)) if style == "B" else 1.0 / self.counts[self.rows]
        return Neighbours(self.indptr, self.indices, weights, self.band, self.rule)

    def matrix(self) -> csr_array:
        """The weights as a sparse matrix (n, n)."""
        return csr_array((self.weights, self.indices, self.indptr), shape=(self.n, self.n))

    def components(self, chosen: NDArray[np.bool_]) -> list[Index]:
        """The groups of `chosen` sites (n,) that hang together through neighbours that are chosen too."""
        sites = np.flatnonzero(chosen)
        if not len(sites):
            return []
        count, label = connected_components(self.matrix()[sites][:, sites], directed=False)
        return [sites[label == group] for group in range(count)]


def _nearest_others(places: Points, k: int) -> tuple[Index, Vector]:
    """Indices and distances (n, k) of the k nearest others, whichever of several samples at one place comes first."""
    if k < 1:
        return np.empty((len(places), 0), dtype=np.int64), np.empty((len(places), 0))
    found = cKDTree(places).query(places, k=k + 1)
    distance, near = np.asarray(found[0], dtype=np.float64), np.asarray(found[1], dtype=np.int64)
    own = near == np.arange(len(places))[:, None]
    own[~own.any(axis=1), -1] = True
    shape = (len(places), k)
    return near[~own].reshape(shape), distance[~own].reshape(shape)


def default_band(xy: ArrayLike, least: int = 8, share: float = 0.95) -> float:
    """The smallest distance within which a `share` of the samples at (n, 2) has `least` neighbours or more.

    It follows from where the samples lie and never from what was found there, so that the test that uses it keeps its
    level. Eight is the number of neighbours on a grid; a share below one keeps a few remote samples, which may become
    islands, from widening the band for all. The band is rounded up to three digits, so that it can be stated in full.
    """
    places = as_points(xy)
    if not (least >= 1 and 0 < share <= 1):
        raise ValueError(f"need least >= 1 and 0 < share <= 1, got {least} and {share}")
    _, distance = _nearest_others(places, min(least, len(places) - 1))
    if not distance.size:
        return 0.0
    needed = float(np.quantile(distance[:, -1], share, method="inverted_cdf"))
    digit = 10.0 ** (floor(log10(needed)) - 2) if needed > 0 else 1.0
    return ceil(needed / digit) * digit
