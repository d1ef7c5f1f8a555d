"""Kriging and variograms against their peers and against the machine, on the same points with the same model.

    python -m benchmarks.kriging [--large] [--task a]

Each of our tasks runs in a process of its own, which says how much memory it took; what it takes to compile is said
apart, with nothing in numba's cache and with all. Slow peers do a stated subset, and rates are compared. Peers that are
not installed are named and left out. The rates of the machine are those of its own triangular solve and matrix product
in this run.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dgemm, dtrsm

from benchmarks import kriging_peers as peers
from benchmarks.line import Line, seconds
from mapping.covariance import Covariance, Exponential, Nugget, Spherical
from mapping.grid import Grid
from mapping.kriging import FittedKriging, Kriging
from mapping.neighbourhood import Neighbourhood
from mapping.raster import Raster
from mapping.samples import Samples
from mapping.surface import predict_grid, write_surface
from mapping.transform import Identity
from mapping.variogram import choose_variogram, empirical_variogram

Vector = NDArray[np.float64]
Result = TypeVar("Result")
SIDE = 100_000.0
REACH = {"exponential": 8_000.0, "spherical": 24_000.0}
MODELS: dict[str, Covariance] = {
    "exponential": Nugget(peers.NUGGET) + Exponential(peers.SILL, REACH["exponential"]),
    "spherical": Nugget(peers.NUGGET) + Spherical(peers.SILL, REACH["spherical"]),
}
NEAREST = 32
CUTOFF, BINS = SIDE / 10.0, 15
TASKS = "abcde"
COMPRESSED_CELLS = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Ran:
    """Cells or pairs a second, the most memory that the process had (MB), some of the values."""

    rate: float
    memory: float
    mean: Vector
    variance: Vector

    def describe(self, what: str) -> str:
        """For the settings of a line."""
        return f"{what}; {self.memory:,.0f} MB"


def lines(large: bool = False, tasks: str = TASKS) -> Iterator[Line]:
    """Tasks a to e; `large` takes their full sizes."""
    if "a" in tasks:
        yield from _global(samples=2_000, cells=1_000_000 if large else 90_000)
    if "b" in tasks:
        yield from _local(10_000, 250_000, peer_cells=20_000)
    if "c" in tasks:
        yield from _local(100_000, 1_000_000 if large else 250_000, peer_cells=20_000)
    if "d" in tasks:
        yield from _variogram(100_000, 100_000 if large else 20_000)
    if "e" in tasks:
        yield from _file(*((1_000_000, 10_000_000) if large else (100_000, 1_000_000)))


def _survey(samples: int) -> tuple[Vector, Vector]:
    rng = np.random.default_rng(1)
    xy = rng.uniform(0.0, SIDE, (samples, 2))
    return xy, np.sin(xy[:, 0] / 9_000.0) + rng.normal(0.0, 0.3, samples)


def _grid(cells: int) -> Grid:
    side = round(cells**0.5)
    return Grid.covering((0.0, 0.0, SIDE, SIDE), SIDE / side, "EPSG:3035")


def _fitted(samples: int, model: str, neighbours: int | Neighbourhood | None) -> FittedKriging:
    recipe = Kriging(transform=Identity(), covariance=MODELS[model], neighbours=neighbours)
    return recipe.fit(Samples.measured(*_survey(samples)))


def _alone(work: Callable[..., Result], *given: object) -> Result:
    """In a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *given).result()


def _memory() -> float:
    """Not by getrusage, whose number a process inherits from the one that started it."""
    told = Path("/proc/self/status").read_text()
    return float(told.partition("VmHWM:")[2].split()[0]) / 1024.0


def _predicted(samples: int, cells: int, model: str, neighbours: int | Neighbourhood | None, compressed: bool) -> Ran:
    fitted, grid = _fitted(samples, model, neighbours), _grid(cells)
    predict_grid(fitted, _grid(4_096), compressed=compressed)
    start = time.perf_counter()
    found = predict_grid(fitted, grid, compressed=compressed)
    taken = time.perf_counter() - start
    some = slice(None, None, max(cells // 5_000, 1))
    return Ran(grid.rows * grid.columns / taken, _memory(), found.mean.ravel()[some], found.variance.ravel()[some])


def _some(cells: int) -> Vector:
    """The cells whose values a task hands out."""
    return _grid(cells).centres()[:: max(cells // 5_000, 1)]


def _agree(ours: Ran, mean: Vector, variance: Vector) -> None:
    np.testing.assert_allclose(ours.mean[: len(mean)], mean, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(ours.variance[: len(mean)], variance, rtol=1e-7, atol=1e-8)


def _global(samples: int, cells: int) -> Iterator[Line]:
    for model in MODELS:
        ours = _alone(_predicted, samples, cells, model, None, False)
        work, settings = f"a: global, {samples:,} samples", f"{cells:,} cells with variance, {model}"
        if model == "exponential":
            yield from _against_machine(samples, ours.rate, work, ours.describe(settings))
            yield from _against_pykrige(samples, cells, ours, work, settings)
        fast = _alone(_predicted, samples, COMPRESSED_CELLS, model, None, True)
        exact = _fitted(samples, model, None).predict(_some(COMPRESSED_CELLS))
        assert np.abs(fast.mean - exact.mean).max() < 5e-6
        assert np.abs(fast.variance - exact.variance).max() < 1e-7
        settings = fast.describe(f"{COMPRESSED_CELLS:,} cells with variance, {model}, exact {cells:,}")
        yield Line(f"{work}, compressed", "cells", fast.rate, "ours, exact", ours.rate, settings)


def _against_machine(samples: int, rate: float, work: str, settings: str) -> Iterator[Line]:
    factor = np.asfortranarray(np.tril(np.ones((samples, samples))) + samples * np.eye(samples))
    sides = np.asfortranarray(np.ones((samples, 4_096)))
    for name, run, flop in (
        ("this machine's DTRSM", lambda: dtrsm(1.0, factor, sides, lower=1), samples**2),
        ("this machine's DGEMM", lambda: dgemm(1.0, factor, sides), 2 * samples**2),
    ):
        machine = flop * sides.shape[1] / seconds(run) / samples**2
        yield Line(work, "cells", rate, name, machine, f"{settings}; n² flop a cell")


def _against_pykrige(samples: int, cells: int, ours: Ran, work: str, settings: str) -> Iterator[Line]:
    if peers.there("pykrige"):
        some = _some(cells)
        taken, mean, variance = peers.pykrige_kriging(_survey(samples), some, REACH["exponential"])
        _agree(ours, mean, variance)
        rate = len(some) / taken
        yield Line(work, "cells", ours.rate, f"{peers.named('PyKrige')} vectorized", rate, settings)


def _local(samples: int, cells: int, peer_cells: int) -> Iterator[Line]:
    work, cell = f"{NEAREST} neighbours, {samples:,} samples", _grid(cells).cell
    for model in MODELS:
        settings = f"{cells:,} cells with variance, {model}"
        ours = _alone(_predicted, samples, cells, model, NEAREST, False)
        shared = _alone(_predicted, samples, cells, model, Neighbourhood(NEAREST, shared=16 * cell), False)
        if peers.gstat():
            block = _grid(cells).centres()[:peer_cells]
            taken, _, _ = peers.gstat_kriging(_survey(samples), block, (model, REACH[model]), NEAREST)
            some = _some(cells)[:400]
            _, mean, variance = peers.gstat_kriging(_survey(samples), some, (model, REACH[model]), NEAREST)
            _agree(ours, mean, variance)
            name, rate = f"gstat {peers.gstat()}", peer_cells / taken
            yield Line(work, "cells", ours.rate, name, rate, ours.describe(settings))
            yield Line(f"{work}, shared by 16² cells", "cells", shared.rate, name, rate, shared.describe(settings))
        else:
            yield Line(f"{work}, shared by 16² cells", "cells", shared.rate, "ours, exact", ours.rate, settings)
        if samples <= 10_000 and model == "exponential" and peers.there("pykrige"):
            few = _some(cells)[:400]
            taken, mean, variance = peers.pykrige_kriging(_survey(samples), few, REACH[model], NEAREST)
            _agree(ours, mean, variance)
            rate = len(few) / taken
            yield Line(work, "cells", ours.rate, f"{peers.named('PyKrige')} loop", rate, ours.describe(settings))


def _fit_variogram(samples: int) -> Ran:
    xy, value = _survey(samples)
    taken = seconds(lambda: choose_variogram(empirical_variogram(xy, value, CUTOFF, BINS), tuple(MODELS)), repeats=1)
    return Ran(samples**2 / taken, _memory(), np.empty(0), np.empty(0))


def _variogram(samples: int, peer_samples: int) -> Iterator[Line]:
    ours = _alone(_fit_variogram, samples)
    xy, value = (each[:peer_samples] for each in _survey(samples))
    mine = empirical_variogram(xy, value, CUTOFF, BINS)
    work = "d: exact variogram and fit"
    settings = ours.describe(f"{samples:,} samples within {CUTOFF / 1000:g} km, {BINS} classes, peer {peer_samples:,}")
    if peers.gstat():
        taken, pairs, gamma = peers.gstat_variogram((xy, value), CUTOFF, BINS)
        assert (pairs == mine.pairs).all()
        np.testing.assert_allclose(mine.semivariance, gamma, rtol=1e-9)
        yield Line(work, "samples²", ours.rate, f"gstat {peers.gstat()}", peer_samples**2 / taken, settings)
    if peers.there("gstools"):
        import gstools  # noqa: PLC0415

        some, edges = slice(None, min(peer_samples, 10_000)), np.linspace(0.0, CUTOFF, BINS + 1)
        start = time.perf_counter()
        gstools.vario_estimate(xy[some].T, value[some], edges, return_counts=True)
        rate = len(xy[some]) ** 2 / (time.perf_counter() - start)
        yield Line(work, "samples²", ours.rate, peers.named("gstools"), rate, settings)


def _written(samples: int, cells: int) -> Ran:
    fitted, grid = _fitted(samples, "exponential", NEAREST), _grid(cells)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write_surface(Path(folder, "map.tif"), Raster(fitted, grid), {"unit": "mg/kg"})
        taken = time.perf_counter() - start
    return Ran(grid.rows * grid.columns / taken, _memory(), np.empty(0), np.empty(0))


def _file(samples: int, cells: int) -> Iterator[Line]:
    """The whole way to a file, against the cells of task c, which are only computed."""
    ours = _alone(_written, samples, cells)
    computed = _alone(_predicted, 100_000, 250_000, "exponential", NEAREST, False)
    settings = ours.describe(f"{cells:,} cells from {NEAREST} of {samples:,} samples")
    yield Line("e: to a cloud-optimised GeoTIFF", "cells", ours.rate, "ours, task c in memory", computed.rate, settings)


def _compile() -> float:
    """Seconds of the first use of all compiled loops in this process."""
    start = time.perf_counter()
    for neighbours in (8, Neighbourhood(8, shared=10_000.0), None):
        _fitted(100, "exponential", neighbours).predict(np.zeros((1, 2)))
    empirical_variogram(*_survey(100))
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="the full sizes, for minutes")
    parser.add_argument("--task", default=TASKS, help="letters of the tasks to run")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as cold:
        for cache in (cold, cold):
            os.environ["NUMBA_CACHE_DIR"] = cache
            state = "warm" if any(Path(cache).iterdir()) else "cold"
            print(f"first use of all compiled loops in a new process, {state} cache: {_alone(_compile):.1f} s")
    del os.environ["NUMBA_CACHE_DIR"]
    for line in lines(given.large, given.task):
        print(
            f"{line.work:<45} {line.ours:>14,.0f} {line.unit}/s  {line.ratio:>8.2f} × {line.peer:<26} "
            f"{line.theirs:>12,.0f}  ({line.settings})",
            flush=True,
        )


if __name__ == "__main__":
    main()
