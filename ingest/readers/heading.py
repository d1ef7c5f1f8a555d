"""The headings of a table: in one row or, where a group spans several columns, in two or more."""

from collections.abc import Mapping, Sequence

from ingest.errors import IngestError


def headings_of(place: str, rows: Sequence[Sequence[str]], width: int) -> tuple[str, ...]:
    """One heading per column of a width, the words of all heading rows from above; an empty one is named by its place.

    A cell that is empty in a row above the last one belongs to the group that began to its left, as merged cells do.
    Raises `IngestError` where there are no headings, or one stands twice.
    """
    if not any(cell.strip() for row in rows for cell in row):
        raise IngestError(f"{place}: there are no headings")
    *groups, last = [[_plain(cell) for cell in row] + [""] * (width - len(row)) for row in rows]
    above = [_spread(group) for group in groups]
    names = [" ".join(word for word in words if word) for words in zip(*above, last, strict=False)]
    filled = tuple(name or f"column {number}" for number, name in enumerate(names[:width], start=1))
    for position, name in enumerate(filled):
        if name in filled[:position]:
            raise IngestError(f"{place}: the heading {name!r} stands twice")
    return filled


def filled_width(rows: Sequence[Sequence[str]]) -> int:
    """How many columns lie to the left of the last cell in which something stands."""
    return max((place for row in rows for place, cell in enumerate(row, start=1) if cell.strip()), default=0)


def beside(headings: Sequence[str], row: Sequence[str] | None) -> Mapping[str, str]:
    """What a row says of each column, by heading."""
    return {name: cell.strip() for name, cell in zip(headings, row or (), strict=False)}


def _plain(cell: str) -> str:
    return " ".join(cell.removeprefix("\ufeff").split())


def _spread(group: Sequence[str]) -> list[str]:
    spread, last = [], ""
    for cell in group:
        last = cell or last
        spread.append(last)
    return spread
