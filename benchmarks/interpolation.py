"""Ordinary kriging with its variance against PyKrige, on the same points with the same model."""

from collections.abc import Iterator
from importlib.metadata import version

import numpy as np
from pykrige.ok import OrdinaryKriging

from benchmarks.line import Line, seconds
from mapping import Exponential, Identity, Kriging, Nugget, Samples

NUGGET, SILL, RANGE = 0.1, 1.0, 800.0


def lines() -> Iterator[Line]:
    """Global and local neighbourhoods."""
    yield _compare("global kriging, 1,000 samples", samples=1_000, cells=20_000, neighbours=None, backend="vectorized")
    yield _compare(
        "kriging from 32 neighbours, 5,000 samples", samples=5_000, cells=5_000, neighbours=32, backend="loop"
    )


def _compare(work: str, samples: int, cells: int, neighbours: int | None, backend: str) -> Line:
    rng = np.random.default_rng(1)
    xy, targets = rng.uniform(0, 10_000, (samples, 2)), rng.uniform(0, 10_000, (cells, 2))
    value = np.sin(xy[:, 0] / 900) + rng.normal(0, 0.3, samples)
    ours = Kriging(
        transform=Identity(), covariance=Nugget(NUGGET) + Exponential(SILL, RANGE), neighbours=neighbours
    ).fit(Samples.measured(xy, value))
    # PyKrige's exponential reaches 95 % of its sill at `range`, gstat's at three times it.
    model = {"psill": SILL, "range": 3 * RANGE, "nugget": NUGGET}
    theirs = OrdinaryKriging(*xy.T, value, variogram_model="exponential", variogram_parameters=model)
    local = {} if neighbours is None else {"n_closest_points": neighbours}

    def run_theirs() -> tuple[np.ndarray, np.ndarray]:
        mean, variance = theirs.execute("points", *targets.T, backend=backend, **local)
        return np.asarray(mean), np.asarray(variance)

    mean, variance = run_theirs()
    mine = ours.predict(targets)
    np.testing.assert_allclose(mine.mean, mean, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(mine.variance, variance, rtol=1e-7, atol=1e-8)
    return Line(
        work=work,
        unit="cells",
        ours=cells / seconds(lambda: ours.predict(targets)),
        peer=f"PyKrige {version('pykrige')} {backend}",
        theirs=cells / seconds(run_theirs, repeats=1),
        settings=f"{cells:,} cells with variance, exponential with nugget",
    )
