"""Where samples know little: how far they are, how many there are around, and where there are too few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from rasterio.features import shapes
from scipy.spatial import cKDTree

from mapping.arrays import Points, Vector, as_points
from mapping.grid import Grid, sample_spacing
from mapping.search import Search

CELLS_AT_ONCE = 20_000
CROWD = 4.0
"""Samples nearer than a quarter of the bandwidth to each other are a crowd, and none on an even grid is."""
REACH = 4.0
"""Of a Gaussian kernel, in bandwidths: beyond, a sample weighs less than 0.0004."""


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """At n places: metres to the nearest sample, samples per km² and samples within `radius`; arrays (n,).

    A place is a gap where fewer than `fewest` samples lie within the radius.
    """

    distance: Vector
    density: Vector
    count: NDArray[np.int64]
    bandwidth: float
    radius: float
    fewest: int

    @property
    def gap(self) -> NDArray[np.bool_]:
        """True (n,) where too few samples lie near."""
        return self.count < self.fewest


def find_gaps(samples: ArrayLike, places: ArrayLike, radius: float | None = None, fewest: int = 3) -> Gaps:
    """What samples at (m, 2) know about places (n, 2); `radius` is twice the spacing of the samples by default.

    Samples at one place count once. ValueError for a radius or a number that is not above zero.
    """
    xy, known = as_points(places), np.unique(as_points(samples), axis=0)
    spacing = sample_spacing(known)
    near = 2.0 * spacing if radius is None else radius
    if not (np.isfinite(near) and near > 0.0):
        raise ValueError(f"the radius must be a length above zero in metres, got {near}")
    if fewest < 1:
        raise ValueError(f"the number of samples that are enough must be at least 1, got {fewest}")
    distance = Search(known).nearest(xy, 1)[0][:, 0]
    counts = np.asarray(cKDTree(known).query_ball_point(xy, near, return_length=True), dtype=np.int64)
    return Gaps(distance, effective_density(known, xy, spacing), counts, spacing, near, fewest)


def effective_density(samples: Points, places: Points, bandwidth: float) -> Vector:
    """Samples per km² (n,) that tell something of their own, by a Gaussian kernel (Silverman 1986, section 4.2).

    Samples that crowd share what they tell: each weighs one over the kernel weights of all samples around it (itself
    one), so that ten at one corner of a field are little more than one.
    """
    weight = 1.0 / _kernel_sums(samples, samples, np.ones(len(samples)), bandwidth / CROWD)
    area = 2.0 * np.pi * (bandwidth / 1_000.0) ** 2
    return _kernel_sums(samples, places, weight, bandwidth) / area


def _kernel_sums(samples: Points, places: Points, weight: Vector, bandwidth: float) -> Vector:
    tree, found = cKDTree(samples), np.empty(len(places))
    for start in range(0, len(places), CELLS_AT_ONCE):
        some = places[start : start + CELLS_AT_ONCE]
        pairs = cKDTree(some).sparse_distance_matrix(tree, REACH * bandwidth, output_type="coo_matrix")
        kernel = np.exp(-0.5 * (pairs.data / bandwidth) ** 2) * weight[pairs.col]
        found[start : start + CELLS_AT_ONCE] = np.bincount(pairs.row, kernel, len(some))
    return found


def gap_areas(grid: Grid, inside: NDArray[np.bool_], gap: NDArray[np.bool_]) -> tuple[shapely.Polygon, ...]:
    """The outlines of adjoining gaps among the mapped cells (rows, columns), the largest first; `gap` is (n,)."""
    cells = np.zeros(grid.shape, dtype=np.uint8)
    cells[inside] = gap
    found = [shapely.geometry.shape(shape) for shape, _ in shapes(cells, mask=cells == 1, transform=grid.transform)]
    return tuple(sorted(found, key=lambda polygon: -polygon.area))
