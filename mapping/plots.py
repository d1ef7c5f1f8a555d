"""Pictures: maps for a reader in a hurry, and plots for one who wants to know how far to trust them.

Every function writes one PNG. Palettes are distinguishable with every kind of colour blindness: cividis and
its like run from dark to light, exceedance from blue through grey to orange-brown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Curve
from scipy.special import ndtri

from mapping.arrays import Points, Vector
from mapping.furniture import (
    GROUND,
    HALO,
    INK,
    PAPER,
    QUIET,
    add_scale_bar,
    class_breaks,
    class_legend,
)
from mapping.grid import Grid
from mapping.kriging import FittedKriging
from mapping.validation import Validation

WATER, POINT, ACCENT = "#a9cbe0", "#111111", "#0b6ea8"
DPI = 150
COLUMN = 2.5
"""Width in inches of the column of words right of a map."""
NARROWEST, WIDEST, LOWEST, HIGHEST = 4.0, 6.2, 4.8, 8.2
"""Inches between which the frame of a map keeps."""


@dataclass(frozen=True, slots=True)
class Style:
    """How one kind of quantity is drawn: its palette, and class limits where they do not follow from the values."""

    palette: Colormap
    classes: tuple[float, ...] | None = None
    percent: bool = False


STYLES: dict[str, Style] = {
    "concentration": Style(colormaps["cividis"]),
    "uncertainty": Style(LinearSegmentedColormap.from_list("doubt", ["#ebe0f0", "#c9a6cf", "#7b3f8c", "#33124f"])),
    "exceedance": Style(
        LinearSegmentedColormap.from_list("risk", ["#2c6fa6", "#a9c9e0", "#f6eab8", "#f0b26b", "#a34a00"]),
        (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0),
        percent=True,
    ),
}
"""Every kind of map by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Caption:
    """The words around a map. `unit` heads the legend; `source` says where data and method come from."""

    title: str
    subtitle: str = ""
    unit: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A named shapely area of which only the edge is drawn, so that the map below stays readable."""

    name: str
    area: Any
    colour: str
    dashed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """What lies on top: sample places (n, 2), named shapely areas drawn as water, and outlines."""

    samples: Points | None = None
    areas: Mapping[str, Any] = field(default_factory=dict)
    outlines: Sequence[Outline] = ()


def map_picture(
    path: Path | str,
    grid: Grid,
    values: Vector,
    style: str,
    caption: Caption,
    overlay: Overlay | None = None,
    classes: Sequence[float] | None = None,
) -> None:
    """A map of values (rows, columns) as PNG, with legend, scale bar, north arrow and source.

    `style` is a key of `STYLES`; `classes` are class limits in the unit of the values, else those of the style
    or round ones. Cells without a value are left blank. ValueError for an unknown style or when no cell has a value.
    """
    if values.shape != grid.shape:
        raise ValueError(f"the grid is {grid.shape}, the values {values.shape}")
    if style not in STYLES:
        raise ValueError(f"no map style is called {style!r}; known are {', '.join(STYLES)}")
    if not np.isfinite(values).any():
        raise ValueError("there is nothing to draw: no cell has a value")
    drawn, chosen = overlay or Overlay(), STYLES[style]
    limits = list(classes or chosen.classes or class_breaks(values))
    norm = _norm(limits, values, chosen)
    figure, axes = _map_frame(grid)
    west, south, east, north = grid.bounds
    axes.imshow(
        values, extent=(west, east, south, north), cmap=chosen.palette, norm=norm, interpolation="nearest", zorder=2
    )
    handles: list[Patch | Line2D] = list(class_legend(chosen.palette, norm, chosen.percent))
    handles += _draw_overlay(axes, drawn)
    add_scale_bar(axes, room=COLUMN / axes.get_position().width / figure.get_figwidth() * np.ptp(axes.get_xlim()))
    _write_caption(figure, axes, caption, handles)
    figure.savefig(path, dpi=DPI, facecolor=PAPER)


def _norm(limits: list[float], values: Vector, style: Style) -> BoundaryNorm:
    below, above = np.nanmin(values) < limits[0], np.nanmax(values) > limits[-1]
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}
    return BoundaryNorm(limits, style.palette.N, extend=extend[bool(below), bool(above)])  # type: ignore[arg-type]


def _map_frame(grid: Grid) -> tuple[Figure, Axes]:
    """A figure whose map has the grid in its middle, with room for the words."""
    west, south, east, north = grid.bounds
    metres_per_inch = max((east - west) / WIDEST, (north - south) / HIGHEST) / 0.94
    width = max((east - west) / 0.94 / metres_per_inch, NARROWEST)
    height = max((north - south) / 0.94 / metres_per_inch, LOWEST)
    page = (width + COLUMN + 0.4, height + 1.5)
    figure = Figure(figsize=page)
    axes = figure.add_axes((0.3 / page[0], 0.45 / page[1], width / page[0], height / page[1]))
    x, y = (west + east) / 2.0, (south + north) / 2.0
    half_width, half_height = width * metres_per_inch / 2.0, height * metres_per_inch / 2.0
    axes.set(xlim=(x - half_width, x + half_width), ylim=(y - half_height, y + half_height), xticks=[], yticks=[])
    axes.set_facecolor(GROUND)
    axes.spines[:].set_color("#c9ccd1")
    return figure, axes


def _draw_overlay(axes: Axes, overlay: Overlay) -> list[Patch | Line2D]:
    handles: list[Patch | Line2D] = []
    for name, area in overlay.areas.items():
        for polygon in shapely.get_parts(area):
            axes.add_patch(PathPatch(_curve(polygon), fc=WATER, ec="#6b9ab8", lw=0.6, zorder=3))
        handles.append(Patch(fc=WATER, ec="#6b9ab8", lw=0.6, label=name))
    if overlay.samples is not None:
        dots: dict[str, Any] = {
            "marker": "o",
            "markersize": 3.2,
            "color": POINT,
            "markeredgecolor": PAPER,
            "markeredgewidth": 0.5,
        }
        axes.plot(*overlay.samples.T, linestyle="none", zorder=4, **dots)
        handles.append(Line2D([], [], linestyle="none", label=f"{len(overlay.samples)} samples", **dots))
    handles += [_draw_outline(axes, outline) for outline in overlay.outlines]
    return handles


def _curve(polygon: Any) -> Curve:
    rings = [polygon.exterior, *polygon.interiors]
    return Curve.make_compound_path(*(Curve(np.asarray(ring.coords), closed=True) for ring in rings))


def _draw_outline(axes: Axes, outline: Outline) -> Line2D:
    """In its colour on a pale edge, which keeps it visible on every class of the map."""
    line: dict[str, Any] = {"lw": 1.8, "ls": (0, (4, 2)) if outline.dashed else "-"}
    for polygon in shapely.get_parts(outline.area):
        axes.add_patch(PathPatch(_curve(polygon), fc="none", ec=PAPER, lw=3.4, zorder=5))
        axes.add_patch(PathPatch(_curve(polygon), fc="none", ec=outline.colour, zorder=6, **line))
    return Line2D([], [], color=outline.colour, label=outline.name, **line)


def _write_caption(figure: Figure, axes: Axes, caption: Caption, handles: list[Patch | Line2D]) -> None:
    box = axes.get_position()
    height = figure.get_figheight()
    figure.text(box.x0, box.y1 + 0.55 / height, caption.title, size=16, weight="bold", color=INK, va="baseline")
    figure.text(box.x0, box.y1 + 0.22 / height, caption.subtitle, size=10.5, color=QUIET, va="baseline")
    figure.text(box.x0, 0.17 / height, caption.source, size=8, color=QUIET, va="baseline")
    axes.legend(
        handles=handles, title=caption.unit, loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0,
        frameon=False, alignment="left", title_fontproperties={"weight": "bold", "size": 10}, fontsize=10,
        labelspacing=0.35, handlelength=1.6, handleheight=1.2, labelcolor=INK,
    )  # fmt: skip


def variogram_plot(path: Path | str, fitted: FittedKriging, title: str) -> None:
    """The empirical variogram, pairs as point sizes, and the model; ValueError when none was estimated."""
    empirical = fitted.empirical
    if empirical is None:
        raise ValueError("the covariance was given: there is no empirical variogram to draw")
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    axes = figure.add_subplot()
    h = np.linspace(0.0, empirical.cutoff, 400)[1:]
    axes.plot(h, fitted.covariance.semivariance(h), color=ACCENT, lw=2.2, label=fitted.covariance.describe())
    if empirical.pairs.size:
        size = 20.0 + 130.0 * empirical.pairs / empirical.pairs.max()
        axes.scatter(empirical.distance, empirical.semivariance, s=size, color=INK, ec=PAPER, zorder=3)
        for x, y, count in zip(empirical.distance, empirical.semivariance, empirical.pairs, strict=True):
            note = axes.annotate(
                f"{count}", (x, y), xytext=(0, -15), textcoords="offset points", ha="center", size=7.5, color=QUIET
            )
            note.set_path_effects([HALO])
    axes.set(xlim=(0.0, 1.03 * empirical.cutoff), xlabel="distance between samples (m)")
    axes.set_ylim(0.0, 1.15 * max(fitted.covariance.sill, float(np.max(empirical.semivariance, initial=0.0))))
    axes.set_ylabel(f"semivariance ({fitted.recipe.transform.name} scale)")
    axes.set_title(title, loc="left", weight="bold", size=13)
    axes.legend(loc="lower right", frameon=False)
    _quiet(axes)
    figure.savefig(path, dpi=DPI, facecolor=PAPER)


def validation_plot(path: Path | str, validation: Validation, title: str) -> None:
    """Observed against predicted, and how often intervals of each level held the truth."""
    figure = Figure(figsize=(10.0, 4.8), layout="constrained")
    scatter, accuracy = figure.subplots(1, 2)
    _scatter(scatter, validation)
    _accuracy(accuracy, validation)
    figure.suptitle(title, x=0.01, ha="left", weight="bold", size=13)
    figure.savefig(path, dpi=DPI, facecolor=PAPER)


def _scatter(axes: Axes, validation: Validation) -> None:
    half = 1.96 * np.sqrt(validation.variance)
    axes.errorbar(validation.predicted, validation.observed, xerr=half, fmt="none", ecolor="#c3ccd4", elinewidth=0.7)
    axes.plot(validation.predicted, validation.observed, "o", ms=4.5, color=ACCENT, mec=PAPER, mew=0.5)
    low, high = np.quantile(np.concatenate([validation.predicted, validation.observed]), [0.0, 1.0])
    axes.plot([low, high], [low, high], color=INK, lw=1.0)
    scores = validation.scores()
    label = (
        f"RMSE {scores['rmse']:.3f}\nmean error {scores['me']:+.3f}\nCRPS {scores['crps']:.3f}\nn = {scores['n']:.0f}"
    )
    axes.text(0.03, 0.97, label, transform=axes.transAxes, va="top", size=9.5, color=INK, path_effects=[HALO])
    axes.set(xlabel="predicted without the sample, with 95 % interval", ylabel="observed (model scale)")
    _quiet(axes)


def _accuracy(axes: Axes, validation: Validation) -> None:
    levels = np.linspace(0.01, 0.99, 99)
    held = (np.abs(validation.standardised) <= ndtri(0.5 + levels[:, None] / 2.0)).mean(axis=1)
    spread = 1.96 * np.sqrt(levels * (1.0 - levels) / validation.observed.size)
    percent = 100.0 * levels
    band = (100.0 * np.clip(levels - spread, 0.0, 1.0), 100.0 * np.clip(levels + spread, 0.0, 1.0))
    axes.fill_between(percent, *band, color="#e3e8ec", label="what chance allows (95 %)")
    axes.plot([0, 100], [0, 100], color=INK, lw=1.0)
    axes.plot(percent, 100.0 * held, color=ACCENT, lw=2.2, label="held the truth")
    axes.set(xlabel="level of the prediction interval (%)", ylabel="observations inside (%)")
    axes.set(xlim=(0, 100), ylim=(0, 100))
    axes.legend(loc="lower right", frameon=False)
    _quiet(axes)


def _quiet(axes: Axes) -> None:
    axes.grid(color="#e8eaed", lw=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
