import numpy as np
import pytest
from numpy.typing import NDArray

from mapping.covariance import Covariance, Exponential, Matern, Nugget
from mapping.kriging import FittedKriging, Kriging
from mapping.likelihood import CovarianceSearch, Likelihood, families, fit_likelihood
from mapping.samples import Samples
from mapping.transform import Identity

TRUTH = Nugget(0.2) + Exponential(0.8, 120.0)
Vector = NDArray[np.float64]


def field(seed: int, n: int = 120, covariance: Covariance = TRUTH) -> tuple[Vector, Vector]:
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0.0, 1000.0, (n, 2))
    return xy, 2.0 + np.linalg.cholesky(covariance.between(xy, xy)) @ rng.standard_normal((n, 1))


def search(xy: Vector, values: Vector, drift: Vector, restricted: bool = True) -> CovarianceSearch:
    return CovarianceSearch(Likelihood(xy, np.zeros(len(xy)), drift, restricted), float(values.var()))


def test_the_restricted_likelihood_is_that_of_contrasts() -> None:
    """Of any n − p combinations of the data that the trend does not move (Patterson & Thompson 1971)."""
    xy, values = field(1, 40)
    drift = np.column_stack([np.ones(40), xy])
    family, theta = families(["matern"])[0], np.log([0.1, 0.8, 150.0, 1.3])
    contrasts = np.linalg.svd(drift)[0][:, 3:]
    spread = contrasts.T @ family.covariance(theta).between(xy, xy) @ contrasts
    z = contrasts.T @ values
    quadratic = float((z.T @ np.linalg.solve(spread, z))[0, 0])
    wanted = -0.5 * (np.linalg.slogdet(spread)[1] + quadratic + 37 * np.log(2.0 * np.pi))
    found = Likelihood(xy, np.zeros(40), drift).evaluate(family, theta, values)
    assert found is not None
    assert found.value == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("structure", ["spherical", "exponential", "gaussian", "matern:1.5", "matern"])
def test_the_gradient_is_that_of_the_value(structure: str, restricted: bool) -> None:
    xy, values = field(2, 30)
    likelihood = Likelihood(xy, np.full(30, 0.01), np.ones((30, 1)), restricted)
    (family,) = families([structure])
    theta = np.log([0.2, 0.7, 180.0, 1.2])[: len(family.names)]
    found = likelihood.at(family, theta, values)
    for index in range(len(theta)):
        step = np.where(np.arange(len(theta)) == index, 1e-4, 0.0)
        rise = likelihood.at(family, theta + step, values).value - likelihood.at(family, theta - step, values).value
        assert found.gradient[index] == pytest.approx(rise / 2e-4, rel=1e-4, abs=1e-5)


def test_the_fit_climbs_above_the_truth_and_its_errors_cover_it() -> None:
    """Over 24 fields the logarithms, in standard errors from the truth, spread like a standard normal variable."""
    (family,) = families(["exponential"])
    truth = family.parameters(TRUTH)
    distances = []
    for seed in range(24):
        xy, values = field(seed)
        found = fit_likelihood(search(xy, values, np.ones((120, 1))), values, family, None)
        at_truth = Likelihood(xy, np.zeros(120), np.ones((120, 1))).evaluate(family, truth, values)
        assert at_truth is not None
        assert found.value >= at_truth.value
        free = np.diag(found.spread) > 0.0
        distances.append(np.where(free, (found.theta - truth) / np.sqrt(np.where(free, np.diag(found.spread), 1.0)), 0))
    spread = np.sqrt((np.array(distances) ** 2).mean(axis=0))
    assert (spread > 0.5).all()
    assert (spread < 1.6).all()


def test_scaling_the_data_scales_the_sills() -> None:
    xy, values = field(3)
    one, many = (
        Kriging(transform=Identity(), fitted_by="reml", structures=("exponential",)).fit(Samples.measured(xy, data))
        for data in (values[:, 0], 10.0 * values[:, 0])
    )
    assert many.covariance.sill == pytest.approx(100.0 * one.covariance.sill, rel=1e-3)
    assert many.covariance.structured[0].range == pytest.approx(one.covariance.structured[0].range, rel=1e-3)


def test_the_smoothness_is_found() -> None:
    xy, values = field(4, 150, Nugget(0.01) + Matern(1.0, 80.0, smoothness=1.5))
    fitted = Kriging(transform=Identity(), fitted_by="reml", structures=("matern",)).fit(
        Samples.measured(xy, values[:, 0])
    )
    (term,) = fitted.covariance.structured
    assert isinstance(term, Matern)
    assert 0.8 < term.smoothness < 3.0


def test_likely_covariances_have_the_spread_of_the_estimate() -> None:
    xy, values = field(5)
    (family,) = families(["exponential"])
    found = fit_likelihood(search(xy, values, np.ones((120, 1))), values, family, None)
    points = np.array([family.parameters(each) for each in found.likely()])
    np.testing.assert_allclose(points.mean(axis=0), found.theta, rtol=1e-10)
    np.testing.assert_allclose(np.cov(points.T, bias=True), found.spread, atol=1e-10)


@pytest.fixture(scope="module")
def model() -> FittedKriging:
    xy, values = field(6, 80)
    return Kriging(transform=Identity(), fitted_by="reml").fit(Samples.measured(xy, values[:, 0]))


def test_what_is_not_known_of_the_parameters_widens_the_map(model: FittedKriging) -> None:
    places = np.random.default_rng(7).uniform(0.0, 1000.0, (300, 2))
    plug_in = Kriging(transform=Identity(), covariance=model.covariance).fit(model.samples).predict(places)
    carried = model.predict(places)
    assert carried.variance.mean() > plug_in.variance.mean()
    assert np.abs(carried.mean - plug_in.mean).max() < 0.5 * np.sqrt(plug_in.variance.max())
    members = [member.predict(places) for member in model.members()]
    np.testing.assert_allclose(carried.mean, np.mean([each.mean for each in members], axis=0), rtol=1e-12)


def test_a_fit_by_likelihood_is_rebuilt_and_simulated(model: FittedKriging) -> None:
    places = np.random.default_rng(8).uniform(0.0, 1000.0, (50, 2))
    again = FittedKriging.rebuild(model.samples, model.parameters())
    assert (again.predict(places).variance == model.predict(places).variance).all()
    draws = model.simulate(places, 3000, seed=1).values
    np.testing.assert_allclose(draws.var(axis=0), model.predict(places).variance, rtol=0.25)
    assert (again.simulate(places, 10, seed=1).values == model.simulate(places, 10, seed=1).values).all()


def test_the_fit_says_how_it_was_made(model: FittedKriging) -> None:
    assert model.fit is not None
    assert "restricted maximum likelihood" in model.fit.why
    assert dict(model.fit.standard_errors)["range"] > 0.0
    assert model.leave_one_out().variance.min() > 0.0


def test_too_few_places_for_a_likelihood_say_so() -> None:
    xy, values = field(9, 8)
    fitted = Kriging(transform=Identity(), fitted_by="reml").fit(Samples.measured(xy, values[:, 0]))
    assert any("too few for a fit by likelihood" in note for note in fitted.notes)


def test_measured_samples_keep_the_least_squares_fit() -> None:
    xy, values = field(10)
    samples = Samples.measured(xy, values[:, 0])
    default, asked = (Kriging(transform=Identity(), fitted_by=how).fit(samples) for how in ("auto", "wls"))
    assert default.covariance == asked.covariance
    assert not default.likely
    with pytest.raises(ValueError, match="fitted_by must be one of auto"):
        Kriging(fitted_by="eye")
