"""Files of features: one file of this folder for each format, one line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa

from app.files.csv import write_csv
from app.files.ogr import write_flatgeobuf, write_geopackage
from app.files.parquet import write_parquet

Writer = Callable[[Path, str, int, pa.RecordBatchReader], None]
"""Writes a table to a path: with a name for its layer, the EPSG number of its coordinates, and its rows in batches."""


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file; some hold nothing without a geometry."""

    key: str
    media_type: str
    write: Writer
    needs_geometry: bool = False


FILES: Mapping[str, Format] = MappingProxyType(
    {
        found.key: found
        for found in (
            Format("csv", "text/csv", write_csv),
            Format("parquet", "application/vnd.apache.parquet", write_parquet),
            Format("fgb", "application/vnd.flatgeobuf", write_flatgeobuf, needs_geometry=True),
            Format("gpkg", "application/geopackage+sqlite3", write_geopackage),
        )
    }
)
