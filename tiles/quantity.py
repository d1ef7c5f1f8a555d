"""What can be shown of a surface, and in which classes: of a distribution, or of plain values."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from mapping.prediction import Prediction
from mapping.surface import prediction_from_bands
from mapping.transform import transform_named
from tiles.classes import Thresholds, classified
from tiles.legend import CONCENTRATION, UNCERTAINTY, Legend, probability_legend, value_legend

UNIT = "mg/kg"
SHARE = "1"
"""The unit of probabilities and shares (UCUM)."""
QUANTITIES = ("expected", "median", "sd", "quantile", "exceedance")

Floats = NDArray[np.float64]
Classes = NDArray[np.uint8]


class Shown(Protocol):
    """Something that a surface can show."""

    def __hash__(self) -> int:
        """It is a key of what is kept about it."""
        ...

    @property
    def name(self) -> str:
        """What requests call it."""
        ...

    @property
    def title(self) -> str:
        """What is shown, in words."""
        ...

    @property
    def unit(self) -> str:
        """Of the values (UCUM)."""
        ...

    def of(self, bands: NDArray[Any], transform: str) -> Floats:
        """Values (…) from the bands (bands, …) of a surface; NaN outside of it."""
        ...

    def legend(self, values: Floats) -> Legend:
        """The classes for a surface with these values."""
        ...

    def classes(self, bands: NDArray[np.float32], transform: str, legend: Legend) -> Classes:
        """The number of the class (…) of each value, from 1; 0 where there is none."""
        ...


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

    @property
    def unit(self) -> str:
        """Of the values."""
        return SHARE if self.name == "exceedance" else UNIT

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

    def classes(self, bands: NDArray[np.float32], transform: str, legend: Legend) -> Classes:
        """The number of the class of each value; without computing the values where their order says enough."""
        thresholds = self._thresholds(transform, np.array(legend.breaks))
        return legend.classify(self.of(bands, transform)) if thresholds is None else classified(bands, thresholds)

    def _thresholds(self, transform: str, breaks: Floats) -> Thresholds | None:
        """What the model's scale says about the breaks of a legend; None where only the values themselves do.

        A value lies above a break b where μ + z·σ + h·σ² − k·m reaches the transformed b; a probability Φ((μ − t)/σ)
        lies above b where μ − Φ⁻¹(b)·σ reaches the transformed limit t.
        """
        scale, none = transform_named(transform), np.zeros(len(breaks))
        if self.limit is not None:
            return Thresholds(-ndtri(breaks), scale.forward(none + self.limit), 0.0, 0.0)
        if self.p is not None or self.name == "median":
            return Thresholds(none + ndtri(self.p or 0.5), scale.forward(breaks), 0.0, 0.0)
        if self.name == "expected" and transform == "log":
            return Thresholds(none, scale.forward(breaks), 0.5, 1.0)
        return None


@dataclass(frozen=True, slots=True)
class PlainBand:
    """A band of plain values: an index, a joint probability, a distance; `number` counts the bands of the file."""

    name: str
    unit: str
    title: str
    number: int = 0
    limit: None = None

    def of(self, bands: NDArray[Any], transform: str) -> Floats:  # noqa: ARG002 - plain values have no scale
        """The values themselves."""
        return np.asarray(bands[self.number], dtype=np.float64)

    def legend(self, values: Floats) -> Legend:
        """Classes of a probability for what can be one, else round numbers."""
        known = values[np.isfinite(values)]
        if self.unit == SHARE and (not known.size or (known.min() >= 0.0 and known.max() <= 1.0)):
            return probability_legend(self.title)
        return value_legend(self.title, self.unit, values, CONCENTRATION)

    def classes(self, bands: NDArray[np.float32], transform: str, legend: Legend) -> Classes:
        """The number of the class of each value."""
        return legend.classify(self.of(bands, transform))
