"""Correlated data made independent: each minus what those before it say about it (Vecchia 1988, JRSS B 50).

With all that come before, it is the Cholesky factor of the inverse; with the nearest, close to it, and sparse.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular
from scipy.sparse import csr_array

from mapping.arrays import Points, Vector
from mapping.covariance import Covariance
from mapping.estimates import stable_factor
from mapping.vecchia import Index, nearest_before

NEIGHBOURS = 40
EXACT = 1_000
"""Up to so many data the factor is that of the whole matrix."""
AT_ONCE = 512


def whitening(xy: Points, covariance: Covariance, error: Vector) -> csr_array:
    """B (n, n), so that B z has independent normal numbers of variance one for data z with this covariance.

    Places (n, 2), error variances (n,). Columns are in the order of the data.
    """
    n = len(xy)
    if n <= EXACT:
        factor, _ = stable_factor(covariance.between(xy, xy) + np.diag(error), covariance.sill)
        return csr_array(solve_triangular(factor, np.eye(n), lower=True))
    order = np.random.default_rng(0).permutation(n)
    near = nearest_before(np.ascontiguousarray(xy[order]), np.arange(n), NEIGHBOURS)
    rows = [_rows(xy, covariance, error, order, near[at : at + AT_ONCE], at) for at in range(0, n, AT_ONCE)]
    data, columns = (np.concatenate(each) for each in zip(*rows, strict=True))
    indptr = np.arange(n + 1) * data.shape[1]
    white = csr_array((data.ravel(), columns.ravel(), indptr), shape=(n, n))
    white.eliminate_zeros()
    return white


def _rows(
    xy: Points, covariance: Covariance, error: Vector, order: Index, near: Index, at: int
) -> tuple[Vector, Index]:
    """Entries (b, k + 1) and their columns, of the data at `at` and after; those that are missing have weight 0."""
    own, missing = order[at : at + len(near)], near < 0
    others = order[np.maximum(near, 0)]
    matrix = covariance.between(xy[others], xy[others])
    pad = missing[:, :, None] | missing[:, None, :]
    matrix[pad] = 0.0
    diagonal = np.arange(near.shape[1])
    matrix[:, diagonal, diagonal] = np.where(missing, 1.0, covariance.sill * (1.0 + 1e-10) + error[others])
    to_own = np.where(missing, 0.0, covariance.between(xy[others], xy[own][:, None])[..., 0])
    weights = np.linalg.solve(matrix, to_own[..., None])[..., 0]
    left = covariance.sill + error[own] - (weights * to_own).sum(axis=1)
    sd = np.sqrt(np.maximum(left, 1e-10 * covariance.sill))
    return np.column_stack([-weights, np.ones(len(own))]) / sd[:, None], np.column_stack([others, own])
