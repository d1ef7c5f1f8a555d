"""Laws of joint simulation: data and bounds honoured, correlations kept, and no product of marginals."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import multivariate_normal

from mapping.coexistence import cross_validated, independent, joint_exceedance
from mapping.coregionalisation import Coregionalisation
from mapping.cosimulation import Cosimulation, FittedCosimulation
from mapping.covariance import Exponential, Nugget, Spherical
from mapping.factors import Factors

Floats = NDArray[np.float64]
NAMES = ("copper", "lead", "zinc")


def model(correlation: float) -> Coregionalisation:
    matrix = np.full((3, 3), correlation) + (1.0 - correlation) * np.eye(3)
    other = np.diag([0.3, 0.2, 0.1])
    return Coregionalisation(NAMES, (Nugget(1.0), Spherical(1.0, 300.0)), (other, matrix))


def drawn(correlation: float, n: int = 150, seed: int = 3) -> tuple[Floats, Floats]:
    """Places (n, 2) and concentrations (n, 3) whose logarithms have the model's covariance."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0.0, 1000.0, (n, 2))
    at, which = np.repeat(xy, 3, axis=0), np.tile(np.arange(3), n)
    factor = np.linalg.cholesky(model(correlation).between(at, which, at, which) + 1e-9 * np.eye(3 * n))
    return xy, np.exp(3.0 + 0.6 * (factor @ rng.standard_normal(3 * n)).reshape(n, 3))


@pytest.fixture(scope="module")
def strong() -> FittedCosimulation:
    xy, values = drawn(0.9)
    return Cosimulation(scale="log", structures=("spherical",)).fit(xy, values, values, NAMES)


@pytest.mark.parametrize("correlation", [0.0, 0.7, -0.3, 1.0])
def test_factors_are_independent_and_lead_back(correlation: float) -> None:
    lmc = model(correlation)
    factors = Factors.of(lmc)
    np.testing.assert_allclose(factors.loadings @ factors.weights, np.eye(3), atol=1e-9)
    own = [factors.weights @ matrix @ factors.weights.T for matrix in lmc.coefficients]
    np.testing.assert_allclose(own[0] + own[1], np.eye(3), atol=1e-4)
    for matrix in own:
        np.testing.assert_allclose(matrix, np.diag(np.diag(matrix)), atol=1e-5)


def test_three_terms_have_no_common_factors() -> None:
    lmc = model(0.5)
    more = Coregionalisation(NAMES, (*lmc.terms, Exponential(1.0, 50.0)), (*lmc.coefficients, np.eye(3)))
    with pytest.raises(ValueError, match="one structure, got 3 terms"):
        Factors.of(more)


def test_data_and_bounds_are_honoured() -> None:
    xy, values = drawn(0.9, n=60)
    lower, upper = values.copy(), values.copy()
    upper[:10, 0] = lower[:10, 0] = np.nan
    limit = float(np.quantile(values[:, 1], 0.4))
    below = values[:, 1] < limit
    lower[below, 1], upper[below, 1] = 0.0, limit
    fitted = Cosimulation(scale="log", structures=("spherical",)).fit(xy, lower, upper, NAMES)
    simulated = fitted.simulate(xy, 40, seed=1)
    np.testing.assert_allclose(simulated[2], np.broadcast_to(values[:, 2], (40, 60)), rtol=2e-3)
    assert (simulated[1][:, below] <= limit * 1.002).all()
    assert np.isfinite(simulated).all()
    # what was not measured is told by the others, which it varies with
    guess = np.log(simulated[0][:, :10]).mean(axis=0)
    assert np.corrcoef(guess, np.log(values[:10, 0]))[0, 1] > 0.5


def test_correlations_are_kept(strong: FittedCosimulation) -> None:
    cells = np.stack(np.meshgrid(np.arange(10.0, 1000.0, 40.0), np.arange(10.0, 1000.0, 40.0)), -1).reshape(-1, 2)
    found = joint_exceedance(strong, cells, [20.0, 20.0, 20.0], 1600.0, 200)
    data = np.corrcoef(strong.sets[:, :, 0].T)
    np.testing.assert_allclose(found.correlation, data, atol=0.08)


def test_simulated_frequencies_are_the_probabilities_of_cokriging(strong: FittedCosimulation) -> None:
    """At each place the scores are jointly normal with the means and covariances of the kriged factors."""
    places = np.vstack([np.random.default_rng(6).uniform(0.0, 1000.0, (6, 2)), [[9000.0, 9000.0]]])
    limits = [20.0, 25.0, 15.0]
    found = joint_exceedance(strong, places, limits, 1.0, 3000)
    predicted = [each.predict(places) for each in strong.kriged]
    mean = strong.factors.to_variables(np.array([each.mean for each in predicted])).T
    variance = np.array([each.variance for each in predicted])
    spread = np.einsum("ki,in,li->nkl", strong.factors.loadings, variance, strong.factors.loadings)
    for place in range(len(places)):
        # all above: the opposite scores all below
        normal = multivariate_normal(-mean[place], spread[place], allow_singular=True)
        assert found.at_least[2, place] == pytest.approx(normal.cdf(-np.log(limits)), abs=0.035)
        alone = ndtr((mean[place] - np.log(limits)) / np.sqrt(np.diag(spread[place])))
        np.testing.assert_allclose(found.single[:, place], alone, atol=0.035)


def test_what_adds_up_adds_up(strong: FittedCosimulation) -> None:
    cells = np.random.default_rng(0).uniform(0.0, 1000.0, (80, 2))
    found = joint_exceedance(strong, cells, [20.0, 15.0, 25.0], 100.0, 120)
    assert (np.diff(found.at_least, axis=0) <= 0.0).all()
    np.testing.assert_allclose(found.at_least.sum(axis=0), found.expected_number)
    for chance, area in zip(found.at_least, found.areas, strict=True):
        assert area.low <= area.expected <= area.high
        assert area.expected == pytest.approx(chance.sum() * 100.0)
    assert sum(area.expected for _, area in found.combinations) == pytest.approx(found.areas[0].expected)
    again = joint_exceedance(strong, cells, [20.0, 15.0, 25.0], 100.0, 120)
    np.testing.assert_array_equal(found.at_least, again.at_least)


def test_all_together_is_likelier_than_the_product_where_they_vary_together(strong: FittedCosimulation) -> None:
    cells = np.random.default_rng(1).uniform(0.0, 1000.0, (200, 2))
    found = joint_exceedance(strong, cells, [20.0, 20.0, 20.0], 1.0, 200)
    assert found.areas[2].expected > 1.1 * found.if_independent[2]
    scores = cross_validated(strong, [20.0, 20.0, 20.0])
    assert scores["places"] == 150
    assert scores["brier"][2] < scores["brier_if_independent"][2]


def test_the_product_is_right_for_what_is_independent() -> None:
    single = np.random.default_rng(2).random((3, 50))
    coins = np.array([[code >> k & 1 for k in range(3)] for code in range(8)])
    weight = np.prod(np.where(coins[:, :, None] == 1, single, 1.0 - single), axis=1)
    by_hand = [weight[coins.sum(axis=1) >= k].sum(axis=0) for k in (1, 2, 3)]
    np.testing.assert_allclose(independent(single), by_hand)


@pytest.mark.parametrize(
    ("limits", "complaint"), [([1.0, 2.0], "needs a limit"), ([1.0, 0.0, 2.0], "above zero"), ([1, 2, np.nan], "zero")]
)
def test_wrong_limits_are_named(strong: FittedCosimulation, limits: list[float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        joint_exceedance(strong, np.zeros((1, 2)), limits, 1.0)


def test_what_cannot_be_simulated_is_named() -> None:
    xy, values = drawn(0.5, n=30)
    lower = values.copy()
    lower[:25, 1] = 0.0
    with pytest.raises(ValueError, match=r"lead was measured above its detection limit at fewer than 10"):
        Cosimulation().fit(xy, lower, values, NAMES)
    with pytest.raises(ValueError, match="both known at 1 places only"):
        Cosimulation().fit(np.zeros((30, 2)), values, values, NAMES)
    apart = values.copy()
    apart[:15, 0] = apart[15:, 1] = np.nan
    with pytest.raises(ValueError, match="copper and lead are both known at 0 places"):
        Cosimulation().fit(xy, apart, apart, NAMES)
    with pytest.raises(ValueError, match="two or more"):
        Cosimulation().fit(xy, values[:, :1], values[:, :1], NAMES[:1])
