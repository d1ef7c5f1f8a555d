"""Keys of rows and the memory of them, against dictionaries of Python."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ingest.hashing import Memory, keys_of

CELLS = st.tuples(
    st.none() | st.text(max_size=6),
    st.none() | st.sampled_from([0.0, -0.0, 1.5, 2.0**53]),
    st.none() | st.dates(dt.date(2000, 1, 1), dt.date(2000, 1, 5)),
)


def columns(rows: list[tuple[object, ...]]) -> list[pa.Array]:
    kinds = (pa.string(), pa.float64(), pa.date32())
    return [pa.array([row[place] for row in rows], kind) for place, kind in enumerate(kinds)]


@given(st.lists(CELLS, min_size=1, max_size=40))
def test_rows_have_the_same_key_exactly_when_they_are_equal(rows: list[tuple[object, ...]]) -> None:
    keys = keys_of(columns(rows), len(rows))
    for one, row in enumerate(rows):
        for other, same in enumerate(rows):
            assert (keys[one] == keys[other]) == (row == same)


def test_where_a_text_ends_matters() -> None:
    texts = [("a", "bc"), ("ab", "c"), ("abc", ""), ("", "abc"), ("a\0", "bc"), ("a", "\0bc"), (None, "abc")]
    keys = keys_of([pa.array([text[side] for text in texts]) for side in (0, 1)], len(texts))
    assert len(set(keys.tolist())) == len(texts)


def test_parts_of_columns_have_the_keys_of_the_whole() -> None:
    column = pa.array([f"cell {number}" * (number % 9) for number in range(60_000)] + ["x" * (1 << 20), None])
    keys = keys_of([column], len(column))
    np.testing.assert_array_equal(keys_of([column[7:500]], 493), keys[7:500])
    np.testing.assert_array_equal(keys_of([pa.chunked_array([column[:50], column[50:]])], len(column)), keys)
    assert len(np.unique(keys)) == len(set(column.to_pylist()))


few = st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=60)


@given(few, st.lists(st.integers(0, 60), max_size=4))
def test_the_memory_is_a_dictionary(rows: list[tuple[int, bool]], cuts: list[int]) -> None:
    keys = np.array([key for key, _ in rows], np.uint64)
    among = np.array([chosen for _, chosen in rows], np.bool_)
    places = np.arange(len(rows), dtype=np.uint64)
    numbers, firsts, counts = Memory(np.int32), Memory(np.uint64), Memory(np.int32)
    known: dict[int, tuple[int, int]] = {}
    counted: dict[int, int] = {}
    for start, end in pairwise(sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})):
        part = slice(start, end)
        numbered, new = numbers.numbered(keys[part], among[part])
        first, own = firsts.first(keys[part], places[part], among[part])
        count = counts.count(keys[part])
        for here, (key, chosen) in enumerate(rows[part]):
            counted[key] = counted.get(key, 0) + 1
            assert count[here] == counted[key]
            fresh = chosen and key not in known
            if fresh:
                known[key] = (len(known), start + here)
            assert new[here] == own[here] == fresh
            assert numbered[here] == (known[key][0] if chosen else -1)
            assert first[here] == (known[key][1] if chosen else start + here)
    assert len(numbers) == len(known)
