from typing import NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtri

from mapping.baselines import BASELINES
from mapping.comparison import LEVELS, Recipe, compare, crps_of_quantiles
from mapping.covariance import Covariance, Exponential, Nugget
from mapping.methods import METHODS
from mapping.samples import Samples
from mapping.transform import Identity
from mapping.validation import Validation

RNG = np.random.default_rng(5)
XY = RNG.uniform(0.0, 1000.0, (150, 2))
EVERYWHERE = RNG.uniform(0.0, 1000.0, (400, 2))
COVARIANCE: Covariance = Nugget(0.1) + Exponential(1.0, 250.0)
SCORES = np.linalg.cholesky(COVARIANCE.between(XY, XY)) @ RNG.standard_normal(150)
Vector = NDArray[np.float64]


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_honours_samples_stays_within_them_and_does_not_mind_order_or_unit(name: str) -> None:
    baseline = BASELINES[name]
    np.testing.assert_allclose(baseline(XY, SCORES, XY), SCORES, rtol=1e-12)
    found = baseline(XY, SCORES, EVERYWHERE)
    assert found.min() >= SCORES.min()
    assert found.max() <= SCORES.max()
    order = RNG.permutation(150)
    np.testing.assert_allclose(baseline(XY[order], SCORES[order], EVERYWHERE), found, rtol=1e-10)
    np.testing.assert_allclose(baseline(1000.0 * XY, SCORES, 1000.0 * EVERYWHERE), found, rtol=1e-9)
    np.testing.assert_allclose(baseline(XY[:1], SCORES[:1], EVERYWHERE), SCORES[0])


def test_the_score_of_quantiles_is_that_of_the_distribution() -> None:
    mean, sd, truth = RNG.standard_normal(300), RNG.uniform(0.5, 2.0, 300), RNG.standard_normal(300)
    found = crps_of_quantiles(mean[:, None] + sd[:, None] * ndtri(LEVELS), truth)
    assert found.mean() == pytest.approx(Validation(truth, mean, sd**2).crps().mean(), rel=0.01)


def test_kriging_beats_the_baselines_on_its_own_field_and_all_are_listed() -> None:
    recipes = {name: factory(covariance=COVARIANCE) for name, factory in METHODS.items()}
    found = compare(Samples.measured(XY, np.exp(SCORES)), recipes, EVERYWHERE)
    assert {score.method for score in found.scores} == {*METHODS, *BASELINES}
    assert {score.method for score in found.scores[:3]} == set(METHODS)
    assert found.best in METHODS
    assert found.folds.name == "random"
    for score in found.scores:
        assert np.isnan(score.coverage_95) == (score.method in BASELINES)
        assert score.mae < score.rmse


def test_bounds_help_and_samples_at_one_place_share_a_fold() -> None:
    """Twins would be found by their nearest sample, were they not left out together."""
    twice = np.vstack([XY, XY])
    noise = np.concatenate([SCORES, SCORES])
    hidden = noise < -1.0
    samples = Samples(twice, np.where(hidden, -np.inf, noise), np.where(hidden, -1.0, noise))
    recipe = METHODS["ordinary-kriging"](transform="identity", covariance=COVARIANCE)
    found = compare(samples, {"ordinary": recipe}, EVERYWHERE, scale=Identity())
    assert min(score.mae for score in found.scores) > 0.1


def test_a_method_that_cannot_be_fitted_is_told_and_the_others_are_scored() -> None:
    class Impossible:
        def fit(self, samples: Samples) -> NoReturn:
            raise ValueError(f"{samples.n} samples are never enough")

    recipes: dict[str, Recipe] = {"ordinary": METHODS["ordinary-kriging"](covariance=COVARIANCE), "no": Impossible()}
    found = compare(Samples.measured(XY, np.exp(SCORES)), recipes, EVERYWHERE)
    assert found.refused == {"no": "135 samples are never enough"}
    assert found.scores[0].behind == 0.0
    for score in found.scores[1:]:
        assert score.behind == pytest.approx(score.crps - found.scores[0].crps)
        assert score.behind_sd > 0.0
