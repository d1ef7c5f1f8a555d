"""Covariances fitted by maximum likelihood, restricted (REML) or not, with the uncertainty of their parameters.

Notation: C covariance of the data (measurement errors on its diagonal), F trend functions at the data, and
P = C⁻¹ − C⁻¹F(FᵀC⁻¹F)⁻¹FᵀC⁻¹, which takes the mean out (Patterson & Thompson 1971, Biometrika 58; Kitanidis 1983,
Water Resour. Res. 19). All parameters are logarithms: of nugget, partial sill, range and, where fitted, smoothness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri
from scipy.optimize import minimize

from mapping.arrays import Points, Vector
from mapping.covariance import ROUND, Covariance, Matern, Nugget, Structure, distances, prototypes

LARGEST = 1_500
"""More places than this cost minutes: each step factorises and inverts a matrix of that size."""
STEP = 1e-4
"""Of a logarithm, in the central differences of correlations: error 1e-8, far below that of any estimate."""
LEAST_SHARE = 1e-5
"""A nugget or partial sill below this share of the variance is none."""
MOST_UNCERTAIN = 1.0
"""Standard deviation of a logarithm: what the data say less about is taken to be known to a factor of e."""


@dataclass(frozen=True, slots=True)
class Family:
    """Nugget and one structure whose sill and range, and smoothness if `smooth`, are to be fitted."""

    prototype: Structure
    smooth: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """What the parameters are the logarithms of."""
        return ("nugget", "partial sill", "range", "smoothness")[: 4 if self.smooth else 3]

    def covariance(self, theta: Vector) -> Covariance:
        """The covariance with log-parameters theta (3 or 4,)."""
        nugget, partial, reach = (float(value) for value in np.exp(theta[:3]))
        nugget += self.prototype.least_nugget * partial
        return Nugget(nugget) + replace(self._shaped(theta), partial_sill=partial, range=reach)

    def parameters(self, covariance: Covariance) -> Vector:
        """The log-parameters of a covariance of this family; of a sill that is zero, minus infinity."""
        (structure,) = covariance.structured
        nugget = covariance.nugget - self.prototype.least_nugget * structure.partial_sill
        values = [max(nugget, 0.0), structure.partial_sill, structure.range]
        if isinstance(structure, Matern) and self.smooth:
            values.append(structure.smoothness)
        with np.errstate(divide="ignore"):
            return np.log(values)

    def correlation(self, theta: Vector, h: Vector) -> Vector:
        """Of the structure, at distances h."""
        return self._shaped(theta).shape(h / np.exp(theta[2]))

    def _shaped(self, theta: Vector) -> Structure:
        if self.smooth and isinstance(self.prototype, Matern):
            return replace(self.prototype, smoothness=float(np.exp(theta[3])))
        return self.prototype


def families(structures: Sequence[str]) -> tuple[Family, ...]:
    """One family for each name; `matern` has its smoothness fitted."""
    return tuple(Family(prototypes(name)[0], smooth=name == Matern.name) for name in structures)


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """At one theta (d,): log-likelihood, gradient (d,), scores of each set (m, d), expected information (d, d)."""

    value: float
    gradient: Vector
    scores: Vector
    information: Vector


def reasonable(found: Evaluation | None) -> Evaluation:
    """What was found; ValueError where the covariance matrix is singular."""
    if found is None:
        raise ValueError("the covariance matrix of the data is singular: no covariance can be fitted by likelihood")
    return found


class LogLikelihood(Protocol):
    """The log-likelihood of covariances for data at places `xy` (n, 2)."""

    xy: Points

    def evaluate(self, family: Family, theta: Vector, values: Vector, information: bool = False) -> Evaluation | None:
        """Everything at theta for sets of data (n, m); None where the covariance matrix is singular."""
        ...

    def at(self, family: Family, theta: Vector, values: Vector) -> Evaluation:
        """Everything at theta, with the expected information; ValueError where the covariance matrix is singular."""
        ...


class Likelihood:
    """The log-likelihood of covariances, averaged over m equally likely sets of data (n, m).

    `xy` (n, 2), error variances (n,), trend functions (n, p); `restricted` integrates the trend out (REML), else it
    is put at its generalised least squares estimate (ML).
    """

    def __init__(self, xy: Points, error: Vector, drift: Vector, restricted: bool = True) -> None:
        self.xy, self.error, self.drift, self.restricted = xy, error, drift, restricted
        self._distances: dict[tuple[float, float], Vector] = {}

    def evaluate(self, family: Family, theta: Vector, values: Vector, information: bool = False) -> Evaluation | None:
        """Everything at theta; None where the covariance matrix is singular."""
        h = self._h(family)
        slopes = self._slopes(family, theta, h)
        matrix = slopes[0] + slopes[1]
        matrix[np.diag_indices_from(matrix)] += self.error
        solved = _inverse(matrix)
        if solved is None:
            return None
        inverse, logdet = solved
        projector, trend_logdet = self._projector(inverse)
        white = projector @ values
        sets = values.shape[1]
        weight = projector if self.restricted else inverse
        traces = np.array([np.vdot(weight, slope) for slope in slopes])
        scores = 0.5 * (np.stack([((slope @ white) * white).sum(axis=0) for slope in slopes], axis=1) - traces)
        degrees = len(values) - (self.drift.shape[1] if self.restricted else 0)
        quadratic = float(np.vdot(values, white)) / sets
        value = -0.5 * (logdet + quadratic + degrees * np.log(2.0 * np.pi))
        value -= 0.5 * trend_logdet if self.restricted else 0.0
        expected = _expected_information(weight, slopes) if information else np.empty((0, 0))
        return Evaluation(value, scores.mean(axis=0), scores, expected)

    def at(self, family: Family, theta: Vector, values: Vector) -> Evaluation:
        """Everything at theta, with the expected information; ValueError where the covariance matrix is singular."""
        return reasonable(self.evaluate(family, theta, values, information=True))

    def _h(self, family: Family) -> Vector:
        stretch = family.prototype.stretch
        if stretch not in self._distances:
            # those of other directions have been asked for once, and are as large as the covariance matrix
            self._distances = {kept: h for kept, h in self._distances.items() if kept == ROUND}
            self._distances[stretch] = distances(self.xy, self.xy, stretch)
        return self._distances[stretch]

    def _slopes(self, family: Family, theta: Vector, h: Vector) -> list[Vector]:
        """Derivatives (n, n) of the covariance matrix by each log-parameter; the first two add up to it."""
        nugget, partial = np.exp(theta[:2])
        slopes = [nugget * np.eye(len(h)), partial * family.correlation(theta, h)]
        slopes[1][np.diag_indices_from(h)] += family.prototype.least_nugget * partial
        for index in range(2, len(theta)):
            step = np.where(np.arange(len(theta)) == index, STEP, 0.0)
            rise = family.correlation(theta + step, h) - family.correlation(theta - step, h)
            slopes.append(partial / (2.0 * STEP) * rise)
        return slopes

    def _projector(self, inverse: Vector) -> tuple[Vector, float]:
        if self.drift.shape[1] == 0:
            return inverse, 0.0
        dragged = inverse @ self.drift
        gram = self.drift.T @ dragged
        scale = np.linalg.slogdet(self.drift.T @ self.drift)[1]
        projector: Vector = inverse - dragged @ np.linalg.solve(gram, dragged.T)
        return projector, float(np.linalg.slogdet(gram)[1] - scale)


def _inverse(matrix: Vector) -> tuple[Vector, float] | None:
    """Inverse and log-determinant of a symmetric matrix, None unless it is positive definite."""
    factor, failed = dpotrf(matrix, lower=1)
    pivots = np.diag(factor)
    if failed or pivots.min() ** 2 < 1e-12 * matrix[0, 0]:
        return None
    lower, _ = dpotri(factor, lower=1)
    inverse = np.tril(lower)
    inverse += np.tril(lower, -1).T
    return inverse, 2.0 * float(np.log(pivots).sum())


def _expected_information(weight: Vector, slopes: Sequence[Vector]) -> Vector:
    moved = [weight @ slope for slope in slopes]
    return 0.5 * np.array([[np.vdot(one, other.T) for other in moved] for one in moved])


@dataclass(frozen=True, slots=True, eq=False)
class LikelihoodFit:
    """A fitted family: log-parameters theta (d,), their covariance matrix (d, d) and the log-likelihood reached.

    A parameter that the data drive to the edge of what is tried (no nugget, an endless range) has no standard
    error: its row and column are zero.
    """

    family: Family
    theta: Vector
    spread: Vector
    value: float

    @property
    def covariance(self) -> Covariance:
        """The most likely one."""
        return self.family.covariance(self.theta)

    def standard_errors(self) -> dict[str, float]:
        """Of nugget, partial sill, range (and smoothness), to first order from those of the logarithms."""
        errors = np.exp(self.theta) * np.sqrt(np.diag(self.spread))
        return {name: float(error) for name, error in zip(self.family.names, errors, strict=True)}

    def likely(self) -> tuple[Covariance, ...]:
        """2d covariances, equally weighted, with the mean and covariance matrix of the log-parameters.

        The spherical cubature rule: exact to the third degree, and no draw of luck (Arasaratnam & Haykin 2009,
        IEEE Trans. Autom. Control 54).
        """
        variance, axes = np.linalg.eigh(self.spread)
        known = variance > 1e-12
        steps = axes[:, known] * np.sqrt(np.count_nonzero(known) * variance[known])
        points = np.concatenate([self.theta + steps.T, self.theta - steps.T])
        return tuple(self.family.covariance(point) for point in points)


class CovarianceSearch:
    """The region of log-parameters that data with a variance in a place of an extent can speak about."""

    def __init__(self, likelihood: LogLikelihood, variance: float) -> None:
        self.likelihood, self.variance = likelihood, variance
        width, height = np.ptp(likelihood.xy, axis=0)
        self._diagonal = float(np.hypot(width, height))

    def bounds(self, family: Family) -> Vector:
        """Least and greatest log-parameters (d, 2)."""
        sill = self.variance * np.array([LEAST_SHARE, 10.0])
        reach = self._diagonal / family.prototype.practical * np.array([1e-3, 10.0 / 3.0])
        limits = [sill, sill, reach] + ([np.array([0.2, 5.0])] if family.smooth else [])
        bounds: Vector = np.log(np.array(limits))
        return bounds

    def start(self, family: Family, covariance: Covariance | None) -> Vector:
        """A first guess, at the given covariance where it is of the family."""
        bounds = self.bounds(family)
        middle = np.log([0.3 * self.variance, 0.7 * self.variance, self._diagonal / 6.0 / family.prototype.practical])
        guess = np.append(middle, [0.0] * family.smooth)
        if covariance is not None and covariance.structured:
            guess = np.append(family.parameters(covariance), [0.0] * family.smooth)[: len(guess)]
        margin = np.array([0.01, -0.01])
        return np.asarray(np.clip(guess, bounds[:, 0] + margin[0], bounds[:, 1] + margin[1]), dtype=np.float64)

    def climb(self, family: Family, theta: Vector, values: Vector, steps: int = 100) -> tuple[Vector, float]:
        """The log-parameters that L-BFGS-B reaches from theta, and the log-likelihood there."""

        def objective(point: Vector) -> tuple[float, Vector]:
            found = self.likelihood.evaluate(family, point, values)
            return (1e10, np.zeros_like(point)) if found is None else (-found.value, -found.gradient)

        bounds = [(float(low), float(high)) for low, high in self.bounds(family)]
        found = minimize(objective, theta, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": steps})
        return np.asarray(found.x, dtype=np.float64), -float(found.fun)

    def inside(self, family: Family, theta: Vector) -> NDArray[np.bool_]:
        """Which log-parameters (d,) lie off the edges."""
        low, high = self.bounds(family).T
        free: NDArray[np.bool_] = (theta > low + 1e-3) & (theta < high - 1e-3)
        return free

    def described(self, family: Family, theta: Vector, value: float, information: Vector) -> LikelihoodFit:
        """The fit with its spread: the inverse of the information, where there is some."""
        free = self.inside(family, theta)
        spread = np.zeros_like(information)
        spread[np.ix_(free, free)] = spread_of(information[np.ix_(free, free)])
        return LikelihoodFit(family, theta, spread, value)


def spread_of(information: Vector) -> Vector:
    """Inverse of an information matrix (d, d) after the little that is known beforehand has been added."""
    values, axes = np.linalg.eigh((information + information.T) / 2.0)
    known = np.maximum(values, 0.0) + 1.0 / MOST_UNCERTAIN**2
    spread: Vector = (axes / known) @ axes.T
    return spread


def fit_likelihood(search: CovarianceSearch, values: Vector, family: Family, start: Covariance | None) -> LikelihoodFit:
    """The most likely covariance of one family for values (n, m), from the better of two starts."""
    starts = [search.start(family, given) for given in ((None,) if start is None else (start, None))]
    climbs = [search.climb(family, point, values) for point in starts]
    theta, value = max(climbs, key=lambda climb: climb[1])
    return search.described(family, theta, value, search.likelihood.at(family, theta, values).information)
