"""Geographic files through GDAL: GeoPackage, Shapefile (also zipped), GeoJSON, GeoJSONSeq, FlatGeobuf."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from ingest.errors import IngestError
from ingest.geofile import address_of, complaint_of
from ingest.profile import GEOMETRY, GEOMETRY_X, GEOMETRY_Y, FileOptions
from ingest.readers.base import Batch, Opened
from ingest.readers.tables import matches
from ingest.readers.text import as_text, can_be_text, geometry_columns

BATCH_ROWS = 65_536


def open_records(file: Path, options: FileOptions) -> Opened:
    """Open a layer: its fields as text, and x and y of its points in the coordinate system of the file."""
    layer, guesses = _layer(file, options)
    try:
        with pyogrio.open_arrow(address_of(file), layer=layer, use_pyarrow=True) as (about, reader):
            headings = feature_headings(reader.schema, _geometry(about))
    except (DataSourceError, DataLayerError, ValueError) as error:
        raise _unreadable(file, error) from None
    return Opened(headings, _batches(file, layer), guesses, crs=about["crs"])


def tables_in(file: Path) -> tuple[str, ...]:
    """The layers of a geographic file."""
    try:
        return tuple(str(name) for name in pyogrio.list_layers(address_of(file))[:, 0])
    except (DataSourceError, ValueError) as error:
        raise _unreadable(file, error) from None


def grid(_: Path, __: FileOptions) -> list[list[str]]:
    """The file knows its headings."""
    return []


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
    with pyogrio.open_arrow(address_of(file), layer=layer, batch_size=BATCH_ROWS, use_pyarrow=True) as (about, reader):
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
    return IngestError(f"{file.name} cannot be read: {complaint_of(file, error)}")
