"""Does the range depend on the direction? Geometric anisotropy by likelihood, kept where it is clearly likelier.

Two more parameters are fitted together with all others: the ratio of the shortest to the longest range, and the
direction of the longest. Without anisotropy twice the gain in log-likelihood is distributed as χ² with two degrees of
freedom; it is kept where it exceeds the 99 % quantile of that, and never sought among few places, whose directions say
little (Zimmerman 1993, Mathematical Geology 25, on what anisotropy is).
"""

from __future__ import annotations

from dataclasses import replace
from math import atan2, cos, degrees, exp, hypot, log, pi, sin

import numpy as np
from scipy.optimize import minimize

from mapping.arrays import Vector
from mapping.likelihood import CovarianceSearch, Family, LikelihoodFit
from mapping.vecchia import VecchiaLikelihood, ascended

FEWEST = 100
"""Places without which no direction is sought."""
CLEARLY = 9.21
"""The 99 % quantile of χ² with two degrees of freedom."""
LEAST_RATIO = 0.1
STEP = 1e-3
STARTS = 4
MOST_STEPS = 40


def with_direction(search: CovarianceSearch, fit: LikelihoodFit, values: Vector) -> tuple[LikelihoodFit, str]:
    """The fit to values (n, m), anisotropic where that is clearly likelier, and in words why it is or is not."""
    n = len(search.likelihood.xy)
    if n < FEWEST:
        return fit, f"{n} places are too few to tell one direction from another: no anisotropy was sought"
    family, theta = _bent(fit.family, _climbed(search, fit, values))
    if isinstance(search.likelihood, VecchiaLikelihood):
        theta, found = ascended(search.likelihood, family, theta, values, search.bounds(family))
    else:
        found = search.likelihood.at(family, theta, values)
    kind, gain = family.prototype, 2.0 * (found.value - fit.value)
    told = f"range longest towards {kind.angle:.0f}°, {kind.ratio:.2f} of it across: 2 log likelihood {gain:+.3g}"
    if gain <= CLEARLY:
        return fit, f"no anisotropy ({told}; {CLEARLY:.3g} would be clear)"
    return search.described(family, theta, found.value, found.information), f"anisotropic: {told}"


def _climbed(search: CovarianceSearch, fit: LikelihoodFit, values: Vector) -> Vector:
    """Log-parameters (d,) and anisotropy (2,) of the greatest likelihood, from the best of a few directions.

    Of many places' likelihood the coarse one, which only has to come near.
    """
    likelihood = search.likelihood
    if isinstance(likelihood, VecchiaLikelihood):
        likelihood = likelihood.coarse()

    def value(point: Vector) -> float:
        found = likelihood.evaluate(*_bent(fit.family, point), values)
        return -np.inf if found is None else found.value

    def objective(point: Vector) -> tuple[float, Vector]:
        found = likelihood.evaluate(*_bent(fit.family, point), values)
        if found is None:
            return 1e10, np.zeros_like(point)
        rises = [(value(point + STEP * axis) - found.value) / STEP for axis in np.eye(len(point))[-2:]]
        return -found.value, -np.append(found.gradient, np.nan_to_num(rises, neginf=0.0))

    angles = 2.0 * pi * np.arange(STARTS) / STARTS
    starts = [np.append(fit.theta, 0.5 * log(2.0) * np.array([cos(a), sin(a)])) for a in angles]
    most = -log(LEAST_RATIO)
    bounds = [*map(tuple, search.bounds(fit.family).tolist()), (-most, most), (-most, most)]
    best = max([np.append(fit.theta, [0.0, 0.0]), *starts], key=value)
    found = minimize(objective, best, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": MOST_STEPS})
    return np.asarray(found.x, dtype=np.float64)


def _bent(family: Family, point: Vector) -> tuple[Family, Vector]:
    """The anisotropic family and its log-parameters, of which the range is the longest one.

    The last two numbers are the logarithm of the ratio in the direction of twice the angle: smooth where there is no
    anisotropy, and the same for opposite directions.
    """
    theta, (x, y) = point[:-2].copy(), point[-2:].tolist()
    bend = min(hypot(x, y), -log(LEAST_RATIO))
    theta[2] += bend / 2.0
    kind = replace(family.prototype, angle=degrees(atan2(y, x)) / 2.0 % 180.0, ratio=exp(-bend))
    return replace(family, prototype=kind), theta
