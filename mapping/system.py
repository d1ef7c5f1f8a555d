"""The kriging system: one set of equations, whose constraints say which kind of kriging it is.

Notation as in `mapping.equations`: C has the measurement errors on its diagonal, and of trend functions there are none
in simple kriging and a one in ordinary kriging.
Places are rows of easting, northing and the covariates that the trend functions ask for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Points, Vector
from mapping.compiled import compiled, covariances
from mapping.covariance import Covariance
from mapping.equations import Equations
from mapping.estimates import (
    Conditionals,
    Estimates,
    LeftOut,
    SingleSystem,
    System,
    joined,
    parts_of,
    stable_factor,
)
from mapping.support import Block, covariance_to, own_variance, trend_at
from mapping.trend import Trend
from mapping.triangle import Triangle
from mapping.workers import in_parallel

__all__ = [
    "Conditionals",
    "Ensemble",
    "Estimates",
    "GlobalSystem",
    "SingleSystem",
    "System",
    "stable_factor",
]

GLOBAL_PART = 512


class GlobalSystem:
    """All data in one system, factorised once by Cholesky."""

    def __init__(self, places: Vector, covariance: Covariance, error: Vector, trend: Trend) -> None:
        self.xy, self.covariance, self.trend = np.ascontiguousarray(places[:, :2]), covariance, trend
        self._compiled = compiled(covariance)
        matrix = self._to_data(self.xy, None)
        matrix[np.diag_indices(len(places))] += error
        factor, self.ridge = stable_factor(matrix, covariance.sill)
        self.equations = Equations(factor, trend(places))
        self._triangle = Triangle(self.equations.factor)

    def dual(self, data: Vector) -> Vector:
        """C⁻¹(z − Fβ) above β (n + p, m), with β by generalised least squares."""
        return self.equations.dual(data)

    def krige(self, places: Vector, dual: Vector, block: Block | None = None) -> Estimates:
        """In parts of a fixed shape, so that a value does not depend on how many are asked for."""
        parts = parts_of(places, GLOBAL_PART)
        return joined(list(in_parallel(lambda part: self.krige_exactly(part, dual, block), parts)), len(places))

    def joint(self, places: Vector, dual: Vector) -> tuple[Vector, Vector]:
        """Mean (b, m) and the full predictive covariance (b, b) at places (b, 2 + k)."""
        xy, basis = places[:, :2], self.trend(places)
        to_data = self._to_data(xy, None)
        return self._mean(to_data, basis, dual), self.equations.joint(to_data.T, basis, self.covariance.between(xy, xy))

    def krige_exactly(self, places: Vector, dual: Vector, block: Block | None = None) -> Estimates:
        """As `krige`, but all at once: the last bits depend on the number of places."""
        to_data = self._to_data(places[:, :2], block)
        basis = trend_at(self.trend, places, block)
        mean = self._mean(to_data, basis, dual)
        white = self._triangle.solve(to_data)
        return Estimates(mean, *self.equations.spread_of(white, basis, own_variance(self.covariance, block)))

    def to_data(self, xy: Points, data: NDArray[np.int64]) -> Vector:
        """Covariances (d, b) of some of the data with places (b, 2)."""
        return self._covered(xy, self.xy[data], None)

    def _mean(self, to_data: Vector, basis: Vector, dual: Vector) -> Vector:
        n = len(self.xy)
        mean: Vector = to_data.T @ dual[:n] + basis @ dual[n:]
        return mean

    def _to_data(self, xy: Points, block: Block | None) -> Vector:
        """Covariances (n, b) of the data with places (b, 2) or blocks around them."""
        return self._covered(xy, self.xy, block)

    def _covered(self, xy: Points, data: Points, block: Block | None) -> Vector:
        if self._compiled is not None and block is None:
            return covariances(self._compiled, data, xy)
        return np.ascontiguousarray(covariance_to(self.covariance, xy, data, block).T)

    def conditionals(self, index: NDArray[np.int64]) -> Conditionals:
        """By the inverse of the whole system, without leaving anything out in turn (Dubrule 1983)."""
        precision = self.equations.precision(index)
        own = precision[index, np.arange(len(index))]
        weights = np.ascontiguousarray(-(precision / own).T)
        weights[np.arange(len(index)), index] = 0.0
        return Conditionals(None, weights, 1.0 / own)


class Ensemble:
    """Several systems of equal weight, one for each covariance that the data allow.

    Column j of the data belongs to system j modulo their number. The variance is the mean of theirs: what they
    differ in shows between the columns of the means.
    """

    def __init__(self, systems: Sequence[SingleSystem]) -> None:
        self.systems = tuple(systems)
        self.ridge = max(system.ridge for system in systems)

    def dual(self, data: Vector) -> Vector:
        """The duals of the systems' own columns, side by side again."""
        return self._interleaved([system.dual(part) for system, part in self.parts(data)])

    def krige(self, places: Vector, dual: Vector, block: Block | None = None) -> Estimates:
        """By every system."""
        found = [system.krige(places, part, block) for system, part in self.parts(dual)]
        return Estimates(
            self._interleaved([each.mean for each in found]),
            np.mean([each.variance for each in found], axis=0),
            np.mean([each.lagrange for each in found], axis=0),
        )

    def conditionals(self, index: NDArray[np.int64]) -> LeftOut:
        """By every system."""
        return EnsembleConditionals(self, tuple(system.conditionals(index) for system in self.systems))

    def mean_of(self, given: Sequence[Conditionals], data: Vector) -> Vector:
        """Conditional means (c, m), each system's from its own columns."""
        columns = range(len(self.systems))
        return self._interleaved([given[k].mean(data[:, k :: len(self.systems)]) for k in columns])

    def parts(self, data: Vector) -> list[tuple[SingleSystem, Vector]]:
        """Each system with its own columns of the data, or of their dual."""
        count = len(self.systems)
        return [(system, np.ascontiguousarray(data[:, k::count])) for k, system in enumerate(self.systems)]

    def _interleaved(self, parts: Sequence[Vector]) -> Vector:
        return np.stack(parts, axis=2).reshape(len(parts[0]), -1)


@dataclass(frozen=True, slots=True, eq=False)
class EnsembleConditionals:
    """Data left out under every covariance of an ensemble."""

    ensemble: Ensemble
    given: tuple[Conditionals, ...]

    @property
    def variance(self) -> Vector:
        """The mean (c,) of the systems' variances."""
        mean: Vector = np.mean([each.variance for each in self.given], axis=0)
        return mean

    def mean(self, data: Vector) -> Vector:
        """Conditional means (c, m), each column under its own system."""
        return self.ensemble.mean_of(self.given, data)
