from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from mapping.covariance import Covariance
from mapping.furniture import class_breaks, rounded
from mapping.grid import Grid
from mapping.kriging import Kriging
from mapping.plots import STYLES, Caption, Overlay, map_picture, validation_plot, variogram_plot
from mapping.samples import Samples

GRID = Grid(0.0, 1000.0, 50.0, 20, 30, "EPSG:28992")


@given(st.floats(1e-6, 1e9))
def test_round_lengths_are_just_below(value: float) -> None:
    length = rounded(value)
    assert 0.39 * value < length <= value * (1.0 + 1e-9)
    assert f"{length:e}"[0] in "125"


@given(st.floats(-1e6, 1e6), st.floats(0.0, 1e6), st.integers(0, 50))
def test_class_limits_rise_and_span_the_values(start: float, width: float, seed: int) -> None:
    values = start + width * np.random.default_rng(seed).random(500)
    limits = class_breaks(values)
    assert 2 <= len(limits) <= 25
    assert (np.diff(limits) > 0.0).all()


def test_skewed_values_have_round_limits_in_equal_ratios() -> None:
    limits = class_breaks(np.exp(np.random.default_rng(1).normal(5.5, 0.8, 5000)))
    assert all(float(f"{limit:.1e}") == limit for limit in limits)
    assert np.std(np.diff(np.log(limits))) < 0.15


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("grid", [GRID, Grid(0.0, 3000.0, 50.0, 60, 8, "EPSG:3035")])
def test_a_map_shows_its_values_and_leaves_the_rest_blank(tmp_path: Path, style: str, grid: Grid) -> None:
    values = np.random.default_rng(2).uniform(0.01, 0.99, grid.shape)
    values[:, : grid.columns // 2] = np.nan
    overlay = Overlay(grid.centres()[::17], {"River": shapely.box(100.0, 100.0, 200.0, 900.0)})
    map_picture(tmp_path / "map.png", grid, values, style, Caption("Zinc", "topsoil", "mg/kg", "survey"), overlay)
    picture = imread(tmp_path / "map.png")
    assert min(picture.shape[:2]) > 500
    assert len(np.unique(picture[::4, ::4, :3].reshape(-1, 3), axis=0)) > 6


def test_a_map_of_one_value_is_drawn_too(tmp_path: Path) -> None:
    map_picture(tmp_path / "flat.png", GRID, np.full(GRID.shape, 0.2), "concentration", Caption("Flat"))
    map_picture(tmp_path / "zero.png", GRID, np.zeros(GRID.shape), "concentration", Caption("Nothing"))
    assert (tmp_path / "zero.png").stat().st_size > 1000


def test_what_cannot_be_drawn_is_refused(tmp_path: Path, meuse: Samples, gstat_model: Covariance) -> None:
    with pytest.raises(ValueError, match="no cell has a value"):
        map_picture(tmp_path / "x.png", GRID, np.full(GRID.shape, np.nan), "concentration", Caption("Empty"))
    with pytest.raises(ValueError, match="the grid is"):
        map_picture(tmp_path / "x.png", GRID, np.zeros((2, 2)), "concentration", Caption("Wrong"))
    with pytest.raises(ValueError, match="no map style is called"):
        map_picture(tmp_path / "x.png", GRID, np.zeros(GRID.shape), "jet", Caption("Wrong"))
    with pytest.raises(ValueError, match="no empirical variogram"):
        variogram_plot(tmp_path / "x.png", Kriging(covariance=gstat_model).fit(meuse), "given")


def test_plots_of_a_fit_are_written(tmp_path: Path, meuse: Samples) -> None:
    fitted = Kriging().fit(meuse)
    variogram_plot(tmp_path / "variogram.png", fitted, "Variogram")
    validation_plot(tmp_path / "validation.png", fitted.leave_one_out(), "Validation")
    few = Kriging().fit(Samples.measured(meuse.xy[:3], meuse.value[:3]))
    variogram_plot(tmp_path / "few.png", few, "Three samples")
    assert all(path.stat().st_size > 10_000 for path in tmp_path.iterdir())
