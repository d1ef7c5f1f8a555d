"""Temporal operators of filters (OGC 21-065r2, table 6): relations of closed intervals, an instant being one."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, cast, literal_column, or_

from db.filtering.compiler import Compiler, Operation, boolean, values
from db.filtering.errors import FilterError
from db.filtering.scalars import in_days
from db.filtering.tree import Tree
from db.filtering.values import INSTANTS, SQL_TYPES, Kind, Value, instant

End: TypeAlias = ColumnElement[Any]
Relation: TypeAlias = Callable[[End, End, End, End], Any]

RELATIONS: Mapping[str, Relation] = MappingProxyType(
    {
        "t_after": lambda a, _, __, d: a > d,
        "t_before": lambda _, b, c, __: b < c,
        "t_contains": lambda a, b, c, d: and_(a < c, b > d),
        "t_disjoint": lambda a, b, c, d: or_(b < c, a > d),
        "t_during": lambda a, b, c, d: and_(a > c, b < d),
        "t_equals": lambda a, b, c, d: and_(a == c, b == d),
        "t_finishedby": lambda a, b, c, d: and_(a < c, b == d),
        "t_finishes": lambda a, b, c, d: and_(a > c, b == d),
        "t_intersects": lambda a, b, c, d: and_(a <= d, b >= c),
        "t_meets": lambda _, b, c, __: b == c,
        "t_metby": lambda a, _, __, d: a == d,
        "t_overlappedby": lambda a, b, c, d: and_(a > c, a < d, b > d),
        "t_overlaps": lambda a, b, c, d: and_(a < c, b > c, b < d),
        "t_startedby": lambda a, b, c, d: and_(a == c, b > d),
        "t_starts": lambda a, b, c, d: and_(a == c, b < d),
    }
)
"""With the first from a to b and the second from c to d."""


def _related(name: str, relation: Relation, compiler: Compiler, parts: list[Tree]) -> Value:
    left, right = (_ends(value) for value in values(compiler, name, parts, 2))
    a, b, c, d = _same(name, [*left, *right])
    return boolean(relation(a, b, c, d))


def _ends(value: Value) -> list[Value | None]:
    """Both ends of an interval, or the instant twice."""
    if value.kind is Kind.INTERVAL:
        return list(value.column)
    found = _instant(value)
    return [found, found]


def _instant(value: Value) -> Value:
    if value.kind is Kind.TEXT and isinstance(value.constant, str):
        return instant(value.constant)
    if value.kind not in INSTANTS:
        raise FilterError(f"filter: a date, timestamp or interval is needed where there is {value.said}")
    return value


def _same(name: str, ends: list[Value | None]) -> list[End]:
    """All ends in one precision, open ones at infinity."""
    known = in_days(*(_instant(end) for end in ends if end is not None))
    if not known:
        raise FilterError(f"filter: {name} needs an interval with an end")
    kind, closed = known[0].kind, iter(known)
    return [
        _infinite(kind, late=bool(turn % 2)) if end is None else next(closed).column for turn, end in enumerate(ends)
    ]


def _infinite(kind: Kind, *, late: bool) -> End:
    return cast(literal_column("'infinity'" if late else "'-infinity'"), SQL_TYPES[kind])


TEMPORAL: Mapping[str, Operation] = MappingProxyType(
    {name: partial(_related, name, relation) for name, relation in RELATIONS.items()}
)
