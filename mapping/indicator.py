"""Indicator kriging: the probability of exceeding given limits without a distribution for the values.

Each limit turns the samples into ones (above) and zeros, which are kriged; the probabilities of several limits are then
put into order (Journel 1983, Mathematical Geology 15; Deutsch & Journel 1998, GSLIB, section IV.1.9). A sample that is
known by bounds has its say wherever both bounds lie on one side of the limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mapping.arrays import Vector
from mapping.covariance import DEFAULT_STRUCTURES, Covariance
from mapping.kriging import FittedKriging, Kriging
from mapping.samples import Samples
from mapping.transform import Identity

FEWEST = 3
"""Samples that must lie on each side of a limit: with fewer there is no variogram to speak of."""


@dataclass(frozen=True, slots=True)
class IndicatorKriging:
    """A recipe for `limits` in the unit of the samples, in rising order.

    `covariances` (one for each limit) are fitted from `structures` by weighted least squares unless they are given.
    """

    limits: tuple[float, ...]
    structures: tuple[str, ...] = DEFAULT_STRUCTURES
    covariances: tuple[Covariance, ...] | None = None
    neighbours: int | None = None

    def __post_init__(self) -> None:
        if not self.limits or not np.isfinite(self.limits).all() or (np.diff(self.limits) <= 0.0).any():
            raise ValueError(f"indicator kriging needs finite limits in rising order, got {self.limits}")
        if self.covariances is not None and len(self.covariances) != len(self.limits):
            raise ValueError(f"{len(self.limits)} limits need as many covariances, got {len(self.covariances)}")

    def fit(self, samples: Samples) -> FittedIndicators:
        """Fit to samples; ValueError names the limit that has fewer than three samples on one of its sides."""
        models, notes = [], []
        for number, limit in enumerate(self.limits):
            coded, unknown = _coded(samples, limit)
            if unknown:
                notes.append(f"{unknown} of {samples.n} samples may lie on either side of {limit:g}: left out there")
            covariance = self.covariances[number] if self.covariances else None
            recipe = Kriging(
                Identity(),
                structures=self.structures,
                covariance=covariance,
                neighbours=self.neighbours,
                fitted_by="wls",
            )
            models.append(recipe.fit(coded))
        return FittedIndicators(self, samples, tuple(models), tuple(notes))


def _coded(samples: Samples, limit: float) -> tuple[Samples, int]:
    """One where a sample exceeds the limit, zero where it does not; and how many may do either."""
    above, below = samples.lower > limit, samples.upper <= limit
    if min(above.sum(), below.sum()) < FEWEST:
        raise ValueError(
            f"{int(above.sum())} samples lie above {limit:g} and {int(below.sum())} below: "
            f"indicator kriging needs at least {FEWEST} on each side"
        )
    known = above | below
    return Samples.measured(samples.xy[known], above[known].astype(np.float64)), int((~known).sum())


@dataclass(frozen=True, slots=True, eq=False)
class FittedIndicators:
    """A recipe fitted to samples: one kriged indicator for each limit."""

    recipe: IndicatorKriging
    samples: Samples
    models: tuple[FittedKriging, ...]
    notes: tuple[str, ...]

    def exceedance(self, xy: ArrayLike) -> Vector:
        """Probabilities (n, limits) of exceeding each limit at places (n, 2), never rising with the limit."""
        return ordered(np.column_stack([model.predict(xy).mean for model in self.models]))

    def leave_one_out(self) -> tuple[Vector, ...]:
        """For each limit what was (n,) and its probability (n,), two columns, each sample predicted from the others."""
        scores = [model.leave_one_out() for model in self.models]
        return tuple(np.column_stack([each.observed, np.clip(each.predicted, 0.0, 1.0)]) for each in scores)

    def brier(self) -> Vector:
        """The mean squared difference (limits,) between what was and its probability, when left out."""
        return np.array([np.mean((pair[:, 0] - pair[:, 1]) ** 2) for pair in self.leave_one_out()])

    def parameters(self) -> dict[str, Any]:
        """What a reader wants to know; JSON types.

        `brier` holds the score of each limit when samples are left out, `brier_of_share` that of saying the share of
        samples above it everywhere.
        """
        shares = [float(pair[:, 0].mean()) for pair in self.leave_one_out()]
        return {
            "kind": "indicator-kriging",
            "limits": list(self.recipe.limits),
            "covariances": [model.covariance.to_dict() for model in self.models],
            "variogram": "; ".join(self._variograms()),
            "why": "; ".join(sorted({model.fit.why if model.fit else "given" for model in self.models})),
            "brier": [float(each) for each in self.brier()],
            "brier_of_share": [share * (1.0 - share) for share in shares],
            "neighbours": self.recipe.neighbours,
            "samples": self.samples.n,
            "censored": int(self.samples.censored.sum()),
            "notes": [*self.notes, *dict.fromkeys(note for model in self.models for note in model.notes)],
        }

    def _variograms(self) -> list[str]:
        pairs = zip(self.recipe.limits, self.models, strict=True)
        return [f"above {limit:g}: {model.covariance.describe()}" for limit, model in pairs]


def ordered(probability: Vector | Sequence[Sequence[float]]) -> Vector:
    """Probabilities (n, limits) in [0, 1] that never rise: the mean of correcting downwards and upwards."""
    within = np.clip(np.asarray(probability, dtype=np.float64), 0.0, 1.0)
    down = np.minimum.accumulate(within, axis=1)
    up = np.maximum.accumulate(within[:, ::-1], axis=1)[:, ::-1]
    middle: Vector = (down + up) / 2.0
    return middle
