"""Points out of a file, in degrees."""

from pathlib import Path

import numpy as np
import shapely
from pyproj import CRS

from app.work.areas import moved
from ingest.errors import IngestError
from ingest.geofile import address_of, complaint_of
from ingest.guards import admit


def read_places(path: Path) -> tuple[tuple[float, float], ...]:
    """Longitude and latitude of every point of a geographic file; `ValueError` where it holds none.

    GeoPackage, Shapefile (also zipped), GeoJSON, GeoJSONSeq and FlatGeobuf.
    """
    import pyogrio  # noqa: PLC0415  it brings pandas along, for a second

    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    try:
        admit(path)
        meta, _, geometries, _ = pyogrio.raw.read(address_of(path), columns=[])
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, IngestError) as error:
        raise ValueError(f"{path}: not a file of points that can be read: {complaint_of(path, error)}") from None
    if meta["crs"] is None:
        raise ValueError(f"{path}: the file does not say its coordinate reference system")
    shapes = shapely.force_2d(shapely.from_wkb(geometries))
    points = shapely.get_parts(shapes[np.isin(shapely.get_type_id(shapes), (0, 4))])
    if not len(points):
        raise ValueError(f"{path}: the file holds no point")
    degrees = shapely.get_coordinates(moved(points, CRS.from_user_input(meta["crs"]), CRS.from_epsg(4326)))
    if not np.isfinite(degrees).all():
        raise ValueError(f"{path}: a point lies outside the area in which its reference system can be used")
    return tuple((float(lon), float(lat)) for lon, lat in degrees)
