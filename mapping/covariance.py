"""Covariance functions as values that add up: `Nugget(0.05) + Spherical(0.59, 897.0)`.

Ranges follow gstat: exponential sill·exp(−h/range), Gaussian sill·exp(−(h/range)²), spherical zero from
the range on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from mapping.arrays import Points, Vector

CACHED = 32_768
"""Distances at a time: intermediate results stay in the processor's cache."""


class Covariance(ABC):
    """A stationary covariance in the plane: one term or a sum of terms."""

    @property
    @abstractmethod
    def terms(self) -> tuple[Term, ...]:
        """The terms that add up to it."""

    @property
    def sill(self) -> float:
        """The variance of the field, nugget included."""
        return sum(term.partial_sill for term in self.terms)

    @property
    def nugget(self) -> float:
        """The part of the variance without correlation between places."""
        return sum(term.partial_sill for term in self.terms if isinstance(term, Nugget))

    @property
    def structured(self) -> tuple[Structure, ...]:
        """The terms with correlation between places."""
        return tuple(term for term in self.terms if isinstance(term, Structure))

    def covariance(self, h: ArrayLike) -> Vector:
        """Covariance at distances `h` in metres, any shape; at h = 0 it is the sill."""
        distance = np.asarray(h, dtype=np.float64)
        total = np.zeros(distance.shape)
        near, summed = distance.reshape(-1), total.reshape(-1)
        for start in range(0, near.size, CACHED):
            part = slice(start, start + CACHED)
            for term in self.terms:
                summed[part] += term.partial_sill * term.correlation(near[part])
        return total

    def semivariance(self, h: ArrayLike) -> Vector:
        """sill − covariance(h), zero at h = 0."""
        gamma: Vector = self.sill - self.covariance(h)
        return gamma

    def between(self, a: Points, b: Points) -> Vector:
        """Covariances (..., n, m) between places a (..., n, 2) and b (..., m, 2)."""
        if a.ndim == 2 and b.ndim == 2:
            return self.covariance(cdist(a, b))
        dx = a[..., :, None, 0] - b[..., None, :, 0]
        dy = a[..., :, None, 1] - b[..., None, :, 1]
        return self.covariance(np.sqrt(dx * dx + dy * dy))

    def __add__(self, other: Covariance) -> Covariance:
        return Sum(self.terms + other.terms)

    def describe(self) -> str:
        """One phrase for a reader: `nugget 0.0507 + spherical 0.591 (range 897 m)`."""
        return " + ".join(term.describe_term() for term in self.terms)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and names; `Covariance.from_dict` brings it back exactly."""
        return {"terms": [term.to_dict_term() for term in self.terms]}

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> Covariance:
        """The covariance that `to_dict` wrote; ValueError when it names an unknown structure."""
        terms: list[Term] = []
        for entry in stored["terms"]:
            parameters = {key: value for key, value in entry.items() if key != "structure"}
            name = entry["structure"]
            terms.append(Nugget(**parameters) if name == Nugget.name else structure_named(name)(**parameters))
        return terms[0] if len(terms) == 1 else Sum(tuple(terms))


class Term(Covariance):
    """One summand: its part of the sill and a correlation function."""

    name: ClassVar[str]
    partial_sill: float

    @property
    def terms(self) -> tuple[Term, ...]:
        """Itself."""
        return (self,)

    @abstractmethod
    def correlation(self, h: Vector) -> Vector:
        """Correlation at distances `h`, one at zero."""

    @abstractmethod
    def describe_term(self) -> str:
        """Name and parameters for a reader."""

    @abstractmethod
    def to_dict_term(self) -> dict[str, Any]:
        """Name and parameters for a machine."""


def _check_sill(sill: float) -> None:
    if not (np.isfinite(sill) and sill >= 0.0):
        raise ValueError(f"a sill must be finite and not negative, got {sill}")


@dataclass(frozen=True)
class Nugget(Term):
    """Variance without spatial correlation: measurement error and what varies below the sampling scale."""

    name = "nugget"
    partial_sill: float

    def __post_init__(self) -> None:
        _check_sill(self.partial_sill)

    def correlation(self, h: Vector) -> Vector:
        """One at distance zero, else zero."""
        same: Vector = (h == 0.0).astype(np.float64)
        return same

    def describe_term(self) -> str:
        """`nugget 0.0507`."""
        return f"nugget {self.partial_sill:.3g}"

    def to_dict_term(self) -> dict[str, Any]:
        """Structure and partial sill."""
        return {"structure": self.name, "partial_sill": self.partial_sill}


@dataclass(frozen=True)
class Structure(Term):
    """A correlation that falls with distance; `practical` ranges away it is (almost) gone.

    `least_nugget` is the share of its sill that a fitted model adds as nugget, at least.
    """

    practical: ClassVar[float]
    least_nugget: ClassVar[float] = 0.0
    partial_sill: float
    range: float

    def __post_init__(self) -> None:
        _check_sill(self.partial_sill)
        if not (np.isfinite(self.range) and self.range > 0.0):
            raise ValueError(f"a range must be finite and above zero, got {self.range}")

    @staticmethod
    @abstractmethod
    def shape(ratio: Vector) -> Vector:
        """Correlation at distances counted in ranges."""

    def correlation(self, h: Vector) -> Vector:
        """Correlation at distances `h`, one at zero."""
        return self.shape(h / self.range)

    def describe_term(self) -> str:
        """`spherical 0.591 (range 897 m)`."""
        return f"{self.name} {self.partial_sill:.3g} (range {self.range:.4g} m)"

    def to_dict_term(self) -> dict[str, Any]:
        """Structure, partial sill and range."""
        return {"structure": self.name, "partial_sill": self.partial_sill, "range": self.range}


class Spherical(Structure):
    """1 − 1.5 h/a + 0.5 (h/a)³ up to the range a, zero beyond."""

    name = "spherical"
    practical = 1.0

    @staticmethod
    def shape(ratio: Vector) -> Vector:
        """The overlap of two spheres of diameter one."""
        within: Vector = np.minimum(ratio, 1.0)
        return 1.0 - within * (1.5 - 0.5 * within * within)


class Exponential(Structure):
    """exp(−h/a); 5 % are left at three ranges."""

    name = "exponential"
    practical = 3.0

    @staticmethod
    def shape(ratio: Vector) -> Vector:
        """exp(−ratio)."""
        return np.exp(-ratio)


class Gaussian(Structure):
    """exp(−(h/a)²), for very smooth fields; 5 % are left at 1.73 ranges.

    Without any nugget its equations are too ill-conditioned to trust (Posa 1989, Mathematical Geology 21).
    """

    name = "gaussian"
    practical = 3.0**0.5
    least_nugget = 1e-3

    @staticmethod
    def shape(ratio: Vector) -> Vector:
        """exp(−ratio²)."""
        return np.exp(-(ratio**2))


@dataclass(frozen=True)
class Sum(Covariance):
    """Several terms that act together."""

    parts: tuple[Term, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("a covariance needs at least one term")

    @property
    def terms(self) -> tuple[Term, ...]:
        """The parts."""
        return self.parts


STRUCTURES: dict[str, type[Structure]] = {kind.name: kind for kind in (Spherical, Exponential, Gaussian)}
"""Every correlated structure by name: a new one gets its line here."""


def structure_named(name: str) -> type[Structure]:
    """The structure called `name`; ValueError that lists the known ones."""
    try:
        return STRUCTURES[name]
    except KeyError:
        raise ValueError(f"no covariance structure is called {name!r}; known are {', '.join(STRUCTURES)}") from None
