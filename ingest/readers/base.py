"""What every reader gives: batches of cells, each still the text that stands in the file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.profile import FileOptions


@dataclass(frozen=True, slots=True)
class BrokenRecord:
    """A record whose cells cannot be told apart."""

    row: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records: `cells` is an Arrow record batch of strings, `rows` (n,) their rows in the file (heading = 1)."""

    cells: Any
    rows: NDArray[np.int64]
    broken: tuple[BrokenRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose headings are read; `batches` reads on. `guesses` says in words what was not stated.

    `units` holds what a row of units says, by heading; `crs` the coordinate system of a file that knows its own.
    """

    headings: tuple[str, ...]
    batches: Iterator[Batch]
    guesses: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    crs: str | None = None


class Reader(Protocol):
    """A module of this folder."""

    def open_records(self, file: Path, options: FileOptions) -> Opened:
        """Open a file of this format; raises `IngestError` when it is something else."""
