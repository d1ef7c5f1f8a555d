"""What blanks and reference materials say about a laboratory: its own detection limit, and its bias."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit

FEWEST_BLANKS = 3
COVERAGE = 0.95


@dataclass(frozen=True, slots=True)
class BlankResult:
    """What the blanks of a series held, in the unit of the content.

    `limit` is the limit of detection that they support; where `bounded`, some blanks are known only to lie below a
    limit, so that mean and limit are at most these.
    """

    mean: float
    sd: float
    limit: float
    blanks: int
    bounded: bool


@dataclass(frozen=True, slots=True)
class Bias:
    """The relative bias of measurements against a certified value, with its 95 % interval (infinite for one result)."""

    relative: float
    lower: float
    upper: float
    results: int

    @property
    def significant(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.lower > 0 or self.upper < 0

    def beyond(self, tolerance: float) -> bool:
        """Whether the bias is larger than a tolerance, as a share of the certified value."""
        return abs(self.relative) > tolerance


def assess_blanks(lower: ArrayLike, upper: ArrayLike) -> BlankResult | None:
    """Mean, standard deviation and mean + 3 sd of blanks known by bounds (n,); None for fewer than three.

    The factor of three is that of the IUPAC definition of a limit of detection (Currie 1995, Pure and Applied
    Chemistry 67). A blank below a limit enters at the limit, which makes the result an upper bound.
    """
    low, high = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
    finite = np.isfinite(high)
    values = high[finite]
    if len(values) < FEWEST_BLANKS:
        return None
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    return BlankResult(mean, sd, mean + 3 * sd, len(values), bool((low[finite] < values).any()))


def assess_bias(values: ArrayLike, certified: float, certified_sd: float = 0.0) -> Bias:
    """The bias of measured values (n,) of a material whose content is certified, with its standard uncertainty.

    The interval combines the standard error of the mean with the uncertainty of the certified value (Linsinger 2005,
    ERM application note 1); raises ValueError without a value or without a content above zero.
    """
    measured = np.asarray(values, dtype=np.float64)
    if not (np.isfinite(certified) and certified > 0 and np.isfinite(certified_sd) and certified_sd >= 0):
        raise ValueError(f"a certified content must be above zero, got {certified:g} ± {certified_sd:g}")
    if measured.ndim != 1 or not len(measured) or not np.isfinite(measured).all():
        raise ValueError("a bias needs at least one measured value")
    relative = float(measured.mean() / certified - 1)
    if len(measured) == 1:
        return Bias(relative, -np.inf, np.inf, 1)
    scatter = float(stdtrit(len(measured) - 1, (1 + COVERAGE) / 2) * measured.std(ddof=1) / np.sqrt(len(measured)))
    certificate = float(ndtri((1 + COVERAGE) / 2) * certified_sd * (1 + relative))
    half = float(np.hypot(scatter, certificate) / certified)
    return Bias(relative, relative - half, relative + half, len(measured))
