"""Readers of file formats: a new one is a new file here and a line in `READERS`."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pyarrow as pa

from ingest.errors import IngestError
from ingest.guards import admit
from ingest.profile import FileOptions, Join
from ingest.readers import transposed
from ingest.readers.base import Batch, Opened, Reader
from ingest.readers.content import refuse_other_than_text
from ingest.readers.folded import folded
from ingest.readers.joined import joined
from ingest.readers.only import only
from ingest.readers.several import as_one
from ingest.readers.tables import file_beside, holds_tables, kept_until_read, left_tidy, main_files, matches, unpacked

# name of the format: (module, endings of file names); a module is imported when a file needs it
READERS = {
    "csv": ("ingest.readers.csv", (".csv", ".tsv", ".txt", ".tab")),
    "workbook": ("ingest.readers.workbook", (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")),
    "gsq": ("ingest.readers.gsq", ()),
    "glosis": ("ingest.readers.glosis", ()),
    "geopackage": ("ingest.readers.vector", (".gpkg",)),
    "sqlite": ("ingest.readers.vector", (".sqlite", ".sqlite3", ".db")),
    "shapefile": ("ingest.readers.vector", (".shp", ".zip")),
    "json": ("ingest.readers.pages", (".json", ".geojson")),
    "geojsonseq": ("ingest.readers.vector", (".geojsonl", ".geojsons", ".geojsonseq", ".ndjson")),
    "flatgeobuf": ("ingest.readers.vector", (".fgb",)),
    "parquet": ("ingest.readers.parquet", (".parquet", ".geoparquet")),
}
ENDINGS = frozenset(ending for _, endings in READERS.values() for ending in endings)


def open_file(path: Path, options: FileOptions) -> Opened:
    """The records of a file, as its profile or else its name says, or of all files of a folder or archive as one.

    Tables that the profile joins stand beside the records. Raises `IngestError`.
    """
    if path.suffix.lower() == ".zip" and path.is_file() and options.format is None:
        admit(path)
        if holds_tables(path):
            folder = unpacked(path)
            with left_tidy(folder):
                return kept_until_read(open_file(folder, options), folder)
    files = main_files(path, options, ENDINGS)
    opened = _opened(path, files, options)
    own = opened.headings
    for join in options.joins:
        opened = joined(opened, join, _partner(path, files, join), own=own)
    if options.only:
        opened = only(opened, options.only)
    if options.fold is not None:
        opened = folded(opened, options.fold)
    return _filled(opened if options.last_row is None else _until(opened, options.last_row))


def files_of(path: Path, options: FileOptions) -> tuple[Path, ...]:
    """Every file that `open_file` reads, in its order."""
    files = main_files(path, options, ENDINGS)
    beside = (file_beside(path, join, files) for join in options.joins if _table_within(files, join) is None)
    return (*files, *beside) if path.suffix.lower() != ".zip" else files


def tables_in(file: Path) -> tuple[str, ...]:
    """The sheets of a workbook or the layers of a geographic file; empty where a file is one table."""
    return _reader(file, FileOptions()).tables_in(file)


def grid_of(file: Path, options: FileOptions) -> list[list[str]]:
    """All rows of a table as they stand, headings and all; empty for a format that knows its own headings."""
    reader = _reader(file, options)
    return transposed.grid(file, options, reader) if options.transposed else reader.grid(file, options)


def _opened(path: Path, files: tuple[Path, ...], options: FileOptions) -> Opened:
    if not path.is_dir():
        return _records_of(path, options)
    within = replace_sheet(options, None) if len(files) > 1 or _is_file_pattern(files, options) else options
    return as_one(files, [_records_of(file, within) for file in files])


def _records_of(file: Path, options: FileOptions) -> Opened:
    reader = _reader(file, options)
    if options.transposed:
        return transposed.open_records(file, options, reader)
    return reader.open_records(file, options)


def replace_sheet(options: FileOptions, sheet: str | None) -> FileOptions:
    """The same options for another sheet."""
    return options.model_copy(update={"sheet": sheet})


def _is_file_pattern(files: tuple[Path, ...], options: FileOptions) -> bool:
    pattern = options.sheet
    return pattern is not None and any(matches(file.name, pattern) or matches(file.stem, pattern) for file in files)


def _partner(path: Path, files: tuple[Path, ...], join: Join) -> Opened:
    sheet = _table_within(files, join)
    options = FileOptions(sheet=sheet, heading_row=join.heading_row)
    file = files[0] if sheet is not None else file_beside(path, join, files)
    return _reader(file, options).open_records(file, options)


def _table_within(files: tuple[Path, ...], join: Join) -> str | None:
    if len(files) != 1:
        return None
    return next((name for name in tables_in(files[0]) if matches(name, join.table)), None)


def _filled(opened: Opened) -> Opened:
    return replace(opened, batches=(batch for batch in opened.batches if len(batch.rows) or batch.broken))


def _until(opened: Opened, last: int) -> Opened:
    def batches() -> Iterator[Batch]:
        for batch in opened.batches:
            inside = batch.rows <= last
            broken = tuple(record for record in batch.broken if record.row <= last)
            if inside.any() or broken:
                yield Batch(batch.cells.filter(pa.array(inside)), batch.rows[inside], broken)

    return replace(opened, batches=batches())


def _reader(file: Path, options: FileOptions) -> Reader:
    if not file.is_file():
        raise IngestError(f"{file} is not a file")
    name = _format(file, options)
    if name == "csv":
        refuse_other_than_text(file)
    admit(file)
    module: Reader = import_module(READERS[name][0])
    return module


def _format(file: Path, options: FileOptions) -> str:
    known = ", ".join(READERS)
    if options.format is not None:
        if options.format not in READERS:
            raise IngestError(f"{file.name}: the profile's file.format {options.format!r} is not one of {known}")
        return options.format
    for name, (_, endings) in READERS.items():
        if file.suffix.lower() in endings:
            return name
    raise IngestError(f"{file.name}: no reader for files named *{file.suffix}; formats are {known}")
