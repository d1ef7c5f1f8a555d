"""The next samples of a map: chosen, kept with what they are expected to gain, and written down for the field."""

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS
from sqlalchemy import Connection, insert, select, update

from app.limits import Limit
from app.work.areas import moved
from app.work.maps import Rebuilt, rebuild
from app.work.published import PublishedMap
from db.tables import planned_site, sampling_plan, surface
from db.versions import raise_version
from mapping.planning import Planner, SamplingPlan

WORDS = {
    "variance": (
        "Sites that together take most off the mean kriging variance of map {map}, chosen one after the other; the "
        "gain is in the square of the {scale} scale, on which the map is made. The values to be found do not matter."
    ),
    "classification": (
        "Sites that together take most off the area of map {map} that is expected to be on the wrong side of {limit}, "
        "chosen one after the other; the gain in square metres is averaged over the values that nobody knows yet."
    ),
}


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """How many sites to plan for a map, with the limit whose classification counts (None: the kriging variance).

    `spacing` is in metres; `avoid` is a polygon in degrees, `candidates` are places (longitude, latitude).
    """

    count: int
    limit: Limit | None = None
    spacing: float = 0.0
    avoid: shapely.Geometry | None = None
    candidates: tuple[tuple[float, float], ...] = ()

    @property
    def goal(self) -> str:
        """`variance` or `classification`."""
        return "variance" if self.limit is None else "classification"


@dataclass(frozen=True, slots=True)
class FieldSite:
    """A planned site in degrees, with its gain and what is left after it in the unit of the plan."""

    rank: int
    longitude: float
    latitude: float
    gain: float
    remaining: float


@dataclass(frozen=True, slots=True, eq=False)
class PublishedPlan:
    """A plan and whether this run put it into the tables."""

    id: int
    created: bool
    map: str
    contaminant: str
    goal: str
    definition: str
    report: Mapping[str, Any]
    sites: tuple[FieldSite, ...]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        told = {key: getattr(self, key) for key in ("id", "created", "map", "contaminant", "goal", "definition")}
        return {**told, "report": dict(self.report), "sites": [asdict(site) for site in self.sites]}


def plan_samples(connection: Connection, made: PublishedMap, request: PlanRequest) -> PublishedPlan:
    """Choose the sites, or find the same plan again; `ValueError` where nothing can be chosen."""
    parameters = _parameters(made, request)
    identity = hashlib.sha256(json.dumps(parameters, sort_keys=True, default=str).encode()).hexdigest()
    known = connection.execute(select(sampling_plan.c.id).where(sampling_plan.c.version == identity)).scalar()
    if known is not None:
        _show_as(connection, int(known), _visibility(connection, made))
        return _read(connection, int(known), created=False)
    chosen, definition, report, sites = choose(connection, made, request)
    row = {
        "version": identity,
        "contaminant_id": made.parameters["selection"]["contaminant"],
        "surface_id": made.id,
        "goal": chosen.goal,
        "definition": definition,
        "parameters": parameters,
        "report": report,
        "visibility": _visibility(connection, made),
    }
    key = int(connection.execute(insert(sampling_plan).values(row).returning(sampling_plan.c.id)).scalar_one())
    connection.execute(insert(planned_site), [_row(key, site) for site in sites])
    raise_version(connection, "planned-sites")
    return _read(connection, key, created=True)


def choose(
    connection: Connection, made: PublishedMap, request: PlanRequest
) -> tuple[SamplingPlan, str, dict[str, Any], tuple[FieldSite, ...]]:
    """The plan, what it means, its report and its sites; nothing is kept."""
    model = rebuild(connection, made)
    cells, covariates = model.cells()
    crs = model.material.projection.crs
    degrees = CRS.from_epsg(4326)
    limit = request.limit.mg_per_kg if request.limit else None
    avoid = None if request.avoid is None else moved(np.array([request.avoid]), degrees, crs)[0]
    candidates = None
    if request.candidates:
        candidates = shapely.get_coordinates(moved(shapely.points(request.candidates), degrees, crs))
    plan = Planner(request.count, limit, request.spacing, avoid).plan(model.fitted, cells, covariates, candidates)
    unit, size = _unit(model, plan, len(cells))
    places = moved(shapely.points([(site.easting, site.northing) for site in plan.sites]), crs, degrees)
    sites = tuple(
        FieldSite(site.rank, lon, lat, site.gain * size, site.left * size)
        for site, (lon, lat) in zip(plan.sites, shapely.get_coordinates(places).round(7).tolist(), strict=True)
    )
    report = {"unit": unit, "before": plan.before * size, "after": plan.after * size, "notes": list(plan.notes)}
    words = WORDS[plan.goal].format(map=made.id, scale=_scale(model), limit=_limit_words(request.limit))
    return plan, words, report, sites


def _unit(model: Rebuilt, plan: SamplingPlan, cells: int) -> tuple[str, float]:
    if plan.goal == "classification":
        return "m2", cells * model.grid.cell_area
    return f"({_scale(model)} mg/kg)^2", 1.0


def _scale(model: Rebuilt) -> str:
    return str(model.fitted.recipe.transform.name)


def _limit_words(limit: Limit | None) -> str:
    return "" if limit is None else f"{limit.mg_per_kg:g} mg/kg ({limit.label})"


def _parameters(made: PublishedMap, request: PlanRequest) -> dict[str, Any]:
    """Everything on which the sites depend; JSON types."""
    return {
        "software": f"edaphos {version('edaphos')}",
        "map": made.version,
        "datasets": list(made.parameters["datasets"]),
        "goal": request.goal,
        "count": request.count,
        "limit": asdict(request.limit) if request.limit else None,
        "spacing_m": request.spacing,
        "avoid": None if request.avoid is None else shapely.to_wkb(shapely.normalize(request.avoid)).hex(),
        "candidates": [list(each) for each in request.candidates],
    }


def _visibility(connection: Connection, made: PublishedMap) -> str:
    """Who may see the map may see the plan."""
    return str(connection.execute(select(surface.c.visibility).where(surface.c.id == made.id)).scalar_one())


def _show_as(connection: Connection, key: int, visibility: str) -> None:
    other = update(sampling_plan).where(sampling_plan.c.id == key, sampling_plan.c.visibility != visibility)
    if connection.execute(other.values(visibility=visibility)).rowcount:
        raise_version(connection, "planned-sites")


def _row(plan: int, site: FieldSite) -> dict[str, Any]:
    place = f"SRID=4326;POINT({site.longitude!r} {site.latitude!r})"
    return {"plan_id": plan, "rank": site.rank, "geom": place, "gain": site.gain, "remaining": site.remaining}


def _read(connection: Connection, key: int, *, created: bool) -> PublishedPlan:
    plan = connection.execute(select(sampling_plan).where(sampling_plan.c.id == key)).one()
    lon, lat = (getattr(planned_site.c.geom, each)() for each in ("ST_X", "ST_Y"))
    columns = (planned_site.c.rank, lon, lat, planned_site.c.gain, planned_site.c.remaining)
    rows = connection.execute(select(*columns).where(planned_site.c.plan_id == key).order_by(planned_site.c.rank))
    sites = tuple(FieldSite(*row) for row in rows)
    facts = (plan.surface_id, plan.contaminant_id, plan.goal, plan.definition, plan.report)
    return PublishedPlan(key, created, *facts, sites)


def write_sites(path: Path, plan: PublishedPlan) -> None:
    """Write the sites for the field: GeoPackage, GPX, GeoJSON or CSV, by the suffix; `ValueError` for another."""
    formats = {".gpkg": "GPKG", ".gpx": "GPX", ".geojson": "GeoJSON", ".csv": "CSV"}
    driver = formats.get(path.suffix.lower())
    if driver is None:
        raise ValueError(f"{path.name}: sites are written as {', '.join(formats)}, by the suffix of the file")
    columns = _columns(plan, driver)
    if driver == "CSV":
        with path.open("w", newline="", encoding="utf-8") as handle:
            csv.writer(handle).writerows([list(columns), *zip(*columns.values(), strict=True)])
        return
    import geopandas  # noqa: PLC0415  it brings pandas along, for a second

    points = [shapely.Point(site.longitude, site.latitude) for site in plan.sites]
    frame = geopandas.GeoDataFrame(columns, geometry=points, crs="EPSG:4326")
    frame.to_file(path, driver=driver, engine="pyogrio", layer="waypoints" if driver == "GPX" else None)


def _columns(plan: PublishedPlan, driver: str) -> dict[str, list[Any]]:
    names = [f"{plan.contaminant}-{plan.id}-{site.rank:03d}" for site in plan.sites]
    unit = plan.report["unit"]
    if driver == "GPX":
        said = [f"expected gain {site.gain:.4g} {unit}, then {site.remaining:.4g} left" for site in plan.sites]
        return {"name": names, "desc": said, "sym": ["Flag"] * len(names)}
    told = {key: [getattr(site, key) for site in plan.sites] for key in ("rank", "gain", "remaining")}
    return {
        "name": names,
        **told,
        "unit": [unit] * len(names),
        "longitude": [site.longitude for site in plan.sites],
        "latitude": [site.latitude for site in plan.sites],
    }
