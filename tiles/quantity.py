"""What can be shown of a distribution, and in which classes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mapping.prediction import Prediction
from mapping.surface import prediction_from_bands
from tiles.legend import CONCENTRATION, UNCERTAINTY, Legend, probability_legend, value_legend

UNIT = "mg/kg"
QUANTITIES = ("expected", "median", "sd", "quantile", "exceedance")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity of the predictive distribution; `p` belongs to the quantile, `limit` (mg/kg) to the exceedance."""

    name: str = "expected"
    p: float | None = None
    limit: float | None = None

    def __post_init__(self) -> None:
        if self.name not in QUANTITIES:
            raise ValueError(f"quantity must be one of {', '.join(QUANTITIES)}, got {self.name!r}")
        if (self.name == "quantile") != (self.p is not None):
            raise ValueError("p belongs to quantity=quantile, which needs it")
        if (self.name == "exceedance") != (self.limit is not None):
            raise ValueError("a limit or a guideline belongs to quantity=exceedance, which needs one")
        if self.p is not None and not 0.0 < self.p < 1.0:
            raise ValueError(f"p must lie between 0 and 1, got {self.p:g}")
        if self.limit is not None and not 0.0 < self.limit < np.inf:
            raise ValueError(f"limit must be a number of mg/kg above zero, got {self.limit:g}")

    @property
    def title(self) -> str:
        """What is shown, in words."""
        return {
            "expected": "Expected value",
            "median": "Median",
            "sd": "Standard deviation",
            "quantile": f"Quantile {self.p:g}" if self.p else "Quantile",
            "exceedance": f"Probability above {self.limit:g} {UNIT}" if self.limit else "Exceedance",
        }[self.name]

    def of(self, bands: NDArray[Any], transform: str) -> Floats:
        """Values (…) in mg/kg, or probabilities, from the bands (3, …) of a surface; NaN outside of it."""
        prediction = prediction_from_bands(bands[0], bands[1], bands[2], transform)
        return np.asarray(self._from(prediction), dtype=np.float64)

    def _from(self, prediction: Prediction) -> Floats:
        if self.p is not None:
            return prediction.quantile(self.p)
        if self.limit is not None:
            return prediction.exceedance(self.limit)
        return {"expected": prediction.expected, "median": prediction.median, "sd": prediction.sd}[self.name]()

    def legend(self, values: Floats) -> Legend:
        """The classes for a surface with these values."""
        if self.name == "exceedance":
            return probability_legend(self.title)
        return value_legend(self.title, UNIT, values, UNCERTAINTY if self.name == "sd" else CONCENTRATION)
