"""What every map needs besides the map: class breaks, a scale bar, a north arrow, a legend."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, Colormap
from matplotlib.patches import Patch, Polygon, Rectangle
from matplotlib.patheffects import withStroke

from mapping.arrays import Vector

INK, QUIET, PAPER, GROUND = "#1b1f24", "#5b6470", "#ffffff", "#f1f2ee"
STEPS = (1.0, 2.0, 5.0)
HALO = withStroke(linewidth=2.5, foreground=PAPER)


def rounded(value: float) -> float:
    """The largest of 1, 2, 5, 10, 20, 50 … that is not above a positive value."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(step * power for step in STEPS if step * power <= value * (1.0 + 1e-12)))


def class_breaks(values: Vector, count: int = 7) -> list[float]:
    """Round class limits over the bulk (1st to 99th percentile) of values (n,), evenly spaced or, where they span
    more than a factor of five, evenly spaced in logarithms."""
    finite = values[np.isfinite(values)]
    low, high = np.quantile(finite, [0.01, 0.99])
    if low > 0.0 and high / low > 5.0:
        raw = np.geomspace(low, high, count + 1)
        breaks = {_two_digits(value) for value in raw}
    else:
        step = rounded(max((high - low) / count, 1e-9 * max(abs(high), 1e-300)))
        breaks = {float(f"{step * k:.12g}") for k in range(int(np.floor(low / step)), int(np.ceil(high / step)) + 1)}
    ordered = sorted(breaks)
    return ordered if len(ordered) > 1 else [ordered[0], ordered[0] + (abs(ordered[0]) or 1.0)]


def _two_digits(value: float) -> float:
    """Rounded to a multiple of five in the second digit, or of one below twenty."""
    power = 10.0 ** (np.floor(np.log10(value)) - 1.0)
    digits = value / power
    step = 1.0 if digits < 20.0 else 5.0
    return float(f"{np.rint(digits / step) * step * power:.12g}")


def add_scale_bar(axes: Axes, room: float) -> None:
    """A bar of a round length, with the north arrow above it, right of the map where `room` metres are free.

    The arrow shows the grid's north.
    """
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    length = rounded(min(0.8 * room, (east - west) / 3.0))
    x, y, height = east + 0.1 * room, south, 0.009 * (north - south)
    for part, colour in enumerate((INK, PAPER)):
        corner = (x + part * length / 2, y)
        axes.add_patch(Rectangle(corner, length / 2, height, fc=colour, ec=INK, lw=0.8, clip_on=False))
    label = f"{length / 1000:g} km" if length >= 1000.0 else f"{length:g} m"
    axes.text(x + length / 2, y + 2.0 * height, label, ha="center", va="bottom", size=9, color=INK)
    _add_north_arrow(axes, x + length / 2, y + 8.0 * height, 5.0 * height)


def _add_north_arrow(axes: Axes, x: float, y: float, size: float) -> None:
    points = [(x - 0.35 * size, y), (x, y + size), (x + 0.35 * size, y), (x, y + 0.25 * size)]
    axes.add_patch(Polygon(points, fc=INK, ec=INK, clip_on=False))
    axes.text(x, y + 1.15 * size, "N", ha="center", va="bottom", size=11, weight="bold", color=INK)


def class_legend(palette: Colormap, norm: BoundaryNorm, percent: bool) -> list[Patch]:
    """One patch for each class, the highest first."""
    limits = [float(limit) for limit in norm.boundaries]
    labels = _labels([100.0 * limit for limit in limits] if percent else limits, percent)
    middles = [(low + high) / 2.0 for low, high in pairwise(limits)]
    if norm.extend in ("min", "both"):
        middles, labels = [limits[0] - 1.0, *middles], [f"below {_number(limits[0])}", *labels]
    if norm.extend in ("max", "both"):
        middles, labels = [*middles, limits[-1] + 1.0], [*labels, f"above {_number(limits[-1])}"]
    patches = [
        Patch(fc=palette(norm(middle)), ec=QUIET, lw=0.4, label=label)
        for middle, label in zip(middles, labels, strict=True)
    ]
    return patches[::-1]


def _labels(limits: Sequence[float], percent: bool) -> list[str]:
    unit = " %" if percent else ""
    pairs = pairwise(limits)
    return [f"{_number(low)} – {_number(high)}{unit}" for low, high in pairs]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.4g}"
