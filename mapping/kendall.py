"""Kendall's S for short series with bounds, at one site or over many: exact p-values and slopes with intervals.

A pair of values counts when it is known which is greater. Under no trend every order of a site's values in time is
equally likely, so the distribution of S over sites is the convolution of those of the sites: exact for the two to six
campaigns of soil surveys, with ties and detection limits as they are (Kendall 1975; regional: Helsel & Frans 2006, ES&T
40; slopes: Sen 1968, with bounds Akritas, Murphy & LaValley 1995, JASA 90).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri

from mapping.arrays import Vector

MOST_EXACT = 6
"""Values whose orders, 720, are all counted."""
ORDERS = 2_000
MOST_CONVOLVED = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Values of one site at rising times (n,) in years, known by bounds (n,); ValueError for anything else."""

    time: Vector
    low: Vector
    high: Vector

    def __post_init__(self) -> None:
        if not (len(self.time) == len(self.low) == len(self.high)) or not (np.diff(self.time) > 0.0).all():
            raise ValueError("a series needs rising times, each with a lower and an upper bound")
        if not (self.low <= self.high).all():
            raise ValueError("a lower bound must not lie above its upper one")

    @property
    def n(self) -> int:
        """How many times."""
        return len(self.time)


@dataclass(frozen=True, slots=True, eq=False)
class Null:
    """The distribution of S under no trend: probabilities of −`most`, …, `most`."""

    probability: Vector

    @property
    def most(self) -> int:
        """The greatest S that is possible."""
        return len(self.probability) // 2

    @property
    def sd(self) -> float:
        """Standard deviation of S."""
        return float(np.sqrt(self.probability @ self._values() ** 2))

    def two_sided(self, s: int) -> float:
        """P(|S| ≥ |s|)."""
        return float(min(self.probability[np.abs(self._values()) >= abs(s)].sum(), 1.0))

    def critical(self, level: float) -> float:
        """The smallest c with P(|S| > c) ≤ 1 − level."""
        for c in range(self.most + 1):
            if self.probability[np.abs(self._values()) > c].sum() <= 1.0 - level + 1e-12:
                return float(c)
        return float(self.most)

    def _values(self) -> Vector:
        return np.arange(-self.most, self.most + 1, dtype=np.float64)


def signs(low: Vector, high: Vector) -> Vector:
    """+1 (n, n) where the second value is surely the greater, −1 where surely the less, else 0."""
    greater = (low[None, :] > high[:, None]).astype(np.float64)
    return np.asarray(greater - (high[None, :] < low[:, None]))


def kendall_s(series: Sequence[Series]) -> int:
    """S over all pairs of times at each site."""
    return int(sum(np.triu(signs(each.low, each.high), 1).sum() for each in series))


def null_of(series: Sequence[Series], seed: int = 0) -> Null | None:
    """The exact distribution of S; None where there are too many values, and a normal one has to do."""
    if sum(each.n * (each.n - 1) // 2 for each in series) > MOST_CONVOLVED:
        return None
    rng = np.random.default_rng(seed)
    total = np.ones(1)
    for each in series:
        total = np.convolve(total, _of_site(each, rng))
    return Null(total / total.sum())


def variance(series: Sequence[Series], seed: int = 0) -> float:
    """Var(S) under no trend."""
    rng = np.random.default_rng(seed)
    return float(sum(Null(_of_site(each, rng)).sd ** 2 for each in series))


def _of_site(series: Series, rng: np.random.Generator) -> Vector:
    """Probabilities of −n(n−1)/2, …, n(n−1)/2."""
    sign, n = signs(series.low, series.high), series.n
    orders = (
        np.array(list(permutations(range(n))), dtype=np.int64)
        if n <= MOST_EXACT
        else rng.permuted(np.tile(np.arange(n), (ORDERS, 1)), axis=1)
    )
    first, second = np.triu_indices(n, 1)
    found = sign[orders[:, first], orders[:, second]].sum(axis=1).astype(np.int64)
    most = n * (n - 1) // 2
    counts = np.bincount(found + most, minlength=2 * most + 1).astype(np.float64)
    # S of an order and of its reverse are opposite: what was drawn is made symmetric
    counts += counts[::-1]
    return np.asarray(counts / counts.sum())


@dataclass(frozen=True, slots=True)
class Kendall:
    """S, its two-sided p-value, and the slope per year with its interval; `exact` says whether p is."""

    s: int
    p: float
    slope: float
    low: float
    high: float
    exact: bool
    pairs: int


def trend_in(series: Sequence[Series], level: float = 0.95, seed: int = 0) -> Kendall:
    """Test of no trend over all sites, and the common slope; ValueError where no pair of times is."""
    rises, falls = _thresholds(series)
    if not len(rises):
        raise ValueError("a trend needs at least one site with two times")
    s, null = kendall_s(series), null_of(series, seed)
    if null is not None:
        p, bound = null.two_sided(s), null.critical(level)
    else:
        sd = variance(series, seed) ** 0.5
        # continuity correction: S moves by two where all pairs count
        p = float(2.0 * ndtr(-max(abs(s) - 1, 0) / sd)) if sd > 0.0 else 1.0
        bound = float(ndtri(0.5 + level / 2.0)) * sd
    low, high = _crossing(rises, falls, bound)[0], _crossing(rises, falls, -bound)[1]
    slope = _middle(rises, falls)
    return Kendall(s, min(p, 1.0), slope, low, high, null is not None, len(rises))


def _thresholds(series: Sequence[Series]) -> tuple[Vector, Vector]:
    """For each pair the slope below which it still rises, and the one above which it falls."""
    rises, falls = [np.empty(0)], [np.empty(0)]
    for each in series:
        i, j = np.triu_indices(each.n, 1)
        apart = each.time[j] - each.time[i]
        with np.errstate(invalid="ignore"):
            rises.append((each.low[j] - each.high[i]) / apart)
            falls.append((each.high[j] - each.low[i]) / apart)
    up, down = np.concatenate(rises), np.concatenate(falls)
    return np.sort(np.where(np.isnan(up), -np.inf, up)), np.sort(np.where(np.isnan(down), np.inf, down))


def _middle(rises: Vector, falls: Vector) -> float:
    """The slope that leaves no trend: the middle of all that do."""
    low, high = _crossing(rises, falls, 0.0)
    if np.isfinite(low) and np.isfinite(high):
        return (low + high) / 2.0
    return float("nan")


def _crossing(rises: Vector, falls: Vector, value: float) -> tuple[float, float]:
    """The least and the greatest slope b at which #(rises > b) − #(falls < b) passes a value; it falls with b."""
    at = np.unique(np.concatenate([rises, falls]))
    finite = at[np.isfinite(at)]
    if not len(finite):
        return -np.inf, np.inf
    left = _excess(rises, falls, finite, "left")
    right = _excess(rises, falls, finite, "right")
    above, below = finite[left > value], finite[right < value]
    return float(above.max()) if len(above) else -np.inf, float(below.min()) if len(below) else np.inf


def _excess(rises: Vector, falls: Vector, at: Vector, side: Literal["left", "right"]) -> Vector:
    """S of residuals just below (`left`) or just above (`right`) of slopes."""
    still = len(rises) - np.searchsorted(rises, at, side)
    return np.asarray(still - np.searchsorted(falls, at, side), dtype=np.float64)
