"""The spatial scan statistic: is there a circle with more exceeding samples in it than chance puts there?

Kulldorff (1997), Communications in Statistics - Theory and Methods 26, 1481-1496, Bernoulli model. All circles around
samples are tried, up to a share of all samples; the likelihood ratio of the best is held against that of the best
circle after the cases are dealt out again at random, so that having tried so many costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import Points, Vector, as_points
from mapping.hotspots import FEWEST, NotTestable
from mapping.loops import inner, looped
from mapping.search import Search
from mapping.workers import in_parallel

Mask = NDArray[np.bool_]
Order = NDArray[np.int32]
MOST_ENTRIES = 60_000_000
"""Samples in all circles together: beyond, circles are smaller."""
LANES = 32
"""Deals of the cases that are counted side by side."""


@dataclass(frozen=True, slots=True, eq=False)
class ScanCluster:
    """A circle around sample `centre` of `radius` metres with `members` (m,), of which `cases` exceed.

    `expected` cases would be in it by chance; `ratio` is the log-likelihood ratio and `p` its Monte Carlo p-value.
    """

    centre: int
    radius: float
    members: NDArray[np.int64]
    cases: int
    expected: float
    ratio: float
    p: float


@dataclass(frozen=True, slots=True)
class Scan:
    """The clusters with p up to the level, the likeliest first and none with a sample of another; none may be there."""

    clusters: tuple[ScanCluster, ...]
    likeliest: ScanCluster
    cases: int
    samples: int
    simulations: int
    seed: int
    definition: str


def bernoulli_scan(
    xy: ArrayLike, case: ArrayLike, *, largest: float = 0.5, simulations: int = 999, level: float = 0.05, seed: int = 0
) -> Scan | NotTestable:
    """Scan samples at (n, 2) of which `case` (n,) exceed, with circles that hold up to a share `largest` of them.

    The p-values of clusters after the first are those of a first one, and so too large rather than too small.
    Raises ValueError for lengths that differ and shares or levels outside 0..1.
    """
    places, cases = as_points(xy), np.asarray(case, dtype=np.bool_)
    _check(places, cases, largest, simulations, level)
    n, total = len(cases), int(cases.sum())
    if n < FEWEST:
        return NotTestable(f"no test possible: {n} samples, at least {FEWEST} are needed")
    if total in (0, n):
        return NotTestable(f"no test possible: {'no sample exceeds' if total == 0 else 'all samples exceed'}")
    k = max(min(int(largest * n), MOST_ENTRIES // n), 2)
    near, ends = _circles(places, k)
    if not ends.any():
        return NotTestable("no test possible: no circle holds part of the samples only")
    drawn = _drawn(near, ends, cases, simulations, seed)
    clusters = [_cluster(places, near, cases, at, drawn) for at in _best(near, ends, cases)]
    kept = _apart([cluster for cluster in clusters if cluster.p <= level or cluster is clusters[0]])
    found = tuple(cluster for cluster in kept if cluster.p <= level)
    words = _definition(n, total, k, simulations, seed)
    return Scan(found, clusters[0], total, n, simulations, seed, words)


def _check(places: Points, cases: Mask, largest: float, simulations: int, level: float) -> None:
    if cases.shape != (len(places),):
        raise ValueError(f"{len(places)} samples need as many cases, got shape {cases.shape}")
    if not (0 < largest <= 0.5 and 0 < level < 1 and simulations >= 1):
        raise ValueError(
            f"need 0 < largest <= 0.5, 0 < level < 1, simulations >= 1, got {largest}, {level}, {simulations}"
        )


def _circles(places: Points, k: int) -> tuple[Order, Mask]:
    """The k samples nearest to each (n, k), itself among them, and after which (n, k) of them a circle may end.

    It may not end between samples at one distance.
    """
    near = Search(places).nearest_index(places, min(k + 1, len(places)))
    apart = np.empty(near.shape)
    for column, others in enumerate(near.T):
        apart[:, column] = np.hypot(*(places[others] - places).T)
    ends = apart[:, 1:] > apart[:, :-1] * (1.0 + 1e-12)
    return near[:, : ends.shape[1]].astype(np.int32), ends


def _drawn(near: Order, ends: Mask, cases: Mask, simulations: int, seed: int) -> Vector:
    """The greatest log-likelihood ratio (simulations,) after the cases were dealt out again, sorted."""
    total = int(cases.sum())

    def deal(start: int) -> Vector:
        held = min(LANES, simulations - start)
        rng = np.random.default_rng([seed, start])
        dealt = np.zeros((len(cases), LANES), dtype=np.int16)
        for lane in range(held):
            dealt[rng.permutation(len(cases))[:total], lane] = 1
        most = np.zeros((near.shape[1], LANES), dtype=np.int16)
        _most_cases(near, ends, dealt, most)
        return np.asarray(_greatest(most, total, len(cases))[:held])

    return np.sort(np.concatenate(list(in_parallel(deal, range(0, simulations, LANES)))))


@looped
def _most_cases(near: Order, ends: Mask, dealt: NDArray[np.int16], most: NDArray[np.int16]) -> None:
    # pragma: no cover - compiled
    """The most cases (k, lanes) that any circle of so many samples holds, in every deal."""
    held = np.empty(LANES, dtype=np.int16)
    for centre in range(len(near)):
        held[:] = 0
        for place in range(near.shape[1]):
            row, best = dealt[near[centre, place]], most[place]
            for lane in range(LANES):
                held[lane] += row[lane]
            if ends[centre, place]:
                for lane in range(LANES):
                    best[lane] = max(best[lane], held[lane])


@inner
def _part(cases: float, samples: float) -> float:  # pragma: no cover - compiled
    """Log-likelihood of so many cases among so many samples at their own rate."""
    others = samples - cases
    found = cases * log(cases / samples) if cases > 0 else 0.0
    return found + (others * log(others / samples) if others > 0 else 0.0)


@inner
def _ratio(cases: float, samples: float, total: float, n: float) -> float:  # pragma: no cover - compiled
    """The log-likelihood ratio of a circle with more cases than chance puts there, else zero."""
    if cases * n <= total * samples:
        return 0.0
    return _part(cases, samples) + _part(total - cases, n - samples) - _part(total, n)


@looped
def _greatest(most: NDArray[np.int16], total: int, n: int) -> Vector:  # pragma: no cover - compiled
    greatest = np.zeros(most.shape[1])
    for place in range(len(most)):
        for lane in range(most.shape[1]):
            greatest[lane] = max(greatest[lane], _ratio(most[place, lane], place + 1, total, n))
    return greatest


@looped
def _best_of_each(near: Order, ends: Mask, case: Mask, total: int) -> tuple[Vector, Order]:
    # pragma: no cover - compiled
    """The greatest ratio (n,) of the circles around each sample, and how many samples (n,) that circle holds."""
    ratios, sizes = np.zeros(len(near)), np.zeros(len(near), dtype=np.int32)
    for centre in range(len(near)):
        held = 0
        for place in range(near.shape[1]):
            held += int(case[near[centre, place]])
            if ends[centre, place]:
                ratio = _ratio(held, place + 1, total, len(near))
                if ratio > ratios[centre]:
                    ratios[centre], sizes[centre] = ratio, place + 1
    return ratios, sizes


def _best(near: Order, ends: Mask, cases: Mask) -> list[tuple[int, int, float]]:
    """Centre, size and ratio of the best circle around each sample, the best first."""
    ratios, sizes = _best_of_each(near, ends, cases, int(cases.sum()))
    order = np.argsort(-ratios, kind="stable")
    found = [(int(at), int(sizes[at]), float(ratios[at])) for at in order if sizes[at]]
    return found or [(0, int(np.argmax(ends[0])) + 1, 0.0)]


def _cluster(places: Points, near: Order, cases: Mask, at: tuple[int, int, float], drawn: Vector) -> ScanCluster:
    centre, size, ratio = at
    members = near[centre, :size].astype(np.int64)
    radius = float(np.hypot(*(places[members[-1]] - places[centre])))
    above = len(drawn) - int(np.searchsorted(drawn, ratio * (1.0 - 1e-12), side="left"))
    expected = size * float(cases.mean())
    p = (above + 1.0) / (len(drawn) + 1.0)
    return ScanCluster(centre, radius, members, int(cases[members].sum()), expected, ratio, p)


def _apart(clusters: list[ScanCluster]) -> list[ScanCluster]:
    """Those that share no sample with a better one."""
    taken: set[int] = set()
    kept = []
    for cluster in clusters:
        members = set(cluster.members.tolist())
        if not members & taken:
            kept.append(cluster)
            taken |= members
    return kept


def _definition(n: int, cases: int, k: int, simulations: int, seed: int) -> str:
    return (
        f"Spatial scan statistic (Kulldorff 1997, Bernoulli) of {n} samples, {cases} of which exceed: circles around "
        f"samples holding up to {k} of them. Null hypothesis: every sample is as likely to exceed. p over all circles "
        f"from {simulations} random deals of the cases (seed {seed})."
    )
