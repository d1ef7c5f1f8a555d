import numpy as np
import pytest

from mapping.baselines import BASELINES
from mapping.comparison import Recipe, compare
from mapping.covariance import Covariance, Exponential, Nugget
from mapping.forest import FittedForest, Forest
from mapping.kriging import Kriging
from mapping.samples import Samples
from mapping.transform import Log

RNG = np.random.default_rng(7)
XY = RNG.uniform(0.0, 1000.0, (260, 2))
KNOWN = RNG.uniform(0.0, 1.0, (260, 2))
REST: Covariance = Nugget(0.05) + Exponential(0.3, 200.0)
SCORES = np.where(KNOWN[:, 0] > 0.5, 2.0, 0.0) + np.linalg.cholesky(REST.between(XY, XY)) @ RNG.standard_normal(260)
SAMPLES = Samples.measured(XY[:160], np.exp(SCORES[:160]), covariates=KNOWN[:160])


@pytest.fixture(scope="module")
def forest() -> FittedForest:
    return Forest(trees=50).fit(SAMPLES)


def test_weights_are_shares_whose_mean_is_that_of_the_leaves(forest: FittedForest) -> None:
    weights = forest.weights(KNOWN[160:])
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-12)
    assert (weights >= 0.0).all()
    low = KNOWN[160:, 0] < 0.4
    assert weights[low][:, KNOWN[:160, 0] > 0.6].sum(axis=1).mean() < 0.1


def test_quantiles_rise_and_hold_what_they_should(forest: FittedForest) -> None:
    found = forest.predict(XY[160:], KNOWN[160:])
    quantiles = np.array([Log().forward(found.quantile(p)) for p in (0.05, 0.25, 0.5, 0.75, 0.95)])
    assert (np.diff(quantiles, axis=0) >= 0.0).all()
    held = (quantiles[0] <= SCORES[160:]) & (SCORES[160:] <= quantiles[-1])
    assert 0.8 < held.mean() < 0.99
    assert np.corrcoef(quantiles[2], SCORES[160:])[0, 1] > 0.85


def test_the_seed_decides(forest: FittedForest) -> None:
    again = Forest(trees=50).fit(SAMPLES).predict(XY[160:], KNOWN[160:]).quantile(0.5)
    assert (again == forest.predict(XY[160:], KNOWN[160:]).quantile(0.5)).all()


def test_it_beats_the_baselines_where_covariates_speak() -> None:
    recipes: dict[str, Recipe] = {
        "forest": Forest(trees=50),
        "trend": Kriging(kind="universal", structures=("exponential",)),
    }
    found = compare(SAMPLES, recipes, XY)
    crps = {score.method: score.crps for score in found.scores}
    assert max(crps["forest"], crps["trend"]) < min(crps[name] for name in BASELINES)


def test_what_a_forest_cannot_use_is_refused(forest: FittedForest) -> None:
    with pytest.raises(ValueError, match="needs covariates at every sample"):
        Forest().fit(Samples.measured(XY, np.exp(SCORES)))
    with pytest.raises(ValueError, match="20 samples or more, got 5"):
        Forest().fit(SAMPLES.subset(np.arange(5)))
    with pytest.raises(ValueError, match="it has no single value"):
        Forest().fit(Samples(XY, np.zeros(260), np.ones(260), covariates=KNOWN))
    with pytest.raises(ValueError, match="2 finite covariates at each of 100 places"):
        forest.predict(XY[160:])
    with pytest.raises(ValueError, match="50 trees or more"):
        Forest(trees=49)
    with pytest.raises(ValueError, match="between 0 and 1"):
        forest.predict(XY[160:], KNOWN[160:]).quantile(1.0)
