"""Wide records of several specimens, one below the other: 60 elements in four media are four records of 60 columns."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingest.errors import IngestError
from ingest.profile import Fold
from ingest.readers.base import Batch, Opened


def folded(opened: Opened, fold: Fold) -> Opened:
    """Each record once for each part, with the columns of that part under their bare names and one that names it.

    The parts of a record keep its row. Where nothing stands in any column of a part, there was no such specimen; a
    record without any keeps its first part, so that no row is lost. Raises `IngestError` for a part without columns.
    """
    columns = {affix: _columns(opened, affix) for affix in fold.parts}
    special = {name for names in columns.values() for name in names.values()}
    shared = tuple(name for name in opened.headings if name not in special)
    bare = tuple(dict.fromkeys(name for names in columns.values() for name in names))
    if clash := [name for name in (*bare, fold.column) if name in shared]:
        raise IngestError(f"file.fold: there is a column {clash[0]!r} already")
    headings = (*shared, *bare, fold.column)
    units = {name: opened.units[name] for name in shared if name in opened.units}
    for names in columns.values():
        units |= {new: opened.units[old] for new, old in names.items() if old in opened.units}
    return replace(opened, headings=headings, batches=_batches(opened, fold, columns, headings), units=units)


def _columns(opened: Opened, affix: str) -> Mapping[str, str]:
    """The columns of a part by their bare names."""
    found = {_bare(name, affix): name for name in opened.headings if _bare(name, affix)}
    if not found:
        raise IngestError(
            f"file.fold: no heading begins or ends with {affix!r}; there are {', '.join(opened.headings)}"
        )
    return found


def _bare(heading: str, affix: str) -> str:
    if heading.startswith(affix):
        return heading.removeprefix(affix)
    return heading.removesuffix(affix) if heading.endswith(affix) else ""


def _batches(
    opened: Opened, fold: Fold, columns: Mapping[str, Mapping[str, str]], headings: tuple[str, ...]
) -> Iterator[Batch]:
    for batch in opened.batches:
        parts = [_part(batch, fold, affix, names, headings) for affix, names in columns.items()]
        filled = [_filled(batch, names) for names in columns.values()]
        filled[0] |= ~np.logical_or.reduce(filled)
        broken = batch.broken
        for cells, there in zip(parts, filled, strict=True):
            yield Batch(cells.filter(pa.array(there)), batch.rows[there], broken)
            broken = ()


def _part(batch: Batch, fold: Fold, affix: str, names: Mapping[str, str], headings: tuple[str, ...]) -> Any:
    count = len(batch.rows)
    there = {name: batch.cells.column(name) for name in batch.cells.schema.names}
    there |= {new: there[old] for new, old in names.items()}
    there[fold.column] = pa.repeat(pa.scalar(fold.parts[affix]), count)
    blank = pa.repeat(pa.scalar(""), count)
    own = {*names, fold.column} | (set(headings) & set(batch.cells.schema.names))
    return pa.RecordBatch.from_arrays([there[name] if name in own else blank for name in headings], list(headings))


def _filled(batch: Batch, names: Mapping[str, str]) -> NDArray[np.bool_]:
    filled = np.zeros(len(batch.rows), np.bool_)
    for name in names.values():
        filled |= np.asarray(pc.not_equal(batch.cells.column(name), "").to_numpy(zero_copy_only=False), np.bool_)
    return filled
