"""The controls of a file: taken out of its batches, and what they teach about its measurements."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingest.contaminants import Contaminants
from ingest.findings import OF_THE_FILE, RULES, Finding
from ingest.hashing import Keys
from ingest.measurements import series_of
from ingest.numbers import Mask
from ingest.profile import Measurements, Profile, Specimen
from ingest.quality.assessment import Assessment, assess, below_blank, check_materials, fill_uncertainty, learnt
from ingest.quality.controls import read_controls, split_controls
from ingest.quality.held import WANTED, HeldControls
from ingest.quality.kinds import DUPLICATES
from ingest.sheet import Sheet


class LaboratoryControls:
    """A lesson that learns from rows which are no samples; `rows` of them have a result that could be used."""

    def __init__(
        self, profile: Profile, specimen: Specimen, measured: Measurements, contaminants: Contaminants
    ) -> None:
        check_materials(profile.controls, contaminants)
        self.rows = 0
        self._profile, self._specimen, self._measured = profile, specimen, measured
        self._contaminants = contaminants
        self._series = series_of(measured, contaminants)
        self._parts: list[Any] = []
        self._found = Assessment()
        self._held: HeldControls | None = None

    def hold(self, held: HeldControls) -> None:
        """Let the controls count that the dataset holds beside the file."""
        self._held = held

    def take(self, sheet: Sheet) -> Sheet:
        """The samples of a batch, with all that was noted about it; its controls are kept."""
        samples, controls = split_controls(sheet, self._specimen)
        if controls is not None:
            notation = self._measured.notation
            read = read_controls(controls, self._specimen, self._series, notation, self._contaminants)
            samples.findings += controls.sheet.findings
            self._parts.append(read.results)
            self.rows += read.used
        return samples

    @property
    def results(self) -> Any:
        """The results of all controls as an Arrow table, or None where the file has none."""
        return pa.concat_tables(self._parts).combine_chunks() if self._parts else None

    def settle(self, aside: Iterable[tuple[Any, Any]]) -> None:
        """Assess the controls; `aside` are the records and measurements of all chunks, among them the originals."""
        results, held = self.results, self._held
        parts = [*([held.results] if held else []), *([results.select(WANTED.names)] if results is not None else [])]
        if not parts:
            return
        every = pa.concat_tables(parts, promote_options="permissive").combine_chunks()
        originals = self._originals(every, aside)
        if results is not None:
            rules = self._profile.quality_rules
            self._found = assess(results, originals, self._profile.controls, self._contaminants, rules)
        if held is not None:
            analysis, blanks = learnt(every, originals)
            self._found = replace(self._found, analysis=analysis, blanks=blanks)

    def _originals(self, results: Any, aside: Iterable[tuple[Any, Any]]) -> Any:
        """The measurements that duplicates repeat; where there are no duplicates, nothing is searched."""
        repeated = results.filter(pc.is_in(results["kind"], pa.array(DUPLICATES)))
        codes = pc.unique(repeated["original"]).drop_null()
        wanted = [name for name in WANTED.names if name not in ("kind", "original")]
        found = [(self._held.originals if self._held else results.slice(0, 0)).select(wanted)]
        for records, measurements in aside if len(codes) else ():
            of_record = pc.take(records["code"], measurements["record"])
            first = pc.and_(pc.is_in(of_record, codes), pc.equal(measurements["replicate"], 1))
            found.append(measurements.append_column("code", of_record).filter(first).select(wanted))
        return pa.concat_tables(found, promote_options="permissive").combine_chunks()

    def learn(self, _: Any, __: Keys) -> None:
        """Nothing: what is learnt comes from the controls."""

    def apply(self, measurements: Any) -> tuple[Any, dict[str, Mask]]:
        """A chunk with the uncertainty of its batches, and what of it does not exceed their blanks."""
        filled = fill_uncertainty(measurements, self._found.analysis) if self._found.analysis else measurements
        return filled, {"below-blank": below_blank(filled, self._found.blanks)} if self._found.blanks else {}

    def findings(self) -> Iterator[Finding]:
        """What the controls say."""
        yield from self._found.findings
        if self._held is not None and self._found.analysis:
            count = self._held.results.num_rows
            reason = f"corrected rows have the uncertainty that the dataset's own controls show, {count} results"
            yield Finding(RULES["precision"], OF_THE_FILE, [""], reason)
