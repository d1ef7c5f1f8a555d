"""Contents by their ranks, for tests that a single extreme value must not decide."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri
from scipy.stats import rankdata

from mapping.arrays import Vector, read_only


def normal_scores(lower: ArrayLike, upper: ArrayLike) -> tuple[Vector, Vector]:
    """Both bounds (n,) by their ranks among all, as quantiles of the normal distribution (van der Waerden 1952).

    Equal values have equal scores; a measured value has one score, one known by bounds two. The scores do not change
    when the values are taken to logarithms or to any other rising scale. ValueError for arrays of different length.
    """
    low, high = read_only(lower), read_only(upper)
    if low.shape != high.shape or low.ndim != 1:
        raise ValueError(f"bounds must be two arrays of one length, got shapes {low.shape} and {high.shape}")
    ranks = rankdata(np.concatenate([low, high]))
    scores = ndtri(ranks / (len(ranks) + 1.0))
    return scores[: len(low)], scores[len(low) :]
