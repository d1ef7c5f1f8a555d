"""Comparisons, logic and arithmetic of filters."""

import operator
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Double, and_, cast, func, literal, not_, or_

from db.filtering.compiler import Compiler, Operation, boolean, values
from db.filtering.errors import FilterError
from db.filtering.tree import Tree
from db.filtering.values import INSTANTS, LARGEST, SQL_TYPES, Kind, Value

_ORDERED = (Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN, *INSTANTS)


def comparable(name: str, *found: Value) -> tuple[Value, ...]:
    """The values as one kind that has an order; raises `FilterError` where they have none in common."""
    kind = next((value.kind for value in found if value.kind is not Kind.TEXT or value.constant is None), found[0].kind)
    if kind not in _ORDERED:
        raise FilterError(f"filter: {name} does not compare {found[0].said} with {found[-1].said}")
    same = tuple(value if _are_instants(value.kind, kind) else value.as_kind(kind) for value in found)
    return in_days(*same) if kind in INSTANTS else same


def _are_instants(first: Kind, second: Kind) -> bool:
    return first in INSTANTS and second in INSTANTS


def in_days(*found: Value) -> tuple[Value, ...]:
    """Instants of one precision: beside a date, a moment counts as its day in UTC."""
    if all(value.kind is Kind.TIMESTAMP for value in found):
        return found
    return tuple(value if value.kind is not Kind.TIMESTAMP else Value(Kind.DATE, _day(value)) for value in found)


def _day(value: Value) -> ColumnElement[Any]:
    return cast(func.timezone("UTC", value.column), SQL_TYPES[Kind.DATE])


def _compared(name: str, compare: Callable[[Any, Any], Any], compiler: Compiler, parts: list[Tree]) -> Value:
    left, right = comparable(name, *values(compiler, name, parts, 2))
    return boolean(compare(left.column, right.column))


def _between(compiler: Compiler, parts: list[Tree]) -> Value:
    middle, low, high = comparable("between", *values(compiler, "between", parts, 3))
    return boolean(and_(middle.column >= low.column, middle.column <= high.column))


def _in(compiler: Compiler, parts: list[Tree]) -> Value:
    left, listed = values(compiler, "in", parts, 2)
    if listed.kind is not Kind.LIST or not listed.column:
        raise FilterError("filter: in needs a list with one value at least")
    first, *others = comparable("in", left, *listed.column)
    if all(value.constant is not None for value in others) and first.kind in (Kind.TEXT, Kind.NUMBER):
        return boolean(first.column == func.any(_bound(first.kind, [value.constant for value in others])))
    return boolean(or_(*(first.column == value.column for value in others)))


def _bound(kind: Kind, constants: list[Any]) -> ColumnElement[Any]:
    """A list as one value; whole numbers are compared as such."""
    if kind is not Kind.NUMBER:
        return literal(constants, ARRAY(SQL_TYPES[kind]))
    whole = all(isinstance(number, int) and abs(number) <= LARGEST for number in constants)
    return literal(constants, ARRAY(BigInteger())) if whole else literal([*map(float, constants)], ARRAY(Double()))


def _like(compiler: Compiler, parts: list[Tree]) -> Value:
    left, pattern = (value.as_kind(Kind.TEXT) for value in values(compiler, "like", parts, 2))
    if isinstance(pattern.constant, str) and (len(pattern.constant) - len(pattern.constant.rstrip("\\"))) % 2:
        raise FilterError("filter: a pattern of like must not end with a single backslash")
    return boolean(left.column.like(pattern.column))


def _is_null(compiler: Compiler, parts: list[Tree]) -> Value:
    (found,) = values(compiler, "isNull", parts, 1)
    if found.kind in (Kind.LIST, Kind.INTERVAL) or found.column is None:
        raise FilterError("filter: is null needs a property")
    return boolean(found.column.is_(None))


def _joined(join: Callable[..., Any], name: str, compiler: Compiler, parts: list[Tree]) -> Value:
    if len(parts) < 2:
        raise FilterError(f"filter: {name} takes two conditions at least")
    return boolean(join(*(compiler.condition(part) for part in parts)))


def _not(compiler: Compiler, parts: list[Tree]) -> Value:
    if len(parts) != 1:
        raise FilterError(f"filter: not takes one condition, not {len(parts)}")
    return boolean(not_(compiler.condition(parts[0])))


def _computed(name: str, compute: Callable[[Any, Any], Any], compiler: Compiler, parts: list[Tree]) -> Value:
    left, right = (value.as_kind(Kind.NUMBER).column for value in values(compiler, name, parts, 2))
    return Value(Kind.NUMBER, compute(cast(left, Double), cast(right, Double)))


def _divided(left: ColumnElement[float], right: ColumnElement[float]) -> ColumnElement[float]:
    return left / func.nullif(right, literal(0.0, Double()), type_=Double())


def _whole_part(left: ColumnElement[float], right: ColumnElement[float]) -> ColumnElement[float]:
    return func.trunc(_divided(left, right), type_=Double())


def _remainder(left: ColumnElement[float], right: ColumnElement[float]) -> ColumnElement[float]:
    return left - right * _whole_part(left, right)


_COMPARISONS = MappingProxyType(
    {
        "=": operator.eq,
        "<>": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
)
_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "/": _divided,
        "div": _whole_part,
        "%": _remainder,
        "^": lambda left, right: func.power(left, right, type_=Double()),
    }
)

SCALARS: Mapping[str, Operation] = MappingProxyType(
    {
        **{name: partial(_compared, name, compare) for name, compare in _COMPARISONS.items()},
        **{name: partial(_computed, name, compute) for name, compute in _ARITHMETIC.items()},
        "and": partial(_joined, and_, "and"),
        "or": partial(_joined, or_, "or"),
        "not": _not,
        "between": _between,
        "in": _in,
        "like": _like,
        "isnull": _is_null,
    }
)
