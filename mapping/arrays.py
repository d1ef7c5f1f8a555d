"""The two array types of the library and the one check that all its values share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]
"""Any float64 array; the docstring that uses it gives the shape."""
Points = NDArray[np.float64]
"""Places: float64 of shape (n, 2), easting and northing in metres."""


def read_only(values: ArrayLike) -> Vector:
    """A private float64 copy of `values` that nobody can change afterwards."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


def as_points(xy: ArrayLike) -> Points:
    """`xy` as float64 (n, 2); ValueError when it has another shape or a coordinate that is not finite."""
    points = np.asarray(xy, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"places need the shape (n, 2), got {points.shape}")
    if not np.isfinite(points).all():
        row = int(np.flatnonzero(~np.isfinite(points).all(axis=1))[0])
        raise ValueError(f"place {row}: coordinates must be finite, got {tuple(points[row])}")
    return points
