"""The nearest of many places."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mapping.arrays import Points, Vector


class Search:
    """A search tree over places (n, 2)."""

    def __init__(self, xy: Points) -> None:
        self._tree = cKDTree(xy)
        self.n = len(xy)

    def nearest(self, xy: Points, k: int) -> tuple[Vector, NDArray[np.int64]]:
        """Distances and indices (m, k) of the k nearest of them (all, should there be fewer) to places (m, 2)."""
        distance, index = self._tree.query(xy, k=np.arange(1, min(k, self.n) + 1))
        return np.asarray(distance, dtype=np.float64), np.asarray(index, dtype=np.int64)
