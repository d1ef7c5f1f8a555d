"""Formulas in workbooks, never evaluated: what a program stored with one is taken, what has nothing stored is seen.

ECMA-376 part 1, 18.3.1.40 (`f` beside the value `v` of a cell); OpenDocument 1.3 part 3, 19.642 (`table:formula`).
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO
from xml.etree import ElementTree

PIECE = 1 << 20
NAMED = 5
_MARK = re.compile(rb"<(?:\w+:)?f[\s>/]|table:formula")
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"


@dataclass(slots=True)
class Formulas:
    """The formulas of a sheet: those with a value, and by row and column, counted from 0, those without."""

    stored: int = 0
    first: list[str] = field(default_factory=list)
    missing: dict[tuple[int, int], str] = field(default_factory=dict)

    def note(self, row: int, column: int, formula: str, *, has_value: bool) -> None:
        """One cell with a formula."""
        if not has_value:
            self.missing[row, column] = formula if formula.startswith("=") else f"={formula}"
            return
        self.stored += 1
        if len(self.first) < NAMED:
            self.first.append(f"{_letters(column)}{row + 1}")

    @property
    def told(self) -> tuple[str, ...]:
        """A sentence for the report, where there is something to say."""
        if not self.stored:
            return ()
        dots = ", …" if self.stored > len(self.first) else ""
        return (
            f"{self.stored} cells hold formulas, read as the values stored with them ({', '.join(self.first)}{dots})",
        )

    def into(self, rows: list[list[str]]) -> list[list[str]]:
        """The rows of the sheet, with the formula itself where no value is stored: text that no number can be."""
        for (row, column), formula in self.missing.items():
            rows.extend([] for _ in range(row + 1 - len(rows)))
            rows[row].extend("" for _ in range(column + 1 - len(rows[row])))
            rows[row][column] = formula
        return rows


def formulas_of(file: Path, sheet: str) -> Formulas:
    """The formulas of a sheet of XLSX or ODS; other workbooks keep theirs to themselves."""
    state = file.stat()
    return _formulas(file, sheet, (state.st_size, state.st_mtime_ns))


@lru_cache(maxsize=8)
def _formulas(file: Path, sheet: str, _state: tuple[int, int]) -> Formulas:
    found = Formulas()
    if not zipfile.is_zipfile(file):
        return found
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        if "content.xml" in names and _has_formulas(archive, "content.xml"):
            with archive.open("content.xml") as content:
                _read_open_document(content, sheet, found)
        part = _part_of(archive, sheet) if "xl/workbook.xml" in names else None
        if part in names and _has_formulas(archive, part):
            with archive.open(part) as content:
                _read_sheet(content, found)
    return found


def _has_formulas(archive: zipfile.ZipFile, name: str) -> bool:
    """Whether it is worth while to read the elements one by one, which takes ten times as long."""
    with archive.open(name) as content:
        rest = b""
        while piece := content.read(PIECE):
            if _MARK.search(rest + piece):
                return True
            rest = piece[-16:]
    return False


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The member of the archive that holds a sheet."""
    try:
        targets = {
            element.get("Id"): element.get("Target", "")
            for element in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314  no DTD
        }
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314  the guards refuse a DTD
    except (KeyError, ElementTree.ParseError):
        return None
    for element in book.iter():
        if _plain(element) == "sheet" and element.get("name") == sheet:
            target = targets.get(element.get(_ID), "")
            return target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
    return None


def _read_sheet(content: IO[bytes], found: Formulas) -> None:
    row = column = -1
    for event, element in _events(content):
        name = _plain(element)
        if event == "start" and name == "row":
            row, column = _count(element.get("r"), row + 2) - 1, -1
        elif event == "end" and name == "c":
            row, column = _place(element.get("r"), row, column + 1)
            parts = {_plain(part): part for part in element}
            if "f" in parts:
                value = parts.get("v")
                has_value = value is not None and bool(value.text)
                found.note(row, column, parts["f"].text or "…", has_value=has_value)
        elif event == "end" and name == "row":
            element.clear()


def _read_open_document(content: IO[bytes], sheet: str, found: Formulas) -> None:
    inside, row, column = False, 0, 0
    for event, element in _events(content):
        if element.tag == f"{_TABLE}table":
            inside, row = event == "start" and element.get(f"{_TABLE}name") == sheet, 0
        elif inside and element.tag == f"{_TABLE}table-row":
            column = 0
            if event == "end":
                row += _count(element.get(f"{_TABLE}number-rows-repeated"), 1)
                element.clear()
        elif inside and event == "end" and element.tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            formula = element.get(f"{_TABLE}formula")
            if formula is not None:
                has_value = element.get(f"{_OFFICE}value-type") is not None
                found.note(row, column, formula.partition(":")[2] or formula, has_value=has_value)
            column += _count(element.get(f"{_TABLE}number-columns-repeated"), 1)


def _events(content: IO[bytes]) -> Iterator[tuple[str, ElementTree.Element]]:
    try:
        yield from ElementTree.iterparse(content, events=("start", "end"))  # noqa: S314  the guards refuse a DTD
    except ElementTree.ParseError:
        return


def _plain(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _count(written: str | None, otherwise: int) -> int:
    return int(written) if written is not None and re.fullmatch(r"[0-9]{1,9}", written) else otherwise


def _place(reference: str | None, row: int, column: int) -> tuple[int, int]:
    """Row and column of `B7`, counted from 0; those given where a cell does not say."""
    found = re.fullmatch(r"([A-Za-z]{1,3})(\d{1,7})", reference or "")
    if not found:
        return row, column
    number = 0
    for letter in found[1].upper():
        number = 26 * number + ord(letter) - 64
    return int(found[2]) - 1, number - 1


def _letters(column: int) -> str:
    letters, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
