"""What a recipe of kriging says: parameters only, checked once."""

from __future__ import annotations

from dataclasses import dataclass, field

from mapping.covariance import DEFAULT_STRUCTURES, Covariance, prototypes
from mapping.neighbourhood import Neighbourhood
from mapping.scale import ScaleToFit
from mapping.transform import Log, Transform
from mapping.trend import KINDS

FITTED_BY = ("auto", "wls", "reml", "ml", "vecchia")


@dataclass(frozen=True, slots=True)
class Recipe:
    """The parameters of `Kriging`, which says what they mean; ValueError for any that cannot be."""

    transform: Transform = field(default_factory=Log)
    kind: str = "ordinary"
    structures: tuple[str, ...] = DEFAULT_STRUCTURES
    covariance: Covariance | None = None
    cutoff: float | None = None
    bins: int = 15
    neighbours: int | Neighbourhood | None = None
    mean: float | None = None
    seed: int = 0
    fitted_by: str = "auto"
    degree: int | None = None
    scale: ScaleToFit | None = None
    anisotropy: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no kriging is called {self.kind!r}; known are {', '.join(KINDS)}")
        if not self.structures:
            raise ValueError("structures must name at least one covariance structure to fit")
        for name in self.structures:
            prototypes(name)
        if isinstance(self.neighbours, int) and self.neighbours < 1:
            raise ValueError(f"neighbours must be at least 1, got {self.neighbours}")
        if self.cutoff is not None and not self.cutoff > 0.0:
            raise ValueError(f"cutoff must be above zero metres, got {self.cutoff}")
        if self.bins < 1:
            raise ValueError(f"bins must be at least 1, got {self.bins}")
        if self.mean is not None and self.kind != "simple":
            raise ValueError("only simple kriging takes a known mean")
        if self.fitted_by not in FITTED_BY:
            raise ValueError(f"fitted_by must be one of {', '.join(FITTED_BY)}, got {self.fitted_by!r}")
        if self.degree is not None and (self.kind != "universal" or not 0 <= self.degree <= 3):
            raise ValueError(f"only universal kriging takes a degree, from 0 to 3, got {self.degree}")
