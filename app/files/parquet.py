"""GeoParquet 1.1 of features."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from pyproj import CRS

GEOMETRY = "geometry"


def write_parquet(path: Path, _name: str, srid: int, rows: pa.RecordBatchReader) -> None:
    """Row groups as they come; the metadata say what the geometries are and where they lie."""
    schema = rows.schema
    if GEOMETRY in schema.names:
        schema = schema.with_metadata({"geo": json.dumps(_metadata(srid))})
    with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in rows:
            writer.write_batch(batch.replace_schema_metadata(schema.metadata))


def _metadata(srid: int) -> dict[str, Any]:
    """Of GeoParquet 1.1; without a `crs` it is CRS84, as coordinates in files are given the longitude first."""
    column: dict[str, Any] = {"encoding": "WKB", "geometry_types": []}
    if srid != 4326:
        column["crs"] = CRS.from_epsg(srid).to_json_dict()
    return {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
