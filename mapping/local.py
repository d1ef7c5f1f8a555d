"""Kriging systems of the data around each place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Vector
from mapping.compiled import Compiled, compiled, turned
from mapping.covariance import Covariance
from mapping.estimates import (
    RIDGES,
    SINGULAR,
    SMALLEST_PIVOT,
    Conditionals,
    Estimates,
    joined,
    parts_of,
    stable_factor,
)
from mapping.nearby import GROUP, grouped, krige_grouped
from mapping.neighbourhood import OCTANTS, Neighbourhood, neighbourhood_of
from mapping.strips import Strips
from mapping.support import Block, covariance_to, own_variance, trend_at
from mapping.trend import Trend
from mapping.workers import in_parallel

Index = NDArray[np.int64]
AT_ONCE = 131_072
SLICE = 4_096
"""Places to one piece of work."""
ONE_BY_ONE = 256
SPREAD = 2.0
"""Side of the largest squares of places that share a search, in mean distances between data."""
FLAT = 1e-9
WITHOUT_CORRELATION = Compiled(np.zeros((0, 3)), 1.0, 0.0, np.eye(2))
"""Solved with it, a system says which data it holds."""


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """Estimates at b places; weights and indices (b, k) of the data they come from, −1 where there are fewer.

    `pivot` is the least of all systems, relative to the sill.
    """

    estimates: Estimates
    weights: Vector
    others: Index
    pivot: float


class LocalSystem:
    """The nearest data of each place in a small system of its own.

    Inside, data stand in the order of the strips in which they are searched.
    """

    def __init__(
        self, places: Vector, covariance: Covariance, error: Vector, trend: Trend, neighbours: int | Neighbourhood
    ) -> None:
        self.covariance, self.trend = covariance, trend
        self.neighbourhood = neighbourhood_of(neighbours)
        self.strips = Strips.of(turned(places[:, :2], self.neighbourhood.turn))
        self.places, self.error = places[self.strips.order], error[self.strips.order]
        self.k = min(self.neighbourhood.maximum, len(places))
        self._compiled = compiled(covariance)
        self._drift = np.require(trend(self.places), requirements=["C", "W"])
        self.ridge = 0.0
        self.ridge = self._needed_ridge()

    def dual(self, data: Vector) -> Vector:
        """The data themselves, in the order of the strips."""
        return np.ascontiguousarray(data[self.strips.order])

    def krige(self, places: Vector, dual: Vector, block: Block | None = None) -> Estimates:
        """Many small systems at a time."""
        if self._compiled is None or block is not None:
            return joined([self._one_by_one(part, dual, block) for part in parts_of(places, ONE_BY_ONE)], len(places))
        parts = [places[start : start + AT_ONCE] for start in range(0, len(places), AT_ONCE)]
        solved = [self._solve(self._compiled, part, dual, self.neighbourhood).estimates for part in parts]
        return joined(solved, len(places))

    def conditionals(self, index: Index) -> Conditionals:
        """Each datum from the nearest others; the variance includes its own measurement error.

        One that has too few others within the radius is predicted from the nearest, whatever their distance.
        """
        own = np.argsort(self.strips.order)[index]
        weights, others, variance = self._from_others(own, self.neighbourhood)
        alone = np.isnan(variance)
        if alone.any():
            hood = self.neighbourhood
            wide = Neighbourhood(hood.maximum, angle=hood.angle, ratio=hood.ratio)
            weights[alone], others[alone], variance[alone] = self._from_others(own[alone], wide)
        return Conditionals(self.strips.order[np.maximum(others, 0)], weights, variance + self.error[own] + self.ridge)

    def _from_others(self, own: Index, hood: Neighbourhood) -> tuple[Vector, Index, Vector]:
        """Weights and indices (c, k) of the others, and variances (c,), of data given by where they stand."""
        places = self.places[own]
        if self._compiled is not None:
            found = self._solve(self._compiled, places, self._nothing, hood, own)
            return found.weights, found.others, found.estimates.variance
        near = self._near(places, hood, own)
        parts = [slice(start, start + ONE_BY_ONE) for start in range(0, len(own), ONE_BY_ONE)]
        found_parts = [self._weights(places[part], near[part]) for part in parts]
        return (
            np.concatenate([each[0] for each in found_parts]),
            near,
            np.concatenate([each[1] for each in found_parts]),
        )

    @property
    def _nothing(self) -> Vector:
        return np.empty((len(self.places), 0))

    def _near(self, places: Vector, hood: Neighbourhood, own: Index | None = None) -> Index:
        """The data (b, k) in the neighbourhood of each place but its `own`; −1 where there are fewer."""
        return self._solve(WITHOUT_CORRELATION, places, self._nothing, hood, own).others

    def _solve(
        self, model: Compiled, places: Vector, values: Vector, hood: Neighbourhood, own: Index | None = None
    ) -> Solved:
        """By the compiled loops, in slices of fixed size; weights and indices are kept where there are no values."""
        b, kept = len(places), 0 if values.shape[1] else self.k
        search = turned(places[:, :2], hood.turn)
        order, groups = grouped(search, GROUP, SPREAD * self._apart)
        strips, data = self._data(model, values)
        at = np.full(b, -1) if own is None else own
        targets = (search, model.turned(places), self._basis(places), at, order, groups)
        radius = np.inf if hood.radius is None else hood.radius
        limits = (self.k, hood.minimum, OCTANTS if hood.octants else 1, radius, self._likely_reach)
        out = (
            np.zeros((b, values.shape[1])),
            np.zeros(b),
            np.zeros(b),
            np.zeros((b, kept)),
            np.full((b, kept), -1),
        )

        def slice_from(start: int) -> float:
            part = (start, min(start + SLICE, b))
            return float(krige_grouped(model.numbers, strips, data, targets, part, limits, out))

        pivot = min(in_parallel(slice_from, range(0, b, SLICE)), default=np.inf)
        return Solved(Estimates(*out[:3]), out[3], out[4], pivot / model.sill)

    def _data(self, model: Compiled, values: Vector) -> tuple[Any, Any]:
        """The strips, and the data in their order, as the compiled loops take them."""
        strips = (self.strips.xy, self.strips.starts, self.strips.south, self.strips.north)
        return strips, (model.turned(self.places), self._drift, self.error + self.ridge, values)

    def _basis(self, places: Vector) -> Vector:
        return np.require(self.trend(places), requirements=["C", "W"])

    @property
    def _apart(self) -> float:
        """The mean distance between data where they are searched."""
        width, height = np.maximum(np.ptp(self.strips.xy, axis=0), 1e-300).tolist()
        return float((width * height / len(self.places)) ** 0.5)

    @property
    def _likely_reach(self) -> float:
        return float((self.k / np.pi) ** 0.5 * self._apart)

    def _one_by_one(self, places: Vector, data: Vector, block: Block | None) -> Estimates:
        near = self._near(places, self.neighbourhood)
        weights, variance, lagrange = self._weights(places, near, block)
        mean = (weights[:, None, :] @ data[np.maximum(near, 0)])[:, 0, :]
        few = (near >= 0).sum(axis=1) < self.neighbourhood.minimum
        return Estimates(
            np.where(few[:, None], np.nan, mean), np.where(few, np.nan, variance), np.where(few, np.nan, lagrange)
        )

    def _weights(self, places: Vector, near: Index, block: Block | None = None) -> tuple[Vector, Vector, Vector]:
        """Weights (b, k), variances and Lagrange multipliers (b,); those who are missing know nothing."""
        there = (near >= 0)[:, :, None]
        data, target = self.places[near], places[:, None, :]
        to_data = there * covariance_to(self.covariance, target[..., :2], data[..., :2], block).swapaxes(1, 2)
        basis, drift = trend_at(self.trend, target, block), there * self.trend(data)
        solved = np.linalg.solve(self._matrices(near), np.concatenate([to_data, drift], axis=2))
        explained, dragged = solved[:, :, :1], solved[:, :, 1:]
        remainder = basis.swapaxes(1, 2) - drift.swapaxes(1, 2) @ explained
        multiplier = _solved_trend(drift.swapaxes(1, 2) @ dragged, remainder)
        weights = (explained + dragged @ multiplier)[:, :, 0]
        variance = own_variance(self.covariance, block) - (to_data * explained).sum(axis=(1, 2))
        variance += (remainder * multiplier).sum(axis=(1, 2))
        return weights, np.maximum(variance, 0.0), (basis @ multiplier)[:, 0, 0]

    def _matrices(self, near: Index) -> Vector:
        """Covariances (b, k, k) of the data near each place."""
        places, there = self.places[near][..., :2], near >= 0
        matrices = self.covariance.between(places, places) * (there[:, :, None] & there[:, None, :])
        diagonal = np.arange(near.shape[1])
        matrices[:, diagonal, diagonal] = self.covariance.sill + there * (self.error[near] + self.ridge)
        return matrices

    def _needed_ridge(self) -> float:
        """The largest ridge that any neighbourhood of a datum needs: close data are in each other's."""
        if self._compiled is not None:
            return self._compiled_ridge(self._compiled)
        needed = 0.0
        for start in range(0, len(self.places), ONE_BY_ONE):
            near = self._near(self.places[start : start + ONE_BY_ONE], self.neighbourhood)
            needed = max(needed, stable_factor(self._matrices(near), self.covariance.sill)[1])
        return needed

    def _compiled_ridge(self, model: Compiled) -> float:
        for relative in RIDGES:
            self.ridge = relative * self.covariance.sill
            if self._least_pivot(model) > SMALLEST_PIVOT:
                return self.ridge
        raise ValueError(SINGULAR)

    def _least_pivot(self, model: Compiled) -> float:
        parts = (self.places[start : start + AT_ONCE] for start in range(0, len(self.places), AT_ONCE))
        return min(
            self._solve(model, part, np.zeros((len(self.places), 1)), self.neighbourhood).pivot for part in parts
        )


def _solved_trend(gram: Vector, remainder: Vector) -> Vector:
    """gram⁻¹ remainder (b, p, 1); a direction that few near data leave open is taken to be flat."""
    return np.asarray(np.linalg.pinv(gram, rcond=FLAT, hermitian=True) @ remainder, dtype=np.float64)
