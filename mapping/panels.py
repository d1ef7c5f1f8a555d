"""Pictures of samples: many small maps side by side, counts at places, and a matrix of correlations."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from mapping.arrays import Points, Vector
from mapping.furniture import GROUND, INK, QUIET, add_scale_bar

DPI = 130
ACROSS = 4
HOT, COLD, OTHER = "#d6006e", "#0b6ea8", "#b9bec4"
SMALLEST, LARGEST = 4.0, 30.0
"""Areas of a dot in points, for thousands of samples and for a few."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One small map: samples at (n, 2) in metres, and which of them are hot or cold (n,)."""

    title: str
    note: str
    xy: Points
    hot: np.ndarray[Any, np.dtype[np.bool_]]
    cold: np.ndarray[Any, np.dtype[np.bool_]]


def panels_of_samples(panels: Sequence[Panel]) -> bytes:
    """Small maps of one frame, four in a row, as PNG; ValueError for none."""
    if not panels:
        raise ValueError("there is nothing to draw: no panel")
    every = np.concatenate([panel.xy for panel in panels])
    rows = -(-len(panels) // ACROSS)
    across = min(ACROSS, len(panels))
    height = 2.5 * _aspect(every) + 0.55
    figure = Figure(figsize=(2.5 * across, height * rows), layout="constrained")
    axes = np.atleast_1d(np.asarray(figure.subplots(rows, across, squeeze=False), dtype=object)).ravel()
    for place, each in enumerate(axes):
        if place < len(panels):
            _draw(each, panels[place], every)
        else:
            each.set_axis_off()
    return _png(figure)


def count_map(xy: ArrayLike, counts: ArrayLike, unit: str) -> bytes:
    """Places (n, 2) in metres, larger and darker with their count (n,), as PNG with a legend and a scale bar.

    Where all counts are the same, plain dots. ValueError for another number of counts than places, and for none.
    """
    places, number = np.asarray(xy, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if places.shape != (len(number), 2) or not len(number):
        raise ValueError(f"places (n, 2) need as many counts, got {places.shape} and {number.shape}")
    figure = Figure(figsize=(7.6, 5.4 * min(1.6, max(0.7, _aspect(places))) + 0.2), layout="constrained")
    axes = figure.add_subplot()
    most, size = max(float(number.max()), 1.0), _size(len(places))
    if np.ptp(number) == 0:
        axes.scatter(places[:, 0], places[:, 1], s=size, color=INK, linewidths=0)
        _frame(axes, places)
        _scale(axes)
        return _png(figure)
    order = np.argsort(number, kind="stable")
    none = order[number[order] == 0]
    some = order[number[order] > 0]
    axes.scatter(places[none, 0], places[none, 1], s=0.5 * size, color=OTHER, linewidths=0)
    shown = axes.scatter(
        places[some, 0],
        places[some, 1],
        s=size * (0.7 + 1.6 * number[some] / most),
        c=number[some],
        cmap=colormaps["inferno_r"],
        vmin=0,
        vmax=most,
        edgecolors=INK,
        linewidths=0.4,
    )
    _frame(axes, places)
    bar = figure.colorbar(shown, ax=axes, shrink=0.7, ticks=_ticks(most))
    bar.set_label(unit, color=INK)
    _scale(axes)
    return _png(figure)


def correlation_picture(matrix: ArrayLike, names: Sequence[str]) -> bytes:
    """Correlations (m, m), NaN where unknown, of named variables, like beside like, as PNG."""
    given = np.asarray(matrix, dtype=np.float64)
    if given.shape != (len(names), len(names)) or len(names) < 2:
        raise ValueError(f"{len(names)} names need a square matrix of that size, got shape {given.shape}")
    order = _alike(given)
    side = max(3.6, 0.24 * len(names) + 1.6)
    figure = Figure(figsize=(side + 1.0, side), layout="constrained")
    axes = figure.add_subplot()
    shown = axes.imshow(given[np.ix_(order, order)], cmap=colormaps["RdBu_r"], vmin=-1.0, vmax=1.0)
    labels = [names[place] for place in order]
    axes.set_xticks(range(len(names)), labels, rotation=90, size=8)
    axes.set_yticks(range(len(names)), labels, size=8)
    axes.tick_params(length=0, colors=INK)
    axes.spines[:].set_visible(False)
    figure.colorbar(shown, ax=axes, shrink=0.6).set_label("rank correlation", color=INK)
    return _png(figure)


def _alike(matrix: Vector) -> list[int]:
    """The order in which like stands beside like (average linkage of 1 - |r|)."""
    if len(matrix) < 3:
        return list(range(len(matrix)))
    apart = 1.0 - np.abs(np.nan_to_num(matrix, nan=0.0))
    np.fill_diagonal(apart, 0.0)
    return [int(place) for place in leaves_list(linkage(squareform((apart + apart.T) / 2.0, checks=False), "average"))]


def _draw(axes: Axes, panel: Panel, every: Points) -> None:
    size = _size(len(panel.xy))
    rest = ~(panel.hot | panel.cold)
    for mask, colour, scale in ((rest, OTHER, 0.6), (panel.cold, COLD, 1.0), (panel.hot, HOT, 1.0)):
        axes.scatter(panel.xy[mask, 0], panel.xy[mask, 1], s=scale * size, color=colour, linewidths=0)
    _frame(axes, every)
    axes.set_title(panel.title, size=11, weight="bold", color=INK, loc="left", pad=14)
    axes.text(0.0, 1.02, panel.note, transform=axes.transAxes, size=8, color=QUIET)


def _frame(axes: Axes, places: Points) -> None:
    (west, south), (east, north) = places.min(axis=0), places.max(axis=0)
    room = 0.04 * max(east - west, north - south, 1.0)
    axes.set(xlim=(west - room, east + room), ylim=(south - room, north + room), xticks=[], yticks=[], aspect="equal")
    axes.set_facecolor(GROUND)
    axes.spines[:].set_color("#c9ccd1")


def _scale(axes: Axes) -> None:
    west, east = axes.get_xlim()
    add_scale_bar(axes, 0.3 * (east - west))


def _aspect(places: Points) -> float:
    """Height over width of the places, kept between a half and two."""
    width, height = np.ptp(places, axis=0)
    return float(np.clip((height or 1.0) / (width or 1.0), 0.5, 2.0))


def _size(count: int) -> float:
    return float(np.clip(9000.0 / max(count, 1), SMALLEST, LARGEST))


def _ticks(most: float) -> list[int]:
    step = max(1, round(most / 6))
    return list(range(0, int(most) + 1, step))


def _png(figure: Figure) -> bytes:
    written = io.BytesIO()
    figure.savefig(written, dpi=DPI, facecolor="white")
    return written.getvalue()
