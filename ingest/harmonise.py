"""From batches of cells to specimens and measurements, chunk by chunk, every row of which is accounted for.

A file is read once: each batch is checked row by row and against what came before it, the lessons that need the whole
file learn from it, and it is put aside. Then the chunks come back in their order, are judged by what was learnt, and
go to who stores them. Nothing grows with the file but keys of 64 bits.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.beside import Beside
from ingest.contaminants import Contaminants
from ingest.errors import IngestError
from ingest.findings import misplaced_rows, ruled
from ingest.hashing import Memory, keys_of
from ingest.knowledge import Lesson, lessons_for
from ingest.ledger import Ledger, rejections
from ingest.measurements import read_measurements, series_of
from ingest.numbers import Mask
from ingest.places import rows_above
from ingest.profile import Measurements, Profile, Specimen
from ingest.quality.lesson import LaboratoryControls
from ingest.readers import files_of
from ingest.readers.base import Batch
from ingest.records import open_sheets
from ingest.report import RefusedError, problems_of
from ingest.rows import Judged, Rows
from ingest.sheet import Sheet
from ingest.specimens import read_specimens
from ingest.spill import Spill
from ingest.suspicions import suspicions_for
from ingest.whereabouts import Inside

Progress = Callable[[int, int], None]
# about how the time of a load falls to reading the file, storing its rows, and making their indexes
READING, STORING, WHOLE = 2, 2, 5


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Rows that are stored together, as Arrow tables.

    Specimens and sites are numbered over the whole file in the order in which they are stored: `sites` and `specimens`
    begin with the numbers `first_site` and `first_specimen`, `specimens` name their site and `measurements` their
    specimen by number, which may be one of an earlier chunk. `flagged` holds file rows whose position is in doubt,
    `lost` the longitudes and latitudes of rows that are not stored. `records` are all rows of the chunk, to which
    `record` of a measurement points.
    """

    first_site: int
    first_specimen: int
    sites: Any
    specimens: Any
    measurements: Any
    records: Any
    flagged: NDArray[np.int64]
    lost: tuple[NDArray[np.float64], NDArray[np.float64]]


class Survey:
    """A file of samples that has been read once; its `chunks` can be taken once.

    `area` is where the profile says that the survey was made, as `stated_area` finds it.
    The counts and the ledger are complete when the last chunk was taken. Raises `IngestError` when nothing in the file
    can be loaded: while reading, or at the last chunk.
    """

    def __init__(
        self,
        file: Path,
        profile: Profile,
        contaminants: Contaminants,
        progress: Progress | None = None,
        area: Inside | None = None,
        beside: Beside | None = None,
    ) -> None:
        specimen, measured = profile.specimen, profile.measurements
        if specimen is None or measured is None:
            raise IngestError(f"the profile of {profile.dataset.name!r} describes sources, not samples")
        self.file, self.ledger = file, Ledger()
        self.rows_in = self.loaded = self.duplicates = self.values = self.measured = 0
        self.rejections = Spill()
        self.above: dict[str, int] = {}
        self._measured = measured
        self._own_sites = specimen.site is not None and specimen.site != specimen.code
        self._rules = profile.quality_rules
        self._controls = LaboratoryControls(profile, specimen, measured, contaminants)
        self._lessons = (*lessons_for(measured), self._controls)
        self._suspicions = suspicions_for(specimen)
        self._aside = Spill()
        reading = _Reading(profile, specimen, measured, contaminants, self._lessons, area)
        self._beside = beside is not None
        if beside is not None:
            reading.begin_beside(beside)
            self._controls.hold(beside.controls)
        self._tell: Progress = progress or (lambda _done, _of: None)
        self._read(reading, profile)

    def _read(self, reading: "_Reading", profile: Profile) -> None:
        sheets, guesses = open_sheets(self.file, profile)
        self.ledger.add(guesses)
        done, size = 0, sum(part.stat().st_size for part in files_of(self.file, profile.file))
        for batches, sheet in enumerate(sheets, start=1):  # noqa: B007 - how many there were is told later
            self.above |= rows_above(sheet.batch)
            rows = reading.rows_of(self._controls.take(sheet))
            self.rows_in += len(sheet.rows) + len(sheet.batch.broken)
            self.duplicates += int(np.count_nonzero(rows.repeated))
            self.values += rows.measurements.num_rows
            self.ledger.add(rows.findings)
            for suspicion in self._suspicions:
                suspicion.look(rows.specimens, rows.alive, rows.measurements)
            flagged = pa.table({"row": misplaced_rows(rows.findings)})
            self._aside.append(rows.table(), rows.measurements, rejections(rows.findings), flagged)
            done += _bytes_of(sheet.batch)
            self._tell(READING * min(done, size), WHOLE * size)
        self._size, self._batches = size, batches

    @property
    def shares_specimens(self) -> bool:
        """Whether several rows may tell of one specimen."""
        return self._measured.long or self._measured.replicates == "number"

    @property
    def controls(self) -> Any:
        """The results of controls, as an Arrow table; None where there are none."""
        return self._controls.results

    def chunks(self) -> Iterator[Chunk]:
        """What is stored, in the order of the file."""
        self.loaded = self._controls.rows
        self._controls.settle((records, measurements) for records, measurements, *_ in self._aside)
        numbering = _Numbering(shared=self.shares_specimens, own_sites=self._own_sites)
        told = [one.findings() for one in self._lessons] + [one.findings() for one in self._suspicions]
        for findings in told:
            self.ledger.add(ruled(findings, self._rules))
        for number, (records, measurements, rejected, flagged) in enumerate(self._aside, start=1):
            judged = Judged.by(self._lessons, records, measurements, self._rules)
            self.ledger.add(judged.findings)
            self.rejections.append(pa.concat_tables([rejected, rejections(judged.findings)]))
            self.loaded += int(np.count_nonzero(judged.alive))
            self.measured += judged.measurements.num_rows
            yield numbering.chunk(
                judged.along_the_ground(), np.union1d(flagged["row"], misplaced_rows(judged.findings))
            )
            self._tell(READING * self._size + STORING * self._size * number // self._batches, WHOLE * self._size)
        self._aside.close()
        # rows that are loaded beside others may be controls alone
        used = self.measured or (self._beside and self._controls.rows)
        if not used and not (self._measured.may_be_empty and self.loaded):
            raise self._nothing()

    def _nothing(self) -> RefusedError:
        first = next(iter(problems_of(self.ledger.entries)), None)
        if first is None or first.severity != "reject":
            said = f"{self.file.name}: not one value could be loaded, so nothing was changed"
        else:
            said = f"{self.file.name}: nothing can be loaded; {first.message}"
        return RefusedError(said, self.ledger.entries, self.rows_in, self.duplicates)


def _bytes_of(batch: Batch) -> int:
    """About how many bytes of a text file a batch was: its cells and the marks between them."""
    cells = batch.cells.num_rows * batch.cells.num_columns
    return int(batch.cells.get_total_buffer_size() - 3 * cells)


class _Reading:
    """The first pass: batches to rows that are checked by themselves and against the rows before them."""

    def __init__(
        self,
        profile: Profile,
        specimen: Specimen,
        measured: Measurements,
        contaminants: Contaminants,
        lessons: tuple[Lesson, ...],
        area: Inside | None,
    ) -> None:
        self._profile, self._specimen, self._measured = profile, specimen, measured
        self._contaminants, self._lessons, self._area = contaminants, lessons, area
        self._series = series_of(measured, contaminants)
        self._shared = measured.long or measured.replicates == "number"
        # whether a row, or a code that is one row's alone, was met before is all that is asked of these
        self._rows, self._codes = Memory(np.bool_), Memory(np.uint32 if self._shared else np.bool_)
        self._values = Memory(np.int32)

    def begin_beside(self, beside: Beside) -> None:
        """Check the rows against what is there beside them, too."""
        beside.remember(self._codes, self._values)

    def rows_of(self, sheet: Sheet) -> Rows:
        """What is left of a batch."""
        specimens = read_specimens(sheet, self._profile.position, self._specimen, self._area)
        measurements, written = self._measurements(sheet)
        rows = Rows(specimens, measurements, written, sheet.findings, self._profile.quality_rules)
        rows.check_specimens()
        rows.drop_repeated_rows(self._rows)
        rows.drop_repeated_codes(self._codes, shared=self._shared)
        rows.check_measurements()
        # codes that no other row shares cannot repeat a measurement of another chunk
        values = self._values if self._shared else Memory(np.int32)
        rows.settle_repeated_measurements(values, number=self._measured.replicates == "number")
        for lesson in self._lessons:
            lesson.learn(rows.measurements, rows.specimen_of_measurements)
        return rows

    def _measurements(self, sheet: Sheet) -> tuple[Any, NDArray[np.int64]]:
        tables, written = [], np.zeros(len(sheet.rows), np.int64)
        for one in self._series:
            table, has_value = read_measurements(sheet, one, self._measured.notation, self._contaminants)
            tables.append(table)
            written += has_value
        return pa.concat_tables(tables).combine_chunks(), written


class _Numbering:
    """The numbers of specimens and sites in the order in which they are stored, over all chunks."""

    def __init__(self, *, shared: bool, own_sites: bool) -> None:
        self._specimens = _Names() if shared else _Counter()
        self._sites = _Names() if own_sites else _Counter()

    def chunk(self, judged: Judged, flagged: NDArray[np.int64]) -> Chunk:
        """What is stored of a chunk: each specimen and each site with its first row."""
        first_specimen, first_site = len(self._specimens), len(self._sites)
        number, new = self._specimens.number(judged.specimens["code"], judged.alive)
        specimens = judged.specimens.filter(pa.array(new))
        site, newly = self._sites.number(specimens["site"], np.ones(specimens.num_rows, np.bool_))
        lost = judged.specimens.filter(pa.array(judged.lost))
        return Chunk(
            first_site=first_site,
            first_specimen=first_specimen,
            sites=specimens.filter(pa.array(newly)).select(["site", "longitude", "latitude"]),
            specimens=specimens.append_column("site_number", pa.array(site)),
            measurements=judged.measurements.append_column(
                "specimen", pa.array(number[judged.measurements["record"].to_numpy()])
            ),
            records=judged.specimens,
            flagged=flagged,
            lost=(lost["longitude"].to_numpy(), lost["latitude"].to_numpy()),
        )


class _Counter:
    """Numbers for rows none of which tells of the same as another."""

    def __init__(self) -> None:
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def number(self, _: Any, among: Mask) -> tuple[NDArray[np.int64], Mask]:
        """The number of each row of the mask, and which are new: all of them."""
        numbers = self._count + np.cumsum(among) - 1
        self._count += int(np.count_nonzero(among))
        return numbers, among


class _Names:
    """Numbers for rows of which several may bear one name."""

    def __init__(self) -> None:
        self._memory = Memory(np.int32)

    def __len__(self) -> int:
        return len(self._memory)

    def number(self, names: Any, among: Mask) -> tuple[NDArray[np.int64], Mask]:
        """The number of each row of the mask by its name, and which names are new."""
        return self._memory.numbered(keys_of([names], len(among)), among)
