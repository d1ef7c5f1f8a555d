"""A small histogram on a logarithmic axis: measured values solid, those known by their bounds hatched."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.report_page.figures import number
from ingest.tally.contents import Histogram

WIDTH, TALL = 176, 32
MOST_TICKS = 5


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Bars:
    """The outlines of both kinds of bars as SVG paths, empty where there are none, and the marks below them."""

    measured: str
    censored: str
    ticks: tuple[Tick, ...]


def bars(histogram: Histogram) -> Bars:
    """Draw a histogram WIDTH wide and TALL high, the axis at y = TALL."""
    solid, hatched = histogram["measured"], histogram["censored"]
    both = [one + other for one, other in zip(solid, hatched, strict=True)]
    highest = max(both, default=0.0) or 1.0
    low, high = ([TALL * (1 - value / highest) for value in heights] for heights in (solid, both))
    floor = [float(TALL)] * len(solid)
    return Bars(
        _between(low, floor) if any(solid) else "",
        _between(high, low) if any(hatched) else "",
        tuple(_ticks(histogram)),
    )


def _between(top: Sequence[float], bottom: Sequence[float]) -> str:
    """The area between two staircases, one path for each run of steps with something between them."""
    step = WIDTH / len(top)
    filled = [over < under for over, under in zip(top, bottom, strict=True)]
    edges = [0, *(place for place, (one, other) in enumerate(pairwise(filled), 1) if one != other), len(top)]
    return "".join(
        _run(top[start:end], bottom[start:end], start * step, step)
        for start, end in pairwise(edges)
        if end > start and filled[start]
    )


def _run(top: Sequence[float], bottom: Sequence[float], x: float, step: float) -> str:
    there = "".join(f"V{_short(y)}H{_short(x + (place + 1) * step)}" for place, y in enumerate(top))
    back = "".join(f"V{_short(y)}H{_short(x + place * step)}" for place, y in reversed([*enumerate(bottom)]))
    return f"M{_short(x)} {_short(bottom[0])}{there}{back}Z"


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _ticks(histogram: Histogram) -> list[Tick]:
    start = math.log10(histogram["start_mg_per_kg"])
    end = start + len(histogram["measured"]) / histogram["bars_per_decade"]
    choices = (_between_powers(start, end, steps) for steps in ((1,), (1, 3), (1, 2, 5), tuple(range(1, 10))))
    wanted = next((found for found in choices if len(found) > 1), [10.0 ** ((start + end) / 2)])
    thinned = wanted[:: -(-len(wanted) // MOST_TICKS)]
    return [Tick(round(WIDTH * (math.log10(value) - start) / (end - start), 1), number(value, 2)) for value in thinned]


def _between_powers(start: float, end: float, steps: tuple[int, ...]) -> list[float]:
    powers = range(math.floor(start), math.ceil(end) + 1)
    values = [step * 10.0**power for power in powers for step in steps]
    return [value for value in values if start <= math.log10(value) + 1e-9 and math.log10(value) <= end + 1e-9]
