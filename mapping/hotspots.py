"""Hot and cold spots of samples: Getis-Ord Gi and Gi* with a controlled share of false discoveries.

Ord & Getis (1995), Local spatial autocorrelation statistics, Geographical Analysis 27, 286-306; Benjamini &
Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300. A spot is statistical: its values are high
for this study area, which says nothing about any legal limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc

from mapping.arrays import Vector, read_only
from mapping.neighbours import Neighbours
from mapping.permutation import permutation_p

Mask = NDArray[np.bool_]
CENSORED = (
    "{} values are known as bounds only: a spot must be one with all values at their lower and with all at their upper "
    "bounds; this checks the two extremes, not everything between them."
)
FEWEST = 8
"""Below this number of samples no neighbourhood is small beside the whole, and the normal approximation is a guess."""


@dataclass(frozen=True, slots=True)
class NotTestable:
    """No test was possible, and why, in a sentence."""

    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class HotSpots:
    """What a test said about each of n samples; all arrays (n,) are read-only.

    `z` is the standardised statistic (0 where it has no variance), `p` two-sided, `q` the p-value adjusted for the
    false discovery rate; `hot` and `cold` have q <= `level`. `islands` have no neighbour; they and all others that
    are not `tested` have p = q = 1. `fewest_findable` is the smallest number of spots that the p-values are fine
    enough to find.
    """

    z: Vector
    p: Vector
    q: Vector
    hot: Mask
    cold: Mask
    islands: Mask
    tested: Mask
    level: float
    fewest_findable: int
    definition: str

    def __post_init__(self) -> None:
        for array in (self.z, self.p, self.q, self.hot, self.cold, self.islands, self.tested):
            array.setflags(write=False)


@dataclass(frozen=True, slots=True)
class GetisOrd:
    """The recipe of a test: Gi* with the sample's own value (`star`) or Gi without, at a false discovery rate `level`.

    P-values come from the normal distribution, or from that many random `permutations` with a `seed`. Gi keeps the
    value of the sample and permutes those of the others; Gi*, to which the own value belongs, permutes all: the
    null hypotheses whose moments Ord & Getis give, so that both kinds of p-value answer the same question. (Given
    its own value, Gi* is Gi.)
    """

    star: bool = True
    level: float = 0.05
    permutations: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise ValueError(f"the false discovery rate must lie between 0 and 1, got {self.level}")
        if self.permutations < 0:
            raise ValueError(f"the number of permutations must not be negative, got {self.permutations}")

    def test(self, graph: Neighbours, lower: ArrayLike, upper: ArrayLike | None = None) -> HotSpots | NotTestable:
        """Test values (n,) on a graph of n samples; with `upper`, values known as bounds only.

        Where bounds differ, all lower and all upper bounds are tested and a sample is hot or cold only if it is in
        both; z, p and q are those of the weaker. Raises ValueError for arrays of the wrong length.
        """
        low = read_only(lower)
        high = low if upper is None else read_only(upper)
        if not low.shape == high.shape == (graph.n,):
            raise ValueError(f"{graph.n} samples need as many values, got shapes {low.shape} and {high.shape}")
        reason = _why_not(graph, low, high)
        if reason:
            return NotTestable(reason)
        runs = [self._run(graph, low)] + ([self._run(graph, high)] if (low != high).any() else [])
        tested = np.logical_and.reduce([run.tested for run in runs])
        if not tested.any():
            return NotTestable("no test possible: every sample is a neighbour of every other")
        return self._result(graph, runs, int((low != high).sum()))

    def _run(self, graph: Neighbours, values: Vector) -> _Run:
        z, defined = standard_scores(graph, values, star=self.star)
        tested = defined & ~graph.islands
        own = own_weights(graph) if self.star else None
        p = permutation_p(values, own, graph, self.permutations, self.seed) if self.permutations else _normal_p(z)
        p = np.where(tested, p, 1.0)
        q = np.ones(graph.n)
        q[tested] = false_discovery(p[tested])
        return _Run(z, p, q, tested)

    def _result(self, graph: Neighbours, runs: list[_Run], censored: int) -> HotSpots:
        stacked = np.array([run.p for run in runs])
        weaker = np.argmax(stacked, axis=0)[None]
        z, p = (np.take_along_axis(np.array([getattr(run, name) for run in runs]), weaker, 0)[0] for name in ("z", "p"))
        q = np.max([run.q for run in runs], axis=0)
        hot = np.logical_and.reduce([(run.q <= self.level) & (run.z > 0) for run in runs])
        cold = np.logical_and.reduce([(run.q <= self.level) & (run.z < 0) for run in runs])
        tested = np.logical_and.reduce([run.tested for run in runs])
        floor = 1.0 / (self.permutations + 1) if self.permutations else 0.0
        fewest = max(1, ceil(int(tested.sum()) * floor / self.level - 1e-9))
        definition = self._definition(graph, tested, censored, fewest)
        return HotSpots(z, p, q, hot, cold, graph.islands, tested, self.level, fewest, definition)

    def _definition(self, graph: Neighbours, tested: Mask, censored: int, fewest: int) -> str:
        name, own = ("Gi*", "with") if self.star else ("Gi", "without")
        null = "all values" if self.star else "the values of all other samples"
        said = [
            f"Getis-Ord {name} (Ord & Getis 1995) of {graph.n} samples:",
            f"the sum over a sample's neighbours, {own} its own value; neighbours are {graph.rule}.",
            f"Null hypothesis: {null} are spread over the places at random.",
            self._source_of_p(fewest),
            f"False discovery rate {self.level:g} after Benjamini & Hochberg (1995).",
        ]
        if not tested.all():
            without = f"{int(graph.islands.sum())} of them without a neighbour"
            said.append(f"{int((~tested).sum())} samples were not tested, {without}.")
        if censored:
            said.append(CENSORED.format(censored))
        return " ".join([*said, "Hot means high for this study area, not above a legal limit."])

    def _source_of_p(self, fewest: int) -> str:
        if not self.permutations:
            return "Two-sided p from the normal distribution."
        drawn = f"B = {self.permutations} permutations (seed {self.seed}), ties counted on both sides"
        return f"Two-sided p = (b + 1)/(B + 1) from {drawn}; {_findable(fewest)} could have been found."


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    z: Vector
    p: Vector
    q: Vector
    tested: Mask


def _findable(fewest: int) -> str:
    return "a single spot" if fewest == 1 else f"no fewer than {fewest} spots"


def _why_not(graph: Neighbours, low: Vector, high: Vector) -> str:
    if graph.n < FEWEST:
        return f"no test possible: {graph.n} samples, at least {FEWEST} are needed"
    unbounded = int((~np.isfinite(low) | ~np.isfinite(high)).sum())
    if unbounded:
        return f"no test possible: {unbounded} values have no finite bound"
    if graph.islands.all():
        return f"no test possible: no sample has a neighbour ({graph.rule})"
    for bound, values in (("", low), ("upper bounds of the ", high)):
        if np.ptp(values) == 0:
            return f"no test possible: all {bound if (low != high).any() else ''}values are equal"
    return ""


def own_weights(graph: Neighbours) -> Vector:
    """The weight (n,) of each sample in its own Gi*: that of its heaviest neighbour, 1 where it has none."""
    heaviest = np.zeros(graph.n)
    np.maximum.at(heaviest, graph.rows, graph.weights)
    return np.where(graph.islands, 1.0, heaviest)


def standard_scores(graph: Neighbours, values: ArrayLike, *, star: bool) -> tuple[Vector, Mask]:
    """z (n,) of Gi or Gi* for any weights, and where (n,) it has a variance; z is 0 elsewhere.

    Ord & Getis (1995), equations 4 and 5 of their general form: the moments are those of drawing the neighbours'
    values without replacement, from the other samples for Gi and from all for Gi*.
    """
    given, n = read_only(values), graph.n
    x = given - given.mean()
    local: Vector = graph.matrix() @ x
    weight, squared = _row_sums(graph, graph.weights), _row_sums(graph, graph.weights**2)
    total = float(x @ x)
    if star:
        own = own_weights(graph)
        local, weight, squared = local + own * x, weight + own, squared + own**2
        pool, mean, spread = float(n), np.zeros(n), np.full(n, total / n)
    else:
        pool, mean = n - 1.0, -x / (n - 1.0)
        spread = (total - x**2) / (n - 1.0) - mean**2
    shape = (pool * squared - weight**2) / (pool - 1.0)
    defined = (shape > 1e-12 * squared * pool) & (spread > 1e-12 * total / n)
    variance = np.where(defined, shape * spread, 1.0)
    return np.where(defined, (local - weight * mean) / np.sqrt(variance), 0.0), defined


def _row_sums(graph: Neighbours, values: Vector) -> Vector:
    return np.bincount(graph.rows, values, graph.n).astype(np.float64)


def _normal_p(z: Vector) -> Vector:
    return np.asarray(erfc(np.abs(z) / np.sqrt(2.0)), dtype=np.float64)


def false_discovery(p: ArrayLike) -> Vector:
    """Adjusted p-values (n,) of Benjamini & Hochberg (1995): those up to x have an expected share x of false ones."""
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values)[::-1]
    scaled = values[order] * len(values) / np.arange(len(values), 0, -1)
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum.accumulate(np.minimum(scaled, 1.0))
    return adjusted
