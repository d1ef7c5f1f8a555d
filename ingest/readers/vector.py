"""Geographic files through GDAL: GeoPackage, Shapefile (also zipped), GeoJSON, GeoJSONSeq, FlatGeobuf."""

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from ingest.errors import IngestError
from ingest.profile import GEOMETRY, GEOMETRY_X, GEOMETRY_Y, FileOptions
from ingest.readers.base import Batch, Opened
from ingest.readers.tables import matches
from ingest.readers.text import as_text, can_be_text, geometry_columns

BATCH_ROWS = 65_536
# what a file of that ending begins with: GDAL looks at the content only, and knows formats that fetch other files
BEGINNINGS = {
    **dict.fromkeys((".gpkg", ".sqlite", ".sqlite3", ".db"), (b"SQLite format 3\0",)),
    ".shp": (b"\0\0\x27\x0a",),
    ".zip": (b"PK\x03\x04",),
    ".fgb": (b"fgb",),
}
JSON = (b"{", b"[", b"\x1e{")
JSON_MARKS = {b'"esriGeometry': "ESRIJSON", b'"esriFieldType': "ESRIJSON", b'"Topology"': "TopoJSON"}
START = 1 << 16


def open_records(file: Path, options: FileOptions) -> Opened:
    """Open a layer: its fields as text, and x and y of its points in the coordinate system of the file."""
    _check_beginning(file)
    layer, guesses = _layer(file, options)
    try:
        with pyogrio.open_arrow(_address(file), layer=layer, use_pyarrow=True) as (about, reader):
            headings = feature_headings(reader.schema, _geometry(about))
    except (DataSourceError, DataLayerError, ValueError) as error:
        raise _unreadable(file, error) from None
    return Opened(headings, _batches(file, layer), guesses, crs=about["crs"])


def _check_beginning(file: Path) -> None:
    with file.open("rb") as handle:
        start = handle.read(64).removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    expected = BEGINNINGS.get(file.suffix.lower(), JSON)
    if not start.startswith(expected):
        raise IngestError(f"{file.name} is not what its name says: its content begins with {start[:12]!r}")


def tables_in(file: Path) -> tuple[str, ...]:
    """The layers of a geographic file."""
    try:
        return tuple(str(name) for name in pyogrio.list_layers(_address(file))[:, 0])
    except (DataSourceError, ValueError) as error:
        raise _unreadable(file, error) from None


def grid(_: Path, __: FileOptions) -> list[list[str]]:
    """The file knows its headings."""
    return []


def _address(file: Path) -> str:
    """The file as GDAL is to open it: with one driver alone, since some run or fetch what a file asks them to.

    What looks like JSON may be a pipeline of commands, and an archive may hold the description of a source elsewhere.
    """
    ending = file.suffix.lower()
    if ending == ".zip":
        return _shapefile_within(file)
    if ending in BEGINNINGS:
        return str(file)
    return f"{_json_driver(file)}:{file}"


def _json_driver(file: Path) -> str:
    """GDAL's driver for what is written in JSON, by how it begins."""
    with file.open("rb") as handle:
        start = handle.read(START)
    if start.startswith(b"\x1e") or _is_one_object(start.split(b"\n", 1)[0]):
        return "GeoJSONSeq"
    marked = next((driver for mark, driver in JSON_MARKS.items() if mark in start), None)
    by_ending = "GeoJSON" if file.suffix.lower() in (".json", ".geojson") else "GeoJSONSeq"
    return marked or ("GeoJSON" if b'"FeatureCollection"' in start else by_ending)


def _is_one_object(line: bytes) -> bool:
    """Whether a line holds a feature and nothing of the next: files of one object are read either way."""
    try:
        return dict(json.loads(line)).get("type") == "Feature"
    except (ValueError, TypeError, RecursionError):
        return False


def _shapefile_within(file: Path) -> str:
    with zipfile.ZipFile(file) as archive:
        shapes = [name for name in archive.namelist() if name.lower().endswith(".shp")]
    if len(shapes) != 1:
        raise IngestError(f"{file.name} holds {len(shapes)} shapefiles; send them one by one")
    return f"/vsizip/{file.resolve()}/{shapes[0]}"


def _layer(file: Path, options: FileOptions) -> tuple[str, tuple[str, ...]]:
    names = tables_in(file)
    if options.sheet is not None:
        meant = [name for name in names if matches(name, options.sheet)]
        if len(meant) != 1:
            raise IngestError(f"{file.name}: there is no layer {options.sheet!r}; there are {', '.join(names)}")
        return meant[0], ()
    if not names:
        raise IngestError(f"{file.name} cannot be read: there is no layer in it")
    if len(names) != 1:
        raise IngestError(f"{file.name} has the layers {', '.join(names)}; state file.sheet")
    return names[0], ()


def _batches(file: Path, layer: str) -> Iterator[Batch]:
    row = 2
    with pyogrio.open_arrow(_address(file), layer=layer, batch_size=BATCH_ROWS, use_pyarrow=True) as (about, reader):
        for part in reader:
            if part.num_rows:
                yield feature_batch(part, _geometry(about), row)
                row += part.num_rows


def _geometry(about: Mapping[str, Any]) -> str:
    return str(about["geometry_name"] or "wkb_geometry")


def feature_headings(schema: Any, geometry: str) -> tuple[str, ...]:
    """The columns that a batch of features of that Arrow schema has as text."""
    plain = _plain_fields(schema, geometry)
    return (*plain, GEOMETRY, GEOMETRY_X, GEOMETRY_Y) if geometry in schema.names else plain


def _plain_fields(schema: Any, geometry: str) -> tuple[str, ...]:
    return tuple(field.name for field in schema if can_be_text(field.type) and field.name != geometry)


def feature_batch(part: Any, geometry: str, first: int) -> Batch:
    """The plain fields of an Arrow record batch as text, with the columns that stand for its geometries."""
    columns = {name: as_text(part.column(name)) for name in _plain_fields(part.schema, geometry)}
    if geometry in part.schema.names:
        columns |= geometry_columns(part.column(geometry))
    rows = np.arange(first, first + part.num_rows, dtype=np.int64)
    return Batch(pa.RecordBatch.from_arrays(list(columns.values()), list(columns)), rows)


def _unreadable(file: Path, error: Exception) -> IngestError:
    return IngestError(f"{file.name} cannot be read: {str(error).splitlines()[0]}")
