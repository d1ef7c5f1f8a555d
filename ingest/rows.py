"""The rows of a chunk while they drop out: by themselves, after earlier rows, and after what the whole file taught."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingest.curve import along_curve
from ingest.findings import RULES, Finding, Rule
from ingest.hashing import Keys, Memory, keys_of
from ingest.knowledge import Lesson
from ingest.numbers import Mask
from ingest.rules import MEASUREMENT_CHECKS, SPECIMEN_CHECKS

SAME_SPECIMEN = ("x_as_given", "y_as_given", "upper_depth_cm", "lower_depth_cm", "sampled_from", "medium")
FEWEST_TO_ORDER = 4_096
"""Rows of a chunk from which on it pays to store them along the ground."""
SAME_MEASUREMENT = ("contaminant", "digestion", "instrument", "standard", "basis")


def description_of(specimens: Any) -> NDArray[np.uint32]:
    """A short key (n,) of where, how deep and when each specimen was taken: compared only where codes are the same."""
    keys = keys_of([specimens[name] for name in SAME_SPECIMEN], specimens.num_rows)
    return (keys >> np.uint64(32)).astype(np.uint32)


@dataclass(slots=True)
class _Checked:
    """Records and their measurements, `record` of which is the place of theirs; `alive` (n,) says which are in."""

    specimens: Any
    measurements: Any
    written: Mask
    alive: Mask
    rules: Mapping[str, Rule]
    findings: list[Finding]

    def note(self, rule: str, where: Mask, texts: Any, reason: str, *, column: str | None = None) -> None:
        """Note that records of a mask break a rule; a rejecting rule takes them out."""
        if where.any() and rule in self.rules:
            rejects = self.rules[rule].severity == "reject"
            chosen = ["" if text is None else str(text) for text in pc.filter(texts, pa.array(where)).to_pylist()]
            rows = self.specimens["row"].to_numpy()[where]
            self.findings.append(Finding(self.rules[rule], rows, chosen, reason, column, rejects))
            if rejects:
                self.alive &= ~where

    def check_measured(self, rule: str, where: Mask) -> None:
        """Note that measurements of a mask break a rule, and take them out or flag them as its severity says."""
        if rule not in self.rules or not where.any():
            return
        self.note_measured(rule, where)
        if self.rules[rule].severity == "reject":
            self.keep_measurements(~where)
        elif self.rules[rule].severity == "flag":
            flags = pc.if_else(pa.array(where), rule, self.measurements["quality_flag"])
            index = self.measurements.schema.get_field_index("quality_flag")
            self.measurements = self.measurements.set_column(index, "quality_flag", flags)

    def note_measured(self, rule: str, where: Mask) -> None:
        """Note that measurements of a mask break a rule."""
        if not where.any():
            return
        chosen = self.measurements.filter(pa.array(where)).select(["row", "column", "contaminant", "original_text"])
        labels = pc.binary_join_element_wise(chosen["column"], chosen["contaminant"], "\x1f")
        for label in pc.unique(labels).to_pylist():
            column, contaminant = label.split("\x1f")
            group = chosen.filter(pc.equal(labels, label))
            rows, texts = group["row"].to_numpy(), group["original_text"].to_pylist()
            reason = f"({contaminant}) – {RULES[rule].says}"
            self.findings.append(Finding(self.rules[rule], rows, texts, reason, column))

    def keep_measurements(self, mask: Mask) -> None:
        """Take out the measurements outside a mask."""
        if not mask.all():
            self.measurements = self.measurements.filter(pa.array(mask))

    @property
    def labels(self) -> Any:
        """The codes as the file gives them, empty where the row's number stands in for one."""
        codes = self.specimens["code"]
        return pc.if_else(pc.equal(codes, pc.cast(self.specimens["row"], pa.string())), "", codes)


class Rows(_Checked):
    """A batch in the first pass; `repeated` (n,) says which rows repeat an earlier one."""

    def __init__(
        self,
        specimens: Any,
        measurements: Any,
        written: NDArray[np.int64],
        findings: Iterable[Finding],
        rules: Mapping[str, Rule],
    ) -> None:
        noted = list(findings)
        spoilt = [finding.rows for finding in noted if finding.whole_row]
        rows = specimens["row"].to_numpy()
        alive = ~np.isin(rows, np.concatenate(spoilt)) if spoilt else np.ones(len(rows), np.bool_)
        super().__init__(specimens, measurements, written > 0, alive, rules, noted)
        self.repeated = np.zeros_like(alive)
        self.codes = keys_of([specimens["code"]], len(rows))

    def check_specimens(self) -> None:
        """Each record by itself."""
        for rule, (check, column) in SPECIMEN_CHECKS.items():
            self.note(rule, check(self.specimens) & self.alive, self.specimens[column], f"– {RULES[rule].says}")

    def drop_repeated_rows(self, memory: Memory) -> None:
        """Take out rows that repeat an earlier one cell by cell."""
        _, new = memory.first(keys_of([self.specimens["content"]], len(self.alive)), self.alive, self.alive)
        self.repeated = self.alive & ~new
        self.note("duplicate-row", self.repeated, self.labels, "repeats an earlier row cell by cell")
        self.alive &= ~self.repeated

    def drop_repeated_codes(self, memory: Memory, *, shared: bool) -> None:
        """One code is one specimen: rows may share it in the long layout or as replicates, if they agree on it."""
        described = description_of(self.specimens)
        first, new = memory.first(self.codes, described, self.alive)
        repeated = self.alive & ~new & ((first != described) if shared else True)
        reason = "is a specimen that an earlier row describes differently"
        self.note("duplicate-code", repeated, self.specimens["code"], reason)

    def check_measurements(self) -> None:
        """Each measurement by itself."""
        self.keep_measurements(self.alive[self.measurements["record"].to_numpy()])
        for rule, check in MEASUREMENT_CHECKS.items():
            if rule in self.rules:
                self.check_measured(rule, check(self.measurements))
        self.check_measured("analysed-before-sampled", self._analysed_before_sampled())

    def _analysed_before_sampled(self) -> Mask:
        sampled = pc.take(self.specimens["sampled_from"], self.measurements["record"])
        before = pc.fill_null(pc.less(self.measurements["analysed_on"], sampled), False)
        return np.asarray(before.to_numpy(), np.bool_)

    @property
    def specimen_of_measurements(self) -> Keys:
        """The key of the specimen of each measurement."""
        return np.asarray(self.codes[self.measurements["record"].to_numpy()], np.uint64)

    def settle_repeated_measurements(self, memory: Memory, *, number: bool) -> None:
        """The same measured again on the same specimen is a replicate, where the profile says so, or else refused."""
        specimens = pa.array(self.specimen_of_measurements.view(np.int64))
        measured = [self.measurements[name] for name in SAME_MEASUREMENT]
        counts = memory.count(keys_of([specimens, *measured], self.measurements.num_rows))
        self.measurements = self.measurements.append_column("replicate", pa.array(counts))
        if number:
            self.note_measured("replicate", counts > 1)
            return
        self.note_measured("duplicate-measurement", counts > 1)
        self.keep_measurements(counts == 1)

    def table(self) -> Any:
        """The records as they are put aside, with what became of them so far."""
        kept = self.specimens.drop_columns(["content"])
        for name in ("alive", "repeated", "written"):
            kept = kept.append_column(name, pa.array(getattr(self, name)))
        return kept


@dataclass(slots=True)
class Judged(_Checked):
    """A chunk in the second pass, when all is known: which records are stored."""

    repeated: Mask = field(default_factory=lambda: np.zeros(0, np.bool_))

    @classmethod
    def by(cls, lessons: Iterable[Lesson], aside: Any, measurements: Any, rules: Mapping[str, Rule]) -> "Judged":
        """Judge what `Rows.table` put aside."""
        masks = {name: np.array(aside[name].to_numpy(), np.bool_) for name in ("alive", "repeated", "written")}
        judged = cls(aside.drop_columns(list(masks)), measurements, rules=rules, findings=[], **masks)
        for lesson in lessons:
            judged.measurements, broken = lesson.apply(judged.measurements)
            for rule, where in broken.items():
                judged.check_measured(rule, where)
        judged._drop_the_empty()
        return judged

    def _drop_the_empty(self) -> None:
        """Records stay that have a measurement, or in which nothing was written."""
        measured = np.zeros(len(self.alive), np.bool_)
        measured[self.measurements["record"].to_numpy()] = True
        self.note("nothing-measured", self.alive & ~self.written, self.labels, "has no value in any measured column")
        without = self.alive & self.written & ~measured
        self.note("all-rejected", without, self.labels, "has no value that could be used")

    def along_the_ground(self) -> "Judged":
        """The same with neighbours on the ground one after the other; small chunks stay in the order of the file."""
        count = self.specimens.num_rows
        if count < FEWEST_TO_ORDER:
            return self
        order = along_curve(self.specimens["longitude"].to_numpy(), self.specimens["latitude"].to_numpy())
        place = np.empty(count, np.int64)
        place[order] = np.arange(count)
        index = self.measurements.schema.get_field_index("record")
        record = pa.array(place[self.measurements["record"].to_numpy()])
        masks = {name: getattr(self, name)[order] for name in ("alive", "repeated", "written")}
        measurements = self.measurements.set_column(index, "record", record)
        specimens = self.specimens.take(pa.array(order))
        return Judged(specimens, measurements, rules=self.rules, findings=self.findings, **masks)

    @property
    def lost(self) -> Mask:
        """Which records are neither stored nor repeat one that is."""
        return ~(self.alive | self.repeated)
