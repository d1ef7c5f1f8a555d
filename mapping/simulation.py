"""Joint conditional simulation: the only source of areas and other statements about many places at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import Points, Vector
from mapping.covariance import Covariance, Sum
from mapping.lattice import Lattice, fields
from mapping.search import Search
from mapping.system import GlobalSystem, stable_factor

if TYPE_CHECKING:
    from mapping.kriging import FittedKriging

EXACT_PLACES = 4_000
MOST_BYTES = 2_000_000_000
CELLS_AT_ONCE = 4_096
EARLIER = 8


@dataclass(frozen=True, slots=True)
class AreaEstimate:
    """An area in the unit of the cell areas: its expectation and a central interval of probability `level`."""

    expected: float
    low: float
    high: float
    level: float
    realisations: int
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """Equally likely maps: `values` (realisations, n) in the original unit, float32."""

    values: NDArray[np.float32]
    seed: int

    @property
    def realisations(self) -> int:
        """How many maps."""
        return len(self.values)

    def area_above(self, limit: ArrayLike, cell_area: ArrayLike, level: float = 0.90) -> AreaEstimate:
        """The area where the value exceeds `limit`; limit and cell area are one number or one per place (n,)."""
        if not 0.0 < level < 1.0:
            raise ValueError(f"an interval needs a level between 0 and 1, got {level}")
        above = self.values > np.asarray(limit, dtype=np.float64)
        areas = above @ np.broadcast_to(np.asarray(cell_area, dtype=np.float64), self.values.shape[1:])
        low, high = np.quantile(areas, [0.5 - level / 2.0, 0.5 + level / 2.0])
        return AreaEstimate(float(areas.mean()), float(low), float(high), level, self.realisations, self.seed)

    def averaged(self, group: ArrayLike) -> Simulation:
        """Means over groups of places, in the original unit: blocks, zones.

        `group` (n,) numbers the group of each place from zero on; a negative number leaves it out.
        """
        number = np.asarray(group, dtype=np.int64)
        if number.shape != self.values.shape[1:] or not (number >= 0).any():
            raise ValueError(f"each of the {self.values.shape[1]} places needs the number of its group")
        inside = number >= 0
        count = np.bincount(number[inside])
        if not count.all():
            raise ValueError(f"group {int(np.flatnonzero(count == 0)[0])} has no place")
        sums = [np.bincount(number[inside], weights=row[inside]) for row in self.values]
        return Simulation((np.array(sums) / count).astype(np.float32), self.seed)


def simulate(
    fitted: FittedKriging,
    xy: ArrayLike,
    realisations: int = 500,
    seed: int = 0,
    covariates: ArrayLike | None = None,
) -> Simulation:
    """Equally likely values at places (n, 2) with covariates (n, k), jointly, given samples and covariance.

    The target is the noisy one of `FittedKriging.predict`, the uncertainty of an estimated mean is included,
    and completed data sets of censored samples and likely covariances take turns. Up to 4,000 places are drawn by a
    Cholesky factor of their joint covariance, which is exact; more must lie on a regular grid, where unconditional
    fields are made by circulant embedding. These, and all fields of local kriging, are conditioned by kriging of
    residuals (Journel & Huijbregts 1978, chapter VII).
    ValueError when the result would not fit into 2 GB.
    """
    places = fitted.places(xy, covariates)
    if realisations < 1:
        raise ValueError(f"at least one realisation is needed, got {realisations}")
    if 4 * realisations * len(places) > MOST_BYTES:
        raise ValueError(
            f"{realisations} realisations at {len(places)} places do not fit into 2 GB: use fewer or larger cells"
        )
    rng = np.random.default_rng(seed)
    members = fitted.members()
    values = np.empty((realisations, len(places)), dtype=np.float32)
    for turn, member in enumerate(members[:realisations]):
        exact = isinstance(member.system, GlobalSystem) and len(places) <= EXACT_PLACES
        draw = _exact if exact else _by_residuals
        own = slice(turn, None, len(members))
        values[own] = draw(member, places, len(values[own]), rng)
    return Simulation(values, seed)


def _original(fitted: FittedKriging, scores: Vector) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return fitted.recipe.transform.backward(scores).astype(np.float32)


def _exact(fitted: FittedKriging, places: Vector, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    assert isinstance(fitted.system, GlobalSystem)  # noqa: S101 - `simulate` chose it
    mean, spread = fitted.system.joint(places, fitted.dual)
    factor, _ = stable_factor(spread, fitted.covariance.sill)
    scores = factor @ rng.standard_normal((len(places), count))
    scores += mean[:, np.arange(count) % mean.shape[1]] + fitted.mean
    return np.ascontiguousarray(_original(fitted, scores).T)


def _by_residuals(fitted: FittedKriging, places: Vector, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    sites, covariance, xy = fitted.sites, fitted.covariance, places[:, :2]
    at_places, at_sites = _unconditional(fitted, xy, count, rng)
    noise = np.sqrt(covariance.nugget) * rng.standard_normal((sites.n, count))
    error = np.sqrt(sites.error)[:, None] * rng.standard_normal((sites.n, count))
    data = fitted.values[:, np.arange(count) % fitted.values.shape[1]] - fitted.mean
    dual = fitted.system.dual(data - at_sites - noise - error)
    distance, nearest = Search(sites.xy).nearest(xy, 1)
    values = np.empty((count, len(xy)), dtype=np.float32)
    for start in range(0, len(xy), CELLS_AT_ONCE):
        part = slice(start, start + CELLS_AT_ONCE)
        scores = fitted.system.krige(places[part], dual).mean + at_places[:, part].T + fitted.mean
        own = np.sqrt(covariance.nugget) * rng.standard_normal(scores.shape)
        scores += np.where(distance[part] == 0.0, noise[nearest[part, 0]], own)
        values[:, part] = _original(fitted, scores).T
    return values


def _unconditional(
    fitted: FittedKriging, xy: Points, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], Vector]:
    """Fields without nugget at the places (count, n) and, of the same realisations, at the sites (sites, count)."""
    sites, structures = fitted.sites.xy, fitted.covariance.structured
    if not structures:
        return np.zeros((count, len(xy)), dtype=np.float32), np.zeros((len(sites), count))
    if len(xy) + len(sites) <= EXACT_PLACES:
        return _jointly(Sum(structures), xy, sites, count, rng)
    at_places = np.empty((count, len(xy)), dtype=np.float32)
    lattice = Lattice.through(xy, sites)
    node, around = lattice.nearest(xy), lattice.around(sites)
    needed, position = np.unique(around, return_inverse=True)
    at_needed = np.empty((len(needed), count))
    for made, field in enumerate(fields(lattice, structures, count, rng)):
        at_places[made] = field[node]
        at_needed[:, made] = field[needed]
    at_sites = _linked(Sum(structures), lattice.places(around), at_needed[position.reshape(around.shape)], sites, rng)
    return at_places, at_sites


def _jointly(
    covariance: Covariance, xy: Points, sites: Points, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], Vector]:
    together = np.vstack([xy, sites])
    factor, _ = stable_factor(covariance.between(together, together), covariance.sill)
    field = factor @ rng.standard_normal((len(together), count))
    return field[: len(xy)].T.astype(np.float32), field[len(xy) :]


def _linked(covariance: Covariance, nodes: Points, known: Vector, sites: Points, rng: np.random.Generator) -> Vector:
    """The field at sites (n, 2), each drawn given its 16 nodes and up to 8 near sites that were drawn before it.

    The nodes screen the rest of the lattice off (Vecchia 1988, JRSS B 50): the neglected correlation is that of
    what remains unexplained inside two different cells.
    """
    drawn = np.empty((len(sites), known.shape[2]))
    _, near = Search(sites).nearest(sites, 3 * EARLIER)
    for site in range(len(sites)):
        earlier = near[site][near[site] < site][:EARLIER]
        places = np.vstack([nodes[site], sites[earlier]])
        matrix = covariance.between(places, places) + 1e-10 * covariance.sill * np.eye(len(places))
        to_site = covariance.between(places, sites[site : site + 1])[:, 0]
        weights = np.linalg.solve(matrix, to_site)
        sd = max(covariance.sill - float(weights @ to_site), 0.0) ** 0.5
        given = np.vstack([known[site], drawn[earlier]])
        drawn[site] = weights @ given + sd * rng.standard_normal(drawn.shape[1])
    return drawn
