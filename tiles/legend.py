"""Classes of a legend: the same breaks and colours for the legend and for the tiles.

The ramps run from light to dark in one direction of lightness, so that they can be read by people with any colour
vision and in grey; exceedance has a neutral middle, because undecided is a finding of its own.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CONCENTRATION = ("#fff3c4", "#f9c877", "#ee9a54", "#d76a49", "#b0424d", "#7d2752", "#471a49")
UNCERTAINTY = ("#f2f4f8", "#cfd8e6", "#a5b7d0", "#7a94b8", "#51719c", "#2f4f7a", "#172f54")
PROBABILITY = ("#2b6a8f", "#6fa3bd", "#b9d3dc", "#f1efe6", "#f0c9a0", "#d98a4e", "#a3461f")
PROBABILITY_BREAKS = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)
NICE = ((1.0, 1.5, 2.0, 3.0, 5.0, 7.0), (1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))
"""Steps within a decade, from fine to coarse."""
MOST_CLASSES = 7
ENDS = (0.02, 0.98)


@dataclass(frozen=True, slots=True)
class Legend:
    """Values below the first break get the first colour, those from the last break on get the last one.

    `span` says from where to where the values go: the label of a legend that has one class for all of them.
    """

    title: str
    unit: str
    breaks: tuple[float, ...]
    colours: tuple[str, ...]
    floor: float | None = 0.0
    ceiling: float | None = None
    span: str = ""

    def __post_init__(self) -> None:
        if len(self.colours) != len(self.breaks) + 1:
            raise ValueError(f"{len(self.breaks)} breaks need one colour more, got {len(self.colours)}")
        if any(low >= high for low, high in pairwise(self.breaks)):
            raise ValueError(f"breaks must rise, got {self.breaks}")

    def classify(self, values: Floats) -> NDArray[np.uint8]:
        """The number of the class of each value, from 1; 0 where there is no value."""
        numbers = np.digitize(values, self.breaks) + 1
        return np.where(np.isnan(values), 0, numbers).astype(np.uint8)

    def classes(self) -> list[dict[str, Any]]:
        """The classes as JSON: lower is inside, upper is not; null for an open end."""
        edges = (self.floor, *self.breaks, self.ceiling)
        alone = "" if self.breaks else self.span
        return [
            {"lower": lower, "upper": upper, "colour": colour, "label": alone or _label(lower, upper)}
            for (lower, upper), colour in zip(pairwise(edges), self.colours, strict=True)
        ]


def probability_legend(title: str) -> Legend:
    """The fixed classes of a probability."""
    return Legend(title, "1", PROBABILITY_BREAKS, PROBABILITY, 0.0, 1.0)


def value_legend(title: str, unit: str, values: Floats, ramp: tuple[str, ...]) -> Legend:
    """Classes between the 2 % and 98 % quantiles of the values (NaN left out), at round numbers.

    Geometric where the values are positive and span more than a factor of three, as concentrations do; else linear.
    """
    known = values[np.isfinite(values)]
    low, high = (float(edge) for edge in np.quantile(known, ENDS)) if known.size else (0.0, 0.0)
    breaks = geometric_breaks(low, high) if 0 < 3 * low < high else linear_breaks(low, high)
    floor = 0.0 if not known.size or known.min() >= 0 else None
    ends = dict.fromkeys(f"{edge:.4g}" for edge in (known.min(), known.max())) if known.size else {}
    return Legend(title, unit, breaks, _spread(ramp, len(breaks) + 1), floor, span=" – ".join(ends))


def geometric_breaks(low: float, high: float) -> tuple[float, ...]:
    """At most six numbers between `low` and `high` (both above zero), round in every decade."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in NICE:
        breaks = tuple(_round(step * 10.0**decade) for decade in decades for step in steps)
        inside = tuple(value for value in breaks if low < value < high)
        if len(inside) < MOST_CLASSES:
            return inside
    return inside[:: math.ceil(len(inside) / (MOST_CLASSES - 1))]


def linear_breaks(low: float, high: float) -> tuple[float, ...]:
    """At most six multiples of a round step between `low` and `high`; none where these are as good as equal."""
    if not high - low > 1e-9 * max(abs(low), abs(high)):
        return ()
    for factor in (1.0, 2.0, 2.5, 5.0, 10.0, 20.0):
        step = factor * 10.0 ** math.floor(math.log10((high - low) / MOST_CLASSES))
        first, last = math.floor(low / step) + 1, math.ceil(high / step) - 1
        if last - first + 1 < MOST_CLASSES:
            return tuple(_round(number * step) for number in range(first, last + 1))
    raise AssertionError("a step of twenty times the smallest always fits")


def _round(value: float) -> float:
    return float(f"{value:.12g}")


def _spread(ramp: tuple[str, ...], count: int) -> tuple[str, ...]:
    """`count` colours of a ramp, its ends among them."""
    if count == 1:
        return (ramp[len(ramp) // 2],)
    return tuple(ramp[round(turn * (len(ramp) - 1) / (count - 1))] for turn in range(count))


def _label(lower: float | None, upper: float | None) -> str:
    if lower is None or upper is None:
        return f"≥ {lower:g}" if upper is None and lower is not None else f"< {upper:g}" if upper is not None else "all"
    return f"{lower:g} – {upper:g}"
