"""How much of a map is on the wrong side of a limit, and what new samples whose values nobody knows yet would save.

Let h = |μ − limit| / σ be how many standard deviations a place lies from the limit, and r the share of its variance
that new samples will explain. Their values move the mean by a normal variable of variance rσ², so that the
probability of still calling the place wrongly is, on average over these values,

    Φ(−h) − G(h, r),   G(h, r) = 2 T(h, ∞) − 2 T(h, √((1 − r) / r)) = 1/π ∫₀^{asin √r} exp(−h² / (2 sin² φ)) dφ

with Owen's function T (Owen 1956, Ann. Math. Stat. 27). It depends on the new samples through r alone: any number of
them, in any order, has an exact expectation. G is 0 at r = 0 and Φ(−h) at r = 1.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, owens_t

from mapping.arrays import Vector
from mapping.loops import inner, looped

FARTHEST = 5.0
"""Of h / √r: beyond, G is less than 1e-6 of √r."""
STEPS = (700, 64)
"""Of the table, which stays in the processor's cache."""


def saved(h: ArrayLike, r: ArrayLike) -> Vector:
    """G(h, r): the expected saving of misclassification; any shapes that broadcast, 0 ≤ r ≤ 1."""
    away, share = np.abs(np.asarray(h, dtype=np.float64)), np.clip(np.asarray(r, dtype=np.float64), 0.0, 1.0)
    left = np.sqrt((1.0 - share) / np.maximum(share, 1e-300))
    gained: Vector = ndtr(-away) - 2.0 * owens_t(away, left)
    return np.where(share > 0.0, np.maximum(gained, 0.0), 0.0)


@cache
def table() -> Vector:
    """G(u √r, r) / √r at u = h / √r up to FARTHEST (rows) and at asin √r up to π/2 (columns): smooth in both."""
    u = np.linspace(0.0, FARTHEST, STEPS[0] + 1)[:, None]
    root = np.sin(np.linspace(0.0, np.pi / 2.0, STEPS[1] + 1)[None, :])
    known = np.maximum(root, 1e-3)
    values: Vector = saved(u * known, known**2) / known
    values.setflags(write=False)
    return values


@inner
def _looked_up(h: float, r: float, values: Vector) -> float:  # pragma: no cover - compiled
    """G(h, r) from the table, bilinear."""
    if r <= 0.0:
        return 0.0
    root = min(np.sqrt(r), 1.0)
    row = h / root * ((values.shape[0] - 1) / FARTHEST)
    if row >= values.shape[0] - 1:
        return 0.0
    column = np.arcsin(root) * ((values.shape[1] - 1) * 2.0 / np.pi)
    i, j = int(row), min(int(column), values.shape[1] - 2)
    down, along = row - i, column - j
    above = values[i, j] * (1.0 - along) + values[i, j + 1] * along
    below = values[i + 1, j] * (1.0 - along) + values[i + 1, j + 1] * along
    return float(root * (above * (1.0 - down) + below * down))


@looped
def errors_saved(
    covariance: Vector,
    precision: Vector,
    relative: Vector,
    away: Vector,
    explained: Vector,
    values: Vector,
    gained: Vector,
) -> None:  # pragma: no cover - compiled
    """The mean saving (c,) of samples with covariances (c, t) to 1e-4, by the table `values`.

    `precision` (c,) are 1 / (K(s, s) + τ²), `relative` (t,) 1 / σ², `away` (t,) is h, and `explained` (t,) is r so far.
    """
    cells = covariance.shape[1]
    before = np.empty(cells)
    for cell in range(cells):
        before[cell] = _looked_up(away[cell], explained[cell], values)
    for row in range(len(covariance)):
        total = 0.0
        for cell in range(cells):
            share = explained[cell] + covariance[row, cell] ** 2 * precision[row] * relative[cell]
            if away[cell] ** 2 < FARTHEST**2 * share:
                total += _looked_up(away[cell], share, values) - before[cell]
        gained[row] = total / cells
