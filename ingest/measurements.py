"""Measurements out of a batch of cells, wide or long, as bounds in mg/kg with their procedure and original text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from db.tables import BASES
from ingest.censoring import Outcome, Values, read_values
from ingest.contaminants import Contaminants
from ingest.errors import IngestError
from ingest.numbers import Mask, State, among, blanks
from ingest.profile import AsGiven, Assay, FromColumn, Measurements, ProfileError
from ingest.sheet import Sheet, unreadable_reason
from ingest.units import Conversion, to_mg_per_kg

PROBLEMS = {
    Outcome.NO_LIMIT: ("no-detection-limit", "says not detected, but the profile gives no lod"),
    Outcome.ZERO: ("zero-value", "is no content that can be measured; state notation.zero if it means not detected"),
    Outcome.NEGATIVE: ("negative-value", "is negative; state notation.negative if it means a limit of detection"),
    Outcome.BAD_LIMIT: ("bad-limit", "is a bound that is not above zero"),
    Outcome.BAD_INTERVAL: ("bad-interval", "is not an interval that rises from zero or more"),
}
DEFAULTS = {"digestion": "unknown", "instrument": "unknown", "standard": ""}
OPTIONAL = ("laboratory", "batch")
LIMITS = ("lod", "loq", "uncertainty")


@dataclass(frozen=True, slots=True)
class Series:
    """A column of values, the contaminant of all or each of them, and how they were measured."""

    column: str
    contaminant: AsGiven
    assay: Assay


def series_of(measurements: Measurements, contaminants: Contaminants) -> tuple[Series, ...]:
    """The columns of values of a profile, with what it states once for all of them checked; raises ProfileError."""
    if measurements.value is not None:
        general = Assay(**{key: getattr(measurements, key) for key in Assay.model_fields})
        series: tuple[Series, ...] = (Series(measurements.value.column, measurements.contaminant, general),)
    else:
        series = tuple(
            Series(column, _constant(contaminants.match, given.contaminant, column), given.under(measurements))
            for column, given in measurements.columns.items()
        )
    for one in series:
        _check_constants(one)
    return series


def _check_constants(series: Series) -> None:
    unit, basis = series.assay.unit, series.assay.basis
    if unit is None:
        raise ProfileError(f"the profile gives no unit for column {series.column!r}")
    if isinstance(unit, str):
        _constant(to_mg_per_kg, unit, series.column)
    if isinstance(basis, str) and basis not in BASES:
        raise ProfileError(f"column {series.column!r}: the basis {basis!r} is not one of {', '.join(BASES)}")


def _constant(read: Callable[[str], Any], text: str, column: str) -> Any:
    try:
        return read(text)
    except ValueError as error:
        raise ProfileError(f"column {column!r}: {error}") from None


def read_measurements(sheet: Sheet, series: Series, notation: Any, contaminants: Contaminants) -> tuple[Any, Mask]:
    """The measurements of one series as a table that points to the records, and which records have a value at all."""
    texts = sheet.cells(series.column)
    written = ~blanks(texts, sheet.marks)
    assay = series.assay
    contaminant, known = _contaminant(sheet, series, written, contaminants)
    units = pc.fill_null(sheet.text(assay.unit), "")
    limits = {key: sheet.number(getattr(assay, key), (0.0, np.inf)) for key in LIMITS}
    values = read_values(texts, notation, sheet.marks, limits["lod"])
    _note_problems(sheet, series.column, texts, values)
    convert = _conversion(sheet, assay.unit, units, written)
    basis, has_basis = _basis(sheet, assay.basis, written)
    keep = values.usable & known & convert.possible & has_basis
    columns: dict[str, Any] = {
        "record": np.arange(len(texts)),
        "row": sheet.rows,
        "column": pa.repeat(pa.scalar(series.column), len(texts)),
        "contaminant": contaminant,
        "lower": convert(values.lower),
        "upper": convert(values.upper),
        **{key: pa.array(convert(limit), from_pandas=True) for key, limit in limits.items()},
        **{key: pc.fill_null(sheet.text(getattr(assay, key)), default) for key, default in DEFAULTS.items()},
        **{key: sheet.text(getattr(assay, key)) for key in OPTIONAL},
        "basis": basis,
        "analysed_on": sheet.days(assay.analysed_on)[0],
        "original_text": sheet.batch.cells.column(series.column),
        "original_unit": units,
    }
    return pa.table(columns).filter(pa.array(keep)), written


def _contaminant(sheet: Sheet, series: Series, written: Mask, contaminants: Contaminants) -> tuple[Any, Mask]:
    if not isinstance(series.contaminant, FromColumn):
        return pa.repeat(pa.scalar(str(series.contaminant)), len(written)), np.ones_like(written)
    texts = pc.fill_null(sheet.text(series.contaminant), "")
    found, reasons = _each(texts, contaminants.match)
    for text, reason in reasons.items():
        where = written & _equal(texts, text)
        sheet.find("unknown-contaminant", where, texts, _after(text, reason), (series.contaminant.column, False))
    return found, np.asarray(found.is_valid().to_numpy(zero_copy_only=False), np.bool_)


def _each(texts: Any, read: Callable[[str], str]) -> tuple[Any, dict[str, str]]:
    """Each text read, null where that fails, and why; each distinct text is read once."""
    distinct = texts.dictionary_encode()
    found: list[str | None] = []
    reasons: dict[str, str] = {}
    for text in distinct.dictionary.to_pylist():
        try:
            found.append(read(text))
        except ValueError as error:
            found.append(None)
            reasons[text] = str(error)
    return pc.take(pa.array(found, pa.string()), distinct.indices), reasons


def _after(text: str, reason: str) -> str:
    return reason.removeprefix(f"{text!r} ")


@dataclass(frozen=True, slots=True)
class _Conversions:
    """The conversion of each record, by the distinct units."""

    parts: tuple[tuple[Mask, Conversion], ...]
    possible: Mask

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        converted = np.full(len(values), np.nan)
        for where, conversion in self.parts:
            converted[where] = conversion(values[where])
        return converted


def _conversion(sheet: Sheet, given: AsGiven, units: Any, written: Mask) -> _Conversions:
    parts, possible = [], np.zeros_like(written)
    for unit in pc.unique(units).to_pylist():
        where = _equal(units, unit)
        try:
            parts.append((where, to_mg_per_kg(unit)))
            possible |= where
        except ValueError as error:
            at = (given.column if isinstance(given, FromColumn) else None, False)
            sheet.find("unit-not-convertible", where & written, units, f"– {error}", at)
    return _Conversions(tuple(parts), possible)


def _basis(sheet: Sheet, given: AsGiven, written: Mask) -> tuple[Any, Mask]:
    texts = pc.fill_null(pc.utf8_lower(sheet.text(given)), "unknown")
    known = among(texts, BASES)
    column = given.column if isinstance(given, FromColumn) else None
    sheet.find("unknown-basis", written & ~known, texts, f"is not one of {', '.join(BASES)}", (column, False))
    return texts, known


def _equal(texts: Any, text: str) -> Mask:
    return np.asarray(pc.equal(texts, text).to_numpy(zero_copy_only=False), np.bool_)


def _note_problems(sheet: Sheet, column: str, texts: Any, values: Values) -> None:
    for outcome, (rule, reason) in _problems(sheet):
        sheet.find(rule, values.outcome == outcome, texts, reason, (column, False))


def _problems(sheet: Sheet) -> Iterator[tuple[Outcome, tuple[str, str]]]:
    yield Outcome.NOT_A_NUMBER, ("not-a-number", unreadable_reason(State.NOT_A_NUMBER, sheet.marks))
    yield Outcome.AMBIGUOUS, ("ambiguous-number", unreadable_reason(State.AMBIGUOUS, sheet.marks))
    yield from PROBLEMS.items()


def no_measurement(file: str) -> IngestError:
    """The complaint about a file of which not one value could be used."""
    return IngestError(f"{file}: not one value could be loaded, so nothing was changed")
