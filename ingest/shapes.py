"""Geometries of any kind that a geographic file gives its records: points, lines and areas."""

from typing import Any

import numpy as np
import pyarrow.compute as pc
import shapely
from pyproj import Transformer

from ingest.copying import geometries
from ingest.profile import GEOMETRY, Position
from ingest.sheet import Sheet


def read_shapes(sheet: Sheet, position: Position) -> dict[str, Any]:
    """The geometries in EPSG:4326, and longitude and latitude of a point on each (NaN where there is none)."""
    texts = sheet.cells(GEOMETRY)
    shapes = shapely.force_2d(shapely.from_wkt(np.asarray(texts.to_pylist(), dtype=object), on_invalid="ignore"))
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    sheet.find("position-missing", missing, pc.utf8_slice_codeunits(texts, 0, 40), "is no geometry", (GEOMETRY, True))
    to_degrees = Transformer.from_crs(position.system, "EPSG:4326", always_xy=True)
    # (0, 0) only fills the gap: the row is out already
    shapes = np.where(missing, shapely.Point(0, 0), shapes)
    shapes = shapely.transform(shapes, lambda xy: np.column_stack(to_degrees.transform(*xy.T)))
    inside = shapely.point_on_surface(shapes)
    return {"longitude": shapely.get_x(inside), "latitude": shapely.get_y(inside), "geom": geometries(shapes)}
