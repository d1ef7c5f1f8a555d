"""A file on its way into the tables, of samples or of sources: read once, stored once, counted all the while."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from db import tables
from ingest.contaminants import shipped_contaminants
from ingest.copying import copy_rows, reserve_ids
from ingest.derived import Sums
from ingest.findings import Noted, misplaced_rows
from ingest.harmonise import Chunk, Progress, Survey
from ingest.ledger import rejections
from ingest.profile import Profile
from ingest.quality.storing import store_controls
from ingest.sources import read_sources
from ingest.storing import SampleStore
from ingest.tally import SampleTally, SourceTally
from ingest.tally.contents import Content

OF_SOURCE = ("code", "name", "sector", "sector_original", "diffuse", "geom")


class Incoming(Protocol):
    """What was read from a file; counts, findings and content are complete once it is stored."""

    rows_in: int
    loaded: int
    duplicates: int
    measurements: Counter[str]
    """How many values by contaminant (or by pollutant, where that is none)."""

    @property
    def findings(self) -> Sequence[Noted]:
        """What was found wrong or doubtful."""

    @property
    def rejections(self) -> Iterable[tuple[Any, ...]]:
        """For each batch of the file what rejecting rules said, as `write_rejected` wants it."""

    @property
    def content(self) -> Content:
        """What was loaded, summed up."""

    def store(self, connection: Connection, dataset: int) -> None:
        """Append all that can be used; raises `IngestError` where that is nothing."""


class IncomingSamples:
    """A file of samples."""

    def __init__(self, file: Path, profile: Profile, progress: Progress | None = None) -> None:
        self._survey = Survey(file, profile, shipped_contaminants(), progress)
        self._crs = profile.position.crs
        wanted = profile.measurements.sums if profile.measurements else ()
        self._sums = Sums(wanted, profile.quality_rules)
        self._tally = SampleTally()
        self.rows_in, self.duplicates, self.loaded = self._survey.rows_in, self._survey.duplicates, 0
        self.measurements: Counter[str] = Counter()

    @property
    def findings(self) -> Sequence[Noted]:
        """What was found wrong or doubtful."""
        return self._survey.ledger.entries

    @property
    def rejections(self) -> Iterable[tuple[Any, ...]]:
        """For each batch of the file what rejecting rules said."""
        return self._survey.rejections

    @property
    def content(self) -> Content:
        """What was loaded, summed up."""
        return self._tally.summary()

    def store(self, connection: Connection, dataset: int) -> None:
        """Append all that can be used; raises `IngestError` where that is nothing."""
        store = SampleStore(connection, dataset, self._crs, shared=self._survey.shares_specimens)
        for chunk in self._survey.chunks():
            store.store(chunk)
            self._count(chunk)
        store_controls(connection, dataset, self._survey.controls)
        self._sums.store(connection, dataset)
        self._survey.ledger.add(self._sums.findings())
        self.measurements.update(self._sums.made)
        self.loaded = self._survey.loaded

    def _count(self, chunk: Chunk) -> None:
        counted = pc.value_counts(chunk.measurements["contaminant"])
        self.measurements.update({entry["values"]: entry["counts"] for entry in counted.to_pylist()})
        none = chunk.measurements.slice(0, 0)
        here = SampleTally.of(chunk.specimens, none, doubted=chunk.flagged, rejected=chunk.lost)
        values = SampleTally.of_measurements(chunk.records, chunk.measurements)
        self._tally = self._tally.merge(here).merge(values)


class IncomingSources:
    """A file of pollution sources."""

    def __init__(self, file: Path, profile: Profile, _: Progress | None = None) -> None:
        self._inventory = read_sources(file, profile, shipped_contaminants())
        self.rows_in, self.loaded = self._inventory.rows_in, self._inventory.loaded
        self.duplicates = self._inventory.duplicates
        self.measurements = _released(self._inventory.releases)

    @property
    def findings(self) -> Sequence[Noted]:
        """What was found wrong or doubtful."""
        return self._inventory.findings

    @property
    def rejections(self) -> Iterable[tuple[Any, ...]]:
        """What rejecting rules said of the whole file, for each of its batches."""
        return repeat((rejections(self._inventory.findings),))

    @property
    def content(self) -> Content:
        """What was loaded, summed up."""
        found = self._inventory
        doubted = misplaced_rows(found.findings)
        return SourceTally.of(found.sources, found.releases, doubted=doubted, rejected=found.rejected).summary()

    def store(self, connection: Connection, dataset: int) -> None:
        """Append the sources and what they release."""
        sources, releases = self._inventory.sources, self._inventory.releases
        ids = reserve_ids(connection, tables.source, sources.num_rows)
        stored = {
            "id": ids,
            "dataset_id": np.full(len(ids), dataset),
            "source_row": sources["row"],
            **{name: sources[name] for name in OF_SOURCE},
        }
        copy_rows(connection, tables.source, pa.table(stored))
        if releases.num_rows:
            released = {name: releases[name] for name in releases.column_names if name not in ("record", "row")}
            copy_rows(
                connection, tables.release, pa.table({**released, "source_id": ids[releases["record"].to_numpy()]})
            )


def _released(releases: Any) -> Counter[str]:
    if not releases.num_rows:
        return Counter()
    return Counter(pc.coalesce(releases["contaminant_id"], releases["pollutant"]).to_pylist())
