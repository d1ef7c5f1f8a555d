"""Which jobs a request lists (OGC API Processes 1.0, 11.2)."""

import base64
import binascii
import datetime as dt
from typing import Any

from sqlalchemy import Row

from app.problems import BadParameterError
from app.query import PARAMETERS, Given, Parameter, parse_period
from app.work.job_book import JobFilter
from db.tables import JOB_STATES

_TEXTS = {"type": "array", "items": {"type": "string"}}
FILTERS = (
    Parameter("type", "Only jobs of these types; all are `process`.", _TEXTS),
    Parameter("processID", "Only jobs of these processes.", _TEXTS),
    Parameter("status", f"Only jobs that are {', '.join(JOB_STATES)}.", _TEXTS),
    *(PARAMETERS[name] for name in ("datetime", "limit", "cursor")),
    Parameter("minDuration", "Only jobs that took so many seconds or more.", {"type": "number", "minimum": 0}),
    Parameter("maxDuration", "Only jobs that took so many seconds or less.", {"type": "number", "minimum": 0}),
)


def filter_of(given: Given) -> JobFilter:
    """What the parameters select; raises `BadParameterError`."""
    for kind in _texts(given, "type"):
        if kind != "process":
            raise BadParameterError("type", f"type must be process, got {kind[:60]!r}")
    for status in _texts(given, "status"):
        if status not in JOB_STATES:
            raise BadParameterError("status", f"status must be one of {', '.join(JOB_STATES)}, got {status[:60]!r}")
    period = given.parsed("datetime", parse_period)
    return JobFilter(
        processes=_texts(given, "processID"),
        statuses=_texts(given, "status"),
        begun=(None, None) if period is None else (_start(period.start), _end(period.end)),
        shortest=given.number("minDuration"),
        longest=given.number("maxDuration"),
        after=given.parsed("cursor", _place),
    )


def cursor_of(row: Row[Any]) -> str:
    """The place after a job in the list."""
    written = f"{row.created_at.isoformat()} {row.id}"
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def _place(text: str) -> tuple[dt.datetime, str]:
    try:
        written = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        moment, _, identifier = written.partition(" ")
        return dt.datetime.fromisoformat(moment).astimezone(dt.UTC), identifier
    except (binascii.Error, ValueError, OverflowError):
        raise ValueError("cursor is not one that a next link gave") from None


def _texts(given: Given, name: str) -> tuple[str, ...]:
    text = given.text(name)
    return () if text is None else tuple(text.split(","))


def _start(day: dt.date | None) -> dt.datetime | None:
    return None if day is None else dt.datetime.combine(day, dt.time.min, dt.UTC)


def _end(day: dt.date | None) -> dt.datetime | None:
    return None if day is None else dt.datetime.combine(day, dt.time.max, dt.UTC)
