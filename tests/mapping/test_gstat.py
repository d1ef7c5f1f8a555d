"""Agreement with R gstat 2.1-0 on Meuse log zinc, with gstat's own variogram (tests/reference/gstat)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mapping.covariance import Covariance, Exponential, Nugget
from mapping.kriging import Kriging
from mapping.prediction import Prediction
from mapping.samples import Samples
from mapping.search import Search
from mapping.support import Block

Reader = Callable[[str], Any]
Points = NDArray[np.float64]


@pytest.mark.parametrize(
    ("table", "parameters"),
    [("meuse_ok", {}), ("meuse_sk", {"kind": "simple"}), ("meuse_ok_nmax20", {"neighbours": 20})],
)
def test_kriging(
    meuse: Samples, meuse_grid: Points, gstat_model: Covariance, gstat: Reader, table: str, parameters: dict[str, Any]
) -> None:
    reference = gstat(table)
    found = Kriging(covariance=gstat_model, **parameters).fit(meuse).predict(meuse_grid)
    untied = _without_ties(meuse.xy, meuse_grid, parameters.get("neighbours"))
    assert untied.mean() > 0.99
    np.testing.assert_allclose(found.mean[untied], reference["pred"][untied], rtol=1e-10)
    np.testing.assert_allclose(found.variance[untied], reference["var"][untied], rtol=1e-10)


@pytest.fixture(scope="module")
def drifting(gstat: Reader) -> Samples:
    """Zinc with the square root of the relative distance to the river as external drift."""
    table = gstat("meuse")
    covariates = np.sqrt(table["dist"])[:, None]
    return Samples.measured(np.column_stack([table["x"], table["y"]]), table["zinc"], covariates=covariates)


@pytest.fixture(scope="module")
def drift_model(gstat: Reader) -> Covariance:
    table = gstat("variogram_models")
    nugget, term = table[(table["set"] == "meuse") & (table["name"] == "logzinc_UK_sqrtdist_Exp")]
    return Nugget(float(nugget["psill"])) + Exponential(float(term["psill"]), float(term["range"]))


def test_external_drift(drifting: Samples, drift_model: Covariance, meuse_grid: Points, gstat: Reader) -> None:
    reference, covariates = gstat("meuse_uk_sqrtdist"), np.sqrt(gstat("meuse.grid")["dist"])[:, None]
    found = Kriging(kind="universal", covariance=drift_model).fit(drifting).predict(meuse_grid, covariates)
    np.testing.assert_allclose(found.mean, reference["pred"], rtol=1e-10)
    np.testing.assert_allclose(found.variance, reference["var"], rtol=1e-10)


def test_external_drift_left_out(drifting: Samples, drift_model: Covariance, gstat: Reader) -> None:
    stats = gstat("stats")
    reference = {row["what"]: row["value"] for row in stats[stats["model"] == "UK_sqrtdist_Exp_global"]}
    scores = Kriging(kind="universal", covariance=drift_model).fit(drifting).leave_one_out().scores()
    for name in ("rmse", "mae", "msdr"):
        assert scores[name] == pytest.approx(reference[f"cv_{name.upper()}"], rel=1e-9)


def test_a_drift_fitted_by_reml_is_no_worse_than_gstats_by_hand(drifting: Samples, gstat: Reader) -> None:
    """gstat's covariance was fitted to residuals of ordinary least squares: leave-one-out RMSE 0.3777."""
    fitted = Kriging(kind="universal").fit(drifting)
    scores = fitted.leave_one_out().scores()
    assert fitted.fit is not None
    assert "restricted maximum likelihood" in fitted.fit.why
    assert scores["rmse"] <= 0.3777
    assert 0.9 <= scores["msdr"] <= 1.1


def test_blocks(meuse: Samples, meuse_grid: Points, gstat_model: Covariance, gstat: Reader) -> None:
    """gstat keeps the weights of its sixteen points in single precision, which costs it these digits."""
    reference = gstat("meuse_ok_block40")
    found = Kriging(covariance=gstat_model).fit(meuse).predict(meuse_grid, block=Block(40.0, 40.0))
    np.testing.assert_allclose(found.mean, reference["pred"], rtol=1e-8)
    np.testing.assert_allclose(found.variance, reference["var"], rtol=1e-7)


def test_blocks_to_the_last_digit_with_the_constants_of_gstat(
    meuse: Samples, meuse_grid: Points, gstat_model: Covariance, gstat: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Abscissae and weights of ten digits, weights rounded to single precision; points 1.5e-5 m from themselves.

    That distance is the same in every block: the variances differ from ours by one number.
    """
    nodes = 2.0 * np.array([-0.4305681558, -0.1699905218, 0.1699905218, 0.4305681558])
    weights = np.array([0.1739274226, 0.3260725774, 0.3260725774, 0.1739274226])
    single = np.outer(weights, weights).ravel().astype(np.float32)
    monkeypatch.setattr("mapping.support.NODES", nodes)
    monkeypatch.setattr(Block, "weights", property(lambda _: single.astype(float)))
    reference = gstat("meuse_ok_block40")
    found = Kriging(covariance=gstat_model).fit(meuse).predict(meuse_grid, block=Block(40.0, 40.0))
    np.testing.assert_allclose(found.mean, reference["pred"], rtol=1e-12)
    difference = found.variance - reference["var"]
    assert np.ptp(difference) < 1e-14
    assert abs(difference.mean()) < 2e-9


def _without_ties(samples: Points, places: Points, neighbours: int | None) -> NDArray[np.bool_]:
    """Where the choice of the k nearest is not arbitrary."""
    if neighbours is None:
        return np.ones(len(places), dtype=bool)
    distance, _ = Search(samples).nearest(places, neighbours + 1)
    untied: NDArray[np.bool_] = distance[:, -1] > distance[:, -2]
    return untied


def test_leave_one_out(meuse: Samples, gstat_model: Covariance, gstat: Reader) -> None:
    reference = gstat("meuse_ok_loocv")
    found = Kriging(covariance=gstat_model).fit(meuse).leave_one_out()
    np.testing.assert_allclose(found.predicted, reference["pred"], rtol=1e-9)
    np.testing.assert_allclose(found.variance, reference["var"], rtol=1e-9)
    np.testing.assert_allclose(found.observed, reference["observed"], rtol=1e-15)


@pytest.mark.parametrize(("model", "neighbours"), [("OK_Sph_global", None), ("OK_Sph_nmax20", 20)])
def test_scores(meuse: Samples, gstat_model: Covariance, gstat: Reader, model: str, neighbours: int | None) -> None:
    stats = gstat("stats")
    reference = {row["what"]: row["value"] for row in stats[stats["model"] == model]}
    scores = Kriging(covariance=gstat_model, neighbours=neighbours).fit(meuse).leave_one_out().scores()
    assert scores["rmse"] == pytest.approx(reference["cv_RMSE"], rel=1e-9)
    assert scores["mae"] == pytest.approx(reference["cv_MAE"], rel=1e-9)
    assert scores["msdr"] == pytest.approx(reference["cv_MSDR"], rel=1e-9)
    assert scores["me"] == pytest.approx(-reference["cv_ME"], rel=1e-6)


@pytest.mark.parametrize("limit", [200, 500, 720])
def test_brier_scores_of_exceedance(meuse: Samples, gstat_model: Covariance, gstat: Reader, limit: int) -> None:
    """gstat's leave-one-out probabilities from the lognormal distribution; its z-scores came to 17 digits."""
    stats = gstat("stats")
    reference = stats["value"][(stats["model"] == f"OKgauss_gt_{limit}") & (stats["what"] == "cv_Brier")][0]
    fitted = Kriging(covariance=gstat_model).fit(meuse)
    loo = fitted.leave_one_out()
    prediction = Prediction(loo.predicted, loo.variance, np.zeros_like(loo.variance), fitted.recipe.transform)
    brier = ((prediction.exceedance(limit) - (meuse.value > limit)) ** 2).mean()
    assert brier == pytest.approx(reference, rel=1e-9)


def test_mean_probability_and_expected_area_above_720(
    meuse: Samples, meuse_grid: Points, gstat_model: Covariance
) -> None:
    """0.132 and 0.655 km² follow from gstat's predictions and variances and the normal distribution of logs."""
    probability = Kriging(covariance=gstat_model).fit(meuse).predict(meuse_grid).exceedance(720.0)
    assert probability.mean() == pytest.approx(0.132, abs=5e-4)
    assert probability.sum() * 40.0**2 / 1e6 == pytest.approx(0.655, abs=5e-4)


def test_the_fitted_model_is_as_good_as_that_of_gstat(meuse: Samples) -> None:
    assert Kriging().fit(meuse).leave_one_out().scores()["rmse"] == pytest.approx(0.3918, abs=5e-5)
