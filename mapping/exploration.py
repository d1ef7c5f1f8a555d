"""Looking at samples before a model is fitted: variogram clouds and maps, a robust variogram, weights for clusters.

All of it takes every pair of places within a reach; that is what can be looked at, so there is a bound on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from mapping.arrays import Points, Vector, as_points
from mapping.variogram import EmpiricalVariogram, default_cutoff

MOST_PAIRS = 20_000_000
DOWD = 2.198
"""Makes the squared median of absolute differences estimate twice the semivariance of normal values (Dowd 1984)."""
ORIGINS = 8
CELLS_TRIED = 24


@dataclass(frozen=True, slots=True, eq=False)
class VariogramCloud:
    """Every pair once: the numbers of its two places (p, 2), its distance (p,) and half its squared difference (p,)."""

    pairs: NDArray[np.int64]
    distance: Vector
    semivariance: Vector

    def worst(self, count: int) -> NDArray[np.int64]:
        """The `count` places that stand in the most unlike pairs for their distance: where to look for mistakes.

        Of each pair the square root of its semivariance is compared with the mean of pairs about as far apart.
        """
        root = np.sqrt(self.semivariance)
        rank = np.argsort(np.argsort(self.distance)) * 20 // max(len(root), 1)
        usual = np.bincount(rank, weights=root) / np.bincount(rank)
        excess = root - usual[rank]
        places = np.bincount(self.pairs.ravel(), weights=np.repeat(excess, 2))
        return np.argsort(-places, kind="stable")[:count]


def variogram_cloud(xy: ArrayLike, values: ArrayLike, cutoff: float | None = None) -> VariogramCloud:
    """All pairs of values (n,) at places (n, 2) up to `cutoff` metres (a third of the diagonal) apart.

    ValueError above 20 million pairs.
    """
    places, column = _checked(xy, values)
    pairs = _pairs_within(places, default_cutoff(places) if cutoff is None else cutoff)
    first, second = pairs.T
    distance = np.hypot(*(places[first] - places[second]).T)
    return VariogramCloud(pairs, distance, (column[first] - column[second]) ** 2 / 2.0)


@dataclass(frozen=True, slots=True, eq=False)
class VariogramMap:
    """Semivariance by offset: cells (2m + 1, 2m + 1) of `width` metres around no offset, row 0 the northernmost.

    A cell without pairs is NaN; the map is its own mirror image, because each pair counts both ways.
    """

    semivariance: Vector
    pairs: NDArray[np.int64]
    width: float


def variogram_map(xy: ArrayLike, values: ArrayLike, cutoff: float | None = None, cells: int = 7) -> VariogramMap:
    """The variogram of values (n,) at places (n, 2) in every direction, `cells` to each side, to see anisotropy."""
    if cells < 1:
        raise ValueError(f"a variogram map needs at least one cell to each side, got {cells}")
    places, column = _checked(xy, values)
    reach = default_cutoff(places) if cutoff is None else cutoff
    width, side = reach / (cells + 0.5), 2 * cells + 1
    first, second = _pairs_within(places, reach * 2.0**0.5).T
    half = (column[first] - column[second]) ** 2 / 2.0
    number = np.concatenate([_cell(sign * (places[second] - places[first]), width, cells) for sign in (1.0, -1.0)])
    inside = number >= 0
    count = np.bincount(number[inside], minlength=side * side)
    total = np.bincount(number[inside], weights=np.concatenate([half, half])[inside], minlength=side * side)
    with np.errstate(invalid="ignore"):
        return VariogramMap((total / count).reshape(side, side), count.reshape(side, side), width)


def _cell(offset: Points, width: float, cells: int) -> NDArray[np.int64]:
    """The number of the cell of each offset, -1 outside the map."""
    east, north = np.rint(offset / width).astype(np.int64).T
    number = (cells - north) * (2 * cells + 1) + east + cells
    return np.where((np.abs(east) <= cells) & (np.abs(north) <= cells), number, -1)


def dowd_variogram(xy: ArrayLike, values: ArrayLike, cutoff: float | None = None, bins: int = 15) -> EmpiricalVariogram:
    """The variogram of values (n,) by medians, which up to half of a class of pairs cannot spoil (Dowd 1984).

    Classes as in `empirical_variogram`; it is fitted like any other.
    """
    cloud = variogram_cloud(xy, values, cutoff)
    places, column = _checked(xy, values)
    reach = default_cutoff(places) if cutoff is None else cutoff
    number = np.ceil(cloud.distance / (reach / bins)).astype(np.int64) - 1
    inside = (number >= 0) & (number < bins)
    count = np.bincount(number[inside], minlength=bins)
    filled = np.flatnonzero(count)
    distance = np.bincount(number[inside], weights=cloud.distance[inside], minlength=bins)[filled] / count[filled]
    middle = np.array([np.median(cloud.semivariance[number == each]) for each in filled])
    variance = float(column.var(ddof=1)) if len(column) > 1 else 0.0
    return EmpiricalVariogram(count[filled], distance, DOWD * middle, reach, "dowd", variance)


def declustering_weights(xy: ArrayLike, values: ArrayLike, *, high_sampled: bool = True) -> tuple[Vector, float]:
    """Weights (n,) of mean one that even out clusters of places (n, 2), and the cell size in metres they rest on.

    Each sample weighs one over how many share its cell, averaged over origins; of many cell sizes the one is taken
    that gives the least mean of the values, or the greatest where low places were sampled more densely than others
    (Deutsch & Journel 1998, GSLIB, section VI.2.1).
    """
    places, column = _checked(xy, values)
    extent = float(max(np.ptp(places, axis=0).max(), 1e-300))
    sizes = np.geomspace(extent / max(len(places), 2), extent, CELLS_TRIED)
    tried = [_cell_weights(places, size) for size in sizes]
    means = np.array([np.average(column, weights=weights) for weights in tried])
    best = int(means.argmin() if high_sampled else means.argmax())
    return tried[best], float(sizes[best])


def _cell_weights(places: Points, size: float) -> Vector:
    total = np.zeros(len(places))
    for turn in range(ORIGINS):
        shifted = (places - places.min(axis=0) + size * turn / ORIGINS) / size
        _, cell, count = np.unique(np.floor(shifted), axis=0, return_inverse=True, return_counts=True)
        share = 1.0 / count[cell.ravel()]
        total += share / share.sum()
    weights: Vector = total * (len(places) / ORIGINS)
    return weights


def _pairs_within(places: Points, reach: float) -> NDArray[np.int64]:
    if not (np.isfinite(reach) and reach > 0.0):
        raise ValueError(f"cutoff must be above zero metres, got {reach}")
    tree = cKDTree(places)
    count = (int(tree.count_neighbors(tree, reach)) - len(places)) // 2
    if count > MOST_PAIRS:
        raise ValueError(
            f"{count} pairs lie within {reach:g} m, more than the {MOST_PAIRS} that can be looked at one by one: "
            "choose a shorter cutoff, or empirical_variogram"
        )
    return np.asarray(tree.query_pairs(reach, output_type="ndarray"), dtype=np.int64)


def _checked(xy: ArrayLike, values: ArrayLike) -> tuple[Points, Vector]:
    places, column = as_points(xy), np.asarray(values, dtype=np.float64)
    if column.shape != (len(places),) or not np.isfinite(column).all():
        raise ValueError(f"{len(places)} places need as many finite values, got the shape {column.shape}")
    return places, column
