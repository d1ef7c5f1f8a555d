"""The rejected rows as a file of their own: the original cells, and beside them where they stood and what is wrong."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ingest.errors import IngestError
from ingest.inert import inert
from ingest.profile import FileOptions
from ingest.readers import open_file
from ingest.readers.base import Batch

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


def refuse_rejected(file: Path, options: FileOptions) -> None:
    """Raise `IngestError` for a file that `write_rejected` wrote: alone it would replace the dataset it came from."""
    if set(NOTES) <= set(open_file(file, options).headings):
        raise IngestError(
            f"{file.name} holds rejected rows, and loading it would replace all others of its dataset; "
            "put the corrected rows back into the file they came from and load that"
        )


def _by_row(rejected: Any) -> dict[int, list[tuple[str, str]]]:
    reasons: dict[int, list[tuple[str, str]]] = {}
    for row, rule, reason in zip(*(column.to_pylist() for column in rejected.columns), strict=True):
        reasons.setdefault(row, []).append((rule, reason))
    return reasons


def _records(batch: Batch, reasons: dict[int, list[tuple[str, str]]]) -> Iterator[tuple[int, list[str]]]:
    yield from ((broken.row, [broken.text]) for broken in batch.broken if broken.row in reasons)
    for place, row in enumerate(batch.rows.tolist()):
        if row in reasons:
            yield row, [str(column[place]) for column in batch.cells.columns]
