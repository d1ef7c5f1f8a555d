"""Who is whose neighbour among samples: a sparse graph by distance band, by k nearest or by decaying weight."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from mapping.arrays import Points, Vector, as_points, read_only
from mapping.buckets import Buckets
from mapping.kernels import kernel_named
from mapping.search import Search

Index = NDArray[np.signedinteger[Any]]
Style = Literal["B", "W"]


class Graph(Protocol):
    """What a statistic asks of neighbours, whether they are kept or found anew each time."""

    @property
    def n(self) -> int:
        """How many sites."""

    @property
    def band(self) -> float:
        """The greatest distance of neighbours in metres."""

    @property
    def rule(self) -> str:
        """How they were chosen, in words."""

    @property
    def counts(self) -> Index:
        """How many neighbours (n,) each site has."""

    @property
    def islands(self) -> NDArray[np.bool_]:
        """True (n,) for sites without a neighbour."""

    @property
    def heaviest(self) -> Vector:
        """The greatest weight (n,) among the neighbours of each site, 1 where it has none."""

    def row_sums(self, power: int = 1) -> Vector:
        """Sums (n,) of a power of the weights."""

    def lag(self, values: Vector) -> Vector:
        """Weighted sums (n,) of the neighbours' values (n,)."""

    def among(self, sites: Index) -> Neighbours:
        """The neighbours that some sites (m,) are of one another, numbered 0 to m - 1."""


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
        wide = np.int32 if len(self.indices) < np.iinfo(np.int32).max else np.int64
        for name in ("indptr", "indices"):
            array = np.array(getattr(self, name), dtype=wide)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        if not _all_one(self.weights):
            object.__setattr__(self, "weights", read_only(self.weights))
        self._check()

    def _check(self) -> None:
        if len(self.indptr) == 0 or self.indptr[0] != 0 or (np.diff(self.indptr) < 0).any():
            raise ValueError("row starts must begin at 0 and never fall")
        if not len(self.indices) == len(self.weights) == self.indptr[-1]:
            raise ValueError("there must be one index and one weight per neighbour")
        if len(self.indices) and not 0 <= self.indices.min() <= self.indices.max() < self.n:
            raise ValueError(f"neighbours must be numbered 0 to {self.n - 1}")
        if (self.indices == self.rows).any():
            raise ValueError("a site is not its own neighbour")
        if not _all_one(self.weights) and not (np.isfinite(self.weights) & (self.weights > 0)).all():
            raise ValueError("weights must be finite and positive")

    @classmethod
    def within(cls, xy: ArrayLike, band: float) -> Neighbours:
        """All samples at (n, 2) within `band` metres, the band included; samples at one place are neighbours."""
        places = as_points(xy)
        check_band(band)
        if not len(places):
            return cls._equal(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32), band, within_words(band))
        indptr, others = Buckets.of(places, band).others()
        return cls(indptr, others, np.broadcast_to(1.0, len(others)), float(band), within_words(band))

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
    def decaying(cls, xy: ArrayLike, band: float, kernel: str = "bisquare") -> Neighbours:
        """All samples at (n, 2) within `band` metres, weighted by one of `mapping.kernels.KERNELS`.

        Those whose weight is zero, at the very end of a bisquare band, are no neighbours.
        """
        chosen, plain, places = kernel_named(kernel), cls.within(xy, band), as_points(xy)
        if not band > 0:
            raise ValueError(f"weights that decay with distance need a band above 0 metres, got {band}")
        apart = np.hypot(*(places[plain.rows] - places[plain.indices]).T)
        weights = chosen.weight(np.minimum(apart / band, 1.0))
        kept = weights > 0
        counts = np.bincount(plain.rows[kept], minlength=plain.n)
        rule = f"{within_words(band)}, weighted by {chosen.words}"
        return cls(_begins(counts), plain.indices[kept], weights[kept], float(band), rule)

    @classmethod
    def _equal(cls, counts: Index, indices: Index, band: float, rule: str) -> Neighbours:
        return cls(_begins(counts), indices, np.broadcast_to(1.0, len(indices)), float(band), rule)

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
        return np.repeat(np.arange(self.n, dtype=self.indices.dtype), self.counts)

    @property
    def heaviest(self) -> Vector:
        """The greatest weight (n,) among the neighbours of each site, 1 where it has none."""
        if _all_one(self.weights):
            return np.ones(self.n)
        greatest = np.zeros(self.n)
        np.maximum.at(greatest, self.rows, self.weights)
        return np.where(self.islands, 1.0, greatest)

    def row_sums(self, power: int = 1) -> Vector:
        """Sums (n,) of a power of the weights."""
        if _all_one(self.weights):
            return self.counts.astype(np.float64)
        return np.bincount(self.rows, self.weights**power, self.n).astype(np.float64)

    def lag(self, values: Vector) -> Vector:
        """Weighted sums (n,) of the neighbours' values (n,)."""
        weights = csr_array((self.weights, self.indices, self.indptr), shape=(self.n, self.n))
        return np.asarray(weights @ values, dtype=np.float64)

    def styled(self, style: Style) -> Neighbours:
        """Binary weights (B), or rows that sum to one (W)."""
        one = np.broadcast_to(1.0, len(self.indices))
        weights = one if style == "B" else self.weights / self.row_sums()[self.rows]
        return Neighbours(self.indptr, self.indices, weights, self.band, self.rule)

    def matrix(self) -> csr_array:
        """The weights as a sparse matrix (n, n) of its own, each row in the order of its columns."""
        copied = csr_array((self.weights, self.indices, self.indptr), shape=(self.n, self.n), copy=True)
        copied.sort_indices()
        return copied

    def among(self, sites: Index) -> Neighbours:
        """The neighbours that some sites (m,) are of one another, numbered 0 to m - 1."""
        part = self.matrix()[sites][:, sites]
        return Neighbours(part.indptr, part.indices, part.data, self.band, self.rule)

    def components(self, chosen: NDArray[np.bool_]) -> list[Index]:
        """The groups of `chosen` sites (n,) that hang together through neighbours that are chosen too."""
        sites = np.flatnonzero(chosen)
        if not len(sites):
            return []
        count, label = connected_components(self.among(sites).matrix(), directed=False)
        return [sites[label == group] for group in range(count)]


def check_band(band: float) -> None:
    """ValueError unless a distance band is a length."""
    if not (np.isfinite(band) and band >= 0):
        raise ValueError(f"a distance band must be a length of 0 or more metres, got {band}")


def within_words(band: float) -> str:
    """The rule of a distance band."""
    return f"all samples within {band:g} m"


def _all_one(weights: Vector) -> bool:
    """Whether they are one number that is said once."""
    return isinstance(weights, np.ndarray) and weights.strides == (0,) and (not len(weights) or weights[0] == 1.0)


def _begins(counts: Index) -> Index:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])


def _nearest_others(places: Points, k: int) -> tuple[Index, Vector]:
    """Indices and distances (n, k) of the k nearest others, whichever of several samples at one place comes first."""
    if k < 1:
        return np.empty((len(places), 0), dtype=np.int64), np.empty((len(places), 0))
    near = Search(places).nearest_index(places, k + 1)
    own = near == np.arange(len(places))[:, None]
    own[~own.any(axis=1), -1] = True
    others = near[~own].reshape(len(places), k)
    return others, np.hypot(*np.moveaxis(places[others] - places[:, None], -1, 0))


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
