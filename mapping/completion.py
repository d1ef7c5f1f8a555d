"""Values of several contaminants known by bounds only, drawn given everything else that is known.

The Gibbs sampler of `mapping.censoring` for several variables: each value beyond a bound is drawn from its normal
distribution given all other values of all variables at all places, cut to the bound. What was not measured at all is a
bound that excludes nothing.
"""

from __future__ import annotations

import numpy as np

from mapping.arrays import Points, Vector
from mapping.censoring import truncated_normal
from mapping.factors import Factors
from mapping.system import stable_factor

DRAWS = 20
MOST_BYTES = 1_500_000_000


def precisions(factors: Factors, xy: Points) -> Vector:
    """Inverse covariances (m, n, n) of the factors at places (n, 2), their unknown means integrated out.

    ValueError where they would not fit into memory.
    """
    n, m = len(xy), len(factors.covariances)
    if 8 * m * n * n > MOST_BYTES:
        raise ValueError(
            f"{m} contaminants at {n} places with values below detection limits are too many to be completed at once: "
            "choose fewer contaminants, a dataset or an area"
        )
    found = np.empty((m, n, n))
    for number, covariance in enumerate(factors.covariances):
        factor, _ = stable_factor(covariance.between(xy, xy), covariance.sill)
        half = np.linalg.solve(factor, np.eye(n))
        full = half.T @ half
        ones = full.sum(axis=1)
        found[number] = full - np.outer(ones, ones) / ones.sum()
    return found


def completed(
    factors: Factors, xy: Points, bounds: tuple[Vector, Vector], start: Vector, sweeps: int, rng: np.random.Generator
) -> Vector:
    """Completed sets (n, m, DRAWS) of scores whose bounds are (n, m) each, from a start (n, m) or (n, m, DRAWS)."""
    low, high = bounds
    values = np.array(np.broadcast_to(start.reshape(*low.shape, -1), (*low.shape, DRAWS)))
    unknown = np.argwhere(low < high)
    if not len(unknown):
        return values
    precision = precisions(factors, xy)
    own = np.einsum("ik,inn->nk", factors.weights**2, precision)
    pull = np.einsum("ins,isd->ind", precision, factors.from_variables(values))
    for _ in range(sweeps):
        chances = rng.random((len(unknown), DRAWS))
        for (place, variable), chance in zip(unknown.tolist(), chances, strict=True):
            weight, stiffness = factors.weights[:, variable], own[place, variable]
            centre = values[place, variable] - weight @ pull[:, place] / stiffness
            limits = (float(low[place, variable]), float(high[place, variable]))
            drawn = truncated_normal(centre, float(stiffness**-0.5), limits, chance)
            moved = drawn - values[place, variable]
            values[place, variable] = drawn
            pull += (weight[:, None] * precision[:, place])[:, :, None] * moved
    return values
