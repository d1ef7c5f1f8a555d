"""Filters in CQL2 (OGC 21-065r2), text and JSON: read within bounds, then compiled to conditions with bound values."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import orjson
from sqlalchemy import ColumnElement

from db.filtering.arrays import ARRAYS
from db.filtering.compiler import Compiler, Operation, Queryables
from db.filtering.errors import FilterError
from db.filtering.functions import CALLS, FUNCTIONS
from db.filtering.geometries import DEGREES, in_degrees
from db.filtering.scalars import SCALARS
from db.filtering.spatial import SPATIAL
from db.filtering.temporal import TEMPORAL
from db.filtering.text import read_text
from db.filtering.tree import LONGEST, Tree, check_size, properties_of, read_json
from db.filtering.values import Kind, Queryable

__all__ = ["FUNCTIONS", "OPERATIONS", "Filter", "FilterError", "Kind", "Queryable", "Queryables", "compile_filter"]

Language = Literal["cql2-text", "cql2-json"]
LANGUAGES: Mapping[str, Language] = MappingProxyType({"cql2-text": "cql2-text", "cql2-json": "cql2-json"})

OPERATIONS: Mapping[str, Operation] = MappingProxyType({**SCALARS, **SPATIAL, **TEMPORAL, **ARRAYS, **CALLS})
"""Every operator and function, by its name in CQL2 JSON; a new one is one line in the table of its file."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that is small enough to be worked on; two that say the same are equal.

    `written` is its CQL2 JSON; its coordinates are degrees, the longitude first.
    """

    written: bytes

    def __post_init__(self) -> None:
        check_size(self.tree)

    @classmethod
    def parse(
        cls, text: str, lang: str = "cql2-text", *, srid: int = DEGREES, northing_first: bool = False
    ) -> "Filter":
        """Read a filter; raises `FilterError` with a sentence for who wrote it. Linear in the length of the text.

        Its coordinates are of the system `srid` (EPSG), whose northing or latitude may come first.
        """
        if lang not in LANGUAGES:
            raise FilterError(f"filter: the language is one of {', '.join(LANGUAGES)}, got {lang[:40]!r}")
        if len(text) > LONGEST:
            raise FilterError(f"filter: longer than {LONGEST} characters")
        tree = read_json(text) if lang == "cql2-json" else read_text(text)
        return cls.of(tree, srid=srid, northing_first=northing_first)

    @classmethod
    def both(cls, *parts: "Filter") -> "Filter":
        """All of these at once."""
        trees = [part.tree for part in parts]
        return cls(_written(trees[0] if len(trees) == 1 else {"op": "and", "args": trees}))

    @classmethod
    def of(cls, tree: Tree, *, srid: int = DEGREES, northing_first: bool = False) -> "Filter":
        """A filter as CQL2 JSON has it; raises `FilterError`."""
        if (srid, northing_first) != (DEGREES, False):
            tree = in_degrees(tree, srid, northing_first=northing_first)
        return cls(_written(tree))

    @property
    def tree(self) -> Tree:
        """The filter as CQL2 JSON has it."""
        return orjson.loads(self.written)

    @property
    def properties(self) -> frozenset[str]:
        """The names of the properties that it mentions."""
        return properties_of(self.tree)


def _written(tree: Tree) -> bytes:
    try:
        return orjson.dumps(tree)
    except TypeError:  # a half of a surrogate pair is no text, and a number beyond 64 bits is none of JSON's
        raise FilterError("filter: a text or number in it cannot be stored") from None


def compile_filter(given: Filter, queryables: Queryables) -> ColumnElement[bool]:
    """The condition on rows that a filter is; raises `FilterError` for what does not fit the properties."""
    return Compiler(queryables, OPERATIONS).condition(given.tree)
