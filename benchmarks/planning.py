"""The next fifty samples on 200 × 200 cells: how fast, and how near to a choice that forgets nothing."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.line import Line, seconds
from mapping.covariance import Nugget, Spherical
from mapping.kriging import FittedKriging, Kriging
from mapping.planning import Planner
from mapping.posterior import Posterior
from mapping.samples import Samples
from mapping.transform import Log

SIDE, CELL, SITES, SAMPLES = 200, 20.0, 50, 155
SMALL = 40
LIMIT = 200.0


def model_and_cells(side: int, samples: int) -> tuple[FittedKriging, np.ndarray]:
    """A lognormal field known at scattered samples, and the cells of its map."""
    rng, extent = np.random.default_rng(0), side * CELL
    xy = rng.uniform(0.0, extent, (samples, 2))
    field = Nugget(0.05) + Spherical(0.6, 900.0)
    values = np.exp(5.0 + np.linalg.cholesky(field.between(xy, xy)) @ rng.standard_normal(samples))
    across = (np.arange(side) + 0.5) * CELL
    cells = np.stack(np.meshgrid(across, across[::-1]), axis=-1).reshape(-1, 2)
    return Kriging(transform=Log(), covariance=field).fit(Samples.measured(xy, values)), cells


def dense(model: FittedKriging, cells: np.ndarray, count: int) -> list[int]:
    """The greedy choice for the variance with the whole covariance matrix of the cells."""
    posterior = Posterior(model)
    at = posterior.at(cells)
    whole, chosen = posterior.between(at, at), list[int]()
    for _ in range(count):
        scale = np.diag(whole) + posterior.noise
        gains = np.einsum("ij,ij->i", whole, whole) / scale
        gains[chosen] = -np.inf
        best = int(gains.argmax())
        chosen.append(best)
        whole = whole - np.outer(whole[best], whole[best] / scale[best])
    return chosen


def lines() -> Iterator[Line]:
    """Against the dense computation where that fits, the same sites checked; then on the large grid."""
    model, cells = model_and_cells(SMALL, 40)
    plan = Planner(10).plan(model, cells)
    ours = [int(np.argmin(((cells - [site.easting, site.northing]) ** 2).sum(axis=1))) for site in plan.sites]
    assert ours == dense(model, cells, 10)
    yield Line(
        work=f"10 next samples on {SMALL}×{SMALL} cells",
        unit="plans",
        ours=1.0 / seconds(lambda: Planner(10).plan(model, cells)),
        peer="dense covariance, numpy",
        theirs=1.0 / seconds(lambda: dense(model, cells, 10)),
        settings="kriging variance; the same sites",
    )
    model, cells = model_and_cells(SIDE, SAMPLES)
    for goal, limit in (("kriging variance", None), ("misclassified area", LIMIT)):
        planner = Planner(SITES, limit)
        yield Line(
            work=f"{SITES} next samples on {SIDE}×{SIDE} cells, {goal}",
            unit="plans",
            ours=1.0 / seconds(partial(planner.plan, model, cells), repeats=1),
            peer="a plan in 5 s",
            theirs=0.2,
            settings=f"{SAMPLES} samples",
        )
