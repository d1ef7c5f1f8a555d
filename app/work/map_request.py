"""What a map is asked to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.work.drift import DriftTerm
from db.selection import Selection
from mapping.indicator import IndicatorKriging
from mapping.methods import METHODS
from mapping.neighbourhood import Neighbourhood
from mapping.recipe import FITTED_BY
from mapping.scale import ScaleToFit, as_scale

WITH_DRIFT = "universal-kriging"
COKRIGING = "cokriging"
INDICATORS = "indicator-kriging"
MAP_METHODS = (*METHODS, COKRIGING, INDICATORS)
"""Those of `METHODS`, which need nothing but samples, one that needs other contaminants, and one that needs limits."""


@dataclass(frozen=True, slots=True)
class MapRequest:
    """What to map and how: cells of `resolution` metres over `area` (a file of polygons), over the areas of a layer
    (`within`: its name, or name and code) or over what the samples cover; `drift` holds the layers in the trend;
    `compressed` computes a map from all samples faster, with an error that is checked and stated. Cokriging takes the
    `secondary` contaminants, indicator kriging the `limits` in mg/kg. ValueError for what does not go together.
    """

    selection: Selection
    resolution: float
    area: Path | None = None
    method: str = "ordinary-kriging"
    transform: str = "log"
    neighbours: int | Neighbourhood | None = None
    seed: int = 0
    within: str | None = None
    drift: tuple[DriftTerm, ...] = ()
    fitted_by: str = "auto"
    compressed: bool = False
    secondary: tuple[str, ...] = ()
    limits: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "secondary", tuple(self.secondary))
        object.__setattr__(self, "limits", tuple(sorted(set(self.limits))))
        if not (np.isfinite(self.resolution) and self.resolution > 0):
            raise ValueError(f"the resolution must be a length above zero in metres, got {self.resolution}")
        if self.method not in MAP_METHODS:
            raise ValueError(f"no method is called {self.method!r}; known are {', '.join(MAP_METHODS)}")
        as_scale(self.transform)
        if self.fitted_by not in FITTED_BY:
            raise ValueError(f"no way to fit is called {self.fitted_by!r}; known are {', '.join(FITTED_BY)}")
        if self.drift and self.method != WITH_DRIFT:
            raise ValueError(f"a drift is part of {WITH_DRIFT}, not of {self.method}")
        self._check_secondary()
        self._check_limits()
        if self.method in (COKRIGING, INDICATORS):
            self._check_plain()

    def _check_secondary(self) -> None:
        if bool(self.secondary) != (self.method == COKRIGING):
            raise ValueError(f"{COKRIGING} needs the other contaminants that it predicts from, and only it takes them")
        if len({self.selection.contaminant, *self.secondary}) <= len(self.secondary):
            raise ValueError("each contaminant of a cokriging is named once, the one to be mapped not among the others")

    def _check_limits(self) -> None:
        if bool(self.limits) != (self.method == INDICATORS):
            raise ValueError(
                f"{INDICATORS} needs the limits whose probabilities it maps, and only it takes them: any other map "
                "holds distributions, which answer every limit later"
            )
        if self.limits:
            IndicatorKriging(self.limits)

    def _check_plain(self) -> None:
        """What a method that is not in `METHODS` does not know."""
        told = {
            "takes a number of nearest neighbours, without radius, octants or blocks": isinstance(
                self.neighbours, Neighbourhood
            ),
            "is fitted by least squares and computed exactly": self.compressed or self.fitted_by not in ("auto", "wls"),
            "needs a scale that is given: log, identity or boxcox:<power>": isinstance(
                as_scale(self.transform), ScaleToFit
            ),
        }
        for complaint, met in told.items():
            if met:
                raise ValueError(f"{self.method} {complaint}")


def method_for(drift: Sequence[DriftTerm], secondary: Sequence[str], limits: Sequence[float]) -> str:
    """The method that what else is asked for needs, else the first."""
    needed = {WITH_DRIFT: drift, COKRIGING: secondary, INDICATORS: limits}
    return next((name for name, asked in needed.items() if asked), MAP_METHODS[0])
