"""Workbooks (XLSX, XLS, ODS): one sheet of them, its heading in any row."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from ingest.errors import IngestError
from ingest.profile import FileOptions
from ingest.readers.base import Batch, Opened
from ingest.readers.content import refuse_bomb
from ingest.readers.text import cell_text

BATCH_ROWS = 65_536
MOST_COLUMNS = 16_384


def open_records(file: Path, options: FileOptions) -> Opened:
    """Open a sheet; raises `IngestError` when there are several and the profile names none, or none of that name."""
    workbook = open_workbook(file)
    name, guesses = _sheet_name(file, workbook, options)
    rows = sheet_rows(file, workbook, name)
    if len(rows) < options.heading_row:
        raise IngestError(f"{file.name}, sheet {name}: there is no row {options.heading_row} with headings")
    headings = headings_of(f"{file.name}, sheet {name}, row {options.heading_row}", rows[options.heading_row - 1])
    units = dict(zip(headings, rows[options.unit_row - 1], strict=False)) if options.unit_row else {}
    first = options.first_data_row
    return Opened(headings, _batches(headings, rows[first - 1 :], first), guesses, units)


def open_workbook(file: Path) -> CalamineWorkbook:
    """The workbook; raises `IngestError` for what is none, and for an archive that would fill the memory."""
    refuse_bomb(file)
    try:
        return CalamineWorkbook.from_path(file)
    except (CalamineError, OSError) as error:
        raise IngestError(f"{file.name} is not a workbook that can be read: {error}") from None


def sheet_rows(file: Path, workbook: CalamineWorkbook, name: str) -> list[list[str]]:
    """All rows of a sheet as text, row 1 first; raises `IngestError` where there is no such sheet."""
    if name not in workbook.sheet_names:
        raise IngestError(f"{file.name}: there is no sheet {name!r}; there are {', '.join(workbook.sheet_names)}")
    sheet = workbook.get_sheet_by_name(name)
    if sheet.total_width > MOST_COLUMNS:
        raise IngestError(f"{file.name}, sheet {name}: {sheet.total_width} columns are more than a workbook can have")
    return [[cell_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]


def headings_of(place: str, cells: list[str]) -> tuple[str, ...]:
    """The headings of a row; one that is empty is named after its column, as far as anything stands to its right."""
    while cells and not cells[-1]:
        cells = cells[:-1]
    if not cells:
        raise IngestError(f"{place}: there are no headings")
    filled = tuple(" ".join(cell.split()) or f"column {number}" for number, cell in enumerate(cells, start=1))
    for position, name in enumerate(filled):
        if name in filled[:position]:
            raise IngestError(f"{place}: the heading {name!r} stands twice")
    return filled


def _sheet_name(file: Path, workbook: CalamineWorkbook, options: FileOptions) -> tuple[str, tuple[str, ...]]:
    if options.sheet is not None:
        return options.sheet, ()
    shown = [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
    ]
    filled = [name for name in shown if workbook.get_sheet_by_name(name).total_height > 0]
    if len(filled) != 1:
        raise IngestError(f"{file.name} has the sheets {', '.join(shown)}; state file.sheet")
    return filled[0], (f"sheet {filled[0]!r}",)


def _batches(headings: tuple[str, ...], rows: list[list[str]], first: int) -> Iterator[Batch]:
    width = len(headings)
    numbered = [(number, (row + [""] * width)[:width]) for number, row in enumerate(rows, start=first) if any(row)]
    for start in range(0, len(numbered), BATCH_ROWS):
        yield text_batch(headings, numbered[start : start + BATCH_ROWS])


def text_batch(headings: tuple[str, ...], numbered: list[tuple[int, list[str]]]) -> Batch:
    """A batch of rows with their numbers."""
    numbers, rows = zip(*numbered, strict=True)
    columns: list[Any] = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    return Batch(pa.RecordBatch.from_arrays(columns, list(headings)), np.array(numbers, dtype=np.int64))
