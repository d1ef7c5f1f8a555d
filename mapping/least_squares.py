"""Data made uncorrelated under a fitted spatial model, so that functions of the place can be tested on them.

With the covariance C = L Lᵀ of the data, L⁻¹ turns a field of that covariance into independent numbers of variance
one; what the unknown mean explains is taken out of them by an orthogonal projection. A test on what is left is one by
generalised least squares (Cressie 1993, section 1.3), and simulating the null is drawing independent numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from mapping.arrays import Points, Vector
from mapping.estimates import stable_factor
from mapping.kriging import FittedKriging


@dataclass(frozen=True, slots=True, eq=False)
class Whitened:
    """Data at n places `xy` (n, 2) under a model with an unknown constant mean.

    `factor` (n, n) is L, `level` (n,) the whitened constant, of length one, and `scores` (n,) the whitened data without
    their mean, scaled to a mean square of one; `sd` is what they were divided by, 1 where the model fits.
    """

    xy: Points
    values: Vector
    factor: Vector
    level: Vector
    scores: Vector
    sd: float

    @property
    def n(self) -> int:
        """How many places."""
        return len(self.xy)

    def white(self, columns: Vector) -> Vector:
        """L⁻¹ times columns (n, m)."""
        solved: Vector = solve_triangular(self.factor, columns, lower=True, check_finite=False)
        return solved

    def functions(self, columns: Vector) -> Vector:
        """Functions of the place (n, m), whitened and without their mean."""
        return self.centred(self.white(columns))

    def centred(self, white: Vector) -> Vector:
        """Whitened columns (n, m) without what the mean explains."""
        centred: Vector = white - self.level[:, None] * (self.level @ white)
        return centred

    def nulls(self, count: int, rng: np.random.Generator) -> Vector:
        """Scores (n, count) of fields of the same covariance at the same places, made without any sources."""
        drawn = self.centred(rng.standard_normal((self.n, count)))
        scaled: Vector = drawn * np.sqrt((self.n - 1) / np.einsum("ij,ij->j", drawn, drawn))
        return scaled


def whitened(model: FittedKriging, chosen: NDArray[np.int64] | None = None) -> Whitened:
    """The data of a model on its scale, or the `chosen` of its sites (indices); completed data sets are averaged."""
    index = np.arange(model.sites.n) if chosen is None else chosen
    xy, values = model.sites.xy[index], model.values.mean(axis=1)[index]
    matrix = model.covariance.between(xy, xy)
    matrix[np.diag_indices(len(xy))] += model.sites.error[index]
    factor, _ = stable_factor(matrix, model.covariance.sill)
    level, data = solve_triangular(factor, np.column_stack([np.ones(len(xy)), values]), lower=True).T
    level = level / np.linalg.norm(level)
    left = data - level * (level @ data)
    sd = float(np.linalg.norm(left)) / np.sqrt(len(xy) - 1)
    if not sd > 0.0:
        raise ValueError("no test possible: all values are equal")
    return Whitened(xy, values, factor, level, left / sd, sd)
