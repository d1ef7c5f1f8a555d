"""The soil-type correction: a limit for the standard soil, restated for the soil at hand.

In the Dutch Regeling bodemkwaliteit (2007), annex G part III, with % clay L (lutum, < 2 µm) and % organic matter H,

    G_standard = G_measured · (A + 25 B + 10 C) / (A + B L + C H)

so that comparing G_standard with a limit is the same as comparing G_measured with the limit times `factor`. Table 3
of that annex gives A, B and C; table 4 the bounds: L and H are at least 2 % for inorganic substances, H lies in
2..30 % for organic ones and in 10..30 % for PAHs. Other countries use the same form with another standard soil; all of
its numbers stand in the rows of the vocabulary.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class SoilTypeCorrection:
    """Constants of one substance, the bounds (in %) that clay and organic matter are clamped to, the standard soil."""

    a: float
    b: float
    c: float
    least_clay: float = 2.0
    least_organic_matter: float = 2.0
    most_organic_matter: float = np.inf
    standard_clay: float = 25.0
    standard_organic_matter: float = 10.0

    def __post_init__(self) -> None:
        if min(self.a, self.b, self.c) < 0 or self.a + self.b + self.c == 0:
            raise ValueError(f"constants must be non-negative and not all zero: {self.a}, {self.b}, {self.c}")
        if not 0 <= self.least_organic_matter < self.most_organic_matter:
            raise ValueError("the bounds of organic matter must rise from zero")
        if not self.a + self.b * self.standard_clay + self.c * self.standard_organic_matter > 0:
            raise ValueError("the constants give nothing for the standard soil")

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
        standard = self.a + self.b * self.standard_clay + self.c * self.standard_organic_matter
        shape = np.broadcast_shapes(np.shape(clay), np.shape(organic_matter))
        return np.broadcast_to((self.a + clay_term + organic_term) / standard, shape).astype(np.float64)
