import numpy as np
import pytest
from numpy.typing import NDArray

from mapping.covariance import STRUCTURES, Covariance, Exponential, Nugget
from mapping.kriging import Kriging
from mapping.likelihood import CovarianceSearch, Likelihood, families
from mapping.samples import Samples
from mapping.transform import Identity
from mapping.vecchia import VecchiaLikelihood, fit_vecchia, nearest_before

Vector = NDArray[np.float64]


def field(seed: int, n: int, covariance: Covariance) -> tuple[Vector, Vector]:
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0.0, 1000.0, (n, 2))
    return xy, np.linalg.cholesky(covariance.between(xy, xy)) @ rng.standard_normal((n, 1))


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("structure", [*STRUCTURES, "matern:1.5"])
def test_given_all_before_it_the_likelihood_is_exact(structure: str, restricted: bool) -> None:
    """With a trend, measurement errors and several sets of data; so are the scores and the information."""
    rng = np.random.default_rng(1)
    xy, sets = rng.uniform(0.0, 1000.0, (50, 2)), rng.standard_normal((50, 3))
    drift, error = np.column_stack([np.ones(50), xy / 500.0 - 1.0]), rng.uniform(0.0, 0.1, 50)
    (family,) = families([structure])
    theta = np.log([0.1, 0.8, 150.0, 1.3])[: len(family.names)]
    exact = Likelihood(xy, error, drift, restricted).at(family, theta, sets)
    found = VecchiaLikelihood(xy, error, drift, restricted, neighbours=49).at(family, theta, sets)
    assert found.value == pytest.approx(exact.value, abs=1e-5)
    np.testing.assert_allclose(found.scores, exact.scores, atol=0.05)
    if not restricted:
        np.testing.assert_allclose(found.information, exact.information, rtol=1e-3, atol=1e-2)


def test_the_nearest_before_are_those_of_all_pairs() -> None:
    xy = np.random.default_rng(2).uniform(0.0, 1.0, (300, 2))
    xy[100:110] = xy[99]
    terms = np.arange(300)
    near = nearest_before(xy, terms, 12)
    for own in terms:
        apart = np.sort(np.hypot(*(xy[:own] - xy[own]).T))[:12]
        found = near[own][near[own] >= 0]
        assert (found < own).all()
        assert len(set(found.tolist())) == min(12, own)
        np.testing.assert_allclose(np.sort(np.hypot(*(xy[found] - xy[own]).T)), apart, atol=1e-12)


def test_parameters_are_those_of_the_exact_likelihood() -> None:
    """Within a tenth of their standard errors."""
    xy, values = field(3, 500, Nugget(0.2) + Exponential(0.8, 80.0))
    drift, error = np.ones((500, 1)), np.zeros(500)
    exact, vecchia = Likelihood(xy, error, drift), VecchiaLikelihood(xy, error, drift)
    search = CovarianceSearch(exact, float(values.var()))
    (family,) = families(["exponential"])
    wanted, _ = search.climb(family, search.start(family, None), values)
    found = fit_vecchia(
        CovarianceSearch(vecchia, float(values.var())), vecchia, values, family, [search.start(family, None)]
    )
    assert (np.abs(found.theta - wanted) < 0.1 * np.sqrt(np.diag(found.spread))).all()


def test_a_missing_nugget_rests_at_its_bound() -> None:
    xy, values = field(4, 400, Exponential(1.0, 100.0))
    fitted = Kriging(transform=Identity(), fitted_by="vecchia", structures=("exponential",)).fit(
        Samples.measured(xy, values[:, 0])
    )
    assert fitted.covariance.nugget < 0.01 * fitted.covariance.sill
    assert any("random order (Vecchia)" in note for note in fitted.notes)
    assert fitted.likely


def test_many_places_are_fitted_by_it_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mapping.fitting.LARGEST", 200)
    monkeypatch.setattr("mapping.fitting.QUICK", 200)
    xy, values = field(5, 300, Nugget(0.2) + Exponential(0.8, 80.0))
    samples = Samples.measured(np.vstack([xy, xy[:40]]), np.append(values, values[:40] + 0.1))
    one, two = (Kriging(transform=Identity()).fit(samples) for _ in range(2))
    assert one.fit is not None
    assert "restricted maximum likelihood" in one.fit.why
    assert one.covariance == two.covariance
    assert any("300 places is that of each given 60 before it" in note for note in one.notes)


def test_many_bounds_are_fitted_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mapping.fitting.QUICK", 50)
    monkeypatch.setattr("mapping.vecchia.NEIGHBOURS", (15, 15))
    xy, values = field(6, 100, Nugget(0.1) + Exponential(0.9, 200.0))
    hidden = values[:, 0] < 0.0
    bounds = Samples(xy, np.where(hidden, -np.inf, values[:, 0]), np.where(hidden, 0.0, values[:, 0]))
    fitted = Kriging(transform=Identity(), structures=("exponential",)).fit(bounds)
    assert any("(Vecchia)" in note for note in fitted.notes)
    assert 0.3 < fitted.covariance.sill < 3.0
