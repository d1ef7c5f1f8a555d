"""Functions of filters: those of CQL2 for texts, and a few of our own, each with what it takes and gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Double, Text, cast, func, literal_column

from db.filtering.compiler import Compiler, Operation, values
from db.filtering.tree import Tree
from db.filtering.values import Kind, Value


@dataclass(frozen=True, slots=True)
class Function:
    """A function of one value."""

    name: str
    description: str
    takes: Kind
    gives: Kind
    compute: Callable[[ColumnElement[Any]], ColumnElement[Any]]

    def apply(self, compiler: Compiler, parts: list[Tree]) -> Value:
        """The value of the function."""
        (given,) = (value.as_kind(self.takes) for value in values(compiler, self.name, parts, 1))
        return Value(self.gives, self.compute(given.column))


def _without_accents(text: ColumnElement[str]) -> ColumnElement[str]:
    """Decomposed, and without the marks that combine with letters (Unicode 0300 to 036F)."""
    apart = func.normalize(text, literal_column("NFD"))
    return func.regexp_replace(apart, literal_column(r"'[\u0300-\u036F]'"), literal_column("''"), literal_column("'g'"))


def _measured(name: str) -> Callable[[ColumnElement[Any]], ColumnElement[Any]]:
    return lambda number: getattr(func, name)(cast(number, Double), type_=Double())


def _positive(name: str) -> Callable[[ColumnElement[Any]], ColumnElement[Any]]:
    """A function of numbers above zero; null for others, where the database would refuse the whole question."""
    return lambda number: getattr(func, name)(
        func.nullif(func.greatest(cast(number, Double), 0.0), 0.0, type_=Double()), type_=Double()
    )


def _text(name: str) -> Callable[[ColumnElement[Any]], ColumnElement[Any]]:
    return lambda text: getattr(func, name)(text, type_=Text())


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        function.name: function
        for function in (
            Function("casei", "The text without difference of case.", Kind.TEXT, Kind.TEXT, _text("lower")),
            Function("accenti", "The text without accents.", Kind.TEXT, Kind.TEXT, _without_accents),
            Function("lower", "The text in small letters.", Kind.TEXT, Kind.TEXT, _text("lower")),
            Function("upper", "The text in capital letters.", Kind.TEXT, Kind.TEXT, _text("upper")),
            Function("length", "Characters of the text.", Kind.TEXT, Kind.NUMBER, func.char_length),
            Function("abs", "The number without its sign.", Kind.NUMBER, Kind.NUMBER, _measured("abs")),
            Function("round", "The nearest whole number.", Kind.NUMBER, Kind.NUMBER, _measured("round")),
            Function("floor", "The whole number below.", Kind.NUMBER, Kind.NUMBER, _measured("floor")),
            Function("ceil", "The whole number above.", Kind.NUMBER, Kind.NUMBER, _measured("ceil")),
            Function("sqrt", "The square root.", Kind.NUMBER, Kind.NUMBER, _positive("sqrt")),
            Function("ln", "The natural logarithm.", Kind.NUMBER, Kind.NUMBER, _positive("ln")),
            Function("log10", "The logarithm to the base of ten.", Kind.NUMBER, Kind.NUMBER, _positive("log")),
        )
    }
)

CALLS: Mapping[str, Operation] = MappingProxyType(
    {name: partial(Function.apply, function) for name, function in FUNCTIONS.items()}
)
