"""Blanks and reference materials: units cancel, bounds stay bounds, one result has no interval."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.control import assess_bias, assess_blanks

contents = st.lists(st.floats(0, 10), min_size=3, max_size=30)


@settings(max_examples=30, deadline=None)
@given(contents, st.floats(1e-3, 1e3))
def test_the_limit_of_blanks_moves_with_the_unit(values: list[float], factor: float) -> None:
    found, again = (
        assess_blanks(values, values),
        assess_blanks(np.multiply(values, factor), np.multiply(values, factor)),
    )
    assert found is not None
    assert again is not None
    assert again.limit == pytest.approx(factor * found.limit, abs=1e-9 * factor)
    assert found.limit >= found.mean
    assert not found.bounded


@settings(max_examples=30, deadline=None)
@given(contents)
def test_a_blank_below_a_limit_counts_as_the_limit(values: list[float]) -> None:
    high = np.asarray(values) + 0.1
    low = high.copy()
    low[0] = 0.0
    found, plain = assess_blanks(low, high), assess_blanks(high, high)
    assert found is not None
    assert plain is not None
    assert (found.bounded, found.limit) == (True, plain.limit)


def test_few_blanks_say_nothing() -> None:
    assert assess_blanks([0.1, 0.2], [0.1, 0.2]) is None


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 1e4), st.floats(0.001, 2.0), st.integers(2, 30), st.integers(0, 2**32 - 1))
def test_bias_is_relative_and_inside_its_interval(certified: float, bias: float, count: int, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 0.05, count)
    values = certified * (1 + bias) * (1 + noise - noise.mean())
    found = assess_bias(values, certified)
    assert found.relative == pytest.approx(bias, abs=1e-9)
    assert found.lower <= found.relative <= found.upper
    assert found.beyond(abs(bias) / 2) == (abs(bias) > 1e-9)


def test_the_uncertainty_of_the_certificate_widens_the_interval() -> None:
    values = [98.0, 104.0, 106.0, 108.0]
    assert assess_bias(values, 100.0, 5.0).upper > assess_bias(values, 100.0).upper
    assert assess_bias([110.0], 100.0).upper == np.inf
    assert not assess_bias([110.0], 100.0).significant


def test_intervals_hold_what_they_promise() -> None:
    draw = np.random.default_rng(11)
    held = [assess_bias(draw.normal(105, 4, 5), 100.0) for _ in range(600)]
    assert np.mean([one.lower <= 0.05 <= one.upper for one in held]) == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize(("values", "certified"), [([], 1.0), ([1.0], 0.0), ([np.nan], 1.0), ([1.0], np.inf)])
def test_mistakes_are_named(values: list[float], certified: float) -> None:
    with pytest.raises(ValueError, match=r"certified content|at least one measured value"):
        assess_bias(values, certified)
