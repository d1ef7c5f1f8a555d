"""The fields of a profile read from a batch of cells: columns of text, numbers and days, and what was wrong in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingest.angles import read_angles
from ingest.dates import ISO, span
from ingest.findings import RULES, Finding, Rule
from ingest.numbers import Marks, Mask, State, Texts, blanks, read_numbers, trimmed
from ingest.profile import AsGiven, FromColumn, Position, SecondPosition
from ingest.readers.base import Batch
from ingest.readers.several import FILE_NAME, FILE_ROW
from ingest.scales import scale_to
from ingest.sectors import sector_of

DAY = pa.date32()
UNREADABLE = {State.NOT_A_NUMBER: "not-a-number", State.AMBIGUOUS: "ambiguous-number"}
AXES = {"x": "longitude", "y": "latitude"}


@dataclass(slots=True)
class Sheet:
    """A batch of n records, read field by field; `findings` gathers what could not be understood."""

    batch: Batch
    marks: Marks
    rules: Mapping[str, Rule] = field(default_factory=lambda: RULES)
    units: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def rows(self) -> NDArray[np.int64]:
        """The file rows of the records, shape (n,)."""
        return self.batch.rows

    def cells(self, column: str) -> Texts:
        """The trimmed texts of a column, empty ones for an optional column that the file does not have."""
        if column not in self.batch.cells.schema.names:
            return pa.repeat(pa.scalar(""), len(self.rows))
        return trimmed(self.batch.cells.column(column))

    def joined(self, given: FromColumn) -> Texts:
        """The trimmed texts of a field, those of several columns with a space between."""
        texts = self.cells(given.column)
        for column in given.also:
            texts = pc.binary_join_element_wise(texts, self.cells(column), " ")
        return trimmed(texts) if given.also else texts

    def content(self) -> Texts:
        """All that stands in each record as one text; in which of several files it stands is no part of that."""
        names = [name for name in self.batch.cells.schema.names if name not in (FILE_NAME, FILE_ROW)]
        return pc.binary_join_element_wise(*(self.batch.cells.column(name) for name in names), "\x1f")

    def find(self, rule: str, where: Mask, texts: Texts, reason: str, at: tuple[str | None, bool]) -> None:
        """Note that a rule is broken in the records of a mask; `at` is the column, and whether it spoils the row."""
        known = self.rules.get(rule)
        if known is not None and where.any():
            column, whole_row = at
            chosen = pc.filter(texts, pa.array(where)).to_pylist()
            spoils = whole_row and known.severity == "reject"
            self.findings.append(Finding(known, self.rows[where], chosen, reason, column, spoils))

    def rejects(self, rule: str) -> bool:
        """Whether what breaks the rule is taken out."""
        return rule in self.rules and self.rules[rule].severity == "reject"

    def text(self, given: AsGiven) -> Texts:
        """A field as strings of shape (n,), null where nothing stands, unless the profile has a value for that."""
        if not isinstance(given, FromColumn):
            return pa.repeat(pa.scalar(None if given in (None, "") else str(given), pa.string()), len(self.rows))
        texts = self.joined(given)
        empty = blanks(texts, self.marks)
        if given.scheme:
            return self._sector(texts, empty, given)
        if given.values or given.otherwise is not None:
            texts = self._translated(texts, empty, given)
        return pc.if_else(pa.array(empty), pa.scalar(given.values.get(""), pa.string()), texts)

    def _sector(self, texts: Texts, empty: Mask, given: FromColumn) -> Texts:
        distinct = texts.dictionary_encode()
        found = [sector_of(str(given.scheme), code) for code in distinct.dictionary.to_pylist()]
        sectors = pc.take(pa.array(found, pa.string()), distinct.indices)
        unknown = np.asarray(sectors.is_null().to_numpy(zero_copy_only=False)) & ~empty
        self.find("unknown-sector", unknown, texts, f"is no known code of {given.scheme}", (given.column, False))
        return sectors

    def _translated(self, texts: Texts, empty: Mask, given: FromColumn) -> Texts:
        codes = pa.array(list(given.values), pa.string())
        position = pc.index_in(texts, codes)
        if given.otherwise is not None:
            translated = pc.take(pa.array(list(given.values.values()), pa.string()), position)
            return pc.fill_null(translated, given.otherwise)
        unknown = np.asarray(position.is_null().to_numpy(zero_copy_only=False)) & ~empty
        self.find("not-a-code", unknown, texts, "is not one of the codes in the profile", (given.column, False))
        return pc.take(pa.array(list(given.values.values()), pa.string()), position)

    def number(
        self, given: AsGiven, within: tuple[float, float] = (-np.inf, np.inf), *, field: str = ""
    ) -> NDArray[np.float64]:
        """A field as doubles of shape (n,), NaN where nothing stands or what stands is no number within the range.

        `field` names it where the numbers may stand in another unit than the field's own.
        """
        if not isinstance(given, FromColumn):
            return np.full(len(self.rows), np.nan if given is None else float(str(given)))
        texts = pc.fill_null(self.text(given), "") if given.values else self.joined(given)
        numbers = read_numbers(texts, self.marks)
        for state, name in UNREADABLE.items():
            reason = unreadable_reason(state, self.marks)
            self.find(name, numbers.state == state, texts, reason, (given.column, False))
        return self.within(numbers.values * self.scale(given, field), within, given, texts)

    def within(
        self, values: NDArray[np.float64], within: tuple[float, float], given: FromColumn, texts: Texts
    ) -> NDArray[np.float64]:
        """The values of a field without those outside its possible range, which are noted."""
        outside = (values < within[0]) | (values > within[1])
        reason = f"lies outside the possible range, {within[0]:g} to {within[1]:g}"
        self.find("implausible-property", outside, texts, reason, (given.column, False))
        values[outside] = np.nan
        return values

    def scale(self, given: FromColumn, field: str) -> NDArray[np.float64] | float:
        """What the numbers of a field are multiplied with to be in its unit: shape (n,), NaN for no such unit."""
        if given.unit:
            return scale_to(field, given.unit)
        if not given.unit_column:
            return 1.0
        units = self.cells(given.unit_column)
        factors = np.ones(len(self.rows))
        for unit in pc.unique(units).to_pylist():
            where = np.asarray(pc.equal(units, unit).to_numpy(zero_copy_only=False), np.bool_)
            try:
                factors[where] = scale_to(field, unit) if unit else np.nan
            except ValueError as error:
                self.find("unit-not-convertible", where, units, f"– {error}", (given.unit_column, False))
                factors[where] = np.nan
        return factors

    def coordinate(
        self, given: FromColumn, axis: Literal["x", "y"], position: Position | SecondPosition
    ) -> NDArray[np.float64]:
        """A coordinate as doubles of shape (n,), NaN where it is none; degrees may have minutes and letters."""
        texts = self.joined(given)
        geographic = position.system.is_geographic
        numbers = (
            read_angles(texts, self.marks, axis, position.letters) if geographic else read_numbers(texts, self.marks)
        )
        for state in UNREADABLE:
            nor = f", nor degrees of {AXES[axis]}" if geographic else ""
            reason = f"{unreadable_reason(state, self.marks)}{nor}"
            self.find("position-unreadable", numbers.state == state, texts, reason, (given.column, True))
        return numbers.values

    def part(self, where: Mask) -> "Sheet":
        """The records of a mask as a sheet of their own, with the same list of findings."""
        batch = Batch(self.batch.cells.filter(pa.array(where)), self.rows[where])
        return replace(self, batch=batch)

    def days(self, given: AsGiven) -> tuple[Any, Any]:
        """A field as the first and last day of each date; a date without day or month spans its month or year."""
        if not isinstance(given, FromColumn):
            constant = pa.repeat(pa.scalar(given, DAY), len(self.rows))
            return constant, constant
        texts = self.text(given)
        distinct = texts.dictionary_encode()
        spans = [span(text, given.format) for text in distinct.dictionary.to_pylist()]
        first, last = (
            pc.take(pa.array([span[end] if span else None for span in spans], DAY), distinct.indices) for end in (0, 1)
        )
        unread = pc.and_(texts.is_valid(), first.is_null()).to_numpy(zero_copy_only=False)
        self.find("not-a-date", unread, texts, f"is not a date written {given.format or ISO}", (given.column, False))
        return first, last


def unreadable_reason(state: State, marks: Marks) -> str:
    """Why a text is not a number, to follow the text in a sentence."""
    if state == State.AMBIGUOUS:
        return f"has a {marks.other!r} that may part thousands or decimals; if thousands, state it as file.thousands"
    return f"is not a number with decimal mark {marks.decimal!r}"
