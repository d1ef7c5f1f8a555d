"""Readers of file formats: a new one is a new file here and a line in `READERS`."""

from importlib import import_module
from pathlib import Path

from ingest.errors import IngestError
from ingest.profile import FileOptions
from ingest.readers.base import Opened, Reader

# name of the format: (module, endings of file names); a module is imported when a file needs it
READERS = {
    "csv": ("ingest.readers.csv", (".csv", ".tsv", ".txt", ".tab")),
    "workbook": ("ingest.readers.workbook", (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")),
    "gsq": ("ingest.readers.gsq", ()),
    "geopackage": ("ingest.readers.vector", (".gpkg",)),
    "shapefile": ("ingest.readers.vector", (".shp", ".zip")),
    "geojson": ("ingest.readers.vector", (".geojson", ".json")),
    "geojsonseq": ("ingest.readers.vector", (".geojsonl", ".geojsons", ".geojsonseq", ".ndjson")),
    "flatgeobuf": ("ingest.readers.vector", (".fgb",)),
    "parquet": ("ingest.readers.parquet", (".parquet", ".geoparquet")),
}


def open_file(file: Path, options: FileOptions) -> Opened:
    """The records of a file, as its profile or else its name says; raises `IngestError`."""
    if not file.is_file():
        raise IngestError(f"{file} is not a file")
    reader: Reader = import_module(READERS[_format(file, options)][0])
    return reader.open_records(file, options)


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
