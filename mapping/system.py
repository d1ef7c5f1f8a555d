"""The kriging system: one set of equations, whose constraints say which kind of kriging it is.

Notation: C covariance of the data (measurement errors on its diagonal), c their covariance with a place,
F and f the trend functions at the data and at the place (none: simple kriging; a one: ordinary kriging).
The weights are λ = C⁻¹(c + F t) with t = (FᵀC⁻¹F)⁻¹(f − FᵀC⁻¹c), the variance is C(0) − cᵀC⁻¹c + (f − FᵀC⁻¹c)ᵀt,
and fᵀt is the Lagrange multiplier with gstat's sign: semivariances γ satisfy Γλ + F t = γ (Cressie 1993, 3.4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dtrsm

from mapping.arrays import Points, Vector
from mapping.covariance import Covariance
from mapping.search import Search

Trend = Callable[[Points], Vector]

GLOBAL_BLOCK = 512
LOCAL_BLOCK = 256
RIDGES = (0.0, 1e-10, 1e-8, 1e-6)
SMALLEST_PIVOT = 1e-11
"""Relative to the sill: a data point that the others explain this well makes the system singular."""


def _no_trend(xy: Points) -> Vector:
    return np.empty((*xy.shape[:-1], 0))


def _unknown_mean(xy: Points) -> Vector:
    return np.ones((*xy.shape[:-1], 1))


TRENDS: dict[str, Trend] = {"simple": _no_trend, "ordinary": _unknown_mean}
"""What each kind of kriging does not know beforehand: trend functions of places (..., 2) to (..., p)."""


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


class System(Protocol):
    """Equations set up for given places and covariance; the data enter only as a matrix (n, m)."""

    ridge: float

    def dual(self, data: Vector) -> Vector:
        """What has to be known of data (n, m) to predict from them anywhere."""
        ...

    def krige(self, xy: Points, dual: Vector) -> Estimates:
        """Predictions at places (b, 2); the same place has the same value in any company."""
        ...

    def conditionals(self, index: NDArray[np.int64]) -> Conditionals:
        """Each of the data given by `index` (c,) predicted from the others."""
        ...


class GlobalSystem:
    """All data in one system, factorised once by Cholesky."""

    def __init__(self, xy: Points, covariance: Covariance, error: Vector, trend: Trend) -> None:
        self.xy, self.covariance, self.trend = xy, covariance, trend
        matrix = covariance.between(xy, xy)
        matrix[np.diag_indices(len(xy))] += error
        factor, self.ridge = stable_factor(matrix, covariance.sill)
        self._factor = np.asfortranarray(factor)
        self._white_trend = self._whitened(trend(xy))
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

    def krige(self, xy: Points, dual: Vector) -> Estimates:
        """Blocks of a fixed shape, so that a value does not depend on how many are asked for."""
        return _joined([self._krige_block(block, dual)[0] for block in _blocks(xy, GLOBAL_BLOCK)], len(xy))

    def joint(self, xy: Points, dual: Vector) -> tuple[Vector, Vector]:
        """Mean (b, m) and the full predictive covariance (b, b) at places (b, 2)."""
        estimates, white, multiplier = self._krige_block(xy, dual)
        remainder = self.trend(xy) - white.T @ self._white_trend
        spread = self.covariance.between(xy, xy) - white.T @ white + remainder @ multiplier.T
        return estimates.mean, spread

    def _krige_block(self, xy: Points, dual: Vector) -> tuple[Estimates, Vector, Vector]:
        to_data = self.covariance.between(xy, self.xy)
        basis = self.trend(xy)
        mean = np.hstack([to_data, basis]) @ dual
        white = self._whitened(to_data.T)
        remainder = basis - white.T @ self._white_trend
        multiplier = remainder @ self._trend_covariance
        variance = self.covariance.sill - (white * white).sum(axis=0) + (remainder * multiplier).sum(axis=1)
        estimates = Estimates(mean, np.maximum(variance, 0.0), (basis * multiplier).sum(axis=1))
        return estimates, white, multiplier

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


class LocalSystem:
    """The k nearest data of each place in a small system of its own."""

    def __init__(self, xy: Points, covariance: Covariance, error: Vector, trend: Trend, neighbours: int) -> None:
        self.xy, self.covariance, self.error, self.trend = xy, covariance, error, trend
        self._search = Search(xy)
        self._k = min(neighbours, len(xy))
        self.ridge = 0.0
        self.ridge = self._needed_ridge()

    def dual(self, data: Vector) -> Vector:
        """The data themselves."""
        return data

    def krige(self, xy: Points, dual: Vector) -> Estimates:
        """Many small systems at a time."""
        return _joined([self._krige_block(block, dual) for block in _blocks(xy, LOCAL_BLOCK)], len(xy))

    def conditionals(self, index: NDArray[np.int64]) -> Conditionals:
        """Each datum from its k nearest others; the variance includes its own measurement error."""
        others = np.concatenate([self._others(part) for part in np.array_split(index, len(index) // 4096 + 1)])
        solved = [
            self._solve(self.xy[index[start : start + LOCAL_BLOCK]], others[start : start + LOCAL_BLOCK])
            for start in range(0, len(index), LOCAL_BLOCK)
        ]
        weights, variance = (np.concatenate([each[i] for each in solved]) for i in (0, 1))
        return Conditionals(others, weights, variance + self.error[index] + self.ridge)

    def _others(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        _, found = self._search.nearest(self.xy[index], self._k + 1)
        keep = found != index[:, None]
        keep[keep.all(axis=1), -1] = False
        others: NDArray[np.int64] = found[keep].reshape(len(index), -1)
        return others

    def _krige_block(self, xy: Points, data: Vector) -> Estimates:
        _, near = self._search.nearest(xy, self._k)
        weights, variance, lagrange = self._solve(xy, near)
        mean = (weights[:, None, :] @ data[near])[:, 0, :]
        return Estimates(mean, variance, lagrange)

    def _solve(self, xy: Points, near: NDArray[np.int64]) -> tuple[Vector, Vector, Vector]:
        places, target = self.xy[near], xy[:, None, :]
        to_data = self.covariance.between(places, target)
        basis, drift = self.trend(target), self.trend(places)
        solved = np.linalg.solve(self._matrices(near), np.concatenate([to_data, drift], axis=2))
        explained, dragged = solved[:, :, :1], solved[:, :, 1:]
        remainder = basis.swapaxes(1, 2) - drift.swapaxes(1, 2) @ explained
        multiplier = np.linalg.solve(drift.swapaxes(1, 2) @ dragged, remainder)
        weights = (explained + dragged @ multiplier)[:, :, 0]
        variance = self.covariance.sill - (to_data * explained).sum(axis=(1, 2))
        variance += (remainder * multiplier).sum(axis=(1, 2))
        return weights, np.maximum(variance, 0.0), (basis @ multiplier)[:, 0, 0]

    def _matrices(self, near: NDArray[np.int64]) -> Vector:
        places = self.xy[near]
        matrices = self.covariance.between(places, places)
        diagonal = np.arange(near.shape[1])
        matrices[:, diagonal, diagonal] += self.error[near] + self.ridge
        return matrices

    def _needed_ridge(self) -> float:
        """The largest ridge that any neighbourhood of a datum needs: close data are in each other's."""
        needed = 0.0
        for start in range(0, len(self.xy), LOCAL_BLOCK):
            _, near = self._search.nearest(self.xy[start : start + LOCAL_BLOCK], self._k)
            needed = max(needed, stable_factor(self._matrices(near), self.covariance.sill)[1])
        return needed


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
    raise ValueError(
        "the covariance matrix of the data is not positive definite: this covariance cannot be used at these places"
    )


def _blocks(xy: Points, size: int) -> Iterator[Points]:
    """Blocks of exactly `size` places: the last is filled up with its own last place."""
    for start in range(0, len(xy), size):
        block = xy[start : start + size]
        yield np.concatenate([block, np.repeat(block[-1:], size - len(block), axis=0)])


def _joined(parts: list[Estimates], n: int) -> Estimates:
    if not parts:
        raise ValueError("no places to predict at")
    return Estimates(
        np.concatenate([part.mean for part in parts])[:n],
        np.concatenate([part.variance for part in parts])[:n],
        np.concatenate([part.lagrange for part in parts])[:n],
    )
