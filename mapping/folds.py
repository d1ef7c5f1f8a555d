"""Which samples are left out together when a map is validated, so that the gaps are like those the map has to fill.

Random folds of clustered samples are too easy, for each sample left out has a neighbour, and folds of large blocks are
too hard for a map that interpolates. Blocks are therefore made as large as it takes for the distances to the nearest
sample that remains to match those from the places to be predicted to the nearest sample: nearest-neighbour-distance
matching (Milà et al. 2022, Methods Ecol. Evol. 13; in k folds Linnenbrink et al. 2024, Geosci. Model Dev. 17).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import wasserstein_distance

from mapping.arrays import Points, Vector, as_points
from mapping.search import Search

Labels = NDArray[np.int64]

FOLDS = 10
SIDES = 16
"""Sizes of blocks tried, from the spacing of the samples to half their extent."""
CLEARLY = 0.1
"""Of the mean distance from a place to its nearest sample: by so much must blocks match better than chance."""
MOST_PLACES, MANY = 5_000, 20_000
"""Gaps are looked at for so many places; with MANY samples for one of the folds only."""


@dataclass(frozen=True, slots=True, eq=False)
class Folds:
    """The fold (n,) of each sample, numbered from zero, the name of the scheme, and why it fits the design."""

    label: Labels
    name: str
    why: str

    @property
    def count(self) -> int:
        """How many folds."""
        return int(self.label.max()) + 1


def random_folds(n: int, count: int = FOLDS, seed: int = 0) -> Folds:
    """Folds of equal size by lot; ValueError for fewer than two samples."""
    if n < 2:
        raise ValueError("a single place cannot be predicted from others")
    label = np.random.default_rng(seed).permutation(n) % min(count, n)
    return Folds(label.astype(np.int64), "random", "each sample is left out with others from anywhere")


def blocked_folds(xy: ArrayLike, side: float, count: int = FOLDS, seed: int = 0) -> Folds:
    """Square blocks of `side` metres, dealt out so that folds are about equally large.

    ValueError for a side that is not above zero, or where all samples lie in one block.
    """
    places = as_points(xy)
    if not (np.isfinite(side) and side > 0.0):
        raise ValueError(f"blocks need a side above zero metres, got {side}")
    block = np.unique(((places - places.min(axis=0)) // side).astype(np.int64), axis=0, return_inverse=True)[1].ravel()
    size = np.bincount(block)
    if len(size) < 2:
        raise ValueError(f"all samples lie in one block of {side:g} m: choose a smaller one")
    lot = np.random.default_rng(seed).random(len(size))
    held, fold = np.zeros(min(count, len(size))), np.empty(len(size), dtype=np.int64)
    for each in np.lexsort((lot, -size)):
        fold[each] = int(held.argmin())
        held[fold[each]] += size[each]
    return Folds(fold[block], "blocked", f"samples in one square of {side:.3g} m are left out together")


def matched_folds(xy: ArrayLike, targets: ArrayLike, count: int = FOLDS, seed: int = 0) -> Folds:
    """The folds, random or of blocks, whose gaps match the way from targets (m, 2) to samples (n, 2) best."""
    places, wanted = as_points(xy), gaps_to(as_points(xy), as_points(targets))
    chosen = random_folds(len(places), count, seed)
    apart = wasserstein_distance(gaps_of(places, chosen), wanted)
    limit = apart - CLEARLY * float(wanted.mean())
    for side in _sides(places):
        folds = blocked_folds(places, side, count, seed)
        distance = wasserstein_distance(gaps_of(places, folds), wanted)
        if distance < min(limit, apart):
            chosen, apart = folds, distance
    if chosen.name == "random":
        return chosen
    why = (
        f"samples lie closer to each other than the mapped places to them (on average {wanted.mean():.3g} m): "
        f"{chosen.why}, which leaves gaps of {gaps_of(places, chosen).mean():.3g} m"
    )
    return Folds(chosen.label, "matched", why)


def folds_for(xy: ArrayLike, targets: ArrayLike, design: str | None = None, seed: int = 0) -> Folds:
    """The folds that fit how the samples (n, 2) were chosen, for a map of targets (m, 2); `why` says so.

    A `design` of `probability` makes errors at the samples a fair sample of the map's; with others distances decide.
    """
    places, mapped = as_points(xy), as_points(targets)
    if design == "probability":
        why = "the samples are a probability sample: their errors are a fair sample of the map's"
        return Folds(random_folds(len(places), seed=seed).label, "random", why)
    mapped = mapped[:: max(1, len(mapped) // MOST_PLACES)]
    found = matched_folds(places, mapped, seed=seed)
    if found.name == "matched":
        return found
    why = "the mapped places are as near to samples as samples to each other: leaving out at random is like mapping"
    return Folds(found.label, found.name, why)


def gaps_to(samples: Points, targets: Points) -> Vector:
    """Distances (m,) from targets to the nearest sample."""
    return Search(samples).nearest(targets, 1)[0][:, 0]


def gaps_of(samples: Points, folds: Folds) -> Vector:
    """Distances from samples, those of the first fold where they are many, to the nearest of another fold."""
    gaps = []
    for fold in range(folds.count if len(samples) <= MANY else 1):
        out = folds.label == fold
        gaps.append(gaps_to(samples[~out], samples[out][:MOST_PLACES]))
    return np.concatenate(gaps)


def _sides(places: Points) -> Vector:
    """Sides of blocks to try: from the mean spacing of the samples to half of their extent."""
    extent = float(np.ptp(places, axis=0).max())
    if extent == 0.0:
        return np.empty(0)
    return np.geomspace(extent / max(len(places) ** 0.5, 4.0), extent / 2.0, SIDES)
