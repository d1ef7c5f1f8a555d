"""What every reader gives: batches of cells, each still the text that stands in the file."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.profile import FileOptions

RAGGED, NO_PARTNER, LEFT_OUT = UNREADABLE_RULES = ("ragged-row", "no-partner", "left-out")


@dataclass(frozen=True, slots=True)
class BrokenRecord:
    """A record that cannot be read on: its cells cannot be told apart, or what it refers to is not there."""

    row: int
    text: str
    reason: str
    rule: str = RAGGED


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records: `cells` is an Arrow record batch of strings, `rows` (n,) their rows in the file (heading = 1)."""

    cells: Any
    rows: NDArray[np.int64]
    broken: tuple[BrokenRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose headings are read; `batches` reads on. `guesses` says in words what was not stated.

    `units` and `limits` hold what a row of units and one of limits of detection say, by heading; `crs` is the
    coordinate system of a file that knows its own.
    """

    headings: tuple[str, ...]
    batches: Iterator[Batch]
    guesses: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)
    crs: str | None = None


class Reader(Protocol):
    """A module of this folder."""

    def open_records(self, file: Path, options: FileOptions) -> Opened:
        """Open a file of this format; raises `IngestError` when it is something else."""

    def tables_in(self, file: Path) -> tuple[str, ...]:
        """The names of the tables of a file that can hold several; empty where it is one table."""

    def grid(self, file: Path, options: FileOptions) -> list[list[str]]:
        """The rows of a file as they stand; empty for a format that knows its own headings."""


def text_batch(headings: Sequence[str], numbered: Sequence[tuple[int, Sequence[str]]]) -> Batch:
    """A batch of rows of cells with their numbers."""
    numbers = [number for number, _ in numbered]
    columns = zip(*(row for _, row in numbered), strict=True) if numbered else [()] * len(headings)
    arrays = [pa.array(column, pa.string()) for column in columns]
    return Batch(pa.RecordBatch.from_arrays(arrays, list(headings)), np.array(numbers, dtype=np.int64))


def line_of(batch: Batch, place: int) -> str:
    """A record as one line of delimited text."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(column[place].as_py() for column in batch.cells.columns)
    return line.getvalue()
