"""The inventory's sources around some samples: where they are, what they release, how likely they are the origin."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy.spatial.distance import cdist
from sqlalchemy import Connection

from app.work.areas import degrees_of, moved
from app.work.material import Material
from db.selection import Bounds
from db.sources import SourceRows, read_sources
from ingest.sectors import usual_releases
from mapping.arrays import Points, Vector

PLAUSIBLE = {"released": 4.0, "likely": 2.0, "possible": 1.0, "not-reported": 0.5}
"""How much likelier a source is than one of which nothing is known, before any sample is looked at: an assumption."""


@dataclass(frozen=True, slots=True, eq=False)
class SourceRecords:
    """Sources with their shapes (J,) in the metres of the samples; `released` holds a key of `PLAUSIBLE` for each."""

    rows: SourceRows
    shapes: NDArray[np.object_]
    released: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def sectors(self) -> tuple[str, ...]:
        """Those that occur, in alphabetical order."""
        return tuple(sorted(set(self.rows.sector)))

    def distances(self, xy: Points) -> Vector:
        """Metres (n, J) from places (n, 2) to the sources: to the nearest point of a line, zero inside an area."""
        points = shapely.get_type_id(self.shapes) == 0
        apart = np.empty((len(xy), len(self)))
        apart[:, points] = cdist(xy, shapely.get_coordinates(self.shapes[points]))
        places = shapely.points(xy)
        for index in np.flatnonzero(~points):
            shapely.prepare(self.shapes[index])
            apart[:, index] = shapely.distance(self.shapes[index], places)
        return apart

    def of_sector(self, sector: str) -> NDArray[np.bool_]:
        """True (J,) for the sources of a sector."""
        return np.array([each == sector for each in self.rows.sector], dtype=np.bool_)


def sources_around(connection: Connection, material: Material, reach: float) -> SourceRecords:
    """The sources within a reach in metres of the box of the samples, that those may see who may see the samples."""
    crs = material.projection.crs
    box = shapely.box(*shapely.total_bounds(shapely.points(material.samples.xy))).buffer(reach)
    west, south, east, north = degrees_of(box, crs)
    visible = ("public", "private") if material.rows.private else ("public",)
    known = Bounds(west, max(south, -90.0), east, min(north, 90.0)) if -180 <= west <= east <= 180 else None
    rows = read_sources(connection, material.rows.contaminant, visible, known)
    return _records(rows, material.rows.contaminant, crs)


def _records(rows: SourceRows, contaminant: str, crs: CRS) -> SourceRecords:
    shapes = moved(np.array(shapely.from_wkb(list(rows.geometry)), dtype=object), CRS.from_epsg(4326), crs)
    usual = usual_releases()
    facts = zip(rows.releases, rows.reports, rows.sector, strict=True)
    return SourceRecords(rows, shapes, tuple(_plausibility(contaminant, usual, *each) for each in facts))


def _plausibility(
    contaminant: str, usual: Mapping[str, Mapping[str, str]], releases: bool, reports: bool, sector: str
) -> str:
    if releases:
        return "released"
    if contaminant in usual.get(sector, ()):
        return "likely"
    return "not-reported" if reports else "possible"
