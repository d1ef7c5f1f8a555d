"""The first two moments of neighbourhood sums under random permutation: z-scores without drawing anything.

Ord & Getis (1995), Local spatial autocorrelation statistics, Geographical Analysis 27, 286-306.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc

from mapping.arrays import Vector, read_only
from mapping.neighbours import Graph

Mask = NDArray[np.bool_]


def standard_scores(graph: Graph, values: ArrayLike, *, star: bool) -> tuple[Vector, Mask]:
    """z (n,) of Gi or Gi* for any weights, and where (n,) it has a variance; z is 0 elsewhere.

    Ord & Getis (1995), equations 4 and 5 of their general form: the moments are those of drawing the neighbours'
    values without replacement, from the other samples for Gi and from all for Gi*. The own weight of Gi* is that of
    the heaviest neighbour.
    """
    given, n = read_only(values), graph.n
    x = given - given.mean()
    local, weight, squared = graph.lag(x), graph.row_sums(), graph.row_sums(2)
    total = float(x @ x)
    if star:
        own = graph.heaviest
        local, weight, squared = local + own * x, weight + own, squared + own**2
        return _standardised(local, weight, squared, (float(n), np.zeros(n), np.full(n, total / n)))
    mean = -x / (n - 1.0)
    return _standardised(local, weight, squared, (n - 1.0, mean, (total - x**2) / (n - 1.0) - mean**2))


def _standardised(
    local: Vector, weight: Vector, squared: Vector, pool: tuple[float, Vector, Vector]
) -> tuple[Vector, Mask]:
    """Sums with their weights, and squared ones, against a pool of so many values, their means and variances."""
    size, mean, spread = pool
    shape = (size * squared - weight**2) / (size - 1.0)
    defined = (shape > 1e-12 * squared * size) & (spread > 1e-12 * spread.max(initial=0.0))
    variance = np.where(defined, shape * spread, 1.0)
    return np.where(defined, (local - weight * mean) / np.sqrt(variance), 0.0), defined


def normal_p(z: ArrayLike) -> Vector:
    """Two-sided p (n,) of standard normal scores (n,)."""
    return np.asarray(erfc(np.abs(z) / np.sqrt(2.0)), dtype=np.float64)
