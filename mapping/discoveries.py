"""Many tests at once: how many of what is found may be false, and how many draws it takes to find anything.

Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.
"""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import ArrayLike

from mapping.arrays import Vector

FEWEST_DRAWS = 9_999
MOST_DRAWS = 1_999_999
"""As many as one hot spot among 100,000 samples takes at a rate of 5 %: seconds, where weights are equal."""


def false_discovery(p: ArrayLike) -> Vector:
    """Adjusted p-values (n,) of Benjamini & Hochberg (1995): those up to x have an expected share x of false ones."""
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values)[::-1]
    scaled = values[order] * len(values) / np.arange(len(values), 0, -1)
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum.accumulate(np.minimum(scaled, 1.0))
    return adjusted


def fewest_findable(tests: int, level: float, floor: float) -> int:
    """The smallest number of discoveries among `tests` at a rate `level` when no p-value is below `floor`."""
    return max(1, ceil(tests * floor / level - 1e-9))


def enough_draws(tests: int, level: float, most: int = MOST_DRAWS) -> int:
    """So many random draws that p = 1/(draws + 1) would make a single discovery among `tests`, but `most` at most."""
    check_level(level)
    return min(max(ceil(tests / level) - 1, FEWEST_DRAWS), most)


def check_level(level: float) -> None:
    """ValueError unless a false discovery rate lies between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"the false discovery rate must lie between 0 and 1, got {level}")
