"""A filter as a condition of SQLAlchemy: every value bound, every name and operator out of a table of ours."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement

from db.filtering.errors import FilterError
from db.filtering.geometries import geometry_of_tree, is_geometry
from db.filtering.tokens import shown
from db.filtering.tree import Tree
from db.filtering.values import Kind, Queryable, Value, date, number, timestamp

Queryables: TypeAlias = Mapping[str, Queryable]
Operation: TypeAlias = Callable[["Compiler", list[Tree]], Value]


class Compiler:
    """Turns the parts of one filter into typed SQL."""

    def __init__(self, queryables: Queryables, operations: Mapping[str, Operation]) -> None:
        self._queryables = queryables
        self._operations = operations

    def condition(self, tree: Tree) -> ColumnElement[bool]:
        """What is true or false of a row; raises `FilterError` for anything else."""
        found: ColumnElement[bool] = self.value(tree).as_kind(Kind.BOOLEAN).column
        return found

    def value(self, tree: Tree) -> Value:
        """Any part of a filter; raises `FilterError`."""
        match tree:
            case bool():
                return Value.constant_of(Kind.BOOLEAN, tree)
            case int() | float():
                return number(tree)
            case str():
                return Value.constant_of(Kind.TEXT, _storable(tree))
            case list():
                return Value(Kind.LIST, [self.value(part) for part in tree])
            case dict():
                return self._object(tree)
        raise FilterError("filter: null cannot be compared with: use IS NULL")

    def _object(self, tree: dict[str, Tree]) -> Value:
        match tree:
            case {"op": str(name), "args": list(parts)}:
                return self._operation(name)(self, parts)
            case {"property": str(name)}:
                return self._property(name)
            case {"date": text}:
                return date(text)
            case {"timestamp": text}:
                return timestamp(text)
            case {"interval": [start, end]}:
                return Value(Kind.INTERVAL, [self._end(start), self._end(end)])
        return self._geometry(tree)

    def _operation(self, name: str) -> Operation:
        known = self._operations.get(name.lower())
        if known is None:
            raise FilterError(f"filter: there is no operator or function {shown(name)}")
        return known

    def _property(self, name: str) -> Value:
        found = self._queryables.get(name)
        if found is None:
            listed = ", ".join(sorted(self._queryables))
            raise FilterError(f"filter: there is no property {shown(name)} here; there are {listed}")
        return Value(found.kind, found.column, mercator=found.mercator)

    def _end(self, tree: Tree) -> Value | None:
        """An end of an interval; None where it is open."""
        if tree in ("..", None):
            return None
        if isinstance(tree, dict) and "interval" in tree:
            raise FilterError("filter: an interval begins and ends with an instant")
        return self.value(tree)

    def _geometry(self, tree: dict[str, Tree]) -> Value:
        if not is_geometry(tree):
            raise FilterError(f"filter: {shown(', '.join(map(str, tree)))} is not a part that a filter can have")
        return Value(Kind.GEOMETRY, None, geometry_of_tree(tree))


def _storable(text: str) -> str:
    if "\0" in text:
        raise FilterError("filter: a text holds a character that no text of the database has")
    return text


def values(compiler: Compiler, name: str, parts: list[Tree], count: int) -> list[Value]:
    """The parts of an operation that takes `count`; raises `FilterError` for another number."""
    if len(parts) != count:
        raise FilterError(f"filter: {name} takes {count} value{'s' * (count != 1)}, not {len(parts)}")
    return [compiler.value(part) for part in parts]


def boolean(condition: Any) -> Value:
    """A condition as a value."""
    return Value(Kind.BOOLEAN, condition)
