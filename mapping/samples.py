"""Samples: what was measured where, with detection limits as what they are: bounds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import Points, Vector, as_points, read_only


def _first(bad: NDArray[np.bool_]) -> int:
    return int(np.flatnonzero(bad)[0])


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Point samples of one contaminant, one medium and one procedure, in metres and one unit.

    `xy` (n, 2) is easting and northing; `lower` and `upper` (n,) bound the value. A measured value has
    lower = upper; `<0.05` is (0, 0.05) or (-inf, 0.05); `>1000` is (1000, inf); a value between detection
    and quantification limit is that interval. `error_variance` (n,) is the variance of the measurement
    error in the square of the unit; None where it is not known and part of the nugget. A fitted variogram is
    that of the field without these errors, and so is the map. `covariates` (n, k) are numbers known at every place,
    such as the distance to a river, that a trend may depend on.

    Raises ValueError, naming the sample, for anything that is not so. Arrays are copied and read-only.
    """

    xy: Points
    lower: Vector
    upper: Vector
    error_variance: Vector | None = None
    covariates: Vector | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "xy", read_only(as_points(self.xy)))
        for name in ("lower", "upper", "error_variance", "covariates"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, read_only(given))
        self._check_lengths()
        self._check_bounds()
        self._check_errors()
        self._check_covariates()

    @classmethod
    def measured(
        cls,
        xy: ArrayLike,
        value: ArrayLike,
        error_variance: ArrayLike | None = None,
        covariates: ArrayLike | None = None,
    ) -> Samples:
        """Samples (n, 2) whose values (n,) are all above their detection limits."""
        values = read_only(value)
        errors = None if error_variance is None else read_only(error_variance)
        known = None if covariates is None else read_only(covariates)
        return cls(np.asarray(xy, dtype=np.float64), values, values, errors, known)

    @property
    def n(self) -> int:
        """How many samples."""
        return len(self.lower)

    @property
    def censored(self) -> NDArray[np.bool_]:
        """True (n,) where only bounds are known."""
        return self.lower < self.upper

    @property
    def value(self) -> Vector:
        """The measured values (n,); ValueError when any sample is known by bounds only."""
        if self.censored.any():
            row = _first(self.censored)
            raise ValueError(
                f"sample {row} is known only to lie between {self.lower[row]:g} and {self.upper[row]:g}: "
                "it has no single value"
            )
        return self.upper

    def subset(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Samples:
        """The samples of a mask (n,) or of indices; ValueError where that leaves none."""
        columns = (self.error_variance, self.covariates)
        errors, covariates = (None if each is None else each[chosen] for each in columns)
        return Samples(self.xy[chosen], self.lower[chosen], self.upper[chosen], errors, covariates)

    def digest(self) -> str:
        """SHA-256 over places, bounds, errors and covariates, in their order: the identity of a map's input."""
        parts = [self.xy, self.lower, self.upper]
        parts += [part for part in (self.error_variance, self.covariates) if part is not None]
        return hashlib.sha256(b"".join(part.astype("<f8").tobytes() for part in parts)).hexdigest()

    def _check_lengths(self) -> None:
        n = len(self.xy)
        if n == 0:
            raise ValueError("no samples: at least one is needed")
        for name in ("lower", "upper", "error_variance"):
            array = getattr(self, name)
            if array is not None and array.shape != (n,):
                raise ValueError(f"{name} needs one number for each of the {n} places, got shape {array.shape}")

    def _check_bounds(self) -> None:
        unordered = ~(self.lower <= self.upper)
        if unordered.any():
            row = _first(unordered)
            raise ValueError(f"sample {row}: lower {self.lower[row]} must not be above upper {self.upper[row]}")
        empty = (self.lower == np.inf) | (self.upper == -np.inf)
        if empty.any():
            raise ValueError(f"sample {_first(empty)}: an infinite value is not a measurement")

    def _check_errors(self) -> None:
        if self.error_variance is None:
            return
        bad = ~(np.isfinite(self.error_variance) & (self.error_variance >= 0))
        if bad.any():
            row = _first(bad)
            raise ValueError(
                f"sample {row}: error variance must be finite and not negative, got {self.error_variance[row]}"
            )

    def _check_covariates(self) -> None:
        if self.covariates is None:
            return
        if self.covariates.ndim != 2 or len(self.covariates) != self.n:
            raise ValueError(f"covariates need the shape ({self.n}, k), got {self.covariates.shape}")
        bad = np.asarray(~np.isfinite(self.covariates).all(axis=1))
        if bad.any():
            row = _first(bad)
            raise ValueError(f"sample {row}: covariates must be finite, got {tuple(self.covariates[row].tolist())}")
