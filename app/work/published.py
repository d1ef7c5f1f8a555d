"""Maps in the catalogue: what a row says, and finding one again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from app.settings import Settings
from app.work.material import Material
from app.work.projection import Projection
from db.tables import surface
from mapping.grid import Grid

UNIT = "mg/kg"


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
    home: Path = field(repr=False)

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


def known_map(settings: Settings, connection: Connection, identifier: str) -> PublishedMap | None:
    """The surface of that id, if its row and its file are there."""
    row = connection.execute(select(surface).where(surface.c.id == identifier)).mappings().one_or_none()
    if row is None or not (settings.home / row["path"]).exists():
        return None
    path = settings.home / row["path"]
    return PublishedMap(
        identifier, False, row["title"], path, row["parameters"], row["scores"], row["version"], settings.home
    )


def register(
    settings: Settings, connection: Connection, made: PublishedMap, material: Material, grid: Grid, visibility: str
) -> None:
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
        "visibility": visibility,
        "geom": f"SRID=4326;{footprint(grid, material.projection).wkt}",
    }
    connection.execute(insert(surface).values(row).on_conflict_do_nothing())


def footprint(grid: Grid, projection: Projection) -> BaseGeometry:
    """The outline of the grid in degrees, with enough corners to follow its bent edges."""
    outline = shapely.segmentize(shapely.box(*grid.bounds), max(grid.bounds[2] - grid.bounds[0], grid.cell) / 16)
    back = Transformer.from_crs(projection.crs, "EPSG:4326", always_xy=True)
    degrees: BaseGeometry = shapely.transform(outline, lambda xy: np.column_stack(back.transform(*xy.T)))
    return degrees
