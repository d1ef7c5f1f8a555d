"""From measurements to a published surface: read, project, fit, predict, write, register."""

import contextlib
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, update

from app.settings import Settings
from app.work.designs import design_of
from app.work.drift import DriftTerm, MapDrift, unchanged
from app.work.indicators import make_indicator_map
from app.work.map_identity import identity_of, parameters_of, title_of
from app.work.map_request import INDICATORS, MapRequest
from app.work.material import Material, gather, gather_beside, samples_of, selection_from
from app.work.models import MapModel, fit_model, rebuild_model
from app.work.plan import drift_over, drifting, plan_map
from app.work.published import UNIT, PublishedMap, known_map, register
from db.tables import surface
from mapping.arrays import Points, Vector
from mapping.crossvalidation import report as validated
from mapping.grid import Grid, mask_inside
from mapping.kriging import FittedKriging
from mapping.raster import Raster
from mapping.samples import Samples
from mapping.surface import write_surface
from tiles.raster import Raster as ServedRaster

__all__ = ["MapRequest", "PublishedMap", "Rebuilt", "make_map", "rebuild"]

Progress = Callable[[int, int], None]
DAY = 86_400.0


def make_map(
    settings: Settings, connection: Connection, request: MapRequest, progress: Progress | None = None
) -> PublishedMap:
    """Make the surface that a request describes, or return it where the same was made before."""
    plan = plan_map(settings, connection, request)
    if request.method == INDICATORS:
        return make_indicator_map(settings, connection, request, plan)
    parameters = parameters_of(request, plan)
    identity = identity_of(parameters)
    identifier = f"{request.selection.contaminant}-{identity[:8]}"
    known = known_map(settings, connection, identifier)
    if known:
        again = update(surface).where(surface.c.id == identifier, surface.c.visibility != plan.visibility)
        connection.execute(again.values(visibility=plan.visibility))
        return known
    fitted = fit_model(request, plan.material.samples, samples_of(plan.secondary))
    scores = fitted.leave_one_out().scores()
    validation = validated(fitted, plan.grid.centres()[plan.inside.ravel()], design_of(connection, plan.material))
    made = PublishedMap(
        id=identifier,
        created=True,
        title=title_of(connection, request, plan),
        path=settings.surfaces / f"{identifier}.tif",
        parameters=parameters | {"model": fitted.parameters(), "validation": validation},
        scores=scores,
        version=identity,
        home=settings.home,
    )
    settings.surfaces.mkdir(parents=True, exist_ok=True)
    _sweep(settings.surfaces)
    provenance = {"contaminant": request.selection.contaminant, "unit": UNIT, "identity": identity, "scores": scores}
    provenance |= {"validation": validation}
    raster = Raster(fitted, plan.grid, plan.inside, plan.covariates, request.compressed)
    write_surface(made.path, raster, provenance | parameters, progress, settings.dask)
    ServedRaster.open(made.path, request.transform).make_copy()
    register(settings, connection, made, plan.material, plan.grid, plan.visibility)
    return made


@dataclass(frozen=True, slots=True, eq=False)
class Rebuilt:
    """The fitted model of a surface with its samples, grid and area, and its drift."""

    id: str
    material: Material
    model: MapModel
    grid: Grid
    area: BaseGeometry
    drift: MapDrift | None

    @property
    def fitted(self) -> FittedKriging:
        """The model as one of a single contaminant; ValueError for a cokriged map."""
        if isinstance(self.model, FittedKriging):
            return self.model
        raise ValueError(f"the map {self.id} is cokriged: this needs a map made from one contaminant alone")

    def cells(self) -> tuple[Points, Vector | None]:
        """Centres (n, 2) of the mapped cells, and their covariates (n, k) where there is a drift."""
        centres = self.grid.centres()[mask_inside(self.grid, self.area).ravel()]
        if self.drift is None:
            return centres, None
        covariates = self.drift.drift.at(centres)
        known = np.isfinite(covariates).all(axis=1)
        return centres[known], covariates[known]


def rebuild(connection: Connection, made: PublishedMap) -> Rebuilt:
    """The model of a surface, not fitted again; `ValueError` when its samples or layers have changed since."""
    parameters = made.parameters
    material = gather(connection, selection_from(parameters))
    area = shapely.from_wkb(bytes.fromhex(parameters["area"]))
    terms = [DriftTerm(each["layer"], each["transform"]) for each in parameters.get("drift", ())]
    drift = drift_over(connection, made.home, terms, material, area)
    unchanged(drift, parameters)
    material = drifting(material, drift)
    model = rebuild_model(parameters["model"], material.samples, _secondary_of(connection, parameters, material))
    return Rebuilt(made.id, material, model, Grid(**parameters["grid"]), area, drift)


def _secondary_of(connection: Connection, parameters: Mapping[str, Any], material: Material) -> dict[str, Samples]:
    named = [each["contaminant"] for each in parameters.get("secondary", ())]
    return samples_of(gather_beside(connection, material, selection_from(parameters), named))


def _sweep(folder: Path) -> None:
    """Take away what runs that were killed have left unfinished, once it is a day old."""
    for unfinished in folder.glob(".surface-*"):
        with contextlib.suppress(OSError):
            if time.time() - max(path.stat().st_mtime for path in (unfinished, *unfinished.iterdir())) > DAY:
                shutil.rmtree(unfinished, ignore_errors=True)
