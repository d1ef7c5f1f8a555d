"""Classes straight from the bands of a distribution: tiles are coloured by these, without any value being computed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mapping.loops import looped

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Thresholds:
    """Break i is reached where μ + `spread[i]`·σ + `square`·σ² − `lagrange`·m ≥ `level[i]`."""

    spread: Floats
    level: Floats
    square: float
    lagrange: float


def classified(bands: NDArray[np.float32], thresholds: Thresholds) -> NDArray[np.uint8]:
    """The number of the class (…) of each distribution of the bands (3, …), from 1; 0 where there is none."""
    flat = np.ascontiguousarray(bands).reshape(3, -1)
    found = np.empty(flat.shape[1], np.uint8)
    _classify(flat, thresholds.spread, thresholds.level, thresholds.square, thresholds.lagrange, found)
    return found.reshape(bands.shape[1:])


@looped
def _classify(
    bands: NDArray[np.float32],
    spread: Floats,
    level: Floats,
    square: float,
    multiplier: float,
    found: NDArray[np.uint8],
) -> None:
    for k in range(found.size):
        mu, sigma = np.float64(bands[0, k]), np.float64(bands[1, k])
        if np.isnan(mu) or np.isnan(sigma):
            found[k] = 0
            continue
        moved = mu + square * sigma * sigma - multiplier * np.float64(bands[2, k])
        number = 1
        for i in range(level.size):
            number += moved + spread[i] * sigma >= level[i]
        found[k] = number
