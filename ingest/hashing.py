"""Rows of Arrow columns as 64-bit keys, and a memory of keys: what has to be known of millions of rows at once.

Two of n different keys coincide with a chance below n² / 2⁶⁵, which for ten million rows is three in a million.
"""

from collections.abc import Iterable
from typing import Any

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.numbers import Mask

Keys = NDArray[np.uint64]

# FNV-1a (Fowler, Noll, Vo) byte by byte, then the finaliser of MurmurHash3, which spreads each bit over all
BASIS, PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
SPREAD_1, SPREAD_2, HALF = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53), np.uint64(33)
SMALLEST = 1 << 12
FULLEST = 0.7


def keys_of(columns: Iterable[Any], count: int) -> Keys:
    """One key per row of Arrow columns of `count` rows: strings, dates and numbers; nulls are values of their own."""
    state = np.full(count, BASIS)
    for column in columns:
        _mix_column(state, column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column)
    return np.asarray(_finished(state), np.uint64)


def _mix_column(state: Keys, column: Any) -> None:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_large_string(column.type):
        column = column.cast(pa.string())
    valid = np.asarray(column.is_valid().to_numpy(zero_copy_only=False), np.bool_)
    if not pa.types.is_string(column.type):
        _mix_words(state, _words(column), valid)
        return
    _, offsets, data = column.buffers()
    bounds = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    _mix_texts(state, bounds, np.frombuffer(data or b"", np.uint8), valid)


def _words(column: Any) -> Keys:
    """Dates and numbers as 64-bit words: equal values give equal words."""
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    values = column.fill_null(0).to_numpy(zero_copy_only=False)
    if values.dtype.kind == "i":
        return np.asarray(values, np.int64).view(np.uint64)
    return np.asarray(values + 0.0, np.float64).view(np.uint64)  # -0.0 becomes 0.0


@numba.njit(cache=True)
def _mix_texts(state: Keys, bounds: NDArray[np.int32], data: NDArray[np.uint8], valid: Mask) -> None:
    for row in range(len(state)):
        key = state[row]
        if valid[row]:
            for place in range(bounds[row], bounds[row + 1]):
                key = (key ^ np.uint64(data[place])) * PRIME
            key = (key ^ np.uint64(0x1FF)) * PRIME
        else:
            key = (key ^ np.uint64(0x2FF)) * PRIME
        state[row] = key


@numba.njit(cache=True)
def _mix_words(state: Keys, words: Keys, valid: Mask) -> None:
    for row in range(len(state)):
        key = state[row] ^ (words[row] * SPREAD_1 if valid[row] else SPREAD_2)
        key ^= key >> HALF
        state[row] = key * SPREAD_2


@numba.njit(cache=True)
def _finished(state: Keys) -> Keys:
    finished = np.empty_like(state)
    for row in range(len(state)):
        key = state[row]
        key ^= key >> HALF
        key *= SPREAD_1
        key ^= key >> HALF
        key *= SPREAD_2
        key ^= key >> HALF
        finished[row] = key if key != 0 else np.uint64(1)
    return finished


class Memory:
    """Keys that were met, each with the value of its first row: an open-addressing table that doubles when full."""

    def __init__(self, dtype: Any) -> None:
        self._keys = np.zeros(SMALLEST, np.uint64)
        self._values = np.zeros(SMALLEST, dtype)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def first(self, keys: Keys, values: NDArray[Any], among: Mask) -> tuple[NDArray[Any], Mask]:
        """Remember the keys of a mask; of each row the value that came first with its key, and whether it is its own.

        Rows outside the mask keep their value and are not remembered.
        """
        self._make_room(int(np.count_nonzero(among)))
        found = values.astype(self._values.dtype)
        new = np.zeros(len(keys), np.bool_)
        self._count += _first(self._keys, self._values, keys, found, among, new)
        return found, new

    def numbered(self, keys: Keys, among: Mask) -> tuple[NDArray[np.int64], Mask]:
        """Number the keys of a mask in the order in which they come, from 0; which rows are the first of their key.

        Rows outside the mask have the number -1 and are not remembered.
        """
        self._make_room(int(np.count_nonzero(among)))
        numbers, new = np.full(len(keys), -1, np.int64), np.zeros(len(keys), np.bool_)
        self._count += _numbered(self._keys, self._values, keys, numbers, among, new, self._count)
        return numbers, new

    def count(self, keys: Keys) -> NDArray[np.int64]:
        """Which occurrence of its key each row is, over all rows ever counted, from 1."""
        self._make_room(len(keys))
        counted = np.zeros(len(keys), np.int64)
        self._count += _counted(self._keys, self._values, keys, counted)
        return counted

    def _make_room(self, more: int) -> None:
        size = len(self._keys)
        while self._count + more > FULLEST * size:
            size *= 2
        if size > len(self._keys):
            keys, values = self._keys, self._values
            self._keys, self._values = np.zeros(size, np.uint64), np.zeros(size, values.dtype)
            _moved(keys, values, self._keys, self._values)


@numba.njit(cache=True)
def _slot(table: Keys, key: np.uint64) -> int:
    last = np.uint64(len(table) - 1)
    place = key & last
    while table[place] != 0 and table[place] != key:
        place = (place + np.uint64(1)) & last
    return int(place)


@numba.njit(cache=True)
def _first(table: Keys, kept: NDArray[Any], keys: Keys, values: NDArray[Any], among: Mask, new: Mask) -> int:
    added = 0
    for row in range(len(keys)):
        if among[row]:
            place = _slot(table, keys[row])
            if table[place] == 0:
                table[place], kept[place] = keys[row], values[row]
                new[row] = True
                added += 1
            else:
                values[row] = kept[place]
    return added


@numba.njit(cache=True)
def _numbered(
    table: Keys, kept: NDArray[Any], keys: Keys, numbers: NDArray[np.int64], among: Mask, new: Mask, known: int
) -> int:
    added = 0
    for row in range(len(keys)):
        if among[row]:
            place = _slot(table, keys[row])
            if table[place] == 0:
                table[place], kept[place] = keys[row], known + added
                new[row] = True
                added += 1
            numbers[row] = kept[place]
    return added


@numba.njit(cache=True)
def _counted(table: Keys, kept: NDArray[Any], keys: Keys, counted: NDArray[np.int64]) -> int:
    added = 0
    for row in range(len(keys)):
        place = _slot(table, keys[row])
        if table[place] == 0:
            table[place] = keys[row]
            added += 1
        kept[place] += 1
        counted[row] = kept[place]
    return added


@numba.njit(cache=True)
def _moved(keys: Keys, values: NDArray[Any], table: Keys, kept: NDArray[Any]) -> None:
    for old in range(len(keys)):
        if keys[old] != 0:
            place = _slot(table, keys[old])
            table[place], kept[place] = keys[old], values[old]
