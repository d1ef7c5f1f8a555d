"""A fitted model predicts samples from the others, in the schemes of `mapping.folds`; the covariance is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mapping.arrays import Vector
from mapping.cokriged import CokrigedVariable
from mapping.folds import Folds, Labels, blocked_folds, folds_for, random_folds
from mapping.kriging import FittedKriging
from mapping.local import LocalSystem
from mapping.system import GlobalSystem
from mapping.trend import trend_of
from mapping.validation import Validation

MANY = 100_000
"""With more places the first fold says enough: ten thousand predictions."""


def cross_validate(fitted: FittedKriging | CokrigedVariable, folds: Folds) -> Validation:
    """Each measured place predicted from all that are not of its fold, on the model's scale.

    Places known by bounds only are not scored, but help to predict. With more than 100,000 places only the first fold
    is left out. ValueError where the folds are not those of the fitted model's places, or where what one of them leaves
    does not tell the trend.
    """
    if isinstance(fitted, CokrigedVariable):
        return fitted.cross_validate(folds)
    sites = fitted.sites
    if folds.label.shape != (sites.n,):
        raise ValueError(f"there are {sites.n} places and folds for {len(folds.label)}")
    scored = np.flatnonzero(~sites.censored & ((folds.label == 0) | (sites.n <= MANY)))
    means, variances = zip(*(_left_out(member, folds, scored) for member in fitted.members()), strict=True)
    sets = np.hstack(means)
    between = sets.var(axis=1, ddof=1) if sets.shape[1] > 1 else np.zeros(len(scored))
    return Validation(
        sites.high[scored], fitted.mean + sets.mean(axis=1), np.mean(np.stack(variances), axis=0) + between
    )


def _left_out(member: FittedKriging, folds: Folds, scored: Labels) -> tuple[Vector, Vector]:
    """Means (s, m) without the known mean, and variances (s,), of the scored places."""
    data = member.values - member.mean
    mean, variance = np.empty((len(scored), data.shape[1])), np.empty(len(scored))
    precision = _precision(member.system) if isinstance(member.system, GlobalSystem) else None
    for fold in np.unique(folds.label[scored]):
        out = np.flatnonzero(folds.label == fold)
        rows = np.flatnonzero(folds.label[scored] == fold)
        own = np.searchsorted(out, scored[rows])
        found = _from_near(member, out, data) if precision is None else _from_all(precision, out, data)
        mean[rows], variance[rows] = found[0][own], found[1][own]
    return mean, variance


def _precision(system: GlobalSystem) -> Vector:
    """P = C⁻¹ − C⁻¹F(FᵀC⁻¹F)⁻¹FᵀC⁻¹ (n, n), which holds every prediction of data from other data (Dubrule 1983)."""
    given = system.conditionals(np.arange(len(system.xy)))
    return (np.eye(len(system.xy)) - given.weights) / given.variance[:, None]


def _from_all(precision: Vector, out: Labels, data: Vector) -> tuple[Vector, Vector]:
    """Without refitting: what is left out differs from its prediction by P₁₁⁻¹ (P z)₁, with variance P₁₁⁻¹."""
    try:
        root = np.linalg.inv(np.linalg.cholesky(precision[np.ix_(out, out)]))
    except np.linalg.LinAlgError:
        raise ValueError("what a fold leaves does not tell the trend") from None
    inverse = root.T @ root
    return data[out] - inverse @ (precision[out] @ data), np.diag(inverse)


def _from_near(member: FittedKriging, out: Labels, data: Vector) -> tuple[Vector, Vector]:
    sites, kept = member.sites, np.ones(member.sites.n, dtype=bool)
    kept[out] = False
    assert member.neighbours is not None  # noqa: S101 - a local system has neighbours
    trend, _ = trend_of(member.recipe.kind, member.recipe.degree, sites.places)
    system = LocalSystem(sites.places[kept], member.covariance, sites.error[kept], trend, member.neighbours)
    found = system.krige(sites.places[out], system.dual(data[kept]))
    return found.mean, found.variance + sites.error[out]


def report(fitted: FittedKriging | CokrigedVariable, targets: ArrayLike, design: str | None = None) -> dict[str, Any]:
    """How good a map of targets (m, 2) is, by every scheme, and which scheme fits the design; JSON types.

    `scheme`, `why`, `scores` by scheme as `Validation.scores` on the model's scale (without schemes that the samples
    are too few for), `accuracy` (share inside intervals by level) of the fitting scheme, and `by_design` where the
    samples are a probability sample.
    """
    fitting = folds_for(fitted.sites.xy, targets, design)
    found = {folds.name: each for folds in _schemes(fitted, fitting) if (each := _tried(fitted, folds)) is not None}
    best = found.get(fitting.name)
    return {
        "scheme": fitting.name if best else "leave-one-out",
        "why": fitting.why if best else "the samples are too few for folds",
        "scores": {name: each.scores() for name, each in found.items()},
        "accuracy": best.accuracy() if best else {},
        "by_design": best.by_design() if best and design == "probability" else None,
    }


def _schemes(fitted: FittedKriging | CokrigedVariable, fitting: Folds) -> Iterator[Folds]:
    """At random, the one that fits, and blocks as large as the correlation reaches."""
    xy = fitted.sites.xy
    yield random_folds(len(xy))
    if fitting.name != "random":
        yield fitting
    extent = float(np.ptp(xy, axis=0).max())
    if extent > 0.0:
        yield blocked_folds(xy, min(max(fitted.reach, extent / 20.0), extent / 3.0))


def _tried(fitted: FittedKriging | CokrigedVariable, folds: Folds) -> Validation | None:
    try:
        return cross_validate(fitted, folds)
    except ValueError:
        return None
