"""Hot spots that carry the uncertainty of a map: where they may be, how large, and how surely.

In each joint simulation the cells above the limit that adjoin are a hot spot, if they are large enough together. How
often a cell belongs to one is its probability; the size of the hot spots that meet an area has an interval.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from mapping.arrays import Vector
from mapping.grid import Grid
from mapping.patches import Patches
from mapping.simulation import Simulation

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ProbableHotSpot:
    """Adjoining cells that belong to a hot spot with at least a given probability.

    `polygon` is in the system of the grid. `area` (of the polygon) and the `expected`, `low` and `high` area of the hot
    spots that meet it in the simulations are in its unit squared; `existence` is the share of simulations with one.
    """

    polygon: Polygon
    area: float
    expected: float
    low: float
    high: float
    existence: float
    mean_probability: float
    cells: int


@dataclass(frozen=True, slots=True, eq=False)
class Belonging:
    """The probability (rows, columns) of belonging to a hot spot, NaN outside the map, and the areas it gives."""

    probability: Vector
    spots: tuple[ProbableHotSpot, ...]
    realisations: int
    seed: int
    definition: str


@dataclass(frozen=True, slots=True)
class HotSpotRule:
    """What a hot spot is: values above `limit` on a connected area of `smallest` or more (in m²).

    Cells that belong to one with probability `sure` or more are drawn; intervals of areas have the `level`. Raises
    ValueError for what is no share or no area.
    """

    limit: float
    smallest: float = 0.0
    sure: float = 0.5
    level: float = 0.90

    def __post_init__(self) -> None:
        if not np.isfinite(self.limit):
            raise ValueError(f"the limit must be a number, got {self.limit}")
        if not (np.isfinite(self.smallest) and self.smallest >= 0):
            raise ValueError(f"the smallest area of a hot spot must be 0 or more square metres, got {self.smallest}")
        if not (0 < self.sure <= 1 and 0 < self.level < 1):
            raise ValueError(f"probabilities must lie between 0 and 1, got {self.sure} and {self.level}")

    def belonging(self, simulation: Simulation, grid: Grid, inside: Mask) -> Belonging:
        """The hot spots of simulated values (realisations, n) at the n cells `inside` (rows, columns) of a grid."""
        if inside.shape != grid.shape or int(inside.sum()) != simulation.values.shape[1]:
            raise ValueError(f"{simulation.values.shape[1]} simulated cells do not fill the {int(inside.sum())} inside")
        count = np.zeros(grid.shape)
        for patches, large in self._hot(simulation, grid, inside):
            count += large[patches.label]
        probability = np.where(inside, count / simulation.realisations, np.nan)
        drawn = self._drawn(probability)
        sizes = self._sizes(simulation, grid, inside, drawn)
        words = self._definition(simulation, grid)
        spots = self._spots(probability, drawn, sizes, grid)
        return Belonging(probability, spots, simulation.realisations, simulation.seed, words)

    def _hot(self, simulation: Simulation, grid: Grid, inside: Mask) -> Iterator[tuple[Patches, Mask]]:
        """The patches above the limit of each realisation, and which (m + 1,) are large enough.

        The last is none of them: it is what the number -1 of a cell without a patch finds.
        """
        classes = np.full(grid.shape, -1, dtype=np.int8)
        for values in simulation.values:
            classes[inside] = np.where(values > self.limit, np.int8(0), np.int8(-1))
            patches = Patches.of(classes)
            yield patches, np.append(patches.cells * grid.cell_area >= self.smallest, False)

    def _drawn(self, probability: Vector) -> Patches:
        return Patches.of(np.where(np.nan_to_num(probability) >= self.sure, np.int8(0), np.int8(-1)))

    def _sizes(self, simulation: Simulation, grid: Grid, inside: Mask, drawn: Patches) -> Vector:
        """Areas (realisations, m) of the hot spots that meet each of the m drawn areas."""
        sizes = np.zeros((simulation.realisations, drawn.count))
        met = drawn.label >= 0
        for at, (patches, large) in enumerate(self._hot(simulation, grid, inside)):
            both = met & large[patches.label]
            pairs = np.unique(patches.label[both].astype(np.int64) * drawn.count + drawn.label[both])
            patch, area = np.divmod(pairs, max(drawn.count, 1))
            sizes[at] = np.bincount(area, patches.cells[patch] * grid.cell_area, drawn.count)
        return sizes

    def _spots(self, probability: Vector, drawn: Patches, sizes: Vector, grid: Grid) -> tuple[ProbableHotSpot, ...]:
        polygons = drawn.polygons(grid.transform) if drawn.count else np.empty(0, dtype=object)
        total = drawn.totals(np.nan_to_num(probability))
        edges = [0.5 - self.level / 2.0, 0.5 + self.level / 2.0]
        low, high = np.quantile(sizes, edges, axis=0)
        return tuple(
            ProbableHotSpot(
                polygon=polygons[i],
                area=float(drawn.cells[i] * grid.cell_area),
                expected=float(sizes[:, i].mean()),
                low=float(low[i]),
                high=float(high[i]),
                existence=float((sizes[:, i] > 0).mean()),
                mean_probability=float(total[i] / drawn.cells[i]),
                cells=int(drawn.cells[i]),
            )
            for i in np.argsort(-drawn.cells, kind="stable").tolist()
        )

    def _definition(self, simulation: Simulation, grid: Grid) -> str:
        large = f" of {self.smallest:g} m² or more together" if self.smallest > grid.cell_area else ""
        said = [
            f"Adjoining cells above {self.limit:g} mg/kg{large} in {simulation.realisations} joint simulations of the",
            f"map (seed {simulation.seed}) are a hot spot; drawn is what belongs to one with probability",
            f"{self.sure:g} or more. Areas are those of the hot spots that meet it, with a {100 * self.level:g} %",
            "interval. No null hypothesis is tested.",
        ]
        return " ".join(said)
