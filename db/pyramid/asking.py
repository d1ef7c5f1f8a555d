"""How rows of the pyramid are chosen: texts of SQL with their values numbered, for whoever reads them."""

from db.selection import Period

VISIBLE = "d.visibility = ANY($1::text[]) AND ($2::text IS NULL OR d.name = $2)"
"""A dataset d that may be seen, perhaps the one asked for."""
NODES = f"""
n.layer = $3 AND n.contaminant_id = $4 AND n.node = ANY($5::bigint[]) AND {{years}}
AND n.dataset_id = ANY(ARRAY(SELECT d.id FROM dataset d JOIN pyramid_state p ON p.dataset_id = d.id WHERE {VISIBLE}))
"""  # noqa: S608  a text of this file
"""Rows n of some tiles, of a layer and contaminant, whose datasets have a pyramid; `years` is one of the next two."""
ALL_YEARS = "n.first_year = 0"
SOME_YEARS = """(
  (n.first_year = 0 AND (n.last_year = -1 OR n.last_year > 0 AND n.last_year BETWEEN $7::int AND $8::int))
  OR n.first_year = -1 OR (n.first_year > 0 AND n.first_year <= $8::int AND n.last_year >= $7::int))"""


def are_whole_years(period: Period | None) -> bool:
    """Whether a period begins and ends with a year, so that the years of samples say whether they are of it."""
    if period is None:
        return True
    start, end = period.start, period.end
    return (start is None or (start.month, start.day) == (1, 1)) and (end is None or (end.month, end.day) == (12, 31))


def whole_years(period: Period | None) -> list[int]:
    """The first and the last year, as $7 and $8; nothing for all years."""
    if period is None:
        return []
    return [period.start.year if period.start else 1, period.end.year if period.end else 9999]
