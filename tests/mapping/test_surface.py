import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window
from rio_cogeo.cogeo import cog_validate

from mapping import raster as raster_module
from mapping.covariance import Covariance
from mapping.grid import Grid, default_area, mask_inside
from mapping.kriging import FittedKriging, Kriging
from mapping.raster import Raster
from mapping.samples import Samples
from mapping.surface import Surface, predict_grid, prediction_from_bands, read_provenance, write_surface

PROVENANCE = {"contaminant": "zinc", "unit": "mg/kg", "scores": {"rmse": 0.39}, "dataset": "Maas, linkeroever é ≤ 1 m"}


@pytest.fixture(scope="module")
def model(meuse: Samples, gstat_model: Covariance) -> FittedKriging:
    return Kriging(covariance=gstat_model).fit(meuse)


@pytest.fixture(scope="module")
def grid(meuse: Samples) -> Grid:
    return Grid.covering(default_area(meuse.xy).bounds, 40.0, "EPSG:28992")


@pytest.fixture(scope="module")
def inside(meuse: Samples, grid: Grid) -> NDArray[np.bool_]:
    return mask_inside(grid, default_area(meuse.xy))


@pytest.fixture(scope="module")
def written(
    tmp_path_factory: pytest.TempPathFactory, model: FittedKriging, grid: Grid, inside: NDArray[np.bool_]
) -> Path:
    path = tmp_path_factory.mktemp("surface") / "zinc.tif"
    write_surface(path, Raster(model, grid, inside), PROVENANCE)
    return path


def test_it_is_a_cloud_optimised_geotiff_that_says_what_it_is(written: Path, grid: Grid) -> None:
    assert cog_validate(written, strict=True, quiet=True) == (True, [], [])
    with rasterio.open(written) as raster:
        assert raster.crs.to_epsg() == 28992
        assert raster.transform == grid.transform
        assert raster.dtypes == ("float32",) * 3
        assert np.isnan(raster.nodata)
        assert raster.descriptions[0] == "mean on the log scale"
        assert raster.units == ("log(mg/kg)", "log(mg/kg)", "(log(mg/kg))^2")
        tags = raster.tags()
    assert tags["EDAPHOS_TRANSFORM"] == "log"
    assert tags["EDAPHOS_UNIT"] == "mg/kg"
    assert json.loads(tags["EDAPHOS_PROVENANCE"])["dataset"] == PROVENANCE["dataset"]


def test_what_was_written_is_read_again(
    written: Path, model: FittedKriging, grid: Grid, inside: NDArray[np.bool_]
) -> None:
    found, wanted = Surface.read(written), predict_grid(model, grid, inside)
    assert found.grid == grid
    assert (np.isnan(found.prediction.mean) == ~inside).all()
    np.testing.assert_allclose(found.prediction.mean, wanted.mean, rtol=1e-6)
    np.testing.assert_allclose(found.prediction.variance, wanted.variance, rtol=1e-6)
    np.testing.assert_allclose(found.prediction.expected(), wanted.expected(), rtol=1e-5)


def test_the_model_is_rebuilt_from_the_file(written: Path, model: FittedKriging, meuse: Samples) -> None:
    again = FittedKriging.rebuild(meuse, read_provenance(written)["model"])
    place = np.array([[179_500.0, 331_000.0]])
    assert again.predict(place).mean[0] == model.predict(place).mean[0]


def test_any_window_gives_any_quantity(written: Path) -> None:
    whole = Surface.read(written).prediction.exceedance(500.0)
    with rasterio.open(written) as raster:
        mean, sd, lagrange = raster.read(window=Window(20, 30, 15, 10))
    part = prediction_from_bands(mean, sd, lagrange, "log").exceedance(500.0)
    np.testing.assert_array_equal(part, whole[30:40, 20:35])


def test_overviews_pick_cells_and_do_not_average(tmp_path: Path, model: FittedKriging) -> None:
    grid = Grid.covering((178_600.0, 329_700.0, 181_400.0, 333_600.0), 3.0, "EPSG:28992")
    prediction = predict_grid(model, Grid(grid.west, grid.north, 300.0, 14, 10, grid.crs))
    bands = (prediction.mean, prediction.model_sd, prediction.lagrange)
    mean, sd, lagrange = (np.kron(band, np.ones((100, 100))) for band in bands)
    big = prediction_from_bands(mean, sd, lagrange, "log")
    Surface(Grid(grid.west, grid.north, 3.0, 1400, 1000, grid.crs), big, PROVENANCE).write(tmp_path / "big.tif")
    with rasterio.open(tmp_path / "big.tif") as raster:
        assert raster.overviews(1)
        small = raster.read(1, out_shape=(350, 250))
    assert np.isin(small, prediction.mean.astype(np.float32)).all()
    assert cog_validate(tmp_path / "big.tif", strict=True, quiet=True) == (True, [], [])


def test_blocks_of_rows_do_not_change_the_map(
    written: Path,
    tmp_path: Path,
    model: FittedKriging,
    grid: Grid,
    inside: NDArray[np.bool_],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(raster_module, "CELLS_AT_ONCE", 300)
    steps: list[tuple[int, int]] = []
    write_surface(
        tmp_path / "rows.tif", Raster(model, grid, inside), PROVENANCE, lambda done, total: steps.append((done, total))
    )
    assert steps[-1] == (grid.rows, grid.rows)
    assert len(steps) > 10
    with rasterio.open(written) as one, rasterio.open(tmp_path / "rows.tif") as other:
        np.testing.assert_array_equal(one.read(), other.read())


def test_a_write_that_fails_leaves_the_old_file(
    written: Path, tmp_path: Path, model: FittedKriging, grid: Grid
) -> None:
    target = tmp_path / "zinc.tif"
    target.write_bytes(written.read_bytes())

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_surface(target, Raster(model, grid), PROVENANCE, progress=stop)
    assert target.read_bytes() == written.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["zinc.tif"]


def test_another_raster_is_refused(tmp_path: Path) -> None:
    profile = {"driver": "GTiff", "width": 2, "height": 2, "count": 3, "dtype": "float32", "crs": "EPSG:3035"}
    with rasterio.open(tmp_path / "other.tif", "w", transform=Grid(0, 2, 1, 2, 2, "").transform, **profile) as raster:
        raster.write(np.zeros((3, 2, 2), np.float32))
    with pytest.raises(ValueError, match="is not a surface"):
        Surface.read(tmp_path / "other.tif")


def test_grid_and_arrays_must_agree(model: FittedKriging, grid: Grid, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the grid is"):
        Surface(grid, predict_grid(model, Grid(0.0, 0.0, 1.0, 2, 2, "EPSG:28992")), PROVENANCE)
    with pytest.raises(ValueError, match="the mask"):
        Raster(model, grid, np.ones((2, 2), bool))
