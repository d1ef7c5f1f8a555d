"""Publishing hot spots: rows with their nearest source; a newer finding replaces the older one of the same question."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import shapely
from geoalchemy2 import Geography
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, cast, delete, func, insert, select, update

from app.work.attribution import Attribution, attribute_material
from app.work.hotspots import Finding, Spot
from app.work.material import Material
from db.tables import dataset, hot_spot, hot_spot_run, source, surface
from db.versions import raise_version


@dataclass(frozen=True, slots=True)
class PublishedFinding:
    """A run in the catalogue, and whether this call put it there."""

    run: int | None
    created: bool
    finding: Finding

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        finding = self.finding
        return {
            "run": self.run,
            "created": self.created,
            "kind": finding.kind,
            "statistic": finding.statistic,
            "surface": finding.raster.id if finding.raster else finding.surface.id if finding.surface else None,
            "definition": finding.definition,
            "why_not": finding.why_not,
            "report": dict(finding.report),
            "spots": [spot.to_dict() for spot in finding.spots],
        }


def publish(connection: Connection, material: Material, finding: Finding) -> PublishedFinding:
    """Put a finding into the catalogue unless the same is there; what could not be tested is not published."""
    if finding.why_not:
        return PublishedFinding(None, False, finding)
    question, identity = _question(material, finding), _identity(connection, material, finding)
    known = connection.execute(select(hot_spot_run.c.id).where(hot_spot_run.c.version == identity)).scalar()
    if known is not None:
        _show_as(connection, known, _visibility(connection, material, finding))
        return PublishedFinding(known, False, finding)
    connection.execute(delete(hot_spot_run).where(hot_spot_run.c.parameters["question"].astext == question))
    run = _insert_run(connection, material, finding, question, identity)
    blamed = _blamed(connection, material, finding)
    for spot in finding.spots:
        _insert_spot(connection, material, finding, run, spot, blamed)
    raise_version(connection, "hotspots")
    return PublishedFinding(run, True, finding)


def _visibility(connection: Connection, material: Material, finding: Finding) -> str:
    """Who may see both the samples and the map that a finding rests on."""
    if finding.surface is None:
        return material.visibility
    kept = select(surface.c.visibility).where(surface.c.id == finding.surface.id)
    return "private" if connection.execute(kept).scalar() == "private" else material.visibility


def _show_as(connection: Connection, run: int, visibility: str) -> None:
    """The same samples may have become public, or private, since the run."""
    other = update(hot_spot_run).where(hot_spot_run.c.id == run, hot_spot_run.c.visibility != visibility)
    if connection.execute(other.values(visibility=visibility)).rowcount:
        raise_version(connection, "hotspots")


def _question(material: Material, finding: Finding) -> str:
    """What was asked, without the data that answered it."""
    limit = finding.limit
    asked = [
        finding.kind,
        finding.statistic,
        material.rows.contaminant,
        material.rows.datasets,
        str(material.population),
    ]
    return _digest([*asked, *([limit.label, limit.assumptions] if limit else [])])


def _identity(connection: Connection, material: Material, finding: Finding) -> str:
    """Everything the rows depend on: the question, the data, the parameters, the sources and the software."""
    sources = connection.execute(
        select(dataset.c.name, dataset.c.checksum).where(dataset.c.kind == "sources").order_by(dataset.c.name)
    )
    return _digest(
        [
            _question(material, finding),
            material.samples.digest(),
            dict(finding.parameters),
            _of_samples(material),
            [list(row) for row in sources],
            version("edaphos"),
        ]
    )


def _digest(value: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _insert_run(connection: Connection, material: Material, finding: Finding, question: str, identity: str) -> int:
    row = {
        "version": identity,
        "contaminant_id": material.rows.contaminant,
        "kind": finding.kind,
        "statistic": finding.statistic,
        "definition": finding.definition,
        "parameters": {**finding.parameters, "question": question, **_of_samples(material)},
        "report": dict(finding.report),
        "surface_id": finding.surface.id if finding.surface else None,
        "visibility": _visibility(connection, material, finding),
    }
    return int(connection.execute(insert(hot_spot_run).values(row).returning(hot_spot_run.c.id)).scalar_one())


def _of_samples(material: Material) -> dict[str, Any]:
    """Whose samples they are and what they have in common, by which hot spots of other surveys are told apart."""
    return {"datasets": list(material.rows.datasets), "population": asdict(material.population)}


def _blamed(connection: Connection, material: Material, finding: Finding) -> Attribution | None:
    """The sources of the samples, tested once for all spots; None where no spot is high."""
    if not any(spot.high for spot in finding.spots):
        return None
    return attribute_material(connection, material)


def _insert_spot(
    connection: Connection, material: Material, finding: Finding, run: int, spot: Spot, blamed: Attribution | None
) -> None:
    outline = _degrees(material, spot.polygon)
    nearest, distance = _nearest_source(connection, outline, material)
    limit = finding.limit
    row = {
        "run_id": run,
        "class_": spot.class_,
        "geom": _ewkt(outline),
        "area_m2": spot.area_m2,
        "mean_probability": spot.mean_probability,
        "mean_z": spot.mean_z,
        "smallest_q": spot.smallest_q,
        "sample_count": spot.sample_count,
        "highest": spot.highest,
        "rule": limit.rule if limit else None,
        "limit_mg_per_kg": limit.mg_per_kg if limit else None,
        "assumptions": list(limit.assumptions) if limit else [],
        "nearest_source_id": nearest,
        "nearest_source_m": distance,
        "smallest_p": spot.smallest_p,
        "expected_area_m2": spot.expected_area_m2,
        "area_low_m2": spot.area_low_m2,
        "area_high_m2": spot.area_high_m2,
        "existence": spot.existence,
        "likeliest_sources": _likeliest(spot, blamed),
    }
    connection.execute(insert(hot_spot).values(row))


def _likeliest(spot: Spot, blamed: Attribution | None) -> list[dict[str, Any]]:
    """The sources that a high spot may be owed to; who may see them their datasets say when they are shown."""
    if blamed is None or not spot.high:
        return []
    ranked = [source.to_dict() for source in blamed.likeliest(spot.polygon)]
    return [{name: value for name, value in each.items() if name != "private"} for each in ranked]


def _degrees(material: Material, polygon: BaseGeometry) -> BaseGeometry:
    back = Transformer.from_crs(material.projection.crs, "EPSG:4326", always_xy=True)
    moved = shapely.transform(polygon, lambda xy: np.column_stack(back.transform(*xy.T)))
    parts = shapely.get_parts(moved)
    outline: BaseGeometry = shapely.multipolygons(parts)
    return outline


def _ewkt(geometry: BaseGeometry) -> str:
    return f"SRID=4326;{geometry.wkt}"


def _nearest_source(
    connection: Connection, outline: BaseGeometry, material: Material
) -> tuple[int | None, float | None]:
    """The nearest of the sources that everybody may see who may see the samples, and how far it is on the ellipsoid."""
    place = func.ST_GeomFromEWKT(_ewkt(outline))
    distance = func.ST_Distance(cast(source.c.geom, Geography), cast(place, Geography))
    visible = ("public", "private") if material.rows.private else ("public",)
    row = connection.execute(
        select(source.c.id, distance)
        .join(dataset, dataset.c.id == source.c.dataset_id)
        .where(dataset.c.visibility.in_(visible))
        .order_by(source.c.geom.op("<->")(place))
        .limit(1)
    ).one_or_none()
    return (None, None) if row is None else (int(row[0]), float(row[1]))
