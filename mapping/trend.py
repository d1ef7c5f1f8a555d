"""What kriging does not know beforehand: trend functions of the place, estimated by generalised least squares.

A *place* is a row of numbers: easting, northing, then the covariates of that place.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from mapping.arrays import Vector

KINDS = ("simple", "ordinary", "universal")
"""No trend (known mean), an unknown mean, a polynomial of the coordinates and the covariates."""
DEPENDENT = 1e-9
"""Relative to its own length: what is left of a column that the columns before it explain."""


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """Trend functions of places (..., 2 + k) to (..., p): products of powers of the standardised numbers.

    `powers` (p, 2 + k) holds the exponents, `centre` and `scale` (2 + k,) what the numbers are standardised with:
    it keeps the equations well-conditioned and changes no prediction.
    """

    powers: Vector
    centre: Vector
    scale: Vector

    @property
    def p(self) -> int:
        """How many functions."""
        return len(self.powers)

    def __call__(self, places: Vector) -> Vector:
        """The functions at places (..., 2 + k)."""
        if self.p == 0:
            return np.empty((*places.shape[:-1], 0))
        if not self.powers.any():
            return np.ones((*places.shape[:-1], self.p))
        standard = (places - self.centre) / self.scale
        columns: Vector = np.prod(standard[..., None, :] ** self.powers, axis=-1)
        return columns


def trend_of(kind: str, degree: int | None, places: Vector) -> tuple[Trend, tuple[str, ...]]:
    """The trend of a kind of kriging for data at places (n, 2 + k), and notes.

    Universal kriging has a polynomial of `degree` in the coordinates (None: 1 without covariates, else 0) and each
    covariate. Functions that the data cannot tell apart from those before them are left out, with a note.
    """
    width = places.shape[1]
    covariates = width - 2 if kind == "universal" else 0
    powers = {"simple": np.empty((0, width)), "ordinary": np.zeros((1, width))}.get(kind)
    if powers is None:
        powers = _powers(width, (0 if covariates else 1) if degree is None else degree)
    scale = places.std(axis=0)
    trend = Trend(powers, places.mean(axis=0), np.where(scale > 0.0, scale, 1.0))
    independent = _independent(trend(places))
    if len(independent) == trend.p:
        return trend, ()
    note = (
        f"{trend.p - len(independent)} of {trend.p} trend functions cannot be told apart from the others at these "
        "places and were left out"
    )
    return Trend(powers[independent], trend.centre, trend.scale), (note,)


def _powers(width: int, degree: int) -> Vector:
    """Exponents of all monomials of the coordinates up to `degree`, then of each covariate."""
    rows = [np.zeros(width)]
    for order in range(1, degree + 1):
        for axes in combinations_with_replacement((0, 1), order):
            rows.append(np.bincount(axes, minlength=width).astype(np.float64))
    rows.extend(np.eye(width)[2:])
    return np.array(rows)


def _independent(columns: Vector) -> list[int]:
    """The columns (n, p) that those before them do not explain, fewer than there are data."""
    kept: list[int] = []
    basis: list[Vector] = []
    for index, column in enumerate(columns.T):
        rest = column.copy()
        for axis in basis + basis:
            rest -= (axis @ rest) * axis
        length = float(np.linalg.norm(rest))
        room = len(kept) < max(len(columns) - 1, 1)
        if room and length > DEPENDENT * float(np.linalg.norm(column)):
            kept.append(index)
            basis.append(rest / length)
    return kept
