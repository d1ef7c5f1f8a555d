"""Several files of one layout as one table: the years of an inventory, the pages of a service, parts of a survey."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from ingest.readers.base import Batch, BrokenRecord, Opened
from ingest.readers.matching import renamed

FILE_NAME, FILE_ROW = "file.name", "file.row"


def as_one(files: Sequence[Path], opened: Sequence[Opened]) -> Opened:
    """The files one below the other, with two more columns that say where in which file a record stands.

    Rows are numbered on from file to file. A column that a file does not have is empty there, and said to be.
    """
    opened = [opened[0], *(renamed(one, opened[0].headings) for one in opened[1:])]
    headings = tuple(dict.fromkeys(name for one in opened for name in one.headings))
    units = {name: unit for one in reversed(opened) for name, unit in one.units.items()}
    limits = {name: limit for one in reversed(opened) for name, limit in one.limits.items()}
    crs = opened[0].crs if len({one.crs for one in opened}) == 1 else None
    return Opened(
        (*headings, FILE_NAME, FILE_ROW),
        _batches(files, opened, headings),
        (*_notes(files, opened, headings),),
        units,
        limits,
        crs,
    )


def _notes(files: Sequence[Path], opened: Sequence[Opened], headings: Sequence[str]) -> Iterator[str]:
    yield f"{len(files)} files, one below the other: {', '.join(file.name for file in files)}"
    for file, one in zip(files, opened, strict=True):
        missing = [name for name in headings if name not in one.headings]
        if missing:
            yield f"{file.name} has no {', '.join(missing)}"
    yield from dict.fromkeys(guess for one in opened for guess in one.guesses)


def _batches(files: Sequence[Path], opened: Sequence[Opened], headings: Sequence[str]) -> Iterator[Batch]:
    above = 0
    for file, one in zip(files, opened, strict=True):
        last = 1
        for batch in one.batches:
            last = max((last, *batch.rows[-1:].tolist(), *(record.row for record in batch.broken)))
            yield _placed(batch, file.name, above, headings)
        above += last - 1


def _placed(batch: Batch, name: str, above: int, headings: Sequence[str]) -> Batch:
    count = len(batch.rows)
    blank = pa.repeat(pa.scalar(""), count)
    there = set(batch.cells.schema.names)
    columns = [batch.cells.column(heading) if heading in there else blank for heading in headings]
    columns += [pa.repeat(pa.scalar(name), count), pa.array(batch.rows.astype(str).tolist(), pa.string())]
    broken = tuple(
        BrokenRecord(record.row + above, record.text, f"(row {record.row} of {name}) {record.reason}", record.rule)
        for record in batch.broken
    )
    cells = pa.RecordBatch.from_arrays(columns, [*headings, FILE_NAME, FILE_ROW])
    return Batch(cells, np.asarray(batch.rows + above, np.int64), broken)
