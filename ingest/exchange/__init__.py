"""Datasets out of the tables and back, exactly: each format a pair of functions, one line in `FORMATS`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ingest.errors import IngestError
from ingest.exchange.archive import ArchiveFormat, is_archive, read_archive
from ingest.exchange.contents import Contents, read_contents
from ingest.exchange.geopackage import is_geopackage, read_geopackage, write_geopackage
from ingest.exchange.restoring import Restored, restore
from ingest.exchange.workbook import is_workbook, read_workbook, write_workbook

__all__ = ["FORMATS", "Contents", "Restored", "read_contents", "read_exchange", "restore", "write_exchange"]


@dataclass(frozen=True, slots=True)
class ExchangeFormat:
    """How a dataset is written, how its file is known, and how it is read back."""

    title: str
    ending: str
    write: Callable[[Contents, Path], None]
    knows: Callable[[Path], bool]
    read: Callable[[Path], Contents]


FORMATS: Mapping[str, ExchangeFormat] = MappingProxyType(
    {
        "geoparquet": ExchangeFormat(
            "archive of GeoParquet by year", "", ArchiveFormat("parquet").write, is_archive, read_archive
        ),
        "csv": ExchangeFormat("archive of CSV by year", "", ArchiveFormat("csv").write, is_archive, read_archive),
        "geopackage": ExchangeFormat(
            "GeoPackage in the terms of ISO 28258", ".gpkg", write_geopackage, is_geopackage, read_geopackage
        ),
        "glosis": ExchangeFormat("exchange workbook of GloSIS", ".xlsx", write_workbook, is_workbook, read_workbook),
    }
)


def write_exchange(contents: Contents, name: str, target: Path) -> None:
    """Write a dataset in the format of that name; raises `IngestError`."""
    if name not in FORMATS:
        raise IngestError(f"no format of exchange is called {name!r}; there are {', '.join(FORMATS)}")
    FORMATS[name].write(contents, target)


def read_exchange(path: Path) -> Contents:
    """The dataset in a file or folder that was written here; raises `IngestError` for another one."""
    if not path.exists():
        raise IngestError(f"{path}: no such file")
    found = next((each for each in FORMATS.values() if each.knows(path)), None)
    if found is None:
        raise IngestError(
            f"{path} was not written by `edaphos export`: load it with `edaphos load samples` and a profile"
        )
    return found.read(path)
