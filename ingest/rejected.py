"""The rejected rows as a file of their own: the original cells, and beside them where they stood and what is wrong."""

import csv
from collections.abc import Iterable
from pathlib import Path

from ingest.findings import Finding
from ingest.profile import FileOptions
from ingest.readers import open_file
from ingest.readers.base import Batch

NOTES = ("rejected_file", "rejected_row", "rejected_column", "rejected_rule", "rejected_text", "rejected_reason")


def write_rejected(target: Path, file: Path, options: FileOptions, findings: Iterable[Finding]) -> None:
    """Write one line per rejected row or value: file, row, column, rule, text and reason, then the row as it stands.

    The cells come last and under their own headings, so that a corrected line can be put back into the file. When
    nothing was rejected, no file is written, and one that an earlier load left there goes.
    """
    reasons = _by_row(findings)
    if not reasons:
        target.unlink(missing_ok=True)
        return
    opened = open_file(file, options)
    with target.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow([*NOTES, *opened.headings])
        for batch in opened.batches:
            for row, cells in _rows_with_reasons(batch, reasons):
                writer.writerows([file.name, row, *reason, *cells] for reason in reasons[row])


def _by_row(findings: Iterable[Finding]) -> dict[int, list[tuple[str, str, str, str]]]:
    reasons: dict[int, list[tuple[str, str, str, str]]] = {}
    for finding in findings:
        if finding.rule.severity == "reject":
            for row, text in zip(finding.rows.tolist(), finding.texts, strict=True):
                reason = (finding.column or "", finding.rule.name, text, finding.reason)
                reasons.setdefault(row, []).append(reason)
    return reasons


def _rows_with_reasons(
    batch: Batch, reasons: dict[int, list[tuple[str, str, str, str]]]
) -> list[tuple[int, list[str]]]:
    found = [(broken.row, [broken.text]) for broken in batch.broken if broken.row in reasons]
    for place, row in enumerate(batch.rows.tolist()):
        if row in reasons:
            found.append((row, [str(column[place]) for column in batch.cells.columns]))
    return sorted(found)
