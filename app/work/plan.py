"""What is decided before any cell of a map is computed: samples, cells, drift, and who may see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from app.settings import Settings
from app.work.areas import MapArea, area_of
from app.work.drift import DriftTerm, MapDrift, drift_of, with_drift
from app.work.map_request import MapRequest
from app.work.material import Material, gather, gather_beside
from app.work.published import footprint
from mapping.arrays import Vector
from mapping.grid import Grid, mask_inside


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is decided before anything is computed: samples, cells, which of them are mapped, and the drift there."""

    material: Material
    area: MapArea
    drift: MapDrift | None
    grid: Grid
    inside: NDArray[np.bool_]
    covariates: Vector | None
    secondary: Mapping[str, Material]

    @property
    def cells(self) -> int:
        """How many cells lie in the area."""
        return int(self.inside.sum())

    @property
    def mapped(self) -> int:
        """How many of them get a value."""
        known = True if self.covariates is None else np.isfinite(self.covariates).all(axis=2)
        return int((self.inside & known).sum())

    @property
    def visibility(self) -> str:
        """Who may see the map: who may see all its samples and its layers."""
        layers = [self.area.layer, *(self.drift.layers if self.drift else ())]
        seen_by = {layer.visibility for layer in layers if layer is not None}
        seen_by |= {material.visibility for material in (self.material, *self.secondary.values())}
        return "public" if seen_by == {"public"} else "private"

    @property
    def datasets(self) -> list[str]:
        """The names of the datasets that it is made from."""
        used = (self.material, *self.secondary.values())
        return sorted({name for material in used for name in material.rows.datasets})

    @property
    def layers(self) -> list[str]:
        """The names of the layers that it rests on."""
        used = [self.area.layer, *(self.drift.layers if self.drift else ())]
        return sorted({layer.name for layer in used if layer is not None})


def plan_map(settings: Settings, connection: Connection, request: MapRequest) -> Plan:
    """Read, project and choose; ValueError for what cannot be mapped."""
    material = gather(connection, request.selection)
    secondary = gather_beside(connection, material, request.selection, request.secondary)
    crs = material.projection.crs
    area = area_of(connection, request.area, request.within, material.samples.xy, crs)
    grid, inside = _cells(request, material, area.polygon)
    drift = drift_over(connection, settings.home, request.drift, material, area.polygon)
    covariates = None if drift is None else drift.drift.on(grid, inside)
    if covariates is not None and not np.isfinite(covariates).all(axis=2).any():
        raise ValueError(f"the drift {', '.join(map(str, request.drift))} is known at no cell of the area to be mapped")
    return Plan(drifting(material, drift), area, drift, grid, inside, covariates, secondary)


def drift_over(
    connection: Connection, home: Path, terms: Sequence[DriftTerm], material: Material, area: BaseGeometry
) -> MapDrift | None:
    """The layers in the trend over an area; None without terms."""
    return drift_of(connection, home, terms, material.rows, material.samples, material.projection, area)


def drifting(material: Material, drift: MapDrift | None) -> Material:
    """The samples that have a value of the drift, with it."""
    if drift is None:
        return material
    rows, samples = with_drift(material.rows, material.samples, drift)
    return replace(material, rows=rows, samples=samples)


def _cells(request: MapRequest, material: Material, area: BaseGeometry) -> tuple[Grid, NDArray[np.bool_]]:
    """The grid over the area, and which of its cells are mapped; `ValueError` for a map of nothing."""
    if not area.intersects(shapely.multipoints(material.samples.xy).envelope):
        raise ValueError(f"{request.area or request.within}: the area lies beyond the samples, where nothing is known")
    grid = Grid.covering(area.bounds, request.resolution, material.projection.name)
    inside = mask_inside(grid, area)
    if not inside.any():
        raise ValueError(
            f"no cell of {request.resolution:g} m has its centre in the area to be mapped: "
            "choose a smaller --resolution or give an --area"
        )
    if not np.isfinite(footprint(grid, material.projection).bounds).all():
        raise ValueError(f"cells of {request.resolution:g} m reach beyond the area in which {grid.crs} can be used")
    return grid, inside
