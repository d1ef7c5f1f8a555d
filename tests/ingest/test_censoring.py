"""Values as laboratories write them: bounds stay bounds, and nothing looks measured that was not."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.censoring import Outcome, Values, read_values
from ingest.numbers import Marks, trimmed
from ingest.profile import Notation

positive = st.floats(min_value=1e-6, max_value=1e9)


def read(*texts: str, notation: Notation | None = None, decimal: str = ".", lod: float = np.nan) -> Values:
    cells = trimmed(pa.array(texts, pa.string()))
    return read_values(cells, notation or Notation(), Marks(decimal), np.full(len(texts), lod))


def only(values: Values) -> tuple[float, float, int]:
    """Bounds and outcome of the one value."""
    return float(values.lower[0]), float(values.upper[0]), int(values.outcome[0])


@given(st.lists(positive, min_size=1), st.sampled_from([".", ","]))
def test_measured_values_have_equal_bounds(values: list[float], decimal: str) -> None:
    got = read(*(repr(value).replace(".", decimal) for value in values), decimal=decimal)
    np.testing.assert_array_equal(got.lower, values)
    np.testing.assert_array_equal(got.upper, values)


@given(positive, st.sampled_from(["<", "< ", "<=", "≤", " <  "]), st.sampled_from([".", ","]))
def test_below_is_a_bound_and_never_a_value(limit: float, sign: str, decimal: str) -> None:
    got = read(sign + repr(limit).replace(".", decimal), decimal=decimal)
    assert only(got) == (0, limit, Outcome.BELOW)


@given(positive, st.sampled_from([">", "> ", ">=", "≥"]))
def test_above_has_no_upper_bound(limit: float, sign: str) -> None:
    got = read(f"{sign}{limit!r}")
    assert only(got) == (limit, np.inf, Outcome.ABOVE)


@given(positive, positive, st.sampled_from(["-", " - ", "–", " to ", ".."]))
def test_intervals_only_when_the_profile_says_so(one: float, other: float, between: str) -> None:
    text = f"{one:f}{between}{other:f}"
    assert read(text).outcome == Outcome.NOT_A_NUMBER
    got = read(text, notation=Notation(intervals=True))
    low, high = float(f"{one:f}"), float(f"{other:f}")
    if low < high:
        assert only(got) == (low, high, Outcome.INTERVAL)
    else:
        assert got.outcome == Outcome.BAD_INTERVAL


@given(st.text(max_size=15), st.booleans(), st.sampled_from(["reject", "below-lod"]))
def test_any_text_gives_bounds_in_order_or_an_outcome_that_says_why_not(text: str, intervals: bool, zero: str) -> None:
    notation = Notation.model_validate({"intervals": intervals, "zero": zero})
    for lod in (np.nan, 0.1):
        got = read(text, notation=notation, lod=lod)
        assert bool(got.usable[0]) == bool(0 <= got.lower[0] <= got.upper[0] and got.upper[0] > 0)


@pytest.mark.parametrize("text", ["n.d.", "ND", "b.d.", "BDL", "<LOD", "not detected"])
def test_not_detected_needs_a_limit(text: str) -> None:
    assert read(text).outcome == Outcome.NO_LIMIT
    got = read(text, lod=0.4)
    assert only(got) == (0, 0.4, Outcome.BELOW)


def test_zeros_and_negatives_follow_the_profile() -> None:
    assert read("0", "0.0", "-0.5").outcome.tolist() == [Outcome.ZERO, Outcome.ZERO, Outcome.NEGATIVE]
    told = Notation(zero="below-lod", negative="below-absolute")
    assert read("0", notation=told).outcome == Outcome.NO_LIMIT
    got = read("0", "-0.5", notation=told, lod=0.2)
    assert got.upper.tolist() == [0.2, 0.5]
    assert (got.outcome == Outcome.BELOW).all()


@pytest.mark.parametrize(
    ("text", "outcome"),
    [("<0", "BAD_LIMIT"), ("<-1", "BAD_LIMIT"), ("<x", "NOT_A_NUMBER"), ("~5", "NOT_A_NUMBER"), ("", "BLANK")],
)
def test_what_is_neither_value_nor_bound(text: str, outcome: str) -> None:
    got = read(text)
    assert got.outcome == Outcome[outcome]
    assert np.isnan(got.lower).all()
