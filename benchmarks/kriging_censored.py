"""Samples below detection limits: bounds in the likelihood against half the limit, on fields that are known.

    python -m benchmarks.kriging_censored [--seeds 50] [--samples 120] [--sd 1.0 ...]

Each field has 120 samples and 200 places to predict noisy values at; half of the samples were analysed with a
higher limit than the others, so that 30, 50 or 70 % lie below two limits. Scores are on the log scale, as ratios to
LOD/2 with a covariance fitted by weighted least squares; `truth` knows the covariance.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mapping.covariance import Covariance, Exponential, Nugget
from mapping.kriging import Kriging
from mapping.samples import Samples
from mapping.validation import Validation

Vector = NDArray[np.float64]
SHARES = (0.3, 0.5, 0.7)
TARGETS = 200
APART = 0.15
"""The two limits lie at the quantiles share ± this."""


@dataclass(frozen=True)
class Field:
    """One realisation: places and scores (logs) of samples and targets, and its true covariance."""

    xy: Vector
    scores: Vector
    targets: Vector
    truth: Vector
    covariance: Covariance

    @classmethod
    def drawn(cls, seed: int, samples: int, sd: float) -> Field:
        covariance = Nugget(0.1 * sd**2) + Exponential(0.9 * sd**2, 250.0)
        rng = np.random.default_rng(seed)
        xy = rng.uniform(0.0, 1000.0, (samples + TARGETS, 2))
        factor = np.linalg.cholesky(covariance.between(xy, xy))
        scores = 2.0 + factor @ rng.standard_normal(len(xy))
        return cls(xy[:samples], scores[:samples], xy[samples:], scores[samples:], covariance)

    def censored(self, share: float, seed: int) -> tuple[Samples, Samples]:
        """The samples with bounds, and with half the limit in their place."""
        second = np.random.default_rng(seed + 1_000_000).random(len(self.xy)) < 0.5
        limits = np.exp(np.quantile(self.scores, [share - APART, share + APART]))
        limit, value = np.where(second, limits[1], limits[0]), np.exp(self.scores)
        hidden = value < limit
        bounds = Samples(self.xy, np.where(hidden, 0.0, value), np.where(hidden, limit, value))
        return bounds, Samples.measured(self.xy, np.where(hidden, limit / 2.0, value))

    def score(self, recipe: Kriging, samples: Samples) -> tuple[float, float]:
        """CRPS and coverage of 95 % intervals at the targets."""
        found = recipe.fit(samples).predict(self.targets)
        scores = Validation(self.truth, found.mean, found.variance).scores()
        return scores["crps"], scores["coverage_95"]


def experiment(seeds: range, samples: int, sd: float, share: float) -> Mapping[str, Vector]:
    """CRPS and coverage (seeds, 2) by method."""
    scores: dict[str, list[tuple[float, float]]] = {}
    for seed in seeds:
        field = Field.drawn(seed, samples, sd)
        bounds, half = field.censored(share, seed)
        tried = {
            "LOD/2": (Kriging(fitted_by="wls"), half),
            "LOD/2, REML": (Kriging(fitted_by="reml"), half),
            "bounds, WLS": (Kriging(fitted_by="wls"), bounds),
            "bounds, REML": (Kriging(), bounds),
            "bounds, truth": (Kriging(covariance=field.covariance), bounds),
            "LOD/2, truth": (Kriging(covariance=field.covariance), half),
        }
        for name, (recipe, given) in tried.items():
            scores.setdefault(name, []).append(field.score(recipe, given))
    return {name: np.array(rows) for name, rows in scores.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--samples", type=int, default=120)
    parser.add_argument("--sd", type=float, nargs="+", default=[1.0])
    parser.add_argument("--shares", type=float, nargs="+", default=SHARES)
    given = parser.parse_args()
    print(f"{given.samples} samples, {given.seeds} fields; CRPS over that of LOD/2 (its standard error)")
    print(f"{'sd':>4} {'below':>6}  {'method':<14} {'CRPS':>7} {'ratio':>7} {'error':>7} {'cover':>6}")
    for sd in given.sd:
        for share in given.shares:
            found = experiment(range(given.seeds), given.samples, sd, share)
            base = found["LOD/2"][:, 0]
            for name, rows in found.items():
                ratio = rows[:, 0].mean() / base.mean()
                error = (rows[:, 0] - ratio * base).std(ddof=1) / len(base) ** 0.5 / base.mean()
                print(
                    f"{sd:4.1f} {share:6.0%}  {name:<14} {rows[:, 0].mean():7.4f} {ratio:7.3f} {error:7.3f} "
                    f"{rows[:, 1].mean():6.3f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
