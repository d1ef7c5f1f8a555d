"""What kriging systems promise and hand out, and how their matrices are factorised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Vector
from mapping.support import Block

RIDGES = (0.0, 1e-10, 1e-8, 1e-6)
SMALLEST_PIVOT = 1e-11
"""Relative to the sill: a data point that the others explain this well makes the system singular."""
SINGULAR = "the covariance matrix of the data is not positive definite: this covariance cannot be used at these places"


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """At b places for m sets of data: mean (b, m), variance (b,) and Lagrange multiplier (b,)."""

    mean: Vector
    variance: Vector
    lagrange: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Conditionals:
    """Each of c data given others: weights (c, k) and indices (c, k) of those, and variance (c,).

    Without `others` the weights (c, n) are for all data in order, zero for the datum itself.
    """

    others: NDArray[np.int64] | None
    weights: Vector
    variance: Vector

    def mean(self, data: Vector) -> Vector:
        """The conditional means (c, m) under data (n, m)."""
        if self.others is None:
            return self.weights @ data
        columns = [(self.weights * column[self.others]).sum(axis=1) for column in data.T]
        return np.column_stack(columns)

    def mean_of(self, row: int, data: Vector) -> Vector:
        """The conditional means (m,) of one of the c data."""
        mean: Vector = self.weights[row] @ (data if self.others is None else data[self.others[row]])
        return mean


class LeftOut(Protocol):
    """Data predicted from the others."""

    @property
    def variance(self) -> Vector:
        """Predictive variances (c,)."""
        ...

    def mean(self, data: Vector) -> Vector:
        """Predictions (c, m) from data (n, m)."""
        ...


class System(Protocol):
    """Equations set up for given places and covariance; the data enter only as a matrix (n, m)."""

    ridge: float

    def dual(self, data: Vector) -> Vector:
        """What has to be known of data (n, m) to predict from them anywhere."""
        ...

    def krige(self, places: Vector, dual: Vector, block: Block | None = None) -> Estimates:
        """Predictions at places (b, 2 + k), or for blocks around them; the same place has the same in any company."""
        ...

    def conditionals(self, index: NDArray[np.int64]) -> LeftOut:
        """Each of the data given by `index` (c,) predicted from the others."""
        ...


class SingleSystem(System, Protocol):
    """A system of one covariance, whose conditionals are known weight by weight."""

    def conditionals(self, index: NDArray[np.int64]) -> Conditionals:
        """Each of the data given by `index` (c,) predicted from the others."""
        ...


def stable_factor(matrices: Vector, sill: float) -> tuple[Vector, float]:
    """Lower Cholesky factor(s) (..., n, n), with the least ridge that makes them safe to solve with."""
    diagonal = np.arange(matrices.shape[-1])
    for relative in RIDGES:
        ridge = relative * sill
        try:
            factor = np.linalg.cholesky(matrices + ridge * np.eye(len(diagonal)) if ridge else matrices)
        except np.linalg.LinAlgError:
            continue
        if factor[..., diagonal, diagonal].min() ** 2 > SMALLEST_PIVOT * sill:
            return np.asarray(factor, dtype=np.float64), ridge
    raise ValueError(SINGULAR)


def parts_of(places: Vector, size: int) -> Iterator[Vector]:
    """Parts of exactly `size` places: the last is filled up with its own last place."""
    for start in range(0, len(places), size):
        block = places[start : start + size]
        yield np.concatenate([block, np.repeat(block[-1:], size - len(block), axis=0)])


def joined(parts: list[Estimates], n: int) -> Estimates:
    """The first n of the estimates of several parts."""
    if not parts:
        raise ValueError("no places to predict at")
    return Estimates(
        np.concatenate([part.mean for part in parts])[:n],
        np.concatenate([part.variance for part in parts])[:n],
        np.concatenate([part.lagrange for part in parts])[:n],
    )
