"""Hot and cold spots of samples: Getis-Ord Gi and Gi* and local Moran's I with a controlled share of false discoveries.

Ord & Getis (1995), Geographical Analysis 27, 286-306; Anselin (1995), Geographical Analysis 27, 93-115. A spot is
statistical: its values are high for this study area, which says nothing about any legal limit.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mapping.arrays import Vector, read_only
from mapping.discoveries import check_level, false_discovery, fewest_findable
from mapping.moments import Mask, normal_p, standard_scores
from mapping.neighbours import Graph
from mapping.permutation import permutation_p

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
    false discovery rate; `hot` and `cold` have q <= `level`, and so have the outliers of local Moran's I: `high_alone`
    is high among low values, `low_alone` low among high ones. `islands` have no neighbour; they and all others that
    are not `tested` have p = q = 1. `fewest_findable` is the smallest number of spots that the p-values are fine
    enough to find.
    """

    z: Vector
    p: Vector
    q: Vector
    hot: Mask
    cold: Mask
    high_alone: Mask
    low_alone: Mask
    islands: Mask
    tested: Mask
    level: float
    fewest_findable: int
    definition: str

    def __post_init__(self) -> None:
        arrays = (self.z, self.p, self.q, self.hot, self.cold, self.high_alone, self.low_alone)
        for array in (*arrays, self.islands, self.tested):
            array.setflags(write=False)


@dataclass(frozen=True, slots=True)
class LocalTest:
    """What the recipes share: a false discovery rate `level`, and p-values.

    They come from the normal distribution, or from that many random `permutations` with a `seed`.
    """

    level: float = 0.05
    permutations: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        check_level(self.level)
        if self.permutations < 0:
            raise ValueError(f"the number of permutations must not be negative, got {self.permutations}")

    @property
    @abstractmethod
    def name(self) -> str:
        """What the statistic is called."""

    @property
    @abstractmethod
    def words(self) -> str:
        """What the statistic is, and who says so."""

    @property
    def with_own(self) -> bool:
        """Whether the own value belongs to the sum and is permuted with the others."""
        return False

    def test(self, graph: Graph, lower: ArrayLike, upper: ArrayLike | None = None) -> HotSpots | NotTestable:
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

    def _run(self, graph: Graph, values: Vector) -> _Run:
        z, defined = standard_scores(graph, values, star=self.with_own)
        tested = defined & ~graph.islands
        own = graph.heaviest if self.with_own else None
        p = permutation_p(values, own, graph, self.permutations, self.seed) if self.permutations else normal_p(z)
        p = np.where(tested, p, 1.0)
        q = np.ones(graph.n)
        q[tested] = false_discovery(p[tested])
        found = q <= self.level
        return _Run(z, p, q, tested, found, values > values.mean())

    def _result(self, graph: Graph, runs: list[_Run], censored: int) -> HotSpots:
        weaker = np.argmax([run.p for run in runs], axis=0)[None]
        z, p = (np.take_along_axis(np.array([getattr(run, name) for run in runs]), weaker, 0)[0] for name in ("z", "p"))
        kinds = zip(*map(self._classes, runs), strict=True)
        hot, cold, high_alone, low_alone = (np.logical_and.reduce(each) for each in kinds)
        tested = np.logical_and.reduce([run.tested for run in runs])
        floor = 1.0 / (self.permutations + 1) if self.permutations else 0.0
        fewest = fewest_findable(int(tested.sum()), self.level, floor)
        definition = self._definition(graph, tested, censored, fewest)
        q = np.max([run.q for run in runs], axis=0)
        alone, level = (high_alone, low_alone), self.level
        return HotSpots(z, p, q, hot, cold, *alone, graph.islands, tested, level, fewest, definition)

    def _classes(self, run: _Run) -> tuple[Mask, Mask, Mask, Mask]:
        """Hot, cold, high alone and low alone."""
        none = np.zeros(len(run.z), dtype=np.bool_)
        return run.found & (run.z > 0), run.found & (run.z < 0), none, none

    def _definition(self, graph: Graph, tested: Mask, censored: int, fewest: int) -> str:
        null = "all values" if self.with_own else "the values of all other samples"
        said = [
            f"{self.name} of {graph.n} samples: {self.words}; neighbours are {graph.rule}.",
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


@dataclass(frozen=True, slots=True)
class GetisOrd(LocalTest):
    """The recipe of Gi* with the sample's own value (`star`) or Gi without.

    Gi keeps the value of the sample and permutes those of the others; Gi*, to which the own value belongs, permutes
    all: the null hypotheses whose moments Ord & Getis give, so that both kinds of p-value answer the same question.
    (Given its own value, Gi* is Gi.)
    """

    star: bool = True

    @property
    def with_own(self) -> bool:
        """Whether the own value belongs to the sum and is permuted with the others."""
        return self.star

    @property
    def name(self) -> str:
        """What the statistic is called."""
        return "Getis-Ord Gi*" if self.star else "Getis-Ord Gi"

    @property
    def words(self) -> str:
        """What the statistic is, and who says so."""
        own = "with" if self.star else "without"
        return f"the sum over a sample's neighbours, {own} its own value (Ord & Getis 1995)"


@dataclass(frozen=True, slots=True)
class LocalMoran(LocalTest):
    """The recipe of local Moran's I: the deviation of a sample from the mean times those of its neighbours.

    The value of the sample is kept and those of the others are permuted. Given its own value, I is Gi up to a factor,
    so that p is that of Gi, and z is too but for the sign: positive where a value is like its neighbours. Hot is high
    among high, cold low among low; what is unlike its neighbours is an outlier.
    """

    @property
    def name(self) -> str:
        """What the statistic is called."""
        return "Local Moran's I"

    @property
    def words(self) -> str:
        """What the statistic is, and who says so."""
        return (
            "the deviation of a value from the mean times the sum of its neighbours' (Anselin 1995); hot is high among "
            "high, cold low among low, others are outliers"
        )

    def _run(self, graph: Graph, values: Vector) -> _Run:
        run = LocalTest._run(self, graph, values)
        return _Run(np.where(run.high, run.z, -run.z), run.p, run.q, run.tested, run.found, run.high)

    def _classes(self, run: _Run) -> tuple[Mask, Mask, Mask, Mask]:
        like = run.z > 0
        masks = (run.high & like, ~run.high & like, run.high & ~like, ~run.high & ~like)
        hot, cold, high_alone, low_alone = (run.found & mask for mask in masks)
        return hot, cold, high_alone, low_alone


def local_moran(graph: Graph, values: ArrayLike) -> Vector:
    """I (n,) of each sample: its deviation times its neighbours', over the mean squared deviation (Anselin 1995)."""
    given = read_only(values)
    x = given - given.mean()
    return np.asarray(x * graph.lag(x) / max(float(x @ x) / len(x), np.finfo(float).tiny))


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    z: Vector
    p: Vector
    q: Vector
    tested: Mask
    found: Mask
    high: Mask


def _findable(fewest: int) -> str:
    return "a single spot" if fewest == 1 else f"no fewer than {fewest} spots"


def _why_not(graph: Graph, low: Vector, high: Vector) -> str:
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
