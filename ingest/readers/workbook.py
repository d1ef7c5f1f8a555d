"""Workbooks (XLSX, XLS, ODS): one sheet of them, its heading in any row."""

from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from ingest.errors import IngestError
from ingest.profile import FileOptions
from ingest.readers.base import Opened
from ingest.readers.formulas import formulas_of
from ingest.readers.rows import records_in
from ingest.readers.tables import matches
from ingest.readers.text import cell_text

MOST_COLUMNS = 16_384


def open_records(file: Path, options: FileOptions) -> Opened:
    """Open a sheet; raises `IngestError` when there are several and the profile names none, or none of that name."""
    workbook = open_workbook(file)
    name, guesses = _sheet_name(file, workbook, options)
    rows = sheet_rows(file, workbook, name)
    return records_in(f"{file.name}, sheet {name}, row", rows, options, (*guesses, *formulas_of(file, name).told))


def tables_in(file: Path) -> tuple[str, ...]:
    """The sheets that a spreadsheet shows."""
    return _shown(open_workbook(file))


def grid(file: Path, options: FileOptions) -> list[list[str]]:
    """All rows of a sheet."""
    workbook = open_workbook(file)
    return sheet_rows(file, workbook, _sheet_name(file, workbook, options)[0])


def open_workbook(file: Path) -> CalamineWorkbook:
    """The workbook; raises `IngestError` for what is none."""
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
    rows = [[cell_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    return formulas_of(file, name).into(rows)


def _sheet_name(file: Path, workbook: CalamineWorkbook, options: FileOptions) -> tuple[str, tuple[str, ...]]:
    shown = _shown(workbook)
    if options.sheet is not None:
        meant = [name for name in shown if matches(name, options.sheet)]
        return (meant[0] if len(meant) == 1 else options.sheet), ()
    filled = [name for name in shown if workbook.get_sheet_by_name(name).total_height > 0]
    if len(filled) != 1:
        raise IngestError(f"{file.name} has the sheets {', '.join(shown)}; state file.sheet")
    return filled[0], (f"sheet {filled[0]!r}",)


def _shown(workbook: CalamineWorkbook) -> tuple[str, ...]:
    return tuple(
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
    )
