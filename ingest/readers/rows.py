"""Records out of the rows of a table that is held as a whole."""

from collections.abc import Iterator

from ingest.errors import IngestError
from ingest.profile import FileOptions
from ingest.readers.base import Batch, Opened, text_batch
from ingest.readers.heading import beside, filled_width, headings_of

BATCH_ROWS = 65_536


def records_in(place: str, rows: list[list[str]], options: FileOptions, guesses: tuple[str, ...] = ()) -> Opened:
    """The records below the headings; `place` says where rows are. Raises `IngestError` where there are no headings."""
    above = rows[options.heading_row - 1 :][: options.heading_rows]
    if not above:
        raise IngestError(f"{place} {options.heading_row} with headings is not there")
    headings = headings_of(f"{place} {options.heading_row}", above, filled_width(above))
    units, limits = (
        beside(headings, rows[row - 1] if row and row <= len(rows) else None)
        for row in (options.unit_row, options.lod_row)
    )
    first = options.first_data_row
    return Opened(headings, _batches(headings, rows[first - 1 :], first), guesses, units, limits)


def _batches(headings: tuple[str, ...], rows: list[list[str]], first: int) -> Iterator[Batch]:
    width = len(headings)
    numbered = [(number, (row + [""] * width)[:width]) for number, row in enumerate(rows, start=first) if any(row)]
    for start in range(0, len(numbered), BATCH_ROWS):
        yield text_batch(headings, numbered[start : start + BATCH_ROWS])
