"""From measurements to a published surface: read, project, fit, predict, write, register."""

import contextlib
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from app.settings import Settings
from app.work.projection import Projection, choose_projection
from db.samples import Population, SampleRows, read_samples
from db.selection import Selection
from db.tables import contaminant, surface
from mapping.grid import Grid, default_area, mask_inside
from mapping.kriging import FittedKriging
from mapping.methods import method_named
from mapping.samples import Samples
from mapping.surface import write_surface
from mapping.transform import transform_named

Progress = Callable[[int, int], None]
UNIT = "mg/kg"
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class MapRequest:
    """What to map and how: cells of `resolution` metres over `area` (a file of polygons) or what the samples cover."""

    selection: Selection
    resolution: float
    area: Path | None = None
    method: str = "ordinary-kriging"
    transform: str = "log"
    neighbours: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.resolution) and self.resolution > 0):
            raise ValueError(f"the resolution must be a length above zero in metres, got {self.resolution}")
        method_named(self.method)
        transform_named(self.transform)


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """The samples of one population in metres, and the system of these metres."""

    rows: SampleRows
    population: Population
    projection: Projection
    samples: Samples

    @property
    def visibility(self) -> str:
        """Who may see what is made from these samples."""
        return "private" if self.rows.private else "public"

    @property
    def context(self) -> dict[str, str]:
        """What a guideline value asks about how the samples were taken and analysed."""
        return {
            "medium": self.population.medium,
            "procedure": self.population.digestion,
            "basis": self.population.basis,
        }


@dataclass(frozen=True, slots=True)
class PublishedMap:
    """A row of the table of surfaces, and whether this run made it."""

    id: str
    created: bool
    title: str
    path: Path
    parameters: Mapping[str, Any] = field(repr=False)
    scores: Mapping[str, float] = field(repr=False)
    version: str = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "surface": self.id,
            "created": self.created,
            "title": self.title,
            "path": str(self.path),
            "parameters": dict(self.parameters),
            "scores": dict(self.scores),
        }


def gather(connection: Connection, selection: Selection) -> Material:
    """The samples of a selection; `ValueError` when there are none, or when they must not be pooled."""
    rows = read_samples(connection, selection)
    if len(rows) == 0:
        raise ValueError(f"there are no measurements of {selection.contaminant} that fit the selection")
    if len(rows.populations) > 1:
        listed = "; ".join(str(population) for population in rows.populations)
        raise ValueError(
            f"measurements of {selection.contaminant} that must not be pooled are selected ({listed}): "
            "choose one with --dataset, --medium, --digestion, --basis or --depth"
        )
    projection = choose_projection(rows)
    errors = np.where(np.isnan(rows.uncertainty), 0.0, rows.uncertainty) ** 2
    samples = Samples(projection.place(rows), rows.lower, rows.upper, errors if errors.any() else None)
    return Material(rows, rows.populations[0], projection, samples)


def make_map(
    settings: Settings, connection: Connection, request: MapRequest, progress: Progress | None = None
) -> PublishedMap:
    """Make the surface that a request describes, or return it where the same was made before."""
    material = gather(connection, request.selection)
    area = _area(request, material)
    grid, inside = _cells(request, material, area)
    parameters = _parameters(request, material, grid, area)
    identity = _hash(parameters)
    identifier = f"{request.selection.contaminant}-{identity[:8]}"
    known = known_map(settings, connection, identifier)
    if known:
        again = update(surface).where(surface.c.id == identifier, surface.c.visibility != material.visibility)
        connection.execute(again.values(visibility=material.visibility))
        return known
    recipe = method_named(request.method)(
        transform=transform_named(request.transform), neighbours=request.neighbours, seed=request.seed
    )
    fitted = recipe.fit(material.samples)
    scores = fitted.leave_one_out().scores()
    made = PublishedMap(
        id=identifier,
        created=True,
        title=_title(connection, request, material),
        path=settings.surfaces / f"{identifier}.tif",
        parameters=parameters | {"model": fitted.parameters()},
        scores=scores,
        version=identity,
    )
    settings.surfaces.mkdir(parents=True, exist_ok=True)
    _sweep(settings.surfaces)
    provenance = {"contaminant": request.selection.contaminant, "unit": UNIT, "identity": identity, "scores": scores}
    write_surface(made.path, fitted, grid, provenance | parameters, inside, progress)
    _register(settings, connection, made, material, grid)
    return made


def rebuild(
    connection: Connection, parameters: Mapping[str, Any]
) -> tuple[Material, FittedKriging, Grid, BaseGeometry]:
    """The fitted model of a surface, its grid and its area; `ValueError` when its samples have changed since."""
    material = gather(connection, selection_from(parameters))
    fitted = FittedKriging.rebuild(material.samples, parameters["model"])
    return material, fitted, Grid(**parameters["grid"]), shapely.from_wkb(bytes.fromhex(parameters["area"]))


def selection_from(parameters: Mapping[str, Any]) -> Selection:
    """The selection of samples that a map was made from."""
    stored = dict(parameters["selection"])
    for name in ("depth", "visibilities"):
        if name in stored:
            stored[name] = tuple(stored[name])
    return Selection(**stored)


def _area(request: MapRequest, material: Material) -> BaseGeometry:
    """The polygon to be mapped, in the metres of the samples."""
    if request.area is None:
        hull: BaseGeometry = default_area(material.samples.xy)
        return hull
    return read_area(request.area, material.projection.crs)


def _cells(request: MapRequest, material: Material, area: BaseGeometry) -> tuple[Grid, NDArray[np.bool_]]:
    """The grid over the area, and which of its cells are mapped; `ValueError` for a map of nothing."""
    if not area.intersects(shapely.multipoints(material.samples.xy).envelope):
        raise ValueError(f"{request.area}: the area lies beyond the samples, where nothing is known")
    grid = Grid.covering(area.bounds, request.resolution, material.projection.name)
    inside = mask_inside(grid, area)
    if not inside.any():
        raise ValueError(
            f"no cell of {request.resolution:g} m has its centre in the area to be mapped: "
            "choose a smaller --resolution or give an --area"
        )
    if not np.isfinite(_footprint(grid, material.projection).bounds).all():
        raise ValueError(f"cells of {request.resolution:g} m reach beyond the area in which {grid.crs} can be used")
    return grid, inside


def _sweep(folder: Path) -> None:
    """Take away what runs that were killed have left unfinished, once it is a day old."""
    for unfinished in folder.glob(".surface-*"):
        with contextlib.suppress(OSError):
            if time.time() - max(path.stat().st_mtime for path in (unfinished, *unfinished.iterdir())) > DAY:
                shutil.rmtree(unfinished, ignore_errors=True)


def read_area(path: Path, crs: CRS) -> BaseGeometry:
    """The union of the polygons of a file, in `crs`; `ValueError` when it has none or no system of its own."""
    import pyogrio  # noqa: PLC0415  it brings pandas along, for a second, and most maps need no file

    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    try:
        meta, _, geometries, _ = pyogrio.raw.read(path, columns=[])
    except pyogrio.errors.DataSourceError as error:
        raise ValueError(f"{path}: not a file of polygons that can be read: {error}") from None
    if meta["crs"] is None:
        raise ValueError(f"{path}: the file does not say its coordinate reference system")
    shapes = shapely.force_2d(shapely.from_wkb(geometries))
    polygons = [shape for shape in shapes if shape is not None and shape.geom_type in ("Polygon", "MultiPolygon")]
    if not polygons:
        raise ValueError(f"{path}: the file holds no polygon")
    transformer = Transformer.from_crs(CRS.from_user_input(meta["crs"]), crs, always_xy=True)
    moved = shapely.transform(polygons, lambda xy: np.column_stack(transformer.transform(*xy.T)))
    area: BaseGeometry = shapely.union_all(shapely.make_valid(moved))
    if area.is_empty or not np.isfinite(area.bounds).all():
        raise ValueError(f"{path}: the polygons lie outside the area in which {crs.name} can be used")
    return area


def _parameters(request: MapRequest, material: Material, grid: Grid, area: BaseGeometry) -> dict[str, Any]:
    """Everything on which the values of the map depend; JSON types."""
    selection = {name: value for name, value in asdict(request.selection).items() if value is not None}
    return {
        "software": f"edaphos {version('edaphos')}",
        "selection": selection,
        "method": request.method,
        "transform": request.transform,
        "neighbours": request.neighbours,
        "seed": request.seed,
        "samples_sha256": material.samples.digest(),
        "datasets": list(material.rows.datasets),
        "context": material.context,
        "population": str(material.population),
        "grid": asdict(grid),
        "area": shapely.to_wkb(shapely.normalize(area)).hex(),
        "area_is": "the area given"
        if request.area
        else "the concave hull of the samples and half a sample spacing around",
        "projection": material.projection.name,
        "projection_scale_error": material.projection.scale_error,
        "support": "point",
    }


def _hash(parameters: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parameters, sort_keys=True, default=str).encode()).hexdigest()


def known_map(settings: Settings, connection: Connection, identifier: str) -> PublishedMap | None:
    """The surface of that id, if its row and its file are there."""
    row = connection.execute(select(surface).where(surface.c.id == identifier)).mappings().one_or_none()
    if row is None or not (settings.home / row["path"]).exists():
        return None
    path = settings.home / row["path"]
    return PublishedMap(identifier, False, row["title"], path, row["parameters"], row["scores"], row["version"])


def _title(connection: Connection, request: MapRequest, material: Material) -> str:
    """Contaminant, data sets and method, by which people tell maps apart; what is not the default is said."""
    query = select(contaminant.c.name).where(contaminant.c.id == request.selection.contaminant)
    name = connection.execute(query).scalar_one()
    datasets = " + ".join(material.rows.datasets[:3]) + (" + …" if len(material.rows.datasets) > 3 else "")
    scale = "" if request.transform == "log" else f", {request.transform} scale"
    nearest = "" if request.neighbours is None else f", {request.neighbours} neighbours"
    return f"{name}, {datasets}, {request.method.replace('-', ' ')}{scale}{nearest}, {request.resolution:g} m"


def _register(settings: Settings, connection: Connection, made: PublishedMap, material: Material, grid: Grid) -> None:
    """The row of the catalogue; the same map made twice at once is one row."""
    row = {
        "id": made.id,
        "contaminant_id": material.rows.contaminant,
        "title": made.title,
        "path": str(made.path.relative_to(settings.home)),
        "method": made.parameters["method"],
        "parameters": made.parameters,
        "scores": made.scores,
        "input_hash": material.samples.digest(),
        "version": made.version,
        "crs": material.projection.name,
        "cell_m": grid.cell,
        "visibility": material.visibility,
        "geom": f"SRID=4326;{_footprint(grid, material.projection).wkt}",
    }
    connection.execute(insert(surface).values(row).on_conflict_do_nothing())


def _footprint(grid: Grid, projection: Projection) -> BaseGeometry:
    """The outline of the grid in degrees, with enough corners to follow its bent edges."""
    outline = shapely.segmentize(shapely.box(*grid.bounds), max(grid.bounds[2] - grid.bounds[0], grid.cell) / 16)
    back = Transformer.from_crs(projection.crs, "EPSG:4326", always_xy=True)
    degrees: BaseGeometry = shapely.transform(outline, lambda xy: np.column_stack(back.transform(*xy.T)))
    return degrees
