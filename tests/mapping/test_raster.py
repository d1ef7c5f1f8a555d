"""Rasters by windows: compressed, resumed after a kill, and on a cluster that loses a worker; always the same bytes."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio

from mapping import raster as raster_module
from mapping.cluster import computed
from mapping.compressed import WORST_MEAN, WORST_VARIANCE
from mapping.covariance import Covariance, Exponential, Gaussian, Matern, Nugget, Spherical
from mapping.grid import Grid
from mapping.kriging import FittedKriging, Kriging
from mapping.neighbourhood import Neighbourhood
from mapping.raster import Raster
from mapping.samples import Samples
from mapping.surface import predict_grid, read_provenance, write_surface
from mapping.transform import Identity

ROOT = Path(__file__).parents[2]
PROVENANCE = {"contaminant": "lead", "unit": "mg/kg"}
MODELS: dict[str, Covariance] = {
    "spherical": Nugget(0.1) + Spherical(0.9, 4000.0),
    "exponential": Nugget(0.1) + Exponential(0.9, 1500.0),
    "anisotropic": Nugget(0.1) + Spherical(0.9, 6000.0, angle=35.0, ratio=0.3),
    "short range": Nugget(0.02) + Exponential(1.0, 150.0),
    "smooth": Nugget(0.05) + Gaussian(0.9, 2500.0),
    "any smoothness": Nugget(0.1) + Matern(0.9, 900.0, smoothness=0.8),
    "no nugget": Exponential(1.0, 1500.0),
    "two": Exponential(0.5, 3000.0) + Spherical(0.5, 900.0, angle=10.0, ratio=0.5),
}


def survey(n: int = 250, clustered: bool = False) -> Samples:
    rng = np.random.default_rng(2)
    xy = rng.uniform(0.0, 10_000.0, (n, 2))
    if clustered:
        xy[n // 2 :] = rng.normal([1_500.0, 1_200.0], 250.0, (n - n // 2, 2))
    return Samples.measured(xy, np.sin(xy[:, 0] / 1500.0) + 0.3 * rng.standard_normal(n))


def fitted(covariance: Covariance, samples: Samples | None = None, **recipe: object) -> FittedKriging:
    made = Kriging(transform=Identity(), covariance=covariance, **recipe)  # type: ignore[arg-type]
    return made.fit(samples or survey())


@pytest.fixture(scope="module")
def model() -> FittedKriging:
    return fitted(MODELS["exponential"])


GRID = Grid.covering((100.0, 300.0, 8_000.0, 6_000.0), 50.0, "EPSG:3035")
FINE = Grid.covering((600.0, 700.0, 2_300.0, 2_000.0), 15.0, "EPSG:3035")


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("clustered", [False, True], ids=["even", "clustered"])
def test_compressed_is_exact_to_the_bounds_it_states(name: str, clustered: bool) -> None:
    samples = survey(clustered=clustered)
    found = fitted(MODELS[name], samples)
    exact, fast = predict_grid(found, FINE), predict_grid(found, FINE, compressed=True)
    assert np.abs(fast.mean - exact.mean).max() <= 2.0 * WORST_MEAN * found.values.std()
    assert np.abs(fast.variance - exact.variance).max() <= 2.0 * WORST_VARIANCE * MODELS[name].sill
    assert np.abs(fast.lagrange - exact.lagrange).max() <= 2.0 * WORST_VARIANCE * MODELS[name].sill


@pytest.mark.parametrize("name", ["exponential", "smooth", "short range"])
def test_compressing_gains_something_in_most_squares(name: str) -> None:
    raster = Raster(fitted(MODELS[name], survey(900)), FINE, compressed=True)
    checks = [raster.bands(window)[1] for window in raster.windows]
    assert sum(each.exact for each in checks) <= 0.2 * sum(each.squares for each in checks)
    assert max(each.mean for each in checks) <= WORST_MEAN


def test_a_compression_that_fails_its_check_is_made_exact(
    monkeypatch: pytest.MonkeyPatch, model: FittedKriging
) -> None:
    exact = predict_grid(model, FINE)
    monkeypatch.setattr("mapping.compressed.NEAR", 10.0)
    monkeypatch.setattr("mapping.compressed.NODES", 2)
    raster = Raster(model, FINE, compressed=True)
    checks = [raster.bands(window)[1] for window in raster.windows]
    assert sum(each.exact for each in checks) == sum(each.squares for each in checks)
    np.testing.assert_allclose(predict_grid(model, FINE, compressed=True).mean, exact.mean, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("compressed", [False, True], ids=["exact", "compressed"])
def test_cells_of_the_lattice_are_the_same_to_the_last_bit_on_every_grid(
    compressed: bool, model: FittedKriging, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = predict_grid(model, FINE, compressed=compressed)
    window = Grid.covering((1_155.0, 900.0, 1_905.0, 1_500.0), FINE.cell, "EPSG:3035")
    monkeypatch.setattr(raster_module, "CELLS_AT_ONCE", 1000)
    part = predict_grid(model, window, compressed=compressed)
    row, column = round((FINE.north - window.north) / FINE.cell), round((window.west - FINE.west) / FINE.cell)
    here = (slice(row, row + window.rows), slice(column, column + window.columns))
    assert (part.mean == whole.mean[here]).all()
    assert (part.variance == whole.variance[here]).all()


def test_neighbours_cannot_be_compressed() -> None:
    with pytest.raises(ValueError, match="made from neighbours"):
        Raster(fitted(MODELS["exponential"], neighbours=12), GRID, compressed=True)


def test_universal_kriging_with_covariates_is_compressed_too() -> None:
    samples = survey()
    covered = Samples(samples.xy, samples.lower, samples.upper, covariates=np.cos(samples.xy[:, :1] / 700.0))
    found = fitted(MODELS["exponential"], covered, kind="universal", degree=1)
    covariates = np.cos(FINE.centres()[:, :1] / 700.0).reshape(*FINE.shape, 1)
    covariates[3:9, 5] = np.nan
    exact = predict_grid(found, FINE, covariates=covariates)
    fast = predict_grid(found, FINE, covariates=covariates, compressed=True)
    assert (np.isnan(fast.mean) == np.isnan(covariates[..., 0])).all()
    np.testing.assert_allclose(fast.mean, exact.mean, atol=5e-6)
    np.testing.assert_allclose(fast.variance, exact.variance, atol=1e-6)


def test_what_was_compressed_stands_in_the_file(tmp_path: Path, model: FittedKriging) -> None:
    write_surface(tmp_path / "fast.tif", Raster(model, GRID, compressed=True), PROVENANCE)
    assert "compared with exact kriging" in read_provenance(tmp_path / "fast.tif")["compressed"]


SCRIPT = """
    import os, signal, sys
    from pathlib import Path
    from mapping import raster
    from mapping.raster import Raster
    from mapping.surface import write_surface
    from tests.mapping.test_raster import GRID, MODELS, PROVENANCE, fitted

    raster.CELLS_AT_ONCE, steps = 1000, []

    def progress(done, total):
        steps.append(done)
        if len(steps) == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)

    write_surface(Path(sys.argv[1]), Raster(fitted(MODELS["exponential"]), GRID), PROVENANCE, progress)
    print(len(steps))
"""


def _write(path: Path, killed_at: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(path), str(killed_at)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_work_that_was_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    windows = -(-GRID.rows // (1000 // GRID.columns))
    assert _write(tmp_path / "map.tif", 5).returncode == -signal.SIGKILL
    assert not (tmp_path / "map.tif").exists()
    (left,) = tmp_path.glob(".surface-*")
    unfinished = (left / "journal").read_text() + '[{"row": 1'
    (left / "journal").write_text(unfinished)
    resumed = _write(tmp_path / "map.tif", -1)
    assert int(resumed.stdout) == windows - 5, resumed.stderr
    at_once = tmp_path / "other"
    at_once.mkdir()
    _write(at_once / "map.tif", -1)
    assert (tmp_path / "map.tif").read_bytes() == (at_once / "map.tif").read_bytes()
    assert [path.name for path in at_once.iterdir()] == ["map.tif"]


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, each a process of its own."""
    folder = tmp_path_factory.mktemp("dask")
    where = folder / "scheduler.json"
    quiet = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    options = ["--scheduler-file", str(where), "--no-dashboard"]
    head = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--host", "127.0.0.1", *options]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--no-nanny", "--nthreads", "1", *options]
    processes = [subprocess.Popen(head, **quiet)]  # type: ignore[call-overload]
    for _ in range(200):
        if where.exists() and where.stat().st_size:
            break
        time.sleep(0.1)
    processes += [
        subprocess.Popen([*worker, "--local-directory", str(folder / name)], **quiet)  # type: ignore[call-overload]
        for name in ("one", "two")
    ]
    yield json.loads(where.read_text())["address"], processes[1:]
    for process in processes:
        process.kill()
        process.wait()


def test_a_cluster_that_loses_a_worker_writes_the_same_bytes(
    tmp_path: Path,
    scheduler: tuple[str, list[subprocess.Popen[bytes]]],
    model: FittedKriging,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, (worker, _) = scheduler
    monkeypatch.setattr(raster_module, "CELLS_AT_ONCE", 400)
    raster = Raster(model, GRID)
    steps: list[int] = []

    def progress(done: int, total: int) -> None:
        steps.append(done)
        if len(steps) == 3:
            os.kill(worker.pid, signal.SIGKILL)

    write_surface(tmp_path / "map.tif", raster, PROVENANCE, progress, address)
    (tmp_path / "serial").mkdir()
    write_surface(tmp_path / "serial" / "map.tif", raster, PROVENANCE)
    assert worker.wait() == -signal.SIGKILL
    assert len(steps) == len(raster.windows)
    assert (tmp_path / "map.tif").read_bytes() == (tmp_path / "serial" / "map.tif").read_bytes()


def test_a_cluster_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch, model: FittedKriging) -> None:
    monkeypatch.setattr("mapping.cluster.PATIENCE", 1)
    raster = Raster(model, GRID)
    with pytest.raises(ConnectionError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        list(computed(raster, raster.windows, "tcp://127.0.0.1:9"))


def test_a_shared_neighbourhood_makes_one_map_by_any_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    found = fitted(MODELS["exponential"], neighbours=Neighbourhood(16, shared=16 * GRID.cell))
    whole = predict_grid(found, GRID)
    monkeypatch.setattr(raster_module, "CELLS_AT_ONCE", 700)
    assert (predict_grid(found, GRID).mean == whole.mean).all()


def test_a_raster_can_be_read_by_anyone(tmp_path: Path, model: FittedKriging) -> None:
    write_surface(tmp_path / "map.tif", Raster(model, GRID), PROVENANCE)
    with rasterio.open(tmp_path / "map.tif") as written:
        np.testing.assert_allclose(written.read(1), predict_grid(model, GRID).mean, rtol=1e-6, atol=1e-6)
