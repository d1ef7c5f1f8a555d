"""Covariances as compiled loops, to the last bit the same in whatever company they are evaluated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Points, Vector
from mapping.covariance import Covariance, Exponential, Gaussian, Matern, Spherical, Structure, turn
from mapping.loops import inner, looped

SPHERICAL, EXPONENTIAL, GAUSSIAN, THREE_HALVES, FIVE_HALVES = range(5)
SHIFT = 6755399441055744.0
"""1.5 · 2⁵²: added to a number it leaves the nearest whole one in the low bits."""
LOG2_E, LN2_HIGH, LN2_LOW = 1.4426950408889634, 6.93147180369123816490e-01, 1.90821492927058770002e-10


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A covariance as numbers: per structure (s, 3) its kind, sill and inverse range; sill and nugget of the whole.

    `turn` (2, 2) takes coordinates to where distances are isotropic.
    """

    terms: Vector
    sill: float
    nugget: float
    turn: Vector

    @property
    def numbers(self) -> tuple[Vector, float, float]:
        """Terms, sill and nugget."""
        return self.terms, self.sill, self.nugget

    def turned(self, xy: Points) -> Points:
        """Places (n, 2 + k) where distances are isotropic."""
        return turned(xy, self.turn)


def turned(xy: Points, by: Vector) -> Points:
    """Places (n, 2 + k) times a matrix (2, 2): each depends on its own coordinates alone, to the last bit."""
    return np.ascontiguousarray(xy[:, :1] * by[0] + xy[:, 1:2] * by[1])


def compiled(covariance: Covariance) -> Compiled | None:
    """The covariance in numbers; None where it has Bessel functions or several anisotropies."""
    terms = [(_kind(term), term.partial_sill, 1.0 / term.range) for term in covariance.structured]
    stretches = {term.stretch for term in covariance.structured}
    if len(stretches) > 1 or any(kind is None for kind, *_ in terms):
        return None
    known = np.array(terms, dtype=np.float64).reshape(-1, 3)
    stretch = next(iter(stretches), (0.0, 1.0))
    return Compiled(known, covariance.sill, covariance.nugget, turn(stretch))


def _kind(term: Structure) -> int | None:
    if isinstance(term, Matern):
        return {0.5: EXPONENTIAL, 1.5: THREE_HALVES, 2.5: FIVE_HALVES}.get(term.smoothness)
    return {Spherical: SPHERICAL, Exponential: EXPONENTIAL, Gaussian: GAUSSIAN}.get(type(term))


def covariances(model: Compiled, a: Points, b: Points) -> Vector:
    """Covariances (n, m) between places a (n, 2) and b (m, 2).

    On one processor: a second pool of threads, waiting busily, would take theirs from the BLAS that comes next.
    """
    return np.asarray(_matrix(model.terms, model.nugget, model.turned(a), model.turned(b)), dtype=np.float64)


@looped
def _matrix(terms: Vector, nugget: float, a: Points, b: Points) -> Vector:  # pragma: no cover - compiled
    total = np.empty((len(a), len(b)))
    x, y = b[:, 0].copy(), b[:, 1].copy()
    h, work, power = np.empty(len(b)), np.empty(len(b)), np.empty(len(b))
    for row in range(len(a)):
        for column in range(len(b)):
            dx, dy = x[column] - a[row, 0], y[column] - a[row, 1]
            h[column] = np.sqrt(dx * dx + dy * dy)
        correlate(h, terms, total[row], work, power)
        for column in range(len(b)):
            if h[column] == 0.0:
                total[row, column] += nugget
    return total


@inner
def _exp(x: Vector, power: Vector, bits: NDArray[np.int64]) -> None:  # pragma: no cover - compiled
    """exp(−x) in place for x ≥ 0, in steps that compile to vector instructions; `bits` are those of `power`.

    2ⁿ times a series about zero, after Cody & Waite (1980, Software Manual for the Elementary Functions).
    """
    for i in range(len(x)):
        x[i] = -x[i] if x[i] < 700.0 else -700.0
        power[i] = SHIFT + x[i] * LOG2_E
    for i in range(len(x)):
        whole = power[i] - SHIFT
        f = (x[i] - whole * LN2_HIGH) - whole * LN2_LOW
        series = 1 / 39916800 + f * (1 / 479001600)
        series = 1 / 362880 + f * (1 / 3628800 + f * series)
        series = 1 / 5040 + f * (1 / 40320 + f * series)
        series = 1 / 120 + f * (1 / 720 + f * series)
        series = 1 / 6 + f * (1 / 24 + f * series)
        x[i] = 1.0 + f * (1.0 + f * (0.5 + f * series))
    for i in range(len(x)):
        bits[i] = (bits[i] + 1023) << 52
    for i in range(len(x)):
        x[i] *= power[i]


@inner
def correlate(h: Vector, terms: Vector, out: Vector, x: Vector, power: Vector) -> None:  # pragma: no cover - compiled
    """Covariances without nugget at distances h, into `out`; x and power are room to work in, all of one length."""
    for i in range(len(h)):
        out[i] = 0.0
    for kind, sill, inverse in terms:
        if kind == SPHERICAL:
            for i in range(len(h)):
                r = h[i] * inverse
                out[i] += sill * (1.0 - r * (1.5 - 0.5 * r * r)) if r < 1.0 else 0.0
            continue
        for i in range(len(h)):
            x[i] = h[i] * inverse * (h[i] * inverse if kind == GAUSSIAN else 1.0)
        _exp(x, power, power.view(np.int64))
        linear, square = (1.0 if kind >= THREE_HALVES else 0.0), (1.0 / 3.0 if kind == FIVE_HALVES else 0.0)
        for i in range(len(h)):
            r = h[i] * inverse
            out[i] += sill * (1.0 + r * (linear + r * square)) * x[i]
