"""The linear model of coregionalisation: how several contaminants vary together in space.

Every covariance and cross-covariance is a sum of the same correlation functions, each with a positive semi-definite
matrix of coefficients (Journel & Huijbregts 1978, section III.B; Goulard & Voltz 1992, Mathematical Geology 24).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Points, Vector
from mapping.covariance import Covariance, Nugget, Structure, Term, prototypes
from mapping.variogram import EmpiricalVariogram, empirical_variogram

Number = NDArray[np.int64]
NEGATIVE = 1e-10
"""Relative to the largest: an eigenvalue this little below zero is rounding."""
RANGES_TRIED = 40
SWEEPS, SETTLED = 500, 1e-9
FEWEST_TOGETHER = 10
"""Places at which both of two variables must be known for their cross-variogram to say something."""


@dataclass(frozen=True, slots=True, eq=False)
class Coregionalisation:
    """Covariances among named variables: `terms` of sill one, each with its `coefficients` (variables, variables).

    ValueError for a matrix of another shape, or one that is not symmetric and positive semi-definite.
    """

    variables: tuple[str, ...]
    terms: tuple[Term, ...]
    coefficients: tuple[Vector, ...]
    why: str = "given"

    def __post_init__(self) -> None:
        if len(set(self.variables)) != len(self.variables) or not self.variables:
            raise ValueError(f"a coregionalisation needs variables of different names, got {self.variables}")
        if len(self.terms) != len(self.coefficients) or not self.terms:
            raise ValueError(f"{len(self.terms)} terms need as many matrices, got {len(self.coefficients)}")
        for term, matrix in zip(self.terms, self.coefficients, strict=True):
            self._check(term, matrix)

    def _check(self, term: Term, matrix: Vector) -> None:
        if term.partial_sill != 1.0:
            raise ValueError(f"the {term.name} term needs sill one, its coefficients say how much there is of it")
        if matrix.shape != (len(self.variables),) * 2 or not np.allclose(matrix, matrix.T, rtol=1e-10, atol=0.0):
            raise ValueError(f"the coefficients of the {term.name} term must be a symmetric matrix of all variables")
        values = np.linalg.eigvalsh(matrix)
        if values[0] < -NEGATIVE * max(abs(values[-1]), 1e-300):
            raise ValueError(f"the coefficients of the {term.name} term are not positive semi-definite")

    @property
    def sills(self) -> Vector:
        """Variances and covariances of the variables at one place (variables, variables)."""
        total: Vector = np.sum(self.coefficients, axis=0)
        return total

    def number(self, variable: str) -> int:
        """The place of a variable in the matrices; ValueError that lists the known ones."""
        if variable not in self.variables:
            raise ValueError(f"no variable is called {variable!r}; known are {', '.join(self.variables)}")
        return self.variables.index(variable)

    def between(self, a: Points, of_a: Number, b: Points, of_b: Number) -> Vector:
        """Covariances (..., n, m) between variables `of_a` (..., n) at a (..., n, 2) and `of_b` (..., m) at b."""
        total = np.zeros((*a.shape[:-1], b.shape[-2]))
        for term, matrix in zip(self.terms, self.coefficients, strict=True):
            total += matrix[of_a[..., :, None], of_b[..., None, :]] * term.between(a, b)
        return total

    def of(self, variable: str) -> Covariance:
        """The covariance of one variable by itself."""
        place = self.number(variable)
        parts = zip(self.terms, self.coefficients, strict=True)
        own = [term.to_dict_term() | {"partial_sill": float(matrix[place, place])} for term, matrix in parts]
        return Covariance.from_dict({"terms": own})

    def correlation(self) -> Vector:
        """Correlations of the variables at one place (variables, variables); NaN where one does not vary."""
        sd = np.sqrt(np.diag(self.sills))
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Vector = self.sills / np.outer(sd, sd)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and names; `from_dict` brings it back exactly."""
        parts = zip(self.terms, self.coefficients, strict=True)
        return {
            "variables": list(self.variables),
            "terms": [term.to_dict_term() | {"coefficients": matrix.tolist()} for term, matrix in parts],
            "why": self.why,
        }

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> Coregionalisation:
        """The model that `to_dict` wrote."""
        plain = [{key: entry[key] for key in entry if key != "coefficients"} for entry in stored["terms"]]
        terms = tuple(Covariance.from_dict({"terms": [each]}).terms[0] for each in plain)
        matrices = tuple(np.array(entry["coefficients"], dtype=np.float64) for entry in stored["terms"])
        return Coregionalisation(tuple(stored["variables"]), terms, matrices, stored["why"])


def cross_variogram(xy: Points, first: Vector, second: Vector, cutoff: float, bins: int = 15) -> EmpiricalVariogram:
    """Half mean products of differences of two variables (n,) that are both known at places (n, 2).

    By (γ of their sum − γ of their difference) / 4, which is the same estimate and needs one kind of pairs only.
    """
    total = empirical_variogram(xy, first + second, cutoff, bins)
    apart = empirical_variogram(xy, first - second, cutoff, bins)
    covariance = float(np.cov(first, second)[0, 1]) if len(first) > 1 else 0.0
    return replace(total, semivariance=(total.semivariance - apart.semivariance) / 4.0, sample_variance=covariance)


@dataclass(frozen=True, slots=True, eq=False)
class _Empirical:
    """All direct and cross variograms as padded arrays (variables, variables, b); weight zero where there is none."""

    distance: Vector
    semivariance: Vector
    weight: Vector


def fit_coregionalisation(
    values: Mapping[str, tuple[Points, Vector]],
    structures: Sequence[str],
    cutoff: float,
    bins: int = 15,
    nested: int = 1,
) -> Coregionalisation:
    """Nugget and `nested` (1 or 2) structures with common ranges for variables that share at least some places.

    `values` holds the places (n, 2) and values (n,) of each variable on the model's scale. The coefficients minimise
    the weighted squares (N/h²) over all direct and cross variograms, variables scaled to variance one; after each
    step negative eigenvalues are cut off (Goulard & Voltz 1992). Structure and ranges are those with the least
    sum. ValueError where two variables share fewer than ten places.
    """
    if nested not in (1, 2):
        raise ValueError(f"one or two nested structures can be fitted, got {nested}")
    names = tuple(values)
    scale = np.array([max(float(column.std()), 1e-300) for _, column in values.values()])
    empirical = _empirical(values, scale, cutoff, bins)
    shortest = float(empirical.distance[empirical.weight > 0.0].min()) / 2.0
    tried: list[tuple[float, str, tuple[Structure, ...], Vector]] = []
    for name in structures:
        for kind in prototypes(name):
            ranges = np.geomspace(shortest, 3.0 * cutoff / kind.practical, RANGES_TRIED if nested == 1 else 10)
            for chosen in _increasing(ranges, nested):
                terms = tuple(replace(kind, range=float(each)) for each in chosen)
                matrices, misfit = _coefficients(empirical, terms)
                tried.append((misfit, name, terms, matrices))
    misfit, name, terms, matrices = min(tried, key=lambda each: each[0])
    rescaled = tuple(matrix * np.outer(scale, scale) for matrix in matrices)
    why = f"nugget and {nested} {name} by weighted least squares of all variograms, weighted sum {misfit:.4g}"
    return Coregionalisation(names, (Nugget(1.0), *terms), rescaled, why)


def _increasing(ranges: Vector, nested: int) -> list[tuple[float, ...]]:
    if nested == 1:
        return [(float(each),) for each in ranges]
    return [(float(a), float(b)) for a in ranges for b in ranges if b > a]


def _empirical(values: Mapping[str, tuple[Points, Vector]], scale: Vector, cutoff: float, bins: int) -> _Empirical:
    k = len(values)
    shape = (k, k, bins)
    distance, semivariance, weight = np.ones(shape), np.zeros(shape), np.zeros(shape)
    names = list(values)
    for i, j in combinations_with_replacement(range(k), 2):
        found = _pair(values, names[i], names[j], scale[i], scale[j], cutoff, bins)
        filled = len(found.pairs)
        for at in ((i, j), (j, i)):
            distance[at][:filled], semivariance[at][:filled] = found.distance, found.semivariance
            weight[at][:filled] = found.pairs / found.distance**2
    weight /= weight.sum(axis=2, keepdims=True)
    return _Empirical(distance, semivariance, weight)


def _pair(
    values: Mapping[str, tuple[Points, Vector]], a: str, b: str, of_a: float, of_b: float, cutoff: float, bins: int
) -> EmpiricalVariogram:
    (xy, first), (others, second) = values[a], values[b]
    if a == b:
        return empirical_variogram(xy, first / of_a, cutoff, bins)
    place = {tuple(row): number for number, row in enumerate(others.tolist())}
    both = [(number, place[tuple(row)]) for number, row in enumerate(xy.tolist()) if tuple(row) in place]
    if len(both) < FEWEST_TOGETHER:
        raise ValueError(
            f"{a} and {b} are both known at {len(both)} places only: how they vary together cannot be estimated from "
            f"fewer than {FEWEST_TOGETHER}"
        )
    here, there = np.array(both).T
    return cross_variogram(xy[here], first[here] / of_a, second[there] / of_b, cutoff, bins)


def _coefficients(empirical: _Empirical, structures: Sequence[Structure]) -> tuple[Vector, float]:
    """Matrices (terms, k, k), nugget first, and the weighted sum of squares that they leave."""
    rises = [np.ones_like(empirical.distance), *(1.0 - each.correlation(empirical.distance) for each in structures)]
    squares = [np.maximum((empirical.weight * rise * rise).sum(axis=2), 1e-12) for rise in rises]
    matrices = np.zeros((len(rises), *empirical.distance.shape[:2]))
    misfit = np.inf
    for _ in range(SWEEPS):
        for turn, rise in enumerate(rises):
            rest = empirical.semivariance - sum(
                matrices[other][..., None] * rises[other] for other in range(len(rises)) if other != turn
            )
            best = (empirical.weight * rise * rest).sum(axis=2) / squares[turn]
            matrices[turn] = _positive(best)
        left = empirical.semivariance - np.einsum("tij,tijb->ijb", matrices, np.array(rises))
        now = float((empirical.weight * left * left).sum())
        if misfit - now <= SETTLED * now:
            break
        misfit = now
    return matrices, now


def _positive(matrix: Vector) -> Vector:
    """The nearest positive semi-definite matrix."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2.0)
    nearest: Vector = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return (nearest + nearest.T) / 2.0
