import numpy as np
import pytest
from numpy.typing import NDArray

from mapping import simulation
from mapping.covariance import Covariance, Exponential, Gaussian, Nugget, Spherical
from mapping.grid import Grid
from mapping.kriging import FittedKriging, Kriging
from mapping.lattice import Lattice, fields
from mapping.samples import Samples
from mapping.simulation import Simulation
from mapping.transform import Identity

CELL = 40.0**2
either_way = pytest.mark.parametrize("exact", [4_000, 0], ids=["cholesky", "circulant"])


@pytest.fixture(scope="module")
def model(meuse: Samples, gstat_model: Covariance) -> FittedKriging:
    return Kriging(covariance=gstat_model).fit(meuse)


@either_way
def test_expected_area_agrees_with_the_probabilities(
    model: FittedKriging, meuse_grid: NDArray[np.float64], exact: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "EXACT_PLACES", exact)
    area = model.simulate(meuse_grid, 500, seed=3).area_above(720.0, CELL)
    probability = model.predict(meuse_grid).exceedance(720.0)
    standard_error = (area.high - area.low) / (2 * 1.645) / np.sqrt(500)
    assert abs(area.expected - probability.sum() * CELL) < 4.0 * standard_error
    independent = 2 * 1.645 * CELL * np.sqrt((probability * (1.0 - probability)).sum())
    assert 3.0 < (area.high - area.low) / independent < 4.5


@either_way
@pytest.mark.parametrize("kind", ["ordinary", "simple"])
def test_joint_moments_are_those_of_kriging(kind: str, exact: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Covariances between cells too, the uncertain mean included: against the kriging system's closed form."""
    monkeypatch.setattr(simulation, "EXACT_PLACES", exact)
    rng = np.random.default_rng(4)
    samples = Samples.measured(rng.uniform(0.0, 600.0, (15, 2)), rng.standard_normal(15))
    recipe = Kriging(transform=Identity(), kind=kind, covariance=Nugget(0.1) + Exponential(0.9, 200.0))
    fitted = recipe.fit(samples)
    xy = Grid.covering((-200.0, -200.0, 800.0, 800.0), 100.0, "EPSG:3035").centres()
    mean, spread = fitted.system.joint(xy, fitted.dual)  # type: ignore[attr-defined]
    draws = fitted.simulate(xy, 6000, seed=5).values.astype(float)
    error = 1.0 / np.sqrt(6000)
    assert np.abs(draws.mean(axis=0) - mean[:, 0] - fitted.mean).max() < 5.0 * error
    assert np.abs(np.cov(draws.T) - spread).max() < 7.0 * error
    assert np.abs(np.diag(spread) - fitted.predict(xy).variance).max() < 1e-12


@either_way
def test_a_cell_on_a_sample_has_its_value(exact: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "EXACT_PLACES", exact)
    xy = Grid.covering((0.0, 0.0, 500.0, 500.0), 50.0, "EPSG:3035").centres()
    samples = Samples.measured(xy[::7], np.exp(np.sin(xy[::7, 0])))
    fitted = Kriging(covariance=Nugget(0.3) + Spherical(0.7, 200.0)).fit(samples)
    values = fitted.simulate(xy, 20, seed=1).values
    np.testing.assert_allclose(values[:, ::7], np.broadcast_to(samples.value, (20, samples.n)), rtol=1e-3)


def test_the_same_seed_gives_the_same_maps(model: FittedKriging, meuse_grid: NDArray[np.float64]) -> None:
    one, two, other = (model.simulate(meuse_grid[:200], 5, seed).values for seed in (1, 1, 2))
    assert (one == two).all()
    assert (one != other).any()


def test_local_kriging_is_simulated_too(
    meuse: Samples, gstat_model: Covariance, meuse_grid: NDArray[np.float64]
) -> None:
    local = Kriging(covariance=gstat_model, neighbours=20).fit(meuse)
    area = local.simulate(meuse_grid, 300, seed=2).area_above(720.0, CELL)
    assert area.expected == pytest.approx(local.predict(meuse_grid).exceedance(720.0).sum() * CELL, rel=0.05)


@pytest.mark.parametrize("structure", [Exponential(1.0, 150.0), Spherical(1.0, 400.0), Gaussian(1.0, 120.0)])
def test_fields_on_a_lattice_have_the_covariance(structure: Exponential | Spherical | Gaussian) -> None:
    lattice = Lattice(0.0, 0.0, 30.0, 50.0, 16, 12)
    draws = np.array(list(fields(lattice, (structure,), 6000, np.random.default_rng(6))))
    nodes = lattice.places(np.arange(16 * 12))
    wanted = structure.between(nodes, nodes)
    assert np.abs(np.cov(draws.T) - wanted).max() < 7.0 / np.sqrt(6000)


def test_a_range_far_beyond_the_map_still_gives_the_right_variance() -> None:
    lattice = Lattice(0.0, 0.0, 10.0, 10.0, 20, 20)
    draws = np.array(list(fields(lattice, (Gaussian(2.0, 2000.0),), 3000, np.random.default_rng(7))))
    assert draws.var() == pytest.approx(2.0, rel=0.1)


def test_limits_and_cell_areas_may_differ_by_cell() -> None:
    values = Simulation(np.array([[1.0, 5.0], [3.0, 5.0]], dtype=np.float32), seed=0)
    area = values.area_above(np.array([2.0, 4.0]), np.array([10.0, 1.0]), level=0.5)
    assert area.expected == 6.0
    assert area.realisations == 2


def test_what_cannot_be_simulated_is_refused(model: FittedKriging, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="at least one realisation"):
        model.simulate(np.zeros((1, 2)), 0)
    with pytest.raises(ValueError, match="2 GB"):
        model.simulate(np.zeros((10_000, 2)), 1_000_000)
    monkeypatch.setattr(simulation, "EXACT_PLACES", 10)
    with pytest.raises(ValueError, match="regular grid"):
        model.simulate(np.random.default_rng(1).uniform(178000.0, 181000.0, (50, 2)), 2)
    with pytest.raises(ValueError, match="level"):
        Simulation(np.zeros((1, 1), np.float32), 0).area_above(1.0, 1.0, level=1.0)
