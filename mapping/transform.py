"""Transforms between the original unit and the scale on which the field is taken as Gaussian."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mapping.arrays import Vector

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(41)
"""Gauss-Hermite rule for the standard normal distribution (weights before normalisation)."""


class Transform(Protocol):
    """A strictly increasing map from the original unit to the model's scale, and back."""

    @property
    def name(self) -> str:
        """The name under which `transform_named` finds it again."""
        ...

    @property
    def domain(self) -> tuple[float, float]:
        """The open interval of values in the original unit that can be transformed."""
        ...

    def forward(self, value: Vector) -> Vector:
        """Original unit to model scale; the ends of the domain and beyond go to its infinite ends."""
        ...

    def backward(self, score: Vector) -> Vector:
        """Model scale to original unit."""
        ...

    def slope(self, value: Vector) -> Vector:
        """The derivative of `forward` at a value in the original unit."""
        ...

    def moments(self, mean: Vector, variance: Vector) -> tuple[Vector, Vector]:
        """Expected value and variance, in the original unit, of a normal variable on the model's scale."""
        ...


@dataclass(frozen=True, slots=True)
class Identity:
    """No transform: the field itself is Gaussian."""

    name = "identity"
    domain = (-np.inf, np.inf)

    def forward(self, value: Vector) -> Vector:
        """The value itself."""
        return np.asarray(value, dtype=np.float64)

    def backward(self, score: Vector) -> Vector:
        """The score itself."""
        return np.asarray(score, dtype=np.float64)

    def slope(self, value: Vector) -> Vector:
        """One everywhere."""
        return np.ones_like(value, dtype=np.float64)

    def moments(self, mean: Vector, variance: Vector) -> tuple[Vector, Vector]:
        """The mean and variance themselves."""
        return mean, variance


@dataclass(frozen=True, slots=True)
class Log:
    """The natural logarithm: concentrations are lognormal."""

    name = "log"
    domain = (0.0, np.inf)

    def forward(self, value: Vector) -> Vector:
        """ln(value); minus infinity for zero and below."""
        positive = np.maximum(np.asarray(value, dtype=np.float64), 0.0)
        with np.errstate(divide="ignore"):
            return np.log(positive)

    def backward(self, score: Vector) -> Vector:
        """exp(score); infinite beyond what a float holds."""
        with np.errstate(over="ignore"):
            return np.exp(score)

    def slope(self, value: Vector) -> Vector:
        """1 / value."""
        return 1.0 / value

    def moments(self, mean: Vector, variance: Vector) -> tuple[Vector, Vector]:
        """exp(μ + σ²/2) and its square times exp(σ²) − 1, the moments of the lognormal distribution."""
        with np.errstate(over="ignore", invalid="ignore"):
            expected = np.exp(mean + variance / 2.0)
            return expected, expected**2 * np.expm1(variance)


@dataclass(frozen=True, slots=True)
class BoxCox:
    """(value^power − 1) / power for a power above zero (Box & Cox 1964); power 0.5 is the square root.

    Scores below −1/power have no original; they go back to zero.
    """

    power: float

    domain = (0.0, np.inf)

    def __post_init__(self) -> None:
        if not 0.0 < self.power <= 2.0:
            raise ValueError(f"a Box-Cox power must lie in (0, 2], got {self.power} (use log for 0)")

    @property
    def name(self) -> str:
        """`boxcox:` and the power."""
        return f"boxcox:{self.power!r}"

    def forward(self, value: Vector) -> Vector:
        """(value^power − 1) / power; minus infinity for zero and below, where the density ends."""
        positive = np.maximum(np.asarray(value, dtype=np.float64), 0.0)
        return np.where(positive > 0.0, (positive**self.power - 1.0) / self.power, -np.inf)

    def backward(self, score: Vector) -> Vector:
        """(1 + power · score)^(1/power), zero where that base is negative."""
        base = 1.0 + self.power * np.asarray(score, dtype=np.float64)
        return np.maximum(base, 0.0) ** (1.0 / self.power)

    def slope(self, value: Vector) -> Vector:
        """value^(power − 1)."""
        return np.asarray(value, dtype=np.float64) ** (self.power - 1.0)

    def moments(self, mean: Vector, variance: Vector) -> tuple[Vector, Vector]:
        """By Gauss-Hermite quadrature with 41 nodes."""
        return quadrature_moments(self.backward, mean, variance)


def quadrature_moments(backward: Callable[[Vector], Vector], mean: Vector, variance: Vector) -> tuple[Vector, Vector]:
    """Mean and variance of `backward` of a normal variable, any shape, one node at a time."""
    mean, sd = np.asarray(mean, dtype=np.float64), np.sqrt(np.maximum(variance, 0.0))
    first, second = np.zeros(mean.shape), np.zeros(mean.shape)
    for node, weight in zip(NODES, WEIGHTS / WEIGHTS.sum(), strict=True):
        value = backward(mean + node * sd)
        first += weight * value
        second += weight * value**2
    return first, np.maximum(second - first**2, 0.0)


def transform_named(name: str) -> Transform:
    """The transform called `identity`, `log` or `boxcox:<power>`; ValueError for another name."""
    if name == "identity":
        return Identity()
    if name == "log":
        return Log()
    kind, _, power = name.partition(":")
    if kind == "boxcox":
        try:
            return BoxCox(float(power))
        except ValueError as error:
            raise ValueError(f"transform {name!r}: {error}") from None
    raise ValueError(f"no transform is called {name!r}; known are identity, log and boxcox:<power>")


def as_transform(given: Transform | str) -> Transform:
    """A transform given as itself or by its name."""
    return transform_named(given) if isinstance(given, str) else given
