"""Kriging and variograms against their peers and against the machine, on the same points with the same model.

    python -m benchmarks.kriging [--large]

Slow peers do a stated subset, and rates are compared. Peers that are not installed are named and left out. The rates
of the machine are those of its own triangular solve and matrix product in this run.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dgemm, dtrsm

from benchmarks.line import Line, seconds
from mapping.covariance import Covariance, Exponential, Nugget, Spherical
from mapping.kriging import FittedKriging, Kriging
from mapping.samples import Samples
from mapping.transform import Identity
from mapping.variogram import empirical_variogram

Vector = NDArray[np.float64]
SIDE = 100_000.0
NUGGET, SILL = 0.1, 1.0
MODELS: dict[str, Covariance] = {
    "exponential": Nugget(NUGGET) + Exponential(SILL, 8_000.0),
    "spherical": Nugget(NUGGET) + Spherical(SILL, 24_000.0),
}


def lines(large: bool = False) -> Iterator[Line]:
    """Tasks a to d; `large` takes their full sizes."""
    yield from _global(samples=2_000, cells=1_000_000 if large else 40_000)
    for samples, cells in ((10_000, 250_000), (100_000, 1_000_000 if large else 250_000)):
        yield from _local(samples, cells)
    yield from _variogram(100_000)


def _survey(samples: int) -> tuple[Vector, Vector]:
    rng = np.random.default_rng(1)
    xy = rng.uniform(0.0, SIDE, (samples, 2))
    return xy, np.sin(xy[:, 0] / 9_000.0) + rng.normal(0.0, 0.3, samples)


def _lattice(cells: int) -> Vector:
    axis = (np.arange(round(cells**0.5)) + 0.5) * SIDE / round(cells**0.5)
    return np.column_stack([np.tile(axis, len(axis)), np.repeat(axis, len(axis))])


def _fitted(xy: Vector, value: Vector, model: str, neighbours: int | None) -> FittedKriging:
    recipe = Kriging(transform=Identity(), covariance=MODELS[model], neighbours=neighbours)
    return recipe.fit(Samples.measured(xy, value))


def _global(samples: int, cells: int) -> Iterator[Line]:
    (xy, value), places = _survey(samples), _lattice(cells)
    ours = _fitted(xy, value, "exponential", None)
    rate = len(places) / seconds(lambda: ours.predict(places), repeats=1)
    settings = f"{len(places):,} cells with variance, exponential"
    factor = np.asfortranarray(np.tril(np.ones((samples, samples))) + samples * np.eye(samples))
    sides = np.asfortranarray(np.ones((samples, 4_096)))
    for name, work, flop in (
        ("this machine's DTRSM", lambda: dtrsm(1.0, factor, sides, lower=1), samples**2),
        ("this machine's DGEMM", lambda: dgemm(1.0, factor, sides), 2 * samples**2),
    ):
        machine = flop * sides.shape[1] / seconds(work) / samples**2
        yield Line(f"global, {samples:,} samples", "cells", rate, name, machine, f"{settings}; n² flop a cell")
    if not _there("pykrige"):
        return
    some = places[:: max(len(places) // 8_000, 1)]
    theirs = _pykrige(xy, value)
    mean, variance = theirs.execute("points", *some.T, backend="vectorized")
    found = ours.predict(some)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(found.variance, variance, rtol=1e-7, atol=1e-8)
    taken = seconds(lambda: theirs.execute("points", *some.T, backend="vectorized"), repeats=1)
    yield Line(f"global, {samples:,} samples", "cells", rate, "PyKrige vectorized", len(some) / taken, settings)


def _local(samples: int, cells: int) -> Iterator[Line]:
    (xy, value), places = _survey(samples), _lattice(cells)
    for model in MODELS:
        ours = _fitted(xy, value, model, 32)
        rate = len(places) / seconds(lambda ours=ours: ours.predict(places), repeats=2)  # type: ignore[misc]
        work, settings = f"32 neighbours, {samples:,} samples", f"{len(places):,} cells with variance, {model}"
        one_by_one = _fitted(xy, value, model, 32)
        one_by_one.system._compiled = None  # type: ignore[attr-defined]
        some = places[:8_192]
        found, slow = ours.predict(some), one_by_one.predict(some)
        np.testing.assert_allclose(found.mean, slow.mean, rtol=1e-7, atol=1e-8)
        np.testing.assert_allclose(found.variance, slow.variance, rtol=1e-7, atol=1e-8)
        taken = seconds(lambda each=one_by_one, some=some: each.predict(some), repeats=1)  # type: ignore[misc]
        yield Line(work, "cells", rate, "numpy, one by one", len(some) / taken, settings)
        if samples <= 10_000 and model == "exponential" and _there("pykrige"):
            theirs = _pykrige(xy, value)
            few = places[:400]
            took = seconds(lambda: theirs.execute("points", *few.T, backend="loop", n_closest_points=32), repeats=1)  # noqa: B023
            yield Line(work, "cells", rate, "PyKrige loop", len(few) / took, settings)


def _variogram(samples: int) -> Iterator[Line]:
    xy, value = _survey(samples)
    cutoff, bins = SIDE / 10.0, 15
    ours = empirical_variogram(xy, value, cutoff, bins)
    taken = seconds(lambda: empirical_variogram(xy, value, cutoff, bins), repeats=2)
    settings = f"{samples:,} samples, {int(ours.pairs.sum()):,} pairs within {cutoff / 1000:g} km, 15 classes"
    if not _there("gstools"):
        yield Line("variogram", "samples²", samples**2 / taken, "nobody here", np.nan, settings)
        return
    import gstools  # noqa: PLC0415

    some = slice(None, samples // 10)
    edges = np.linspace(0.0, cutoff, bins + 1)

    def run() -> Any:
        return gstools.vario_estimate(xy[some].T, value[some], edges, return_counts=True)

    fewer = empirical_variogram(xy[some], value[some], cutoff, bins)
    assert (np.asarray(run()[2]) == fewer.pairs).all()
    theirs = (samples // 10) ** 2 / seconds(run, repeats=1)
    yield Line("variogram", "samples²", samples**2 / taken, "gstools", theirs, settings)


def _there(peer: str) -> bool:
    if find_spec(peer) is None:
        print(f"{peer} is not installed: left out")
        return False
    return True


def _pykrige(xy: Vector, value: Vector) -> Any:
    """Its exponential reaches 95 % of its sill at `range`, gstat's at three times it."""
    from pykrige.ok import OrdinaryKriging  # noqa: PLC0415

    (structure,) = MODELS["exponential"].structured
    model = {"psill": SILL, "range": 3.0 * structure.range, "nugget": NUGGET}
    return OrdinaryKriging(*xy.T, value, variogram_model="exponential", variogram_parameters=model)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true")
    start = time.perf_counter()
    _fitted(*_survey(100), "exponential", 8).predict(np.zeros((1, 2)))
    empirical_variogram(*_survey(100))
    print(f"first use of the compiled loops: {time.perf_counter() - start:.1f} s")
    for line in lines(parser.parse_args().large):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{line.work:<32} {line.ours:>16,.0f} {line.unit}/s  {line.ratio:>8.2f} × {line.peer:<22} "
            f"({line.settings}; up to here {peak:,.0f} MB)",
            flush=True,
        )


if __name__ == "__main__":
    main()
