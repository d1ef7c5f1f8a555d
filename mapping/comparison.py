"""Methods against each other and against the baselines, each fitted anew to what every fold leaves.

A method of kriging is scored by its distribution, a baseline by its number: the CRPS of a number is its absolute error
(Gneiting & Raftery 2007), so that all stand in one column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
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
    """How one method did on all folds, on the common scale; `coverage_95` is NaN without a distribution.

    `behind` is how much greater its CRPS is than the best one's, `behind_sd` the standard error of that difference over
    the samples: what is not clearly more is no reason to prefer one method to another.
    """

    method: str
    rmse: float
    mae: float
    crps: float
    coverage_95: float
    behind: float
    behind_sd: float


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Scores with the least CRPS first, the folds they come from, and why which method could not be scored."""

    scores: tuple[Score, ...]
    folds: Folds
    refused: Mapping[str, str]

    @property
    def best(self) -> str:
        """The method with the least CRPS."""
        return self.scores[0].method


@dataclass(frozen=True, eq=False)
class _Trial:
    """What one method said of n samples left out: quantiles (n, levels) and truths (n,) on the common scale."""

    method: str
    quantiles: Vector
    truth: Vector

    @cached_property
    def crps(self) -> Vector:
        """Of each sample (n,)."""
        return crps_of_quantiles(self.quantiles, self.truth)

    def against(self, best: _Trial) -> Score:
        """Its score, beside the best trial."""
        found, more = self.quantiles, self.crps - best.crps
        error = found[:, len(LEVELS) // 2] - self.truth
        held = (found[:, 4] <= self.truth) & (self.truth <= found[:, -5])
        return Score(
            self.method,
            float(np.sqrt((error**2).mean())),
            float(np.abs(error).mean()),
            float(self.crps.mean()),
            float(held.mean()) if np.ptp(found, axis=1).any() else float("nan"),
            float(more.mean()),
            float(more.std(ddof=1) / np.sqrt(len(more))) if len(more) > 1 else float("nan"),
        )


def compare(
    samples: Samples,
    recipes: Mapping[str, Recipe],
    targets: ArrayLike,
    design: str | None = None,
    scale: Transform | None = None,
) -> Comparison:
    """Recipes and baselines in the folds that fit the samples for a map of targets (m, 2).

    Medians, absolute errors and CRPS are those on a common `scale`, logarithms unless it is given. Samples known
    by bounds help to predict and are not scored; to baselines they are the middle of their bounds. Samples at one
    place share a fold. A recipe that cannot be fitted to some fold is not scored, and its complaint kept.
    """
    common = scale or Log()
    xy, place = np.unique(samples.xy, axis=0, return_inverse=True)
    folds = folds_for(xy, targets, design)
    label = folds.label[place.ravel()]
    methods: dict[str, Predict] = {name: _distributed(recipe, common) for name, recipe in recipes.items()}
    methods |= {name: _numbers(baseline, common) for name, baseline in BASELINES.items()}
    trials, refused = [], {}
    for name, predict in methods.items():
        try:
            trials.append(_trial(name, predict, samples, label, common))
        except ValueError as complaint:
            refused[name] = str(complaint)
    trials.sort(key=lambda trial: float(trial.crps.mean()))
    return Comparison(tuple(trial.against(trials[0]) for trial in trials), folds, refused)


def _trial(name: str, predict: Predict, samples: Samples, label: Labels, scale: Transform) -> _Trial:
    observed, quantiles = [], []
    for fold in range(int(label.max()) + 1):
        out = (label == fold) & ~samples.censored
        if out.any():
            left = samples.subset(out)
            observed.append(scale.forward(left.value))
            quantiles.append(predict(samples.subset(label != fold), left))
    return _Trial(name, np.concatenate(quantiles), np.concatenate(observed))


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
