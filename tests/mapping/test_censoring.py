import numpy as np
import pytest
from scipy.stats import truncnorm

from mapping.censoring import truncated_normal
from mapping.covariance import Covariance, Exponential, Nugget
from mapping.kriging import FittedKriging, Kriging
from mapping.samples import Samples
from mapping.transform import Identity
from mapping.validation import Validation

TRUTH = Nugget(0.1) + Exponential(0.9, 250.0)
TARGETS = np.random.default_rng(99).uniform(0.0, 1000.0, (200, 2))


def field(seed: int, n: int = 150) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places, and scores at them and at the targets, from a known Gaussian field."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0.0, 1000.0, (n, 2))
    everything = np.vstack([xy, TARGETS])
    scores = 2.0 + np.linalg.cholesky(TRUTH.between(everything, everything)) @ rng.standard_normal(len(everything))
    return xy, scores[:n], scores[n:]


def below(xy: np.ndarray, scores: np.ndarray, limit: float) -> Samples:
    value = np.exp(scores)
    hidden = value < limit
    return Samples(xy, np.where(hidden, 0.0, value), np.where(hidden, limit, value))


@pytest.mark.parametrize(
    "bounds", [(-np.inf, -1.0), (2.0, np.inf), (-0.5, 0.7), (5.0, 5.5), (-9.0, -8.0), (-1.0, np.inf)]
)
def test_truncated_draws_follow_the_truncated_normal(bounds: tuple[float, float]) -> None:
    chance = (np.arange(200) + 0.5) / 200
    mean, sd = 0.3, 0.8
    drawn = np.sort(truncated_normal(np.full(200, mean), sd, bounds, chance))
    wanted = truncnorm.ppf(chance, (bounds[0] - mean) / sd, (bounds[1] - mean) / sd, mean, sd)
    np.testing.assert_allclose(drawn, wanted, rtol=1e-4, atol=1e-6)
    assert ((drawn >= bounds[0]) & (drawn <= bounds[1])).all()


@pytest.mark.parametrize("bounds", [(-np.inf, -60.0), (60.0, np.inf), (60.0, 61.0), (-61.0, -60.0)])
def test_draws_far_in_the_tails_stay_inside(bounds: tuple[float, float]) -> None:
    drawn = truncated_normal(np.zeros(50), 1.0, bounds, np.linspace(0.01, 0.99, 50))
    assert np.isfinite(drawn).all()
    assert ((drawn >= bounds[0]) & (drawn <= bounds[1])).all()


@pytest.mark.parametrize(("neighbours", "fitted_by"), [(None, "auto"), (20, "wls")])
@pytest.mark.parametrize("kind", ["ordinary", "simple"])
def test_completed_values_keep_their_bounds_and_the_seed_decides(
    kind: str, neighbours: int | None, fitted_by: str
) -> None:
    xy, scores, _ = field(1, 40)
    samples = below(xy, scores, float(np.exp(np.median(scores))))
    one, two, other = (
        Kriging(kind=kind, neighbours=neighbours, seed=seed, fitted_by=fitted_by).fit(samples) for seed in (5, 5, 6)
    )
    assert (one.values <= one.sites.high[:, None]).all()
    assert (one.values[~samples.censored] == scores[~samples.censored, None]).all()
    assert (one.values == two.values).all()
    assert (one.values != other.values).any()
    again = FittedKriging.rebuild(samples, one.parameters())
    assert (again.predict(TARGETS).mean == one.predict(TARGETS).mean).all()


def crps(samples: Samples, truth: np.ndarray, covariance: Covariance | None) -> float:
    found = Kriging(covariance=covariance).fit(samples).predict(TARGETS)
    return Validation(truth, found.mean, found.variance).scores()["crps"]


@pytest.mark.parametrize("covariance", [TRUTH, None], ids=["known", "fitted"])
def test_bounds_predict_better_than_half_the_limit(covariance: Covariance | None) -> None:
    """Seven of ten values censored, four fields: the mean score, as single fields are noisy."""
    ratios = []
    for seed in range(4):
        xy, scores, truth = field(seed, 120)
        limit = float(np.exp(np.quantile(scores, 0.7)))
        value = np.exp(scores)
        half = Samples.measured(xy, np.where(value < limit, limit / 2.0, value))
        ratios.append(crps(below(xy, scores, limit), truth, covariance) / crps(half, truth, covariance))
    assert np.mean(ratios) < 1.0


def test_above_and_interval_bounds_are_treated_alike() -> None:
    """Mirroring the scale turns upper into lower bounds and must mirror the map."""
    xy, scores, _ = field(3)
    hidden = scores < 1.5
    low = Samples(xy, np.where(hidden, -np.inf, scores), np.where(hidden, 1.5, scores))
    high = Samples(xy, np.where(hidden, -1.5, -scores), np.where(hidden, np.inf, -scores))
    recipe = Kriging(transform=Identity(), covariance=TRUTH)
    one, other = recipe.fit(low).predict(TARGETS), recipe.fit(high).predict(TARGETS)
    np.testing.assert_allclose(one.mean, -other.mean, atol=1e-9)
    narrow = Samples(xy, np.where(hidden, scores - 1e-9, scores), np.where(hidden, scores + 1e-9, scores))
    np.testing.assert_allclose(
        recipe.fit(narrow).predict(TARGETS).mean,
        recipe.fit(Samples.measured(xy, scores)).predict(TARGETS).mean,
        atol=1e-6,
    )


def test_what_is_censored_is_less_certain() -> None:
    xy, scores, _ = field(4)
    recipe = Kriging(covariance=TRUTH)
    censored = recipe.fit(below(xy, scores, float(np.exp(2.0)))).predict(TARGETS)
    measured = recipe.fit(Samples.measured(xy, np.exp(scores))).predict(TARGETS)
    assert (censored.variance >= measured.variance - 1e-12).all()
    assert censored.variance.mean() > measured.variance.mean()


def test_the_notes_say_how_many_and_how() -> None:
    xy, scores, _ = field(5, 60)
    model = Kriging(covariance=TRUTH).fit(below(xy, scores, float(np.exp(2.0))))
    assert f"{int((scores < 2.0).sum())} of 60 samples are known by bounds only" in model.notes[-1]
    assert model.leave_one_out().observed.size == int((scores >= 2.0).sum())


def test_a_measured_and_a_censored_sample_at_one_place_become_an_interval() -> None:
    samples = Samples(
        np.array([[0.0, 0.0], [0.0, 0.0], [50.0, 0.0]]), np.array([8.0, 0.0, 3.0]), np.array([8.0, 2.0, 3.0])
    )
    sites = Kriging(covariance=TRUTH).fit(samples).sites
    assert sites.high[0] == pytest.approx(np.log(4.0))
    assert np.isneginf(sites.low[0])


def test_many_censored_samples_are_fitted_by_least_squares_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mapping.fitting.MOST_CENSORED", 50)
    monkeypatch.setattr("mapping.fitting.LARGEST", 50)
    xy, scores, _ = field(8, 60)
    fitted = Kriging().fit(below(xy, scores, float(np.exp(2.0))))
    assert any("60 places are too many for a fit by likelihood to bounds" in note for note in fitted.notes)
    assert not fitted.likely


def test_all_censored_is_refused_with_a_sentence() -> None:
    xy, scores, _ = field(6, 20)
    with pytest.raises(ValueError, match="all 20 samples are known by bounds only"):
        Kriging().fit(below(xy, scores, 1e9))


def test_one_measured_value_among_bounds() -> None:
    xy, scores, _ = field(7, 20)
    top = float(np.exp(np.sort(scores)[-1]))
    found = Kriging().fit(below(xy, scores, top)).predict(TARGETS)
    assert np.isfinite(found.mean).all()
    assert np.isfinite(found.variance).all()


def test_at_half_censored_below_two_limits_bounds_are_better_and_honest() -> None:
    """Low contrast (standard deviation 0.5 of logs), where half the limit is far too low: mean of four fields."""
    ratio, covered = [], []
    for seed in range(4):
        xy, scores, truth = (field(seed, 120)[0], *(1.0 + 0.5 * (part - 2.0) for part in field(seed, 120)[1:]))
        limits = np.exp(np.quantile(scores, [0.35, 0.65]))
        limit = limits[np.random.default_rng(seed).integers(0, 2, 120)]
        value = np.exp(scores)
        hidden = value < limit
        bounds = Samples(xy, np.where(hidden, 0.0, value), np.where(hidden, limit, value))
        half = Samples.measured(xy, np.where(hidden, limit / 2.0, value))
        ours, theirs = (
            Validation(truth, found.mean, found.variance).scores()
            for found in (Kriging().fit(each).predict(TARGETS) for each in (bounds, half))
        )
        ratio.append(ours["crps"] / theirs["crps"])
        covered.append(ours["coverage_95"])
    assert np.mean(ratio) < 0.95
    assert 0.90 < np.mean(covered) < 0.98
