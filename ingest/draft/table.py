"""The first records of an unknown file, column by column: texts, numbers, days and angles."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.angles import read_angles
from ingest.dates import span
from ingest.draft.words import meaning_score
from ingest.errors import IngestError
from ingest.numbers import ANY_NUMBER, Marks, State, read_numbers, trimmed
from ingest.profile import FileOptions
from ingest.readers.base import Opened

CENSORED = (
    rf"(?:[<>≤≥~]\s*{ANY_NUMBER}|{ANY_NUMBER}\s*[-–]\s*{ANY_NUMBER}|n\.?\s?[dаqn]\.?|b\.?\s?d\.?\s?l?\.?|bld|tr\.?|trace|"
    r"-|--|\*|nn|k\.?\s?a\.?|u\.?\s?b\.?|<\s*(?:lod|loq|dl|ld|lq|mdl|rl|nwg|bg|nd)|н/?о|не обн\.?|未检出|nan|n\.?a\.?)"
)
# numbers that stand for nothing in many surveys
SENTINELS: tuple[str, ...] = (
    "-9999",
    "-999",
    "-99",
    "-88",
    "-9999.0",
    "-999.0",
    "-99.0",
    "9999",
    "99999",
    "-99999",
    "-1e+32",
    "-9999.99",
)
FORMATS = (
    *("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%d-%b-%Y", "%d-%b-%y"),
    *("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%Y%m%d", "%m.%Y", "%m/%Y", "%Y.%m.%d", "%Y年%m月%d日", "%Y", "%d %b %Y"),
    *("%d %B %Y", "%B %d, %Y", "%b %Y"),
)
MOSTLY, MIXED = 0.9, 0.3
MOST_RECORDS = 20_000


@dataclass(frozen=True, slots=True)
class Table:
    """A table of n records: texts by heading, numbers of the columns where most texts are, and how they are written.

    `mixed` has the columns of numbers too in which words stand for many of them, such as what was not detected.
    """

    headings: tuple[str, ...]
    texts: dict[str, Any]
    numbers: dict[str, Any]
    mixed: dict[str, Any]
    marks: Marks
    crs: str | None
    units: dict[str, str] = field(default_factory=dict)
    guesses: tuple[str, ...] = ()

    def find(self, meaning: str, taken: Iterable[str] = (), *, numeric: bool = False) -> str | None:
        """The column whose heading says a meaning best and which is not taken yet; the first among equals."""
        free = [name for name in self.headings if name not in taken and (name in self.numbers or not numeric)]
        scored = [(meaning_score(name, meaning), -place, name) for place, name in enumerate(free)]
        best = max(scored, default=(0, 0, ""))
        return best[2] if best[0] else None

    def is_unique(self, name: str) -> bool:
        """Whether no text of the column stands twice."""
        written = self.written(name)
        return bool(len(written)) and pc.count_distinct(written).as_py() == len(written)

    def written(self, name: str) -> Any:
        """What stands in a column, without the cells in which nothing does."""
        column = self.texts[name]
        return column.filter(pc.not_equal(column, ""))

    def distinct(self, name: str) -> list[str]:
        """The different texts of a column, the most frequent first."""
        counts = pc.value_counts(self.written(name)).to_pylist()
        return [entry["values"] for entry in sorted(counts, key=lambda entry: -entry["counts"])]

    def holds(self, name: str, pattern: str) -> int:
        """How many texts of a column hold a pattern."""
        found = pc.match_substring_regex(self.texts[name], pattern, ignore_case=True)
        return int(pc.sum(found).as_py() or 0)

    def angles(self, name: str, axis: str) -> Any:
        """A column as degrees, NaN where it is none."""
        return read_angles(self.texts[name], self.marks, axis, {"O": "W"}).values

    def days(self, name: str) -> tuple[str, ...]:
        """The formats in which nearly every text of a column is a date; the likeliest first."""
        texts = self.distinct(name)[:500]
        if texts and all(span(text, None) is not None for text in texts):
            return (FORMATS[0],)
        found = [
            (sum(span(text, written) is not None for text in texts), -place, written)
            for place, written in enumerate(FORMATS)
        ]
        enough = sorted((entry for entry in found if texts and entry[0] >= MOSTLY * len(texts)), reverse=True)
        return tuple(written for _, _, written in enough)


def table_of(opened: Opened) -> Table:
    """The first records of a file; raises `IngestError` where there are none."""
    parts, count = [], 0
    for batch in opened.batches:
        parts.append(batch.cells)
        count += len(batch.rows)
        if count >= MOST_RECORDS:
            break
    if not count:
        raise IngestError("there are no rows to draft a profile from")
    cells = pa.Table.from_batches(parts).combine_chunks()
    texts = {name: trimmed(cells[name].combine_chunks()) for name in opened.headings}
    marks = marks_in(texts.values())
    read = {name: _numbers(column, marks) for name, column in texts.items()}
    numbers, mixed = (
        {name: values for name, (values, share) in read.items() if share > least} for least in (MOSTLY, MIXED)
    )
    return Table(opened.headings, texts, numbers, mixed, marks, opened.crs, dict(opened.units), opened.guesses)


def marks_in(columns: Iterable[Any]) -> Marks:
    """The decimal mark that most numbers with a mark have."""
    texts = list(columns)
    commas, points = (
        sum(
            int(pc.sum(pc.match_substring_regex(column, rf"^[<>~]?\s*-?\d+{mark}\d+$")).as_py() or 0)
            for column in texts
        )
        for mark in (",", r"\.")
    )
    return Marks("," if commas > points else ".", None, (*FileOptions().blank, *SENTINELS))


def _numbers(column: Any, marks: Marks) -> tuple[Any, float]:
    """The numbers of a column, and the share of its texts that are one or a value below or above a limit."""
    read = read_numbers(column, marks)
    written = read.state != State.BLANK
    numeric = read.state == State.NUMBER
    censored = pc.match_substring_regex(column, f"^{CENSORED}$", ignore_case=True).to_numpy(zero_copy_only=False)
    usable = numeric | np.asarray(censored, np.bool_)
    return read.values, float(usable[written].mean()) if written.any() else 0.0


def sentinels_in(table: Table, columns: Sequence[str]) -> list[str]:
    """The numbers that stand for nothing, as they stand in some columns."""
    found = [text for name in columns for text in SENTINELS if table.holds(name, rf"^{re.escape(text)}$")]
    return list(dict.fromkeys(found))
