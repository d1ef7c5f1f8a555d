"""From batches of cells to specimens and measurements of a whole file, every row of which is accounted for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingest.contaminants import Contaminants
from ingest.errors import IngestError
from ingest.findings import RULES, Finding, Rule
from ingest.measurements import Series, no_measurement, read_measurements, series_of
from ingest.numbers import Mask
from ingest.precision import Precision, fill_uncertainty
from ingest.profile import Measurements, Profile, Specimen
from ingest.records import broken_rows, first_places, is_first, merged, occurrences, open_sheets
from ingest.report import problems_of
from ingest.rules import MEASUREMENT_CHECKS, SPECIMEN_CHECKS
from ingest.sheet import Sheet
from ingest.specimens import read_specimens

SAME_SPECIMEN = ("x_as_given", "y_as_given", "upper_depth_cm", "lower_depth_cm", "sampled_from", "medium")
SAME_MEASUREMENT = ("contaminant", "digestion", "instrument", "standard", "basis")


@dataclass(frozen=True, slots=True)
class Observations:
    """What a file says, ready to be stored.

    `specimens` and `measurements` are Arrow tables; `record` of a measurement is the row of its specimen in the table.
    `rejected` holds longitudes and latitudes of the rows that are not stored, NaN where unknown.
    """

    specimens: Any
    measurements: Any
    findings: tuple[Finding, ...]
    rows_in: int
    loaded: int
    duplicates: int
    rejected: tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class _Part:
    specimens: Any
    measurements: Any
    written: NDArray[np.int64]
    findings: tuple[Finding, ...]


def harmonise(file: Path, profile: Profile, contaminants: Contaminants) -> Observations:
    """Read and check a file of samples; raises `IngestError` when nothing in it can be loaded."""
    specimen, measured = profile.specimen, profile.measurements
    if specimen is None or measured is None:
        raise IngestError(f"the profile of {profile.dataset.name!r} describes sources, not samples")
    series = series_of(measured, contaminants)
    sheets, guesses = open_sheets(file, profile)
    parts = [_read(sheet, profile, specimen, series, contaminants) for sheet in sheets]
    observations = _assemble(parts, measured, guesses, profile.quality_rules)
    if observations.measurements.num_rows == 0 and not (measured.may_be_empty and observations.loaded):
        raise _nothing(file.name, observations)
    return observations


def _read(
    sheet: Sheet, profile: Profile, specimen: Specimen, series: Iterable[Series], contaminants: Contaminants
) -> _Part:
    specimens = read_specimens(sheet, profile.position, specimen)
    notation = profile.measurements.notation if profile.measurements else None
    tables, written = [], np.zeros(len(sheet.rows), dtype=np.int64)
    for one in series:
        table, has_value = read_measurements(sheet, one, notation, contaminants)
        tables.append(table)
        written += has_value
    return _Part(specimens, pa.concat_tables(tables), written, tuple(sheet.findings))


def _assemble(
    parts: list[_Part], measured: Measurements, guesses: tuple[Finding, ...], rules: Mapping[str, Rule]
) -> Observations:
    work = _Work.of(parts, rules)
    work.findings += guesses
    work.check_specimens()
    duplicate = work.drop_repeated_rows()
    work.drop_repeated_codes(shared=measured.long or measured.replicates == "number")
    work.check_measurements()
    work.settle_repeated_measurements(number=measured.replicates == "number")
    loaded = work.loaded()
    rows_in = work.specimens.num_rows + broken_rows(work.findings)
    lost = work.specimens.filter(pa.array(~(loaded | duplicate)))
    specimens, measurements = work.tables(loaded)
    if measured.replicates == "number" and measurements.num_rows:
        measurements, precisions = fill_uncertainty(measurements)
        work.findings += [_precision(precision) for precision in precisions]
    counts = (rows_in, int(loaded.sum()), int(duplicate.sum()))
    rejected = lost["longitude"].to_numpy(), lost["latitude"].to_numpy()
    return Observations(specimens, measurements, tuple(work.findings), *counts, rejected)


@dataclass(slots=True)
class _Work:
    """The records of the whole file while rows drop out: `alive` (n,) says which are still in."""

    specimens: Any
    measurements: Any
    written: NDArray[np.int64]
    alive: Mask
    findings: list[Finding]
    rules: Mapping[str, Rule]

    @classmethod
    def of(cls, parts: list[_Part], rules: Mapping[str, Rule]) -> "_Work":
        starts = np.cumsum([0, *(part.specimens.num_rows for part in parts)])
        specimens = pa.concat_tables([part.specimens for part in parts]).combine_chunks()
        measurements = pa.concat_tables(
            [_shifted(part.measurements, int(start)) for part, start in zip(parts, starts, strict=False)]
        )
        findings = merged(finding for part in parts for finding in part.findings)
        spoilt = [finding.rows for finding in findings if finding.whole_row]
        rows = specimens["row"].to_numpy()
        alive = ~np.isin(rows, np.concatenate(spoilt)) if spoilt else np.ones(len(rows), np.bool_)
        written = np.concatenate([part.written for part in parts])
        return cls(specimens, measurements.combine_chunks(), written, alive, findings, rules)

    @property
    def labels(self) -> Any:
        """The codes as the file gives them, empty where the row's number stands in for one."""
        codes = self.specimens["code"]
        return pc.if_else(pc.equal(codes, pc.cast(self.specimens["row"], pa.string())), "", codes)

    def note(self, rule: str, where: Mask, texts: Any, reason: str, *, column: str | None = None) -> None:
        """Note that records of a mask break a rule; a rejecting rule takes them out."""
        if where.any() and rule in self.rules:
            rejects = self.rules[rule].severity == "reject"
            chosen = ["" if text is None else str(text) for text in pc.filter(texts, pa.array(where)).to_pylist()]
            rows = self.specimens["row"].to_numpy()[where]
            self.findings.append(Finding(self.rules[rule], rows, chosen, reason, column, rejects))
            if rejects:
                self.alive &= ~where

    def check_specimens(self) -> None:
        for rule, (check, column) in SPECIMEN_CHECKS.items():
            self.note(rule, check(self.specimens) & self.alive, self.specimens[column], f"– {RULES[rule].says}")

    def drop_repeated_rows(self) -> Mask:
        """Take out rows that repeat an earlier one cell by cell."""
        repeated = self.alive & ~is_first(self.specimens["content"], self.alive)
        self.note("duplicate-row", repeated, self.labels, "repeats an earlier row cell by cell")
        self.alive &= ~repeated
        return repeated

    def drop_repeated_codes(self, *, shared: bool) -> None:
        """One code is one specimen: rows may share it in the long layout or as replicates, if they agree on it."""
        codes = self.specimens["code"]
        repeated = self.alive & ~is_first(codes, self.alive)
        if shared and repeated.any():
            repeated &= ~self._as_first()
        self.note("duplicate-code", repeated, codes, "is a specimen that an earlier row describes differently")

    def _as_first(self) -> Mask:
        first = pa.array(first_places(self.specimens["code"], self.alive))
        same = np.ones(len(self.alive), np.bool_)
        for column in SAME_SPECIMEN:
            values = self.specimens[column].combine_chunks()
            there = pc.take(values, first)
            equal = pc.or_(pc.fill_null(pc.equal(values, there), False), pc.and_(values.is_null(), there.is_null()))
            same &= np.asarray(equal.to_numpy(zero_copy_only=False), np.bool_)
        return same

    def check_measurements(self) -> None:
        self._keep_measurements(self.alive[self.measurements["record"].to_numpy()])
        for rule, check in MEASUREMENT_CHECKS.items():
            if rule in self.rules:
                self._check_measured(rule, check(self.measurements))

    def _check_measured(self, rule: str, where: Mask) -> None:
        self._note_measured(rule, where)
        if self.rules[rule].severity == "reject":
            self._keep_measurements(~where)
        elif self.rules[rule].severity == "flag":
            flags = pc.if_else(pa.array(where), rule, self.measurements["quality_flag"])
            index = self.measurements.schema.get_field_index("quality_flag")
            self.measurements = self.measurements.set_column(index, "quality_flag", flags)

    def settle_repeated_measurements(self, *, number: bool) -> None:
        """The same measured again on the same specimen is a replicate, where the profile says so, or else refused."""
        specimen = pc.take(self.specimens["code"], self.measurements["record"])
        keys = (specimen, *(self.measurements[key] for key in SAME_MEASUREMENT))
        counts = occurrences(pc.binary_join_element_wise(*keys, "\x1f"))
        self.measurements = self.measurements.append_column("replicate", pa.array(counts))
        if number:
            self._note_measured("replicate", counts > 1)
            return
        self._note_measured("duplicate-measurement", counts > 1)
        self._keep_measurements(counts == 1)

    def _keep_measurements(self, mask: Mask) -> None:
        if not mask.all():
            self.measurements = self.measurements.filter(pa.array(mask))

    def _note_measured(self, rule: str, where: Mask) -> None:
        chosen = self.measurements.filter(pa.array(where)).select(["row", "column", "contaminant", "original_text"])
        labels = pc.binary_join_element_wise(chosen["column"], chosen["contaminant"], "\x1f")
        for label in pc.unique(labels).to_pylist():
            column, contaminant = label.split("\x1f")
            group = chosen.filter(pc.equal(labels, label))
            rows, texts = group["row"].to_numpy(), group["original_text"].to_pylist()
            reason = f"({contaminant}) – {RULES[rule].says}"
            self.findings.append(Finding(self.rules[rule], rows, texts, reason, column))

    def loaded(self) -> Mask:
        """Which records are stored: those with a measurement, or in which nothing was written."""
        measured = np.zeros(len(self.alive), np.bool_)
        measured[self.measurements["record"].to_numpy()] = True
        nothing = self.written == 0
        self.note("nothing-measured", self.alive & nothing, self.labels, "has no value in any measured column")
        self.note("all-rejected", self.alive & ~nothing & ~measured, self.labels, "has no value that could be used")
        return self.alive

    def tables(self, loaded: Mask) -> tuple[Any, Any]:
        """The specimens that are stored, one per code, and the measurements that point to them."""
        chosen = loaded & is_first(self.specimens["code"], loaded)
        place = np.cumsum(chosen) - 1
        first = first_places(self.specimens["code"], loaded)
        record = place[first[self.measurements["record"].to_numpy()]]
        index = self.measurements.schema.get_field_index("record")
        return (
            self.specimens.filter(pa.array(chosen)),
            self.measurements.set_column(index, "record", pa.array(record)),
        )


def _precision(found: Precision) -> Finding:
    reason = f"{found.label}: {found.pairs} pairs of replicates differ by {found.relative_sd:.1%} (standard deviation)"
    return Finding(RULES["precision"], np.array([1]), [""], f"{reason}, taken as the uncertainty of the batch")


def _shifted(measurements: Any, start: int) -> Any:
    index = measurements.schema.get_field_index("record")
    return measurements.set_column(index, "record", pc.add(measurements["record"], start))


def _nothing(file: str, observations: Observations) -> IngestError:
    first = next(iter(problems_of(observations.findings)), None)
    if first is None or first.severity != "reject":
        return no_measurement(file)
    return IngestError(f"{file}: nothing can be loaded; {first.message}")
