"""The distribution of values of which some are only known to lie between bounds.

An order statistic of such values lies between that of their lower and that of their upper bounds, which is all that can
be said without a model (Helsel 2012, ch. 6).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.tally.contents import Bounds, Histogram
from ingest.tally.counts import Counts

Doubles = NDArray[np.float64]

EXACT = 5000
"""Up to so many values quantiles are exact; beyond, each is true to ACCURACY of itself."""
ACCURACY = 0.005
# bins whose limits grow by this ratio hold every value within ACCURACY of one number (Masson, Rim & Lee 2019, VLDB 12)
RATIO = (1 + ACCURACY) / (1 - ACCURACY)
BINS_PER_DECADE = 20
FEWEST_BARS, MOST_BARS = 12, 40
SMALLEST, LARGEST = 1e-12, 1e12
# codes of zero and of infinity, beyond those of any number between SMALLEST and LARGEST
ZERO, ENDLESS = -(1 << 13), 1 << 13
FIRST_BAR, LAST_BAR = -12 * BINS_PER_DECADE - 1, 12 * BINS_PER_DECADE + 1
BARS = LAST_BAR - FIRST_BAR + 1
QUANTILES = {"min": 0.0, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "max": 1.0}


@dataclass(frozen=True, slots=True, eq=False)
class Concentrations:
    """Values of one kind: how many of each sort, their bounds in fine bins, and pairs of bounds in coarse ones.

    `exact` holds bounds of shape (n, 2), sorted each for itself, while there are few; `least` and `greatest` are the
    lowest upper and the highest lower bound, each with its text as it was given. `limits` is from where to where those
    limits lie that values are below, `ceilings` the same of those that values are above; (∞, -∞) where there are none.
    """

    measured: int
    below: int
    above: int
    between: int
    flagged: int
    lower: Counts
    upper: Counts
    pairs: Counts
    exact: Doubles | None
    extremes: Doubles
    limits: tuple[float, float]
    ceilings: tuple[float, float]
    least: tuple[float, str]
    greatest: tuple[float, str]

    @classmethod
    def of(cls, lower: Doubles, upper: Doubles, flagged: int, text: Callable[[int], str]) -> "Concentrations":
        """Count values between bounds of shape (n,), n > 0; `text` gives the text at a place."""
        measured, below, above = lower == upper, (lower == 0) & (upper > 0) & np.isfinite(upper), np.isinf(upper)
        least, greatest = int(np.argmin(upper)), int(np.argmax(lower))
        return cls(
            measured=int(measured.sum()),
            below=int(below.sum()),
            above=int(above.sum()),
            between=int((~(measured | below | above)).sum()),
            flagged=flagged,
            lower=Counts.of(_fine(lower)),
            upper=Counts.of(_fine(upper)),
            pairs=Counts.of(_paired(lower, upper)),
            exact=np.column_stack([np.sort(lower), np.sort(upper)]) if len(lower) <= EXACT else None,
            extremes=np.array([[lower.min(), upper.min()], [lower.max(), upper.max()]]),
            limits=_reach(upper[below]),
            ceilings=_reach(lower[above]),
            least=(float(upper[least]), text(least)),
            greatest=(float(lower[greatest]), text(greatest)),
        )

    @property
    def count(self) -> int:
        """How many values there are."""
        return self.measured + self.below + self.above + self.between

    def merge(self, later: "Concentrations") -> "Concentrations":
        """Both together; of equal extremes the earlier one's text is kept."""
        both = self.extremes, later.extremes
        return Concentrations(
            measured=self.measured + later.measured,
            below=self.below + later.below,
            above=self.above + later.above,
            between=self.between + later.between,
            flagged=self.flagged + later.flagged,
            lower=self.lower.merge(later.lower),
            upper=self.upper.merge(later.upper),
            pairs=self.pairs.merge(later.pairs),
            exact=self._exact_with(later),
            extremes=np.stack([np.minimum(both[0][0], both[1][0]), np.maximum(both[0][1], both[1][1])]),
            limits=_wider(self.limits, later.limits),
            ceilings=_wider(self.ceilings, later.ceilings),
            least=min(self.least, later.least, key=_value),
            greatest=max(self.greatest, later.greatest, key=_value),
        )

    def _exact_with(self, later: "Concentrations") -> Doubles | None:
        if self.exact is None or later.exact is None or self.count + later.count > EXACT:
            return None
        return np.sort(np.concatenate([self.exact, later.exact]), axis=0)

    def quantiles(self) -> dict[str, Bounds]:
        """The bounds of minimum, quartiles, median, 95th percentile and maximum."""
        return {name: self._quantile(share) for name, share in QUANTILES.items()}

    def _quantile(self, share: float) -> Bounds:
        if share in (0.0, 1.0):
            lower, upper = self.extremes[int(share)]
        elif self.exact is not None:
            lower, upper = (_between(self.exact[:, side], share) for side in (0, 1))
        else:
            rank = int(share * (self.count - 1) + 0.5)
            lower, upper = _of_fine(self.lower.at(rank)), _of_fine(self.upper.at(rank))
        return {"lower": _tidy(lower), "upper": _tidy(upper) if np.isfinite(upper) else None}

    def histogram(self) -> Histogram:
        """Bars of equal width in logarithms; a value between bounds is spread evenly over the bars it may be in."""
        codes, censored = np.divmod(self.pairs.codes, 2)
        low, high = (part + FIRST_BAR for part in np.divmod(codes, BARS))
        first, width, bars = _frame(low, high, self.count)
        start, end = (np.clip((side - first) // width, 0, bars - 1) for side in (low, high))
        heights = np.zeros((2, bars))
        for kind, one, other, count in zip(censored, start, end, self.pairs.counts, strict=True):
            heights[kind, one : other + 1] += count / (other - one + 1)
        measured, doubtful = ([float(f"{bar:.6g}") for bar in row] for row in heights)
        return {
            "start_mg_per_kg": float(10.0 ** (first / BINS_PER_DECADE)),
            "bars_per_decade": BINS_PER_DECADE / width,
            "measured": measured,
            "censored": doubtful,
        }


def _reach(values: Doubles) -> tuple[float, float]:
    return (float(values.min()), float(values.max())) if values.size else (np.inf, -np.inf)


def _wider(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return min(one[0], other[0]), max(one[1], other[1])


def _fine(values: Doubles) -> NDArray[np.int64]:
    return _binned(values, np.ceil, 1 / np.log(RATIO), (ZERO, ENDLESS))


def _coarse(values: Doubles) -> NDArray[np.int64]:
    return _binned(values, np.floor, BINS_PER_DECADE / np.log(10), (FIRST_BAR, LAST_BAR))


def _binned(values: Doubles, rounded: Any, scale: float, ends: tuple[int, int]) -> NDArray[np.int64]:
    codes = rounded(np.log(np.clip(values, SMALLEST, LARGEST)) * scale).astype(np.int64)
    codes[values == 0] = ends[0]
    codes[np.isinf(values)] = ends[1]
    return np.asarray(codes, np.int64)


def _of_fine(code: int) -> float:
    if code in (ZERO, ENDLESS):
        return 0.0 if code == ZERO else np.inf
    return float(2 * RATIO**code / (RATIO + 1))


def _paired(lower: Doubles, upper: Doubles) -> NDArray[np.int64]:
    low, high = _coarse(lower) - FIRST_BAR, _coarse(upper) - FIRST_BAR
    return 2 * (low * BARS + high) + (lower < upper)


def _frame(low: NDArray[np.int64], high: NDArray[np.int64], count: int) -> tuple[int, int, int]:
    """The first fine bar of a picture, how many fine bars make one of its bars, and how many of these it has.

    Half a decade is left free where values lie below, or above, every number that is known. The number of bars grows
    with the cube root of that of the values (Scott 1979, Biometrika 66).
    """
    known = np.concatenate([low, high])
    known = known[(known > FIRST_BAR) & (known < LAST_BAR)]
    first, last = (int(known.min()), int(known.max())) if known.size else (0, 0)
    first -= BINS_PER_DECADE // 2 if (low == FIRST_BAR).any() else 1
    last += BINS_PER_DECADE // 2 if (high == LAST_BAR).any() else 1
    bars = min(max(round(2 * np.cbrt(count)), FEWEST_BARS), MOST_BARS)
    width = -(-(last - first + 1) // bars)
    first = first // width * width
    return first, width, -(-(last - first + 1) // width)


def _between(ordered: Doubles, share: float) -> float:
    """The quantile by linear interpolation, which is none towards infinity."""
    place = share * (len(ordered) - 1)
    below, part = int(place), place - int(place)
    return float(ordered[below]) if part == 0 else float((1 - part) * ordered[below] + part * ordered[below + 1])


def _tidy(value: float) -> float:
    """Without the last digits, which interpolation leaves behind."""
    return float(f"{value:.10g}")


def _value(extreme: tuple[float, str]) -> float:
    return extreme[0]
