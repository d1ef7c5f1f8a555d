"""Laws of transfer functions: truth is recovered, axes can be turned, and what is carried over keeps its order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.transfer import TransferFunction, fit_transfer

seeds = st.integers(0, 2**32 - 1)
Vector = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def pairs(seed: int, count: int, error: float = 0.1, slope: float = 0.9) -> tuple[Vector, Vector]:
    draw = np.random.default_rng(seed)
    truth = draw.normal(3, 1, count)
    x, y = truth + draw.normal(0, error, count), 0.7 + slope * truth + draw.normal(0, error, count)
    return np.exp(x), np.exp(y)


@pytest.mark.parametrize("slope", [0.6, 1.0, 1.4])
def test_truth_is_recovered_within_its_standard_errors(slope: float) -> None:
    found = [fit_transfer(*pairs(seed, 200, 0.3, slope)) for seed in range(60)]
    z = np.array([(one.slope - slope) / one.slope_sd for one in found])
    assert abs(z.mean()) < 0.5
    assert 0.7 < z.std() < 1.35


def test_least_squares_would_be_flatter() -> None:
    x, y = pairs(1, 2000, 0.5, 1.0)
    flattened = np.polyfit(np.log(x), np.log(y), 1)[0]
    assert fit_transfer(x, y).slope == pytest.approx(1.0, abs=0.05)
    assert flattened < 0.85


@settings(max_examples=30, deadline=None)
@given(seeds, st.floats(0.2, 5.0))
def test_turned_axes_give_the_same_line(seed: int, ratio: float) -> None:
    x, y = pairs(seed, 40)
    there, back = fit_transfer(x, y, ratio), fit_transfer(y, x, 1 / ratio)
    contents = np.array([2.0, 20.0, 200.0])
    assert back.mean(there.mean(contents)) == pytest.approx(contents, rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(seeds, st.floats(1e-3, 1e3))
def test_units_go_through(seed: int, factor: float) -> None:
    x, y = pairs(seed, 30)
    plain, scaled = fit_transfer(x, y), fit_transfer(factor * x, factor * y)
    assert scaled.mean(factor * x) == pytest.approx(factor * plain.mean(x), rel=1e-6)
    assert scaled.sd_of_log(factor * x) == pytest.approx(plain.sd_of_log(x), rel=1e-6)


def test_new_results_lie_within_what_is_said_of_them() -> None:
    found = fit_transfer(*pairs(2, 60))
    x, y = pairs(3, 2000)
    z = (np.log(y) - np.log(found.mean(x))) / found.sd_of_log(x)
    assert np.mean(np.abs(z) < 1.96) == pytest.approx(0.95, abs=0.03)


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_bounds_keep_their_order_and_measured_values_get_an_error(seed: int) -> None:
    x, y = pairs(seed, 25)
    found = fit_transfer(x, y)
    low, high = np.array([0.0, 10.0, 10.0, 5.0]), np.array([10.0, 10.0, np.inf, 10.0])
    carried = found.carry(low, high)
    assert (carried.lower <= carried.upper).all()
    assert (carried.lower[0], carried.upper[2]) == (0.0, np.inf)
    assert (carried.error_variance > 0).tolist() == [False, True, False, False]
    assert carried.error_variance[1] == pytest.approx(carried.upper[1] ** 2 * np.expm1(found.sd_of_log([10.0])[0] ** 2))
    assert found.carry([2 * x.max()], [2 * x.max()]).extrapolated.tolist() == [True]


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        ([1.0] * 9, [1.0] * 9, "needs 10 specimens"),
        ([1.0] * 12, list(range(1, 13)), "hold the same"),
        (list(range(1, 13)), list(range(12, 0, -1)), "do not rise together"),
    ],
)
def test_what_gives_no_function_says_why(x: list[float], y: list[float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        fit_transfer(x, y)


def test_a_function_survives_json() -> None:
    found = fit_transfer(*pairs(5, 20))
    assert TransferFunction(**found.to_dict()) == found
