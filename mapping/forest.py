"""Quantile regression forest with kriged residuals: what machine learning makes of covariates, to compare with.

The forest gives the distribution of values that share leaves with a place (Meinshausen 2006, J. Mach. Learn. Res. 7).
What it misses at samples, seen by the trees that did not use them, is kriged and added; the distribution keeps its
shape, and is on average as wide as the kriging says (forest regression kriging, after Hengl et al. 2015, PLoS ONE 10).
Needs the extra `forest` (scikit-learn).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import Vector
from mapping.kriging import FittedKriging, Kriging
from mapping.samples import Samples
from mapping.transform import Identity, Log, Transform

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestRegressor

SOME = 512
FEWEST, FEWEST_TREES = 20, 50
"""With so many trees each sample is left out by some of them."""


@dataclass(frozen=True, slots=True)
class Forest:
    """A recipe: `trees` with at least `leaf` samples in each leaf, on the scale of a transform; `seed` feeds the lots.

    ValueError for fewer than 50 trees or leaves without a sample.
    """

    transform: Transform = field(default_factory=Log)
    trees: int = 300
    leaf: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        if self.trees < FEWEST_TREES or self.leaf < 1:
            raise ValueError(
                f"a forest needs {FEWEST_TREES} trees or more and leaves of one or more, "
                f"got {self.trees} and {self.leaf}"
            )

    def fit(self, samples: Samples) -> FittedForest:
        """Grow the trees and fit the residuals; ValueError for bounds, no covariates, or fewer than 20 samples."""
        if samples.covariates is None or samples.covariates.shape[1] == 0:
            raise ValueError("a forest needs covariates at every sample")
        if samples.n < FEWEST:
            raise ValueError(f"a forest needs {FEWEST} samples or more, got {samples.n}")
        scores = self.transform.forward(samples.value)
        forest = _grown(self, samples.covariates, scores)
        missed = scores - forest.oob_prediction_
        kriging = Kriging(Identity(), kind="simple", mean=0.0).fit(Samples.measured(samples.xy, missed))
        return FittedForest(self, samples, scores, forest, kriging)


def _grown(recipe: Forest, covariates: Vector, scores: Vector) -> RandomForestRegressor:
    try:
        from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415 - an extra
    except ImportError:
        raise ValueError("forests need scikit-learn: install the extra `forest`") from None
    forest = RandomForestRegressor(
        recipe.trees, min_samples_leaf=recipe.leaf, oob_score=True, random_state=recipe.seed, max_features=1.0
    )
    return forest.fit(covariates, scores)


@dataclass(frozen=True, eq=False)
class FittedForest:
    """Trees grown on samples, and the kriging of what they miss."""

    recipe: Forest
    samples: Samples
    scores: Vector
    forest: RandomForestRegressor
    residual: FittedKriging

    @cached_property
    def spread(self) -> float:
        """The typical standard deviation of the forest's distributions: at some samples, each without its own value."""
        assert self.samples.covariates is not None  # noqa: S101 - `fit` refused it
        some = np.arange(0, self.samples.n, max(1, self.samples.n // SOME))
        weights = self.weights(self.samples.covariates[some])
        weights[np.arange(len(some)), some] = 0.0
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
        variance = weights @ self.scores**2 - (weights @ self.scores) ** 2
        return float(np.sqrt(max(variance.mean(), 1e-300)))

    def predict(self, xy: ArrayLike, covariates: ArrayLike | None = None) -> ForestPrediction:
        """The predictive distributions at places (m, 2) with covariates (m, k)."""
        assert self.samples.covariates is not None  # noqa: S101 - `fit` refused it
        width = self.samples.covariates.shape[1]
        known = np.asarray(covariates if covariates is not None else np.empty((0, 0)), dtype=np.float64)
        missed = self.residual.predict(xy)
        if known.shape != (len(missed.mean), width) or not np.isfinite(known).all():
            raise ValueError(f"the forest needs {width} finite covariates at each of {len(missed.mean)} places")
        return ForestPrediction(self, known, missed.mean, np.sqrt(missed.variance) / self.spread)

    def weights(self, covariates: Vector) -> Vector:
        """The share (m, n) of each sample in the forest's mean at covariates (m, k)."""
        assert self.samples.covariates is not None  # noqa: S101 - `fit` refused it
        own, grown = self.forest.apply(covariates), self.forest.apply(self.samples.covariates)
        total = np.zeros((len(own), self.samples.n))
        for tree in range(self.recipe.trees):
            together: NDArray[np.bool_] = own[:, tree, None] == grown[None, :, tree]
            total += together / together.sum(axis=1, keepdims=True)
        return total / self.recipe.trees


@dataclass(frozen=True, eq=False)
class ForestPrediction:
    """Distributions that are no normal ones, asked for by their quantiles; one number is kept per place and sample."""

    fitted: FittedForest
    covariates: Vector
    shift: Vector
    width: Vector

    def quantile(self, p: ArrayLike) -> Vector:
        """The value (m,) in the original unit below which the truth lies with probability `p`."""
        level = float(np.asarray(p, dtype=np.float64))
        if not 0.0 < level < 1.0:
            raise ValueError(f"a quantile needs a probability between 0 and 1, got {level}")
        mean, reaching = self._distribution
        reached = self._scores[(reaching >= level - 1e-12).argmax(axis=1)]
        return self.fitted.recipe.transform.backward(mean + self.shift + self.width * (reached - mean))

    @cached_property
    def _scores(self) -> Vector:
        return np.sort(self.fitted.scores)

    @cached_property
    def _distribution(self) -> tuple[Vector, Vector]:
        """Means (m,) of the forest, and the probability (m, n) of staying at or below each of its scores."""
        weights = self.fitted.weights(self.covariates)[:, np.argsort(self.fitted.scores)]
        return weights @ self._scores, np.cumsum(weights, axis=1)
