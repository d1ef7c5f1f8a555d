"""Samples on the model's scale, one row per place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Points, Vector
from mapping.samples import Samples
from mapping.transform import Transform


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """Distinct places (n, 2) with covariates (n, k), bounds (n,) and error variances (n,) on the model's scale."""

    xy: Points
    low: Vector
    high: Vector
    error: Vector
    notes: tuple[str, ...]
    covariates: Vector

    @property
    def places(self) -> Vector:
        """Coordinates and covariates (n, 2 + k)."""
        return np.hstack([self.xy, self.covariates])

    @property
    def n(self) -> int:
        """How many places."""
        return len(self.xy)

    @property
    def censored(self) -> NDArray[np.bool_]:
        """True (n,) where only bounds are known."""
        return self.low < self.high


def sites_of(samples: Samples, transform: Transform) -> Sites:
    """Transform the samples and average those that share a place, in order of first appearance.

    The mean of several samples of which some are known by bounds lies between the means of the lower and of
    the upper bounds, so an average of mixed samples stays an honest interval. ValueError names a sample that
    the transform cannot take.
    """
    low, high = _transformed(samples, transform)
    error = _errors(samples, transform)
    _, first, place = np.unique(samples.xy, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place, count = np.argsort(order)[place.ravel()], np.bincount(place.ravel())[order]

    def averaged(values: Vector) -> Vector:
        return np.bincount(place, weights=values) / count

    notes = _duplicate_note(samples.n, len(count), transform)
    covariates = np.empty((samples.n, 0)) if samples.covariates is None else samples.covariates
    if not notes:
        return Sites(samples.xy, low, high, error, notes, covariates)
    means = (
        np.column_stack([averaged(column) for column in covariates.T]) if covariates.size else covariates[: len(count)]
    )
    return Sites(samples.xy[first[order]], averaged(low), averaged(high), averaged(error) / count, notes, means)


def _duplicate_note(samples: int, places: int, transform: Transform) -> tuple[str, ...]:
    if samples == places:
        return ()
    return (
        (
            f"{samples} samples lie at {places} different places: those that share a place were averaged "
            f"on the {transform.name} scale"
        ),
    )


def _transformed(samples: Samples, transform: Transform) -> tuple[Vector, Vector]:
    start, _ = transform.domain
    impossible = (samples.upper <= start) | (~samples.censored & ~np.isfinite(samples.upper))
    if impossible.any():
        row = int(np.flatnonzero(impossible)[0])
        raise ValueError(
            f"sample {row}: the {transform.name} transform needs values above {start:g}, got {samples.upper[row]:g}"
        )
    return transform.forward(samples.lower), transform.forward(samples.upper)


def _errors(samples: Samples, transform: Transform) -> Vector:
    """Error variances carried to the model's scale by the slope at the value, or at the finite bound."""
    if samples.error_variance is None:
        return np.zeros(samples.n)
    at = np.where(np.isfinite(samples.upper), samples.upper, samples.lower)
    slope: Vector = transform.slope(at)
    return samples.error_variance * slope**2
