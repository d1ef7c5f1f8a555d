"""Typed values of a filter: what a property, a literal or an operation is, as SQL and in words."""

import datetime as dt
import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Boolean, ColumnElement, Date, DateTime, Double, Text, literal
from sqlalchemy.types import Float, Integer, String, TypeEngine

from db.filtering.errors import FilterError
from db.filtering.tokens import shown

LARGEST = 2**63 - 1


class Kind(enum.Enum):
    """What can be compared with what."""

    TEXT = "a text"
    NUMBER = "a number"
    BOOLEAN = "true or false"
    DATE = "a date"
    TIMESTAMP = "a timestamp"
    INTERVAL = "an interval"
    GEOMETRY = "a geometry"
    TEXTS = "a list of texts"
    LIST = "a list"


INSTANTS = (Kind.DATE, Kind.TIMESTAMP)
SQL_TYPES: Mapping[Kind, TypeEngine[Any]] = MappingProxyType(
    {
        Kind.TEXT: Text(),
        Kind.NUMBER: Double(),
        Kind.BOOLEAN: Boolean(),
        Kind.DATE: Date(),
        Kind.TIMESTAMP: DateTime(timezone=True),
        Kind.TEXTS: ARRAY(Text()),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Queryable:
    """A property that can be filtered by. Points whose geometry has no index are found by their web-mercator twin."""

    column: ColumnElement[Any]
    kind: Kind
    mercator: ColumnElement[Any] | None = None

    @classmethod
    def of(cls, column: ColumnElement[Any]) -> "Queryable | None":
        """A column by its type; None for one of a type that a filter has no words for, such as JSON."""
        kind = _kind_of(column.type)
        return None if kind is None else cls(column, kind)


def _kind_of(found: TypeEngine[Any]) -> Kind | None:
    if isinstance(found, ARRAY):
        return Kind.TEXTS if isinstance(found.item_type, String) else None
    kinds: tuple[tuple[type[TypeEngine[Any]], Kind], ...] = (
        (String, Kind.TEXT),
        (Boolean, Kind.BOOLEAN),
        (Integer, Kind.NUMBER),
        (Float, Kind.NUMBER),
        (Date, Kind.DATE),
        (DateTime, Kind.TIMESTAMP),
    )
    return next((kind for sql, kind in kinds if isinstance(found, sql)), None)


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A part of a filter: its kind, its SQL, and where it is a literal what it is in Python."""

    kind: Kind
    column: Any
    """SQL; two of them for an interval, several values for a list."""
    constant: Any = None
    mercator: ColumnElement[Any] | None = None

    @classmethod
    def constant_of(cls, kind: Kind, constant: Any) -> "Value":
        """A literal, bound with its type."""
        return cls(kind, literal(constant, SQL_TYPES[kind]), constant)

    def as_kind(self, kind: Kind) -> "Value":
        """The same as another kind where nothing is lost: a text that reads as a date is one."""
        if self.kind is kind:
            return self
        if self.kind is Kind.TEXT and isinstance(self.constant, str) and kind in INSTANTS:
            return instant(self.constant)
        raise FilterError(f"filter: {kind.value} is needed where there is {self.said}")

    @property
    def said(self) -> str:
        """The value in words, for a message."""
        return f"{self.kind.value} ({shown(str(self.constant))})" if self.constant is not None else self.kind.value


def number(given: float) -> Value:
    """A number; a whole one is bound as such, so that indexes of whole numbers serve it."""
    whole = isinstance(given, int) and abs(given) <= LARGEST
    if not whole and not abs(float(given)) < float("inf"):
        raise FilterError("filter: a number is too large")
    bound = literal(given, BigInteger()) if whole else literal(float(given), Double())
    return Value(Kind.NUMBER, bound, given)


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2})?)(\.\d{1,6})?\d{0,9}([Zz]|[+-]\d{2}:\d{2})?", re.ASCII
)


def instant(text: str) -> Value:
    """A date, or a moment in time; one without a zone is in UTC. Raises `FilterError`."""
    return date(text) if _DATE.fullmatch(text) else timestamp(text)


def date(text: Any) -> Value:
    """A date such as 2010-06-30; raises `FilterError`."""
    return Value.constant_of(Kind.DATE, _parsed(text, _DATE, lambda found: dt.date.fromisoformat(found[0])))


def timestamp(text: Any) -> Value:
    """A moment such as 2010-06-30T12:00:00Z; raises `FilterError`."""
    return Value.constant_of(Kind.TIMESTAMP, _parsed(text, _MOMENT, _moment))


def _parsed(text: Any, pattern: re.Pattern[str], read: Callable[[re.Match[str]], Any]) -> Any:
    found = pattern.fullmatch(text) if isinstance(text, str) else None
    try:
        if found:
            return read(found)
    except (ValueError, OverflowError):
        pass
    raise FilterError(f"filter: {shown(str(text))} is not a date such as 2010-06-30 or 2010-06-30T12:00:00Z")


def _moment(found: re.Match[str]) -> dt.datetime:
    day, time, fraction, zone = found.groups()
    offset = "+00:00" if zone in (None, "Z", "z") else zone
    return dt.datetime.fromisoformat(f"{day}T{time}{(fraction or '').ljust(7, '0') if fraction else ''}{offset}")
