"""Records joined to the rows of another table that they refer to: results to their samples, releases to facilities."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingest.errors import IngestError
from ingest.numbers import trimmed
from ingest.profile import Join
from ingest.readers.base import NO_PARTNER, Batch, BrokenRecord, Opened, line_of
from ingest.readers.matching import matching_columns

BETWEEN = "\x1f"


def joined(main: Opened, join: Join, other: Opened, *, own: tuple[str, ...]) -> Opened:
    """The records of a table with the columns of another one beside theirs; `own` are the headings of its file.

    A record that refers to a row that is not there is broken. Where the reference stands in the file itself, rows of
    the other table to which nothing refers follow as records of their own: a sample without a result is a sample.
    Raises `IngestError` where a column of `on` is missing, and, while reading, where rows of one key differ.
    """
    on = _columns(join, main, other)
    table = join.table.strip("*")
    named = {name: f"{table}.{name}" if name in main.headings else name for name in other.headings}
    added = {new: old for old, new in named.items() if old not in on.values()}
    headings = (*main.headings, *added)
    batches = _Joining(join, on, added, headings, whole=set(on) <= set(own)).batches(main, other)
    units = {**main.units, **{new: other.units[old] for new, old in added.items() if old in other.units}}
    return Opened(headings, batches, (*main.guesses, *other.guesses), units, main.limits, main.crs or other.crs)


def _columns(join: Join, main: Opened, other: Opened) -> Mapping[str, str]:
    here = matching_columns(main.headings, join.on)
    there = matching_columns(other.headings, join.on.values())
    for side, found, headings in (("", here, main.headings), (f" in {join.table}", there, other.headings)):
        for name in join.on if not side else join.on.values():
            if name not in found:
                raise IngestError(f"file.joins: there is no column {name!r}{side}; there are {', '.join(headings)}")
    return {here[mine]: there[theirs] for mine, theirs in join.on.items()}


class _Joining:
    def __init__(
        self, join: Join, on: Mapping[str, str], added: Mapping[str, str], headings: tuple[str, ...], *, whole: bool
    ) -> None:
        self.join, self.on, self.added, self.headings, self.whole = join, on, added, headings, whole

    def batches(self, main: Opened, other: Opened) -> Iterator[Batch]:
        table, keys = self._index(other)
        met = np.zeros(table.num_rows, np.bool_)
        last = 1
        for batch in main.batches:
            last = max((last, *batch.rows[-1:].tolist(), *(record.row for record in batch.broken)))
            yield self._with_partners(batch, table, keys, met)
        if self.whole and not met.all():
            yield self._left_over(table.filter(pa.array(~met)), last)

    def _index(self, other: Opened) -> tuple[Any, Any]:
        schema = pa.schema([(name, pa.string()) for name in other.headings])
        parts = list(other.batches)
        table = pa.Table.from_batches([part.cells for part in parts], schema).combine_chunks()
        rows = np.concatenate([part.rows for part in parts]) if parts else np.empty(0, np.int64)
        keys = _keys(table, tuple(self.on.values()))
        first = pc.index_in(keys, keys).to_numpy(zero_copy_only=False)
        again = np.flatnonzero(first != np.arange(len(first)))
        self._check_same(table, keys, rows, first[again].astype(np.int64), again)
        alone = np.ones(len(first), np.bool_)
        alone[again] = False
        alone &= np.asarray(pc.not_equal(keys, BETWEEN * (len(self.on) - 1)).to_numpy(zero_copy_only=False), np.bool_)
        return table.filter(pa.array(alone)), pc.filter(keys, pa.array(alone))

    def _check_same(
        self, table: Any, keys: Any, rows: NDArray[np.int64], first: NDArray[np.int64], again: NDArray[np.int64]
    ) -> None:
        content = pc.binary_join_element_wise(*(column.combine_chunks() for column in table.columns), BETWEEN)
        same = pc.equal(pc.take(content, pa.array(first)), pc.take(content, pa.array(again)))
        for place in np.flatnonzero(~same.to_numpy(zero_copy_only=False))[:1]:
            key = keys[int(again[place])].as_py().replace(BETWEEN, ", ")
            if key.strip(", "):
                raise IngestError(
                    f"{self.join.table}: rows {rows[first[place]]} and {rows[again[place]]} both describe {key!r} and "
                    "differ; name further columns in file.joins.on, or join the other tables to this one"
                )

    def _with_partners(self, batch: Batch, table: Any, keys: Any, met: NDArray[np.bool_]) -> Batch:
        wanted = _keys(pa.Table.from_batches([batch.cells]), tuple(self.on))
        place = pc.index_in(wanted, keys)
        found = place.is_valid().to_numpy(zero_copy_only=False)
        met[pc.drop_null(place).to_numpy()] = True
        empty = pc.equal(wanted, BETWEEN * (len(self.on) - 1)).to_numpy(zero_copy_only=False)
        partners = [
            pc.fill_null(pc.take(table[name].combine_chunks(), place), "") if table.num_rows else _blank(len(place))
            for name in self.added.values()
        ]
        cells = pa.RecordBatch.from_arrays([*batch.cells.columns, *partners], list(self.headings))
        kept = np.asarray(found | empty, np.bool_)
        lost = tuple(self._lost(batch, int(index), wanted) for index in np.flatnonzero(~kept))
        return Batch(cells.filter(pa.array(kept)), batch.rows[kept], (*batch.broken, *lost))

    def _lost(self, batch: Batch, place: int, wanted: Any) -> BrokenRecord:
        key = wanted[place].as_py().replace(BETWEEN, ", ")
        reason = f"refers to {', '.join(self.on)} {key!r}, which {self.join.table} does not have"
        return BrokenRecord(int(batch.rows[place]), line_of(batch, place), reason, NO_PARTNER)

    def _left_over(self, table: Any, last: int) -> Batch:
        here = {**self.on, **self.added}
        columns = [
            table[here[name]].combine_chunks() if name in here else _blank(table.num_rows) for name in self.headings
        ]
        rows = np.arange(last + 1, last + 1 + table.num_rows, dtype=np.int64)
        return Batch(pa.RecordBatch.from_arrays(columns, list(self.headings)), rows)


def _keys(table: Any, columns: tuple[str, ...]) -> Any:
    texts = [trimmed(table[name].combine_chunks()) for name in columns]
    return pc.binary_join_element_wise(*texts, BETWEEN) if len(texts) > 1 else texts[0]


def _blank(count: int) -> Any:
    return pa.repeat(pa.scalar(""), count)
