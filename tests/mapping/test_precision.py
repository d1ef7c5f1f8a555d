"""Laws of the error of a measurement: what made the pairs is found again, in any unit and order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.precision import ErrorModel, fit_error_model, sampling_sd

seeds = st.integers(0, 2**32 - 1)
Vector = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def pairs(seed: int, count: int, constant: float, relative: float) -> tuple[Vector, Vector]:
    draw = np.random.default_rng(seed)
    content = draw.lognormal(3, 1, count)
    sd = constant + relative * content
    one, other = (content + sd * draw.standard_normal(count) for _ in range(2))
    return one, other


@settings(max_examples=30, deadline=None)
@given(st.integers(5, 40), st.floats(0.001, 0.5), seeds)
def test_a_relative_error_is_found_exactly(count: int, relative: float, seed: int) -> None:
    content = np.random.default_rng(seed).lognormal(2, 1, count)
    half = content * relative / np.sqrt(2)
    found = fit_error_model(content - half, content + half)
    assert found is not None
    assert found.sd(content) == pytest.approx(relative * content, rel=1e-3)


@pytest.mark.parametrize(("constant", "relative"), [(2.0, 0.05), (0.0, 0.1), (1.0, 0.0)])
def test_both_parts_are_recovered(constant: float, relative: float) -> None:
    found = fit_error_model(*pairs(4, 4000, constant, relative))
    assert found is not None
    typical = np.array([5.0, 20.0, 100.0])
    assert found.sd(typical) == pytest.approx(constant + relative * typical, rel=0.08)


@settings(max_examples=30, deadline=None)
@given(seeds, st.floats(1e-3, 1e3), st.permutations(range(60)))
def test_unit_order_and_turn_do_not_matter(seed: int, factor: float, order: list[int]) -> None:
    one, other = pairs(seed, 60, 1.0, 0.08)
    found, again = fit_error_model(one, other), fit_error_model(factor * other[order], factor * one[order])
    assert found is not None
    assert again is not None
    typical = np.array([10.0, 30.0])
    assert again.sd(factor * typical) == pytest.approx(factor * found.sd(typical), rel=1e-3)


@pytest.mark.parametrize("count", [12, 200])
def test_a_pair_that_was_mixed_up_is_left_out_and_counted(count: int) -> None:
    one, other = pairs(8, count, 0.0, 0.05)
    clean = fit_error_model(one, other)
    other[0] = one[0] * 40
    spoilt = fit_error_model(one, other)
    assert clean is not None
    assert spoilt is not None
    assert spoilt.excluded >= 1
    assert spoilt.sd([20.0]) == pytest.approx(clean.sd([20.0]), rel=0.35)


def test_equal_pairs_have_no_error_and_few_pairs_say_nothing() -> None:
    assert fit_error_model(np.arange(1.0, 31.0), np.arange(1.0, 31.0)) == ErrorModel(0.0, 0.0, 30)
    assert fit_error_model([1.0] * 4, [1.1] * 4) is None
    assert fit_error_model([1.0] * 4 + [0.0, np.nan], [1.1] * 6) is None


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="two arrays of one length"):
        fit_error_model([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="parts of zero or more"):
        ErrorModel(-1.0, 0.1, 5)


def test_sampling_is_what_analysis_leaves() -> None:
    analysis, both = ErrorModel(0.0, 0.03, 50), ErrorModel(0.0, 0.05, 50)
    assert sampling_sd(both, analysis, [100.0]) == pytest.approx([4.0])
    assert sampling_sd(analysis, both, [100.0]) == pytest.approx([0.0])
