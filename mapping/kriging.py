"""Kriging: a recipe that only stores parameters, and what it becomes when fitted to samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mapping.arrays import Vector, as_points
from mapping.censoring import DRAWS, gibbs, substituted
from mapping.covariance import DEFAULT_STRUCTURES, Covariance, Nugget, prototypes
from mapping.prediction import Prediction
from mapping.samples import Samples
from mapping.simulation import Simulation, simulate
from mapping.sites import Sites, sites_of
from mapping.system import TRENDS, GlobalSystem, LocalSystem, System
from mapping.transform import Log, Transform, transform_named
from mapping.validation import Validation
from mapping.variogram import EmpiricalVariogram, VariogramFit, choose_variogram, empirical_variogram

LARGEST_GLOBAL = 6_000
"""More places than this are kriged from their neighbours: the matrix of 6,000 has 288 MB."""
DEFAULT_NEIGHBOURS = 64
REFITS, REFIT_SWEEPS, FINAL_SWEEPS = 8, 15, 80
PAIRS_OF_DRAWS = 20_000
"""Sites times completed data sets in one variogram: with many sites, few sets say as much."""
TARGET = "noisy"
"""What is predicted, as in gstat: the next measurement at a place, its nugget included."""


@dataclass(frozen=True, slots=True)
class Kriging:
    """A recipe. `fit` is pure and deterministic: same samples and recipe, same result.

    `kind` is `ordinary` (unknown mean) or `simple` (known `mean` on the model's scale; None takes the mean of
    the samples). `covariance` is fitted from `structures` with `cutoff` (metres) and `bins` unless it is
    given. `neighbours` limits each prediction to that many nearest samples; None uses all of them, up to
    6,000 places. `seed` feeds the treatment of samples that are known by bounds only.
    """

    transform: Transform = field(default_factory=Log)
    kind: str = "ordinary"
    structures: tuple[str, ...] = DEFAULT_STRUCTURES
    covariance: Covariance | None = None
    cutoff: float | None = None
    bins: int = 15
    neighbours: int | None = None
    mean: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in TRENDS:
            raise ValueError(f"no kriging is called {self.kind!r}; known are {', '.join(TRENDS)}")
        if not self.structures:
            raise ValueError("structures must name at least one covariance structure to fit")
        for name in self.structures:
            prototypes(name)
        if self.neighbours is not None and self.neighbours < 1:
            raise ValueError(f"neighbours must be at least 1, got {self.neighbours}")
        if self.cutoff is not None and not self.cutoff > 0.0:
            raise ValueError(f"cutoff must be above zero metres, got {self.cutoff}")
        if self.bins < 1:
            raise ValueError(f"bins must be at least 1, got {self.bins}")
        if self.mean is not None and self.kind != "simple":
            raise ValueError("only simple kriging takes a known mean")

    def fit(self, samples: Samples) -> FittedKriging:
        """Fit to samples; ValueError when they cannot carry a map at all."""
        sites = sites_of(samples, self.transform)
        if sites.censored.all():
            raise ValueError(
                f"all {samples.n} samples are known by bounds only (such as below a detection limit): "
                "there is no measured value to map from"
            )
        if sites.n < 2 and self.covariance is None:
            raise ValueError("all samples lie at one place: a map needs at least two places, or a given covariance")
        return _Fitting(self, samples, sites).run()


class _Fitting:
    """The steps of one fit, and the notes they leave."""

    def __init__(self, recipe: Kriging, samples: Samples, sites: Sites) -> None:
        self.recipe, self.samples, self.sites = recipe, samples, sites
        self.notes = list(sites.notes)
        self.neighbours = self._neighbours()

    def run(self) -> FittedKriging:
        empirical, fit = (None, None) if self.recipe.covariance else self._variogram()
        covariance = self.recipe.covariance or self._usable(fit)
        system = self._system(covariance)
        if system.ridge > 0.0:
            self.notes.append(
                f"places so close, or so smooth a covariance, that the equations are singular: solved with "
                f"{system.ridge / covariance.sill:.0e} of the sill added to the diagonal"
            )
        mean, values = self._completed(system)
        return FittedKriging(
            recipe=self.recipe,
            samples=self.samples,
            sites=self.sites,
            covariance=covariance,
            neighbours=self.neighbours,
            mean=mean,
            values=values,
            system=system,
            dual=system.dual(values - mean),
            empirical=empirical,
            fit=fit,
            notes=tuple(self.notes),
        )

    def _neighbours(self) -> int | None:
        if self.recipe.neighbours is None and self.sites.n > LARGEST_GLOBAL:
            self.notes.append(
                f"{self.sites.n} places are too many for one system: each prediction uses the "
                f"{DEFAULT_NEIGHBOURS} nearest"
            )
            return DEFAULT_NEIGHBOURS
        return self.recipe.neighbours

    def _system(self, covariance: Covariance) -> System:
        trend = TRENDS[self.recipe.kind]
        if self.neighbours is None or self.neighbours >= self.sites.n:
            return GlobalSystem(self.sites.xy, covariance, self.sites.error, trend)
        return LocalSystem(self.sites.xy, covariance, self.sites.error, trend, self.neighbours)

    def _variogram(self) -> tuple[EmpiricalVariogram, VariogramFit]:
        """Fitted to the values; where some are censored, in turn with draws of these (Monte Carlo EM)."""
        values = substituted(self.sites)
        rng = np.random.default_rng(self.recipe.seed)
        enough = max(1, PAIRS_OF_DRAWS // self.sites.n)
        for _ in range(REFITS if self.sites.censored.any() else 0):
            _, fit = self._fit_once(values[:, :enough])
            system = self._system(self._usable(fit))
            values = gibbs(self.sites, system, self._mean(values), values, REFIT_SWEEPS, rng)
        empirical, fit = self._fit_once(values[:, :enough])
        self.notes.extend(fit.notes)
        return empirical, fit

    def _fit_once(self, values: Vector) -> tuple[EmpiricalVariogram, VariogramFit]:
        raw = empirical_variogram(self.sites.xy, values, self.recipe.cutoff, self.recipe.bins)
        empirical = raw.without_error(float(self.sites.error.mean()))
        return empirical, choose_variogram(empirical, self.recipe.structures)

    def _usable(self, fit: VariogramFit | None) -> Covariance:
        """The fitted covariance, or a barely visible nugget where the values do not vary at all."""
        if fit is not None and fit.covariance.sill > 0.0:
            return fit.covariance
        scale = float(np.abs(substituted(self.sites)).max())
        return Nugget(1e-12 * max(scale, 1.0) ** 2)

    def _mean(self, values: Vector) -> float:
        if self.recipe.kind != "simple":
            return 0.0
        return float(values.mean()) if self.recipe.mean is None else self.recipe.mean

    def _completed(self, system: System) -> tuple[float, Vector]:
        """Known mean and values (n, m): m = 1 when all are measured. Depends on the covariance and the seed only."""
        start = substituted(self.sites)
        count = int(self.samples.censored.sum())
        if count == 0:
            return self._mean(start), start
        self.notes.append(
            f"{count} of {self.samples.n} samples are known by bounds only: {DRAWS} completed data sets were drawn "
            "from their distribution given all samples and the covariance, and the map averages over them"
        )
        mean = self._mean(start)
        if self.recipe.kind == "simple" and self.recipe.mean is None:
            mean = self._mean(self._drawn(system, mean, start))
        return mean, self._drawn(system, mean, start)

    def _drawn(self, system: System, mean: float, start: Vector) -> Vector:
        rng = np.random.default_rng(self.recipe.seed)
        return gibbs(self.sites, system, mean, start, FINAL_SWEEPS, rng)


@dataclass(frozen=True, slots=True, eq=False)
class FittedKriging:
    """A recipe fitted to samples; reading from it changes nothing.

    `covariance`, `neighbours` and `mean` are those in use (the mean is zero, to no effect, in ordinary
    kriging). `values` (n, m) are the data at the n `sites` on the model's scale, in m completed sets.
    `empirical` and `fit` are None when the covariance was given. `notes` say in words whatever was not plain.
    """

    recipe: Kriging
    samples: Samples
    sites: Sites
    covariance: Covariance
    neighbours: int | None
    mean: float
    values: Vector
    system: System
    dual: Vector
    empirical: EmpiricalVariogram | None
    fit: VariogramFit | None
    notes: tuple[str, ...]

    def predict(self, xy: ArrayLike) -> Prediction:
        """The predictive distributions at places (n, 2); each depends on its place alone.

        Completed data sets are combined by the law of total variance: mean of the means, and the kriging
        variance plus the variance of the means.
        """
        estimates = self.system.krige(as_points(xy), self.dual)
        return Prediction(
            self.mean + estimates.mean.mean(axis=1),
            estimates.variance + _between(estimates.mean),
            estimates.lagrange,
            self.recipe.transform,
        )

    def leave_one_out(self) -> Validation:
        """Each measured place predicted from all others, the covariance kept; on the model's scale.

        Places known by bounds only are not scored, but help to predict.
        """
        if self.sites.n < 2:
            raise ValueError("a single place cannot be predicted from others")
        measured = np.flatnonzero(~self.sites.censored)
        given = self.system.conditionals(measured)
        sets = given.mean(self.values - self.mean)
        predicted = self.mean + sets.mean(axis=1)
        return Validation(self.sites.high[measured], predicted, given.variance + _between(sets))

    def simulate(self, xy: ArrayLike, realisations: int = 500, seed: int = 0) -> Simulation:
        """Equally likely maps at places (n, 2), from which areas come; see `mapping.simulation.simulate`."""
        return simulate(self, xy, realisations, seed)

    def parameters(self) -> dict[str, Any]:
        """Everything that `rebuild` needs besides the samples, and what a reader wants to know; JSON types."""
        recipe = self.recipe
        return {
            "kind": recipe.kind,
            "transform": recipe.transform.name,
            "covariance": self.covariance.to_dict(),
            "structures": list(recipe.structures),
            "cutoff": self.empirical.cutoff if self.empirical else recipe.cutoff,
            "bins": recipe.bins,
            "neighbours": self.neighbours,
            "mean": self.mean if recipe.kind == "simple" else None,
            "seed": recipe.seed,
            "target": TARGET,
            "variogram": self.covariance.describe(),
            "why": self.fit.why if self.fit else "the covariance was given",
            "samples": self.samples.n,
            "censored": int(self.samples.censored.sum()),
            "places": self.sites.n,
            "samples_sha256": self.samples.digest(),
            "notes": list(self.notes),
        }

    @staticmethod
    def rebuild(samples: Samples, parameters: Mapping[str, Any]) -> FittedKriging:
        """The fitted model that wrote `parameters`, from the same samples, without fitting again.

        Its empirical variogram is that of the values in use. ValueError when the samples are others.
        """
        if samples.digest() != parameters["samples_sha256"]:
            raise ValueError("these are not the samples from which the map was made: their digest differs")
        cutoff = parameters["cutoff"]
        recipe = Kriging(
            transform=transform_named(parameters["transform"]),
            kind=parameters["kind"],
            structures=tuple(parameters["structures"]),
            covariance=Covariance.from_dict(parameters["covariance"]),
            cutoff=cutoff or None,
            bins=parameters["bins"],
            neighbours=parameters["neighbours"],
            mean=parameters["mean"],
            seed=parameters["seed"],
        )
        rebuilt = recipe.fit(samples)
        empirical = None
        if recipe.cutoff is not None:
            raw = empirical_variogram(rebuilt.sites.xy, rebuilt.values, recipe.cutoff, recipe.bins)
            empirical = raw.without_error(float(rebuilt.sites.error.mean()))
        return replace(rebuilt, empirical=empirical, notes=tuple(parameters["notes"]))


def _between(sets: Vector) -> Vector:
    """The variance (n,) between the means (n, m) that m completed data sets give."""
    return sets.var(axis=1, ddof=1) if sets.shape[1] > 1 else np.zeros(len(sets))
