"""Tables that lie on their side: the contaminants stand below each other, and each sample has a column."""

from collections.abc import Iterable

from ingest.contaminants import shipped_contaminants
from ingest.draft.contents import content_of
from ingest.draft.grid import NUMERIC, Row

FEWEST, MOST_WIDE, LOOK = 3, 2_000, 60


def lies_on_its_side(rows: list[list[str]]) -> bool:
    """Whether one of the first columns names contaminants, once each, beside numbers, and no row names as many."""
    looked = rows[:LOOK]
    if not looked or max(map(len, looked)) > MOST_WIDE:
        return False
    names = max((_contaminants_beside_numbers(looked, place) for place in (0, 1)), default=0)
    return names >= FEWEST and names > max(_known(row) for row in looked)


def _contaminants_beside_numbers(rows: list[list[str]], place: int) -> int:
    """How many rows begin with a contaminant and go on with several numbers; none where one is named twice."""
    named = [row[place] for row in rows if len(row) > place + 2 and _numbers(row[place + 1 :]) >= 2]
    return _known(named) if len(set(named)) == len(named) else 0


def _known(cells: Iterable[str]) -> int:
    contaminants = shipped_contaminants()
    return sum(content_of(cell.strip(), contaminants) is not None for cell in cells if cell.strip())


def _numbers(row: Row) -> int:
    return sum(NUMERIC.fullmatch(cell.strip()) is not None for cell in row if cell.strip())
