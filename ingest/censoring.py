"""Values as laboratories write them to intervals: `<0.05` is a bound of 0.05, not 0.05 and not 0.025 (Helsel 2012)."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingest.numbers import ANY_NUMBER, Marks, Mask, State, Texts, among, matching, read_numbers
from ingest.profile import Notation

Bound: TypeAlias = float | NDArray[np.float64]
Chosen: TypeAlias = Mask | NDArray[np.int64]

BELOW_SIGN, ABOVE_SIGN = "^(?:<=|<|≤)", "^(?:>=|>|≥)"
ABOUT_SIGN = "^(?:~|≈|ca\\.?|about)"
INTERVAL = rf"(?P<low>{ANY_NUMBER})\s*(?:-|–|—|\.\.\.?|…|\bto\b)\s*(?P<high>{ANY_NUMBER})"


class Outcome(IntEnum):
    """What a text says about a concentration; what follows BLANK says nothing that can be used, and is a problem."""

    MEASURED = 0
    BELOW = 1
    ABOVE = 2
    INTERVAL = 3
    APPROXIMATE = 4
    BLANK = 5
    NOT_A_NUMBER = 6
    AMBIGUOUS = 7
    NO_LIMIT = 8
    ZERO = 9
    NEGATIVE = 10
    BAD_LIMIT = 11
    BAD_INTERVAL = 12


@dataclass(frozen=True, slots=True)
class Values:
    """Bounds of shape (n,) in the unit of the text, NaN where there are none, and the outcome of each."""

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    outcome: NDArray[np.uint8]

    @property
    def usable(self) -> Mask:
        """Which texts give a measurement or a bound."""
        return self.outcome < Outcome.BLANK


@dataclass(slots=True)
class _Reading:
    texts: Texts
    notation: Notation
    marks: Marks
    limit: NDArray[np.float64]
    lower: NDArray[np.float64] = field(init=False)
    upper: NDArray[np.float64] = field(init=False)
    outcome: NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        numbers = read_numbers(self.texts, self.marks)
        self.lower, self.upper = numbers.values, numbers.values.copy()
        kinds = [Outcome.MEASURED, Outcome.BLANK, Outcome.NOT_A_NUMBER, Outcome.AMBIGUOUS]
        self.outcome = np.array(kinds, np.uint8)[numbers.state]

    def set(self, chosen: Chosen, outcome: Outcome, lower: Bound = np.nan, upper: Bound = np.nan) -> None:
        self.outcome[chosen] = outcome
        self.lower[chosen], self.upper[chosen] = lower, upper


def read_values(
    texts: Texts, notation: Notation, marks: Marks, limit: NDArray[np.float64], *, blank: bool = False
) -> Values:
    """Read trimmed texts of shape (n,); `limit` is the limit of detection of each in the same unit, NaN if unknown.

    Of a `blank` zero and less are contents like any other: what an instrument shows of nothing scatters around it.
    """
    reading = _Reading(texts, notation, marks, limit)
    _read_zeros_and_negatives(reading, blank)
    unread = (reading.outcome == Outcome.NOT_A_NUMBER) | (reading.outcome == Outcome.AMBIGUOUS)
    if unread.any():
        _read_signs(reading, BELOW_SIGN, Outcome.BELOW)
        _read_signs(reading, ABOVE_SIGN, Outcome.ABOVE)
        if notation.approximate == "flag":
            _read_signs(reading, ABOUT_SIGN, Outcome.APPROXIMATE)
        _read_words(reading, among(texts, notation.nondetect))
        if notation.intervals:
            _read_intervals(reading)
    return Values(reading.lower, reading.upper, reading.outcome)


def _read_zeros_and_negatives(reading: _Reading, blank: bool) -> None:
    values = reading.upper.copy()
    zero, negative = values == 0, values < 0
    if reading.notation.zero == "below-lod":
        _read_words(reading, zero)
    elif not blank:
        reading.set(zero, Outcome.ZERO)
    if reading.notation.negative == "below-absolute":
        reading.set(negative, Outcome.BELOW, 0.0, -values[negative])
    elif not blank:
        reading.set(negative, Outcome.NEGATIVE)


def _read_words(reading: _Reading, chosen: Mask) -> None:
    """Not detected: below the limit of detection, if that is known."""
    known = chosen & (reading.limit > 0)
    reading.set(chosen & ~known, Outcome.NO_LIMIT)
    reading.set(known, Outcome.BELOW, 0.0, reading.limit[known])


def _read_signs(reading: _Reading, sign: str, outcome: Outcome) -> None:
    signed = np.asarray(pc.match_substring_regex(reading.texts, sign).to_numpy(zero_copy_only=False), np.bool_)
    if not signed.any():
        return
    numbers = read_numbers(
        pc.utf8_trim_whitespace(pc.replace_substring_regex(pc.filter(reading.texts, pa.array(signed)), sign, "")),
        reading.marks,
    )
    rows = np.flatnonzero(signed)
    reading.set(rows, Outcome.NOT_A_NUMBER)
    reading.set(rows[numbers.state == State.AMBIGUOUS], Outcome.AMBIGUOUS)
    reading.set(rows[numbers.values <= 0], Outcome.BAD_LIMIT)
    good = numbers.values > 0
    bound = numbers.values[good]
    lower = np.zeros_like(bound) if outcome == Outcome.BELOW else bound
    upper = np.full_like(bound, np.inf) if outcome == Outcome.ABOVE else bound
    reading.set(rows[good], outcome, lower, upper)


def _read_intervals(reading: _Reading) -> None:
    rows = np.flatnonzero(matching(reading.texts, INTERVAL) & (reading.outcome == Outcome.NOT_A_NUMBER))
    if not rows.size:
        return
    ends = pc.extract_regex(pc.take(reading.texts, pa.array(rows)), f"^{INTERVAL}$")
    low, high = (
        read_numbers(pc.utf8_trim_whitespace(pc.struct_field(ends, end)), reading.marks).values
        for end in ("low", "high")
    )
    ordered = (low >= 0) & (low < high)
    reading.set(rows[~ordered], Outcome.BAD_INTERVAL)
    reading.set(rows[ordered], Outcome.INTERVAL, low[ordered], high[ordered])
