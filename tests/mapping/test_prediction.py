import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mapping.covariance import Exponential, Nugget
from mapping.kriging import Kriging
from mapping.prediction import Prediction
from mapping.samples import Samples
from mapping.transform import BoxCox, Identity, Log, Transform

TRANSFORMS = [Identity(), Log(), BoxCox(0.5)]
MODEL = Nugget(0.1) + Exponential(0.6, 300.0)
XY = np.random.default_rng(1).uniform(0.0, 1000.0, (12, 2))
PLACES = np.random.default_rng(2).uniform(-200.0, 1200.0, (30, 2))


def some(transform: Transform) -> Prediction:
    mean, variance = np.linspace(3.0, 7.0, 9), np.linspace(0.1, 0.9, 9)
    return Prediction(mean, variance, np.full(9, 0.02), transform)


@pytest.mark.parametrize("transform", TRANSFORMS)
@given(p=st.floats(0.01, 0.99))
def test_exceedance_of_a_quantile_is_its_complement(transform: Transform, p: float) -> None:
    prediction = some(transform)
    np.testing.assert_allclose(prediction.exceedance(prediction.quantile(p)), 1.0 - p, atol=1e-9)


@pytest.mark.parametrize("transform", TRANSFORMS)
@given(a=st.floats(-10.0, 5e3), b=st.floats(-10.0, 5e3))
def test_a_higher_limit_is_exceeded_less_often(transform: Transform, a: float, b: float) -> None:
    low, high = sorted([a, b])
    prediction = some(transform)
    assert (prediction.exceedance(low) >= prediction.exceedance(high)).all()


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_moments_are_those_of_the_distribution(transform: Transform) -> None:
    """Against the quantile function: E X is its integral over (0, 1)."""
    steps = (np.arange(20_000) + 0.5) / 20_000
    prediction = Prediction(np.array([4.0]), np.array([0.4]), np.zeros(1), transform)
    draws = prediction.quantile(steps)
    assert prediction.expected()[0] == pytest.approx(draws.mean(), rel=1e-3)
    assert prediction.sd()[0] == pytest.approx(draws.std(), rel=1e-2)
    assert prediction.median()[0] == pytest.approx(np.median(draws), rel=1e-6)


def kriging_weights(kind: str) -> tuple[NDArray[np.float64], Prediction]:
    """Weights (places, samples), as kriging is linear in its data, and the predictions of zero."""
    mean = 0.0 if kind == "simple" else None
    recipe = Kriging(transform=Identity(), kind=kind, covariance=MODEL, mean=mean)
    columns = [recipe.fit(Samples.measured(XY, row)).predict(PLACES) for row in np.eye(len(XY))]
    return np.column_stack([column.mean for column in columns]), columns[0]


@pytest.mark.parametrize("kind", ["ordinary", "simple"])
def test_the_expected_value_after_kriging_of_logarithms_is_unbiased(kind: str) -> None:
    """Over all fields with mean 0: ln E exp(λᵀz + σ²/2 − m) = λᵀCλ/2 + σ²/2 − m must be C(0)/2 = ln E exp(z₀)."""
    weights, prediction = kriging_weights(kind)
    matrix = MODEL.between(XY, XY)
    spread = np.einsum("pi,ij,pj->p", weights, matrix, weights)
    logarithm = spread / 2.0 + prediction.variance / 2.0 - prediction.lagrange
    np.testing.assert_allclose(logarithm, MODEL.sill / 2.0, rtol=1e-12)
    back = Prediction(np.zeros(30), prediction.variance, prediction.lagrange, Log())
    np.testing.assert_allclose(np.log(back.expected()), prediction.variance / 2.0 - prediction.lagrange)


def test_the_lagrange_multiplier_has_the_sign_of_gstat() -> None:
    """Σ λγ + m = σ² in ordinary kriging, and none in simple kriging."""
    weights, prediction = kriging_weights("ordinary")
    gamma = MODEL.sill - MODEL.between(PLACES, XY)
    np.testing.assert_allclose((weights * gamma).sum(axis=1) + prediction.lagrange, prediction.variance, rtol=1e-12)
    assert not kriging_weights("simple")[1].lagrange.any()


def test_cells_without_a_value_stay_without() -> None:
    hole = np.array([[1.0, np.nan], [np.nan, 2.0]])
    prediction = Prediction(hole, np.abs(hole), hole * 0.0, Log())
    for derived in (
        prediction.expected(),
        prediction.median(),
        prediction.quantile(0.9),
        prediction.sd(),
        prediction.exceedance(3.0),
        prediction.exceedance(0.0),
        prediction.exceedance(np.full((2, 2), 5.0)),
    ):
        assert (np.isnan(derived) == np.isnan(hole)).all()


def test_limits_at_and_below_zero_are_exceeded_for_certain_by_concentrations() -> None:
    assert (some(Log()).exceedance(0.0) == 1.0).all()
    assert (some(Log()).exceedance(-5.0) == 1.0).all()
    assert (some(Log()).exceedance(np.inf) == 0.0).all()


def test_where_nothing_is_uncertain_exceedance_is_a_step() -> None:
    certain = Prediction(np.log([5.0, 5.0, 5.0]), np.zeros(3), np.zeros(3), Log())
    assert certain.exceedance(np.array([4.0, 6.0, 0.0])).tolist() == [1.0, 0.0, 1.0]


@pytest.mark.parametrize("p", [0.0, 1.0, -0.1, np.nan])
def test_a_quantile_needs_a_probability(p: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        some(Log()).quantile(p)


def test_impossible_predictions_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        Prediction(np.zeros(2), np.zeros(3), np.zeros(2), Log())
    with pytest.raises(ValueError, match="negative"):
        Prediction(np.zeros(2), np.array([0.1, -0.1]), np.zeros(2), Log())
    with pytest.raises(ValueError, match="NaN"):
        some(Log()).exceedance(np.nan)
