"""Where a table begins and ends: notes above, headings in one or two rows, rows of units and limits, totals below."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.headings import unit_in
from ingest.profile import FileOptions

Row = Sequence[str]
NUMERIC = re.compile(r"[<>≤≥~]?\s*[+-]?\d[\d.,' \u00a0\u2009\u202f]*(?:[eE][+-]?\d{1,3})?%?")
LIMIT = re.compile(
    r"\b(?:lod|ld|dl|mdl|loq|lld|detection|detection limit|limit of detection|nwg|nachweisgrenze|bestimmungsgrenze|bg|"
    r"limite de d[ée]tection|l[íi]mite de detecci[óo]n|limite de detec[çc][ãa]o|предел обнаружения|检出限)\b|检出限",
    re.IGNORECASE,
)
TOTAL = re.compile(
    r"^\W*(?:total|totals|sum|summe|somme|suma|soma|mean|average|avg|mittelwert|moyenne|media|m[ée]dia|median|min|max|"
    r"minimum|maximum|"
    r"std|sd|stdev|std\.? ?dev\.?|n\s*=.*|count|anzahl|source|quelle|note|notes|remark|bemerkung|\*.*|итого|сумма|"
    r"среднее|平均|总计|合计|end of (?:file|data).*|standard deviation|cv|gesamt)\b.*",
    re.IGNORECASE,
)
UNIT_WORDS = re.compile(
    r"^\W*(?:m|cm|mm|km|ft|deg|degree|degrees|dd|°|%|-|n/a|text|units?|einheit|unit[ée]|unidad|ph|kg|t|g|years?|"
    r"yyyy-mm-dd|dd\.mm\.yyyy|dd/mm/yyyy|decimal degrees|ед\. ?изм\.?|单位)\W*$",
    re.IGNORECASE,
)
LOOK = 40


@dataclass(frozen=True, slots=True)
class Layout:
    """The rows of a table, counted from 1; `None` where there is no such row."""

    heading_row: int = 1
    heading_rows: int = 1
    unit_row: int | None = None
    lod_row: int | None = None
    last_row: int | None = None

    def options(self, known: FileOptions) -> FileOptions:
        """Options that read the file by this layout."""
        rows = {key: getattr(self, key) for key in ("heading_row", "heading_rows", "unit_row", "lod_row", "last_row")}
        return known.model_copy(update=rows)


def layout_of(rows: Sequence[Row]) -> Layout:
    """The layout of a table whose rows, or the first and last of them, are given."""
    width = _usual_width(rows)
    heading = next((place for place, row in enumerate(rows[:LOOK]) if _is_heading(rows, place, width)), None)
    if heading is None:
        return Layout()
    unit, limit, place = None, None, heading + 1
    second = place < len(rows) and _is_second_heading(rows, heading, width)
    place += second
    while place < len(rows) and (unit is None or limit is None):
        if unit is None and _is_units(rows[place]):
            unit = place + 1
        elif limit is None and _is_limits(rows[place]):
            limit = place + 1
        else:
            break
        place += 1
    group = not second and heading > 0 and _is_group(rows, heading)
    first = heading - group
    return Layout(first + 1, 1 + second + group, unit, limit, _last(rows, place, width))


def _usual_width(rows: Sequence[Row]) -> int:
    widths = [_filled(row) for row in rows[: LOOK * 5] if _filled(row) > 1]
    return max(set(widths), key=lambda width: (widths.count(width), width), default=1)


def _filled(row: Row) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _numeric(row: Row) -> int:
    return sum(NUMERIC.fullmatch(cell.strip()) is not None for cell in row if cell.strip())


def _is_heading(rows: Sequence[Row], place: int, width: int) -> bool:
    """Nearly as many cells as the table is wide, none of them a number, and below it something else."""
    row = rows[place]
    filled = _filled(row)
    if filled < max(2, 0.6 * width) or _numeric(row) > 0.1 * filled or _is_units(row):
        return False
    # comments of several cells above the headings are shorter than what follows
    later = [_filled(other) for other in rows[place + 1 : place + 4]]
    return filled >= 0.8 * max(later, default=0) or filled >= 0.6 * width


def _is_units(row: Row) -> bool:
    cells = [cell.strip() for cell in row if cell.strip()]
    units = [cell for cell in cells if unit_in(cell.strip("()[] ")) or UNIT_WORDS.match(cell)]
    return bool(units) and len(units) >= 0.6 * len(cells) and any(unit_in(cell.strip("()[] ")) for cell in units)


def _is_limits(row: Row) -> bool:
    cells = [cell.strip() for cell in row if cell.strip()]
    return any(LIMIT.search(cell) for cell in cells[:3]) and _numeric(row) > 0


def _is_second_heading(rows: Sequence[Row], heading: int, width: int) -> bool:
    """Whether the names stand in two rows: the first repeats itself, or has gaps, and the second holds no number."""
    row, below = rows[heading], rows[heading + 1]
    if _filled(below) < 2 or _numeric(below) or _is_units(below) or _is_limits(below):
        return False
    names = [cell.strip() for cell in row if cell.strip()]
    repeats = len(set(names)) < len(names) or _filled(row) < 0.95 * width
    data = rows[heading + 2 : heading + 5]
    return repeats and bool(data) and any(_numeric(other) for other in data)


def _is_group(rows: Sequence[Row], heading: int) -> bool:
    """Whether the row above names groups of columns that the headings need to be told apart."""
    names = [cell.strip() for cell in rows[heading] if cell.strip()]
    above = [cell.strip() for cell in rows[heading - 1][1:] if cell.strip()]
    return len(set(names)) < len(names) and len(above) >= 2


def _last(rows: Sequence[Row], first: int, width: int) -> int | None:
    """The last row of data, where totals or notes follow."""
    last = len(rows)
    while last > first + 1:
        cells = [cell.strip() for cell in rows[last - 1] if cell.strip()]
        note = len(cells) == 1 and width > 3 and NUMERIC.fullmatch(cells[0]) is None
        if cells and not (note or TOTAL.match(cells[0])):
            break
        last -= 1
    below = [row for row in rows[last:] if _filled(row)]
    return last if below and last > first else None
