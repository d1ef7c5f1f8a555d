"""Delimited text in all its forms: the same cells come out, with the row where they stand."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import IngestError
from ingest.profile import FileOptions
from ingest.readers import READERS, open_file
from ingest.readers.base import Batch

Write = Callable[..., Path]
ENCODINGS = ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"]
RECORDS = [["x", "y", "Größe"], ["1,5", "2", "é"], ["-3", 'a "b" c', ""], ["7", "two\nlines", "z"]]


def text_of(records: list[list[str]], delimiter: str, line_end: str = "\n") -> str:
    handle = io.StringIO()
    csv.writer(handle, delimiter=delimiter, lineterminator=line_end).writerows(records)
    return handle.getvalue()


def cells(batches: list[Batch]) -> list[list[str]]:
    return [list(row.values()) for batch in batches for row in batch.cells.to_pylist()]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_encoding_delimiter_and_line_end_are_found_out(
    write: Write, encoding: str, delimiter: str, line_end: str
) -> None:
    opened = open_file(write(text_of(RECORDS, delimiter, line_end), encoding=encoding), FileOptions())
    batches = list(opened.batches)
    assert opened.headings == tuple(RECORDS[0])
    assert cells(batches) == RECORDS[1:]
    assert batches[0].rows.tolist() == [2, 3, 4]
    assert any("encoding" in guess for guess in opened.guesses)
    assert any("delimiter" in guess for guess in opened.guesses)


plain = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00", exclude_categories=["Cc", "Cs"]), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(plain, min_size=3, max_size=3).filter(any), min_size=1, max_size=20))
def test_what_the_standard_library_writes_is_read_cell_by_cell(write: Write, records: list[list[str]]) -> None:
    kept = [record for record in records if any(cell.strip() for cell in record)]
    opened = open_file(write(text_of([["a", "b", "c"], *records], ",")), FileOptions(encoding="utf-8", delimiter=","))
    assert cells(list(opened.batches)) == kept


def test_ragged_and_empty_rows_keep_the_numbers_of_the_others(write: Write) -> None:
    opened = open_file(write("a,b\n1,2\n\n3\n4,5\n6,7,8\n,\n9,10\n"), FileOptions())
    batches = list(opened.batches)
    assert cells(batches) == [["1", "2"], ["4", "5"], ["9", "10"]]
    assert [row for batch in batches for row in batch.rows.tolist()] == [2, 5, 8]
    broken = [record for batch in batches for record in batch.broken]
    assert [(record.row, record.text) for record in broken] == [(4, "3"), (6, "6,7,8")]
    assert broken[0].reason == "has 1 cells where the heading has 2"


def test_rows_are_counted_across_blocks(write: Write) -> None:
    lines = [f"{number},{'x' * 200}" if number % 1000 else f"{number}" for number in range(2, 60_002)]
    opened = open_file(write("a,b\n" + "\n".join(lines) + "\n"), FileOptions())
    batches = list(opened.batches)
    assert len(batches) > 1
    for batch in batches:
        assert batch.cells.column(0).to_pylist() == [str(row) for row in batch.rows]
    broken = [record for batch in batches for record in batch.broken]
    assert [record.row for record in broken] == list(range(1000, 60_001, 1000))


def test_a_mark_for_inches_is_not_an_open_quotation(write: Write) -> None:
    opened = open_file(write('a,b\n1,6" pipe\n2,x\n'), FileOptions())
    assert cells(list(opened.batches)) == [["1", '6" pipe'], ["2", "x"]]


OTHER = {
    "workbook": (b"PK\x03\x04garbage", "a damaged zip archive"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(40), "a PNG picture"),
    "old workbook": (b"\xd0\xcf\x11\xe0" + bytes(40), "an old Office document"),
    "database": (b"SQLite format 3\0" + bytes(40), "a SQLite database"),
    "page": (b"\n<!DOCTYPE html><html><body>Not found</body></html>", "a web page"),
    "json": (b'{"type": "FeatureCollection"}', "JSON"),
    "compressed": (b"\x1f\x8b\x08" + bytes(40), "gzip-compressed data"),
    "binary": (bytes(range(256)) * 4, "binary"),
}


@pytest.mark.parametrize("kind", OTHER)
def test_a_file_that_is_not_what_its_name_says(write: Write, kind: str) -> None:
    content, words = OTHER[kind]
    with pytest.raises(IngestError, match=f"survey.csv is not delimited text: its content is {words}"):
        open_file(write(content), FileOptions())


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "survey.csv is empty"),
        (" \n \n", "survey.csv is empty"),
        ("just some words\nand more\n", "row 1: found one column only"),
        ("a,b,a\n1,2,3\n", "row 1: the heading 'a' stands twice"),
        ('a,b\n1,"2\n3,4\n', "row 2: a quotation mark is opened and never closed"),
    ],
)
def test_text_that_is_no_table(write: Write, content: str, complaint: str) -> None:
    with pytest.raises(IngestError, match=complaint):
        open_file(write(content), FileOptions())


def test_a_stated_encoding_that_is_wrong(write: Write) -> None:
    file = write("a,b\n1,é\n", encoding="cp1252")
    with pytest.raises(IngestError, match=r"survey.csv is not text in utf-8"):
        open_file(file, FileOptions(encoding="utf-8"))
    with pytest.raises(IngestError, match="'utf-9' is not a known encoding"):
        open_file(file, FileOptions(encoding="utf-9"))


def test_formats_without_a_reader(write: Write) -> None:
    with pytest.raises(IngestError, match=r"no reader for files named \*.docx; formats are csv"):
        open_file(write("x", "survey.docx"), FileOptions())
    with pytest.raises(IngestError, match=r"file.format 'excel' is not one of csv"):
        open_file(write("x"), FileOptions(format="excel"))


def test_every_reader_can_be_imported_and_has_endings() -> None:
    for module, endings in READERS.values():
        assert module.startswith("ingest.readers.")
        assert all(ending.startswith(".") for ending in endings)
