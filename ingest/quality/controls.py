"""Control rows out of a batch of cells: they need no position, and never become specimens."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.contaminants import Contaminants
from ingest.measurements import Series, read_measurements
from ingest.profile import FromColumn, Notation, Specimen
from ingest.quality.kinds import SAMPLE, kind_of, original_of
from ingest.sheet import Sheet

OF_ROW = ("kind", "code", "original", "material")


@dataclass(frozen=True, slots=True)
class ControlRows:
    """The n records of a batch that are controls, and the kind of each."""

    sheet: Sheet
    kinds: Any


@dataclass(frozen=True, slots=True)
class ControlsRead:
    """What n control records say: one row of `results` for each value, and how many records have one."""

    results: Any
    rows: int
    used: int


def split_controls(sheet: Sheet, specimen: Specimen) -> tuple[Sheet, ControlRows | None]:
    """The samples of a batch, and its controls where it has any; a kind that nobody knows is noted and rejected."""
    if specimen.quality_control is None and not specimen.duplicate_suffix:
        return sheet, None
    kinds = _kinds(sheet, specimen)
    is_control = np.asarray(pc.not_equal(kinds, SAMPLE).to_numpy(zero_copy_only=False), np.bool_)
    if not is_control.any():
        return sheet, None
    samples = replace(sheet.part(~is_control), findings=list(sheet.findings))
    controls = replace(sheet.part(is_control), findings=[])
    return samples, ControlRows(controls, kinds.filter(pa.array(is_control)))


def read_controls(
    controls: ControlRows, specimen: Specimen, series: Iterable[Series], notation: Notation, contaminants: Contaminants
) -> ControlsRead:
    """The results of control records, with what they should be; a blank may hold nothing, or less."""
    sheet = controls.sheet
    tables, written, measured = [], np.zeros(len(sheet.rows), np.bool_), np.zeros(len(sheet.rows), np.bool_)
    for one in series:
        table, has_value = read_measurements(sheet, one, notation, contaminants, control=True)
        tables.append(table)
        written |= has_value
        measured[table["record"].to_numpy()] = True
    results = pa.concat_tables(tables)
    for name, values in zip(OF_ROW, _of_rows(controls, specimen), strict=True):
        results = results.append_column(name, pc.take(values, results["record"]))
    used = int((measured | ~written).sum())
    sheet.find("all-rejected", written & ~measured, controls.kinds, "has no value that could be used", (None, True))
    return ControlsRead(results.drop_columns(["record"]), len(sheet.rows), used)


def _kinds(sheet: Sheet, specimen: Specimen) -> Any:
    """The kind of each record; where the file does not say, one whose code ends like a duplicate's is one."""
    kinds = _stated_kinds(sheet, specimen.quality_control)
    if not specimen.duplicate_suffix or specimen.code is None:
        return kinds
    duplicate = _each(sheet.cells(specimen.code.column), lambda code: original_of(code, specimen.duplicate_suffix))
    return pc.if_else(pc.and_(pc.equal(kinds, SAMPLE), duplicate.is_valid()), "field-duplicate", kinds)


def _stated_kinds(sheet: Sheet, given: FromColumn | None) -> Any:
    if given is None:
        return pa.repeat(pa.scalar(SAMPLE), len(sheet.rows))
    texts = pc.fill_null(sheet.text(given), "")
    kinds = _each(texts, kind_of)
    reason = "is no kind of control that is known; say in specimen.quality_control.values what it means"
    unknown = np.asarray(kinds.is_null().to_numpy(zero_copy_only=False), np.bool_)
    sheet.find("quality-control", unknown, texts, reason, (given.column, True))
    return pc.fill_null(kinds, SAMPLE)


def _of_rows(controls: ControlRows, specimen: Specimen) -> tuple[Any, ...]:
    sheet, rows = controls.sheet, pc.cast(pa.array(controls.sheet.rows), pa.string())
    codes = rows if specimen.code is None else pc.coalesce(sheet.text(specimen.code), rows)
    stated = sheet.text(specimen.original)
    by_suffix = _each(codes, lambda code: original_of(code, specimen.duplicate_suffix))
    # a laboratory reports a second analysis under the code of the sample itself
    duplicates = pc.is_in(controls.kinds, pa.array(["laboratory-duplicate", "field-duplicate"]))
    own = pc.if_else(duplicates, codes, pa.scalar(None, pa.string()))
    return controls.kinds, codes, pc.coalesce(stated, by_suffix, own), sheet.text(specimen.reference_material)


def _each(texts: Any, read: Any) -> Any:
    """Each text read, every distinct one once."""
    distinct = (texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts).dictionary_encode()
    found = [None if text is None else read(text) for text in distinct.dictionary.to_pylist()]
    return pc.take(pa.array(found, pa.string()), distinct.indices)
