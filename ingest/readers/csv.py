"""Delimited text: any delimiter, encoding and decimal mark; what the profile does not state is found out."""

import codecs
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from ingest.errors import IngestError
from ingest.profile import FileOptions
from ingest.readers.base import Batch, BrokenRecord, Opened
from ingest.readers.content import kind_of_content
from ingest.readers.heading import beside, headings_of

DELIMITERS = ",;\t|"
SAMPLE_BYTES = 1 << 18
BLOCK_BYTES = 1 << 20
MOST_OF_GRID = 1 << 24
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
WHY = {
    "utf-8-sig": "it begins with the mark of UTF-8",
    "utf-16": "it begins with the mark of UTF-16",
    "utf-16-le": "every second byte is zero",
    "utf-16-be": "every first byte of two is zero",
    "utf-8": "all of it is UTF-8",
    "cp1252": "it is not UTF-8, and all of it is Windows-1252",
    "latin-1": "it is neither UTF-8 nor Windows-1252",
}


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the file is written, and what of that was found out."""

    encoding: str
    delimiter: str
    headings: tuple[str, ...]
    units: Mapping[str, str]
    limits: Mapping[str, str]
    first_row: int
    guesses: tuple[str, ...]


def open_records(file: Path, options: FileOptions) -> Opened:
    """Open delimited text; raises `IngestError` when it is something else."""
    layout = _layout(file, options)
    return Opened(layout.headings, _batches(file, layout), layout.guesses, layout.units, layout.limits)


def tables_in(_: Path) -> tuple[str, ...]:
    """The file is one table."""
    return ()


def grid(file: Path, options: FileOptions) -> list[list[str]]:
    """The rows of a file of some megabytes, or the first rows of a larger one, whatever stands above the headings."""
    with file.open("rb") as handle:
        start = handle.read(MOST_OF_GRID + 1)
    if not start.strip() or kind_of_content(file, start):
        return []
    encoding = options.encoding or _encoding(file, start[:SAMPLE_BYTES])
    text = codecs.getincrementaldecoder(encoding)("replace").decode(start)
    lines = text.splitlines(keepends=True)
    if len(start) > MOST_OF_GRID:
        lines = lines[: len(lines) // 2]
    return _cells_of(file, lines, options.delimiter or _likeliest_delimiter(file, lines))


def _likeliest_delimiter(file: Path, lines: list[str]) -> str:
    """The delimiter that gives most rows one and the same number of cells, more than one."""

    def evenness(delimiter: str) -> tuple[int, int]:
        widths = [len(record) for record in _cells_of(file, lines[:500], delimiter) if len(record) > 1]
        usual = max(set(widths), key=widths.count, default=0)
        return widths.count(usual), usual

    return max(DELIMITERS, key=evenness)


def _layout(file: Path, options: FileOptions) -> _Layout:
    with file.open("rb") as handle:
        start = handle.read(SAMPLE_BYTES)
    if not start.strip():
        raise IngestError(f"{file.name} is empty")
    if kind := kind_of_content(file, start):
        raise IngestError(f"{file.name} is not delimited text: its content is {kind}")
    encoding = options.encoding or _encoding(file, start)
    lines = _first_lines(file, encoding, start)[options.heading_row - 1 :]
    if not lines:
        raise IngestError(f"{file.name}: there is no row {options.heading_row} with headings")
    delimiter = options.delimiter or _delimiter(file, lines)
    guesses = [] if options.encoding else [f"encoding {encoding} ({WHY[encoding]})"]
    _check_quotes(file, encoding, delimiter)
    records = _cells_of(file, lines, delimiter)
    if not options.delimiter:
        guesses.append(f"delimiter {delimiter!r} (it parts the headings into {len(records[0])} cells)")
    above = records[: options.heading_rows]
    headings = headings_of(f"{file.name}, row {options.heading_row}", above, max(len(row) for row in above))
    units, limits = (
        beside(headings, records[row - options.heading_row] if row else None)
        for row in (options.unit_row, options.lod_row)
    )
    return _Layout(encoding, delimiter, headings, units, limits, options.first_data_row, tuple(guesses))


def _encoding(file: Path, start: bytes) -> str:
    for mark, name in BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            return name
    if b"\0" in start:
        return _encoding_of_two_bytes(file, start)
    return next((name for name in ("utf-8", "cp1252") if _decodes(file, name)), "latin-1")


def _encoding_of_two_bytes(file: Path, start: bytes) -> str:
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if odd > 0.3 * len(start) / 2 and not even:
        return "utf-16-le"
    if even > 0.3 * len(start) / 2 and not odd:
        return "utf-16-be"
    raise IngestError(f"{file.name} is not delimited text: its content is binary")


def _decodes(file: Path, encoding: str) -> bool:
    try:
        with file.open(encoding=encoding, newline="") as handle:
            while handle.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _first_lines(file: Path, encoding: str, start: bytes) -> list[str]:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(start)
    except LookupError:
        raise IngestError(f"{file.name}: the profile's file.encoding {encoding!r} is not a known encoding") from None
    except UnicodeDecodeError as error:
        raise IngestError(f"{file.name} is not text in {encoding} (byte {error.start + 1})") from None
    lines = text.splitlines(keepends=True)
    return lines[:-1] if len(start) == SAMPLE_BYTES and len(lines) > 1 else lines


def _delimiter(file: Path, lines: list[str]) -> str:
    def columns(delimiter: str) -> tuple[float, int]:
        widths = [len(record) for record in _cells_of(file, lines[:200], delimiter) if record] or [0]
        return (widths.count(widths[0]) / len(widths) if widths[0] > 1 else 0.0, widths[0])

    best = max(DELIMITERS, key=columns)
    if columns(best)[1] < 2:
        raise IngestError(f"{file.name}, row 1: found one column only; if that is not so, state file.delimiter")
    return best


def _cells_of(file: Path, lines: list[str], delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=delimiter))
    except csv.Error as error:
        raise IngestError(f"{file.name} is not delimited text: {error}") from None


def _check_quotes(file: Path, encoding: str, delimiter: str) -> None:
    """An opened quotation mark that never closes would swallow the rest of the file into one cell."""
    quotes = 0
    with file.open(encoding=encoding, newline="") as handle:
        try:
            while piece := handle.read(1 << 20):
                quotes += piece.count('"')
        except UnicodeDecodeError as error:
            raise IngestError(f"{file.name} is not text in {encoding} ({error.reason})") from None
    if quotes % 2:
        _check_last_quote(file, encoding, delimiter)


def _check_last_quote(file: Path, encoding: str, delimiter: str) -> None:
    """An odd number of marks may still be a mark for inches; a strict reader knows."""
    rows = 0
    with file.open(encoding=encoding, newline="") as handle:
        try:
            for _ in csv.reader(handle, delimiter=delimiter, strict=True):
                rows += 1
        except csv.Error:
            raise IngestError(f"{file.name}, row {rows + 1}: a quotation mark is opened and never closed") from None


@dataclass(slots=True)
class _Skipped:
    """Records that Arrow hands over because their number of cells is wrong."""

    records: list[BrokenRecord] = field(default_factory=list)

    def __call__(self, record: Any) -> str:
        reason = f"has {record.actual_columns} cells where the heading has {record.expected_columns}"
        self.records.append(BrokenRecord(record.number, record.text, reason))
        return "skip"

    def before(self, row: int) -> tuple[BrokenRecord, ...]:
        """Hand over what was skipped above that row."""
        ready = tuple(record for record in self.records if record.row < row)
        self.records = self.records[len(ready) :]
        return ready


def _batches(file: Path, layout: _Layout) -> Iterator[Batch]:
    skipped = _Skipped()
    row = layout.first_row
    try:
        with _stream(file, layout, skipped) as stream:
            for cells in stream:
                rows = _rows(row, cells.num_rows, skipped)
                row = int(rows[-1]) + 1 if rows.size else row
                yield _without_empty(Batch(cells, rows, skipped.before(row)))
    except pa.ArrowInvalid as error:
        raise IngestError(f"{file.name}, after row {row - 1}: {str(error).splitlines()[0]}") from None
    if skipped.records:
        nothing = pa.RecordBatch.from_pylist([], pa.schema([(name, pa.string()) for name in layout.headings]))
        yield Batch(nothing, np.empty(0, np.int64), tuple(skipped.records))


def _stream(file: Path, layout: _Layout, skipped: _Skipped) -> Any:
    return arrow_csv.open_csv(
        file,
        read_options=arrow_csv.ReadOptions(
            use_threads=False,  # only then does Arrow know the number of a wrong record
            block_size=BLOCK_BYTES,
            column_names=list(layout.headings),
            skip_rows_after_names=layout.first_row - 1,
            encoding="utf8" if layout.encoding in ("utf-8", "utf-8-sig") else layout.encoding,
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=layout.delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=skipped,
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(layout.headings, pa.string()), strings_can_be_null=False
        ),
    )


def _rows(first: int, count: int, skipped: _Skipped) -> NDArray[np.int64]:
    candidates = np.arange(first, first + count + len(skipped.records), dtype=np.int64)
    wrong = np.array([record.row for record in skipped.records], dtype=np.int64)
    return candidates[~np.isin(candidates, wrong)][:count]


def _without_empty(batch: Batch) -> Batch:
    """Drop rows in which nothing stands: spreadsheets leave them behind."""
    filled = np.zeros(len(batch.rows), np.bool_)
    for column in batch.cells.columns:
        filled |= pc.not_equal(pc.utf8_trim_whitespace(column), "").to_numpy(zero_copy_only=False)
        if filled.all():
            return batch
    return Batch(batch.cells.filter(pa.array(filled)), batch.rows[filled], batch.broken)
