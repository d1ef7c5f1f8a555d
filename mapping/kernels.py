"""How much a neighbour counts by its distance: the weights of a distance band that decays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from mapping.arrays import Vector

NEAREST = 0.01
"""Of the band: inverse distances to samples nearer than this would outweigh all others, at one place infinitely."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """Weights (m,) of neighbours at distances (m,), given as shares 0..1 of the band, and the same in words."""

    weight: Callable[[Vector], Vector]
    words: str


def _inverse(share: Vector) -> Vector:
    return NEAREST / np.maximum(share, NEAREST)


def _bisquare(share: Vector) -> Vector:
    return np.asarray((1.0 - share**2) ** 2)


def _exponential(share: Vector) -> Vector:
    return np.exp(-3.0 * share)


KERNELS: Mapping[str, Kernel] = MappingProxyType(
    {
        "inverse": Kernel(_inverse, "1/distance, the same for all within a hundredth of the band"),
        "bisquare": Kernel(_bisquare, "(1 − (distance/band)²)²"),
        "exponential": Kernel(_exponential, "exp(−3 · distance/band)"),
    }
)


def kernel_named(name: str) -> Kernel:
    """The kernel of that name; ValueError that lists those there are."""
    if name not in KERNELS:
        raise ValueError(f"no decay with distance is called {name!r}; known are {', '.join(KERNELS)}")
    return KERNELS[name]
