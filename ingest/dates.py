"""Dates as files write them, to the first and last day that they may mean: a year alone is 365 or 366 days long."""

import datetime as dt
import re

ISO = "%Y-%m-%d"
# ISO 8601: a day or month or year, what follows after T or a space is the time of day; an interval has two of them
ISO_DATE = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})(?:[T ]\d{1,2}:\d{2}.*)?)?)?")
TIME = re.compile(
    r"(?<=\d)[T ]\s*\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?\s*(?:Z|[+-]\d{2}:?\d{2})?$"
)
DAY_MARKS = ("%d", "%j", "%x", "%D", "%F", "%e")
MONTH_MARKS = ("%m", "%b", "%B")

Span = tuple[dt.date, dt.date]


def span(text: str, written: str | None) -> Span | None:
    """The first and last day that a text in the format of `strptime` may mean; ISO 8601 is always understood.

    A time of day is passed over; of an interval (`2019-05/2019-07`) both ends count. `None` for what is no date.
    """
    ends = [_one(end.strip(), written) for end in text.split("/")] if _is_interval(text) else [_one(text, written)]
    days = [end for end in ends if end is not None]
    return (days[0][0], days[-1][1]) if len(days) == len(ends) else None


def _is_interval(text: str) -> bool:
    first, slash, last = text.partition("/")
    return bool(slash and ISO_DATE.fullmatch(first.strip()) and ISO_DATE.fullmatch(last.strip()))


def _one(text: str, written: str | None) -> Span | None:
    return (_as_written(text, written) if written else None) or _iso(text)


def _as_written(text: str, written: str) -> Span | None:
    for candidate in (text, TIME.sub("", text)):
        try:
            first = dt.datetime.strptime(candidate, written).replace(tzinfo=dt.UTC).date()
        except ValueError:
            continue
        if any(mark in written for mark in DAY_MARKS):
            return first, first
        return (first, _end_of_month(first)) if any(mark in written for mark in MONTH_MARKS) else _year(first.year)
    return None


def _iso(text: str) -> Span | None:
    found = ISO_DATE.fullmatch(text)
    if found is None:
        return None
    try:
        first = dt.date(int(found["year"]), int(found["month"] or 1), int(found["day"] or 1))
    except ValueError:
        return None
    if found["day"]:
        return first, first
    return (first, _end_of_month(first)) if found["month"] else _year(first.year)


def _end_of_month(first: dt.date) -> dt.date:
    return (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)


def _year(year: int) -> Span:
    return dt.date(year, 1, 1), dt.date(year, 12, 31)
