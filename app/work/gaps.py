"""Gaps in the data behind a map, and which contaminants were measured how often in which data set."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import shapely
from pyproj import CRS
from sqlalchemy import Connection, func, select

from app.settings import Settings
from app.work.areas import moved
from app.work.derived import DerivedMap, derived_from, known_derived, publish_derived
from app.work.material import Material, gather, selection_from
from app.work.published import PublishedMap
from db.tables import dataset, measurement, specimen, surface
from mapping.covariance import Covariance
from mapping.gaps import Gaps, find_gaps, gap_areas
from mapping.plain_raster import Band, PlainRaster
from mapping.surface import Surface

QUANTITY = "data-gaps"
BANDS = (
    Band("distance", "m", "Distance to the nearest sample"),
    Band("density", "km-2", "Effective samples per square kilometre"),
    Band("count", "1", "Samples within the radius"),
    Band("variance-ratio", "1", "Kriging variance over the variance of the field"),
)
MOST_AREAS = 100


@dataclass(frozen=True, slots=True)
class GapRequest:
    """A gap is where fewer than `fewest` samples lie within `radius` metres (None: two spacings of the samples)."""

    radius: float | None = None
    fewest: int = 3


@dataclass(frozen=True, slots=True, eq=False)
class FoundGaps:
    """The derived map, what was looked for, and the gaps as polygons in degrees with their areas."""

    made: PublishedMap
    report: Mapping[str, Any]
    gaps: tuple[tuple[shapely.Polygon, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`: the gaps as GeoJSON."""
        features = [
            {"type": "Feature", "geometry": shapely.geometry.mapping(polygon), "properties": {"area_m2": area}}
            for polygon, area in self.gaps
        ]
        told = {"surface": self.made.id, "created": self.made.created, "report": dict(self.report)}
        return {**told, "gaps": {"type": "FeatureCollection", "features": features}}


def gaps_of(settings: Settings, connection: Connection, made: PublishedMap, request: GapRequest) -> FoundGaps:
    """Map the gaps behind a map and put them into the catalogue beside it."""
    material = gather(connection, selection_from(made.parameters))
    source = Surface.read(made.path)
    inside = np.isfinite(source.prediction.mean)
    found = find_gaps(material.samples.xy, source.grid.centres()[inside.ravel()], request.radius, request.fewest)
    parameters = {**derived_from([made]), "radius_m": found.radius, "bandwidth_m": found.bandwidth}
    seen = connection.execute(select(surface.c.visibility).where(surface.c.id == made.id)).scalar_one()
    wanted = DerivedMap(
        quantity=QUANTITY,
        stem=f"gaps-{material.rows.contaminant}",
        title=f"Gaps in the data: {made.title}",
        contaminant=material.rows.contaminant,
        bands=BANDS,
        parameters=parameters,
        visibility=seen,
    )
    derived = known_derived(settings, connection, wanted) or publish_derived(
        settings, connection, wanted, _raster(source, inside, found, made, wanted), material.projection
    )
    outlines = gap_areas(source.grid, inside, found.gap)
    return FoundGaps(derived, _report(source, inside, found, len(outlines)), _in_degrees(material, outlines))


def _raster(source: Surface, inside: np.ndarray, found: Gaps, made: PublishedMap, wanted: DerivedMap) -> PlainRaster:
    sill = Covariance.from_dict(made.parameters["model"]["covariance"]).sill
    ratio = source.prediction.variance[inside] / sill
    values = np.array([found.distance, found.density, found.count, ratio])
    return PlainRaster.of_cells(source.grid, QUANTITY, BANDS, inside, values, wanted.stored)


def _report(source: Surface, inside: np.ndarray, found: Gaps, areas: int) -> dict[str, Any]:
    cell = source.grid.cell_area
    return {
        "definition": f"fewer than {found.fewest} samples within {found.radius:.4g} m",
        "radius_m": found.radius,
        "fewest": found.fewest,
        "mapped_m2": float(inside.sum() * cell),
        "gap_m2": float(found.gap.sum() * cell),
        "gaps": areas,
        "farthest_m": float(found.distance.max()),
        "median_distance_m": float(np.median(found.distance)),
    }


def _in_degrees(material: Material, outlines: tuple[shapely.Polygon, ...]) -> tuple[tuple[shapely.Polygon, float], ...]:
    kept = np.array(outlines[:MOST_AREAS], dtype=object)
    degrees = moved(kept, material.projection.crs, CRS.from_epsg(4326)) if len(kept) else kept
    return tuple((polygon, each.area) for polygon, each in zip(degrees, kept, strict=True))


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a data set was analysed for a contaminant: specimens with a result, of all of one depth class."""

    dataset: str
    medium: str
    upper_depth_cm: float | None
    lower_depth_cm: float | None
    contaminant: str
    specimens: int
    measured: int
    censored: int

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        return asdict(self)


def coverage(connection: Connection, visibilities: tuple[str, ...]) -> list[Coverage]:
    """By data set, medium and depth: every contaminant that is measured anywhere, zeros where it never was."""
    kind = (dataset.c.name, specimen.c.medium, specimen.c.upper_depth_cm, specimen.c.lower_depth_cm)
    seen = dataset.c.visibility.in_(visibilities)
    populations = connection.execute(
        select(*kind, func.count())
        .join(specimen, specimen.c.dataset_id == dataset.c.id)
        .where(seen)
        .group_by(*kind)
        .order_by(*kind)
    ).all()
    censored = func.count().filter(measurement.c.lower < measurement.c.upper)
    counted = connection.execute(
        select(*kind, measurement.c.contaminant_id, func.count(specimen.c.id.distinct()), censored)
        .join(specimen, specimen.c.dataset_id == dataset.c.id)
        .join(measurement, measurement.c.specimen_id == specimen.c.id)
        .where(seen)
        .group_by(*kind, measurement.c.contaminant_id)
    ).all()
    known = {(tuple(row[:4]), row[4]): (int(row[5]), int(row[6])) for row in counted}
    contaminants = sorted({name for _, name in known})
    pairs = [(row, name, known.get((tuple(row[:4]), name), (0, 0))) for row in populations for name in contaminants]
    return [Coverage(*row[:4], name, int(row[4]), measured, some) for row, name, (measured, some) in pairs]
