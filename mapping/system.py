"""The kriging system: one set of equations, whose constraints say which kind of kriging it is.

Notation: C covariance of the data (measurement errors on its diagonal), c their covariance with a place,
F and f the trend functions at the data and at the place (none: simple kriging; a one: ordinary kriging).
The weights are λ = C⁻¹(c + F t) with t = (FᵀC⁻¹F)⁻¹(f − FᵀC⁻¹c), the variance is C(0) − cᵀC⁻¹c + (f − FᵀC⁻¹c)ᵀt,
and fᵀt is the Lagrange multiplier with gstat's sign: semivariances γ satisfy Γλ + F t = γ (Cressie 1993, 3.4).
Places are rows of easting, northing and the covariates that the trend functions ask for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dtrsm

from mapping.arrays import Points, Vector
from mapping.compiled import compiled, covariances
from mapping.covariance import Covariance
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
        self._factor = np.asfortranarray(factor)
        self._triangle = Triangle(self._factor)
        self._white_trend = self._whitened(trend(places))
        self._trend_covariance = np.linalg.inv(self._white_trend.T @ self._white_trend)

    def dual(self, data: Vector) -> Vector:
        """C⁻¹(z − Fβ) above β (n + p, m), with β by generalised least squares."""
        white = self._whitened(data)
        beta = self._trend_covariance @ (self._white_trend.T @ white)
        alpha = dtrsm(1.0, self._factor, white - self._white_trend @ beta, lower=1, trans_a=1)
        return np.vstack([alpha, beta])

    def _whitened(self, columns: Vector) -> Vector:
        """L⁻¹ times columns (n, m): uncorrelated with variance one where the columns have covariance C = L Lᵀ."""
        if columns.shape[1] == 0:
            return columns
        return np.asarray(dtrsm(1.0, self._factor, columns, lower=1), dtype=np.float64)

    def krige(self, places: Vector, dual: Vector, block: Block | None = None) -> Estimates:
        """In parts of a fixed shape, so that a value does not depend on how many are asked for."""
        parts = parts_of(places, GLOBAL_PART)
        return joined(list(in_parallel(lambda part: self.krige_exactly(part, dual, block), parts)), len(places))

    def joint(self, places: Vector, dual: Vector) -> tuple[Vector, Vector]:
        """Mean (b, m) and the full predictive covariance (b, b) at places (b, 2 + k)."""
        to_data, basis = self._to_data(places[:, :2], None), self.trend(places)
        mean = to_data.T @ dual[: len(self.xy)] + basis @ dual[len(self.xy) :]
        white = self._whitened(to_data)
        remainder = basis - white.T @ self._white_trend
        xy = places[:, :2]
        spread = self.covariance.between(xy, xy) - white.T @ white + remainder @ self._trend_covariance @ remainder.T
        return mean, spread

    def krige_exactly(self, places: Vector, dual: Vector, block: Block | None = None) -> Estimates:
        """As `krige`, but all at once: the last bits depend on the number of places."""
        n = len(self.xy)
        to_data = self._to_data(places[:, :2], block)
        basis = trend_at(self.trend, places, block)
        mean = to_data.T @ dual[:n] + basis @ dual[n:]
        white = self._triangle.solve(to_data)
        own, explained = own_variance(self.covariance, block), np.einsum("ij,ij->j", white, white)
        return self.concluded(mean, basis - white.T @ self._white_trend, basis, own - explained)

    def concluded(self, mean: Vector, remainder: Vector, basis: Vector, simple: Vector) -> Estimates:
        """Estimates from f − FᵀC⁻¹c (b, p), f (b, p) and the variance of simple kriging (b,)."""
        multiplier = remainder @ self._trend_covariance
        variance = simple + (remainder * multiplier).sum(axis=1)
        return Estimates(mean, np.maximum(variance, 0.0), (basis * multiplier).sum(axis=1))

    def inverse(self) -> Vector:
        """C⁻¹ (n, n)."""
        root = self._whitened(np.eye(len(self.xy), order="F"))
        return np.ascontiguousarray(root.T @ root)

    def dragged(self) -> Vector:
        """C⁻¹F (n, p)."""
        if self.trend.p == 0:
            return np.empty((len(self.xy), 0))
        return np.asarray(dtrsm(1.0, self._factor, self._white_trend, lower=1, trans_a=1), dtype=np.float64)

    def to_data(self, xy: Points, data: NDArray[np.int64]) -> Vector:
        """Covariances (d, b) of some of the data with places (b, 2)."""
        return self._covered(xy, self.xy[data], None)

    def _to_data(self, xy: Points, block: Block | None) -> Vector:
        """Covariances (n, b) of the data with places (b, 2) or blocks around them."""
        return self._covered(xy, self.xy, block)

    def _covered(self, xy: Points, data: Points, block: Block | None) -> Vector:
        if self._compiled is not None and block is None:
            return covariances(self._compiled, data, xy)
        return np.ascontiguousarray(covariance_to(self.covariance, xy, data, block).T)

    def conditionals(self, index: NDArray[np.int64]) -> Conditionals:
        """By the inverse of the whole system, without leaving anything out in turn (Dubrule 1983)."""
        n = len(self.xy)
        root = self._whitened(np.eye(n, order="F"))
        projected = self._white_trend.T @ root[:, index]
        precision = root.T @ root[:, index] - (root.T @ self._white_trend) @ self._trend_covariance @ projected
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
