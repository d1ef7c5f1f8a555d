"""Whether values are clustered at all: global Moran's I and Geary's c, with moments and by permutation.

Cliff & Ord (1981), Spatial Processes, chapters 1 and 2; as in R spdep, samples without a neighbour count in the mean
and not in n.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from mapping.arrays import Vector, read_only
from mapping.hotspots import FEWEST, NotTestable
from mapping.loops import looped
from mapping.moments import normal_p
from mapping.neighbours import Index, Neighbours
from mapping.permutation import TIE
from mapping.workers import in_parallel

Assumption = Literal["randomisation", "normality"]
Statistic = Literal["moran", "geary"]
AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Clustering:
    """A global statistic, what it is expected to be without clustering, its variance, z and two-sided p.

    z is above zero where near values are alike, for Geary's c too. `p` is that of the normal distribution;
    `permuted_p` = (b + 1)/(draws + 1) or None where nothing was drawn. `islands` samples had no neighbour.
    """

    statistic: Statistic
    value: float
    expected: float
    variance: float
    z: float
    p: float
    permuted_p: float | None
    permutations: int
    seed: int
    islands: int
    definition: str


@dataclass(frozen=True, slots=True)
class Constants:
    """n and the sums of weights S0, S1 and S2 of Cliff & Ord, over samples that have neighbours."""

    n: int
    s0: float
    s1: float
    s2: float

    @classmethod
    def of(cls, graph: Neighbours) -> Constants:
        """The constants of a graph."""
        weights = graph.matrix()
        both = weights + weights.T
        reach = np.asarray(weights.sum(axis=1)).ravel() + np.asarray(weights.sum(axis=0)).ravel()
        s1 = float((both.data**2).sum()) / 2.0
        return cls(int((~graph.islands).sum()), float(weights.sum()), s1, float((reach**2).sum()))

    def moran(self, kurtosis: float, assumption: Assumption) -> tuple[float, float]:
        """Expectation and variance of I."""
        n, s0, s1, s2 = self.n, self.s0, self.s1, self.s2
        expected = -1.0 / (n - 1)
        if assumption == "normality":
            second = (n**2 * s1 - n * s2 + 3 * s0**2) / (s0**2 * (n**2 - 1))
        else:
            free = n * (s1 * (n**2 - 3 * n + 3) - n * s2 + 3 * s0**2)
            peaked = kurtosis * (s1 * (n**2 - n) - 2 * n * s2 + 6 * s0**2)
            second = (free - peaked) / ((n - 1) * (n - 2) * (n - 3) * s0**2)
        return expected, second - expected**2

    def geary(self, kurtosis: float, assumption: Assumption) -> tuple[float, float]:
        """Expectation and variance of c."""
        n, s0, s1, s2 = self.n, self.s0, self.s1, self.s2
        if assumption == "normality":
            return 1.0, ((2 * s1 + s2) * (n - 1) - 4 * s0**2) / (2 * (n + 1) * s0**2)
        terms = (n - 1) * s1 * (n**2 - 3 * n + 3 - kurtosis * (n - 1))
        terms -= 0.25 * (n - 1) * s2 * (n**2 + 3 * n - 6 - kurtosis * (n**2 - n + 2))
        terms += s0**2 * (n**2 - 3 - kurtosis * (n - 1) ** 2)
        return 1.0, terms / (n * (n - 2) * (n - 3) * s0**2)


def clustering(
    graph: Neighbours,
    values: ArrayLike,
    statistic: Statistic = "moran",
    assumption: Assumption = "randomisation",
    permutations: int = 0,
    seed: int = 0,
) -> Clustering | NotTestable:
    """Moran's I or Geary's c of values (n,) on a graph of n samples.

    Raises ValueError for another number of values; what cannot be tested is said.
    """
    given = read_only(values)
    if given.shape != (graph.n,):
        raise ValueError(f"{graph.n} samples need as many values, got shape {given.shape}")
    constants = Constants.of(graph)
    reason = _why_not(constants, graph, given)
    if reason:
        return NotTestable(reason)
    x = given - given.mean()
    total, n = float(x @ x), constants.n
    product = float(x @ graph.lag(x))
    if statistic == "moran":
        value = n / constants.s0 * product / total
        expected, variance = constants.moran(len(x) * float((x**4).sum()) / total**2, assumption)
    else:
        value = (n - 1) / (2 * constants.s0) * _squares(graph, x) / total
        expected, variance = constants.geary(n * float((x**4).sum()) / total**2, assumption)
    z = (value - expected) / np.sqrt(variance) * (1.0 if statistic == "moran" else -1.0)
    drawn = permuted_p(graph, x, statistic, permutations, seed) if permutations else None
    said = _definition(graph, statistic, assumption, permutations, seed)
    islands = int(graph.islands.sum())
    p = float(normal_p(z))
    return Clustering(statistic, value, expected, variance, float(z), p, drawn, permutations, seed, islands, said)


def _why_not(constants: Constants, graph: Neighbours, values: Vector) -> str:
    if constants.n < FEWEST:
        return f"no test possible: {constants.n} samples with a neighbour, at least {FEWEST} are needed"
    if not np.isfinite(values).all():
        return f"no test possible: {int((~np.isfinite(values)).sum())} values are not finite"
    if np.ptp(values) == 0:
        return "no test possible: all values are equal"
    if (graph.counts == graph.n - 1).all():
        return "no test possible: every sample is a neighbour of every other"
    return ""


def _squares(graph: Neighbours, x: Vector) -> float:
    """The weighted sum of squared differences between neighbours."""
    return float(graph.weights @ (x[graph.rows] - x[graph.indices]) ** 2)


def permuted_p(graph: Neighbours, centred: Vector, statistic: Statistic, permutations: int, seed: int) -> float:
    """Two-sided p = (b + 1)/(permutations + 1), ties counted on both sides.

    Both statistics are sums of products of neighbours; Geary's also has the squares, weighted by the sums of the rows
    and columns.
    """
    n = graph.n
    columns = np.bincount(graph.indices, graph.weights, n).astype(np.float64)
    square = graph.row_sums() + columns if statistic == "geary" else np.zeros(n)
    factor = -2.0 if statistic == "geary" else 1.0
    total, weight = float(centred @ centred), float(graph.row_sums().sum())
    expected = total / n * square.sum() - factor * weight * total / (n * (n - 1))
    observed = float(square @ centred**2) + factor * float(centred @ graph.lag(centred))
    reach = abs(observed - expected) - TIE * (weight + square.sum()) * float(np.abs(centred).max()) ** 2

    def count(start: int) -> int:
        size = min(AT_ONCE, permutations - start)
        rng = np.random.default_rng([seed, start])
        drawn = np.array([rng.permutation(centred) for _ in range(size)])
        sums = _products(drawn, graph.indptr, graph.indices, np.ascontiguousarray(graph.weights))
        return int((np.abs((drawn**2) @ square + factor * sums - expected) >= reach).sum())

    return (sum(in_parallel(count, range(0, permutations, AT_ONCE))) + 1) / (permutations + 1)


@looped
def _products(drawn: Vector, indptr: Index, indices: Index, weights: Vector) -> Vector:  # pragma: no cover - compiled
    """The weighted sums (d,) of products of neighbours, for values drawn (d, n)."""
    sums = np.zeros(len(drawn))
    for draw in range(len(drawn)):
        values = drawn[draw]
        for site in range(len(values)):
            near = 0.0
            for entry in range(indptr[site], indptr[site + 1]):
                near += weights[entry] * values[indices[entry]]
            sums[draw] += near * values[site]
    return sums


def _definition(graph: Neighbours, statistic: Statistic, assumption: Assumption, permutations: int, seed: int) -> str:
    name = "Moran's I" if statistic == "moran" else "Geary's c"
    drawn = f" and from {permutations} permutations (seed {seed})" if permutations else ""
    return (
        f"{name} of {graph.n} samples, neighbours are {graph.rule}; moments under {assumption} (Cliff & Ord 1981), "
        f"two-sided p from the normal distribution{drawn}."
    )
