"""From the result of one procedure to that of another, where both were measured on the same specimens.

Aqua regia dissolves a part of what a total digestion does, three to eleven times less of some elements: results are
carried over only when asked for, with the error that this adds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import Vector

FEWEST_PAIRS = 10


@dataclass(frozen=True, slots=True)
class Carried:
    """Results (n,) of another procedure: their bounds, the variance of their error, and which were extrapolated."""

    lower: Vector
    upper: Vector
    error_variance: Vector
    extrapolated: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TransferFunction:
    """log y = intercept + slope * (log x - centre), between contents above zero.

    `scatter` is the standard deviation of log y around it at a measured x, which holds the errors of both procedures
    and what differs between soils. `intercept_sd` and `slope_sd` are standard errors, independent of each other at the
    centre. It is known between the contents `lowest` and `highest`.
    """

    intercept: float
    slope: float
    centre: float
    scatter: float
    intercept_sd: float
    slope_sd: float
    lowest: float
    highest: float
    pairs: int

    def mean(self, content: ArrayLike) -> Vector:
        """The median of the other procedure's results at contents (n,) of this one, same unit."""
        logs = np.log(np.asarray(content, dtype=np.float64))
        return np.asarray(np.exp(self.intercept + self.slope * (logs - self.centre)))

    def sd_of_log(self, content: ArrayLike) -> Vector:
        """The standard deviation of the logarithm of one new result at contents (n,)."""
        far = np.log(np.asarray(content, dtype=np.float64)) - self.centre
        return np.sqrt(self.scatter**2 + self.intercept_sd**2 + (self.slope_sd * far) ** 2)

    def carry(self, lower: ArrayLike, upper: ArrayLike) -> Carried:
        """Results known by bounds (n,), carried over.

        Bounds are carried along the line as they are; a measured value gets the variance of a lognormal result around
        it. The errors of both procedures are part of the scatter, so that none is added twice.
        """
        low, high = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
        carried = self._bound(low), self._bound(high)
        measured = (low == high) & (high > 0)
        variance = np.zeros_like(high)
        variance[measured] = carried[1][measured] ** 2 * np.expm1(self.sd_of_log(high[measured]) ** 2)
        reach = np.where(np.isfinite(high), high, low)
        return Carried(*carried, variance, (reach < self.lowest) | (reach > self.highest))

    def to_dict(self) -> dict[str, Any]:
        """As JSON would hold it."""
        return asdict(self)

    def _bound(self, content: Vector) -> Vector:
        carried = content.copy()
        inside = np.isfinite(content) & (content > 0)
        carried[inside] = self.mean(content[inside])
        return carried


def fit_transfer(x: ArrayLike, y: ArrayLike, error_ratio: float = 1.0) -> TransferFunction:
    """The line through pairs (n,) of contents above zero on logarithms, both of which have errors (Deming 1943).

    `error_ratio` is the variance of the errors of log y over that of log x, one where both laboratories are alike; the
    line from y to x then is the same one, turned round. Standard errors by the jackknife (Linnet 1993). Pairs with a
    bound, or without a content, are left out. Raises ValueError for fewer than ten, or where x does not vary.
    """
    one, other = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    usable = np.isfinite(one) & np.isfinite(other) & (one > 0) & (other > 0)
    if usable.sum() < FEWEST_PAIRS:
        raise ValueError(f"a transfer function needs {FEWEST_PAIRS} specimens measured both ways, got {usable.sum()}")
    u, v = np.log(one[usable]), np.log(other[usable])
    if not (np.ptp(u) > 0 and np.ptp(v) > 0):
        raise ValueError("all specimens measured both ways hold the same, so that no line can be drawn")
    centre = float(u.mean())
    parts = np.array([np.ones_like(u), u - centre, v, (u - centre) ** 2, (u - centre) * v, v**2])
    whole = parts.sum(axis=1)
    intercept, slope = (float(number) for number in _deming(whole, error_ratio))
    left_out = _deming(whole[:, None] - parts, error_ratio)
    intercept_sd, slope_sd = (float(np.sqrt((len(u) - 1) * estimate.var())) for estimate in left_out)
    residual = v - intercept - slope * (u - centre)
    scatter = float(np.sqrt(residual @ residual / (len(u) - 2)))
    lowest, highest = float(one[usable].min()), float(one[usable].max())
    return TransferFunction(intercept, slope, centre, scatter, intercept_sd, slope_sd, lowest, highest, len(u))


def _deming(sums: Vector, error_ratio: float) -> tuple[Vector, Vector]:
    """Values at u = 0 and slopes, from the sums of 1, u, v, u², uv and v², shape (6,) or (6, k)."""
    count, u, v, uu, uv, vv = sums
    spread_u, spread_v, common = uu - u * u / count, vv - v * v / count, uv - u * v / count
    if np.any(common <= 0):
        raise ValueError("the two procedures do not rise together, so that one says nothing of the other")
    excess = spread_v - error_ratio * spread_u
    slope = (excess + np.sqrt(excess**2 + 4 * error_ratio * common**2)) / (2 * common)
    return (v - slope * u) / count, slope
