"""Cells of files that we write: nothing that a spreadsheet would run, and nothing lost on the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.inert import as_written, inert

DANGEROUS = "=+-@\t\r\n＝＋－＠"


@given(st.one_of(st.text(), st.text(alphabet="'=+-@ 1a,.\t", max_size=8)))
def test_what_was_made_inert_can_be_had_back(text: str) -> None:
    assert as_written(inert(text)) == text


@given(st.sampled_from(DANGEROUS), st.text(alphabet=st.characters(min_codepoint=65, max_codepoint=122), min_size=1))
def test_nothing_that_would_run_stays(mark: str, rest: str) -> None:
    assert inert(mark + rest).startswith("'")


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([".", ","]))
def test_numbers_stay_numbers(number: float, decimal: str) -> None:
    for written in (repr(number), f"{number:+.3f}"[:20], f"{number:.2e}"):
        assert inert(written.replace(".", decimal)) == written.replace(".", decimal)


@pytest.mark.parametrize(
    "text", ["", "-", "--", "<0.05", "-0,05", "+1 000.5", "-1.5e-3", "n.d.", "Pb", "'quoted'", "-5 %"]
)
def test_what_surveys_hold_stays_as_it_is(text: str) -> None:
    assert inert(text) == text


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://x","y")', "@SUM(1)", "+cmd|' /C calc'!A0", "-2+3+cmd|'/C calc'!A0", "\t=1", "\r=1"]
)
def test_what_would_run_is_marked(text: str) -> None:
    assert inert(text) == f"'{text}"
