"""How values fall off with distance from the nearest of some sources, down to the background, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from mapping.arrays import Vector
from mapping.attribution import chosen_sites, default_reaches
from mapping.kriging import FittedKriging
from mapping.least_squares import whitened

STEPS = 60
"""Bisections of a quantile: to the last digit of a float that is shown."""


@dataclass(frozen=True, slots=True, eq=False)
class DecayCurve:
    """Medians (k,) in the original unit at distances (k,) in metres, with a central interval of probability `level`.

    `background` is (low, median, high) far from all sources; `reach` is the likeliest one, in metres; `factor` is
    (low, median, high) of the value at a source over the background, on the original unit.
    """

    distance: Vector
    median: Vector
    low: Vector
    high: Vector
    background: tuple[float, float, float]
    factor: tuple[float, float, float]
    reach: float
    level: float


def decay_curve(
    model: FittedKriging, nearest: ArrayLike, reaches: ArrayLike | None = None, level: float = 0.90
) -> DecayCurve:
    """The curve β₀ + β exp(−d / reach) by generalised least squares, on the model's scale, for distances (n,) of sites.

    Curves of several reaches are averaged with their likelihoods as weights, so that the interval holds what is not
    known of the reach, too. ValueError for distances of another shape.
    """
    apart = np.asarray(nearest, dtype=np.float64)
    if apart.shape != (model.sites.n,) or not np.isfinite(apart).all():
        raise ValueError(f"distances need the shape ({model.sites.n},) and finite numbers")
    tried = default_reaches(model.sites.xy) if reaches is None else np.asarray(reaches, dtype=np.float64)
    fits = _fits(model, apart, tried)
    shown = np.linspace(0.0, float(np.quantile(apart, 0.98)), 61)
    decay = np.exp(-shown[:, None] / tried)
    rows = np.stack([np.ones_like(decay), decay], axis=-1)
    mean = np.einsum("dkp,kp->dk", rows, fits.beta)
    sd = np.sqrt(np.einsum("dkp,kpq,dkq->dk", rows, fits.spread, rows))
    chances = np.array([(1.0 - level) / 2.0, 0.5, (1.0 + level) / 2.0])
    low, median, high = (_quantile(chance, mean, sd, fits.weight) for chance in chances)
    back = model.recipe.transform.backward
    far = [_quantile(p, fits.beta[None, :, 0], np.sqrt(fits.spread[None, :, 0, 0]), fits.weight)[0] for p in chances]
    rise = [_quantile(p, fits.beta[None, :, 1], np.sqrt(fits.spread[None, :, 1, 1]), fits.weight)[0] for p in chances]
    background = tuple(float(back(np.array(each))) for each in far)
    factor = tuple(float(back(np.array(far[1] + each)) / back(np.array(far[1]))) for each in rise)
    best = float(tried[int(fits.weight.argmax())])
    return DecayCurve(shown, back(median), back(low), back(high), background, factor, best, level)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, eq=False)
class _Fits:
    """Of each of K reaches: background and rise (K, 2), their covariance matrix (K, 2, 2) and weight (K,)."""

    beta: Vector
    spread: Vector
    weight: Vector


def _fits(model: FittedKriging, apart: Vector, reaches: Vector) -> _Fits:
    chosen, _ = chosen_sites(apart[:, None], np.random.default_rng(0))
    data = whitened(model, chosen)
    decay = data.white(np.exp(-apart[chosen, None] / reaches))
    one, values = data.white(np.ones((data.n, 1)))[:, 0], data.white(data.values[:, None])[:, 0]
    beta, spread, left = [], [], []
    for column in decay.T:
        design = np.column_stack([one, column])
        inverse = np.linalg.pinv(design.T @ design)
        found = inverse @ (design.T @ values)
        rest = float(((values - design @ found) ** 2).sum())
        beta.append(found)
        spread.append(inverse * rest / (data.n - 2))
        left.append(rest)
    logs = -0.5 * data.n * np.log(np.array(left))
    weight = np.exp(logs - logs.max())
    return _Fits(np.array(beta), np.array(spread), weight / weight.sum())


def _quantile(chance: float, mean: Vector, sd: Vector, weight: Vector) -> Vector:
    """Of mixtures of normal distributions (d, K) with weights (K,), by bisection."""
    width = np.abs(ndtri(chance)) * sd + 1e-12
    low, high = (mean - width).min(axis=1), (mean + width).max(axis=1)
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        below = ndtr((middle[:, None] - mean) / np.maximum(sd, 1e-300)) @ weight < chance
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    found: Vector = (low + high) / 2.0
    return found
