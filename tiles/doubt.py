"""Uncertainty as a second channel of a picture: colours that fade, or hatching, where little is known."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiles.images import Palette
from tiles.quantity import Quantity

DOUBTS = ("none", "fade", "hatch")
VARIATION = (0.5, 1.0)
"""Standard deviation over expected value: from here on a value is doubtful, and very doubtful."""
UNDECIDED = ((0.05, 0.95), (0.2, 0.8))
"""Probabilities of an exceedance that are doubtful, and very doubtful."""
OPACITIES = (255, 140, 60)
SPACING, THICKNESS = 8, (2, 4)
"""Of the hatching, in pixels: it divides the side of a tile, so lines go on in the next one."""

Levels = NDArray[np.uint8]


def doubt_of(bands: NDArray[np.float32], transform: str, shown: Quantity) -> Levels:
    """0 where a value is sure, 1 where it is doubtful, 2 where very."""
    if shown.name == "exceedance":
        p = shown.of(bands, transform)
        return sum(((p > low) & (p < high)).astype(np.uint8) for low, high in UNDECIDED)  # type: ignore[return-value]
    variation = Quantity("sd").of(bands, transform) / np.maximum(Quantity("expected").of(bands, transform), 1e-300)
    return sum((variation >= edge).astype(np.uint8) for edge in VARIATION)  # type: ignore[return-value]


def shaded(
    classes: NDArray[np.uint8], colours: tuple[str, ...], doubt: Levels, how: str
) -> tuple[NDArray[np.uint8], Palette]:
    """Numbers (rows, columns) of a palette's colours in which doubt is seen, and that palette; `how`: fade or hatch."""
    if how == "hatch":
        lines = np.add.outer(np.arange(classes.shape[0]), np.arange(classes.shape[1])) % SPACING
        gaps = ((doubt == 1) & (lines < THICKNESS[0])) | ((doubt == 2) & (lines < THICKNESS[1]))
        return np.where(gaps, 0, classes).astype(np.uint8), Palette(colours)
    numbers = np.where(classes > 0, classes + doubt * len(colours), 0).astype(np.uint8)
    opacities = tuple(opacity for opacity in OPACITIES for _ in colours)
    return numbers, Palette(colours * len(OPACITIES), opacities)


def doubt_legend(shown: Quantity) -> list[dict[str, Any]]:
    """What the steps of doubt mean, as JSON."""
    if shown.name == "exceedance":
        (low, high), (lower, upper) = UNDECIDED
        words = f"≤ {low:g} or ≥ {high:g}", f"{low:g} – {lower:g} or {upper:g} – {high:g}", f"{lower:g} – {upper:g}"
        return [_step("probability", text, opacity) for text, opacity in zip(words, OPACITIES, strict=True)]
    words = f"< {VARIATION[0]:g}", f"{VARIATION[0]:g} – {VARIATION[1]:g}", f"≥ {VARIATION[1]:g}"
    return [_step("standard deviation / expected value", *each) for each in zip(words, OPACITIES, strict=True)]


def _step(measure: str, label: str, opacity: int) -> dict[str, Any]:
    return {"measure": measure, "label": label, "opacity": round(opacity / 255, 2)}
