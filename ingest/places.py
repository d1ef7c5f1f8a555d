"""Where values stand: the columns that they are read from, by number, and the files by the rows that lie above them."""

from collections.abc import Mapping
from typing import Any

from ingest.profile import FromColumn, Profile, Release
from ingest.readers.base import Batch
from ingest.readers.several import FILE_NAME, FILE_ROW
from ingest.visible import visible


def value_columns(profile: Profile) -> tuple[str, ...]:
    """The columns of values in the order of the profile; a value's `source_column` counts them from 1."""
    if profile.sources is not None:
        return tuple(map(_column_of, profile.sources.releases))
    measured = profile.measurements
    if measured is None:
        return ()
    return tuple(measured.columns) if measured.value is None else (measured.value.column,)


def _column_of(release: Release) -> str:
    """The column of the quantity, or where there is none of the pollutant."""
    given = release.quantity or release.pollutant
    return given.column if isinstance(given, FromColumn) else ""


def rows_above(batch: Batch) -> Mapping[str, int]:
    """Of a batch of one of several files, that file and how many is added to its row numbers; else nothing."""
    if not len(batch.rows) or FILE_NAME not in batch.cells.schema.names:
        return {}
    name, row = (batch.cells.column(column)[0].as_py() for column in (FILE_NAME, FILE_ROW))
    return {name: int(batch.rows[0]) - int(row)}


def places_of(profile: Profile, file_name: str, above: Mapping[str, int]) -> dict[str, Any]:
    """What a dataset says of its places; `above` holds what `rows_above` found in all batches."""
    files = above or {file_name: 0}
    return {
        "columns": [visible(column) for column in value_columns(profile)],
        "sheet": visible(profile.file.sheet) if profile.file.sheet else None,
        "files": [{"name": visible(name), "above": count} for name, count in files.items()],
    }
