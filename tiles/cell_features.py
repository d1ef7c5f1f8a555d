"""Cells as features of a vector tile: what is counted in each, of which population, and what lies above a limit."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.pyramid.cells import Cells
from db.pyramid.grid import columns_and_rows
from tiles.mvt import Column, Texts, points_layer
from tiles.pyramid import Population
from tiles.statements import EXTENT

CELL = 64
"""Side of a cell in tile units."""
CELLS = {
    "count": "rows in the cell",
    "coverage": "share of the sixteenths of the cell that hold a row",
    "populations": "media, procedures, bases and depths in the cell, where they are too many to stand apart",
}
CELLS_MEASURED = CELLS | {
    "censored_count": "rows of which only bounds are known",
    "max": "highest lower bound",
    "median": "of the upper bounds, to 6 %",
    "p90": "of the upper bounds, to 6 %",
}
CELLS_AGAINST = {"exceeding": "rows surely above the limit", "exceeding_at_most": "and those perhaps above it"}
"""What features say that stand for many rows."""
_NAMES = {"medium": "medium", "digestion": "procedure", "basis": "basis"}
_DEPTHS = ("upper_depth_cm", "lower_depth_cm")
PARTS = 16


def drawn_cells(
    name: str,
    cells: Cells,
    populations: Mapping[int, Population],
    *,
    contaminant: str | None = None,
    limit: float | None = None,
) -> bytes:
    """A tile of the layer `name` with one feature for each cell and population; each says how much of it is covered."""
    columns, rows = columns_and_rows(cells.entries["code"])
    places = columns * CELL + CELL // 2, rows * CELL + CELL // 2
    properties = _counts(cells) | _measured(cells, limit) | _population_columns(cells, populations)
    if contaminant is not None:
        properties["contaminant"] = Texts(np.zeros(len(cells), np.intp), [contaminant])
    return points_layer(name, EXTENT, places, properties)


def drawn_pooled(name: str, cells: Cells, *, contaminant: str | None = None) -> bytes:
    """A tile of counts alone: each cell says how many populations it holds, which must not be averaged."""
    _, numbers = np.unique(cells.entries["code"], return_counts=True)
    pooled = cells.pooled()
    columns, rows = columns_and_rows(pooled.entries["code"])
    places = columns * CELL + CELL // 2, rows * CELL + CELL // 2
    properties = _counts(pooled) | {"populations": numbers.astype(np.int64)}
    if contaminant is not None:
        properties["contaminant"] = Texts(np.zeros(len(pooled), np.intp), [contaminant])
        properties["censored_count"] = pooled.entries["censored"].astype(np.int64)
    return points_layer(name, EXTENT, places, properties)


def _counts(cells: Cells) -> dict[str, Column]:
    covered = np.bitwise_count(cells.entries["parts"]) / PARTS
    return {"count": cells.entries["count"].astype(np.int64), "coverage": covered.astype(np.float64)}


def _measured(cells: Cells, limit: float | None) -> dict[str, Column]:
    """Nothing for cells of what was not measured."""
    if np.isnan(cells.entries["highest"]).all():
        return {}
    found: dict[str, Column] = {
        "censored_count": cells.entries["censored"].astype(np.int64),
        "max": cells.entries["highest"].astype(np.float32),
        "median": _rounded(cells.entries["median"]),
        "p90": _rounded(cells.entries["high"]),
    }
    if limit is not None:
        surely, perhaps = cells.exceeding(limit)
        found |= {"exceeding": surely, "exceeding_at_most": perhaps}
    return found


def _rounded(quantiles: NDArray[np.float32]) -> NDArray[np.float64]:
    """To four digits: a step of the histogram is six percent. What has no upper bound is not said."""
    finite = np.where(np.isfinite(quantiles) & (quantiles > 0), quantiles, np.nan).astype(np.float64)
    unit = 10.0 ** (np.floor(np.log10(finite)) - 3)
    return np.where(quantiles == 0, 0.0, np.round(finite / unit) * unit).astype(np.float32).astype(np.float64)


def _population_columns(cells: Cells, populations: Mapping[int, Population]) -> dict[str, Column]:
    distinct, which = np.unique(cells.entries["population"], return_inverse=True)
    known = [populations.get(int(key), {}) for key in distinct]
    found: dict[str, Column] = {}
    for name, shown in _NAMES.items():
        texts = [one.get(name) for one in known]
        numbers = np.array([-1 if text is None else number for number, text in enumerate(texts)], np.intp)
        if (numbers >= 0).any():
            found[shown] = Texts(numbers[which], [text or "" for text in texts])
    for name in _DEPTHS:
        depths = np.array([_number(one.get(name)) for one in known], np.float64)
        if not np.isnan(depths).all():
            found[name] = depths[which]
    return found


def _number(value: Any) -> float:
    return np.nan if value is None else float(value)
