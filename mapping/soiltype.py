"""The Dutch soil-type correction: a content measured here, restated for the standard soil.

Regeling bodemkwaliteit (2007), annex G part III: with % clay L (lutum, < 2 µm) and % organic matter H,

    G_standard = G_measured · (A + 25 B + 10 C) / (A + B L + C H)

so that comparing G_standard with a limit is the same as comparing G_measured with the limit times `factor`. Table 3
of that annex gives A, B and C; table 4 the bounds: L and H are at least 2 % for inorganic substances, H lies in
2..30 % for organic ones and in 10..30 % for PAHs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

STANDARD_CLAY = 25.0
STANDARD_ORGANIC_MATTER = 10.0


@dataclass(frozen=True, slots=True)
class SoilTypeCorrection:
    """Constants of one substance and the bounds (in %) its clay and organic matter are clamped to."""

    a: float
    b: float
    c: float
    least_clay: float = 2.0
    least_organic_matter: float = 2.0
    most_organic_matter: float = np.inf

    def __post_init__(self) -> None:
        if min(self.a, self.b, self.c) < 0 or self.a + self.b + self.c == 0:
            raise ValueError(f"constants must be non-negative and not all zero: {self.a}, {self.b}, {self.c}")
        if not 0 <= self.least_organic_matter < self.most_organic_matter:
            raise ValueError("the bounds of organic matter must rise from zero")

    @property
    def needs(self) -> tuple[str, ...]:
        """The soil properties without which there is no factor."""
        wanted = (("clay", self.b), ("organic-matter", self.c))
        return tuple(name for name, constant in wanted if constant > 0)

    def factor(self, clay: ArrayLike, organic_matter: ArrayLike) -> NDArray[np.float64]:
        """What a limit for the standard soil is multiplied by; NaN where a needed property is NaN.

        Parameters are percentages by mass of the dry soil, of shapes that broadcast.
        """
        clay_term = self.b * np.maximum(clay, self.least_clay) if self.b else 0.0
        bounded = np.clip(organic_matter, self.least_organic_matter, self.most_organic_matter)
        organic_term = self.c * bounded if self.c else 0.0
        standard = self.a + self.b * STANDARD_CLAY + self.c * STANDARD_ORGANIC_MATTER
        shape = np.broadcast_shapes(np.shape(clay), np.shape(organic_matter))
        return np.broadcast_to((self.a + clay_term + organic_term) / standard, shape).astype(np.float64)


INORGANIC = {
    "arsenic": SoilTypeCorrection(15, 0.4, 0.4),
    "barium": SoilTypeCorrection(30, 5, 0),
    "beryllium": SoilTypeCorrection(8, 0.9, 0),
    "cadmium": SoilTypeCorrection(0.4, 0.007, 0.021),
    "chromium": SoilTypeCorrection(50, 2, 0),
    "cobalt": SoilTypeCorrection(2, 0.28, 0),
    "copper": SoilTypeCorrection(15, 0.6, 0.6),
    "mercury": SoilTypeCorrection(0.2, 0.0034, 0.0017),
    "lead": SoilTypeCorrection(50, 1, 1),
    "nickel": SoilTypeCorrection(10, 1, 0),
    "tin": SoilTypeCorrection(4, 0.6, 0),
    "vanadium": SoilTypeCorrection(12, 1.2, 0),
    "zinc": SoilTypeCorrection(50, 3, 1.5),
    "antimony": SoilTypeCorrection(1, 0, 0),
    "molybdenum": SoilTypeCorrection(1, 0, 0),
    "thallium": SoilTypeCorrection(1, 0, 0),
}
ORGANIC = SoilTypeCorrection(0, 0, 1, most_organic_matter=30)
PAH = SoilTypeCorrection(0, 0, 1, least_organic_matter=10, most_organic_matter=30)
