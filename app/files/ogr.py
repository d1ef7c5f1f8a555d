"""FlatGeobuf and GeoPackage of features, written by GDAL batch by batch."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio

GEOMETRY = "geometry"


def write_flatgeobuf(path: Path, name: str, srid: int, rows: pa.RecordBatchReader) -> None:
    """Without the spatial index, for which all features would have to be held at once."""
    _write(path, name, srid, rows, driver="FlatGeobuf", SPATIAL_INDEX="NO")


def write_geopackage(path: Path, name: str, srid: int, rows: pa.RecordBatchReader) -> None:
    """One layer, with its spatial index."""
    _write(path, name, srid, rows, driver="GPKG")


def _write(path: Path, name: str, srid: int, rows: pa.RecordBatchReader, *, driver: str, **options: Any) -> None:
    placed = GEOMETRY in rows.schema.names
    geometry = {"geometry_name": GEOMETRY, "geometry_type": "Unknown", "crs": f"EPSG:{srid}"} if placed else {}
    pyogrio.write_arrow(rows, path, layer=name, driver=driver, **geometry, **options)
