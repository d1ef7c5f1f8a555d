"""What a prediction is of: a point, or the mean over a block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mapping.arrays import Points, Vector
from mapping.covariance import Covariance, Nugget, Sum
from mapping.trend import Trend

NODES, WEIGHTS = np.polynomial.legendre.leggauss(4)


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle around a place, `width` metres from west to east and `height` from south to north.

    Averages over it are Gauss-Legendre sums over four by four points, as in gstat (Carr & Palmer 1993, Mathematical
    Geology 25). What is averaged is the field on the model's scale, and the nugget averages out: without a transform
    that is the mean of the block, but the mean of logarithms is no logarithm of a mean. Block means in the original
    unit of a transformed field come from simulation (`Simulation.averaged`).
    """

    width: float
    height: float

    def __post_init__(self) -> None:
        sides = np.array([self.width, self.height])
        if not (np.isfinite(sides).all() and (sides > 0.0).all()):
            raise ValueError(f"a block needs sides above zero metres, got {self.width} by {self.height}")

    @property
    def offsets(self) -> Points:
        """The 16 points (16, 2) relative to the centre."""
        east, north = np.meshgrid(NODES * self.width / 2.0, NODES * self.height / 2.0)
        return np.column_stack([east.ravel(), north.ravel()])

    @property
    def weights(self) -> Vector:
        """What each of them counts (16,), one in all."""
        return np.outer(WEIGHTS, WEIGHTS).ravel() / 4.0


def covariance_to(covariance: Covariance, xy: Points, data: Points, block: Block | None) -> Vector:
    """Covariances (..., b, n) of places (..., b, 2), or of the blocks around them, with data (..., n, 2)."""
    if block is None:
        return covariance.between(xy, data)
    smooth, total = continuous(covariance), np.zeros((*xy.shape[:-1], data.shape[-2]))
    for offset, weight in zip(block.offsets, block.weights, strict=True):
        total += weight * smooth.between(xy + offset, data)
    return total


def own_variance(covariance: Covariance, block: Block | None) -> float:
    """The variance of the field at a point, or of its mean over a block."""
    if block is None:
        return covariance.sill
    within = continuous(covariance).between(block.offsets, block.offsets)
    return float(block.weights @ within @ block.weights)


def trend_at(trend: Trend, places: Vector, block: Block | None) -> Vector:
    """The trend functions (..., p) at places (..., 2 + k), or their means over blocks with these covariates."""
    if block is None or not trend.powers[:, :2].any():
        return trend(places)
    total = np.zeros((*places.shape[:-1], trend.p))
    for offset, weight in zip(block.offsets, block.weights, strict=True):
        moved = places.copy()
        moved[..., :2] += offset
        total += weight * trend(moved)
    return total


def continuous(covariance: Covariance) -> Covariance:
    """The covariance without its nugget."""
    return Sum((Nugget(0.0), *covariance.structured))
