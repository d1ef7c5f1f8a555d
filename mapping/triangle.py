"""Forward substitution by products of blocks, which run without Python's lock and so on several threads at once."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular

from mapping.arrays import Vector

BLOCK = 256


class Triangle:
    """A lower triangular matrix L (n, n), the blocks on its diagonal inverted (Du Croz & Higham 1992: as stable)."""

    def __init__(self, lower: Vector) -> None:
        self.lower = lower
        self._starts = range(0, len(lower), BLOCK)
        squares = (lower[start : start + BLOCK, start : start + BLOCK] for start in self._starts)
        self._inverted = [solve_triangular(square, np.eye(len(square)), lower=True) for square in squares]

    def solve(self, columns: Vector) -> Vector:
        """L⁻¹ times columns (n, m), in their place."""
        for start, inverted in zip(self._starts, self._inverted, strict=True):
            rows = slice(start, start + BLOCK)
            if start:
                columns[rows] -= self.lower[rows, :start] @ columns[:start]
            columns[rows] = inverted @ columns[rows]
        return columns
