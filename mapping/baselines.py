"""What any method has to beat: a number at each place and no word on how wrong it may be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mapping.arrays import Points, Vector
from mapping.search import Search

Baseline = Callable[[Points, Vector, Points], Vector]
"""From places (n, 2), values (n,) and targets (m, 2) to values (m,) there."""

POWER, NEIGHBOURS = 2.0, 12
"""The exponent and the number of samples that most programs of the field suggest for inverse distances."""


def inverse_distance(xy: Points, values: Vector, targets: Points) -> Vector:
    """The mean of the 12 nearest, weighted by one over the square of the distance (Shepard 1968); exact at samples."""
    distance, near = Search(xy).nearest(targets, NEIGHBOURS)
    closest = distance[:, :1]
    with np.errstate(invalid="ignore"):
        ratio = np.where(distance == closest, 1.0, closest / distance)
    weight = ratio**POWER
    mean: Vector = (weight * values[near]).sum(axis=1) / weight.sum(axis=1)
    return mean


def nearest_sample(xy: Points, values: Vector, targets: Points) -> Vector:
    """The value of the nearest sample (Thiessen 1911)."""
    nearest: Vector = values[Search(xy).nearest(targets, 1)[1][:, 0]]
    return nearest


BASELINES: dict[str, Baseline] = {"inverse-distance": inverse_distance, "nearest-sample": nearest_sample}
"""Every baseline by name; the law tests read this table."""
