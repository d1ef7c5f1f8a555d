"""Cokriging and its model: gstat's figures, and laws that hold for any data."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mapping.cokriging import Cokriging, FittedCokriging
from mapping.coregionalisation import Coregionalisation, cross_variogram, fit_coregionalisation
from mapping.covariance import Nugget, Spherical
from mapping.kriging import Kriging
from mapping.samples import Samples
from mapping.transform import Identity

Reader = Callable[[str], Any]
Points = NDArray[np.float64]

METALS = {"logCd": "cadmium", "logCu": "copper", "logPb": "lead", "logZn": "zinc"}


@pytest.fixture(scope="module")
def model(gstat: Reader) -> Coregionalisation:
    """gstat's linear model of coregionalisation of four log metals (fit.lmc)."""
    table = gstat("variogram_models")
    names = tuple(METALS)

    def sill(first: str, second: str, component: str) -> float:
        wanted = {f"LMC_{first}.{second}", f"LMC_{second}.{first}"} if first != second else {f"LMC_{first}"}
        rows = [row for row in table if row["name"] in wanted and row["component"] == component]
        return float(rows[0]["psill"])

    matrices = tuple(np.array([[sill(a, b, part) for b in names] for a in names]) for part in ("Nug", "Sph"))
    return Coregionalisation(names, (Nugget(1.0), Spherical(1.0, 900.0)), matrices)


@pytest.fixture(scope="module")
def metals(gstat: Reader) -> dict[str, Samples]:
    table = gstat("meuse")
    xy = np.column_stack([table["x"], table["y"]])
    return {name: Samples.measured(xy, table[metal]) for name, metal in METALS.items()}


@pytest.fixture(scope="module")
def fitted(metals: dict[str, Samples], model: Coregionalisation) -> FittedCokriging:
    return Cokriging(model=model).fit(metals)


@pytest.mark.parametrize("name", METALS)
def test_cokriging_of_four_metals(fitted: FittedCokriging, meuse_grid: Points, gstat: Reader, name: str) -> None:
    reference = gstat("meuse_cokriging4")
    found = fitted.predict(meuse_grid, name)
    np.testing.assert_allclose(found.mean, reference[f"{name}pred"], rtol=1e-10)
    np.testing.assert_allclose(found.variance, reference[f"{name}var"], rtol=1e-10)


def test_leave_one_out_of_four_metals(fitted: FittedCokriging, gstat: Reader) -> None:
    stats = gstat("stats")
    (row,) = stats[stats["model"] == "cokriging4_logCd"]
    assert fitted.leave_one_out("logCd", whole_places=False).scores()["rmse"] == pytest.approx(row["value"], rel=1e-9)


@pytest.mark.parametrize("whole", [True, False])
def test_leaving_out_is_fitting_without(metals: dict[str, Samples], model: Coregionalisation, whole: bool) -> None:
    """Dubrule's shortcut equals a system without the datum."""
    fitted = Cokriging(model=model).fit(metals)
    left = 17

    def without(samples: Samples) -> Samples:
        keep = np.arange(samples.n) != left
        return Samples.measured(samples.xy[keep], samples.upper[keep])

    rest = {name: without(each) if whole or name == "logPb" else each for name, each in metals.items()}
    found = Cokriging(model=model).fit(rest).predict(metals["logPb"].xy[[left]], "logPb")
    quick = fitted.leave_one_out("logPb", whole_places=whole)
    assert quick.predicted[left] == pytest.approx(found.mean[0], rel=1e-9)
    assert quick.variance[left] == pytest.approx(found.variance[0], rel=1e-9)


def test_data_are_honoured(metals: dict[str, Samples], fitted: FittedCokriging) -> None:
    at_data = fitted.predict(metals["logZn"].xy, "logZn")
    np.testing.assert_allclose(at_data.mean, np.log(metals["logZn"].upper), atol=1e-8)


def test_all_as_neighbours_is_everybody(
    metals: dict[str, Samples], model: Coregionalisation, meuse_grid: Points
) -> None:
    few = {name: Samples.measured(each.xy[::6], each.upper[::6]) for name, each in metals.items()}
    near = Cokriging(model=model, neighbours=26).fit(few).predict(meuse_grid[:20], "logZn")
    whole = Cokriging(model=model).fit(few).predict(meuse_grid[:20], "logZn")
    np.testing.assert_allclose(near.mean, whole.mean, rtol=1e-8)
    np.testing.assert_allclose(near.variance, whole.variance, rtol=1e-8)
    np.testing.assert_allclose(near.lagrange, whole.lagrange, rtol=1e-6, atol=1e-10)


def test_a_value_does_not_depend_on_its_company(fitted: FittedCokriging, meuse_grid: Points) -> None:
    whole, alone = fitted.predict(meuse_grid[:700], "logCd"), fitted.predict(meuse_grid[[699]], "logCd")
    assert whole.mean[699] == alone.mean[0]
    assert whole.variance[699] == alone.variance[0]


def test_variables_without_anything_in_common_are_kriged_alone(metals: dict[str, Samples], meuse_grid: Points) -> None:
    """Uncorrelated variables say nothing of each other, wherever they are known."""
    both = {"zinc": metals["logZn"], "lead": Samples.measured(metals["logPb"].xy[:60], metals["logPb"].upper[:60])}
    matrices = (np.diag([0.05, 0.1]), np.diag([0.6, 0.4]))
    model = Coregionalisation(("zinc", "lead"), (Nugget(1.0), Spherical(1.0, 900.0)), matrices)
    together = Cokriging(model=model).fit(both).predict(meuse_grid[:300], "zinc")
    alone = Kriging(covariance=model.of("zinc")).fit(both["zinc"]).predict(meuse_grid[:300])
    np.testing.assert_allclose(together.mean, alone.mean, rtol=1e-10)
    np.testing.assert_allclose(together.variance, alone.variance, rtol=1e-10)


def test_a_variable_known_everywhere_helps(metals: dict[str, Samples], model: Coregionalisation) -> None:
    """Lead is measured at the places where zinc is asked for."""
    known, asked = slice(0, 80), slice(80, 155)
    zinc = Samples.measured(metals["logZn"].xy[known], metals["logZn"].upper[known])
    two = [model.number("logPb"), model.number("logZn")]
    smaller = Coregionalisation(
        ("logPb", "logZn"), model.terms, tuple(matrix[np.ix_(two, two)] for matrix in model.coefficients)
    )
    recipe = Cokriging(model=smaller, neighbours={"logZn": 30, "logPb": 20})
    xy, truth = metals["logZn"].xy[asked], np.log(metals["logZn"].upper[asked])
    with_lead = recipe.fit({"logPb": metals["logPb"], "logZn": zinc}).predict(xy, "logZn")
    alone = Kriging(covariance=model.of("logZn"), neighbours=30).fit(zinc).predict(xy)
    assert np.abs(with_lead.mean - truth).mean() < 0.5 * np.abs(alone.mean - truth).mean()
    assert (with_lead.variance < alone.variance).all()


def test_cross_variograms_follow_their_definition() -> None:
    rng = np.random.default_rng(5)
    xy, a, b = rng.uniform(0, 100, (40, 2)), rng.normal(size=40), rng.normal(size=40)
    found = cross_variogram(xy, a, b, 60.0, 5)
    h = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    half = np.triu(np.ones_like(h, dtype=bool), 1)
    for k in range(5):
        inside = half & (h > 12.0 * k) & (h <= 12.0 * (k + 1))
        products = ((a[:, None] - a[None]) * (b[:, None] - b[None]))[inside]
        assert found.pairs[k] == inside.sum()
        assert found.semivariance[k] == pytest.approx(products.mean() / 2.0, rel=1e-10)


def test_a_fit_finds_the_model_that_made_the_variograms() -> None:
    """On a large field of two known components the coefficients come back, and are a valid model."""
    rng = np.random.default_rng(6)
    xy = rng.uniform(0, 6_000, (900, 2))
    covariance = Spherical(1.0, 900.0).between(xy, xy) + 1e-9 * np.eye(len(xy))
    fields = np.linalg.cholesky(covariance) @ rng.standard_normal((len(xy), 2))
    mix = np.array([[1.0, 0.0], [0.8, 0.6]])
    values = fields @ mix.T + 0.3 * rng.standard_normal((len(xy), 2))
    named = {"a": (xy, values[:, 0]), "b": (xy, values[:, 1])}
    found = fit_coregionalisation(named, ("spherical", "exponential"), 2_000.0)
    assert found.sills[0, 0] == pytest.approx(1.09, rel=0.25)
    correlation = found.coefficients[1][0, 1] / np.sqrt(np.prod(np.diag(found.coefficients[1])))
    assert correlation == pytest.approx(0.8, abs=0.08)
    again = Coregionalisation.from_dict(found.to_dict())
    assert again.to_dict() == found.to_dict()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"coefficients": (np.diag([1.0, -0.1]), np.eye(2))}, "nugget term are not positive semi-definite"),
        ({"coefficients": (np.eye(3), np.eye(2))}, "nugget term must be a symmetric matrix"),
        ({"coefficients": (np.eye(2),)}, "2 terms need as many matrices, got 1"),
        ({"terms": (Nugget(2.0), Spherical(1.0, 10.0))}, "nugget term needs sill one"),
        ({"variables": ("a", "a")}, "different names"),
    ],
)
def test_a_model_that_cannot_be_is_refused(change: dict[str, Any], complaint: str) -> None:
    good = Coregionalisation(("a", "b"), (Nugget(1.0), Spherical(1.0, 10.0)), (np.eye(2), np.eye(2)))
    with pytest.raises(ValueError, match=complaint):
        replace(good, **change)


def test_what_cannot_be_cokriged_is_said(metals: dict[str, Samples], model: Coregionalisation) -> None:
    zinc = metals["logZn"]
    with pytest.raises(ValueError, match="at least two variables"):
        Cokriging().fit({"zinc": zinc})
    bounded = Samples(zinc.xy, np.zeros(zinc.n), zinc.upper)
    with pytest.raises(ValueError, match=r"155 of 155 places of lead are known by bounds only"):
        Cokriging(transform=Identity()).fit({"zinc": zinc, "lead": bounded})
    elsewhere = Samples.measured(zinc.xy + 5.0, zinc.upper)
    with pytest.raises(ValueError, match="zinc and lead are both known at 0 places only"):
        Cokriging().fit({"zinc": zinc, "lead": elsewhere})
    with pytest.raises(ValueError, match=r"no variable is called 'gold'; known are logCd"):
        Cokriging(model=model).fit(metals).predict(zinc.xy[:1], "gold")
