"""Workbooks (XLSX and ODS are archives of XML): how wide and long they are, before anybody reads them whole."""

import re
from dataclasses import dataclass, field

from ingest.errors import IngestError
from ingest.guards.binary_sheets import BinarySheet
from ingest.guards.limits import limits

_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_FILLED = re.compile(
    rb"<(?:\w+:)?c(?=[\s>])(?:[^>]*?\sr\s*=\s*[\"']([A-Za-z]{1,9})(\d{1,12})[\"'])?[^>]*(?<!/)>",
)
_ROW = re.compile(rb"<(?:\w+:)?row(?=[\s>/])")
_ROW_NUMBER = re.compile(rb"[^>]*?\sr\s*=\s*[\"'](\d{1,12})[\"']")
_TEXT_END = re.compile(rb"</(?:\w+:)?si>")
_ODS_ROW = re.compile(rb"<table:table-row(?=[\s>/])")
_ODS_CELL = re.compile(rb"<table:(?:covered-)?table-cell(?=[\s>/])([^>]*)>")
_ROWS_REPEATED = re.compile(rb"[^>]*?number-rows-repeated\s*=\s*[\"'](\d{1,12})[\"']")
_COLUMNS_REPEATED = re.compile(rb"number-columns-repeated\s*=\s*[\"'](\d{1,12})[\"']")
_VALUED = re.compile(rb"office:value-type|office:formula|table:formula")


@dataclass(slots=True)
class Extent:
    """How far the filled cells of a sheet reach."""

    rows: int = 0
    columns: int = 0


@dataclass(slots=True)
class WorkbookLook:
    """Looks at the members of a workbook as they are unpacked; raises `IngestError` at the first that is too much."""

    name: str
    _member: str = ""
    _rest: bytes = b""
    _extent: Extent = field(default_factory=Extent)
    _text: int = 0
    _in_row: int = 0
    _row: int = 0
    _binary: BinarySheet = field(default_factory=BinarySheet)

    def __call__(self, member: str, piece: bytes) -> None:
        """One piece of a member."""
        if member != self._member:
            self.finish()
            self._member, self._rest, self._extent, self._text, self._in_row = member, b"", Extent(), 0, 0
            self._binary = BinarySheet()
        if "/worksheets/" in member and member.endswith(".bin"):
            self._binary_sheet(piece)
        if not member.lower().endswith((".xml", ".rels")):
            return
        if piece.startswith(_WIDE):
            self._refuse("is XML in UTF-16, which no program writes into a workbook")
        if _DECLARED.search(self._rest[-16:] + piece):
            self._refuse("declares entities of its own, which no workbook does")
        if "/worksheets/" in f"/{member}":
            self._sheet(piece)
        elif member.endswith("sharedStrings.xml"):
            self._shared_texts(piece)
        elif member == "content.xml":
            self._table(piece)
        else:
            self._rest = piece[-16:]

    def finish(self) -> None:
        """The end of the last member."""
        if self._member == "content.xml":
            self._ods_row(self._rest)
            self._rest = b""

    def _refuse(self, why: str) -> None:
        raise IngestError(f"{self.name}: {self._member} {why}")

    def _whole_tags(self, piece: bytes) -> bytes:
        """The text up to the last tag that is complete; the rest waits for the next piece."""
        joined = self._rest + piece
        cut = joined.rfind(b"<")
        self._rest = joined[cut:] if cut >= 0 else joined
        if len(self._rest) > limits().line_bytes:
            self._refuse("holds a text of more than 4 MB")
        return joined[: max(cut, 0)]

    def _sheet(self, piece: bytes) -> None:
        extent = self._extent
        for turn, row in enumerate(_ROW.split(self._whole_tags(piece))):
            if turn:
                self._in_row = 0
                extent.rows += 1
                self._row = int(numbered[1]) if (numbered := _ROW_NUMBER.match(row)) else extent.rows
            cells = _FILLED.findall(row)
            if cells:
                self._in_row += len(cells)
                places = [(_number(letters), int(digits)) for letters, digits in cells if digits]
                extent.columns = max(extent.columns, self._in_row, *(column for column, _ in places))
                extent.rows = max(extent.rows, self._row, *(place for _, place in places))
        self._check()

    def _binary_sheet(self, piece: bytes) -> None:
        sheet = self._binary
        sheet.take(piece)
        if len(sheet.rest) > limits().line_bytes:
            self._refuse("holds a record of more than 4 MB")
        self._extent.rows, self._extent.columns = sheet.rows, sheet.columns
        self._check()

    def _check(self) -> None:
        extent = self._extent
        if extent.columns > limits().columns:
            self._refuse(f"has more than the {limits().columns:,} columns that a sheet can have")
        if extent.rows * extent.columns > limits().cells:
            self._refuse(
                f"reaches to row {extent.rows:,} and column {extent.columns:,}, which is more than the "
                f"{limits().cells:,} cells that are read of a workbook: clear the cells far out, or save it as CSV"
            )

    def _shared_texts(self, piece: bytes) -> None:
        self._text += len(piece)
        if self._text > limits().shared_text_bytes:
            self._refuse(f"holds more than {limits().shared_text_bytes // 1_000_000} MB of text: save as CSV")
        *whole, self._rest = _TEXT_END.split(self._rest + piece)
        # four bytes a letter at most, and tags
        if max(map(len, (*whole, self._rest))) > 6 * limits().cell_characters:
            self._refuse(f"holds a text longer than the {limits().cell_characters:,} characters of a cell")

    def _table(self, piece: bytes) -> None:
        """A row is looked at once the next one begins."""
        *rows, self._rest = _ODS_ROW.split(self._rest + piece)
        if len(self._rest) > 64 * limits().line_bytes:
            self._refuse("holds a row of more than 256 MB")
        for row in rows:
            self._ods_row(row)

    def _ods_row(self, row: bytes) -> None:
        repeated = _ROWS_REPEATED.match(row)
        self._extent.rows += int(repeated[1]) if repeated else 1
        width = _width(row)
        if width:  # empty rows below the last filled one do not count
            self._extent.columns = max(self._extent.columns, width)
            self._check()


def _width(row: bytes) -> int:
    """How many columns a row of ODS spans up to its last filled cell."""
    place = width = 0
    for attributes in _ODS_CELL.findall(row):
        repeated = _COLUMNS_REPEATED.search(attributes)
        place += int(repeated[1]) if repeated else 1
        if _VALUED.search(attributes):
            width = place
    return width


def _number(letters: bytes) -> int:
    """The number of a column by its letters, A being 1."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number
