"""What a fitted model promises to whatever makes maps, scores and areas from it."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import ArrayLike

from mapping.prediction import Prediction
from mapping.simulation import Simulation
from mapping.transform import Transform
from mapping.validation import Validation


class Model(Protocol):
    """Predictive distributions of one contaminant anywhere: `FittedKriging`, `CokrigedVariable`."""

    @property
    def transform(self) -> Transform:
        """The scale on which it predicts."""
        ...

    @property
    def covariate_count(self) -> int:
        """How many covariates it needs at each place."""
        ...

    def predict(self, xy: ArrayLike, covariates: ArrayLike | None = None) -> Prediction:
        """Distributions at places (n, 2) with covariates (n, k)."""
        ...

    def leave_one_out(self) -> Validation:
        """Each measured place predicted from all others."""
        ...

    def simulate(
        self, xy: ArrayLike, realisations: int = 500, seed: int = 0, covariates: ArrayLike | None = None
    ) -> Simulation:
        """Equally likely maps at places (n, 2)."""
        ...

    def parameters(self) -> dict[str, Any]:
        """Everything from which, with the same samples, it can be rebuilt; JSON types."""
        ...
