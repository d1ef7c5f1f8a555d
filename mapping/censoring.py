"""Values known only by bounds: drawn from their distribution given all the others (data augmentation).

Under the fitted covariance each censored value, given all other values, is a truncated normal variable whose
mean and variance come from the precision matrix of the kriging system. Visiting them in turn is the Gibbs
sampler of De Oliveira (2005, J. Comput. Graph. Stat. 14) and Fridley & Dixon (2007, Environmetrics 18). Several
independent chains give several completed data sets; a map averages over them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import log_ndtr, ndtri_exp

from mapping.arrays import Vector
from mapping.covariance import Covariance
from mapping.likelihood import CovarianceSearch, Family, LikelihoodFit, families
from mapping.sites import Sites
from mapping.system import SingleSystem

SystemOf = Callable[[Covariance], SingleSystem]

DRAWS = 20
"""Completed data sets: the error of a map's mean from their number is 0.22 of their spread, small beside σ."""

FIRST_SWEEPS, EM_STEPS, EM_SWEEPS, EM_CHOICE = 20, 30, 5, 8
"""The structure is chosen by the likelihood during the first nine steps, then kept."""
CLIMB_STEPS = 4
INFORMATION_ROUNDS = 8


def substituted(sites: Sites) -> Vector:
    """A first guess (n, 1): measured values, midpoints of intervals, half a spread inside an open bound."""
    measured = sites.high[~sites.censored]
    spread = float(measured.std()) or 1.0
    low = np.where(np.isfinite(sites.low), sites.low, sites.high - spread)
    high = np.where(np.isfinite(sites.high), sites.high, sites.low + spread)
    guess = np.where(np.isfinite(low) & np.isfinite(high), (low + high) / 2.0, measured.mean())
    return np.where(sites.censored, guess, sites.high)[:, None]


def gibbs(
    sites: Sites, system: SingleSystem, mean: float, start: Vector, sweeps: int, rng: np.random.Generator
) -> Vector:
    """`sweeps` passes over the censored values, in DRAWS chains side by side; returns values (n, DRAWS)."""
    index = np.flatnonzero(sites.censored)
    given = system.conditionals(index)
    sd = np.sqrt(given.variance)
    values = np.array(np.broadcast_to(start - mean, (sites.n, DRAWS)), order="C")
    low, high = sites.low - mean, sites.high - mean
    for _ in range(sweeps):
        chance = rng.random((len(index), DRAWS))
        for row, site in enumerate(index):
            centre = given.mean_of(row, values)
            values[site] = truncated_normal(centre, sd[row], (low[site], high[site]), chance[row])
    return values + mean


class CensoredFit:
    """Monte Carlo EM for the likelihood of a covariance where some values are known by bounds only.

    In turn the censored values are drawn given the covariance, and the covariance is fitted to these draws (Wei &
    Tanner 1990, JASA 85; for geostatistics Ordoñez et al. 2018, Spatial Statistics 23). With the trend integrated
    out of both steps, this climbs the restricted likelihood of the bounds. The estimate is the mean of the later
    steps (Polyak & Juditsky 1992).
    """

    def __init__(self, sites: Sites, search: CovarianceSearch, system: SystemOf, mean: float, seed: int) -> None:
        self.sites, self.search, self.system, self.mean = sites, search, system, mean
        self.rng = np.random.default_rng(seed)

    def run(self, names: Sequence[str], start: Covariance, values: Vector) -> tuple[LikelihoodFit, Vector]:
        """The fit of the likeliest family, starting from a covariance and values (n, 1), and the values last drawn."""
        kinds = families(names)
        points = [self.search.start(family, start) for family in kinds]
        values = gibbs(self.sites, self.system(start), self.mean, values, FIRST_SWEEPS, self.rng)
        trail: list[Vector] = []
        for step in range(EM_STEPS):
            climbs = [
                self.search.climb(family, point, values - self.mean, CLIMB_STEPS)
                for family, point in zip(kinds, points, strict=True)
            ]
            points = [point for point, _ in climbs]
            best = int(np.argmax([value for _, value in climbs]))
            if step == EM_CHOICE:
                kinds, points, best = (kinds[best],), [points[best]], 0
            if step > EM_STEPS // 2:
                trail.append(points[0])
            values = self._drawn(kinds[best], points[best], values)
        return self._described(kinds[0], np.mean(trail, axis=0), values)

    def _drawn(self, family: Family, theta: Vector, values: Vector) -> Vector:
        return gibbs(self.sites, self.system(family.covariance(theta)), self.mean, values, EM_SWEEPS, self.rng)

    def _described(self, family: Family, theta: Vector, values: Vector) -> tuple[LikelihoodFit, Vector]:
        """Observed information: that of complete data less the variance of their scores (Louis 1982, JRSS B 44)."""
        rounds = []
        for _ in range(INFORMATION_ROUNDS):
            values = self._drawn(family, theta, values)
            rounds.append(self.search.likelihood.at(family, theta, values - self.mean))
        information = rounds[0].information - np.cov(np.concatenate([each.scores for each in rounds]).T)
        value = float(np.mean([each.value for each in rounds]))
        return self.search.described(family, theta, value, information), values


def truncated_normal(mean: Vector, sd: float, bounds: tuple[float, float], chance: Vector) -> Vector:
    """The quantile `chance` of normal variables with means (m,) cut to `bounds`, exact far in the tails."""
    if bounds[0] == -np.inf:
        return _below(mean, sd, bounds[1], chance)
    if bounds[1] == np.inf:
        return -_below(-mean, sd, -bounds[0], chance)
    low, high = (bounds[0] - mean) / sd, (bounds[1] - mean) / sd
    mirrored = low + high > 0.0
    near, far = np.where(mirrored, -high, low), np.where(mirrored, -low, high)
    below, above = log_ndtr(near), log_ndtr(far)
    with np.errstate(under="ignore"):
        drawn = ndtri_exp(above + np.log(chance + (1.0 - chance) * np.exp(below - above)))
    value: Vector = mean + sd * np.where(mirrored, -drawn, drawn)
    return np.clip(value, bounds[0], bounds[1])


def _below(mean: Vector, sd: float, bound: float, chance: Vector) -> Vector:
    drawn = ndtri_exp(log_ndtr((bound - mean) / sd) + np.log1p(-chance))
    value: Vector = np.minimum(mean + sd * drawn, bound)
    return value
