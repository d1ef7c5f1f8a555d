"""What was found wrong in a file of any length, in a memory of fixed size: counts, and the first places of each."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.findings import Finding, Rule
from ingest.report import in_words

FIRST_PLACES = 6
MOST_REASONS = 20
REASONS = pa.schema([("row", pa.int64()), ("rule", pa.string()), ("reason", pa.string())])


@dataclass(slots=True)
class Entry:
    """One rule broken in one column for one reason: how often, and the first rows and texts."""

    rule: Rule
    reason: str
    column: str | None
    count: int = 0
    rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    texts: list[str] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Count what a finding holds."""
        room = FIRST_PLACES - len(self.rows)
        self.rows = np.concatenate([self.rows, finding.rows[:room]])
        self.texts += finding.texts[:room]
        self.count += len(finding.rows)


class Ledger:
    """The findings of a file by rule, column and reason; a rule with very many reasons has the rest of them in one."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str | None, str], Entry] = {}
        self._reasons: Counter[tuple[str, str | None]] = Counter()

    def add(self, findings: Iterable[Finding]) -> None:
        """Count findings of a part of the file that follows what was counted before."""
        for finding in findings:
            self._entry(finding).add(finding)

    def _entry(self, finding: Finding) -> Entry:
        place = (finding.rule.name, finding.column)
        key = (*place, finding.reason)
        if key not in self._entries:
            if self._reasons[place] >= MOST_REASONS:
                key = (*place, f"– {finding.rule.says}")
            self._reasons[place] += key not in self._entries
        return self._entries.setdefault(key, Entry(finding.rule, key[2], finding.column))

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What was counted, in the order in which it was first met."""
        return tuple(self._entries.values())

    @property
    def broken(self) -> Mapping[str, int]:
        """How often each rule was broken."""
        counts: Counter[str] = Counter()
        for entry in self._entries.values():
            counts[entry.rule.name] += entry.count
        return counts


def rejections(findings: Iterable[Finding]) -> Any:
    """What rejecting rules say of each row, as an Arrow table of rows, rules and reasons in words."""
    rows: list[int] = []
    rules: list[str] = []
    reasons: list[str] = []
    for finding in findings:
        if finding.rule.severity == "reject":
            rows += finding.rows.tolist()
            rules += [finding.rule.name] * len(finding.rows)
            reasons += [in_words(finding, text) for text in finding.texts]
    return pa.table([rows, rules, reasons], schema=REASONS)
