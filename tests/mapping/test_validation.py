import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from mapping.validation import Validation


def test_right_predictions_reach_the_targets() -> None:
    rng = np.random.default_rng(1)
    variance = rng.uniform(0.5, 2.0, 20_000)
    predicted = rng.standard_normal(20_000)
    scores = Validation(predicted + np.sqrt(variance) * rng.standard_normal(20_000), predicted, variance).scores()
    assert scores["msdr"] == pytest.approx(1.0, abs=0.05)
    assert scores["median_sdr"] == pytest.approx(0.455, abs=0.03)
    assert scores["coverage_90"] == pytest.approx(0.90, abs=0.01)
    assert scores["coverage_95"] == pytest.approx(0.95, abs=0.01)
    assert scores["n"] == 20_000


@pytest.mark.parametrize(("observed", "predicted", "variance"), [(0.3, 0.0, 1.0), (-2.0, 1.0, 0.25), (5.0, 4.9, 9.0)])
def test_crps_is_the_integral_of_the_squared_difference(observed: float, predicted: float, variance: float) -> None:
    distribution = norm(predicted, np.sqrt(variance))
    below, _ = quad(lambda x: distribution.cdf(x) ** 2, -40.0, observed)
    above, _ = quad(lambda x: distribution.sf(x) ** 2, observed, 40.0)
    found = Validation(np.array([observed]), np.array([predicted]), np.array([variance]))
    assert found.crps()[0] == pytest.approx(below + above, rel=1e-6)


@pytest.mark.parametrize("factor", [0.3, 0.6, 1.7, 3.0])
def test_overconfidence_and_timidity_are_punished(factor: float) -> None:
    rng = np.random.default_rng(2)
    observed, predicted = rng.standard_normal(5000), np.zeros(5000)
    right = Validation(observed, predicted, np.ones(5000)).scores()
    wrong = Validation(observed, predicted, np.full(5000, factor**2)).scores()
    assert wrong["crps"] > right["crps"]
    assert wrong["interval_score_95"] > right["interval_score_95"]


def test_impossible_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        Validation(np.zeros(2), np.zeros(3), np.ones(2))
    with pytest.raises(ValueError, match="above zero"):
        Validation(np.zeros(2), np.zeros(2), np.array([1.0, 0.0]))
