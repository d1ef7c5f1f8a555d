"""Gaps in the data behind a map, and which contaminants were measured how often in which data set."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
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
    """What was looked for and found, the gaps as polygons in degrees with their areas, and the map of them, if kept."""

    report: Mapping[str, Any]
    gaps: tuple[tuple[shapely.Polygon, float], ...]
    made: PublishedMap | None = None

    def to_dict(self) -> dict[str, Any]:
        """For `--json`: the gaps as GeoJSON."""
        features = [
            {"type": "Feature", "geometry": shapely.geometry.mapping(polygon), "properties": {"area_m2": area}}
            for polygon, area in self.gaps
        ]
        kept = {} if self.made is None else {"surface": self.made.id, "created": self.made.created}
        return {**kept, "report": dict(self.report), "gaps": {"type": "FeatureCollection", "features": features}}


def look_for_gaps(connection: Connection, made: PublishedMap, request: GapRequest) -> FoundGaps:
    """The gaps behind a map; nothing is kept."""
    return _Looked.of(connection, made, request).found()


def map_gaps(settings: Settings, connection: Connection, made: PublishedMap, request: GapRequest) -> FoundGaps:
    """The gaps behind a map, and a map of them in the catalogue beside it."""
    looked = _Looked.of(connection, made, request)
    seen = connection.execute(select(surface.c.visibility).where(surface.c.id == made.id)).scalar_one()
    wanted = DerivedMap(
        quantity=QUANTITY,
        stem=f"gaps-{looked.material.rows.contaminant}",
        title=f"Gaps in the data: {made.title}",
        contaminant=looked.material.rows.contaminant,
        bands=BANDS,
        parameters={**derived_from([made]), "radius_m": looked.gaps.radius, "bandwidth_m": looked.gaps.bandwidth},
        visibility=seen,
    )
    kept = known_derived(settings, connection, wanted)
    if kept is None:
        raster = looked.raster(made, wanted)
        kept = publish_derived(settings, connection, wanted, raster, looked.material.projection)
    return replace(looked.found(), made=kept)


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """A map with its samples, which of its cells are mapped, and what the samples know of these."""

    material: Material
    source: Surface
    inside: NDArray[np.bool_]
    gaps: Gaps

    @classmethod
    def of(cls, connection: Connection, made: PublishedMap, request: GapRequest) -> "_Looked":
        material = gather(connection, selection_from(made.parameters))
        source = Surface.read(made.path)
        inside = np.isfinite(source.prediction.mean)
        places = source.grid.centres()[inside.ravel()]
        return cls(material, source, inside, find_gaps(material.samples.xy, places, request.radius, request.fewest))

    def raster(self, made: PublishedMap, wanted: DerivedMap) -> PlainRaster:
        """The bands of the map of gaps."""
        sill = Covariance.from_dict(made.parameters["model"]["covariance"]).sill
        ratio = self.source.prediction.variance[self.inside] / sill
        values = np.array([self.gaps.distance, self.gaps.density, self.gaps.count, ratio])
        return PlainRaster.of_cells(self.source.grid, QUANTITY, BANDS, self.inside, values, wanted.stored)

    def found(self) -> FoundGaps:
        """Report and outlines."""
        outlines = gap_areas(self.source.grid, self.inside, self.gaps.gap)
        kept = np.array(outlines[:MOST_AREAS], dtype=object)
        degrees = moved(kept, self.material.projection.crs, CRS.from_epsg(4326)) if len(kept) else kept
        areas = tuple((polygon, each.area) for polygon, each in zip(degrees, kept, strict=True))
        return FoundGaps(self._report(len(outlines)), areas)

    def _report(self, areas: int) -> dict[str, Any]:
        cell, gaps = self.source.grid.cell_area, self.gaps
        return {
            "definition": f"fewer than {gaps.fewest} samples within {gaps.radius:.4g} m",
            "radius_m": gaps.radius,
            "fewest": gaps.fewest,
            "mapped_m2": float(self.inside.sum() * cell),
            "gap_m2": float(gaps.gap.sum() * cell),
            "gaps": areas,
            "farthest_m": float(gaps.distance.max()),
            "median_distance_m": float(np.median(gaps.distance)),
        }


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
    return [
        Coverage(row[0], row[1], row[2], row[3], name, int(row[4]), measured, some)
        for row, name, (measured, some) in pairs
    ]
