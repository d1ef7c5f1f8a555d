"""Covariance functions as values that add up: `Nugget(0.05) + Spherical(0.59, 897.0)`.

Ranges follow gstat: exponential sill·exp(−h/range), Gaussian sill·exp(−(h/range)²), spherical zero from
the range on, Matérn of Bessel functions of h/range. So does geometric anisotropy: `angle` is the direction of the
longest range in degrees clockwise from north, `ratio` the shortest range over the longest.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import cos, radians, sin
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist
from scipy.special import gamma, kv

from mapping.arrays import Points, Vector

CACHED = 32_768
"""Distances at a time: intermediate results stay in the processor's cache."""
ROUND = (0.0, 1.0)
"""The anisotropy (angle, ratio) of a covariance that has none."""


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
        """Covariance at distances `h` in metres, any shape; at h = 0 it is the sill.

        Terms with anisotropy count in the direction of their longest range.
        """
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
        parts = [Sum(terms).covariance(distances(a, b, stretch)) for stretch, terms in self._by_stretch().items()]
        return parts[0] if len(parts) == 1 else np.sum(parts, axis=0)

    def at_offset(self, dx: ArrayLike, dy: ArrayLike) -> Vector:
        """Covariance between places that lie `dx` east and `dy` north of each other, any two shapes that broadcast."""
        offset = np.stack(np.broadcast_arrays(np.asarray(dx, dtype=np.float64), np.asarray(dy, dtype=np.float64)), -1)
        here = np.zeros((*offset.shape[:-1], 1, 2))
        return self.between(offset[..., None, :], here)[..., 0, 0]

    def _by_stretch(self) -> dict[tuple[float, float], tuple[Term, ...]]:
        """The terms by their anisotropy; a nugget goes with any."""
        structured = self.structured
        first = structured[0].stretch if structured else ROUND
        groups: dict[tuple[float, float], tuple[Term, ...]] = {}
        for term in self.terms:
            stretch = term.stretch if isinstance(term, Structure) else first
            groups[stretch] = (*groups.get(stretch, ()), term)
        return groups

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

    `range` is in metres; where `ratio` < 1 it is the longest, in the direction `angle`. `least_nugget` is the share
    of its sill that a fitted model adds as nugget, at least.
    """

    practical: ClassVar[float]
    least_nugget: ClassVar[float] = 0.0
    partial_sill: float
    range: float
    angle: float = field(default=0.0, kw_only=True)
    ratio: float = field(default=1.0, kw_only=True)

    def __post_init__(self) -> None:
        _check_sill(self.partial_sill)
        if not (np.isfinite(self.range) and self.range > 0.0):
            raise ValueError(f"a range must be finite and above zero, got {self.range}")
        if not (np.isfinite(self.angle) and 0.0 < self.ratio <= 1.0):
            raise ValueError(
                f"anisotropy needs a finite angle and a ratio of ranges in (0, 1], got {self.angle} and {self.ratio}"
            )

    @property
    def stretch(self) -> tuple[float, float]:
        """(angle, ratio) where the range depends on the direction."""
        return ROUND if self.ratio == 1.0 else (self.angle % 180.0, self.ratio)

    @abstractmethod
    def shape(self, ratio: Vector) -> Vector:
        """Correlation at distances counted in ranges."""

    def correlation(self, h: Vector) -> Vector:
        """Correlation at distances `h`, one at zero."""
        return self.shape(h / self.range)

    def describe_term(self) -> str:
        """`spherical 0.591 (range 897 m)`."""
        text = f"range {self.range:.4g} m"
        if self.ratio != 1.0:
            text += f" at {self.angle % 180.0:.3g}°, {self.ratio:.3g} of it across"
        return f"{self.name} {self.partial_sill:.3g} ({text})"

    def to_dict_term(self) -> dict[str, Any]:
        """Structure, partial sill and range; anisotropy where there is any."""
        stored = {"structure": self.name, "partial_sill": self.partial_sill, "range": self.range}
        return stored if self.ratio == 1.0 else stored | {"angle": self.angle, "ratio": self.ratio}


class Spherical(Structure):
    """1 − 1.5 h/a + 0.5 (h/a)³ up to the range a, zero beyond."""

    name = "spherical"
    practical = 1.0

    def shape(self, ratio: Vector) -> Vector:
        """The overlap of two spheres of diameter one."""
        within: Vector = np.minimum(ratio, 1.0)
        return 1.0 - within * (1.5 - 0.5 * within * within)


class Exponential(Structure):
    """exp(−h/a); 5 % are left at three ranges."""

    name = "exponential"
    practical = 3.0

    def shape(self, ratio: Vector) -> Vector:
        """exp(−ratio)."""
        return np.exp(-ratio)


class Gaussian(Structure):
    """exp(−(h/a)²), for very smooth fields; 5 % are left at 1.73 ranges.

    Without any nugget its equations are too ill-conditioned to trust (Posa 1989, Mathematical Geology 21).
    """

    name = "gaussian"
    practical = 3.0**0.5
    least_nugget = 1e-3

    def shape(self, ratio: Vector) -> Vector:
        """exp(−ratio²)."""
        return np.exp(-(ratio**2))


@dataclass(frozen=True)
class Matern(Structure):
    """2^(1−ν)/Γ(ν) · (h/a)^ν · K_ν(h/a); its smoothness ν is 0.5 for an exponential and grows with smoothness.

    Half-integers up to 2.5 have closed forms (Stein 1999, section 2.7).
    """

    name = "matern"
    practical = 4.0
    smoothness: float = field(default=1.0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.05 <= self.smoothness <= 20.0:
            raise ValueError(f"the smoothness of a Matérn covariance must lie in [0.05, 20], got {self.smoothness}")

    def shape(self, ratio: Vector) -> Vector:
        """The Matérn correlation of this smoothness."""
        polynomial = {0.5: (1.0,), 1.5: (1.0, 1.0), 2.5: (1 / 3, 1.0, 1.0)}.get(self.smoothness)
        if polynomial is not None:
            return np.asarray(np.polyval(polynomial, ratio) * np.exp(-ratio), dtype=np.float64)
        apart = np.maximum(ratio, 1e-12)
        bessel: Vector = 2.0 ** (1.0 - self.smoothness) / gamma(self.smoothness) * apart**self.smoothness
        return np.where(ratio > 0.0, np.minimum(bessel * kv(self.smoothness, apart), 1.0), 1.0)

    def describe_term(self) -> str:
        """`matern 0.591 (range 150 m), smoothness 1.5`."""
        return f"{super().describe_term()}, smoothness {self.smoothness:.3g}"

    def to_dict_term(self) -> dict[str, Any]:
        """As every structure, and the smoothness."""
        return super().to_dict_term() | {"smoothness": self.smoothness}


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


STRUCTURES: dict[str, type[Structure]] = {kind.name: kind for kind in (Spherical, Exponential, Gaussian, Matern)}
"""Every correlated structure by name: a new one gets its line here."""

DEFAULT_STRUCTURES = ("spherical", "exponential", "gaussian")
"""What a fit tries unless told otherwise."""

SMOOTHNESSES = (0.5, 1.0, 1.5, 2.5)
"""What a least-squares fit of a Matérn covariance tries: empirical variograms hardly tell finer steps apart."""


def structure_named(name: str) -> type[Structure]:
    """The structure called `name`; ValueError that lists the known ones."""
    try:
        return STRUCTURES[name]
    except KeyError:
        raise ValueError(f"no covariance structure is called {name!r}; known are {', '.join(STRUCTURES)}") from None


def prototypes(name: str) -> tuple[Structure, ...]:
    """Structures of sill and range one that a fit called `name` tries: `spherical`, `matern`, `matern:1.5`."""
    kind, _, smoothness = name.partition(":")
    if structure_named(kind) is not Matern:
        return (structure_named(name)(1.0, 1.0),)
    if not smoothness:
        return tuple(Matern(1.0, 1.0, smoothness=each) for each in SMOOTHNESSES)
    try:
        return (Matern(1.0, 1.0, smoothness=float(smoothness)),)
    except ValueError as error:
        raise ValueError(f"structure {name!r}: {error}") from None


def turn(stretch: tuple[float, float]) -> Vector:
    """The matrix (2, 2) that takes coordinates to along and across, across stretched; ROUND leaves them alone."""
    if stretch == ROUND:
        return np.eye(2)
    angle, ratio = radians(stretch[0]), stretch[1]
    return np.array([[sin(angle), cos(angle) / ratio], [cos(angle), -sin(angle) / ratio]])


def distances(a: Points, b: Points, stretch: tuple[float, float]) -> Vector:
    """Distances (..., n, m), those across the direction of the longest range stretched to count like those along."""
    if stretch != ROUND:
        a, b = a @ turn(stretch), b @ turn(stretch)
    if a.ndim == 2 and b.ndim == 2:
        return cdist(a, b)
    dx = a[..., :, None, 0] - b[..., None, :, 0]
    dy = a[..., :, None, 1] - b[..., None, :, 1]
    return np.sqrt(dx * dx + dy * dy)
