"""Rows by the keys that they share, told apart up to a number that a report can hold."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, Self, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingest.visible import visible

Key: TypeAlias = tuple[Any, ...]

MOST_KEYS = 2000
LONGEST_TEXT = 60
WIDEST = 1 << 40
"""Combinations beyond which the numbers that stand for them are made anew, so that they fit an integer."""


class Mergeable(Protocol):
    """What can be counted together with another of its kind, and says how much it holds."""

    @property
    def count(self) -> int:
        """How many rows it stands for."""

    def merge(self, later: Self) -> Self:
        """Both together."""


Value = TypeVar("Value", bound=Mergeable)


def grouped(columns: Sequence[Any]) -> Iterator[tuple[Key, NDArray[np.int64]]]:
    """Each combination of values of Arrow columns of shape (n,), in the order of its first row, with its rows.

    Texts are clipped, so that two combinations may come under one key.
    """
    codes, radix = np.zeros(len(columns[0]), np.int64), 1
    for column in columns:
        indices, distinct = _encoded(column)
        codes, radix = codes * distinct + indices, radix * distinct
        if radix > WIDEST:
            codes = np.unique(codes, return_inverse=True)[1]
            radix = int(codes.max(initial=0)) + 1
    # numpy sorts short integers by their digits, in a tenth of the time
    order = np.argsort(codes.astype(np.uint16) if radix <= 1 << 16 else codes, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(order) else []
    for rows in sorted(parts, key=lambda part: int(part[0])):
        yield tuple(_short(column[int(rows[0])].as_py()) for column in columns), rows


def _short(value: Any) -> Any:
    return visible(value, LONGEST_TEXT) if isinstance(value, str) else value


def _encoded(column: Any) -> tuple[NDArray[np.int64], int]:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_dictionary(whole.type) and whole.null_count:
        whole = whole.dictionary_decode()
    encoded = pc.dictionary_encode(whole, null_encoding="encode")
    return encoded.indices.to_numpy().astype(np.int64), max(len(encoded.dictionary), 1)


def by_key(pairs: Iterable[tuple[Key, Value]]) -> dict[Key, Value]:
    """What stands under each key, together."""
    found: dict[Key, Value] = {}
    for key, value in pairs:
        found[key] = found[key].merge(value) if key in found else value
    return found


def merged(former: Mapping[Key, Value], later: Mapping[Key, Value]) -> tuple[dict[Key, Value], int]:
    """Both by key in the order of first sight, and the rows of those keys that come after MOST_KEYS others."""
    found, beyond = dict(former), 0
    for key, value in later.items():
        if key in found:
            found[key] = found[key].merge(value)
        elif len(found) < MOST_KEYS:
            found[key] = value
        else:
            beyond += value.count
    return found, beyond
