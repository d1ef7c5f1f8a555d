"""Geographic files through GDAL: GeoPackage, Shapefile (also zipped), GeoJSON, GeoJSONSeq, FlatGeobuf."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from ingest.errors import IngestError
from ingest.profile import FileOptions
from ingest.readers.base import Batch, Opened
from ingest.readers.content import refuse_bomb
from ingest.readers.text import as_text, can_be_text, geometry_columns

BATCH_ROWS = 65_536
# what a file of that ending begins with: GDAL looks at the content only, and knows formats that fetch other files
BEGINNINGS = {
    ".gpkg": (b"SQLite format 3\0",),
    ".shp": (b"\0\0\x27\x0a",),
    ".zip": (b"PK\x03\x04",),
    ".fgb": (b"fgb",),
}
JSON = (b"{", b"[", b"\x1e{")


def open_records(file: Path, options: FileOptions) -> Opened:
    """Open a layer: its fields as text, and x and y of its points in the coordinate system of the file."""
    _check_beginning(file)
    layer, guesses = _layer(file, options)
    try:
        info = pyogrio.read_info(file, layer=layer)
    except (DataSourceError, DataLayerError, ValueError) as error:
        raise _unreadable(file, error) from None
    batches = _batches(file, layer)
    first = next(batches, None)
    if first is None:
        raise IngestError(f"{file.name} has no features")
    return Opened(tuple(first.cells.schema.names), _chained(first, batches), guesses, crs=info["crs"])


def _check_beginning(file: Path) -> None:
    if file.suffix.lower() == ".zip":
        refuse_bomb(file)
    with file.open("rb") as handle:
        start = handle.read(64).removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    expected = BEGINNINGS.get(file.suffix.lower(), JSON)
    if not start.startswith(expected):
        raise IngestError(f"{file.name} is not what its name says: its content begins with {start[:12]!r}")


def _layer(file: Path, options: FileOptions) -> tuple[str, tuple[str, ...]]:
    try:
        names = [str(name) for name in pyogrio.list_layers(file)[:, 0]]
    except (DataSourceError, ValueError) as error:
        raise _unreadable(file, error) from None
    if options.sheet is not None:
        if options.sheet not in names:
            raise IngestError(f"{file.name}: there is no layer {options.sheet!r}; there are {', '.join(names)}")
        return options.sheet, ()
    if len(names) != 1:
        raise IngestError(f"{file.name} has the layers {', '.join(names)}; state file.sheet")
    return names[0], ()


def _batches(file: Path, layer: str) -> Iterator[Batch]:
    row = 2
    with pyogrio.open_arrow(file, layer=layer, batch_size=BATCH_ROWS, use_pyarrow=True) as (about, reader):
        geometry = about["geometry_name"] or "wkb_geometry"
        for part in reader:
            if part.num_rows:
                yield feature_batch(part, geometry, row)
                row += part.num_rows


def feature_batch(part: Any, geometry: str, first: int) -> Batch:
    """The plain fields of an Arrow record batch as text, with the columns that stand for its geometries."""
    names = [field.name for field in part.schema if can_be_text(field.type) and field.name != geometry]
    columns = {name: as_text(part.column(name)) for name in names}
    if geometry in part.schema.names:
        columns |= geometry_columns(part.column(geometry))
    rows = np.arange(first, first + part.num_rows, dtype=np.int64)
    return Batch(pa.RecordBatch.from_arrays(list(columns.values()), list(columns)), rows)


def _chained(first: Batch, rest: Iterator[Batch]) -> Iterator[Batch]:
    yield first
    yield from rest


def _unreadable(file: Path, error: Exception) -> IngestError:
    return IngestError(f"{file.name} cannot be read: {str(error).splitlines()[0]}")
