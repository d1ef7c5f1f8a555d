"""Limits held against means over blocks or zones instead of against points: what a limit is meant for decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from sqlalchemy import Connection

from app.limits import Limit
from app.work.areas import moved
from app.work.maps import Rebuilt, rebuild
from app.work.published import PublishedMap
from db.layers import layer_named, read_areas
from mapping.arrays import Points, Vector
from mapping.grid import Grid, mask_inside
from mapping.means import POINTS_ALONG, points_of_blocks, simulated_means
from mapping.simulation import AreaEstimate, Simulation

REALISATIONS = 500
LEVEL = 0.90
POINT, BLOCK, ZONE = "point", "block", "zone-mean"
SUPPORTS = f"{POINT}, {BLOCK}:<metres>, {ZONE} or {ZONE}:<layer>[:<code>]"


@dataclass(frozen=True, slots=True)
class Support:
    """What is compared with a limit: a `point`, the mean over a `block` of `side` metres, or over a zone.

    Zones are the areas of a layer (`zones`: its name, or name and code), else all of the map.
    """

    kind: str = POINT
    side: float | None = None
    zones: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in (POINT, BLOCK, ZONE):
            raise ValueError(f"support must be {SUPPORTS}, got {self.kind!r}")
        if (self.kind == BLOCK) != (self.side is not None) or (self.zones is not None and self.kind != ZONE):
            raise ValueError(f"support must be {SUPPORTS}")
        if self.side is not None and not (np.isfinite(self.side) and self.side > 0.0):
            raise ValueError(f"the side of a block must be a length above zero in metres, got {self.side:g}")

    @classmethod
    def parse(cls, text: str) -> "Support":
        """Such as `point`, `block:100`, `zone-mean:counties`; ValueError for anything else."""
        kind, _, rest = text.partition(":")
        if kind != BLOCK:
            return cls(kind, None, rest or None)
        try:
            return cls(kind, float(rest))
        except ValueError:
            raise ValueError(f"support must be {SUPPORTS}, got {text[:60]!r}") from None

    def __str__(self) -> str:
        rest = f"{self.side:g}" if self.side is not None else self.zones
        return self.kind if rest is None else f"{self.kind}:{rest}"


@dataclass(frozen=True, slots=True, eq=False)
class MeansOf:
    """Joint simulations of means (realisations, groups), what each group is called, and its area in square metres.

    Where the groups are blocks, `blocks` is the grid whose cells they are, and `cell` (groups,) which of them.
    """

    support: Support
    simulation: Simulation
    names: tuple[str, ...]
    area: Vector
    blocks: Grid | None = None
    cell: NDArray[np.int64] | None = None

    def probability(self, limit: float) -> Vector:
        """The probability (groups,) that the mean exceeds a limit in mg/kg."""
        share: Vector = (self.simulation.values > limit).mean(axis=0)
        return share

    def above(self, limit: float) -> AreaEstimate:
        """The area of the groups whose mean exceeds a limit."""
        return self.simulation.area_above(limit, self.area, LEVEL)

    def on_grid(self, limit: float) -> Vector:
        """The probability (rows, columns) over the blocks; NaN where there is none."""
        assert self.blocks is not None  # noqa: S101 - asked of blocks alone
        found = np.full(self.blocks.rows * self.blocks.columns, np.nan)
        found[self.cell] = self.probability(limit)
        return found.reshape(self.blocks.shape)

    def zones(self, limits: Sequence[Limit]) -> list[dict[str, Any]]:
        """For each group its mean with a 90 % interval, and the probability of exceeding each limit; JSON types."""
        low, high = np.quantile(self.simulation.values, [0.5 - LEVEL / 2.0, 0.5 + LEVEL / 2.0], axis=0)
        mean = self.simulation.values.mean(axis=0, dtype=np.float64)
        above = [self.probability(limit.mg_per_kg) for limit in limits]
        return [
            {
                "zone": name,
                "area_m2": float(self.area[k]),
                "mean": float(mean[k]),
                "low": float(low[k]),
                "high": float(high[k]),
                "exceedance": [float(each[k]) for each in above],
            }
            for k, name in enumerate(self.names)
        ]


def means_over(connection: Connection, made: PublishedMap, support: Support, seed: int = 0) -> MeansOf:
    """Simulate the means of a map over blocks or zones; ValueError for a map or a support that has none."""
    if support.kind == POINT:
        raise ValueError("points have no means")
    model = rebuild(connection, made)
    if support.side is not None:
        return _over_blocks(model, support, support.side, seed)
    cells, covariates = model.cells()
    zone, names = _zones_of(connection, model, cells, support.zones)
    kept = np.unique(zone[zone >= 0])
    if not len(kept):
        raise ValueError(f"no cell of the map lies in {support.zones}")
    number = np.full(len(names) + 1, -1)
    number[kept] = np.arange(len(kept))
    group = number[zone]
    simulation = simulated_means(model.fitted, cells, group, REALISATIONS, seed, covariates)
    area = _areas(group[group >= 0], model.grid)
    return MeansOf(support, simulation, tuple(names[k] for k in kept), area)


def _over_blocks(model: Rebuilt, support: Support, side: float, seed: int) -> MeansOf:
    """Blocks of a lattice of multiples of their side, each as far as it is mapped."""
    blocks = Grid.covering(model.area.bounds, side, model.grid.crs)
    fine = points_of_blocks(blocks)
    inside = mask_inside(fine, model.area)
    if not inside.any():
        raise ValueError(f"no point of blocks of {side:g} m lies on the map")
    row, column = np.nonzero(inside)
    places, cell = fine.centres()[inside.ravel()], row // POINTS_ALONG * blocks.columns + column // POINTS_ALONG
    places, covariates, cell = _known(model, places, cell)
    kept, group = np.unique(cell, return_inverse=True)
    simulation = simulated_means(model.fitted, places, group, REALISATIONS, seed, covariates)
    names = tuple(f"block {number}" for number in kept.tolist())
    return MeansOf(support, simulation, names, _areas(group, fine), blocks, kept)


def _areas(group: NDArray[np.int64], grid: Grid) -> Vector:
    """Square metres (groups,) of the cells that are in each group."""
    return np.asarray(np.bincount(group) * grid.cell_area, dtype=np.float64)


def _known(model: Rebuilt, places: Points, cell: NDArray[np.int64]) -> tuple[Points, Vector | None, NDArray[np.int64]]:
    """The places where the drift is known, with it."""
    if model.drift is None:
        return places, None, cell
    covariates = model.drift.drift.at(places)
    known = np.isfinite(covariates).all(axis=1)
    return places[known], covariates[known], cell[known]


def _zones_of(
    connection: Connection, model: Rebuilt, cells: Points, zones: str | None
) -> tuple[NDArray[np.int64], list[str]]:
    """The number (n,) of the zone that holds each cell, −1 for none, and the zones' names."""
    if zones is None:
        return np.zeros(len(cells), dtype=np.int64), ["all of the map"]
    name, _, code = zones.partition(":")
    codes, shapes = read_areas(connection, layer_named(connection, name), code or None)
    if not len(shapes):
        raise ValueError(f"the layer {name!r} has no area {code!r}")
    polygons = moved(shapes, CRS.from_epsg(4326), model.material.projection.crs)
    places, polygon = shapely.STRtree(polygons).query(shapely.points(cells), predicate="intersects")
    names = sorted(set(codes.tolist()))
    number = np.array([names.index(each) for each in codes.tolist()])
    zone = np.full(len(cells), -1, dtype=np.int64)
    zone[places[::-1]] = number[polygon[::-1]]
    return zone, names
