"""A biplot of two principal components: samples as points, parts of the composition as arrows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mapping.composition import Fingerprints
from mapping.furniture import INK, PAPER, QUIET

ACCENT = "#b3541e"
DPI = 150
NAMED = 24
"""Arrows with names: the longest; more would lie on each other."""


def write_biplot(path: Path | str, found: Fingerprints, title: str, labels: tuple[str, ...] | None = None) -> None:
    """Write a PNG of the first two components; `labels` are short names of the parts.

    Arrows are drawn to the scale at which the longest reaches the far samples; lengths compare among themselves.
    ValueError for fewer than two components.
    """
    if len(found.loadings) < 2:
        raise ValueError("a biplot needs two components")
    figure = Figure(figsize=(7.6, 7.2), facecolor=PAPER, layout="constrained")
    axes = figure.add_subplot()
    first, second = found.scores[:, 0], found.scores[:, 1]
    axes.scatter(first, second, s=9, color=QUIET, alpha=0.55, linewidths=0)
    arrows = found.loadings[:2].T
    length = np.linalg.norm(arrows, axis=1)
    scale = float(np.quantile(np.hypot(first, second), 0.97)) / float(length.max())
    names = labels or found.parts
    for index in np.argsort(-length):
        x, y = arrows[index] * scale
        axes.plot([0.0, x], [0.0, y], color=ACCENT, linewidth=1.0, alpha=0.9)
    for index in np.argsort(-length)[:NAMED]:
        x, y = arrows[index] * scale * 1.05
        axes.text(x, y, names[index], color=INK, fontsize=9, ha="left" if x > 0 else "right", va="center")
    axes.axhline(0.0, color=QUIET, linewidth=0.5)
    axes.axvline(0.0, color=QUIET, linewidth=0.5)
    across, up = (f"component {n + 1} ({found.share[n]:.0%} of the variance of log-ratios)" for n in (0, 1))
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_aspect("equal", adjustable="datalim")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=DPI)
