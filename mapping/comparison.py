"""Methods against each other and against the baselines, each fitted anew to what every fold leaves.

A method of kriging is scored by its distribution, a baseline by its number: the CRPS of a number is its absolute error
(Gneiting & Raftery 2007), so that all stand in one column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from mapping.arrays import Points, Vector
from mapping.baselines import BASELINES, Baseline
from mapping.folds import Folds, Labels, folds_for
from mapping.samples import Samples
from mapping.transform import Log, Transform

LEVELS = np.arange(1, 200) / 200.0
"""Of the quantiles that stand for a distribution; the CRPS from them is true to about a hundredth."""


class Distribution(Protocol):
    """What a fitted method says at places."""

    def quantile(self, p: ArrayLike) -> Vector:
        """Values (m,) in the original unit below which the truth lies with probability `p`."""
        ...


class Fitted(Protocol):
    """A method that has seen samples."""

    def predict(self, xy: ArrayLike, covariates: ArrayLike | None = None) -> Distribution:
        """Distributions at places (m, 2) with covariates (m, k)."""
        ...


class Recipe(Protocol):
    """A method before it has seen samples: `Kriging`, `Forest`."""

    def fit(self, samples: Samples) -> Fitted:
        """Fit to samples."""
        ...


Predict = Callable[[Samples, Samples], Vector]
"""Quantiles (m, levels) on the common scale at left-out samples, from the others."""


@dataclass(frozen=True, slots=True)
class Score:
    """How one method did on all folds, on the common scale; `coverage_95` is NaN without a distribution."""

    method: str
    rmse: float
    mae: float
    crps: float
    coverage_95: float


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Scores with the least CRPS first, and the folds they come from."""

    scores: tuple[Score, ...]
    folds: Folds

    @property
    def best(self) -> str:
        """The method with the least CRPS."""
        return self.scores[0].method


def compare(
    samples: Samples,
    recipes: Mapping[str, Recipe],
    targets: ArrayLike,
    design: str | None = None,
    scale: Transform | None = None,
) -> Comparison:
    """Recipes and baselines in the folds that fit the samples for a map of targets (m, 2).

    Medians, absolute errors and CRPS are those on a common `scale`, logarithms unless values reach zero. Samples known
    by bounds help to predict and are not scored; to baselines they are the middle of their bounds. Samples at one
    place share a fold.
    """
    common = scale or Log()
    xy, place = np.unique(samples.xy, axis=0, return_inverse=True)
    folds = folds_for(xy, targets, design)
    label = folds.label[place.ravel()]
    tried: dict[str, Predict] = {name: _distributed(recipe, common) for name, recipe in recipes.items()}
    tried |= {name: _numbers(baseline, common) for name, baseline in BASELINES.items()}
    scores = [_score(name, predict, samples, label, common) for name, predict in tried.items()]
    return Comparison(tuple(sorted(scores, key=lambda score: score.crps)), folds)


def _score(name: str, predict: Predict, samples: Samples, label: Labels, scale: Transform) -> Score:
    observed, quantiles = [], []
    for fold in range(int(label.max()) + 1):
        out = (label == fold) & ~samples.censored
        if out.any():
            left = samples.subset(out)
            observed.append(scale.forward(left.value))
            quantiles.append(predict(samples.subset(label != fold), left))
    truth, found = np.concatenate(observed), np.concatenate(quantiles)
    error = found[:, len(LEVELS) // 2] - truth
    held = (found[:, 4] <= truth) & (truth <= found[:, -5])
    return Score(
        name,
        float(np.sqrt((error**2).mean())),
        float(np.abs(error).mean()),
        float(crps_of_quantiles(found, truth).mean()),
        float(held.mean()) if np.ptp(found, axis=1).any() else float("nan"),
    )


def crps_of_quantiles(quantiles: Vector, truth: Vector) -> Vector:
    """Twice the mean quantile loss (n,) of quantiles (n, levels) for a truth (n,)."""
    below = truth[:, None] - quantiles
    loss: Vector = np.maximum(LEVELS * below, (LEVELS - 1.0) * below)
    mean: Vector = 2.0 * loss.mean(axis=1)
    return mean


def _distributed(recipe: Recipe, scale: Transform) -> Predict:
    def predict(rest: Samples, left: Samples) -> Vector:
        found = recipe.fit(rest).predict(left.xy, left.covariates)
        return np.column_stack([scale.forward(found.quantile(float(level))) for level in LEVELS])

    return predict


def _numbers(baseline: Baseline, scale: Transform) -> Predict:
    def predict(rest: Samples, left: Samples) -> Vector:
        value = baseline(_places(rest), scale.forward(_middle(rest)), _places(left))
        return np.repeat(value[:, None], len(LEVELS), axis=1)

    return predict


def _places(samples: Samples) -> Points:
    return np.asarray(samples.xy, dtype=np.float64)


def _middle(samples: Samples) -> Vector:
    """Measured values, and the middle of bounds or the finite one of them."""
    low = np.where(np.isfinite(samples.lower), samples.lower, samples.upper)
    high = np.where(np.isfinite(samples.upper), samples.upper, samples.lower)
    middle: Vector = (low + high) / 2.0
    return middle
