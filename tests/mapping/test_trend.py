import numpy as np
import pytest
from numpy.typing import NDArray

from mapping.covariance import Exponential, Nugget
from mapping.grid import Grid
from mapping.kriging import FittedKriging, Kriging
from mapping.samples import Samples
from mapping.surface import predict_grid
from mapping.transform import Identity

Vector = NDArray[np.float64]
MODEL = Nugget(0.2) + Exponential(0.8, 200.0)
RNG = np.random.default_rng(3)
XY = RNG.uniform(0.0, 1000.0, (70, 2))
KNOWN = RNG.standard_normal((70, 2))
PLACES = RNG.uniform(-200.0, 1200.0, (40, 2))
THERE = RNG.standard_normal((40, 2))
VALUE = RNG.standard_normal(70)


def recipe(**parameters: object) -> Kriging:
    return Kriging(transform=Identity(), kind="universal", covariance=MODEL, **parameters)  # type: ignore[arg-type]


def linear(xy: Vector, known: Vector) -> Vector:
    """A trend that universal kriging of the first degree must reproduce."""
    trend: Vector = 3.0 + 0.01 * xy[:, 0] - 0.02 * xy[:, 1] + known @ np.array([2.0, -5.0])
    return trend


@pytest.mark.parametrize("neighbours", [None, 20])
def test_a_trend_in_the_data_is_followed_exactly(neighbours: int | None) -> None:
    plain = recipe(degree=1, neighbours=neighbours).fit(Samples.measured(XY, VALUE, covariates=KNOWN))
    tilted = Samples.measured(XY, VALUE + linear(XY, KNOWN), covariates=KNOWN)
    found = recipe(degree=1, neighbours=neighbours).fit(tilted).predict(PLACES, THERE)
    before = plain.predict(PLACES, THERE)
    np.testing.assert_allclose(found.mean, before.mean + linear(PLACES, THERE), atol=1e-8)
    np.testing.assert_allclose(found.variance, before.variance, rtol=1e-9)


def test_the_units_of_a_covariate_do_not_matter() -> None:
    one = recipe().fit(Samples.measured(XY, VALUE, covariates=KNOWN)).predict(PLACES, THERE)
    scaled, scale = KNOWN * [1e-6, 1e6] + [0.0, 7e6], np.array([1e-6, 1e6])
    other = recipe().fit(Samples.measured(XY, VALUE, covariates=scaled)).predict(PLACES, THERE * scale + [0.0, 7e6])
    np.testing.assert_allclose(other.mean, one.mean, rtol=1e-7)
    np.testing.assert_allclose(other.variance, one.variance, rtol=1e-7)


def test_degree_zero_without_covariates_is_ordinary_kriging() -> None:
    samples = Samples.measured(XY, VALUE)
    ordinary = Kriging(transform=Identity(), covariance=MODEL).fit(samples).predict(PLACES)
    assert (recipe(degree=0).fit(samples).predict(PLACES).mean == ordinary.mean).all()


def test_functions_that_say_the_same_are_left_out_with_a_note() -> None:
    twice = np.column_stack([KNOWN[:, 0], 3.0 * KNOWN[:, 0] + 1.0])
    there = np.column_stack([THERE[:, 0], 3.0 * THERE[:, 0] + 1.0])
    fitted = recipe().fit(Samples.measured(XY, VALUE, covariates=twice))
    once = recipe().fit(Samples.measured(XY, VALUE, covariates=KNOWN[:, :1]))
    assert "1 of 3 trend functions" in fitted.notes[0]
    np.testing.assert_allclose(fitted.predict(PLACES, there).mean, once.predict(PLACES, THERE[:, :1]).mean, rtol=1e-9)


def test_places_on_a_line_have_no_plane() -> None:
    line = np.column_stack([XY[:, 0], 2.0 * XY[:, 0]])
    fitted = recipe(degree=2).fit(Samples.measured(line, VALUE))
    assert "cannot be told apart" in fitted.notes[0]
    assert np.isfinite(fitted.predict(PLACES).mean).all()
    assert np.isfinite(recipe(degree=2, neighbours=4).fit(Samples.measured(XY, VALUE)).predict(PLACES).mean).all()


def test_what_a_trend_needs_is_asked_for() -> None:
    fitted = recipe().fit(Samples.measured(XY, VALUE, covariates=KNOWN))
    with pytest.raises(ValueError, match="needs 2 covariates at every place"):
        fitted.predict(PLACES)
    with pytest.raises(ValueError, match="covariates need the shape"):
        fitted.predict(PLACES, THERE[:, :1])
    with pytest.raises(ValueError, match="place 3: covariates must be finite"):
        fitted.predict(PLACES, np.where(np.arange(40)[:, None] == 3, np.nan, THERE))
    with pytest.raises(ValueError, match="sample 2: covariates must be finite"):
        Samples.measured(XY, VALUE, covariates=np.where(np.arange(70)[:, None] == 2, np.inf, KNOWN))
    with pytest.raises(ValueError, match="only universal kriging takes a degree"):
        Kriging(degree=1)


def test_a_trend_survives_its_parameters_and_is_simulated() -> None:
    samples = Samples.measured(XY, VALUE + linear(XY, KNOWN), covariates=KNOWN)
    fitted = recipe(degree=1).fit(samples)
    again = FittedKriging.rebuild(samples, fitted.parameters())
    assert (again.predict(PLACES, THERE).mean == fitted.predict(PLACES, THERE).mean).all()
    drawn = fitted.simulate(PLACES, 4000, seed=1, covariates=THERE).values
    wanted = fitted.predict(PLACES, THERE)
    assert np.abs((drawn.mean(axis=0) - wanted.mean) / np.sqrt(wanted.variance)).max() < 0.08


def test_a_grid_has_no_value_where_a_covariate_has_none() -> None:
    fitted = recipe().fit(Samples.measured(XY, VALUE, covariates=KNOWN))
    grid = Grid.covering((0.0, 0.0, 300.0, 200.0), 100.0, "EPSG:3035")
    raster = np.zeros((2, 3, 2))
    raster[1, 2, 0] = np.nan
    found = predict_grid(fitted, grid, covariates=raster)
    assert np.isnan(found.mean).tolist() == [[False, False, False], [False, False, True]]
    with pytest.raises(ValueError, match="covariates need the shape"):
        predict_grid(fitted, grid, covariates=raster[:1])
