"""Joint conditional simulation of several contaminants, which keeps how they vary together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import Points, Vector, as_points
from mapping.completion import DRAWS, MOST_BYTES, completed
from mapping.coregionalisation import FEWEST_TOGETHER, Coregionalisation, fit_coregionalisation
from mapping.covariance import DEFAULT_STRUCTURES
from mapping.factors import Factors
from mapping.kriging import FittedKriging, Kriging
from mapping.samples import Samples
from mapping.scale import ScaleToFit, as_scale
from mapping.simulation import simulate
from mapping.sites import sites_of
from mapping.transform import Identity, Transform
from mapping.variogram import default_cutoff

ROUNDS, FIRST_SWEEPS, SWEEPS = 2, 20, 10
BATCH_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class Cosimulation:
    """A recipe; `fit` is pure and deterministic.

    Each contaminant on its own `scale` (a transform, or a name as in `mapping.scale`); a linear model of
    coregionalisation with a nugget and one of `structures`; `neighbours` as in `Kriging`.
    """

    scale: Transform | ScaleToFit | str = "normal-score"
    structures: tuple[str, ...] = DEFAULT_STRUCTURES
    cutoff: float | None = None
    bins: int = 15
    neighbours: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        as_scale(self.scale)

    def fit(self, xy: ArrayLike, lower: ArrayLike, upper: ArrayLike, names: Sequence[str]) -> FittedCosimulation:
        """Fit to bounds (n, m) of m contaminants at places (n, 2); NaN where one was not measured.

        ValueError, naming the contaminant, for what cannot be simulated together.
        """
        places, low, high = as_points(xy), np.array(lower, dtype=np.float64), np.array(upper, dtype=np.float64)
        if low.shape != (len(places), len(names)) or high.shape != low.shape or len(names) < 2:
            raise ValueError(f"bounds need the shape ({len(places)}, {len(names)}) of two or more contaminants")
        scales = tuple(self._scale(places, low[:, k], high[:, k], name) for k, name in enumerate(names))
        unique, bounds = _scores(places, low, high, scales)
        _check_together(bounds, tuple(names))
        return self._fitted(unique, bounds, scales, tuple(names))

    def _scale(self, xy: Points, low: Vector, high: Vector, name: str) -> Transform:
        known = np.isfinite(low) & ~np.isnan(high)
        if (known & (low == high)).sum() < FEWEST_TOGETHER:
            raise ValueError(f"{name} was measured above its detection limit at fewer than {FEWEST_TOGETHER} places")
        scale = as_scale(self.scale)
        if not isinstance(scale, ScaleToFit):
            return scale
        try:
            return scale.fitted(Samples(xy[known], low[known], high[known]))[0]
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None

    def _fitted(
        self, xy: Points, bounds: tuple[Vector, Vector], scales: tuple[Transform, ...], names: tuple[str, ...]
    ) -> FittedCosimulation:
        rng = np.random.default_rng(self.seed)
        values = _guess(*bounds)
        model = self._model(xy, values, names, self.structures)
        # completing the data moves the ranges, hardly the kind of structure: it is chosen once
        chosen = tuple(term.name for term in model.terms[1:])
        unknown = bool((bounds[0] < bounds[1]).any())
        for turn in range(ROUNDS if unknown else 0):
            sweeps = SWEEPS if turn else FIRST_SWEEPS
            drawn = completed(Factors.of(model), xy, bounds, values, sweeps, rng)
            model, values = self._model(xy, drawn[..., 0], names, chosen), drawn
        factors = Factors.of(model)
        sets = completed(factors, xy, bounds, values, SWEEPS, rng)
        kriged = tuple(
            self._factor(xy, data if unknown else data[:, :1], factors, number)
            for number, data in enumerate(factors.from_variables(sets))
        )
        return FittedCosimulation(self, names, scales, model, factors, kriged, sets, bounds)

    def _model(
        self, xy: Points, values: Vector, names: tuple[str, ...], structures: tuple[str, ...]
    ) -> Coregionalisation:
        known = {name: (xy, np.ascontiguousarray(values[:, k])) for k, name in enumerate(names)}
        return fit_coregionalisation(known, structures, self.cutoff or default_cutoff(xy), self.bins)

    def _factor(self, xy: Points, data: Vector, factors: Factors, number: int) -> FittedKriging:
        recipe = Kriging(
            transform=Identity(), covariance=factors.covariances[number], neighbours=self.neighbours, seed=self.seed
        )
        fitted = recipe.fit(Samples.measured(xy, data[:, 0]))
        sets = np.ascontiguousarray(data)
        return replace(fitted, values=sets, dual=fitted.system.dual(sets - fitted.mean))


def _scores(
    xy: Points, low: Vector, high: Vector, scales: tuple[Transform, ...]
) -> tuple[Points, tuple[Vector, Vector]]:
    """Distinct places and bounds (n, m) on the models' scales; infinite where nothing is known."""
    unique = sites_of(Samples.measured(xy, np.zeros(len(xy))), Identity()).xy
    number = {tuple(place): row for row, place in enumerate(unique.tolist())}
    lowest, highest = np.full((len(unique), len(scales)), -np.inf), np.full((len(unique), len(scales)), np.inf)
    for k, scale in enumerate(scales):
        known = ~np.isnan(low[:, k])
        sites = sites_of(Samples(xy[known], low[known, k], high[known, k]), scale)
        rows = [number[tuple(place)] for place in sites.xy.tolist()]
        lowest[rows, k], highest[rows, k] = sites.low, sites.high
    return unique, (lowest, highest)


def _check_together(bounds: tuple[Vector, Vector], names: tuple[str, ...]) -> None:
    """ValueError for two contaminants that are known at too few places together to say how they vary together."""
    known = np.isfinite(bounds[0]) | np.isfinite(bounds[1])
    for (i, one), (j, other) in combinations(enumerate(names), 2):
        both = int((known[:, i] & known[:, j]).sum())
        if both < FEWEST_TOGETHER:
            raise ValueError(f"{one} and {other} are both known at {both} places only, {FEWEST_TOGETHER} are needed")


def _guess(low: Vector, high: Vector) -> Vector:
    """A start (n, m): the value, the middle, half a spread inside an open bound, the mean where nothing is known."""
    measured = np.where(low == high, low, np.nan)
    spread, mean = np.nanstd(measured, axis=0), np.nanmean(measured, axis=0)
    bottom = np.where(np.isfinite(low), low, high - spread)
    top = np.where(np.isfinite(high), high, low + spread)
    with np.errstate(invalid="ignore"):
        middle = (bottom + top) / 2.0
    return np.where(np.isfinite(middle), middle, mean)


@dataclass(frozen=True, slots=True, eq=False)
class FittedCosimulation:
    """Contaminants as independent kriged `factors`; `sets` (n, m, d) are completed scores, `bounds` (n, m) each."""

    recipe: Cosimulation
    names: tuple[str, ...]
    scales: tuple[Transform, ...]
    model: Coregionalisation
    factors: Factors
    kriged: tuple[FittedKriging, ...]
    sets: Vector
    bounds: tuple[Vector, Vector]

    def simulate(self, xy: ArrayLike, realisations: int = 500, seed: int = 0) -> NDArray[np.float32]:
        """Equally likely values (m, realisations, n) in the original units at places (n, 2), all jointly."""
        seeds = np.random.SeedSequence(seed).generate_state(len(self.kriged)).tolist()
        drawn = [simulate(each, xy, realisations, own).values for each, own in zip(self.kriged, seeds, strict=True)]
        values = np.empty((len(drawn), *drawn[0].shape), dtype=np.float32)
        for k, scale in enumerate(self.scales):
            scores = np.zeros(drawn[0].shape)
            for loading, factor in zip(self.factors.loadings[k], drawn, strict=True):
                scores += loading * factor
            values[k] = scale.backward(scores)
        return values

    def batches(self, xy: ArrayLike, realisations: int = 500, seed: int = 0) -> Iterator[NDArray[np.float32]]:
        """`simulate` in parts (m, part, n) that bound the memory; the parts depend on the number of places alone."""
        places = as_points(xy)
        part = max(DRAWS, BATCH_BYTES // (12 * len(self.names) * len(places)))
        if 12 * len(self.names) * len(places) * DRAWS > MOST_BYTES:
            raise ValueError(f"{len(self.names)} contaminants at {len(places)} cells do not fit: use larger cells")
        seeds = np.random.SeedSequence(seed).generate_state(-(-realisations // part)).tolist()
        for turn, own in enumerate(seeds):
            yield self.simulate(places, min(part, realisations - turn * part), own)

    def left_out(self) -> tuple[Vector, Vector]:
        """Means (n, m) and covariances (n, m, m), on the models' scales, of each place from all other places."""
        factors = [each.leave_one_out() for each in self.kriged]
        mean = np.array([each.predicted for each in factors])
        variance = np.array([each.variance for each in factors])
        loadings = self.factors.loadings
        return self.factors.to_variables(mean).T, np.einsum("ki,in,li->nkl", loadings, variance, loadings)
