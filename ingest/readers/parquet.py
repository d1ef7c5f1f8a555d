"""Parquet and GeoParquet."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet
from pyproj import CRS

from ingest.errors import IngestError
from ingest.profile import FileOptions
from ingest.readers.base import Batch, Opened
from ingest.readers.vector import BATCH_ROWS, feature_batch, feature_headings


def open_records(file: Path, _: FileOptions) -> Opened:
    """Open a file; a geometry column that the GeoParquet metadata name gives positions."""
    try:
        content = parquet.ParquetFile(file, memory_map=True)
    except (pa.ArrowInvalid, OSError) as error:
        raise IngestError(f"{file.name} is not a Parquet file: {str(error).splitlines()[0]}") from None
    geometry, crs = _geometry(content)
    return Opened(feature_headings(content.schema_arrow, geometry), _batches(content, geometry), crs=crs)


def tables_in(_: Path) -> tuple[str, ...]:
    """The file is one table."""
    return ()


def grid(_: Path, __: FileOptions) -> list[list[str]]:
    """The file knows its headings."""
    return []


def _geometry(content: Any) -> tuple[str, str | None]:
    """Name and system of the geometry column; GeoParquet 1.1: a missing `crs` means OGC:CRS84, a null one unknown."""
    metadata = json.loads((content.schema_arrow.metadata or {}).get(b"geo", b"{}"))
    name = str(metadata.get("primary_column", ""))
    column = metadata.get("columns", {}).get(name, {"crs": None})
    if "crs" not in column:
        return name, "OGC:CRS84"
    return name, CRS.from_json_dict(column["crs"]).to_string() if column["crs"] else None


def _batches(content: Any, geometry: str) -> Iterator[Batch]:
    row = 2
    for part in content.iter_batches(batch_size=BATCH_ROWS):
        yield feature_batch(part, geometry, row)
        row += part.num_rows
