"""Ordinary cokriging: one contaminant predicted from all of them, each with an unknown mean of its own.

The variables need not be known at the same places: one that is known wherever a prediction is wanted helps most there
(multicollocated cokriging; Rivoirard 2001, Mathematical Geology 33). The weights of each other variable sum to zero, so
a single neighbour of one would have no say.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import Points, Vector, as_points
from mapping.coregionalisation import Coregionalisation, fit_coregionalisation
from mapping.covariance import DEFAULT_STRUCTURES, prototypes
from mapping.equations import Equations
from mapping.prediction import Prediction
from mapping.samples import Samples
from mapping.search import Search
from mapping.sites import Sites, sites_of
from mapping.system import stable_factor
from mapping.transform import Log, Transform
from mapping.validation import Validation
from mapping.variogram import default_cutoff

Number = NDArray[np.int64]
LARGEST_GLOBAL = 6_000
PLACES_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Cokriging:
    """A recipe; `fit` is pure and deterministic.

    `model` is fitted from `structures` (as `fit_coregionalisation`, with `nested` of them) unless it is given.
    `neighbours` limits each prediction to that many nearest places of each variable, or of those named; None uses all,
    up to 6,000 values.
    """

    transform: Transform = field(default_factory=Log)
    structures: tuple[str, ...] = DEFAULT_STRUCTURES
    model: Coregionalisation | None = None
    cutoff: float | None = None
    bins: int = 15
    nested: int = 1
    neighbours: int | Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        for name in self.structures:
            prototypes(name)
        wanted = self.neighbours.values() if isinstance(self.neighbours, Mapping) else (self.neighbours,)
        if any(count is not None and count < 1 for count in wanted):
            raise ValueError(f"neighbours must be at least 1, got {self.neighbours}")
        if self.cutoff is not None and not self.cutoff > 0.0:
            raise ValueError(f"cutoff must be above zero metres, got {self.cutoff}")

    def fit(self, variables: Mapping[str, Samples]) -> FittedCokriging:
        """Fit to the samples of each variable; ValueError when they cannot be cokriged."""
        if len(variables) < 2:
            raise ValueError(f"cokriging needs at least two variables, got {len(variables)}")
        sites = {name: _measured(name, samples, self.transform) for name, samples in variables.items()}
        return FittedCokriging.of(self, sites, self.model or self._model(sites))

    def _model(self, sites: Mapping[str, Sites]) -> Coregionalisation:
        places = np.vstack([each.xy for each in sites.values()])
        values = {name: (each.xy, each.high) for name, each in sites.items()}
        return fit_coregionalisation(
            values, self.structures, self.cutoff or default_cutoff(places), self.bins, self.nested
        )


def _measured(name: str, samples: Samples, transform: Transform) -> Sites:
    sites = sites_of(samples, transform)
    if sites.censored.any():
        raise ValueError(
            f"{int(sites.censored.sum())} of {sites.n} places of {name} are known by bounds only (such as below a "
            "detection limit), which cokriging cannot use: krige it by itself, or leave these places out and say so"
        )
    return sites


@dataclass(frozen=True, slots=True, eq=False)
class FittedCokriging:
    """A recipe fitted to samples: data of all variables one after the other, `variable` (n,) saying whose each is."""

    recipe: Cokriging
    model: Coregionalisation
    sites: Mapping[str, Sites]
    xy: Points
    variable: Number
    values: Vector
    error: Vector
    ridge: float
    notes: tuple[str, ...]
    equations: Equations | None

    @classmethod
    def of(cls, recipe: Cokriging, sites: Mapping[str, Sites], model: Coregionalisation) -> FittedCokriging:
        """Set up the equations; the variables of `model` and `sites` must be the same."""
        if set(model.variables) != set(sites):
            raise ValueError(f"the model is of {', '.join(model.variables)}, the samples are of {', '.join(sites)}")
        ordered = {name: sites[name] for name in model.variables}
        xy, values, error = (
            np.concatenate([getattr(each, part) for each in ordered.values()]) for part in ("xy", "high", "error")
        )
        variable = np.repeat(np.arange(len(ordered)), [each.n for each in ordered.values()])
        notes = tuple(f"{name}: {note}" for name, each in ordered.items() for note in each.notes)
        if recipe.neighbours is None and len(xy) > LARGEST_GLOBAL:
            raise ValueError(f"{len(xy)} values are too many for one system: choose neighbours for each variable")
        factor, ridge = None, 0.0
        if recipe.neighbours is None:
            matrix = model.between(xy, variable, xy, variable)
            matrix[np.diag_indices(len(xy))] += error
            factor, ridge = stable_factor(matrix, float(np.diag(model.sills).min()))
        equations = None if factor is None else Equations(factor, _means(variable, len(ordered)))
        return cls(recipe, model, ordered, xy, variable, values, error, ridge, notes, equations)

    def predict(self, xy: ArrayLike, variable: str) -> Prediction:
        """The predictive distributions of one variable at places (n, 2); each depends on its place alone."""
        places, asked = as_points(xy), self.model.number(variable)
        solve = self._from_all if self.equations is not None else self._from_near
        parts = [solve(part, asked) for part in _parts(places)]
        mean, variance, lagrange = (np.concatenate([part[k] for part in parts])[: len(places)] for k in range(3))
        return Prediction(mean, variance, lagrange, self.recipe.transform)

    def joint(self, xy: ArrayLike, variable: str) -> tuple[Vector, Vector]:
        """Means (n,) and predictive covariance (n, n) of one variable; ValueError for a model of neighbours."""
        if self.equations is None:
            raise ValueError("cokriging from neighbours has no joint distribution: fit without neighbours")
        places, asked = as_points(xy), self.model.number(variable)
        of_places = np.full(len(places), asked)
        to_data = self.model.between(places, of_places, self.xy, self.variable)
        basis = _means(of_places, len(self.model.variables))
        mean = (np.hstack([to_data, basis]) @ self.equations.dual(self.values[:, None]))[:, 0]
        own = self.model.between(places, of_places, places, of_places)
        return mean, self.equations.joint(to_data, basis, own)

    def leave_one_out(self, variable: str, *, whole_places: bool = True) -> Validation:
        """Each value of a variable from all others, the model kept; on the model's scale.

        With `whole_places` everything known at the place is left out, which is what a map faces where nothing was
        sampled; without, the other variables stay (gstat's default).
        """
        asked = self.model.number(variable)
        index = np.flatnonzero(self.variable == asked)
        if self.equations is None:
            return self._left_out_from_near(index, asked, whole_places)
        precision = self.equations.precision(np.arange(len(self.xy)))
        weighted = precision @ self.values
        together = [self._companions(number) if whole_places else np.array([number]) for number in index.tolist()]
        left = [
            _left_out(precision, weighted, group, number)
            for group, number in zip(together, index.tolist(), strict=True)
        ]
        error, variance = np.array(left).T
        observed = self.values[index]
        return Validation(observed, observed - error, variance)

    def _left_out_from_near(self, index: Number, asked: int, whole_places: bool) -> Validation:
        """Each from the nearest data of each variable but its own, or but those of its place."""
        parts = [index[start : start + PLACES_AT_ONCE] for start in range(0, len(index), PLACES_AT_ONCE)]
        passed = range(len(self.model.variables)) if whole_places else (asked,)
        found = [self._from_near(self.xy[part], asked, passed) for part in parts]
        mean, variance = (np.concatenate([part[k] for part in found]) for k in range(2))
        return Validation(self.values[index], mean, variance + self.error[index])

    def _companions(self, number: int) -> Number:
        """All data at the place of one of them."""
        return np.flatnonzero((self.xy == self.xy[number]).all(axis=1))

    def _from_all(self, places: Points, asked: int) -> tuple[Vector, Vector, Vector]:
        assert self.equations is not None  # noqa: S101 - `predict` chose it
        of_places = np.full(len(places), asked)
        to_data = self.model.between(places, of_places, self.xy, self.variable)
        basis = _means(of_places, len(self.model.variables))
        mean = np.hstack([to_data, basis]) @ self.equations.dual(self.values[:, None])
        variance, lagrange = self.equations.spread(to_data, basis, self.model.sills[asked, asked])
        return mean[:, 0], variance, lagrange

    def _from_near(self, places: Points, asked: int, passed: Container[int] = ()) -> tuple[Vector, Vector, Vector]:
        near = self._near(places, passed)
        here, of_places = places[:, None, :], np.full((len(places), 1), asked)
        xy, whose = self.xy[near], self.variable[near]
        matrices = self.model.between(xy, whose, xy, whose)
        diagonal = np.arange(near.shape[1])
        ridge = stable_factor(matrices, float(np.diag(self.model.sills).min()))[1]
        matrices[:, diagonal, diagonal] += self.error[near] + ridge
        to_data = self.model.between(xy, whose, here, of_places)
        drift = _means(whose, len(self.model.variables))
        basis = _means(of_places, len(self.model.variables))
        solved = np.linalg.solve(matrices, np.concatenate([to_data, drift], axis=2))
        explained, dragged = solved[:, :, :1], solved[:, :, 1:]
        remainder = basis.swapaxes(1, 2) - drift.swapaxes(1, 2) @ explained
        multiplier = np.linalg.solve(drift.swapaxes(1, 2) @ dragged, remainder)
        weights = (explained + dragged @ multiplier)[:, :, 0]
        own = self.model.sills[asked, asked]
        variance = own - (to_data * explained).sum(axis=(1, 2)) + (remainder * multiplier).sum(axis=(1, 2))
        mean = (weights * self.values[near]).sum(axis=1)
        return mean, np.maximum(variance, 0.0), (basis @ multiplier)[:, 0, 0]

    def _near(self, places: Points, passed: Container[int]) -> Number:
        """Indices (b, K) of the nearest data of each variable, those at the place itself passed over where asked."""
        found = []
        for number, name in enumerate(self.model.variables):
            index = np.flatnonzero(self.variable == number)
            count = _neighbours_of(self.recipe.neighbours, name, len(index))
            over = number in passed
            near = index[Search(self.xy[index]).nearest_index(places, min(count + over, len(index)))]
            if over:
                here = (self.xy[near] == places[:, None, :]).all(axis=2)
                near = np.take_along_axis(near, np.argsort(here, axis=1, kind="stable"), axis=1)
                near = near[:, : min(count, len(index) - 1)]
            found.append(near)
        return np.hstack(found)


def _neighbours_of(wanted: int | Mapping[str, int] | None, name: str, known: int) -> int:
    chosen = wanted.get(name, known) if isinstance(wanted, Mapping) else wanted
    return known if chosen is None else min(chosen, known)


def _means(variable: Number, k: int) -> Vector:
    """One trend function for the unknown mean of each variable (..., n, k)."""
    return np.asarray(variable[..., None] == np.arange(k), dtype=np.float64)


def _left_out(precision: Vector, weighted: Vector, group: Number, number: int) -> tuple[float, float]:
    """Error and variance of a datum predicted without its group: (Q_gg)⁻¹ (Q z)_g and the diagonal of (Q_gg)⁻¹."""
    spread = np.linalg.inv(precision[np.ix_(group, group)])
    own = int(np.flatnonzero(group == number)[0])
    return float(spread[own] @ weighted[group]), float(spread[own, own])


def _parts(places: Points) -> list[Points]:
    """Parts of one fixed size, the last filled up, so that a value does not depend on how many are asked for."""
    return [
        np.concatenate([part, np.repeat(part[-1:], PLACES_AT_ONCE - len(part), axis=0)])
        for start in range(0, len(places), PLACES_AT_ONCE)
        for part in (places[start : start + PLACES_AT_ONCE],)
    ]
