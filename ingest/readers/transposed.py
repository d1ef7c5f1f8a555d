"""Tables that lie on their side: a sample in each column, as laboratories report them."""

from pathlib import Path

from ingest.errors import IngestError
from ingest.profile import FileOptions
from ingest.readers.base import Opened, Reader
from ingest.readers.rows import records_in

MOST_CELLS = 2_000_000


def open_records(file: Path, options: FileOptions, reader: Reader) -> Opened:
    """The columns of a table as records; their number is that of the column, 1 being the leftmost."""
    rows = grid(file, options, reader)
    told = "the table lies on its side: what is called a row is a column of the file, row 2 being column B"
    return records_in(f"{file.name}, column", rows, options, (told,))


def grid(file: Path, options: FileOptions, reader: Reader) -> list[list[str]]:
    """All columns of a table, from the left; raises `IngestError` for a format that knows its own headings."""
    rows = reader.grid(file, options)
    if not rows:
        raise IngestError(f"{file.name}: only delimited text and workbooks can lie on their side (file.transposed)")
    return turned(rows, file.name)


def turned(rows: list[list[str]], name: str) -> list[list[str]]:
    """Rows as columns and columns as rows; cells that a short row lacks are empty."""
    width = max(map(len, rows))
    if width * len(rows) > MOST_CELLS:
        raise IngestError(f"{name}: {width} columns of {len(rows)} rows are too many for a table on its side")
    return [list(column) for column in zip(*(row + [""] * (width - len(row)) for row in rows), strict=True)]
