import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.special import ndtri

from mapping.transform import BoxCox, Identity, Log, NormalScore, Transform, quadrature_moments, transform_named

SCORES = NormalScore(((0.5, -1.5), (2.0, -0.4), (3.0, 0.3), (40.0, 1.7)), 0.9)
TRANSFORMS = [Identity(), Log(), BoxCox(0.5), BoxCox(0.2), BoxCox(1.5), SCORES]
positive = st.floats(1e-3, 1e4)


@pytest.mark.parametrize("transform", TRANSFORMS)
@given(value=positive)
def test_backward_undoes_forward(transform: Transform, value: float) -> None:
    assert transform.backward(transform.forward(np.array(value))) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("transform", TRANSFORMS)
@given(a=positive, b=positive)
def test_forward_keeps_the_order(transform: Transform, a: float, b: float) -> None:
    low, high = sorted([a, b])
    assert transform.forward(np.array(low)) <= transform.forward(np.array(high))


@pytest.mark.parametrize("transform", TRANSFORMS)
@given(value=st.floats(0.1, 1e3))
def test_slope_is_the_derivative_of_forward(transform: Transform, value: float) -> None:
    step = 1e-5 * value
    ahead, behind = transform.forward(np.array([value + step, value - step]))
    line = np.searchsorted([0.5, 2.0, 3.0, 40.0], [value - step, value + step])
    assume(transform is not SCORES or line[0] == line[1])
    assert transform.slope(np.array(value)) == pytest.approx((ahead - behind) / (2 * step), rel=1e-6)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_the_spec_brings_the_transform_back(transform: Transform) -> None:
    assert transform_named(transform.spec) == transform
    assert len(transform.name) < 20


@pytest.mark.parametrize(
    "name", ["", "ln", "boxcox", "boxcox:x", "boxcox:0", "boxcox:-1", "normal-score", "normal-score:AAAA"]
)
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="transform"):
        transform_named(name)


def test_zero_and_below_have_the_lowest_logarithm() -> None:
    assert np.isneginf(Log().forward(np.array([0.0, -1.0]))).all()


def test_quadrature_agrees_with_the_lognormal_moments() -> None:
    mean, variance = np.array([0.0, 1.0]), np.array([0.2, 0.6])
    for numeric, exact in zip(quadrature_moments(np.exp, mean, variance), Log().moments(mean, variance), strict=True):
        np.testing.assert_allclose(numeric, exact, rtol=1e-10)


def test_box_cox_moments_agree_with_the_closed_form_of_the_square_root() -> None:
    """x = (1 + z/2)² with z ~ N(μ, σ²): E x = (1 + μ/2)² + σ²/4, Var x = σ²(1 + μ/2)² + σ⁴/8."""
    mean, variance = np.array([20.0]), np.array([4.0])
    first, second = BoxCox(0.5).moments(mean, variance)
    assert first[0] == pytest.approx((1 + 10.0) ** 2 + 1.0, rel=1e-10)
    assert second[0] == pytest.approx(4.0 * 11.0**2 + 16.0 / 8.0, rel=1e-10)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_moments_are_the_integrals_of_what_goes_back(transform: Transform) -> None:
    """A million equally likely scores; the lines of normal scores cost the quadrature its last digits."""
    scores = ndtri((np.arange(1_000_000) + 0.5) / 1_000_000)
    for mean, variance in [(1.0, 0.5), (3.0, 0.2), (-0.3, 0.05)]:
        values = transform.backward(mean + variance**0.5 * scores)
        first, second = transform.moments(np.array(mean), np.array(variance))
        assert first == pytest.approx(values.mean(), rel=0.01)
        assert second == pytest.approx(values.var(), rel=0.05)


@pytest.mark.parametrize("knots", [((1.0, 0.0),), ((1.0, 0.0), (1.0, 1.0)), ((0.0, 0.0), (1.0, 1.0))])
def test_normal_scores_need_rising_knots_above_zero(knots: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match="rising values above zero"):
        NormalScore(knots, 1.0)
