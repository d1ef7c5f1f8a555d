"""Several contaminants as factors that do not depend on each other, at no distance.

A coregionalisation of a nugget and one structure has two matrices, which one linear change of variables makes diagonal
together: the factors of Switzer & Green (1984; min/max autocorrelation factors), each with a covariance of its own. So
what is kriged or simulated factor by factor is exactly what the whole system of all variables would give.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from mapping.arrays import Vector
from mapping.coregionalisation import Coregionalisation
from mapping.covariance import Covariance

SMALLEST = 1e-6
"""Of the mean variance: what is added where variables are a linear combination of each other."""


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """`weights` (m, m): a factor is a row of weights times the variables; `loadings` (m, m) lead back.

    `covariances` are those of the m factors, each with sill one.
    """

    weights: Vector
    loadings: Vector
    covariances: tuple[Covariance, ...]

    @classmethod
    def of(cls, model: Coregionalisation) -> Factors:
        """The factors of a model of one or two terms; ValueError for more, which no one change makes independent."""
        if len(model.terms) > 2:
            raise ValueError(f"independent factors need a nugget and one structure, got {len(model.terms)} terms")
        total = model.sills + SMALLEST * float(np.trace(model.sills)) / len(model.variables) * np.eye(len(model.sills))
        share, vectors = eigh(model.coefficients[0], total)
        covariances = tuple(_mixed(model, float(np.clip(each, 0.0, 1.0))) for each in share)
        return cls(vectors.T, total @ vectors, covariances)

    def from_variables(self, values: Vector) -> Vector:
        """Factors (m, n, …) of variables (n, m, …)."""
        return np.asarray(np.einsum("ik,nk...->in...", self.weights, values))

    def to_variables(self, factors: Vector) -> Vector:
        """Variables (m, …) of factors (m, …)."""
        return np.asarray(np.einsum("ki,i...->k...", self.loadings, factors))


def _mixed(model: Coregionalisation, first: float) -> Covariance:
    """The terms of the model in the proportion in which a factor has them."""
    shares = (first, 1.0 - first)[: len(model.terms)]
    parts = zip(model.terms, shares, strict=True)
    own = [term.to_dict_term() | {"partial_sill": share} for term, share in parts if share > 0.0]
    return Covariance.from_dict({"terms": own})
