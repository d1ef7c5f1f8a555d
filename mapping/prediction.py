"""What a map says at a place: a distribution, not a number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from mapping.arrays import Vector
from mapping.support import Block
from mapping.transform import Identity, Transform


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Normal predictive distributions on the model's scale, arrays of one shape; NaN where there is none.

    `mean` μ and `variance` σ² describe the next *noisy* measurement at the place, as gstat does: the nugget is
    part of σ², measurement errors that the samples gave apart are not. `lagrange` m is the Lagrange multiplier of
    the kriging system with the sign for which Σλγ + m = σ²; it is zero in simple kriging. Where `block` is given, μ and
    σ² are of means over such blocks on the model's scale; after a transform these have no counterpart in the original
    unit, and asking for one is refused. ValueError for unequal shapes or a negative variance.
    """

    mean: Vector
    variance: Vector
    lagrange: Vector
    transform: Transform
    block: Block | None = None

    def __post_init__(self) -> None:
        shapes = {np.shape(self.mean), np.shape(self.variance), np.shape(self.lagrange)}
        if len(shapes) != 1:
            raise ValueError(f"mean, variance and lagrange need one shape, got {sorted(shapes)}")
        if (np.asarray(self.variance) < 0.0).any():
            raise ValueError("a predictive variance cannot be negative")

    @property
    def model_sd(self) -> Vector:
        """σ on the model's scale."""
        return np.sqrt(self.variance)

    def expected(self) -> Vector:
        """The unbiased expected value in the original unit.

        A kriged mean varies less than the field: by σ² − 2m, where the unknown trend costs 2m. The back
        transform is averaged over that variance. For logarithms this is exp(μ + σ²/2 − m) (Cressie 1993,
        section 3.2.2); for others it is a quadrature.
        """
        smoothed = self.variance - 2.0 * self.lagrange
        return self._scale().moments(self.mean, smoothed)[0]

    def median(self) -> Vector:
        """The value in the original unit that is exceeded with probability one half."""
        return self._scale().backward(self.mean)

    def quantile(self, p: ArrayLike) -> Vector:
        """The value in the original unit below which the truth lies with probability `p` in (0, 1)."""
        probability = np.asarray(p, dtype=np.float64)
        if not ((probability > 0.0) & (probability < 1.0)).all():
            raise ValueError(f"a quantile needs a probability between 0 and 1, got {probability}")
        return self._scale().backward(self.mean + ndtri(probability) * self.model_sd)

    def sd(self) -> Vector:
        """The standard deviation of the predictive distribution in the original unit."""
        return np.sqrt(self._scale().moments(self.mean, self.variance)[1])

    def exceedance(self, limit: ArrayLike) -> Vector:
        """The probability that the value exceeds `limit` (scalar or array, original unit)."""
        value = np.asarray(limit, dtype=np.float64)
        if np.isnan(value).any():
            raise ValueError("a limit must be a number, got NaN")
        distance = self.mean - self._scale().forward(value)
        with np.errstate(divide="ignore", invalid="ignore"):
            probability = ndtr(distance / self.model_sd)
        certain = np.where(distance > 0.0, 1.0, 0.0)
        known = np.where(self.variance > 0.0, probability, certain)
        return np.where(np.isnan(self.mean) | np.isnan(self.variance), np.nan, known)

    def _scale(self) -> Transform:
        if self.block is not None and not isinstance(self.transform, Identity):
            raise ValueError(
                f"the mean over a block on the {self.transform.name} scale has no counterpart in the original unit: "
                "simulate points and average them (Simulation.averaged)"
            )
        return self.transform
