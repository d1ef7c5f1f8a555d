"""The exchange workbook of GloSIS: its own sheets for everybody, and sheets of ours with what they cannot hold.

GloSIS has one number for a result. What bounds, limits, flags and places in the file a measurement has stands in the
sheets `edaphos …`, every value as text, from which the dataset is read back exactly.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import xlsxwriter

from ingest.errors import IngestError
from ingest.exchange.contents import Contents
from ingest.exchange.flat import KINDS, Flat
from ingest.exchange.glosis_sheets import glosis_sheets
from ingest.guards import admit
from ingest.readers.workbook import open_workbook, sheet_rows

OURS = "edaphos "
MANIFEST = "edaphos manifest"
MOST_ROWS = 1_000_000
LONGEST_CELL = 30_000
Cell = str | float | None


def write_workbook(contents: Contents, target: Path) -> None:
    """Write the file; whole or not at all. Raises `IngestError` for an inventory, and for too many rows."""
    if target.exists():
        raise IngestError(f"{target} is there already: choose another --output or remove it")
    if contents.dataset["kind"] != "samples":
        raise IngestError("the workbook of GloSIS holds soil samples; an inventory goes into another --format")
    longest = max(table.num_rows for table in contents.tables.values())
    if longest > MOST_ROWS:
        raise IngestError(f"{longest:,} rows are more than a sheet holds: choose --format geoparquet")
    unfinished = target.with_name(f".{target.name}.part")
    try:
        with xlsxwriter.Workbook(unfinished, {"constant_memory": True}) as book:
            for name, rows in glosis_sheets(contents):
                _write(book, name, rows)
            for flat in contents.kinds:
                _write(book, OURS + flat.name, _as_texts(contents.tables[flat.name]))
            _write(book, MANIFEST, _manifest_lines(contents))
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)


def is_workbook(path: Path) -> bool:
    """Whether a file is a workbook that was written here."""
    if path.suffix.lower() != ".xlsx" or not path.is_file():
        return False
    admit(path)
    return MANIFEST in open_workbook(path).sheet_names


def read_workbook(path: Path) -> Contents:
    """What the sheets of ours hold; raises `IngestError` where they were changed."""
    admit(path)
    book = open_workbook(path)

    def rows_of(name: str) -> list[list[str]]:
        if name not in book.sheet_names:
            raise IngestError(f"{path.name} has no sheet {name!r}")
        return sheet_rows(path, book, name)

    try:
        manifest = json.loads("".join(row[0] for row in rows_of(MANIFEST)))
        kinds = KINDS.get(manifest["dataset"].get("kind"), ())
    except (ValueError, KeyError, TypeError, IndexError):
        raise IngestError(f"{path.name}: the sheet {MANIFEST!r} cannot be read: it was changed") from None
    rows = {flat.name: _table(path, flat, rows_of(OURS + flat.name)) for flat in kinds}
    return Contents.of_manifest(manifest, rows)


def _write(book: Any, name: str, rows: Iterator[Sequence[Cell]]) -> None:
    sheet = book.add_worksheet(name)
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(number, column, cell)
            elif cell is not None:
                sheet.write_number(number, column, cell)


def _manifest_lines(contents: Contents) -> Iterator[Sequence[Cell]]:
    said = json.dumps(contents.manifest(), default=str)
    for start in range(0, len(said), LONGEST_CELL):
        yield [said[start : start + LONGEST_CELL]]


def _as_texts(table: Any) -> Iterator[Sequence[Cell]]:
    yield table.column_names
    kinds = [_KINDS[field.type] for field in table.schema]
    for batch in table.to_batches(max_chunksize=10_000):
        columns = [column.to_pylist() for column in batch.columns]
        for row in zip(*columns, strict=True):
            yield [None if value is None else kind.write(value) for kind, value in zip(kinds, row, strict=True)]


def _table(path: Path, flat: Flat, rows: list[list[str]]) -> Any:
    if not rows or rows[0][: len(flat.schema)] != flat.schema.names:
        raise IngestError(f"{path.name}: the sheet {OURS}{flat.name} must begin with {', '.join(flat.schema.names)}")
    kinds = [_KINDS[field.type] for field in flat.schema]
    columns: list[list[Any]] = [[] for _ in kinds]
    for number, row in enumerate(rows[1:], start=2):
        cells = [*row, *[""] * (len(kinds) - len(row))]
        for kind, column, cell, name in zip(kinds, columns, cells, flat.schema.names, strict=False):
            try:
                column.append(None if cell == "" else kind.read(cell))
            except ValueError:
                place = f"{path.name}, sheet {OURS}{flat.name}, row {number}"
                raise IngestError(f"{place}: {cell[:60]!r} cannot be the {name}") from None
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, flat.schema, strict=True)], flat.schema
    )


@dataclass(frozen=True, slots=True)
class _Kind:
    write: Callable[[Any], str]
    read: Callable[[str], Any]


def _write_text(text: str) -> str:
    """As it is, or as a JSON string where a sheet would lose something: nothing at all, spaces, what cannot be seen."""
    plain = text and text == text.strip() and text.isprintable() and not text.startswith('"') and "_x" not in text
    return text if plain else json.dumps(text)


def _read_text(cell: str) -> str:
    return str(json.loads(cell)) if cell.startswith('"') else cell


_TRUTH: Mapping[str, bool] = MappingProxyType({"true": True, "false": False})


def _truth(cell: str) -> bool:
    if cell not in _TRUTH:
        raise ValueError(cell)
    return _TRUTH[cell]


_KINDS: Mapping[Any, _Kind] = MappingProxyType(
    {
        pa.string(): _Kind(_write_text, _read_text),
        pa.float64(): _Kind(repr, float),
        pa.int64(): _Kind(str, int),
        pa.bool_(): _Kind(lambda value: "true" if value else "false", _truth),
        pa.date32(): _Kind(lambda day: day.isoformat(), dt.date.fromisoformat),
    }
)
