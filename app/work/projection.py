"""From degrees to metres: a projected system in which distances over the samples are true to a known bound."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from pyproj import CRS, Proj, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info

from db.samples import Floats, SampleRows

WORST_SCALE_ERROR = 0.005
"""A system is taken while no distance in it is wrong by more than this share."""


@dataclass(frozen=True, slots=True)
class Projection:
    """A metric system and the largest relative error of a distance in it, over the box of the samples."""

    crs: CRS
    scale_error: float

    @property
    def name(self) -> str:
        """EPSG:28992 where the system has a code, else its PROJ text."""
        authority = self.crs.to_authority()
        return ":".join(authority) if authority else self.crs.to_wkt()

    def forward(self, lonlat: Floats) -> Floats:
        """Degrees (n, 2) to metres (n, 2)."""
        return np.column_stack(Transformer.from_crs("EPSG:4326", self.crs, always_xy=True).transform(*lonlat.T))

    def place(self, rows: SampleRows) -> Floats:
        """The samples' places in metres (n, 2): as given where they were given in this very system."""
        metres = self.forward(rows.lonlat)
        same = rows.crs == self.name
        metres[same] = rows.as_given[same]
        return metres


def choose_projection(rows: SampleRows) -> Projection:
    """The system most samples were given in if it serves, else the UTM zone, else an equal-area one made to fit."""
    box = _box(rows.lonlat)
    for crs in chain(_as_given(rows), _utm(box)):
        error = _scale_error(crs, box)
        if error <= WORST_SCALE_ERROR:
            return Projection(crs, error)
    fitted = _equal_area(box)
    return Projection(fitted, _scale_error(fitted, box))


def _box(lonlat: Floats) -> tuple[float, float, float, float]:
    """West, south, east, north; samples on both sides of the antimeridian get an east beyond 180."""
    lon, lat = lonlat.T
    if np.ptp(lon) > 180.0:
        lon = np.where(lon < 0.0, lon + 360.0, lon)
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def _as_given(rows: SampleRows) -> Iterator[CRS]:
    names, counts = np.unique(rows.crs, return_counts=True)
    crs = CRS.from_user_input(str(names[counts.argmax()]))
    in_metres = crs.is_projected and all(axis.unit_name == "metre" for axis in crs.axis_info)
    if in_metres:
        yield crs


def _utm(box: tuple[float, float, float, float]) -> Iterator[CRS]:
    west, south, east, north = box
    middle = ((west + east) / 2 + 180) % 360 - 180
    area = AreaOfInterest(middle, (south + north) / 2, middle, (south + north) / 2)
    found = query_utm_crs_info(datum_name="WGS 84", area_of_interest=area)
    yield from (CRS.from_epsg(info.code) for info in found[:1])


def _equal_area(box: tuple[float, float, float, float]) -> CRS:
    west, south, east, north = box
    lon, lat = ((west + east) / 2 + 180) % 360 - 180, (south + north) / 2
    return CRS.from_proj4(f"+proj=laea +lat_0={lat:.4f} +lon_0={lon:.4f} +datum=WGS84 +units=m +type=crs")


def _scale_error(crs: CRS, box: tuple[float, float, float, float]) -> float:
    """The largest departure from 1 of the scale along any direction, over a net of places (Snyder 1987, p. 24)."""
    west, south, east, north = box
    lon, lat = (axis.ravel() for axis in np.meshgrid(np.linspace(west, east, 9), np.linspace(south, north, 9)))
    factors = Proj(crs).get_factors((lon + 180) % 360 - 180, lat, errcheck=False)
    scales = np.concatenate([np.atleast_1d(factors.tissot_semimajor), np.atleast_1d(factors.tissot_semiminor)])
    return float(np.abs(scales - 1.0).max()) if np.isfinite(scales).all() else np.inf
