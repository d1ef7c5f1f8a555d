"""Samples whose surroundings differ from what the spatial model of the whole survey lets expect.

Values of soil are alike near by everywhere, so that the null hypothesis of permutation tests, no spatial structure,
is false for every survey. Here the null hypothesis is the fitted model itself: at each site, the shift of the site and
its neighbours against all others is estimated by generalised least squares (Cook, Holschuh & Weisberg 1982, JRSS B
44, 370-376, for a single datum), for narrow and wide neighbourhoods. The clearest counts, and is held against the
clearest in fields simulated at the same sites.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, eye_array

from mapping.arrays import Vector
from mapping.discoveries import check_level, false_discovery
from mapping.hotspots import FEWEST, HotSpots, NotTestable
from mapping.kriging import FittedKriging
from mapping.neighbours import Neighbours
from mapping.trend import trend_of
from mapping.whitening import whitening

MOST_DRAWN = 4_000_000
MOST_FIELDS = 999
AT_ONCE = 4_096


@dataclass(frozen=True, slots=True, eq=False)
class Anomalies:
    """Hot and cold sites against the fitted model, and how they came about.

    `spots` are those of the n sites of the model. `shift` (n,) is the estimated difference of a site and its
    neighbours from what all others say about them, on the scale of the model, and `reach` (n,) how far these
    neighbours lie in metres. `p_any` is the share of simulated fields
    that differ from their model somewhere as much as the survey does in its most extreme place.
    """

    spots: HotSpots
    shift: Vector
    reach: Vector
    p_any: float
    fields: int
    seed: int


@dataclass(frozen=True, slots=True)
class LocalBackground:
    """The recipe: a false discovery rate `level` over the sites, and the `seed` of the simulated fields."""

    level: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        check_level(self.level)

    def test(self, fitted: FittedKriging, graphs: Sequence[Neighbours]) -> Anomalies | NotTestable:
        """Test each site of a fitted model with its neighbours in each of the graphs; ValueError for other sites.

        Where values are known by bounds only, each completed set of data is tested and the weakest answer counts.
        """
        n = fitted.sites.n
        for graph in graphs:
            if graph.n != n:
                raise ValueError(f"the model has {n} sites, the graph {graph.n}")
        if n < FEWEST:
            return NotTestable(f"no test possible: {n} samples, at least {FEWEST} are needed")
        if np.ptp(fitted.values) == 0:
            return NotTestable("no test possible: all values are equal")
        shifts = _Shifts.of(fitted, graphs)
        if not shifts.testable.any():
            return NotTestable("no test possible: every sample is a neighbour of every other")
        return self._result(fitted, graphs, shifts)

    def _fields(self, n: int) -> int:
        """As many as together make p fine enough for a single discovery."""
        return max(ceil(1.0 / self.level), min(MOST_FIELDS, MOST_DRAWN // n))

    def _result(self, fitted: FittedKriging, graphs: Sequence[Neighbours], shifts: _Shifts) -> Anomalies:
        simulated, greatest = shifts.simulated(self._fields(fitted.sites.n), self.seed)
        by_graph = np.array([_weakest(each) for each in shifts.scores(fitted.values - fitted.mean)])
        clearest = np.argmax(np.abs(by_graph), axis=0)
        z = np.take_along_axis(by_graph, clearest[None], axis=0)[0]
        tested, p, q = shifts.testable, np.ones(len(z)), np.ones(len(z))
        beyond = len(simulated) - np.searchsorted(simulated, np.abs(z[tested]) * (1 - 1e-12), side="left")
        p[tested] = (beyond + 1.0) / (len(simulated) + 1.0)
        q[tested] = false_discovery(p[tested])
        found, none = q <= self.level, np.zeros(len(z), dtype=np.bool_)
        told = self._definition(fitted, graphs, len(greatest), int((~tested).sum()))
        hot, cold = found & (z > 0), found & (z < 0)
        spots = HotSpots(z, p, q, hot, cold, none, none, np.zeros_like(none), tested, self.level, 1, told)
        p_any = float((greatest >= np.abs(z).max()).sum() + 1) / (len(greatest) + 1)
        shift = z * np.take_along_axis(shifts.error, clearest[None], axis=0)[0]
        reach = np.array([graph.band for graph in graphs])[clearest]
        return Anomalies(spots, shift, reach, p_any, len(greatest), self.seed)

    def _definition(self, fitted: FittedKriging, graphs: Sequence[Neighbours], fields: int, untested: int) -> str:
        groups = ", or ".join(graph.rule for graph in graphs)
        said = [
            f"Local background at {fitted.sites.n} sites: the shift of a site and its neighbours ({groups}),",
            "against what all others say about them, by generalised least squares",
            f"on the {fitted.recipe.transform.name} scale; the clearest counts.",
            f"Null hypothesis: one field with the variogram {fitted.covariance.describe()}.",
            f"Two-sided p from the clearest in {fields} fields simulated at the same sites (seed {self.seed}).",
            f"False discovery rate {self.level:g} after Benjamini & Hochberg (1995).",
            "The model was fitted to all samples, anomalous ones too, which makes the test a cautious one.",
        ]
        if untested:
            said.append(f"{untested} sites were not tested: all others are their neighbours.")
        if fitted.sites.censored.any():
            bounds = int(fitted.sites.censored.sum())
            said.append(f"{bounds} values are known as bounds only: the weakest of their completed data sets counts.")
        return " ".join([*said, "Hot means higher than the local background, not above a legal limit."])


def _weakest(scores: Vector) -> Vector:
    """Of scores (n, m) under m sets of data, the nearest to zero, and zero where their signs differ."""
    least = np.take_along_axis(scores, np.argmin(np.abs(scores), axis=1)[:, None], axis=1)[:, 0]
    agreed = (scores > 0).all(axis=1) | (scores < 0).all(axis=1)
    return np.where(agreed, least, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Shifts:
    """Estimates of the shifts of g groups for each of n sites, as linear functions of whitened data.

    Each of `groups` (n, n) says which sites are in the group of each, `white` (n, n) whitens data, `trend` (n, p) has
    orthonormal columns that span the whitened trend, `error` (g, n) is the standard error of the shift and zero where
    it cannot be told.
    """

    groups: tuple[csr_array, ...]
    white: csr_array
    trend: Vector
    error: Vector

    @classmethod
    def of(cls, fitted: FittedKriging, graphs: Sequence[Neighbours]) -> _Shifts:
        sites = fitted.sites
        white = whitening(sites.xy, fitted.covariance, sites.error)
        functions, _ = trend_of(fitted.recipe.kind, fitted.recipe.degree, sites.places)
        trend, _ = np.linalg.qr(white @ functions(sites.places))
        groups = tuple(_group(graph) for graph in graphs)
        error = [_errors(group, white, trend) for group in groups]
        return cls(groups, white, trend, np.array(error))

    @property
    def testable(self) -> NDArray[np.bool_]:
        """Where (n,) at least one shift can be told."""
        return np.asarray((self.error > 0).any(axis=0))

    def scores(self, data: Vector) -> Iterator[Vector]:
        """Standardised shifts (n, m) of each kind of group under data (n, m)."""
        yield from self._of_white(self.white @ data)

    def _of_white(self, white: Vector) -> Iterator[Vector]:
        free = self.white.T @ (white - self.trend @ (self.trend.T @ white))
        for group, error in zip(self.groups, self.error, strict=True):
            yield (group @ free) * error[:, None]

    def simulated(self, fields: int, seed: int) -> tuple[Vector, Vector]:
        """The clearest scores at all tested sites in simulated fields, sorted, and the greatest (fields,) of each.

        Whitened, a field of the model is so many independent normal numbers.
        """
        noise = np.random.default_rng(seed).standard_normal((self.error.shape[1], fields))
        clearest = np.zeros_like(noise)
        for scores in self._of_white(noise):
            np.maximum(clearest, np.abs(scores), out=clearest)
        drawn = clearest[self.testable]
        return np.sort(drawn, axis=None), drawn.max(axis=0)


def _group(graph: Neighbours) -> csr_array:
    """Each site and its neighbours, as ones; none where they are all sites."""
    ones = csr_array((np.ones(len(graph.indices)), graph.indices, graph.indptr), shape=(graph.n, graph.n))
    part = (graph.counts < graph.n - 1).astype(np.float64)
    return csr_array(diags_array(part) @ (ones + eye_array(graph.n)))


def _errors(groups: csr_array, white: csr_array, trend: Vector) -> Vector:
    """Standard errors (n,) of the shifts of groups, zero where they cannot be told."""
    information = _information(groups, white, trend)
    testable = information > 1e-9 * max(information.max(), 1e-300)
    return np.where(testable, 1.0 / np.sqrt(np.where(testable, information, 1.0)), 0.0)


def _information(groups: csr_array, white: csr_array, trend: Vector) -> Vector:
    """What the data say about the shift (n,) of each group: one over its variance."""
    parts = []
    for start in range(0, groups.shape[0], AT_ONCE):
        whitened = csr_array(groups[start : start + AT_ONCE] @ white.T)
        explained = whitened @ trend
        parts.append(np.asarray(whitened.power(2).sum(axis=1)).ravel() - (explained**2).sum(axis=1))
    return np.concatenate(parts)
