"""Gaussian random fields on a regular lattice, exactly, by circulant embedding.

Dietrich & Newsam (1997, SIAM J. Sci. Comput. 18): the covariance of a stationary field on a torus is
diagonal under the Fourier transform; a lattice cut from a large enough torus has the wanted covariance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import fft2, next_fast_len

from mapping.arrays import Points, Vector
from mapping.covariance import Structure, Sum

MOST_NODES = 16_000_000
MARGIN = 3
"""Nodes beyond the outermost place, so that every place lies well inside."""
NEGLIGIBLE = 1e-6


@dataclass(frozen=True, slots=True)
class Lattice:
    """Nodes at (west + i·dx, south + j·dy) for i < columns and j < rows."""

    west: float
    south: float
    dx: float
    dy: float
    columns: int
    rows: int

    @classmethod
    def through(cls, xy: Points, around: Points) -> Lattice:
        """The lattice on which places (n, 2) lie, extended `around` others; ValueError if they lie on none."""
        steps = []
        for axis in (0, 1):
            values = np.unique(xy[:, axis])
            gaps = np.diff(values)
            gaps = gaps[gaps > 1e-6 * max(np.ptp(values), 1.0)]
            steps.append(float(gaps.min()) if gaps.size else 1.0)
        step = np.array(steps)
        origin = xy.min(axis=0)
        position = (xy - origin) / step
        if np.abs(position - np.rint(position)).max() > 1e-3:
            raise ValueError("many places can be simulated together only when they lie on a regular grid")
        everything = (np.vstack([xy, around]) - origin) / step
        low = np.floor(everything.min(axis=0)).astype(int) - MARGIN
        high = np.ceil(everything.max(axis=0)).astype(int) + MARGIN
        columns, rows = (high - low + 1).tolist()
        if columns * rows > MOST_NODES:
            raise ValueError(f"a simulation on {columns} by {rows} nodes is too large: choose larger cells")
        west, south = (origin + low * step).tolist()
        return cls(west, south, steps[0], steps[1], columns, rows)

    def nearest(self, xy: Points) -> NDArray[np.int64]:
        """The flat index (n,) of the node nearest to each place."""
        i = np.rint((xy[:, 0] - self.west) / self.dx).astype(np.int64)
        j = np.rint((xy[:, 1] - self.south) / self.dy).astype(np.int64)
        return j * self.columns + i

    def around(self, xy: Points) -> NDArray[np.int64]:
        """The flat indices (n, 16) of the four by four nodes around each place."""
        i = np.floor((xy[:, 0] - self.west) / self.dx).astype(np.int64)
        j = np.floor((xy[:, 1] - self.south) / self.dy).astype(np.int64)
        offset = np.arange(-1, 3)
        return ((j[:, None, None] + offset[:, None]) * self.columns + i[:, None, None] + offset).reshape(-1, 16)

    def places(self, index: NDArray[np.int64]) -> Points:
        """Coordinates (..., 2) of nodes by flat index."""
        j, i = np.divmod(index, self.columns)
        return np.stack([self.west + i * self.dx, self.south + j * self.dy], axis=-1)


def fields(
    lattice: Lattice, structures: tuple[Structure, ...], count: int, rng: np.random.Generator
) -> Iterator[Vector]:
    """`count` independent fields (rows · columns,) with mean zero and the covariance of the structures."""
    amplitude = np.sqrt(_spectrum(lattice, structures))
    for made in range(0, count, 2):
        noise = rng.standard_normal(amplitude.shape) + 1j * rng.standard_normal(amplitude.shape)
        pair = fft2(amplitude * noise, overwrite_x=True)[: lattice.rows, : lattice.columns]
        yield pair.real.ravel()
        if made + 1 < count:
            yield pair.imag.ravel()


def _spectrum(lattice: Lattice, structures: tuple[Structure, ...]) -> Vector:
    """Eigenvalues of the torus covariance over its size, on the first torus on which they are not negative.

    Should none of the sizes do (ranges far beyond the map), the negative ones of the largest are set to zero and
    the rest is scaled back to the same variance (Wood & Chan 1994).
    """
    for growth in (2, 3, 4, 6):
        shape = (next_fast_len(growth * lattice.rows), next_fast_len(growth * lattice.columns))
        if growth > 2 and shape[0] * shape[1] > 4 * MOST_NODES:
            break
        eigenvalues = _torus_eigenvalues(lattice, structures, shape)
        positive = np.maximum(eigenvalues, 0.0)
        if eigenvalues.min() >= -NEGLIGIBLE * eigenvalues.max():
            break
    scaled: Vector = positive * (eigenvalues.sum() / positive.sum()) / eigenvalues.size
    return scaled


def _torus_eigenvalues(lattice: Lattice, structures: tuple[Structure, ...], shape: tuple[int, int]) -> Vector:
    j, i = ((np.arange(n) + n // 2) % n - n // 2 for n in shape)
    covariance = Sum(structures).at_offset(i * lattice.dx, j[:, None] * lattice.dy)
    eigenvalues: Vector = fft2(covariance).real
    return eigenvalues
