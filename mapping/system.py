"""The kriging system: one set of equations, whose constraints say which kind of kriging it is.

Notation: C covariance of the data (measurement errors on its diagonal), c their covariance with a place,
F and f the trend functions at the data and at the place (none: simple kriging; a one: ordinary kriging).
The weights are λ = C⁻¹(c + F t) with t = (FᵀC⁻¹F)⁻¹(f − FᵀC⁻¹c), the variance is C(0) − cᵀC⁻¹c + (f − FᵀC⁻¹c)ᵀt,
and fᵀt is the Lagrange multiplier with gstat's sign: semivariances γ satisfy Γλ + F t = γ (Cressie 1993, 3.4).
Places are rows of easting, northing and the covariates that the trend functions ask for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dtrsm

from mapping.arrays import Points, Vector
from mapping.covariance import Covariance
from mapping.lanes import Compiled, compiled, covariances, krige_near
from mapping.search import Search
from mapping.support import Block, covariance_to, own_variance, trend_at
from mapping.trend import Trend

GLOBAL_PART = 512
LOCAL_PART = 256
RIDGES = (0.0, 1e-10, 1e-8, 1e-6)
COMPILED_PART = 131_072
FLAT = 1e-9
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


class GlobalSystem:
    """All data in one system, factorised once by Cholesky."""

    def __init__(self, places: Vector, covariance: Covariance, error: Vector, trend: Trend) -> None:
        self.xy, self.covariance, self.trend = np.ascontiguousarray(places[:, :2]), covariance, trend
        self._compiled = compiled(covariance)
        matrix = self._to_data(self.xy, None)
        matrix[np.diag_indices(len(places))] += error
        factor, self.ridge = stable_factor(matrix, covariance.sill)
        self._factor = np.asfortranarray(factor)
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
        parts = _parts_of(places, GLOBAL_PART)
        return _joined([self._krige_part(part, dual, block)[0] for part in parts], len(places))

    def joint(self, places: Vector, dual: Vector) -> tuple[Vector, Vector]:
        """Mean (b, m) and the full predictive covariance (b, b) at places (b, 2 + k)."""
        estimates, white, multiplier = self._krige_part(places, dual, None)
        remainder = self.trend(places) - white.T @ self._white_trend
        xy = places[:, :2]
        spread = self.covariance.between(xy, xy) - white.T @ white + remainder @ multiplier.T
        return estimates.mean, spread

    def _krige_part(self, places: Vector, dual: Vector, block: Block | None) -> tuple[Estimates, Vector, Vector]:
        to_data = self._to_data(places[:, :2], block)
        basis = trend_at(self.trend, places, block)
        mean = np.hstack([to_data, basis]) @ dual
        white = self._whitened(to_data.T)
        remainder = basis - white.T @ self._white_trend
        multiplier = remainder @ self._trend_covariance
        variance = (
            own_variance(self.covariance, block) - (white * white).sum(axis=0) + (remainder * multiplier).sum(axis=1)
        )
        estimates = Estimates(mean, np.maximum(variance, 0.0), (basis * multiplier).sum(axis=1))
        return estimates, white, multiplier

    def _to_data(self, xy: Points, block: Block | None) -> Vector:
        if self._compiled is not None and block is None:
            return covariances(self._compiled, xy, self.xy)
        return covariance_to(self.covariance, xy, self.xy, block)

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

    def __init__(self, places: Vector, covariance: Covariance, error: Vector, trend: Trend, neighbours: int) -> None:
        self.places, self.covariance, self.error, self.trend = places, covariance, error, trend
        self.xy = np.ascontiguousarray(places[:, :2])
        self._search = Search(self.xy)
        self._k = min(neighbours, len(places))
        self._compiled = compiled(covariance)
        self._drift = trend(places)
        self.ridge = 0.0
        self.ridge = self._needed_ridge()

    def dual(self, data: Vector) -> Vector:
        """The data themselves."""
        return data

    def krige(self, places: Vector, dual: Vector, block: Block | None = None) -> Estimates:
        """Many small systems at a time."""
        if self._compiled is not None and block is None:
            parts = [places[start : start + COMPILED_PART] for start in range(0, len(places), COMPILED_PART)]
            return _joined([self._krige_compiled(self._compiled, part, dual)[0] for part in parts], len(places))
        filled = _parts_of(places, LOCAL_PART)
        return _joined([self._krige_part(part, dual, block) for part in filled], len(places))

    def conditionals(self, index: NDArray[np.int64]) -> Conditionals:
        """Each datum from its k nearest others; the variance includes its own measurement error."""
        others = np.concatenate([self._others(part) for part in np.array_split(index, len(index) // 4096 + 1)])
        solved = [
            self._solve(self.places[index[start : start + LOCAL_PART]], others[start : start + LOCAL_PART])
            for start in range(0, len(index), LOCAL_PART)
        ]
        weights, variance = (np.concatenate([each[i] for each in solved]) for i in (0, 1))
        return Conditionals(others, weights, variance + self.error[index] + self.ridge)

    def _others(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        _, found = self._search.nearest(self.xy[index], self._k + 1)
        keep = found != index[:, None]
        keep[keep.all(axis=1), -1] = False
        others: NDArray[np.int64] = found[keep].reshape(len(index), -1)
        return others

    def _krige_compiled(self, model: Compiled, places: Vector, values: Vector) -> tuple[Estimates, float]:
        """The estimates, and the least pivot of all systems relative to the sill."""
        near = self._search.nearest_index(places[:, :2], self._k)
        data = (self.xy, self._drift, self.error + self.ridge, values)
        targets = (np.ascontiguousarray(places[:, :2]), self.trend(places))
        mean, variance, lagrange, pivot = krige_near(model, near, data, targets)
        return Estimates(mean, variance, lagrange), pivot

    def _krige_part(self, places: Vector, data: Vector, block: Block | None) -> Estimates:
        _, near = self._search.nearest(places[:, :2], self._k)
        weights, variance, lagrange = self._solve(places, near, block)
        mean = (weights[:, None, :] @ data[near])[:, 0, :]
        return Estimates(mean, variance, lagrange)

    def _solve(
        self, places: Vector, near: NDArray[np.int64], block: Block | None = None
    ) -> tuple[Vector, Vector, Vector]:
        data, target = self.places[near], places[:, None, :]
        to_data = covariance_to(self.covariance, target[..., :2], data[..., :2], block).swapaxes(1, 2)
        basis, drift = trend_at(self.trend, target, block), self.trend(data)
        solved = np.linalg.solve(self._matrices(near), np.concatenate([to_data, drift], axis=2))
        explained, dragged = solved[:, :, :1], solved[:, :, 1:]
        remainder = basis.swapaxes(1, 2) - drift.swapaxes(1, 2) @ explained
        multiplier = _solved_trend(drift.swapaxes(1, 2) @ dragged, remainder)
        weights = (explained + dragged @ multiplier)[:, :, 0]
        variance = own_variance(self.covariance, block) - (to_data * explained).sum(axis=(1, 2))
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
        if self._compiled is not None:
            return self._compiled_ridge(self._compiled)
        needed = 0.0
        for start in range(0, len(self.xy), LOCAL_PART):
            _, near = self._search.nearest(self.xy[start : start + LOCAL_PART], self._k)
            needed = max(needed, stable_factor(self._matrices(near), self.covariance.sill)[1])
        return needed

    def _compiled_ridge(self, model: Compiled) -> float:
        ridges = [relative * self.covariance.sill for relative in RIDGES]
        for ridge in ridges:
            self.ridge = ridge
            none = np.empty((len(self.xy), 0))
            starts = range(0, len(self.xy), COMPILED_PART)
            pivots = [self._krige_compiled(model, self.places[s : s + COMPILED_PART], none)[1] for s in starts]
            if min(pivots) > SMALLEST_PIVOT:
                return ridge
        raise ValueError(SINGULAR)


def _solved_trend(gram: Vector, remainder: Vector) -> Vector:
    """gram⁻¹ remainder (b, p, 1); a direction that few near data leave open is taken to be flat."""
    if gram.shape[-1] <= 1:
        return np.asarray(np.linalg.solve(gram, remainder), dtype=np.float64)
    return np.asarray(np.linalg.pinv(gram, rcond=FLAT, hermitian=True) @ remainder, dtype=np.float64)


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
        return self._interleaved([system.dual(part) for system, part in self._parts(data)])

    def krige(self, places: Vector, dual: Vector, block: Block | None = None) -> Estimates:
        """By every system."""
        found = [system.krige(places, part, block) for system, part in self._parts(dual)]
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

    def _parts(self, data: Vector) -> list[tuple[SingleSystem, Vector]]:
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


def _parts_of(places: Vector, size: int) -> Iterator[Vector]:
    """Parts of exactly `size` places: the last is filled up with its own last place."""
    for start in range(0, len(places), size):
        block = places[start : start + size]
        yield np.concatenate([block, np.repeat(block[-1:], size - len(block), axis=0)])


def _joined(parts: list[Estimates], n: int) -> Estimates:
    if not parts:
        raise ValueError("no places to predict at")
    return Estimates(
        np.concatenate([part.mean for part in parts])[:n],
        np.concatenate([part.variance for part in parts])[:n],
        np.concatenate([part.lagrange for part in parts])[:n],
    )
