"""Means over blocks and zones in the original unit, of which joint simulation is the one source.

The mean of a block of a field known on another scale is neither the back-transform of a block-kriged logarithm nor
the mean of point predictions. What the nugget adds to a point averages out over a block: the field without it is
simulated at points of the block, and each value is taken to be what a measurement there gives on average.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from mapping.arrays import Points, Vector
from mapping.grid import Grid
from mapping.kriging import FittedKriging
from mapping.simulation import Simulation, simulate
from mapping.transform import Identity

POINTS_ALONG = 4
"""Points along each side of a block, as in block kriging."""
VALUES_AT_ONCE = 20_000_000
MOST_POINTS = 200_000


def points_of_blocks(grid: Grid) -> Grid:
    """The grid of the points (16 to a cell) at which the blocks that are the cells of `grid` are simulated."""
    return Grid(
        grid.west, grid.north, grid.cell / POINTS_ALONG, grid.rows * POINTS_ALONG, grid.columns * POINTS_ALONG, grid.crs
    )


def simulated_means(
    fitted: FittedKriging,
    xy: ArrayLike,
    group: ArrayLike,
    realisations: int = 500,
    seed: int = 0,
    covariates: ArrayLike | None = None,
) -> Simulation:
    """Equally likely means of groups of places (n, 2), numbered by `group` (n,) from zero on; negative: in none.

    Places as for `simulate`: up to 4,000, or on a regular grid. ValueError for more than 200,000 places.
    """
    places = np.asarray(xy, dtype=np.float64)
    if len(places) > MOST_POINTS:
        raise ValueError(f"means over {len(places)} points take too long: larger blocks or cells, or a smaller area")
    members, parts = fitted.members(), []
    for turn, member in enumerate(members[:realisations]):
        count = len(range(turn, realisations, len(members)))
        parts.append(_means(member, (places, covariates), np.asarray(group), count, (seed, turn)))
    return Simulation(np.concatenate(parts), seed)


def _means(
    member: FittedKriging, places: tuple[Points, ArrayLike | None], group: Vector, count: int, seed: tuple[int, int]
) -> Vector:
    """Means (count, groups), a bounded number of values at a time."""
    transform, nugget = member.recipe.transform, member.covariance.nugget
    smooth = replace(member.without_nugget(), recipe=replace(member.recipe, transform=Identity()))
    xy, covariates = places
    step = max(1, VALUES_AT_ONCE // len(xy))
    found = []
    for start in range(0, count, step):
        own = int(np.random.SeedSequence([*seed, start]).generate_state(1)[0])
        drawn = simulate(smooth, xy, min(step, count - start), own, covariates)
        scores = drawn.values.astype(np.float64)
        values = transform.moments(scores, np.full_like(scores, nugget))[0]
        found.append(Simulation(values.astype(np.float32), own).averaged(group).values)
    return np.concatenate(found)
