"""What samples leave unknown of a field, and what one more sample would take away.

The covariance of the field without its nugget between places a and b, given the data, is that of the field less
what the data explain, plus what the unknown trend adds:

    K(a, b) = C(a, b) − c_aᵀ C⁻¹ c_b + r_aᵀ (Fᵀ C⁻¹ F)⁻¹ r_b,   r = f − Fᵀ C⁻¹ c

(Cressie 1993, section 3.4). A sample at s, with nugget and error variance τ², takes K(a, s) K(s, b) / (K(s, s) + τ²)
away, whatever its value (Emery 2009, Computers & Geosciences 35): all of it are outer products, kept as loadings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from mapping.arrays import Points, Vector
from mapping.covariance import Covariance, Sum
from mapping.estimates import stable_factor
from mapping.kriging import FittedKriging
from mapping.sites import Sites
from mapping.trend import trend_of

MOST_SITES = 2_500
"""More would need half a gigabyte beside the cells; as many, spread evenly, tell where gaps are."""
BLOCK = 512


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Places (m, 2) with their loadings (m, q): K(a, b) = C(a, b) − Σ sign · loading_a · loading_b."""

    xy: Points
    loadings: Vector


class Posterior:
    """The covariance of a field without its nugget given the data of a fitted model, ready to be asked anywhere.

    `noise` is τ² of a new sample: the nugget and the mean error variance of the data. There is `room` for the loadings
    of so many new samples, which are zero until they are set.
    """

    def __init__(self, model: FittedKriging, room: int = 0) -> None:
        self.model = model
        structured = model.covariance.structured
        self._field: Covariance | None = Sum(structured) if structured else None
        self.sill = self._field.sill if self._field else 0.0
        index, self.notes = _evenly(model.sites)
        self._xy, places = model.sites.xy[index], model.sites.places[index]
        self.noise = model.covariance.nugget + float(model.sites.error.mean())
        matrix = model.covariance.between(self._xy, self._xy)
        matrix[np.diag_indices(len(index))] += model.sites.error[index]
        self._factor, _ = stable_factor(matrix, model.covariance.sill)
        self._trend, _ = trend_of(model.recipe.kind, model.recipe.degree, model.sites.places)
        self._white_trend = self._solved(self._trend(places))
        self._root = np.linalg.cholesky(np.linalg.inv(self._white_trend.T @ self._white_trend))
        self.signs = np.concatenate([np.ones(len(index)), -np.ones(self._white_trend.shape[1]), np.ones(room)])
        self.own = len(self.signs) - room

    def at(self, places: Vector) -> Places:
        """Places (m, 2 + k), coordinates and covariates, with their loadings (m, q)."""
        loadings = np.zeros((len(places), len(self.signs)))
        n = len(self._xy)
        for start in range(0, len(places), BLOCK):
            part = slice(start, start + BLOCK)
            white = self._solved(self.prior(self._xy, places[part, :2]))
            remainder = self._trend(places[part]) - white.T @ self._white_trend
            loadings[part, :n] = white.T
            loadings[part, n : self.own] = remainder @ self._root
        return Places(np.ascontiguousarray(places[:, :2]), loadings)

    def prior(self, a: Points, b: Points) -> Vector:
        """Covariances (n, m) of the field without its nugget, before any data."""
        return np.zeros((len(a), len(b))) if self._field is None else self._field.between(a, b)

    def between(self, a: Places, b: Places) -> Vector:
        """K (n, m)."""
        if len(a.xy) < len(b.xy):
            left: Vector = self.prior(a.xy, b.xy) - (a.loadings * self.signs) @ b.loadings.T
        else:
            left = self.prior(a.xy, b.xy) - a.loadings @ (b.loadings * self.signs).T
        return left

    def variance(self, places: Places) -> Vector:
        """K(a, a) (m,)."""
        left: Vector = self.sill - (places.loadings**2) @ self.signs
        return np.maximum(left, 0.0)

    def _solved(self, columns: Vector) -> Vector:
        solved: Vector = solve_triangular(self._factor, columns, lower=True, check_finite=False)
        return solved


def _evenly(sites: Sites) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Indices of all sites, or of one in each cell of a grid that has as many cells with sites as can be used."""
    if sites.n <= MOST_SITES:
        return np.arange(sites.n), ()
    low, width = sites.xy.min(axis=0), np.ptp(sites.xy, axis=0)
    side = float(np.sqrt(width.prod() / MOST_SITES)) or float(width.max()) / MOST_SITES
    while True:
        cell = np.unique(((sites.xy - low) / side).astype(np.int64), axis=0, return_index=True)[1]
        if len(cell) <= MOST_SITES:
            break
        side *= 1.1
    note = f"{len(cell)} of {sites.n} places with samples are considered, spread evenly: gains are not below the truth"
    return np.sort(cell), (note,)
