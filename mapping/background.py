"""Background from data: what is usual in the same medium by the same procedure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mapping.arrays import Vector
from mapping.estimators import kaplan_meier

STATISTICS = ("median", "median+2mad", "p75", "p90")
FEWEST = 20
TO_SD = 1.4826
"""From a median absolute deviation to the standard deviation of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Background:
    """A background value in mg/kg, which statistic of how many samples it is, and how many were bounds only."""

    value: float
    statistic: str
    samples: int
    censored: int

    def __str__(self) -> str:
        bounds = f", {self.censored} known by bounds only" if self.censored else ""
        return f"{self.statistic} of {self.samples} samples{bounds}"


def background_of(lower: ArrayLike, upper: ArrayLike, statistic: str = "median") -> Background:
    """The background from bounds (n,) in mg/kg.

    `median+2mad` is the usual upper limit of a background, on logarithms (Reimann, Filzmoser & Garrett 2005, Science of
    the Total Environment 346); what is below a limit counts as far below the median. ValueError for fewer than 20
    samples, or where the statistic lies below the detection limits.
    """
    low, high = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
    if statistic not in STATISTICS:
        raise ValueError(f"a background is one of {', '.join(STATISTICS)}, got {statistic!r}")
    if len(low) < FEWEST:
        raise ValueError(f"{len(low)} samples are too few for a background: at least {FEWEST} are needed")
    value = _statistic(low, high, statistic)
    if not (np.isfinite(value) and value > 0.0):
        raise ValueError(f"the {statistic} lies below the detection limits: it gives no background")
    return Background(value, statistic, len(low), int((low < high).sum()))


def _statistic(low: Vector, high: Vector, statistic: str) -> float:
    if not (low == high).any():
        return float("nan")
    known = kaplan_meier(low, high)
    if statistic != "median+2mad":
        return known.quantile({"median": 0.5}.get(statistic) or float(statistic[1:]) / 100.0)
    median = known.quantile(0.5)
    measured = (low == high) & (high > 0.0)
    with np.errstate(divide="ignore"):
        deviation = np.where(measured, np.abs(np.log(high) - np.log(median)), np.inf)
    spread = TO_SD * float(np.median(deviation))
    return float(median * np.exp(2.0 * spread))
