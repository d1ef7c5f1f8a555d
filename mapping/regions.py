"""Where a limit is exceeded, where it is not, and where the data cannot tell: areas from a map of probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from shapely import Polygon

from mapping.arrays import Vector
from mapping.patches import Patches

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
        p = np.asarray(probability)
        kind = (p <= self.upper).astype(np.int8) + (p < self.lower).astype(np.int8)
        return np.where(np.isnan(p), np.int8(-1), kind)


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Adjoining cells of one kind. `polygon` is in the grid's system, `area` in its unit squared (m²)."""

    kind: Kind
    polygon: Polygon
    area: float
    mean_probability: float
    cells: int


@dataclass(frozen=True, slots=True, eq=False)
class Regions(Sequence[Region]):
    """Regions, exceeding first and the largest of each kind first, as columns (m,): a map may have a million.

    `kind` is an index into `KINDS`; `area` is in the unit of the grid's system squared.
    """

    kind: NDArray[np.int8]
    polygon: NDArray[np.object_]
    area: Vector
    mean_probability: Vector
    cells: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.kind)

    @overload
    def __getitem__(self, index: int) -> Region: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Region, ...]: ...
    def __getitem__(self, index: int | slice) -> Region | tuple[Region, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        area, mean = float(self.area[index]), float(self.mean_probability[index])
        return Region(KINDS[self.kind[index]], self.polygon[index], area, mean, int(self.cells[index]))


def regions(probability: ArrayLike, transform: Affine, rule: DecisionRule | None = None) -> Regions:
    """Regions of a raster (rows, columns) of exceedance probabilities, NaN outside the map; largest first in each kind.

    Cells adjoin by their sides (4-connected), so that no polygon touches itself in a corner. Nothing is smoothed
    and no speck is dropped: every mapped cell lies in exactly one region, and the areas sum to the mapped area.
    Raises ValueError for another shape, a probability outside 0..1, or a transform without an area.
    """
    p = _checked(probability)
    cell = abs(transform.determinant)
    if not cell > 0:
        raise ValueError("the grid's transform gives its cells no area")
    found = Patches.of((rule or DecisionRule()).classify(p))
    order = np.lexsort((-found.cells, found.kind))
    cells = found.cells[order]
    mean, area = (np.asarray(each, dtype=np.float64) for each in (found.totals(p)[order] / cells, cells * cell))
    return Regions(found.kind[order], found.polygons(transform)[order], area, mean, cells)


def _checked(probability: ArrayLike) -> NDArray[np.floating[Any]]:
    p = np.asarray(probability)
    if p.dtype not in (np.float32, np.float64):
        p = p.astype(np.float64)
    if p.ndim != 2:
        raise ValueError(f"a map of probabilities needs the shape (rows, columns), got {p.shape}")
    lowest, highest = (np.nanmin(p), np.nanmax(p)) if np.isfinite(p).any() else (0.0, 0.0)
    if lowest < 0 or highest > 1:
        raise ValueError(f"probabilities must lie in 0..1, got {lowest:g} to {highest:g}")
    return p
