"""Transforms between the original unit and the scale on which the field is taken as Gaussian."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np

from mapping.arrays import Vector

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(41)
"""Gauss-Hermite rule for the standard normal distribution (weights before normalisation)."""


class Transform(Protocol):
    """A strictly increasing map from the original unit to the model's scale, and back."""

    @property
    def name(self) -> str:
        """What readers call it."""
        ...

    @property
    def spec(self) -> str:
        """The text from which `transform_named` makes it again."""
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

    name = spec = "identity"
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

    name = spec = "log"
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

    @property
    def spec(self) -> str:
        """The name."""
        return self.name

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


@dataclass(frozen=True)
class NormalScore:
    """The standard normal quantile of each value's rank: any shape of distribution becomes a normal one.

    `knots` are pairs (value, score), both rising; between them, and beyond with the slope `tail`, the logarithm of
    the value is linear in the score, so that the tails are lognormal and moments exist (Deutsch & Journel 1998,
    GSLIB, section V.1.6, on the choice of tails). ValueError for fewer than two knots, or any that do not rise.
    """

    knots: tuple[tuple[float, float], ...]
    tail: float

    name = "normal-score"
    domain = (0.0, np.inf)

    def __post_init__(self) -> None:
        known = np.array(self.knots, dtype=np.float64).reshape(-1, 2)
        rising = len(known) >= 2 and bool((np.diff(known, axis=0) > 0.0).all()) and known[0, 0] > 0.0
        if not (rising and np.isfinite(known).all() and 0.0 < self.tail < np.inf):
            raise ValueError("a normal score needs two or more knots of rising values above zero, and a tail")

    @property
    def spec(self) -> str:
        """`normal-score:` and the tail and knots, encoded."""
        numbers = np.array([self.tail, *np.ravel(self.knots)], dtype="<f8")
        return f"{self.name}:{urlsafe_b64encode(numbers.tobytes()).decode()}"

    @classmethod
    def parse(cls, text: str) -> NormalScore:
        """What `spec` wrote behind its colon; ValueError for anything else."""
        tail, *rest = np.frombuffer(urlsafe_b64decode(text.encode()), dtype="<f8").tolist() or [0.0]
        return cls(tuple(zip(rest[::2], rest[1::2], strict=True)), tail)

    @cached_property
    def _lines(self) -> tuple[Vector, Vector]:
        """Logarithms and scores (k + 2,) of the knots and of a far point on each tail."""
        log, score = np.log([value for value, _ in self.knots]), np.array([score for _, score in self.knots])
        far = 100.0
        ends = np.concatenate([[log[0] - far * self.tail], log, [log[-1] + far * self.tail]])
        return ends, np.concatenate([[score[0] - far], score, [score[-1] + far]])

    def forward(self, value: Vector) -> Vector:
        """The score of a value; minus infinity for zero and below."""
        log, score = self._lines
        given = Log().forward(value)
        inside: Vector = np.interp(given, log, score)
        return np.where(np.isinf(given), given, np.where(np.isnan(given), np.nan, inside))

    def backward(self, score: Vector) -> Vector:
        """The value of a score."""
        log, known = self._lines
        return np.exp(np.interp(np.asarray(score, dtype=np.float64), known, log))

    def slope(self, value: Vector) -> Vector:
        """That of the line the value lies on, by the value."""
        log, score = self._lines
        given = np.log(np.asarray(value, dtype=np.float64))
        line = np.clip(np.searchsorted(log, given, side="right") - 1, 0, len(log) - 2)
        steepness: Vector = (np.diff(score) / np.diff(log))[line] / value
        return steepness

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


@lru_cache(maxsize=64)
def transform_named(spec: str) -> Transform:
    """The transform called `identity`, `log`, `boxcox:<power>` or `normal-score:<knots>`; ValueError for another."""
    if spec in ("identity", "log"):
        return Identity() if spec == "identity" else Log()
    kind, _, rest = spec.partition(":")
    if kind not in ("boxcox", "normal-score"):
        raise ValueError(f"no transform is called {spec!r}; known are identity, log, boxcox:<power> and normal-score")
    try:
        return BoxCox(float(rest)) if kind == "boxcox" else NormalScore.parse(rest)
    except ValueError as error:
        raise ValueError(f"transform {spec[:40]!r}: {error}") from None


def as_transform(given: Transform | str) -> Transform:
    """A transform given as itself or by its `spec`."""
    return transform_named(given) if isinstance(given, str) else given
