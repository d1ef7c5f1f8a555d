"""Where to sample next: sites chosen one after the other, each where it takes most away of what is not known.

Two goals. `variance`: the mean kriging variance of the cells. `classification`: the share of cells on the wrong side
of a limit, in expectation over the values that nobody knows yet (`mapping.misclassification`). A greedy choice is
within a constant of the best for gains that diminish (Nemhauser et al. 1978, Math. Programming 14).

Up to 2,500 cells are all looked at. Of more, as many on a coarser lattice stand for the rest while candidates are
compared; around the best of these every cell is then tried, and up to 10,000 cells judge the finalists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_triangular
from scipy.spatial import cKDTree

from mapping.arrays import Points, Vector, as_points
from mapping.kriging import FittedKriging
from mapping.loops import looped
from mapping.misclassification import errors_saved, saved, table
from mapping.posterior import Places, Posterior
from mapping.search import Search
from mapping.workers import in_parallel, one_blas_thread

MOST_CELLS = 2_500
MOST_PAIRS = MOST_CELLS**2
MOST_CANDIDATES = 40_000
MOST_JUDGED, MOST_LOADINGS = 10_000, 12_500_000
"""Cells, and cells times samples (100 MB), that judge the finalists. Of more, as many evenly spread do."""
MOST_SITES = 500
FINALISTS, AROUND = 6, 2
ROWS = 128
HARDLY = 0.01
"""Correlation with the site chosen last below which a candidate gains as before: only finalists are exact."""
Mask = NDArray[np.bool_]


class Goal(Protocol):
    """What is to become small: a mean over target cells."""

    @property
    def value(self) -> float:
        """What it is now."""
        ...

    def gains(self, covariance: Vector, scale: Vector) -> Vector:
        """By how much samples would lower it (c,): covariances (c, t) with the cells, scale (c,) = K(s, s) + τ²."""
        ...

    def exact(self, covariance: Vector, scale: Vector) -> Vector:
        """The same to the last digits."""
        ...

    def taken(self, loading: Vector) -> None:
        """A sample was chosen that takes loading² (t,) off the variances."""
        ...


class LessVariance:
    """The mean kriging variance of cells, nugget included, from the variances (t,) now."""

    def __init__(self, variance: Vector, nugget: float) -> None:
        self._variance, self._nugget = variance.copy(), nugget

    @property
    def value(self) -> float:
        """On the square of the model's scale."""
        return float(self._variance.mean()) + self._nugget

    def gains(self, covariance: Vector, scale: Vector) -> Vector:
        """The mean of K² / scale."""
        return self.exact(covariance, scale)

    def exact(self, covariance: Vector, scale: Vector) -> Vector:
        """The mean of K² / scale."""
        gained: Vector = np.einsum("ct,ct->c", covariance, covariance) / scale / covariance.shape[1]
        return gained

    def taken(self, loading: Vector) -> None:
        """Lower the variances."""
        self._variance = np.maximum(self._variance - loading**2, 0.0)


class FewerErrors:
    """The expected share of cells on the wrong side of a limit, which lies `away` (t,) of their `sd` (t,) off."""

    def __init__(self, away: Vector, variance: Vector) -> None:
        self._away, self._variance = np.abs(away), variance
        self._explained = np.zeros_like(away)

    @property
    def value(self) -> float:
        """A share of the cells."""
        wrong = saved(self._away, np.ones_like(self._away)) - saved(self._away, self._explained)
        return float(wrong.mean())

    def gains(self, covariance: Vector, scale: Vector) -> Vector:
        """By table."""
        gained = np.empty(len(covariance))
        errors_saved(covariance, 1.0 / scale, 1.0 / self._variance, self._away, self._explained, table(), gained)
        return gained

    def exact(self, covariance: Vector, scale: Vector) -> Vector:
        """By Owen's function."""
        explained = self._explained + covariance**2 / scale[:, None] / self._variance
        gained: Vector = (saved(self._away, explained) - saved(self._away, self._explained)).mean(axis=1)
        return gained

    def taken(self, loading: Vector) -> None:
        """More of the variance will be explained."""
        self._explained = np.minimum(self._explained + loading**2 / self._variance, 1.0)


@looped
def _lower(covariance: Vector, at_candidates: Vector, at_targets: Vector) -> None:  # pragma: no cover - compiled
    for row in range(len(covariance)):
        for cell in range(len(at_targets)):
            covariance[row, cell] -= at_candidates[row] * at_targets[cell]


@dataclass(frozen=True, slots=True)
class PlannedSite:
    """One site: its place, what it is expected to gain, and what is then left."""

    rank: int
    easting: float
    northing: float
    gain: float
    left: float


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """Sites in the order of their choice. `before` is the goal's value without them: the mean kriging variance on the
    model's scale, or the expected share of cells on the wrong side of the limit.
    """

    goal: str
    before: float
    sites: tuple[PlannedSite, ...]
    notes: tuple[str, ...]

    @property
    def after(self) -> float:
        """The goal's value with all sites."""
        return self.sites[-1].left if self.sites else self.before


@dataclass(frozen=True, slots=True)
class Planner:
    """The recipe: how many sites, how far at least from each other and from samples (metres), where not (a shapely
    polygon), and the `limit` (original unit) whose classification counts; None: the kriging variance does.
    """

    count: int
    limit: float | None = None
    spacing: float = 0.0
    avoid: shapely.Geometry | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_SITES:
            raise ValueError(f"between 1 and {MOST_SITES} sites can be planned, got {self.count}")
        if not (np.isfinite(self.spacing) and self.spacing >= 0.0):
            raise ValueError(f"the spacing must be a length in metres, got {self.spacing}")
        if self.limit is not None and not np.isfinite(self.limit):
            raise ValueError(f"a limit must be a number, got {self.limit}")

    def plan(
        self,
        model: FittedKriging,
        cells: ArrayLike,
        covariates: ArrayLike | None = None,
        candidates: ArrayLike | None = None,
    ) -> SamplingPlan:
        """Choose among the cells (m, 2) of a map, or among candidates (c, 2), which need a model without covariates.

        ValueError where no place is left to choose from.
        """
        places = model.places(cells, covariates)
        choices = places if candidates is None else model.places(as_points(candidates))
        with one_blas_thread():
            return _Search(self, model, places, choices, fine=candidates is None).run()


class _Search:
    """The state of one choice: covariances (c, t) of candidates with target cells, lowered with every site."""

    def __init__(self, recipe: Planner, model: FittedKriging, cells: Vector, choices: Vector, *, fine: bool) -> None:
        self.recipe, self.posterior = recipe, Posterior(model, recipe.count)
        allowed = choices[self._allowed(choices[:, :2], model.sites.xy)]
        if not len(allowed):
            raise ValueError("there is no place left to sample: all are avoided or too near to samples")
        if len(allowed) > MOST_CANDIDATES and not fine:
            raise ValueError(f"at most {MOST_CANDIDATES:,} candidates can be compared, got {len(allowed):,}")
        self.all, self.tree = allowed, cKDTree(allowed[:, :2])
        coarse = _thinned(allowed, MOST_CELLS, 0.0) if fine else np.arange(len(allowed))
        sketch = cells[_thinned(cells, max(MOST_PAIRS // len(coarse), 200), 0.4)]
        judged = cells[_thinned(cells, min(MOST_JUDGED, MOST_LOADINGS // len(self.posterior.signs)), 0.4)]
        self.thinned = len(coarse) < len(allowed)
        self.radius = _side(allowed[coarse, :2]) if self.thinned else 0.0
        self.candidates = self.posterior.at(allowed[coarse])
        self.sketch = self.targets = _Cells.of(recipe, self.posterior, sketch)
        if len(sketch) < len(judged):
            self.targets = _Cells.of(recipe, self.posterior, judged)
        self.open = np.ones(len(coarse), dtype=np.bool_)
        self.scale = np.maximum(self.posterior.variance(self.candidates) + self.posterior.noise, self._least)
        self.picks: list[Places] = []
        self.scales: list[float] = []
        self.covariance = self._covariances()
        self.gains, self.stale = np.zeros(len(coarse)), np.ones(len(coarse), dtype=np.bool_)
        self.notes = self.posterior.notes + self._told(len(cells), len(judged))

    def run(self) -> SamplingPlan:
        """Choose until there are enough sites or no place is left."""
        before, sites = self.targets.goal.value, list[PlannedSite]()
        while len(sites) < self.recipe.count and self.open.any():
            place, gain = self._best()
            self._take(place)
            x, y = (float(each) for each in place.xy[0])
            sites.append(PlannedSite(len(sites) + 1, x, y, gain, self.targets.goal.value))
        notes = self.notes
        if len(sites) < self.recipe.count:
            notes = (*notes, f"only {len(sites)} sites fit: no other place is far enough from them")
        goal = "variance" if self.recipe.limit is None else "classification"
        return SamplingPlan(goal, before, tuple(sites), notes)

    def _allowed(self, xy: Points, samples: Points) -> Mask:
        allowed = np.ones(len(xy), dtype=np.bool_)
        if self.recipe.avoid is not None:
            shapely.prepare(self.recipe.avoid)
            allowed &= ~shapely.intersects_xy(self.recipe.avoid, *xy.T)
        if self.recipe.spacing > 0.0:
            allowed &= Search(samples).nearest(xy, 1)[0][:, 0] >= self.recipe.spacing
        return allowed

    def _told(self, cells: int, used: int) -> tuple[str, ...]:
        if used == cells:
            return ()
        return (f"{used} of {cells} cells, evenly spread, stand for all of them",)

    def _covariances(self) -> Vector:
        covariance = np.empty((len(self.candidates.xy), len(self.sketch.places.xy)))

        def fill(start: int) -> None:
            part = slice(start, start + ROWS)
            some = Places(self.candidates.xy[part], self.candidates.loadings[part])
            covariance[part] = self.posterior.between(some, self.sketch.places)

        for _ in in_parallel(fill, range(0, len(covariance), ROWS)):
            pass
        return covariance

    @property
    def _least(self) -> float:
        """Of K(s, s) + τ²: where that is nothing, a sample tells nothing either."""
        return 1e-12 * (self.posterior.sill + self.posterior.noise) + 1e-300

    def _scale(self, places: Places) -> Vector:
        return np.maximum(self.posterior.variance(places) + self.posterior.noise, self._least)

    def _best(self) -> tuple[Places, float]:
        self._rate()
        order = np.argsort(-np.where(self.open, self.gains, -np.inf), kind="stable")[:FINALISTS]
        order = order[self.open[order]]
        if self.thinned:
            return self._final(self._around(self.candidates.xy[order[:AROUND]]))
        some = Places(self.candidates.xy[order], self.candidates.loadings[order])
        return self._final(some)

    def _rate(self) -> None:
        """The gains of candidates whose covariances have changed; what others gain has hardly changed either."""
        rows = np.flatnonzero(self.stale)

        def rate(start: int) -> None:
            part = rows[start : start + ROWS]
            self.gains[part] = self.sketch.goal.gains(self.covariance[part], self.scale[part])

        for _ in in_parallel(rate, range(0, len(rows), ROWS)):
            pass

    def _around(self, xy: Points) -> Places:
        """All places that may be chosen around some of them."""
        near: Any = self.tree.query_ball_point(xy, self.radius)
        places = self.all[sorted({row for each in near for row in each})]
        found = self.posterior.at(places[self._far_enough(places[:, :2])])
        self._know_picks(found)
        gains = self.sketch.goal.gains(self.posterior.between(found, self.sketch.places), self._scale(found))
        order = np.argsort(-gains, kind="stable")[:FINALISTS]
        return Places(found.xy[order], found.loadings[order])

    def _know_picks(self, places: Places) -> None:
        """Set the loadings of the sites chosen before: L⁻¹ times their covariances, with L Lᵀ those of each other."""
        if not self.picks:
            return
        own, count = self.posterior.own, len(self.picks)
        chosen = Places(np.vstack([each.xy for each in self.picks]), np.vstack([each.loadings for each in self.picks]))
        root = np.tril(chosen.loadings[:, own : own + count], -1) + np.diag(np.sqrt(self.scales))
        before = Places(chosen.xy, chosen.loadings.copy())
        before.loadings[:, own:] = 0.0
        known = self.posterior.between(before, places)
        places.loadings[:, own : own + count] = solve_triangular(root, known, lower=True).T

    def _far_enough(self, xy: Points) -> Mask:
        """Not nearer to sites chosen before than the spacing, nor at the same place."""
        if not self.picks:
            return np.ones(len(xy), dtype=np.bool_)
        chosen = np.vstack([pick.xy for pick in self.picks])
        distance = Search(chosen).nearest(xy, 1)[0][:, 0]
        return (distance >= self.recipe.spacing) & (distance > 0.0)

    def _final(self, places: Places) -> tuple[Places, float]:
        covariance, scale = self.posterior.between(places, self.targets.places), self._scale(places)
        row = int(self.targets.goal.gains(covariance, scale).argmax())
        best = slice(row, row + 1)
        gain = self.targets.goal.exact(covariance[best], scale[best])
        return Places(places.xy[best], places.loadings[best].copy()), float(gain[0])

    def _take(self, place: Places) -> None:
        scale, column = float(self._scale(place)[0]), self.posterior.own + len(self.picks)
        at_candidates = self.posterior.between(self.candidates, place)[:, 0] / np.sqrt(scale)
        at_sketch = self.sketch.taken(place, scale, column)
        if self.targets is not self.sketch:
            self.targets.taken(place, scale, column)
        self.candidates.loadings[:, column] = at_candidates
        self.scale = np.maximum(self.scale - at_candidates**2, self._least)
        self.picks.append(place)
        self.scales.append(scale)

        def lower(start: int) -> None:
            part = slice(start, start + ROWS)
            _lower(self.covariance[part], at_candidates[part], at_sketch)

        for _ in in_parallel(lower, range(0, len(self.covariance), ROWS)):
            pass
        self.stale = np.abs(at_candidates) > HARDLY * np.sqrt(self.scale)
        self.open &= self._far_enough(self.candidates.xy)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Cells that a goal is judged by."""

    posterior: Posterior
    places: Places
    goal: Goal

    @classmethod
    def of(cls, recipe: Planner, posterior: Posterior, places: Vector) -> _Cells:
        """Cells (t, 2 + k) before any site is chosen."""
        known = posterior.at(places)
        return cls(posterior, known, _goal(recipe, posterior.model, places, posterior.variance(known)))

    def taken(self, place: Places, scale: float, column: int) -> Vector:
        """A site was chosen: what it takes off, as loadings (t,)."""
        loading: Vector = self.posterior.between(self.places, place)[:, 0] / np.sqrt(scale)
        self.places.loadings[:, column] = loading
        self.goal.taken(loading)
        return loading


def _goal(recipe: Planner, model: FittedKriging, targets: Vector, variance: Vector) -> Goal:
    if recipe.limit is None:
        return LessVariance(variance, model.covariance.nugget)
    known = model.predict(targets[:, :2], targets[:, 2:] if targets.shape[1] > 2 else None)
    limit = float(known.transform.forward(np.array(recipe.limit)))
    if not np.isfinite(limit):
        raise ValueError(f"a limit of {recipe.limit:g} has no place on the {known.transform.name} scale of the map")
    total = np.maximum(variance + model.covariance.nugget, 1e-300)
    return FewerErrors((known.mean - limit) / np.sqrt(total), total)


def _thinned(places: Vector, most: int, offset: float) -> NDArray[np.int64]:
    """Indices of all places, or of at most `most` on a coarser lattice, at an offset in parts of its step."""
    if len(places) <= most:
        return np.arange(len(places))
    xy = places[:, :2]
    low, side = xy.min(axis=0), _side(xy)
    for steps in range(2, len(places)):
        within = (xy - low) / (steps * side)
        block = np.floor(within + 0.5 / steps)
        order = np.argsort(((within - block - offset) ** 2).sum(axis=1), kind="stable")
        first = np.unique(block[order], axis=0, return_index=True)[1]
        if len(first) <= most:
            break
    return np.sort(order[first])


def _side(xy: Points) -> float:
    """The distance between neighbours of a lattice."""
    return float(np.median(Search(xy).nearest(xy, 2)[0][:, -1]))
