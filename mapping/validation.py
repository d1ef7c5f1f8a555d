"""How good predictions are when each sample is predicted from the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from mapping.arrays import Vector


@dataclass(frozen=True, slots=True, eq=False)
class Validation:
    """Observed values, predictions and predictive variances (n,) on the model's scale."""

    observed: Vector
    predicted: Vector
    variance: Vector

    def __post_init__(self) -> None:
        shapes = {self.observed.shape, self.predicted.shape, self.variance.shape}
        if len(shapes) != 1 or not self.observed.size:
            raise ValueError(f"a validation needs three equally long, filled columns, got {sorted(shapes)}")
        if not (self.variance > 0.0).all():
            raise ValueError("a validation needs predictive variances above zero")

    @property
    def standardised(self) -> Vector:
        """(observed − predicted) / predictive standard deviation (n,)."""
        score: Vector = (self.observed - self.predicted) / np.sqrt(self.variance)
        return score

    def crps(self) -> Vector:
        """Continuous ranked probability scores (n,) of normal predictions (Gneiting & Raftery 2007, section 4.2)."""
        z = self.standardised
        density = np.exp(-z * z / 2.0) / np.sqrt(2.0 * np.pi)
        score: Vector = np.sqrt(self.variance) * (z * (2.0 * ndtr(z) - 1.0) + 2.0 * density - 1.0 / np.sqrt(np.pi))
        return score

    def coverage(self, level: float) -> float:
        """The share of observations inside the central prediction interval of that level."""
        return float((np.abs(self.standardised) <= ndtri(0.5 + level / 2.0)).mean())

    def interval_score(self, level: float) -> float:
        """Mean interval score of the central intervals (Gneiting & Raftery 2007, eq. 43)."""
        half, sd = float(ndtri(0.5 + level / 2.0)), np.sqrt(self.variance)
        missed = np.maximum(np.abs(self.observed - self.predicted) - half * sd, 0.0)
        return float((2.0 * half * sd + 2.0 / (1.0 - level) * missed).mean())

    def accuracy(self) -> dict[str, float]:
        """The share of observations inside central intervals of 5, 10, … 95 %: Deutsch's accuracy plot (1997)."""
        return {f"{level:.2f}": self.coverage(level) for level in np.arange(0.05, 1.0, 0.05).round(2).tolist()}

    def by_design(self) -> dict[str, float]:
        """Estimates for the whole map from a probability sample of it, with 95 % limits, whatever the model.

        For an equal-probability sample the mean of errors and of their squares are those of the map, and their
        standard errors those of a simple random sample (Brus, Kempen & Heuvelink 2011, Eur. J. Soil Sci. 62).
        """
        error = self.predicted - self.observed
        square, n = error**2, error.size
        half = 1.96 * np.array([error.std(ddof=1), square.std(ddof=1)]) / np.sqrt(n) if n > 1 else np.full(2, np.nan)
        return {
            "me": float(error.mean()),
            "me_low": float(error.mean() - half[0]),
            "me_high": float(error.mean() + half[0]),
            "rmse": float(np.sqrt(square.mean())),
            "rmse_low": float(np.sqrt(max(square.mean() - half[1], 0.0))),
            "rmse_high": float(np.sqrt(square.mean() + half[1])),
        }

    def scores(self) -> dict[str, float]:
        """All scores by name, on the model's scale.

        `me`, `rmse`, `mae`; `msdr` and `median_sdr`, mean and median squared standardised error (targets 1 and
        0.455); `crps`; `coverage_90`, `coverage_95`; `interval_score_95`; `n`.
        """
        error = self.predicted - self.observed
        squared = self.standardised**2
        return {
            "n": float(error.size),
            "me": float(error.mean()),
            "rmse": float(np.sqrt((error**2).mean())),
            "mae": float(np.abs(error).mean()),
            "msdr": float(squared.mean()),
            "median_sdr": float(np.median(squared)),
            "crps": float(self.crps().mean()),
            "coverage_90": self.coverage(0.90),
            "coverage_95": self.coverage(0.95),
            "interval_score_95": self.interval_score(0.95),
        }
