import numpy as np
import pytest
from numpy.typing import NDArray

from mapping.covariance import Exponential, Nugget
from mapping.crossvalidation import cross_validate, report
from mapping.folds import Folds, blocked_folds, folds_for, gaps_of, gaps_to, matched_folds, random_folds
from mapping.kriging import Kriging
from mapping.samples import Samples
from mapping.transform import Identity
from mapping.validation import Validation

Vector = NDArray[np.float64]
COVARIANCE = Nugget(0.2) + Exponential(0.8, 150.0)
RNG = np.random.default_rng(3)
EVEN = RNG.uniform(0.0, 1000.0, (200, 2))
CLUSTERED = np.repeat(RNG.uniform(0.0, 1000.0, (12, 2)), 15, axis=0) + RNG.normal(0.0, 15.0, (180, 2))
EVERYWHERE = RNG.uniform(0.0, 1000.0, (3000, 2))
SCHEMES = {
    "random": lambda xy: random_folds(len(xy)),
    "blocked": lambda xy: blocked_folds(xy, 250.0),
    "matched": lambda xy: matched_folds(xy, EVERYWHERE),
}


def field(xy: Vector, seed: int = 1) -> Vector:
    factor = np.linalg.cholesky(COVARIANCE.between(xy, xy))
    values: Vector = factor @ np.random.default_rng(seed).standard_normal(len(xy))
    return values


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("xy", [EVEN, CLUSTERED, EVEN[:3], EVEN[:2]], ids=["even", "clustered", "three", "two"])
def test_every_sample_is_in_one_fold_and_all_folds_hold_some(scheme: str, xy: Vector) -> None:
    try:
        folds = SCHEMES[scheme](xy)
    except ValueError:
        assert len(xy) < 4
        return
    assert (np.bincount(folds.label) > 0).all()
    assert 2 <= folds.count <= 10
    assert (folds.label == SCHEMES[scheme](xy).label).all()
    assert folds.why


def test_blocks_stay_together_and_folds_are_about_equal() -> None:
    folds = blocked_folds(EVEN, 200.0)
    block = ((EVEN - EVEN.min(axis=0)) // 200.0).astype(int) @ np.array([100, 1])
    assert all(len(set(folds.label[block == each])) == 1 for each in np.unique(block))
    size = np.bincount(folds.label)
    assert size.max() < 2 * size.min()


def test_gaps_of_clustered_samples_become_those_of_the_map() -> None:
    wanted = gaps_to(CLUSTERED, EVERYWHERE).mean()
    folds = folds_for(CLUSTERED, EVERYWHERE, "purposive")
    assert folds.name == "matched"
    assert "closer to each other" in folds.why
    assert gaps_of(CLUSTERED, random_folds(180)).mean() < 0.3 * wanted
    assert gaps_of(CLUSTERED, folds).mean() == pytest.approx(wanted, rel=0.35)


@pytest.mark.parametrize(("xy", "design"), [(EVEN, None), (CLUSTERED, "probability")])
def test_even_or_random_samples_are_left_out_at_random(xy: Vector, design: str | None) -> None:
    assert folds_for(xy, EVERYWHERE, design).name == "random"


@pytest.mark.parametrize("kind", ["simple", "ordinary", "universal"])
@pytest.mark.parametrize("neighbours", [None, 25])
def test_left_out_is_as_predicted_by_a_model_of_the_rest(kind: str, neighbours: int | None) -> None:
    """The trend of three coordinates is centred on all samples, to no effect on predictions from all of the rest."""
    xy, error = EVEN[:60], np.linspace(0.0, 0.2, 60)
    recipe = Kriging(transform=Identity(), kind=kind, covariance=COVARIANCE, neighbours=neighbours, mean=None)
    samples = Samples.measured(xy, field(xy), error)
    fitted, folds = recipe.fit(samples), blocked_folds(xy, 300.0)
    found = cross_validate(fitted, folds)
    for fold in range(folds.count):
        out = folds.label == fold
        rest = Kriging(
            transform=Identity(),
            kind=kind,
            covariance=COVARIANCE,
            neighbours=neighbours,
            mean=fitted.mean if kind == "simple" else None,
        ).fit(samples.subset(~out))
        wanted = rest.predict(xy[out])
        np.testing.assert_allclose(found.predicted[out], wanted.mean, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(found.variance[out], wanted.variance + error[out], rtol=1e-8)


@pytest.mark.parametrize("neighbours", [None, 30])
def test_one_fold_each_is_leave_one_out(neighbours: int | None) -> None:
    xy = EVEN[:50]
    fitted = Kriging(transform=Identity(), neighbours=neighbours).fit(Samples.measured(xy, field(xy)))
    alone = cross_validate(fitted, Folds(np.arange(50), "alone", ""))
    np.testing.assert_allclose(alone.predicted, fitted.leave_one_out().predicted, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(alone.variance, fitted.leave_one_out().variance, rtol=1e-8)


def test_bounds_are_not_scored() -> None:
    xy, values = EVEN[:40], field(EVEN[:40])
    hidden = values < -0.5
    samples = Samples(xy, np.where(hidden, -np.inf, values), np.where(hidden, -0.5, values))
    fitted = Kriging(transform=Identity(), covariance=COVARIANCE).fit(samples)
    assert cross_validate(fitted, random_folds(40)).observed.size == (~hidden).sum()
    with pytest.raises(ValueError, match="40 places and folds for 39"):
        cross_validate(fitted, random_folds(39))


def test_matched_folds_tell_what_a_map_from_clusters_is_worth() -> None:
    """Over eight fields the error between clusters is foretold to a fifth, where random folds promise half of it."""
    ratios = []
    for seed in range(8):
        everything = field(np.vstack([CLUSTERED, EVERYWHERE[:600]]), seed)
        fitted = Kriging(transform=Identity(), covariance=COVARIANCE).fit(Samples.measured(CLUSTERED, everything[:180]))
        found = fitted.predict(EVERYWHERE[:600])
        truth = Validation(everything[180:], found.mean, found.variance).scores()["rmse"]
        told = report(fitted, EVERYWHERE)
        ratios.append([told["scores"][scheme]["rmse"] / truth for scheme in ("matched", "random")])
    matched, chance = np.mean(ratios, axis=0)
    assert 0.8 < matched < 1.2
    assert chance < matched - 0.1


def test_a_probability_sample_gives_limits_that_hold_the_truth() -> None:
    """In about 95 of 100 maps: 34 or more of 40, below which not one of a thousand such runs would come by chance."""
    places, held = EVERYWHERE[:1500], 0
    factor = np.linalg.cholesky(COVARIANCE.between(places, places))
    for seed in range(40):
        rng = np.random.default_rng(seed)
        values = factor @ rng.standard_normal(1500)
        chosen = np.isin(np.arange(1500), rng.choice(1500, 120, replace=False))
        fitted = Kriging(transform=Identity(), covariance=COVARIANCE).fit(
            Samples.measured(places[chosen], values[chosen])
        )
        truth = float(np.sqrt(((fitted.predict(places[~chosen]).mean - values[~chosen]) ** 2).mean()))
        told = fitted.leave_one_out().by_design()
        held += told["rmse_low"] <= truth <= told["rmse_high"]
    assert held >= 34


def test_impossible_folds_are_refused() -> None:
    with pytest.raises(ValueError, match="single place"):
        random_folds(1)
    with pytest.raises(ValueError, match="above zero metres"):
        blocked_folds(EVEN, 0.0)
    with pytest.raises(ValueError, match="all samples lie in one block"):
        blocked_folds(EVEN, 1e6)


def test_the_report_names_scheme_reason_and_scores() -> None:
    fitted = Kriging(transform=Identity(), covariance=COVARIANCE).fit(Samples.measured(EVEN, field(EVEN)))
    told = report(fitted, EVERYWHERE, "probability")
    assert told["scheme"] == "random"
    assert set(told["scores"]) == {"random", "blocked"}
    assert told["by_design"]["rmse_low"] < told["by_design"]["rmse"] < told["by_design"]["rmse_high"]
    assert list(told["accuracy"].values()) == sorted(told["accuracy"].values())
    assert report(fitted, EVERYWHERE)["by_design"] is None


@pytest.mark.parametrize("n", [2, 3, 4, 5, 7])
@pytest.mark.parametrize("kind", ["ordinary", "universal"])
def test_few_samples_have_a_report_too(kind: str, n: int) -> None:
    xy = EVEN[:n]
    fitted = Kriging(transform=Identity(), kind=kind, covariance=COVARIANCE).fit(Samples.measured(xy, field(xy)))
    told = report(fitted, EVERYWHERE)
    assert told["scheme"] in (*told["scores"], "leave-one-out")
    assert all(np.isfinite(list(scores.values())).all() for scores in told["scores"].values())
