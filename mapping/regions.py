"""Where a limit is exceeded, where it is not, and where the data cannot tell: areas from a map of probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from rasterio.features import shapes
from scipy.ndimage import label
from shapely import Polygon
from shapely.geometry import shape

from mapping.arrays import Vector

Kind = Literal["exceeding", "undecided", "below"]
KINDS: tuple[Kind, ...] = ("exceeding", "undecided", "below")


@dataclass(frozen=True, slots=True)
class DecisionRule:
    """Exceeding where P > `upper`, below where P < `lower`, undecided between, with 0 <= lower <= upper <= 1."""

    lower: float = 0.2
    upper: float = 0.8

    def __post_init__(self) -> None:
        if not 0 <= self.lower <= self.upper <= 1:
            raise ValueError(f"need 0 <= lower <= upper <= 1, got {self.lower} and {self.upper}")

    @classmethod
    def from_costs(cls, cost_of_missing: float, cost_of_false_alarm: float) -> DecisionRule:
        """The cheapest decision at each place, costs counted in units of leaving one place undecided.

        Calling a place exceeding costs (1 - P) · false alarm on average, calling it below costs P · missing, and
        leaving it undecided (to be looked at again) costs 1. So it is exceeding where P > 1 - 1/false alarm and
        below where P < 1/missing: the reject option of Chow (1970), IEEE Transactions on Information Theory 16,
        41-46. Costs of 5 and 5 give the default of 0.8 and 0.2. Raises ValueError where leaving a place undecided
        would never pay.
        """
        for name, cost in (("missing", cost_of_missing), ("a false alarm", cost_of_false_alarm)):
            if not (np.isfinite(cost) and cost >= 1):
                raise ValueError(
                    f"the cost of {name} must be 1 (that of leaving a place undecided) or more, got {cost}"
                )
        lower, upper = 1.0 / cost_of_missing, 1.0 - 1.0 / cost_of_false_alarm
        if lower > upper:
            raise ValueError(
                f"with costs of {cost_of_missing:g} and {cost_of_false_alarm:g} no place would be left undecided: "
                "1/missing + 1/false alarm must not be above 1"
            )
        return cls(lower, upper)

    def classify(self, probability: ArrayLike) -> NDArray[np.int8]:
        """Index into `KINDS` for probabilities of any shape; -1 for NaN."""
        p = np.asarray(probability, dtype=np.float64)
        kind = np.where(p > self.upper, 0, np.where(p < self.lower, 2, 1))
        return np.where(np.isnan(p), -1, kind).astype(np.int8)


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Adjoining cells of one kind. `polygon` is in the grid's system, `area` in its unit squared (m²)."""

    kind: Kind
    polygon: Polygon
    area: float
    mean_probability: float
    cells: int


def regions(probability: ArrayLike, transform: Affine, rule: DecisionRule | None = None) -> tuple[Region, ...]:
    """Regions of a raster (rows, columns) of exceedance probabilities, NaN outside the map; largest first in each kind.

    Cells adjoin by their sides (4-connected), so that no polygon touches itself in a corner. Nothing is smoothed
    and no speck is dropped: every mapped cell lies in exactly one region, and the areas sum to the mapped area.
    Raises ValueError for another shape, a probability outside 0..1, or a transform without an area.
    """
    p = _checked(probability)
    cell = abs(transform.determinant)
    if not cell > 0:
        raise ValueError("the grid's transform gives its cells no area")
    kinds = (rule or DecisionRule()).classify(p)
    found = [
        region
        for index, kind in enumerate(KINDS)
        for region in sorted(_of_kind(kind, kinds == index, p, transform, cell), key=lambda region: -region.cells)
    ]
    return tuple(found)


def _checked(probability: ArrayLike) -> Vector:
    p = np.asarray(probability, dtype=np.float64)
    if p.ndim != 2:
        raise ValueError(f"a map of probabilities needs the shape (rows, columns), got {p.shape}")
    if ((p < 0) | (p > 1)).any():
        raise ValueError(f"probabilities must lie in 0..1, got {np.nanmin(p):g} to {np.nanmax(p):g}")
    return p


def _of_kind(kind: Kind, chosen: NDArray[np.bool_], p: Vector, transform: Affine, cell: float) -> list[Region]:
    labels, count = label(chosen)
    if not count:
        return []
    cells = np.bincount(labels.ravel(), minlength=count + 1)
    total = np.bincount(labels.ravel(), np.where(chosen, p, 0.0).ravel(), count + 1)
    drawn = shapes(labels.astype(np.int32), mask=chosen, connectivity=4, transform=transform)
    return [
        Region(kind, shape(outline), cells[i] * cell, float(total[i] / cells[i]), int(cells[i]))
        for outline, i in ((outline, int(value)) for outline, value in drawn)
    ]
