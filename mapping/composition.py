"""What goes together in a composition: principal components of log-ratios, which do not mind what else is in the soil.

Concentrations are parts of a whole: when one rises the others must fall, so correlations of raw values mean nothing
(Aitchison 1986, The Statistical Analysis of Compositional Data). Centred log-ratios (clr) take that out. The robust
components are those of the spatial signs in an orthonormal basis (Locantore et al. 1999, Test 8; on the need for one
Filzmoser, Hron & Reimann 2009, Environmetrics 20), so that a few hot spots do not decide what goes together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import helmert
from scipy.stats import median_abs_deviation, norm

from mapping.arrays import Vector

FEWEST_PARTS = 3
MOST_CENSORED = 0.30
MOST_MISSING = 0.10
ROUNDS = 100
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprints:
    """Principal components of a composition.

    `parts` are the names in use, `loadings` (k, parts) orthonormal clr directions, `scores` (n, k) of the `rows` (n,)
    in use, `share` (k,) of the variance, `centre` (parts,) the medians in the original unit. `imputed` is the share of
    values of each part that were known by bounds only; `left_out` says of the other parts why.
    """

    parts: tuple[str, ...]
    loadings: Vector
    scores: Vector
    rows: NDArray[np.int64]
    share: Vector
    centre: Vector
    imputed: Vector
    left_out: tuple[tuple[str, str], ...]
    robust: bool


@dataclass(frozen=True, slots=True)
class LogRatioComponents:
    """The recipe: how many components, robust or classical, and the share of values below detection that a part may
    have; ValueError for what cannot be.
    """

    components: int = 4
    robust: bool = True
    most_censored: float = MOST_CENSORED

    def __post_init__(self) -> None:
        if self.components < 1:
            raise ValueError(f"at least one component is needed, got {self.components}")
        if not 0.0 <= self.most_censored < 1.0:
            raise ValueError(f"the censored share must lie in [0, 1), got {self.most_censored}")

    def find(self, names: Sequence[str], lower: ArrayLike, upper: ArrayLike) -> Fingerprints:
        """The components of bounds (n, parts), NaN where nothing was measured.

        A value known by bounds is taken at the geometric mean of a lognormal distribution between them, fitted to the
        part. ValueError where fewer than three parts or too few complete samples are left.
        """
        low, high = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
        if low.ndim != 2 or low.shape != high.shape or low.shape[1] != len(names):
            raise ValueError(f"{len(names)} names need bounds (n, {len(names)}), got {low.shape} and {high.shape}")
        kept, left_out = self._parts(names, low, high)
        if len(kept) < FEWEST_PARTS:
            raise ValueError(f"{len(kept)} parts can be used, at least {FEWEST_PARTS} are needed")
        low, high = low[:, kept], high[:, kept]
        rows = np.flatnonzero(~np.isnan(low).any(axis=1))
        if len(rows) <= len(kept):
            raise ValueError(f"{len(rows)} complete samples are too few for {len(kept)} parts")
        low, high = low[rows], high[rows]
        logs = np.column_stack([imputed(a, b) for a, b in zip(low.T, high.T, strict=True)])
        loadings, scores, share = _components(logs, min(self.components, len(kept) - 1), robust=self.robust)
        told = tuple(names[index] for index in kept)
        censored = (low < high).mean(axis=0)
        return Fingerprints(
            told, loadings, scores, rows, share, np.exp(np.median(logs, axis=0)), censored, left_out, self.robust
        )

    def _parts(self, names: Sequence[str], low: Vector, high: Vector) -> tuple[list[int], tuple[tuple[str, str], ...]]:
        kept, left_out = [], []
        for index, name in enumerate(names):
            reason = self._unfit(low[:, index], high[:, index])
            if reason:
                left_out.append((name, reason))
            else:
                kept.append(index)
        return kept, tuple(left_out)

    def _unfit(self, low: Vector, high: Vector) -> str | None:
        known = ~np.isnan(low)
        if known.mean() < 1.0 - MOST_MISSING:
            return f"not measured on {1.0 - known.mean():.0%} of the samples"
        censored = float((low[known] < high[known]).mean())
        if censored > self.most_censored:
            return f"{censored:.0%} of the values are known by bounds only"
        if (high[known] <= 0.0).any():
            return "a value of zero or below has no logarithm"
        if np.unique(high[known]).size < 3:
            return "all values are equal"
        return None


def imputed(low: Vector, high: Vector) -> Vector:
    """Logarithms (n,): of what was measured, and the expected ones between bounds of a lognormal fitted to all (EM)."""
    censored = low < high
    with np.errstate(divide="ignore"):
        a, b = np.log(np.maximum(low, 0.0)), np.log(high)
    logs = np.where(censored, np.where(np.isfinite(a), (a + b) / 2.0, b - np.log(2.0)), b)
    logs = np.where(np.isfinite(logs), logs, a)
    variance = np.zeros_like(logs)
    for _ in range(ROUNDS if censored.any() else 0):
        mean, sd = logs.mean(), float(np.sqrt(logs.var() + variance.mean()))
        first, second = _truncated((a[censored] - mean) / sd, (b[censored] - mean) / sd)
        moved = mean + sd * first
        settled = np.abs(moved - logs[censored]).max() < 1e-9
        logs[censored], variance[censored] = moved, sd**2 * second
        if settled:
            break
    return logs


def _truncated(low: Vector, high: Vector) -> tuple[Vector, Vector]:
    """Mean and variance of standard normal variables between bounds (m,)."""
    mass = np.maximum(norm.cdf(high) - norm.cdf(low), 1e-300)
    ends = norm.pdf(low), norm.pdf(high)
    mean = (ends[0] - ends[1]) / mass
    sides = [np.where(np.isfinite(x), x, 0.0) * density for x, density in zip((low, high), ends, strict=True)]
    variance = 1.0 + (sides[0] - sides[1]) / mass - mean**2
    finite_low, finite_high = np.where(np.isfinite(low), low, -40.0), np.where(np.isfinite(high), high, 40.0)
    return np.clip(mean, finite_low, finite_high), np.clip(variance, 0.0, 1.0)


def _components(logs: Vector, count: int, *, robust: bool) -> tuple[Vector, Vector, Vector]:
    """Loadings (k, parts), scores (n, k) and shares (k,) of logarithms (n, parts)."""
    basis = helmert(logs.shape[1])
    balances = logs @ basis.T
    centred = balances - (spatial_median(balances) if robust else balances.mean(axis=0))
    directions = centred
    if robust:
        length = np.linalg.norm(centred, axis=1)
        directions = centred[length > 0.0] / length[length > 0.0, None]
    axes = np.linalg.svd(directions, full_matrices=False)[2]
    scores = centred @ axes.T
    spread = median_abs_deviation(scores, scale="normal") if robust else scores.std(axis=0)
    order = np.argsort(-spread, kind="stable")
    loadings = _turned(axes[order] @ basis)
    share = spread[order] ** 2 / (spread**2).sum()
    return loadings[:count], (centred @ basis) @ loadings[:count].T, share[:count]


def _turned(loadings: Vector) -> Vector:
    """The sign of a direction is arbitrary: its largest loading is made positive."""
    largest = np.take_along_axis(loadings, np.abs(loadings).argmax(axis=1)[:, None], axis=1)
    turned: Vector = loadings * np.sign(largest)
    return turned


def spatial_median(points: Vector) -> Vector:
    """The place (d,) with the least sum of distances to points (n, d), by Weiszfeld's iteration."""
    centre: Vector = np.median(points, axis=0)
    for _ in range(ROUNDS):
        weight = 1.0 / np.maximum(np.linalg.norm(points - centre, axis=1), 1e-12)
        moved = weight @ points / weight.sum()
        if np.abs(moved - centre).max() < 1e-10:
            break
        centre = moved
    return centre
