"""Array operators of filters: lists of texts as sets."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from sqlalchemy import and_

from db.filtering.compiler import Compiler, Operation, boolean, values
from db.filtering.errors import FilterError
from db.filtering.tree import Tree
from db.filtering.values import Kind, Value

_RELATIONS: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        "a_contains": lambda left, right: left.bool_op("@>")(right),
        "a_containedby": lambda left, right: left.bool_op("<@")(right),
        "a_equals": lambda left, right: and_(left.bool_op("@>")(right), left.bool_op("<@")(right)),
        "a_overlaps": lambda left, right: left.bool_op("&&")(right),
    }
)


def _related(name: str, relation: Callable[[Any, Any], Any], compiler: Compiler, parts: list[Tree]) -> Value:
    left, right = (_texts(value) for value in values(compiler, name, parts, 2))
    return boolean(relation(left.column, right.column))


def _texts(value: Value) -> Value:
    """A list of texts; a single text in brackets is one, too."""
    if value.kind is Kind.TEXTS:
        return value
    listed = [part.constant for part in value.column] if value.kind is Kind.LIST else [value.constant]
    if not all(isinstance(text, str) for text in listed):
        raise FilterError(f"filter: a list of texts is needed where there is {value.said}")
    return Value.constant_of(Kind.TEXTS, listed)


ARRAYS: Mapping[str, Operation] = MappingProxyType(
    {name: partial(_related, name, relation) for name, relation in _RELATIONS.items()}
)
