"""What pairs of measurements of the same thing say about the error of a measurement.

Two analyses of one sample differ by the error of the laboratory alone; two samples of one place also by how the soil
differs between them, which is part of the field and no error of the laboratory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from mapping.arrays import Vector

FEWEST_PAIRS = 5
FEWEST_FOR_A_CONSTANT = 20
"""With fewer pairs a constant part of the error cannot be told from a relative one."""
FARTHEST = 3.5
"""Pairs farther apart than this many standard deviations were mixed up, or one of them was spoilt."""
MEDIAN_OF_DIFFERENCES = float(np.sqrt(2.0) * ndtri(0.75))
"""Median absolute difference of two values with normal errors, in standard deviations of one of them."""


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """The standard deviation of one measurement, constant + relative * content (Thompson and Howarth 1976).

    `constant` is in the unit of the content; `pairs` were used, `excluded` lay too far apart to be pairs.
    """

    constant: float
    relative: float
    pairs: int
    excluded: int = 0

    def __post_init__(self) -> None:
        if not (np.isfinite([self.constant, self.relative]).all() and min(self.constant, self.relative) >= 0):
            raise ValueError(f"an error needs parts of zero or more, got {self.constant} and {self.relative}")

    def sd(self, content: ArrayLike) -> Vector:
        """Standard deviation at contents of shape (n,), same unit and shape."""
        return self.constant + self.relative * np.asarray(content, dtype=np.float64)


def fit_error_model(first: ArrayLike, second: ArrayLike) -> ErrorModel | None:
    """The error of one measurement from pairs of shape (n,), or None where fewer than five are above zero.

    The differences are normal with variance 2 sd(mean)^2; the two parts of the sd are those of greatest likelihood,
    which has no bias where groups of medians have (Stanley and Lawie 2007). With fewer than twenty pairs the error is
    relative. Pairs beyond 3.5 standard deviations by a median-based start are left out and counted.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(f"pairs need two arrays of one length, got the shapes {one.shape} and {other.shape}")
    usable = np.isfinite(one) & np.isfinite(other) & (one > 0) & (other > 0)
    mean, apart = (one + other)[usable] / 2, np.abs(one - other)[usable]
    if len(mean) < FEWEST_PAIRS:
        return None
    start = float(np.median(apart / mean)) / MEDIAN_OF_DIFFERENCES
    model = ErrorModel(0.0, start, len(mean))
    kept = np.ones(len(mean), np.bool_)
    for _ in range(2):
        kept = _near(mean, apart, model) if start > 0 else kept
        model = _most_likely(mean[kept], apart[kept])
    return ErrorModel(model.constant, model.relative, int(kept.sum()), int((~kept).sum()))


def sampling_sd(of_samples: ErrorModel, of_analyses: ErrorModel, content: ArrayLike) -> Vector:
    """The standard deviation between samples of one place, at contents of shape (n,), zero where none shows.

    Pairs of samples differ by sampling and by analysis, pairs of analyses by analysis alone, so that the variance of
    sampling is the difference of both (the components of variance of Ramsey 1998).
    """
    variance = of_samples.sd(content) ** 2 - of_analyses.sd(content) ** 2
    return np.asarray(np.sqrt(np.clip(variance, 0.0, None)))


def _near(mean: Vector, apart: Vector, model: ErrorModel) -> NDArray[np.bool_]:
    """Which pairs are no farther apart than pairs are; never more than a quarter is given up."""
    distance = apart / (np.sqrt(2.0) * np.maximum(model.sd(mean), np.finfo(np.float64).tiny))
    return np.asarray(distance <= max(FARTHEST, float(np.quantile(distance, 0.75))))


def _most_likely(mean: Vector, apart: Vector) -> ErrorModel:
    typical = float(np.median(mean))

    def shape(share: float) -> Vector:
        """The sd over its size at the typical content, where a share of it is constant."""
        return share + (1 - share) * mean / typical

    def size(share: float) -> float:
        return float(np.sqrt(np.mean((apart / shape(share)) ** 2) / 2))

    def cost(share: float) -> float:
        return float(np.log(shape(share)).mean() + np.log(size(share)))

    if len(mean) < FEWEST_FOR_A_CONSTANT or size(0.0) == 0.0:
        return ErrorModel(0.0, size(0.0) / typical, len(mean))
    from scipy.optimize import minimize_scalar  # noqa: PLC0415  20 MB that files without duplicates do without

    inside = float(minimize_scalar(cost, bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-4}).x)
    share = min((0.0, inside, 1.0), key=cost)
    return ErrorModel(share * size(share), (1 - share) * size(share) / typical, len(mean))
