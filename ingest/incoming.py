"""A file on its way into the tables, of samples or of sources: read once, stored once, counted all the while."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from db import tables
from ingest.beside import Beside
from ingest.contaminants import shipped_contaminants
from ingest.copying import copy_rows
from ingest.derived import Sums
from ingest.findings import Noted, misplaced_rows
from ingest.harmonise import Chunk, Progress, Survey
from ingest.ledger import rejections
from ingest.profile import Profile
from ingest.quality.storing import store_controls
from ingest.sources import read_sources
from ingest.storing import Destination, SampleStore
from ingest.tally import SampleTally, SourceTally
from ingest.tally.contents import Content
from ingest.whereabouts import Inside

OF_SOURCE = ("code", "name", "sector", "sector_original", "diffuse", "status", "status_since", "geom")


class Incoming(Protocol):
    """What was read from a file; counts, findings and content are complete once it is stored."""

    kind: ClassVar[str]
    rows_in: int
    loaded: int
    duplicates: int
    stored: int
    """How many rows of all tables together."""
    measurements: Counter[str]
    """How many values by contaminant (or by pollutant, where that is none)."""

    @property
    def above(self) -> Mapping[str, int]:
        """Of several files that are read as one, how many rows are counted above each."""

    @property
    def most(self) -> Mapping[str, int]:
        """By table, how many rows may have to be stored."""

    @property
    def findings(self) -> Sequence[Noted]:
        """What was found wrong or doubtful."""

    @property
    def rejections(self) -> Iterable[tuple[Any, ...]]:
        """For each batch of the file what rejecting rules said, as `write_rejected` wants it."""

    @property
    def content(self) -> Content:
        """What was loaded, summed up."""

    @property
    def controls(self) -> Mapping[str, int]:
        """How many rows are controls of the laboratory, by kind."""

    def store(self, connection: Connection, destination: Destination) -> None:
        """Store all that can be used; raises `IngestError` where that is nothing."""

    def conclude(self, connection: Connection, dataset: int) -> None:
        """Store what belongs to the dataset as a whole, once it is there."""

    def review(self) -> None:
        """Find what is wrong without storing anything."""


class IncomingSamples:
    """A file of samples."""

    kind: ClassVar[str] = "samples"

    def __init__(
        self,
        file: Path,
        profile: Profile,
        progress: Progress | None = None,
        area: Inside | None = None,
        beside: Beside | None = None,
    ) -> None:
        self._survey = Survey(file, profile, shipped_contaminants(), progress, area, beside)
        self._beside = beside is not None
        wanted = profile.measurements.sums if profile.measurements else ()
        self._sums = Sums(wanted, profile.quality_rules)
        self._tally = SampleTally()
        self.rows_in, self.duplicates, self.loaded = self._survey.rows_in, self._survey.duplicates, 0
        self.stored = 0
        self.measurements: Counter[str] = Counter()

    @property
    def above(self) -> Mapping[str, int]:
        """Of several files that are read as one, how many rows are counted above each."""
        return self._survey.above

    @property
    def most(self) -> Mapping[str, int]:
        """By table, how many rows may have to be stored."""
        return {"site": self.rows_in, "specimen": self.rows_in, "measurement": self._survey.values}

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

    @property
    def controls(self) -> Mapping[str, int]:
        """How many rows are controls of the laboratory, by kind."""
        results = self._survey.controls
        if results is None or not results.num_rows:
            return {}
        rows = results.group_by("kind").aggregate([("row", "count_distinct")]).sort_by("kind")
        return dict(zip(rows["kind"].to_pylist(), rows["row_count_distinct"].to_pylist(), strict=True))

    def store(self, connection: Connection, destination: Destination) -> None:
        """Store all that can be used; raises `IngestError` where that is nothing."""
        store = SampleStore(destination)
        for chunk in self.chunks():
            store.store(connection, chunk)

    def chunks(self) -> Iterator[Chunk]:
        """What is to be stored, counted as it is taken."""
        for chunk in self._survey.chunks():
            yield chunk
            self._count(chunk)
        self.loaded = self._survey.loaded

    def review(self) -> None:
        """Find what is wrong without storing anything."""
        for _ in self.chunks():
            pass

    def conclude(self, connection: Connection, dataset: int) -> None:
        """Store the controls of the laboratory, and the sums of what was measured."""
        store_controls(connection, dataset, self._survey.controls, beside=self._beside)
        self._sums.store(connection, dataset)
        self._survey.ledger.add(self._sums.findings())
        self.measurements.update(self._sums.made)

    def _count(self, chunk: Chunk) -> None:
        self.stored += sum(rows.num_rows for rows in (chunk.sites, chunk.specimens, chunk.measurements))
        counted = pc.value_counts(chunk.measurements["contaminant"])
        self.measurements.update({entry["values"]: entry["counts"] for entry in counted.to_pylist()})
        none = chunk.measurements.slice(0, 0)
        here = SampleTally.of(chunk.specimens, none, doubted=chunk.flagged, rejected=chunk.lost)
        values = SampleTally.of_measurements(chunk.records, chunk.measurements)
        self._tally = self._tally.merge(here).merge(values)


class IncomingSources:
    """A file of pollution sources."""

    kind: ClassVar[str] = "sources"

    def __init__(self, file: Path, profile: Profile, _: Progress | None = None, area: Inside | None = None) -> None:
        self._inventory = read_sources(file, profile, shipped_contaminants(), area)
        self.rows_in, self.loaded = self._inventory.rows_in, self._inventory.loaded
        self.duplicates = self._inventory.duplicates
        self.stored = sum(self.most.values())
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

    @property
    def above(self) -> Mapping[str, int]:
        """Of several files that are read as one, how many rows are counted above each."""
        return self._inventory.above

    @property
    def controls(self) -> Mapping[str, int]:
        """An inventory has none."""
        return {}

    @property
    def most(self) -> Mapping[str, int]:
        """By table, how many rows have to be stored."""
        return {"source": self._inventory.sources.num_rows, "release": self._inventory.releases.num_rows}

    def store(self, connection: Connection, destination: Destination) -> None:
        """Store the sources and what they release."""
        sources, releases = self._inventory.sources, self._inventory.releases
        count = sources.num_rows
        stored = {
            "id": destination.first_ids["source"] + np.arange(count),
            "dataset_id": np.full(count, destination.dataset),
            "source_row": sources["row"],
            **{name: sources[name] for name in OF_SOURCE},
        }
        copy_rows(connection, tables.source, pa.table(stored), into=destination.into["source"])
        if releases.num_rows:
            released = {name: releases[name] for name in releases.column_names if name not in ("record", "row")}
            released |= {
                "id": destination.first_ids["release"] + np.arange(releases.num_rows),
                "source_id": destination.first_ids["source"] + releases["record"].to_numpy(),
                "source_row": releases["row"],
            }
            copy_rows(connection, tables.release, pa.table(released), into=destination.into["release"])

    def review(self) -> None:
        """An inventory is checked while it is read."""

    def conclude(self, connection: Connection, dataset: int) -> None:
        """An inventory has nothing beside its rows."""


def _released(releases: Any) -> Counter[str]:
    if not releases.num_rows:
        return Counter()
    return Counter(pc.coalesce(releases["contaminant_id"], releases["pollutant"]).to_pylist())
