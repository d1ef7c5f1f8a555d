"""Global kriging of rasters with the far data compressed: an explicit mode whose error is checked and stated.

Within a square of cells the covariance with a datum that is not near is smooth, and so is known from its values at
few Chebyshev nodes (as in fast multipole methods; Fong & Darve 2009, J. Comput. Phys. 228). Let c = M p + r at a cell,
with M the covariances of the data with the nodes, p the interpolation weights of the cell and r what is left, zero
but for the near data. Then cᵀC⁻¹c = pᵀ(MᵀC⁻¹M)p + 2 pᵀ(MᵀC⁻¹)r + rᵀC⁻¹r is a product of small matrices.

Which data are near is found out for each square by interpolating to test places, whatever the covariance. In each
square the result is compared with the exact one at random cells; where they differ too much, it is made exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Points, Vector
from mapping.compiled import compiled, covariances
from mapping.covariance import Covariance
from mapping.estimates import Estimates
from mapping.support import continuous
from mapping.system import GlobalSystem

SIDE = 64
"""Cells along a square."""
NODES = 8
CHECKED = 8
"""Cells of each square that are compared with exact kriging."""
NEAR = 1e-7
"""Of the sill: a datum whose covariance is interpolated worse than this is near."""
MOST_NEAR = 0.4
"""Of the data: where more are near, exact kriging is as fast."""
WORST_MEAN, WORST_VARIANCE = 5e-6, 1e-7
"""Largest differences to exact kriging: of the mean in standard deviations of the data, of the variance in sills."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Squares so far, those of them made exact, and the largest errors of the others at `cells` compared.

    The mean in standard deviations of the data, the variance in sills.
    """

    squares: int = 0
    exact: int = 0
    cells: int = 0
    mean: float = 0.0
    variance: float = 0.0

    def __add__(self, other: Checked) -> Checked:
        return Checked(
            self.squares + other.squares,
            self.exact + other.exact,
            self.cells + other.cells,
            max(self.mean, other.mean),
            max(self.variance, other.variance),
        )

    def describe(self) -> str:
        """One sentence for the provenance."""
        return (
            f"far data compressed in {self.squares - self.exact} of {self.squares} squares of {SIDE} by {SIDE} cells, "
            f"the others exact; at {self.cells} cells compared with exact kriging the mean differs by at most "
            f"{self.mean:.1e} standard deviations, the variance by {self.variance:.1e} sills"
        )


class Compression:
    """Fast kriging of squares of cells by one global system and its `dual`; `scale` is what errors are counted in."""

    def __init__(self, system: GlobalSystem, dual: Vector, scale: float) -> None:
        self.system, self.dual, self.scale = system, dual, scale
        self._inverse, self._smooth = system.equations.inverse(), _smooth(system.covariance)
        self._linear = np.hstack([dual[: len(system.xy)], system.equations.dragged()])
        cells, extremes = np.linspace(-1.0, 1.0, SIDE), np.cos(np.pi * np.arange(NODES + 1) / NODES)
        nodes = np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)
        self._nodes, self._tests = _square(nodes), _square(extremes)
        self._to_cells, self._to_tests = (_kron(_lagrange(nodes, at)) for at in (cells, extremes))

    def krige(self, places: Vector, seed: Sequence[int]) -> tuple[Estimates, Checked]:
        """A square of cells (64², 2 + k), row by row; the cells that are checked follow from the seed."""
        found = self._compressed(places)
        if found is None:
            return self.system.krige(places, self.dual), Checked(1, 1)
        cells = np.random.default_rng(seed).choice(len(places), CHECKED, replace=False)
        exact = self.system.krige_exactly(places[cells], self.dual)
        mean = float(np.abs(found.mean[cells] - exact.mean).max()) / self.scale
        variance = float(np.abs(found.variance[cells] - exact.variance).max()) / self.system.covariance.sill
        if not (mean <= WORST_MEAN and variance <= WORST_VARIANCE):
            return self.system.krige(places, self.dual), Checked(1, 1)
        return found, Checked(1, 0, CHECKED, mean, variance)

    def _compressed(self, places: Vector) -> Estimates | None:
        """The estimates, or None where so many data are near that nothing would be gained."""
        n, p = len(self.system.xy), self.system.trend.p
        xy = places[:, :2]
        middle, half = 0.5 * (xy[0] + xy[-1]), 0.5 * (xy[-1] - xy[0])
        to_nodes = self._smooth(self.system.xy, middle + half * self._nodes)
        near = self._near(middle, half, to_nodes)
        if len(near) > MOST_NEAR * n:
            return None
        rest = self.system.to_data(xy, near) - to_nodes[near] @ self._to_cells
        dragged = self._inverse @ to_nodes
        explained = self._to_cells * ((to_nodes.T @ dragged) @ self._to_cells)
        cross = 2.0 * (dragged[near] @ self._to_cells) + self._inverse[np.ix_(near, near)] @ rest
        linear = (to_nodes.T @ self._linear).T @ self._to_cells + self._linear[near].T @ rest
        basis = self.system.trend(places)
        mean = linear[: linear.shape[0] - p].T + basis @ self.dual[n:]
        simple = self.system.covariance.sill - explained.sum(axis=0) - (cross * rest).sum(axis=0)
        remainder = basis - linear[linear.shape[0] - p :].T
        return Estimates(mean, *self.system.equations.constrained(remainder, basis, simple))

    def _near(self, middle: Vector, half: Vector, to_nodes: Vector) -> NDArray[np.int64]:
        """The data in the square, and those whose covariances do not follow from those with the nodes."""
        wanted = self._smooth(self.system.xy, middle + half * self._tests)
        error = np.abs(wanted - to_nodes @ self._to_tests).max(axis=1)
        inside = (np.abs(self.system.xy - middle) <= np.abs(half) * (1.0 + 1e-9)).all(axis=1)
        return np.flatnonzero(inside | (error > NEAR * self.system.covariance.sill))


def _smooth(covariance: Covariance) -> Callable[[Points, Points], Vector]:
    """The covariance without nugget between places (n, 2) and places (m, 2)."""
    model = compiled(covariance)
    if model is None:
        return continuous(covariance).between
    return partial(covariances, replace(model, nugget=0.0))


def _lagrange(nodes: Vector, at: Vector) -> Vector:
    """Weights (a, m) that interpolate from values at m Chebyshev nodes (Berrut & Trefethen 2004, SIAM Rev. 46)."""
    signs = (-1.0) ** np.arange(len(nodes)) * np.sqrt(1.0 - nodes**2)
    apart = at[:, None] - nodes
    hit = np.abs(apart) < 1e-14
    parts = signs / np.where(hit, 1.0, apart)
    weights: Vector = parts / parts.sum(axis=1, keepdims=True)
    weights[hit.any(axis=1)] = hit[hit.any(axis=1)]
    return weights


def _square(along: Vector) -> Points:
    """Places (m², 2) of a square from coordinates (m,), row by row."""
    return np.column_stack([np.tile(along, len(along)), np.repeat(along, len(along))])


def _kron(weights: Vector) -> Vector:
    """Weights (m², a²) along both axes from those (a, m) along one."""
    return np.ascontiguousarray(np.kron(weights, weights).T)
