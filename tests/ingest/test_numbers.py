"""Texts to numbers: what is written comes back, and nothing that can be read two ways becomes a number."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.numbers import Marks, Numbers, State, read_numbers, trimmed

POINT, COMMA = Marks("."), Marks(",")
finite = st.floats(allow_nan=False, allow_infinity=False)


def read(*texts: str, marks: Marks = POINT) -> Numbers:
    return read_numbers(trimmed(pa.array(texts, pa.string())), marks)


@given(st.lists(finite, min_size=1), st.sampled_from([POINT, COMMA]))
def test_what_python_writes_is_read_to_the_last_bit(values: list[float], marks: Marks) -> None:
    numbers = read(*(repr(value).replace(".", marks.decimal) for value in values), marks=marks)
    np.testing.assert_array_equal(numbers.values, values)
    assert (numbers.state == State.NUMBER).all()


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=3), st.sampled_from([POINT, COMMA]), st.data())
def test_marks_between_thousands_change_nothing(number: object, marks: Marks, data: st.DataObject) -> None:
    thousands = data.draw(st.sampled_from([marks.other, " ", "'", "\u00a0", "\u202f"]))
    swap = str.maketrans({",": thousands, ".": marks.decimal})
    assert read(f"{number:,}".translate(swap), marks=marks).values == float(str(number))


@given(st.text(max_size=20))
def test_any_text_is_a_finite_number_or_has_a_state_that_says_why_not(text: str) -> None:
    for marks in (POINT, COMMA, Marks(",", "."), Marks(".", ",", ("-", "NA"))):
        numbers = read(text, marks=marks)
        assert np.isfinite(numbers.values[0]) == (numbers.state[0] == State.NUMBER)


@pytest.mark.parametrize(("text", "marks"), [("1.022", COMMA), ("1,022", POINT), ("-12.500", COMMA)])
def test_a_lone_mark_before_three_digits_is_ambiguous_until_the_profile_says(text: str, marks: Marks) -> None:
    assert read(text, marks=marks).state == State.AMBIGUOUS
    sure = read(text, marks=Marks(marks.decimal, marks.other))
    assert sure.values == float(text.replace(marks.other, ""))


@pytest.mark.parametrize(
    "text", ["abc", "1.5.2", "1 2", "12.5 mg", "0x10", "inf", "nan", "1e999", "--1", "1e", "٣", "1,22"]
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert read(text).state == State.NOT_A_NUMBER


@pytest.mark.parametrize(
    ("text", "value"), [("+5", 5), (".5", 0.5), ("5.", 5), ("\u22123", -3), (" 7\u00a0", 7), ("1e3", 1000)]
)
def test_forms_of_numbers(text: str, value: float) -> None:
    assert read(text).values == value


def test_blank_cells_are_blank_and_not_zero() -> None:
    numbers = read("", "  ", "na", "NA", "0", marks=Marks(".", None, ("NA",)))
    assert numbers.state.tolist() == [State.BLANK] * 4 + [State.NUMBER]
    assert np.isnan(numbers.values[:4]).all()
