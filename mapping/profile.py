"""At which distance values cluster: Moran's I over a ladder of bands, tested over all of them at once.

A band that was chosen because the statistic is greatest there must be held against the greatest of every permutation
(Westfall & Young 1993, Resampling-Based Multiple Testing, single step); held against its own permutations it would be
found in noise far more often than the level says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import Points, Vector, as_points, read_only
from mapping.hotspots import FEWEST, NotTestable
from mapping.loops import looped
from mapping.neighbours import Neighbours, default_band
from mapping.workers import in_parallel

MOST_PRODUCTS = 3_000_000_000
"""Pairs times permutations: the ladder ends where there would be more."""
AT_ONCE = 8


@dataclass(frozen=True, slots=True, eq=False)
class ScaleProfile:
    """Clustering by distance band; all arrays have one entry per band.

    `bands` in metres, `neighbours` on average, Moran's I, z by the moments of the permutations, and two-sided p by
    itself and over all bands. `peak` is the band with the greatest z, if near values are alike there beyond chance over
    all bands at `level`, else None.
    """

    bands: Vector
    neighbours: Vector
    moran: Vector
    z: Vector
    p: Vector
    p_over_all: Vector
    peak: float | None
    level: float
    permutations: int
    seed: int
    definition: str


def scale_profile(
    xy: ArrayLike,
    values: ArrayLike,
    bands: ArrayLike | None = None,
    *,
    permutations: int = 999,
    level: float = 0.05,
    seed: int = 0,
) -> ScaleProfile | NotTestable:
    """The profile of values (n,) of samples at (n, 2) over `bands` (b,) in metres, or over a ladder of bands.

    The rungs of the ladder have 2, 4, 8, … neighbours within them at half of the samples, up to a quarter of all. It
    follows from the places alone. Raises ValueError for lengths that differ and bands that are no rising lengths.
    """
    places, given = as_points(xy), read_only(values)
    if given.shape != (len(places),):
        raise ValueError(f"{len(places)} samples need as many values, got shape {given.shape}")
    if len(places) < FEWEST:
        return NotTestable(f"no test possible: {len(places)} samples, at least {FEWEST} are needed")
    if not np.isfinite(given).all():
        return NotTestable(f"no test possible: {int((~np.isfinite(given)).sum())} values are not finite")
    if np.ptp(given) == 0:
        return NotTestable("no test possible: all values are equal")
    rungs = _ladder(places, permutations) if bands is None else _rungs(bands)
    if not len(rungs):
        return NotTestable("no test possible: all samples lie at one place")
    graph = Neighbours.within(places, float(rungs[-1]))
    if not len(graph.indices):
        return NotTestable(f"no test possible: no sample has a neighbour ({graph.rule})")
    return _profile(_Pairs.of(places, graph, rungs), given - given.mean(), permutations, level, seed)


def _rungs(bands: ArrayLike) -> Vector:
    rungs = read_only(bands)
    if rungs.ndim != 1 or not len(rungs) or not np.isfinite(rungs).all() or rungs[0] < 0 or (np.diff(rungs) <= 0).any():
        raise ValueError(f"bands must be rising lengths of 0 or more metres, got {rungs.tolist()}")
    return rungs


def _ladder(places: Points, permutations: int) -> Vector:
    n, rungs, least = len(places), [], 2
    while least <= max(n // 4, 2) and n * least * permutations <= MOST_PRODUCTS:
        rungs.append(default_band(places, least, 0.5))
        least *= 2
    return np.unique([rung for rung in rungs if rung > 0])


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Each pair of neighbours once (m,), by the first band (m,) that holds it; how many pairs (b,) each band adds."""

    one: NDArray[np.int32]
    other: NDArray[np.int32]
    band: NDArray[np.int8]
    added: NDArray[np.int64]
    bands: Vector
    n: int

    @classmethod
    def of(cls, places: Points, graph: Neighbours, bands: Vector) -> _Pairs:
        rows = graph.rows
        once = rows < graph.indices
        one, other = rows[once].astype(np.int32), graph.indices[once].astype(np.int32)
        apart = np.hypot(*(places[one] - places[other]).T)
        band = np.minimum(np.searchsorted(bands, apart), len(bands) - 1).astype(np.int8)
        return cls(one, other, band, np.bincount(band, minlength=len(bands)), bands, graph.n)

    def products(self, drawn: Vector) -> Vector:
        """Sums (d, b) of products of neighbours within each band, for values drawn (d, n)."""
        return np.cumsum(_products(drawn, self.one, self.other, self.band, len(self.bands)), axis=1)


@looped
def _products(
    drawn: Vector, one: NDArray[np.int32], other: NDArray[np.int32], band: NDArray[np.int8], bands: int
) -> Vector:  # pragma: no cover - compiled
    sums = np.zeros((len(drawn), bands))
    for draw in range(len(drawn)):
        values, row = drawn[draw], sums[draw]
        for pair in range(len(one)):
            row[band[pair]] += values[one[pair]] * values[other[pair]]
    return sums


def _profile(pairs: _Pairs, x: Vector, permutations: int, level: float, seed: int) -> ScaleProfile:
    def draw(start: int) -> Vector:
        rng = np.random.default_rng([seed, start])
        return pairs.products(np.array([rng.permutation(x) for _ in range(min(AT_ONCE, permutations - start))]))

    observed = pairs.products(x[None])[0]
    null = np.concatenate(list(in_parallel(draw, range(0, permutations, AT_ONCE))))
    count, total = np.cumsum(pairs.added), float(x @ x)
    mean, sd = -count * total / (pairs.n * (pairs.n - 1)), null.std(axis=0)
    known = sd > 1e-9 * total
    z, drawn = (np.where(known, (each - mean) / np.where(known, sd, 1.0), 0.0) for each in (observed, null))
    reach = np.abs(z) * (1.0 - 1e-9)
    p = ((np.abs(drawn) >= reach).sum(axis=0) + 1.0) / (permutations + 1.0)
    over_all = ((np.abs(drawn).max(axis=1)[:, None] >= reach).sum(axis=0) + 1.0) / (permutations + 1.0)
    moran = np.where(count > 0, pairs.n / np.maximum(count, 1) * observed / total, 0.0)
    best = int(np.argmax(z))
    peak = float(pairs.bands[best]) if z[best] > 0 and over_all[best] <= level else None
    words = (
        f"Moran's I of {pairs.n} samples within {len(z)} distance bands from {pairs.bands[0]:g} to {pairs.bands[-1]:g} "
        f"m. Null hypothesis: values are spread over the places at random. p over all bands: the greatest |z| over the "
        f"bands against that of {permutations} permutations (seed {seed})."
    )
    near = 2.0 * count / pairs.n
    return ScaleProfile(pairs.bands, near, moran, z, p, over_all, peak, level, permutations, seed, words)
