"""Tables in binary formats: Parquet that declares what it cannot hold, databases with programs in them."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
from pyarrow import parquet

from ingest.errors import IngestError
from ingest.guards.limits import limits

_THRIFT_BYTES = 100_000_000
_SPATIAL_INDEX = "rtree"


def admit_parquet(file: Path) -> None:
    """Raise `IngestError` by the metadata alone: too many rows or columns, or row groups too large to unpack."""
    try:
        told = parquet.read_metadata(
            file,
            memory_map=True,
        )
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise IngestError(f"{file.name} is not a Parquet file: {str(error).splitlines()[0]}") from None
    if told.num_columns > limits().columns:
        raise IngestError(
            f"{file.name} has {told.num_columns:,} columns, more than the {limits().columns:,} of a table"
        )
    if told.num_rows > limits().rows:
        raise IngestError(f"{file.name} declares {told.num_rows:,} rows, more than the {limits().rows:,} that are read")
    for number in range(told.num_row_groups):
        group = told.row_group(number)
        if group.total_byte_size > limits().unpacked_bytes or group.num_rows < 0:
            raise IngestError(
                f"{file.name}: its row group {number + 1} declares {group.total_byte_size:,} bytes, which is refused"
            )


def admit_database(file: Path) -> None:
    """Raise `IngestError` for a SQLite file whose layers are not plain tables; it is opened to be read only.

    Views and virtual tables run what their author wrote whenever they are read. Triggers run on changes alone, and
    nothing is changed.
    """
    address = f"file:{quote(str(file.resolve()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            found = database.execute(
                "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'view')"
            ).fetchall()
            layers = _layers(database, {name for _, name, _ in found})
    except sqlite3.Error as error:
        raise IngestError(f"{file.name} is a damaged database: {error}") from None
    for kind, name, sql in found:
        if name in layers and kind == "view":
            raise IngestError(f"{file.name}: the layer {name[:80]!r} is a view; save it as a table first")
        made_by = " ".join((sql or "").split()[:3]).upper()
        if made_by == "CREATE VIRTUAL TABLE" and not name.startswith((_SPATIAL_INDEX, "idx_")):
            raise IngestError(f"{file.name}: {name[:80]!r} is a virtual table, which is refused")


def _layers(database: sqlite3.Connection, names: set[str]) -> set[str]:
    """The layers that a GeoPackage lists; of another database, everything."""
    if "gpkg_contents" not in names:
        return names
    return {str(name) for (name,) in database.execute("SELECT table_name FROM gpkg_contents LIMIT 10000")}
