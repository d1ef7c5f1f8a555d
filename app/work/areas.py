"""Which part of the earth a map covers: a file of polygons, areas of a registered layer, or what the samples cover."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from pyproj import CRS, Transformer
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from db.layers import Box, StoredLayer, layer_named, read_areas
from ingest.errors import IngestError
from ingest.geofile import address_of, complaint_of
from ingest.guards import admit
from mapping.grid import REACH, default_area

BY_DEFAULT = f"the concave hull of the samples and half a sample spacing around, up to {REACH:g} spacings from a sample"


@dataclass(frozen=True, slots=True)
class MapArea:
    """A polygon in the metres of a map, what it is in words, and the layer that it is from, if any."""

    polygon: BaseGeometry
    meaning: str
    layer: StoredLayer | None = None


def area_of(connection: Connection, file: Path | None, within: str | None, samples: np.ndarray, crs: CRS) -> MapArea:
    """The area that a file or a layer (`counties`, `counties:Limburg`) gives, else that of the samples (n, 2).

    Raises `ValueError` when both are given, and for what cannot be read or holds no polygon.
    """
    if file is not None and within is not None:
        raise ValueError("an area is given by a file or by a layer, not by both")
    if file is not None:
        return MapArea(read_area(file, crs), "the area given")
    if within is not None:
        return _of_layer(connection, within, crs)
    return MapArea(default_area(samples), BY_DEFAULT)


def _of_layer(connection: Connection, within: str, crs: CRS) -> MapArea:
    name, _, code = within.partition(":")
    layer = layer_named(connection, name)
    _, shapes = read_areas(connection, layer, code or None)
    if not len(shapes):
        raise ValueError(f"the layer {name!r} has no area {code!r}")
    polygon = _united(shapes, CRS.from_epsg(4326), crs)
    if polygon is None:
        raise ValueError(f"{within}: the areas lie outside the area in which {crs.name} can be used")
    told = f"{code!r} of the layer {name}" if code else f"the layer {name}"
    return MapArea(polygon, f"{told}, version {layer.version}, sha256 {layer.checksum[:16]}…", layer)


def read_area(path: Path, crs: CRS) -> BaseGeometry:
    """The union of the polygons of a file, in `crs`; `ValueError` when it has none or no system of its own.

    GeoPackage, Shapefile (also zipped), GeoJSON, GeoJSONSeq and FlatGeobuf.
    """
    import pyogrio  # noqa: PLC0415  it brings pandas along, for a second, and most maps need no file

    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    try:
        admit(path)
        meta, _, geometries, _ = pyogrio.raw.read(address_of(path), columns=[])
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, IngestError) as error:
        said = complaint_of(path, error)
        raise ValueError(f"{path}: not a file of polygons that can be read: {said}") from None
    if meta["crs"] is None:
        raise ValueError(f"{path}: the file does not say its coordinate reference system")
    shapes = shapely.force_2d(shapely.from_wkb(geometries))
    polygons = [shape for shape in shapes if shape is not None and shape.geom_type in ("Polygon", "MultiPolygon")]
    if not polygons:
        raise ValueError(f"{path}: the file holds no polygon")
    area = _united(np.array(polygons, dtype=object), CRS.from_user_input(meta["crs"]), crs)
    if area is None:
        raise ValueError(f"{path}: the polygons lie outside the area in which {crs.name} can be used")
    return area


def moved(shapes: np.ndarray, source: CRS, target: CRS) -> np.ndarray:
    """Geometries (n,) from one system in another."""
    transformer = Transformer.from_crs(source, target, always_xy=True)
    there: np.ndarray = shapely.transform(shapes, lambda xy: np.column_stack(transformer.transform(*xy.T)))
    return there


def degrees_of(polygon: BaseGeometry, crs: CRS) -> Box:
    """West, south, east, north of a polygon in `crs`, its bent edges included."""
    outline = shapely.segmentize(shapely.box(*polygon.bounds), max(np.ptp(polygon.bounds[::2]), 1.0) / 16)
    west, south, east, north = shapely.total_bounds(moved(np.array([outline]), crs, CRS.from_epsg(4326))).tolist()
    return west, south, east, north


def _united(shapes: np.ndarray, source: CRS, target: CRS) -> BaseGeometry | None:
    area: BaseGeometry = shapely.union_all(shapely.make_valid(moved(shapes, source, target)))
    return None if area.is_empty or not np.isfinite(area.bounds).all() else area
