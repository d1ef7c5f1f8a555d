"""The equations of all kriging with a matrix of its own: data, trend functions, and what is asked of them.

Notation: C covariance of the data, c (columns) their covariance with what is asked, F and f the
trend functions at the data and there. The weights are λ = C⁻¹(c + F t) with t = (FᵀC⁻¹F)⁻¹(f − FᵀC⁻¹c), the variance is
C(0) − cᵀC⁻¹c + (f − FᵀC⁻¹c)ᵀt, and fᵀt is the Lagrange multiplier with gstat's sign: semivariances γ satisfy
Γλ + F t = γ (Cressie 1993, section 3.4).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dtrsm

from mapping.arrays import Vector


class Equations:
    """One system from a lower Cholesky `factor` (n, n) of C and the trend functions F (n, p) at the data."""

    def __init__(self, factor: Vector, basis: Vector) -> None:
        self.factor = np.asfortranarray(factor)
        self._white_basis = self.whitened(basis)
        self._trend_covariance = np.linalg.inv(self._white_basis.T @ self._white_basis)

    def whitened(self, columns: Vector) -> Vector:
        """L⁻¹ times columns (n, m): uncorrelated with variance one where the columns have covariance C = L Lᵀ."""
        if columns.shape[1] == 0:
            return columns
        return np.asarray(dtrsm(1.0, self.factor, columns, lower=1), dtype=np.float64)

    def dual(self, data: Vector) -> Vector:
        """C⁻¹(z − Fβ) above β (n + p, m), with β by generalised least squares."""
        white = self.whitened(data)
        beta = self._trend_covariance @ (self._white_basis.T @ white)
        alpha = dtrsm(1.0, self.factor, white - self._white_basis @ beta, lower=1, trans_a=1)
        return np.vstack([alpha, beta])

    def spread(self, to_data: Vector, basis: Vector, own: Vector | float) -> tuple[Vector, Vector]:
        """Variances and Lagrange multipliers (b,) from c as rows (b, n), f (b, p) and C(0), one number or (b,)."""
        return self.spread_of(self.whitened(to_data.T), basis, own)

    def spread_of(self, white: Vector, basis: Vector, own: Vector | float) -> tuple[Vector, Vector]:
        """The same from whitened columns L⁻¹c (n, b)."""
        explained = np.einsum("ij,ij->j", white, white)
        return self.constrained(basis - white.T @ self._white_basis, basis, own - explained)

    def constrained(self, remainder: Vector, basis: Vector, simple: Vector) -> tuple[Vector, Vector]:
        """The same from f − FᵀC⁻¹c (b, p), f (b, p) and the variance of simple kriging (b,)."""
        multiplier = remainder @ self._trend_covariance
        variance = simple + (remainder * multiplier).sum(axis=1)
        return np.maximum(variance, 0.0), np.asarray((basis * multiplier).sum(axis=1))

    def joint(self, to_data: Vector, basis: Vector, own: Vector) -> Vector:
        """The full predictive covariance (b, b), `own` (b, b) being the one before any data."""
        white = self.whitened(to_data.T)
        remainder = basis - white.T @ self._white_basis
        spread: Vector = own - white.T @ white + remainder @ self._trend_covariance @ remainder.T
        return spread

    def precision(self, index: NDArray[np.int64]) -> Vector:
        """Columns `index` (c,) of the inverse of the system with its constraints (n, c) (Dubrule 1983)."""
        root = self.whitened(np.eye(len(self.factor), order="F"))
        projected = self._white_basis.T @ root[:, index]
        found: Vector = root.T @ root[:, index] - (root.T @ self._white_basis) @ self._trend_covariance @ projected
        return found

    def inverse(self) -> Vector:
        """C⁻¹ (n, n)."""
        root = self.whitened(np.eye(len(self.factor), order="F"))
        return np.ascontiguousarray(root.T @ root)

    def dragged(self) -> Vector:
        """C⁻¹F (n, p)."""
        if self._white_basis.shape[1] == 0:
            return self._white_basis
        return np.asarray(dtrsm(1.0, self.factor, self._white_basis, lower=1, trans_a=1), dtype=np.float64)
