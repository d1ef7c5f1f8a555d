"""The distribution of values of which some are known by bounds only: three estimators, one registry.

Kaplan-Meier and its generalisation to intervals assume nothing, regression on order statistics (robust: measured values
stay as they are) and maximum likelihood assume a lognormal shape for what is not seen (Helsel 2012, Statistics for
Censored Environmental Data, chapter 6).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_ndtr, ndtri

from mapping.arrays import Vector

FEWEST_MEASURED = 3
ROUNDS, SETTLED = 5_000, 1e-9
SAME = 1e-9
"""Probabilities this near are one: they were summed."""


class Estimated(Protocol):
    """An estimated distribution."""

    @property
    def mean(self) -> float:
        """Its mean."""
        ...

    @property
    def sd(self) -> float:
        """Its standard deviation."""
        ...

    def quantile(self, p: float) -> float:
        """The value below which the share p lies; NaN where only a bound of it is known."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Rising values (k,) with masses (k,) that sum to one less `below`, the mass under all of them.

    What `below` stands for lies between zero and `limit`; the mean takes it at `floor`, as is usual (Efron 1967).
    """

    values: Vector
    mass: Vector
    n: int
    below: float = 0.0
    floor: float = 0.0
    limit: float = 0.0

    @property
    def mean(self) -> float:
        """With the mass under all values at the lowest limit."""
        return float(self.values @ self.mass + self.below * self.floor)

    @property
    def mean_bounds(self) -> tuple[float, float]:
        """With that mass at zero and at the highest limit that it may reach."""
        known = float(self.values @ self.mass)
        return known, known + self.below * self.limit

    @property
    def sd(self) -> float:
        """As of a sample of n."""
        spread = self.mass @ (self.values - self.mean) ** 2 + self.below * (self.floor - self.mean) ** 2
        return float(np.sqrt(spread * self.n / max(self.n - 1, 1)))

    def quantile(self, p: float) -> float:
        """The first value that the share p does not pass, the middle of two where it is reached exactly."""
        reached = self.below + np.cumsum(self.mass)
        place = int(np.searchsorted(reached, p - SAME))
        if p <= self.below - SAME or (place == 0 and p <= self.below + SAME):
            return float("nan")
        at = min(place, len(self.values) - 1)
        if abs(reached[at] - p) <= SAME and at + 1 < len(self.values):
            return float((self.values[at] + self.values[at + 1]) / 2.0)
        return float(self.values[at])


@dataclass(frozen=True, slots=True, eq=False)
class Completed:
    """Values (n,), those that were not measured from a fitted line."""

    values: Vector

    @property
    def mean(self) -> float:
        """Of all values."""
        return float(self.values.mean())

    @property
    def sd(self) -> float:
        """Of all values."""
        return float(self.values.std(ddof=1)) if len(self.values) > 1 else 0.0

    def quantile(self, p: float) -> float:
        """Of all values, between two in proportion."""
        return float(np.quantile(self.values, p))


@dataclass(frozen=True, slots=True, eq=False)
class Lognormal:
    """Mean and standard deviation of the logarithms, and the covariance (2, 2) of their estimates."""

    mu: float
    sigma: float
    covariance: Vector

    @property
    def mean(self) -> float:
        """exp(μ + σ²/2)."""
        return float(np.exp(self.mu + self.sigma**2 / 2.0))

    @property
    def sd(self) -> float:
        """The mean times √(exp(σ²) − 1)."""
        return float(self.mean * np.sqrt(np.expm1(self.sigma**2)))

    def quantile(self, p: float) -> float:
        """exp(μ + z σ)."""
        return float(np.exp(self.mu + ndtri(p) * self.sigma))

    def mean_interval(self, level: float) -> tuple[float, float]:
        """By the delta method on logarithms, which is Cox's for measured values (Land 1972)."""
        return self._around(np.log(self.mean), np.array([1.0, self.sigma]), level)

    def quantile_interval(self, p: float, level: float) -> tuple[float, float]:
        """By the delta method on logarithms."""
        z = float(ndtri(p))
        return self._around(self.mu + z * self.sigma, np.array([1.0, z]), level)

    def _around(self, centre: float, slope: Vector, level: float) -> tuple[float, float]:
        variance = float(slope @ self.covariance @ slope)
        half = float(ndtri(0.5 + level / 2.0)) * max(variance, 0.0) ** 0.5
        return float(np.exp(centre - half)), float(np.exp(centre + half))


def kaplan_meier(lower: Vector, upper: Vector) -> Steps:
    """Reversed for values below limits (Kaplan & Meier 1958); Turnbull's where there are intervals above zero.

    A value measured at a limit lies above what is below that limit.
    """
    measured = lower == upper
    if (~measured & ((lower > 0.0) | np.isinf(upper))).any():
        return _turnbull(lower, upper)
    values, deaths = np.unique(upper[measured], return_counts=True)
    at_risk = np.searchsorted(np.sort(upper), values, side="right")
    staying = 1.0 - deaths / at_risk
    reached = np.append(np.cumprod(staying[::-1])[::-1], 1.0)
    low = upper[~measured & (upper <= values[0])]
    floor, limit = (float(low.min()), float(low.max())) if len(low) else (0.0, 0.0)
    return Steps(values, np.diff(reached), len(lower), float(reached[0]) if len(low) else 0.0, floor, limit)


def _turnbull(lower: Vector, upper: Vector) -> Steps:
    """The likeliest masses for intervals, by self-consistency (Turnbull 1976, JRSS B 38)."""
    bounds, count = np.unique(np.column_stack([lower, upper]), axis=0, return_counts=True)
    low, high = bounds.T
    support = _support(low, high)
    inside = _membership(support, low, high)
    mass = np.full(len(support), 1.0 / len(support))
    for _ in range(ROUNDS):
        share = inside * mass
        new = (count[:, None] * share / share.sum(axis=1, keepdims=True)).sum(axis=0) / count.sum()
        moved = float(np.abs(new - mass).max())
        mass = new
        if moved < SETTLED:
            break
    kept = mass > SAME
    return Steps(support[kept], mass[kept] / mass[kept].sum(), int(count.sum()))


def _membership(support: Vector, low: Vector, high: Vector) -> Vector:
    """1 where a value of the support may be one of an interval: from its lower end to below its upper, if any is."""
    within = (support >= low[:, None]) & (support <= high[:, None])
    proper = within & (support < high[:, None]) & ((support > low[:, None]) | np.isfinite(high)[:, None])
    proper = np.where((low == high)[:, None], within, proper)
    return np.where(proper.any(axis=1, keepdims=True), proper, within).astype(np.float64)


def _support(low: Vector, high: Vector) -> Vector:
    """Measured values, and the upper end (or the lower of an open one) of intervals that hold none of them."""
    measured = np.unique(high[low == high])
    first = np.searchsorted(measured, low, side="right")
    empty = (first >= len(measured)) | (measured[np.minimum(first, max(len(measured) - 1, 0))] > high)
    ends = np.where(np.isfinite(high), high, low)[empty & (low < high)]
    return np.unique(np.concatenate([measured, ends]))


def regression_on_order_statistics(lower: Vector, upper: Vector) -> Completed:
    """Robust ROS on logarithms, with plotting positions for several limits (Helsel & Cohn 1988, WRR 24)."""
    measured = lower == upper
    if (~measured & ((lower > 0.0) | np.isinf(upper))).any():
        raise ValueError("regression on order statistics knows values and what lies below a limit, no other intervals")
    if measured.all():
        return Completed(upper)
    position = plotting_positions(upper, ~measured)
    z, logs = ndtri(position[measured]), np.log(upper[measured])
    if len(np.unique(logs)) < 2:
        raise ValueError("regression on order statistics needs two different measured values")
    slope, intercept = np.polyfit(z, logs, 1)
    return Completed(np.where(measured, upper, np.exp(intercept + slope * ndtri(position))))


def plotting_positions(value: Vector, below: NDArray[np.bool_]) -> Vector:
    """Probabilities (n,) of values and of limits (where `below`), within each group by rank."""
    limits = np.unique(value[below])
    edges = np.concatenate([[-np.inf], limits, [np.inf]])
    exceed = np.zeros(len(edges))
    exceed[0] = 1.0
    for j in range(len(limits), 0, -1):
        inside = (~below & (value >= edges[j]) & (value < edges[j + 1])).sum()
        under = (~below & (value < edges[j])).sum() + (below & (value <= edges[j])).sum()
        exceed[j] = exceed[j + 1] + inside / (inside + under) * (1.0 - exceed[j + 1])
    position = np.empty(len(value))
    for j in range(len(edges) - 1):
        own = np.flatnonzero(~below & (value >= edges[j]) & (value < edges[j + 1]))
        position[own] = 1.0 - exceed[j] + _ranks(value[own]) * (exceed[j] - exceed[j + 1])
        at = np.flatnonzero(below & (value == edges[j]))
        position[at] = _ranks(value[at]) * (1.0 - exceed[j])
    return position


def _ranks(values: Vector) -> Vector:
    """Ranks over one more than their number (Weibull)."""
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(1, len(values) + 1)
    return ranks / (len(values) + 1)


def maximum_likelihood(lower: Vector, upper: Vector) -> Lognormal:
    """Lognormal, bounds counting by the probability between them; ValueError where nothing varies."""
    bounds, count = np.unique(np.column_stack([lower, upper]), axis=0, return_counts=True)
    with np.errstate(divide="ignore"):
        low, high = np.log(bounds[:, 0]), np.log(bounds[:, 1])
    point = low == high
    if not np.isfinite(low[point]).all():
        raise ValueError("a lognormal distribution has no values of zero")
    guess = np.repeat(np.where(np.isfinite(low), np.where(np.isfinite(high), (low + high) / 2.0, low), high), count)
    if np.ptp(guess) == 0.0:
        raise ValueError("all values are equal: a lognormal distribution cannot be fitted")

    def deviance(point_at: Vector) -> float:
        mu, sigma = point_at[0], np.exp(point_at[1])
        z_low, z_high = (low - mu) / sigma, (high - mu) / sigma
        density = -0.5 * z_high[point] ** 2 - point_at[1]
        return -float(count[point] @ density + count[~point] @ _log_between(z_low[~point], z_high[~point]))

    start = np.array([guess.mean(), np.log(guess.std())])
    found = minimize(deviance, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 2000})
    mu, sigma = float(found.x[0]), float(np.exp(found.x[1]))
    own = np.linalg.inv(_curvature(deviance, found.x))
    scale = np.diag([1.0, sigma])
    return Lognormal(mu, sigma, scale @ own @ scale)


def _log_between(low: Vector, high: Vector) -> Vector:
    """ln of the normal probability between low and high, from the side where it is exact."""
    mirrored = low > 0.0
    near, far = np.where(mirrored, -high, low), np.where(mirrored, -low, high)
    gap = np.minimum(log_ndtr(near) - log_ndtr(far), -1e-300)
    found: Vector = log_ndtr(far) + np.log(-np.expm1(gap))
    return np.maximum(found, -1e4)


def _curvature(function: Callable[[Vector], float], at: Vector) -> Vector:
    """Second derivatives (2, 2) by central differences."""
    step = 1e-4 * np.maximum(np.abs(at), 1.0)
    matrix = np.empty((2, 2))
    for i in range(2):
        for j in range(2):
            a, b = np.eye(2)[i] * step[i], np.eye(2)[j] * step[j]
            total = function(at + a + b) - function(at + a - b) - function(at - a + b) + function(at - a - b)
            matrix[i, j] = total / (4.0 * step[i] * step[j])
    return matrix


ESTIMATORS: dict[str, Callable[[Vector, Vector], Estimated]] = {
    "kaplan-meier": kaplan_meier,
    "ros": regression_on_order_statistics,
    "maximum-likelihood": maximum_likelihood,
}
