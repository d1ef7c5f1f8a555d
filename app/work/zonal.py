"""Zonal statistics: the mean over a polygon and the area above limits in it, each with its interval."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from app.limits import Limit
from app.work.areas import moved
from app.work.exceedance import LEVEL, REALISATIONS
from app.work.maps import Rebuilt, rebuild
from app.work.published import PublishedMap
from mapping.arrays import Points, Vector
from mapping.simulation import AreaEstimate, simulate

MOST_CELLS = 100_000
MOST_VERTICES = 5_000


@dataclass(frozen=True, slots=True)
class ZonalRequest:
    """A polygon in degrees, what to hold against it, and the seed of the simulation."""

    polygon: BaseGeometry
    limits: tuple[Limit, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        shape = self.polygon
        if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty:
            raise ValueError(f"polygon must be a Polygon or MultiPolygon, got {shape.geom_type}")
        if shapely.get_num_coordinates(shape) > MOST_VERTICES:
            raise ValueError(f"polygon has more than {MOST_VERTICES} vertices: simplify it")
        west, south, east, north = shape.bounds
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            raise ValueError("polygon must lie within 180 degrees of longitude and 90 of latitude")
        if not shape.is_valid:
            raise ValueError(f"polygon is no valid shape: {shapely.is_valid_reason(shape)}")


@dataclass(frozen=True, slots=True)
class Zone:
    """The mean over a polygon in mg/kg with a central interval, and areas in square metres above each limit."""

    mean: float
    low: float
    high: float
    sd: float
    area_m2: float
    cells: int
    outside: float
    limits: tuple[tuple[Limit, AreaEstimate], ...]
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        told = {name: getattr(self, name) for name in ("mean", "low", "high", "sd", "area_m2", "cells", "seed")}
        above = [{"limit": asdict(limit), "area_m2": asdict(area)} for limit, area in self.limits]
        return told | {
            "unit": "mg/kg",
            "level": LEVEL,
            "realisations": REALISATIONS,
            "share_outside_of_map": self.outside,
            "above": above,
        }


def zonal(connection: Connection, made: PublishedMap, request: ZonalRequest) -> Zone:
    """Simulate the cells of a map that have their centre in a polygon, jointly.

    The interval of a mean over a zone is that of joint simulations: values beside each other err together, so it is
    neither that of a cell nor that divided by the root of their number. ValueError for a polygon without cells or with
    more than the budget.
    """
    model = rebuild(connection, made)
    (polygon,) = moved(np.array([request.polygon]), CRS.from_epsg(4326), model.material.projection.crs)
    cells, covariates = _cells_in(model, polygon)
    simulation = simulate(model.fitted, cells, REALISATIONS, request.seed, covariates)
    means = simulation.values.mean(axis=1, dtype=np.float64)
    low, high = np.quantile(means, [0.5 - LEVEL / 2.0, 0.5 + LEVEL / 2.0])
    cell = model.grid.cell_area
    return Zone(
        mean=float(means.mean()),
        low=float(low),
        high=float(high),
        sd=float(means.std(ddof=1)),
        area_m2=len(cells) * cell,
        cells=len(cells),
        outside=float(np.clip(1.0 - len(cells) * cell / polygon.area, 0.0, 1.0)),
        limits=_above(request.limits, simulation.area_above, cell),
        seed=request.seed,
    )


def _above(limits: Sequence[Limit], area_above: Any, cell: float) -> tuple[tuple[Limit, AreaEstimate], ...]:
    return tuple((limit, area_above(limit.mg_per_kg, cell, LEVEL)) for limit in limits)


def _cells_in(model: Rebuilt, polygon: BaseGeometry) -> tuple[Points, Vector | None]:
    """Centres (n, 2) of the mapped cells in a polygon, with their covariates."""
    cells, covariates = model.cells()
    inside = shapely.contains_xy(polygon, *cells.T)
    count = int(inside.sum())
    if count == 0:
        raise ValueError("no cell of the map has its centre in the polygon")
    if count > MOST_CELLS:
        raise ValueError(f"{count:,} cells lie in the polygon, more than the {MOST_CELLS:,} that are simulated at once")
    return cells[inside], None if covariates is None else covariates[inside]
