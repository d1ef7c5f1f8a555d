from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtri

from mapping.covariance import Covariance, Exponential, Nugget
from mapping.grid import Grid
from mapping.kriging import FittedKriging
from mapping.methods import METHODS
from mapping.raster import Raster
from mapping.samples import Samples
from mapping.scale import FITTED_LATER, ScaleToFit, as_scale, distribution, likely_powers, normal_score
from mapping.surface import Surface, write_surface
from mapping.transform import BoxCox, Identity, Log, NormalScore

Vector = NDArray[np.float64]
RNG = np.random.default_rng(1)
XY = RNG.uniform(0.0, 1000.0, (300, 2))
NORMAL = ndtri((RNG.permutation(300) + 0.5) / 300)


def bounded(value: Vector, limit: float) -> Samples:
    hidden = value < limit
    return Samples(XY, np.where(hidden, 0.0, value), np.where(hidden, limit, value))


@pytest.mark.parametrize(
    ("value", "chosen"),
    [
        (np.exp(3.0 + NORMAL), Log()),
        ((5.0 + 0.6 * NORMAL) ** 2, BoxCox(0.5)),
        (20.0 + 4.0 * NORMAL, BoxCox(1.0)),
        (np.where(NORMAL > 0.0, 20.0, -1.0), Identity()),
    ],
)
def test_the_scale_is_found(value: Vector, chosen: object) -> None:
    found, why = ScaleToFit("auto").fitted(Samples.measured(XY, value))
    assert found == chosen
    assert why


def test_what_no_power_makes_straight_gets_normal_scores() -> None:
    two_soils = np.where(NORMAL > 0.3, 400.0, 20.0) * np.exp(0.1 * NORMAL)
    found, why = ScaleToFit("auto").fitted(Samples.measured(XY, two_soils))
    assert isinstance(found, NormalScore)
    assert "no power makes straight enough" in why[0]


def test_bounds_leave_power_and_distribution_where_they_were() -> None:
    value = (4.0 + 1.0 * NORMAL) ** 2
    limit = float(np.quantile(value, 0.4))
    whole, part = likely_powers(Samples.measured(XY, value)), likely_powers(bounded(value, limit))
    assert part[0] == pytest.approx(whole[0], abs=0.25)
    assert part[1] < whole[0] < part[2]
    known, probability = distribution(bounded(value, limit))
    share = (value[:, None] <= known).mean(axis=0)
    np.testing.assert_allclose(probability, share, atol=0.02)


def test_scores_of_the_samples_are_standard_normal() -> None:
    value = RNG.gamma(0.7, 30.0, 300)
    scores = normal_score(Samples.measured(XY, value)).forward(value)
    # the ends share a knot
    np.testing.assert_allclose(np.sort(scores), ndtri((np.arange(300) + 0.5) / 300), atol=0.25)


@pytest.mark.parametrize("name", ["median", "", "Log "])
def test_an_unknown_scale_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="called"):
        as_scale(name)


def test_no_scores_of_equal_values_or_of_zero() -> None:
    with pytest.raises(ValueError, match="all measured values are equal"):
        normal_score(Samples.measured(XY, np.full(300, 2.0)))
    with pytest.raises(ValueError, match="values above zero"):
        normal_score(Samples.measured(XY, np.zeros(300)))


@pytest.mark.parametrize("scale", [*FITTED_LATER, "identity", "log", "boxcox:0.4"])
@pytest.mark.parametrize("method", METHODS)
def test_every_scale_reaches_the_file_of_the_map(method: str, scale: str, tmp_path: Path) -> None:
    """What is read back has the same quantiles and exceedances, and the model is rebuilt from its parameters."""
    covariance: Covariance = Nugget(0.1) + Exponential(1.0, 200.0)
    samples = Samples.measured(XY[:60], 30.0 + 20.0 * np.abs(NORMAL[:60]))
    fitted = METHODS[method](transform=scale, covariance=covariance).fit(samples)
    grid = Grid.covering((0.0, 0.0, 1000.0, 1000.0), cell=250.0, crs="EPSG:28992")
    write_surface(tmp_path / "map.tif", Raster(fitted, grid), {"contaminant": "zinc", "unit": "mg/kg"})
    read, direct = Surface.read(tmp_path / "map.tif").prediction, fitted.predict(grid.centres())
    for one, other in (
        (read.quantile(0.9), direct.quantile(0.9)),
        (read.exceedance(45.0), direct.exceedance(45.0)),
        (read.expected(), direct.expected()),
    ):
        np.testing.assert_allclose(one.ravel(), other, rtol=1e-4, atol=1e-6)
    again = FittedKriging.rebuild(samples, fitted.parameters())
    assert (again.predict(grid.centres()).mean == direct.mean).all()
