"""Columns of text to columns of numbers, by the file's own decimal mark, never by a guess."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Texts: TypeAlias = Any  # pyarrow string arrays; the library ships no types
Mask: TypeAlias = NDArray[np.bool_]

SPACES = " \u00a0\u2009\u202f"
ANY_NUMBER = r"[+-]?\d[\d.,' \x{00A0}\x{2009}\x{202F}]*(?:[eE][+-]?\d{1,3})?"


class State(IntEnum):
    """What a text turned out to be."""

    NUMBER = 0
    BLANK = 1
    NOT_A_NUMBER = 2
    AMBIGUOUS = 3


@dataclass(frozen=True, slots=True)
class Marks:
    """How numbers are written: the decimal mark, the mark between thousands if any, and what stands for nothing."""

    decimal: str = "."
    thousands: str | None = None
    blank: tuple[str, ...] = ()

    @property
    def other(self) -> str:
        """The mark that is not the decimal one, and may stand between thousands."""
        return "," if self.decimal == "." else "."


@dataclass(frozen=True, slots=True)
class Numbers:
    """Doubles of shape (n,), NaN where there is none, and the state of each."""

    values: NDArray[np.float64]
    state: NDArray[np.uint8]


def trimmed(texts: Texts) -> Texts:
    """The texts without surrounding white space and with plain minus signs; null becomes empty."""
    plain = pc.utf8_trim_whitespace(pc.fill_null(texts, ""))
    return pc.replace_substring(plain, "\u2212", "-")


def blanks(texts: Texts, marks: Marks) -> Mask:
    """Which of the trimmed texts stand for nothing."""
    return among(texts, ("", *marks.blank))


def among(texts: Texts, words: tuple[str, ...]) -> Mask:
    """Which texts are one of the words, whatever their case."""
    lowered = pa.array([word.lower() for word in words], pa.string())
    return _mask(pc.is_in(pc.utf8_lower(texts), lowered))


def read_numbers(texts: Texts, marks: Marks) -> Numbers:
    """Read trimmed texts of shape (n,).

    `1.022` in a file of decimal commas may be 1022 or a slip for 1,022: it is ambiguous unless the profile names the
    mark between thousands. `1.022,5` and `1.022.500` can only be read one way.
    """
    values = np.full(len(texts), np.nan)
    state = np.full(len(texts), State.NOT_A_NUMBER, np.uint8)
    plain = matching(texts, _plain(marks.decimal))
    _fill(values, plain, texts, marks)
    rest = ~plain
    if rest.any():
        grouped, ambiguous = _grouped(texts, marks)
        _fill(values, rest & grouped, texts, marks)
        state[rest & ambiguous] = State.AMBIGUOUS
        state[rest & blanks(texts, marks)] = State.BLANK
    state[np.isfinite(values)] = State.NUMBER
    values[state != State.NUMBER] = np.nan
    return Numbers(values, state)


def matching(texts: Texts, pattern: str) -> Mask:
    """Which texts match a whole RE2 pattern."""
    return _mask(pc.match_substring_regex(texts, f"^(?:{pattern})$"))


def _plain(decimal: str) -> str:
    mark = rf"\{decimal}"
    return rf"[+-]?(?:\d+(?:{mark}\d*)?|{mark}\d+)(?:[eE][+-]?\d{{1,3}})?"


def _grouped(texts: Texts, marks: Marks) -> tuple[Mask, Mask]:
    decimal, other = rf"\{marks.decimal}", rf"\{marks.other}"
    sure = [rf"[+-]?\d{{1,3}}(?:{mark}\d{{3}})+(?:{decimal}\d+)?" for mark in ("'", *SPACES)]
    sure += [rf"[+-]?\d{{1,3}}(?:{other}\d{{3}})+{decimal}\d+", rf"[+-]?\d{{1,3}}(?:{other}\d{{3}}){{2,}}"]
    single = matching(texts, rf"[+-]?\d{{1,3}}{other}\d{{3}}")
    grouped = matching(texts, "|".join(sure))
    if marks.thousands == marks.other:
        return grouped | single, np.zeros_like(single)
    return grouped, single


def _fill(values: NDArray[np.float64], chosen: Mask, texts: Texts, marks: Marks) -> None:
    if not chosen.any():
        return
    digits = pc.filter(texts, pa.array(chosen))
    for mark in (marks.other, "'", *SPACES, "+"):
        digits = _without(digits, mark)
    values[chosen] = pc.cast(pc.replace_substring(digits, marks.decimal, "."), pa.float64()).to_numpy(
        zero_copy_only=False
    )


def _without(texts: Texts, mark: str) -> Texts:
    return pc.replace_substring(texts, mark, "")


def _mask(values: Any) -> Mask:
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.bool_)
