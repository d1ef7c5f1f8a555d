"""Samples below detection limits: bounds in the likelihood against half the limit, on fields that are known.

    python -m benchmarks.kriging_censored [--seeds 50] [--samples 120] [--sd 1.0 ...] [--methods "bounds, REML" ...]

The protocol: each field has 120 samples and 200 places elsewhere whose noisy values are to be predicted. Half of the
samples were analysed with a higher limit than the others, so that 30, 50 or 70 % lie below two limits, at the quantiles
share ± 0.15. Scores are on the log scale, as ratios to what practitioners do: half the limit in place of what was
not found, and a variogram fitted to that by weighted least squares. `truth` knows the covariance, and shows what any
estimate could gain. How well half the limit does depends on the spread of the logarithms: it is about the mean of what
lies below a limit where their standard deviation is 1, and far from it where that is 0.5 or 1.5. `hidden` is the
same ratio for the true values at the censored samples themselves.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
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

    def score(self, recipe: Kriging, samples: Samples, hidden: NDArray[np.bool_]) -> tuple[float, float, float]:
        """CRPS and coverage of 95 % intervals at the targets, and CRPS at the hidden samples."""
        fitted = recipe.fit(samples)
        found = fitted.predict(self.targets)
        scores = Validation(self.truth, found.mean, found.variance).scores()
        return scores["crps"], scores["coverage_95"], _ensemble(fitted.values[hidden], self.scores[hidden])


def _ensemble(sets: Vector, truth: Vector) -> float:
    """Mean CRPS of equally likely values (n, m) for a truth (n,): of one value its absolute error."""
    apart = np.abs(sets[:, :, None] - sets[:, None, :]).mean(axis=(1, 2))
    return float((np.abs(sets - truth[:, None]).mean(axis=1) - apart / 2.0).mean())


def recipes(field: Field) -> dict[str, tuple[Kriging, bool]]:
    """What is tried, and whether it gets the bounds or half the limit."""
    return {
        "LOD/2": (Kriging(fitted_by="wls"), False),
        "LOD/2, REML": (Kriging(fitted_by="reml"), False),
        "bounds, WLS": (Kriging(fitted_by="wls"), True),
        "bounds, REML": (Kriging(), True),
        "bounds, truth": (Kriging(covariance=field.covariance), True),
        "LOD/2, truth": (Kriging(covariance=field.covariance), False),
    }


def experiment(seeds: range, samples: int, sd: float, share: float, methods: Sequence[str]) -> Mapping[str, Vector]:
    """CRPS, coverage and CRPS of what is hidden (seeds, 3) by method."""
    scores: dict[str, list[tuple[float, float, float]]] = {}
    for seed in seeds:
        field = Field.drawn(seed, samples, sd)
        bounds, half = field.censored(share, seed)
        for name, (recipe, bounded) in recipes(field).items():
            if name == "LOD/2" or not methods or name in methods:
                found = field.score(recipe, bounds if bounded else half, bounds.censored)
                scores.setdefault(name, []).append(found)
    return {name: np.array(rows) for name, rows in scores.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--samples", type=int, default=120)
    parser.add_argument("--sd", type=float, nargs="+", default=[1.0])
    parser.add_argument("--shares", type=float, nargs="+", default=SHARES)
    parser.add_argument("--methods", nargs="*", default=(), help="besides LOD/2; default all")
    given = parser.parse_args()
    print(f"{given.samples} samples, {given.seeds} fields; CRPS over that of LOD/2 (its standard error)")
    print(f"{'sd':>4} {'below':>6}  {'method':<14} {'CRPS':>7} {'ratio':>7} {'error':>7} {'cover':>6} {'hidden':>7}")
    for sd in given.sd:
        for share in given.shares:
            found = experiment(range(given.seeds), given.samples, sd, share, given.methods)
            base = found["LOD/2"][:, 0]
            for name, rows in found.items():
                ratio = rows[:, 0].mean() / base.mean()
                error = (rows[:, 0] - ratio * base).std(ddof=1) / len(base) ** 0.5 / base.mean()
                print(
                    f"{sd:4.1f} {share:6.0%}  {name:<14} {rows[:, 0].mean():7.4f} {ratio:7.3f} {error:7.3f} "
                    f"{rows[:, 1].mean():6.3f} {rows[:, 2].mean() / found['LOD/2'][:, 2].mean():7.3f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
