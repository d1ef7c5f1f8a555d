"""JSON as services hand it out, in pages saved to disk: GeoJSON and OGC API Features, or SensorThings."""

from pathlib import Path

from ingest.profile import FileOptions
from ingest.readers import sensorthings, vector
from ingest.readers.base import Opened


def open_records(file: Path, options: FileOptions) -> Opened:
    """Open a page of either kind, by what stands in it; raises `IngestError` when it is something else."""
    if sensorthings.looks_like_page(file):
        return sensorthings.open_records(file, options)
    return vector.open_records(file, options)


def tables_in(file: Path) -> tuple[str, ...]:
    """The layers of GeoJSON; a page of SensorThings is one table."""
    return () if sensorthings.looks_like_page(file) else vector.tables_in(file)


def grid(_: Path, __: FileOptions) -> list[list[str]]:
    """The file knows its headings."""
    return []
