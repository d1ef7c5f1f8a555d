"""Rows of Arrow columns as 64-bit keys, and a memory of keys: what has to be known of millions of rows at once.

Two of n different keys coincide with a chance of about n² / 2⁶⁵, which for ten million rows is three in a million.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.numbers import Mask

Keys = NDArray[np.uint64]

# an odd base for polynomials modulo 2⁶⁴ (Knuth's multiplier of MMIX), and the finaliser of MurmurHash3, which spreads
# each bit over all
BASE = np.uint64(6364136223846793005)
SPREAD_1, SPREAD_2, HALF = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53), np.uint64(33)
NOTHING = np.uint64(0x9E3779B97F4A7C15)
BYTES_AT_ONCE = 1 << 18
PARTS = 32
# where the keys of each part begin but the first: spread keys fall into all of them alike
EDGES = np.arange(1, PARTS, dtype=np.uint64) << np.uint64(59)


def keys_of(columns: Iterable[Any], count: int) -> Keys:
    """One key per row of Arrow columns of `count` rows: strings, dates and numbers; nulls are values of their own."""
    state = np.zeros(count, np.uint64)
    for column in columns:
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        state = _spread((state + NOTHING) * BASE + _words(whole))
    return state


def _spread(words: Keys) -> Keys:
    words = (words ^ (words >> HALF)) * SPREAD_1
    words = (words ^ (words >> HALF)) * SPREAD_2
    return words ^ (words >> HALF)


def _words(column: Any) -> Keys:
    """A 64-bit word for each row: equal values give equal words, whatever the type of the column allows."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_large_string(column.type):
        column = column.cast(pa.string())
    words = _of_texts(column) if pa.types.is_string(column.type) else _of_numbers(column)
    if column.null_count:
        words[column.is_null().to_numpy(zero_copy_only=False)] = NOTHING
    return words


def _of_numbers(column: Any) -> Keys:
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    values = column.fill_null(0).to_numpy(zero_copy_only=False)
    if values.dtype.kind in "iu":
        return np.array(values, np.int64).view(np.uint64)
    return np.asarray(values + 0.0, np.float64).view(np.uint64)  # -0.0 becomes 0.0


def _of_texts(column: Any) -> Keys:
    """Texts as polynomials of their bytes, a part of the column at a time so that the powers need little room."""
    _, offsets, data = column.buffers()
    bounds = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1].astype(np.int64)
    content = np.frombuffer(data or b"", np.uint8)
    words, start = np.empty(len(column), np.uint64), 0
    while start < len(column):
        end = max(start + 1, int(np.searchsorted(bounds, bounds[start] + BYTES_AT_ONCE, "right")) - 1)
        words[start:end] = _polynomials(content, bounds[start : end + 1])
        start = end
    return words


def _polynomials(content: NDArray[np.uint8], bounds: NDArray[np.int64]) -> Keys:
    lengths = np.diff(bounds)
    powers = np.full(int(lengths.max(initial=0)) + 1, BASE)
    powers[0] = 1
    powers = np.multiply.accumulate(powers)
    place = np.arange(bounds[0], bounds[-1]) - np.repeat(bounds[:-1], lengths)
    terms = (content[bounds[0] : bounds[-1]].astype(np.uint64) + np.uint64(1)) * powers[place]
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)])
    return np.asarray(sums[bounds[1:] - bounds[0]] - sums[bounds[:-1] - bounds[0]] + lengths.astype(np.uint64))


class Memory:
    """Keys that were met, each with the value of its first row: sorted runs, each over twice as long as the next.

    Keys are kept in parts by their first bits, so that merging two runs needs room for a small part of all keys only.
    """

    def __init__(self, dtype: Any) -> None:
        self._dtype = np.dtype(dtype)
        self._parts: list[list[tuple[Keys, NDArray[Any]]]] = [[] for _ in range(PARTS)]
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def first(self, keys: Keys, values: NDArray[Any], among: Mask) -> tuple[NDArray[Any], Mask]:
        """Remember the keys of a mask; of each row the value that came first with its key, and whether it is its own.

        Rows outside the mask keep their value and are not remembered.
        """
        rows = np.flatnonzero(among)
        distinct, first, place = np.unique(keys[rows], return_index=True, return_inverse=True)
        known, found = self._look_up(distinct)
        known[~found] = values[rows[first[~found]]]
        self._remember(distinct[~found], known[~found])
        every, new = values.astype(self._dtype), np.zeros(len(keys), np.bool_)
        every[rows] = known[place]
        new[rows[first[~found]]] = True
        return every, new

    def numbered(self, keys: Keys, among: Mask) -> tuple[NDArray[np.int64], Mask]:
        """Number the keys of a mask in the order in which they come, from 0; which rows are the first of their key.

        Rows outside the mask have the number -1 and are not remembered.
        """
        rows = np.flatnonzero(among)
        distinct, first, place = np.unique(keys[rows], return_index=True, return_inverse=True)
        known, found = self._look_up(distinct)
        unknown = np.flatnonzero(~found)
        known[unknown[np.argsort(first[unknown])]] = self._count + np.arange(len(unknown))
        self._remember(distinct[unknown], known[unknown])
        numbers, new = np.full(len(keys), -1, np.int64), np.zeros(len(keys), np.bool_)
        numbers[rows] = known[place]
        new[rows[first[unknown]]] = True
        return numbers, new

    def count(self, keys: Keys) -> NDArray[np.int64]:
        """Which occurrence of its key each row is, over all rows ever counted, from 1."""
        distinct, place, counts = np.unique(keys, return_inverse=True, return_counts=True)
        order = np.argsort(place, kind="stable")
        rank = np.empty(len(keys), np.int64)
        rank[order] = np.arange(len(keys)) - np.repeat(np.cumsum(counts) - counts, counts)
        before, found = self._look_up(distinct, add=counts)
        before[~found] = 0
        self._remember(distinct[~found], counts[~found].astype(self._dtype))
        return np.asarray(before[place] + rank + 1, np.int64)

    def _look_up(self, distinct: Keys, add: NDArray[Any] | None = None) -> tuple[NDArray[Any], Mask]:
        """The values of rising keys, and which of them are known; to those that are something may be added."""
        values, found = np.zeros(len(distinct), self._dtype), np.zeros(len(distinct), np.bool_)
        for runs, part in self._divided(distinct):
            for run, kept in runs:
                place = np.minimum(np.searchsorted(run, distinct[part]), len(run) - 1)
                here = run[place] == distinct[part]
                values[part][here] = kept[place[here]]
                found[part] |= here
                if add is not None:
                    kept[place[here]] += add[part][here].astype(self._dtype)
        return values, found

    def _remember(self, distinct: Keys, values: NDArray[Any]) -> None:
        self._count += len(distinct)
        for runs, part in self._divided(distinct):
            runs.append((distinct[part].copy(), values[part].copy()))
            while len(runs) > 1 and len(runs[-2][0]) <= 2 * len(runs[-1][0]):
                runs.append(_merged(*runs.pop(), *runs.pop()))

    def _divided(self, distinct: Keys) -> Iterator[tuple[list[tuple[Keys, NDArray[Any]]], slice]]:
        """The runs of each part, and where its keys stand among rising ones; parts without any are left out."""
        bounds = [0, *np.searchsorted(distinct, EDGES).tolist(), len(distinct)]
        for runs, start, end in zip(self._parts, bounds[:-1], bounds[1:], strict=True):
            if end > start:
                yield runs, slice(start, end)


def _merged(one: Keys, of_one: NDArray[Any], other: Keys, of_other: NDArray[Any]) -> tuple[Keys, NDArray[Any]]:
    both = np.concatenate([other, one])
    order = np.argsort(both, kind="stable")
    return both[order], np.concatenate([of_other, of_one])[order]
