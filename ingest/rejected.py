"""The rejected rows as a file of their own: the original cells, and beside them where they stood and what is wrong."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.errors import IngestError
from ingest.inert import as_written, inert
from ingest.profile import FileOptions
from ingest.readers import open_file
from ingest.readers.base import Batch, Opened

NOTES = ("rejected_from", "rejected_row", "rejected_rules", "rejected_reason")


def write_rejected(target: Path, file: Path, options: FileOptions, rejections: Iterable[tuple[Any, ...]]) -> None:
    """Write one line per row of which something was rejected: file, row, rules and reasons, then the row as it stands.

    `rejections` holds for each batch of the file, in their order, what `ingest.ledger.rejections` says of its rows. The
    cells come last and under their own headings, so that a corrected line can be put back into the file.
    """
    opened = open_file(file, options)
    with target.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow([*NOTES, *map(inert, opened.headings)])
        for batch, (rejected,) in zip(opened.batches, rejections, strict=False):
            reasons = _by_row(rejected)
            for row, cells in sorted(_records(batch, reasons)):
                rules, sentences = zip(*reasons[row], strict=True)
                notes = (inert(file.name), row, " ".join(dict.fromkeys(rules)), inert("; ".join(sentences)))
                writer.writerow([*notes, *map(inert, cells)])


def is_rejected(file: Path) -> bool:
    """Whether `write_rejected` wrote the file, which somebody may have corrected since."""
    if file.suffix.lower() != ".csv" or not file.is_file():
        return False
    with file.open("rb") as handle:
        first = handle.read(len(NOTES) * 24).replace(b'"', b"")
    return all(name.encode() in first for name in NOTES)


def options_of_rejected(file: Path, options: FileOptions) -> FileOptions:
    """How a file of rejected rows is written, whatever the file was that they come from.

    Raises `IngestError` where that file held units or limits in a row of their own, which the rejected rows lack.
    """
    if options.unit_row or options.lod_row:
        raise IngestError(
            f"{file.name} holds rejected rows of a file with units or limits in a row of their own; "
            "put the corrected rows back into that file and load it"
        )
    kept = {name: getattr(options, name) for name in ("decimal", "thousands", "blank")}
    return FileOptions(format="csv", **kept)


def as_first_given(file: Path, opened: Opened) -> Opened:
    """Rejected rows under the numbers that they had in their file; anything else as it is."""
    if not set(NOTES) <= set(opened.headings):
        return opened
    headings = tuple(as_written(name) for name in opened.headings if name not in NOTES)
    return replace(opened, headings=headings, batches=(_first_given(file, batch) for batch in opened.batches))


def _first_given(file: Path, batch: Batch) -> Batch:
    texts = batch.cells.column("rejected_row").to_pylist()
    for row, text in zip(batch.rows.tolist(), texts, strict=True):
        if not text.strip().isdecimal():
            raise IngestError(f"{file.name}, row {row}: rejected_row must stay the number of a row, not {text!r}")
    cells = batch.cells.drop_columns(list(NOTES))
    columns = [pa.array(map(as_written, column.to_pylist()), pa.string()) for column in cells.columns]
    cells = pa.RecordBatch.from_arrays(columns, list(map(as_written, cells.schema.names)))
    return replace(batch, cells=cells, rows=np.array(texts, dtype=np.int64))


def _by_row(rejected: Any) -> dict[int, list[tuple[str, str]]]:
    reasons: dict[int, list[tuple[str, str]]] = {}
    for row, rule, reason in zip(*(column.to_pylist() for column in rejected.columns), strict=True):
        reasons.setdefault(row, []).append((rule, reason))
    return reasons


def _records(batch: Batch, reasons: dict[int, list[tuple[str, str]]]) -> Iterator[tuple[int, list[str]]]:
    # as many cells as there are headings, or the row could not be read once it is corrected
    rest = [""] * (batch.cells.num_columns - 1)
    yield from ((broken.row, [broken.text, *rest]) for broken in batch.broken if broken.row in reasons)
    for place, row in enumerate(batch.rows.tolist()):
        if row in reasons:
            yield row, [str(column[place]) for column in batch.cells.columns]
