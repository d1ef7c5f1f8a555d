"""From measurements to a published surface: read, project, fit, predict, write, register."""

import contextlib
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, select, update

from app.settings import Settings
from app.work.areas import MapArea, area_of
from app.work.drift import DriftTerm, MapDrift, drift_of, unchanged, with_drift
from app.work.material import Material, gather, selection_from
from app.work.published import UNIT, PublishedMap, footprint, known_map, register
from db.selection import Selection
from db.tables import contaminant, dataset, surface
from mapping.arrays import Points, Vector
from mapping.crossvalidation import report as validated
from mapping.grid import Grid, mask_inside
from mapping.kriging import FittedKriging
from mapping.methods import method_named
from mapping.neighbourhood import Neighbourhood, stored_neighbours
from mapping.raster import Raster
from mapping.recipe import FITTED_BY
from mapping.scale import as_scale
from mapping.surface import write_surface

Progress = Callable[[int, int], None]
DAY = 86_400.0
WITH_DRIFT = "universal-kriging"


@dataclass(frozen=True, slots=True)
class MapRequest:
    """What to map and how: cells of `resolution` metres over `area` (a file of polygons), over the areas of a layer
    (`within`: its name, or name and code) or over what the samples cover; `drift` holds the layers in the trend;
    `compressed` computes a map from all samples faster, with an error that is checked and stated.
    """

    selection: Selection
    resolution: float
    area: Path | None = None
    method: str = "ordinary-kriging"
    transform: str = "log"
    neighbours: int | Neighbourhood | None = None
    seed: int = 0
    within: str | None = None
    drift: tuple[DriftTerm, ...] = ()
    fitted_by: str = "auto"
    compressed: bool = False

    def __post_init__(self) -> None:
        if not (np.isfinite(self.resolution) and self.resolution > 0):
            raise ValueError(f"the resolution must be a length above zero in metres, got {self.resolution}")
        method_named(self.method)
        if self.drift and self.method != WITH_DRIFT:
            raise ValueError(f"a drift is part of {WITH_DRIFT}, not of {self.method}")
        as_scale(self.transform)
        if self.fitted_by not in FITTED_BY:
            raise ValueError(f"no way to fit is called {self.fitted_by!r}; known are {', '.join(FITTED_BY)}")


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is decided before anything is computed: samples, cells, which of them are mapped, and the drift there."""

    material: Material
    area: MapArea
    drift: MapDrift | None
    grid: Grid
    inside: NDArray[np.bool_]
    covariates: Vector | None

    @property
    def visibility(self) -> str:
        """Who may see the map: who may see its samples and its layers."""
        layers = [self.area.layer, *(self.drift.layers if self.drift else ())]
        private = any(layer is not None and layer.visibility != "public" for layer in layers)
        return "private" if private else self.material.visibility

    @property
    def layers(self) -> list[str]:
        """The names of the layers that it rests on."""
        used = [self.area.layer, *(self.drift.layers if self.drift else ())]
        return sorted({layer.name for layer in used if layer is not None})


def make_map(
    settings: Settings, connection: Connection, request: MapRequest, progress: Progress | None = None
) -> PublishedMap:
    """Make the surface that a request describes, or return it where the same was made before."""
    plan = _plan(settings, connection, request)
    parameters = _parameters(request, plan)
    identity = _hash(parameters)
    identifier = f"{request.selection.contaminant}-{identity[:8]}"
    known = known_map(settings, connection, identifier)
    if known:
        again = update(surface).where(surface.c.id == identifier, surface.c.visibility != plan.visibility)
        connection.execute(again.values(visibility=plan.visibility))
        return known
    recipe = method_named(request.method)(
        transform=request.transform, neighbours=request.neighbours, seed=request.seed, fitted_by=request.fitted_by
    )
    fitted = recipe.fit(plan.material.samples)
    scores = fitted.leave_one_out().scores()
    validation = validated(fitted, plan.grid.centres()[plan.inside.ravel()], _design(connection, plan.material))
    made = PublishedMap(
        id=identifier,
        created=True,
        title=_title(connection, request, plan.material),
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
    register(settings, connection, made, plan.material, plan.grid, plan.visibility)
    return made


@dataclass(frozen=True, slots=True, eq=False)
class Rebuilt:
    """The fitted model of a surface with its samples, grid and area, and its drift."""

    material: Material
    fitted: FittedKriging
    grid: Grid
    area: BaseGeometry
    drift: MapDrift | None

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
    drift = _drift(connection, made.home, terms, material, area)
    unchanged(drift, parameters)
    material = _drifting(material, drift)
    fitted = FittedKriging.rebuild(material.samples, parameters["model"])
    return Rebuilt(material, fitted, Grid(**parameters["grid"]), area, drift)


def _plan(settings: Settings, connection: Connection, request: MapRequest) -> Plan:
    material = gather(connection, request.selection)
    crs = material.projection.crs
    area = area_of(connection, request.area, request.within, material.samples.xy, crs)
    grid, inside = _cells(request, material, area.polygon)
    drift = _drift(connection, settings.home, request.drift, material, area.polygon)
    covariates = None if drift is None else drift.drift.on(grid, inside)
    if covariates is not None and not np.isfinite(covariates).all(axis=2).any():
        raise ValueError(f"the drift {', '.join(map(str, request.drift))} is known at no cell of the area to be mapped")
    return Plan(_drifting(material, drift), area, drift, grid, inside, covariates)


def _drift(
    connection: Connection, home: Path, terms: Sequence[DriftTerm], material: Material, area: BaseGeometry
) -> MapDrift | None:
    return drift_of(connection, home, terms, material.rows, material.samples, material.projection, area)


def _drifting(material: Material, drift: MapDrift | None) -> Material:
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


def _sweep(folder: Path) -> None:
    """Take away what runs that were killed have left unfinished, once it is a day old."""
    for unfinished in folder.glob(".surface-*"):
        with contextlib.suppress(OSError):
            if time.time() - max(path.stat().st_mtime for path in (unfinished, *unfinished.iterdir())) > DAY:
                shutil.rmtree(unfinished, ignore_errors=True)


def _parameters(request: MapRequest, plan: Plan) -> dict[str, Any]:
    """Everything on which the values of the map depend; JSON types."""
    material = plan.material
    selection = {name: value for name, value in asdict(request.selection).items() if value is not None}
    return {
        "software": f"edaphos {version('edaphos')}",
        "selection": selection,
        "method": request.method,
        "transform": request.transform,
        "neighbours": stored_neighbours(request.neighbours),
        "seed": request.seed,
        "samples_sha256": material.samples.digest(),
        "datasets": list(material.rows.datasets),
        "context": material.context,
        "population": str(material.population),
        "grid": asdict(plan.grid),
        "area": shapely.to_wkb(shapely.normalize(plan.area.polygon)).hex(),
        "area_is": plan.area.meaning,
        "projection": material.projection.name,
        "projection_scale_error": material.projection.scale_error,
        "support": "point",
        **({"transfer": material.transfer.to_dict()} if material.transfer else {}),
        **({} if request.fitted_by == "auto" else {"fitted_by": request.fitted_by}),
        **({"compressed": True} if request.compressed else {}),
        **_drift_parameters(plan),
    }


def _design(connection: Connection, material: Material) -> str | None:
    """How the samples' places were chosen, where all their datasets say the same."""
    query = select(dataset.c.sampling_design).where(dataset.c.name.in_(material.rows.datasets)).distinct()
    designs = connection.execute(query).scalars().all()
    return designs[0] if len(designs) == 1 else None


def _drift_parameters(plan: Plan) -> dict[str, Any]:
    told: dict[str, Any] = {"layers": plan.layers}
    if plan.drift is None or plan.covariates is None:
        return told
    unknown = int((plan.inside & ~np.isfinite(plan.covariates).all(axis=2)).sum())
    notes = list(plan.drift.notes)
    if unknown:
        notes.append(f"{unknown} of {int(plan.inside.sum())} cells have no value of the drift and are not mapped")
    return told | {"drift": plan.drift.describe(), "drift_notes": notes}


def _hash(parameters: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parameters, sort_keys=True, default=str).encode()).hexdigest()


def _title(connection: Connection, request: MapRequest, material: Material) -> str:
    """Contaminant, data sets and method, by which people tell maps apart; what is not the default is said."""
    query = select(contaminant.c.name).where(contaminant.c.id == request.selection.contaminant)
    name = connection.execute(query).scalar_one()
    datasets = " + ".join(material.rows.datasets[:3]) + (" + …" if len(material.rows.datasets) > 3 else "")
    scale = "" if request.transform == "log" else f", {request.transform} scale"
    near = request.neighbours
    nearest = f", {near.describe()}" if isinstance(near, Neighbourhood) else f", {near} neighbours" if near else ""
    drift = f" on {' + '.join(map(str, request.drift))}" if request.drift else ""
    carried = f", {material.transfer.source} carried over to {material.transfer.target}" if material.transfer else ""
    how = f"{request.method.replace('-', ' ')}{drift}{scale}{nearest}"
    return f"{name}, {datasets}{carried}, {how}, {request.resolution:g} m"
