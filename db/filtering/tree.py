"""The tree of a filter, in the shapes of CQL2 JSON, and how large it may be."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import orjson

from db.filtering.errors import FilterError

Tree: TypeAlias = Any
"""A number, text, boolean, list of trees, or an object: `op` and `args`, `property`, `date`, `timestamp`, `interval`,
`bbox`, or a GeoJSON geometry."""

LONGEST = 20_000
"""Characters of a filter."""
MOST_NODES = 1_000
"""Operators, properties and literals of a filter; the coordinates of its geometries count apart."""
MOST_NUMBERS = 20_000
"""Coordinates of all geometries of a filter."""
DEEPEST = 40


def check_size(tree: Tree) -> None:
    """Raises `FilterError` for a tree that is too deep or too large to be worked on; walks it without recursion."""
    nodes = numbers = 0
    for part, depth, coordinates in _parts(tree):
        if depth > DEEPEST:
            raise FilterError(f"filter: nested more than {DEEPEST} deep")
        numbers += coordinates and not isinstance(part, list)
        nodes += not coordinates
        if nodes > MOST_NODES or numbers > MOST_NUMBERS:
            raise FilterError(f"filter: more than {MOST_NODES} operators and values, or {MOST_NUMBERS} coordinates")


def _parts(tree: Tree) -> Iterator[tuple[Tree, int, bool]]:
    """Every part of a tree with its depth, and whether it belongs to the coordinates of a geometry."""
    waiting: list[tuple[Tree, int, bool]] = [(tree, 1, False)]
    while waiting:
        part, depth, coordinates = waiting.pop()
        yield part, depth, coordinates
        if isinstance(part, dict):
            waiting += [(value, depth + 1, coordinates or name == "coordinates") for name, value in part.items()]
        elif isinstance(part, list):
            waiting += [(value, depth + 1, coordinates) for value in part]


def read_json(text: str) -> Tree:
    """The tree that CQL2 JSON writes; raises `FilterError`."""
    try:
        tree = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise FilterError(f"filter: not JSON: {error.msg} at character {error.pos + 1}") from None
    check_size(tree)
    return tree


def properties_of(tree: Tree) -> frozenset[str]:
    """The names of the properties that a tree mentions."""
    return frozenset(
        part["property"]
        for part, _, _ in _parts(tree)
        if isinstance(part, dict) and isinstance(part.get("property"), str)
    )
