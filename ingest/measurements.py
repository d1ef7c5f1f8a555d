"""Measurements out of a batch of cells, wide or long, as bounds in mg/kg with their procedure and original text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from db.tables import BASES
from ingest.censoring import Outcome, Values, read_values
from ingest.contaminants import Contaminants
from ingest.headings import basis_in, split_heading
from ingest.numbers import Mask, State, among, blanks, read_numbers
from ingest.oxides import matched
from ingest.profile import AsGiven, Assay, FromColumn, MeasuredColumn, Measurements, ProfileError
from ingest.qualifiers import qualified
from ingest.sheet import Sheet, unreadable_reason
from ingest.stated import content_in
from ingest.units import Conversion

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
EXPECTED = ("expected", "expected_uncertainty")


@dataclass(frozen=True, slots=True)
class Series:
    """A column of values, the contaminant of all or each of them, and how they were measured."""

    column: str
    contaminant: AsGiven
    assay: Assay
    share: float = 1.0
    cas: FromColumn | None = None
    number: int = 1
    """Which column of values of the file it is."""


def series_of(measurements: Measurements, contaminants: Contaminants) -> tuple[Series, ...]:
    """The columns of values of a profile, with what it states once for all of them checked; raises ProfileError."""
    if measurements.value is not None:
        general = Assay(**{key: getattr(measurements, key) for key in Assay.model_fields})
        column = measurements.value.column
        series: tuple[Series, ...] = (Series(column, measurements.contaminant, general, cas=measurements.cas),)
    else:
        series = tuple(
            replace(_of_column(*item, measurements, contaminants), number=number)
            for number, item in enumerate(measurements.columns.items(), start=1)
        )
    for one in series:
        _check_constants(one)
    return series


def _of_column(column: str, given: MeasuredColumn, general: Assay, contaminants: Contaminants) -> Series:
    contaminant, share = _constant(lambda text: matched(text, contaminants), given.contaminant, column)
    return Series(column, contaminant, given.under(general), share)


def _check_constants(series: Series) -> None:
    unit, basis = series.assay.unit, series.assay.basis
    if isinstance(unit, str):
        _constant(content_in, unit, series.column)
    if isinstance(basis, str) and basis not in BASES:
        raise ProfileError(f"column {series.column!r}: the basis {basis!r} is not one of {', '.join(BASES)}")


def _constant(read: Callable[[str], Any], text: str, column: str) -> Any:
    try:
        return read(text)
    except ValueError as error:
        raise ProfileError(f"column {column!r}: {error}") from None


def read_measurements(
    sheet: Sheet, series: Series, notation: Any, contaminants: Contaminants, *, control: bool = False
) -> tuple[Any, Mask]:
    """The measurements of one series as a table that points to the records, and which records have a value at all.

    Those of a `control` may hold nothing or less, and come with what they are expected to be.
    """
    texts = sheet.cells(series.column)
    written = ~blanks(texts, sheet.marks)
    assay = series.assay
    if assay.qualifier is not None or assay.detected is not None:
        texts, written = qualified(sheet, texts, written, assay)
    contaminant, share, known = _contaminant(sheet, series, written, contaminants)
    unit = assay.unit or _unit_beside(sheet, series.column)
    units = pc.fill_null(sheet.text(unit), "")
    limits = {key: sheet.number(getattr(assay, key), (0.0, np.inf)) for key in (*LIMITS, *EXPECTED * control)}
    if assay.lod is None:
        limits["lod"] = _limit_above(sheet, series.column)
    values = read_values(texts, notation, sheet.marks, limits["lod"], blank=control)
    _note_problems(sheet, series.column, texts, values)
    convert = _conversion(sheet, unit, units, written, share)
    basis, has_basis = _basis(sheet, assay.basis, units, written)
    if assay.unit is None:
        basis = _basis_beside(series.column, basis)
    keep = values.usable & known & convert.possible & has_basis
    columns: dict[str, Any] = {
        "record": np.arange(len(texts)),
        "row": sheet.rows,
        "column": pa.repeat(pa.scalar(series.column), len(texts)),
        "source_column": pa.repeat(pa.scalar(series.number, pa.int16()), len(texts)),
        "contaminant": contaminant,
        "lower": convert(values.lower),
        "upper": convert(values.upper),
        **{key: pa.array(convert(limit), from_pandas=True) for key, limit in limits.items()},
        **{key: pc.fill_null(sheet.text(getattr(assay, key)), default) for key, default in DEFAULTS.items()},
        **{key: sheet.text(getattr(assay, key)) for key in OPTIONAL},
        "basis": basis,
        "analysed_on": sheet.days(assay.analysed_on)[0],
        "original_text": _as_written(sheet, series),
        "original_unit": units,
        "quality_flag": pa.array(np.where(values.outcome == Outcome.APPROXIMATE, "approximate", "ok")),
    }
    return pa.table(columns).filter(pa.array(keep)), written


def _unit_beside(sheet: Sheet, column: str) -> str:
    """The unit of a column that the profile states none for: out of the row of units, or else of the heading."""
    unit = sheet.units.get(column) or split_heading(column)[1]
    if not unit:
        raise ProfileError(f"neither the profile nor its heading gives a unit for column {column!r}")
    _constant(content_in, unit, column)
    return unit


def _limit_above(sheet: Sheet, column: str) -> NDArray[np.float64]:
    """The limit of detection that a row above the data states for the column, NaN where there is none."""
    text = sheet.limits.get(column, "").lstrip("<≤ ")
    numbers = read_numbers(pa.array([text]), sheet.marks)
    return np.full(len(sheet.rows), numbers.values[0] if numbers.values[0] > 0 else np.nan)


def _as_written(sheet: Sheet, series: Series) -> Any:
    cells = sheet.batch.cells.column(series.column)
    if series.assay.qualifier is None:
        return cells
    flags = sheet.cells(series.assay.qualifier.column)
    return pc.if_else(pc.equal(flags, ""), cells, pc.binary_join_element_wise(cells, flags, " "))


def _contaminant(
    sheet: Sheet, series: Series, written: Mask, contaminants: Contaminants
) -> tuple[Any, NDArray[np.float64], Mask]:
    """Of each record the contaminant, the share of it in what was measured, and whether it is known."""
    if not isinstance(series.contaminant, FromColumn):
        constant = pa.repeat(pa.scalar(str(series.contaminant)), len(written))
        return constant, np.full(len(written), series.share), np.ones_like(written)
    texts = pc.fill_null(sheet.text(series.contaminant), "")
    found, reasons = _each(texts, lambda text: matched(text, contaminants))
    identifiers, shares = pc.struct_field(found, "id"), pc.fill_null(pc.struct_field(found, "share"), 1.0)
    if series.cas is not None:
        identifiers = _compared(sheet, series.cas, identifiers, written, contaminants)
    known = np.asarray(identifiers.is_valid().to_numpy(zero_copy_only=False), np.bool_)
    for text, reason in reasons.items():
        where = written & _equal(texts, text) & ~known
        sheet.find("unknown-contaminant", where, texts, _after(text, reason), (series.contaminant.column, False))
    return identifiers, shares.to_numpy(zero_copy_only=False), known


def _compared(sheet: Sheet, cas: FromColumn, named: Any, written: Mask, contaminants: Contaminants) -> Any:
    """What the names mean, and where they mean nothing what the CAS numbers mean; contradictions are noted."""
    numbers = pc.fill_null(sheet.text(cas), "")
    found, _ = _each(numbers, lambda text: (contaminants.match(text), 1.0))
    meant = pc.struct_field(found, "id")
    differ = pc.fill_null(pc.not_equal(meant, named), False).to_numpy(zero_copy_only=False)
    for other in pc.unique(meant.filter(pa.array(differ & written))).to_pylist():
        where = differ & written & _equal(pc.fill_null(meant, ""), other)
        sheet.find(
            "cas-contradiction", where, numbers, f"is the CAS number of {other}, not of the name", (cas.column, False)
        )
    return pc.coalesce(named, meant)


MATCH = pa.struct([("id", pa.string()), ("share", pa.float64())])


def _each(texts: Any, read: Callable[[str], tuple[str, float]]) -> tuple[Any, dict[str, str]]:
    """Each text read, null where that fails, and why; each distinct text is read once."""
    distinct = texts.dictionary_encode()
    found: list[dict[str, str | float] | None] = []
    reasons: dict[str, str] = {}
    for text in distinct.dictionary.to_pylist():
        try:
            identifier, share = read(text)
            found.append({"id": identifier, "share": share})
        except ValueError as error:
            found.append(None)
            reasons[text] = str(error)
    return pc.take(pa.array(found, MATCH), distinct.indices), reasons


def _after(text: str, reason: str) -> str:
    return reason.removeprefix(f"{text!r} ")


@dataclass(frozen=True, slots=True)
class _Conversions:
    """The conversion of each record, by the distinct units."""

    parts: tuple[tuple[Mask, Conversion], ...]
    share: NDArray[np.float64]
    possible: Mask

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        converted = np.full(len(values), np.nan)
        for where, conversion in self.parts:
            converted[where] = conversion(values[where])
        return converted * self.share


def _conversion(sheet: Sheet, given: AsGiven, units: Any, written: Mask, share: NDArray[np.float64]) -> _Conversions:
    parts, possible = [], np.zeros_like(written)
    for unit in pc.unique(units).to_pylist():
        where = _equal(units, unit)
        try:
            parts.append((where, content_in(unit)[0]))
            possible |= where
        except ValueError as error:
            at = (given.column if isinstance(given, FromColumn) else None, False)
            sheet.find("unit-not-convertible", where & written, units, f"– {error}", at)
    return _Conversions(tuple(parts), share, possible)


def _basis(sheet: Sheet, given: AsGiven, units: Any, written: Mask) -> tuple[Any, Mask]:
    """The basis of each record, out of its unit where nothing else states it."""
    texts = pc.fill_null(pc.utf8_lower(sheet.text(given)), "unknown")
    known = among(texts, BASES)
    column = given.column if isinstance(given, FromColumn) else None
    sheet.find("unknown-basis", written & ~known, texts, f"is not one of {', '.join(BASES)}", (column, False))
    for unit in pc.unique(units).to_pylist():
        said = _basis_of(unit)
        if said is not None:
            where = written & _equal(units, unit)
            other = where & known & ~_equal(texts, said) & ~_equal(texts, "unknown")
            sheet.find(
                "basis-contradiction", other, units, f"speaks of {said} matter, the profile of another", (column, False)
            )
            texts = pc.if_else(pa.array(where & _equal(texts, "unknown")), said, texts)
    return texts, known


def _basis_beside(column: str, basis: Any) -> Any:
    """The basis of each record, out of the heading where nothing else states it."""
    said = basis_in(column)
    return basis if said is None else pc.if_else(pc.equal(basis, "unknown"), said, basis)


def _basis_of(unit: str) -> str | None:
    try:
        return content_in(unit)[1]
    except ValueError:
        return None


def _equal(texts: Any, text: str) -> Mask:
    return np.asarray(pc.equal(texts, text).to_numpy(zero_copy_only=False), np.bool_)


def _note_problems(sheet: Sheet, column: str, texts: Any, values: Values) -> None:
    for outcome, (rule, reason) in _problems(sheet):
        sheet.find(rule, values.outcome == outcome, texts, reason, (column, False))


def _problems(sheet: Sheet) -> Iterator[tuple[Outcome, tuple[str, str]]]:
    yield Outcome.NOT_A_NUMBER, ("not-a-number", unreadable_reason(State.NOT_A_NUMBER, sheet.marks))
    yield Outcome.AMBIGUOUS, ("ambiguous-number", unreadable_reason(State.AMBIGUOUS, sheet.marks))
    yield from PROBLEMS.items()
