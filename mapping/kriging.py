"""Kriging: a recipe that only stores parameters, and what it becomes when fitted to samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import Vector, as_points
from mapping.covariance import Covariance, Nugget, Sum
from mapping.estimates import Estimates
from mapping.fitting import Fitted, Fitting
from mapping.neighbourhood import Neighbourhood, given_neighbours, stored_neighbours
from mapping.prediction import Prediction
from mapping.recipe import Recipe
from mapping.samples import Samples
from mapping.simulation import Simulation, simulate
from mapping.sites import Sites, sites_of
from mapping.support import Block
from mapping.system import Ensemble, System
from mapping.transform import Transform, transform_named
from mapping.validation import Validation
from mapping.variogram import EmpiricalVariogram, VariogramFit

AT_ONCE = 65_536
"""Data left out at a time: their weights are kept meanwhile."""
LEFT = 1e-9
"""Of the sill, left as nugget: fields without any are too smooth to be factorised."""
TARGET = "noisy"
"""What is predicted, as in gstat: the next measurement at a place, its nugget included."""


@dataclass(frozen=True, slots=True)
class Kriging(Recipe):
    """A recipe. `fit` is pure and deterministic: same samples and recipe, same result.

    `kind` is `ordinary` (unknown mean), `simple` (known `mean` on the model's scale; None takes the mean of
    the samples) or `universal`: a trend in the covariates of the samples and in a polynomial of `degree` in the
    coordinates (None: 1 without covariates, else 0). `covariance` is fitted from `structures` with `cutoff` (metres)
    and `bins` unless it is given. `fitted_by` is `wls` (weighted least squares as gstat), `reml` or `ml` (likelihood,
    in Vecchia's approximation beyond 1,500 places), `vecchia` or `auto`: `reml` where samples are known by bounds,
    there is a trend or places are more than 1,500, else `wls`. Up to 500 places the map averages over the covariances
    that the likelihood leaves likely. `neighbours` limits each prediction to that many nearest samples or to those of
    a `Neighbourhood`; None uses all of them, up to 6,000 places. `seed` feeds the treatment of samples known by bounds
    only. A `scale` chooses the transform from the samples. With `anisotropy`, where the covariance is fitted by
    likelihood, that decides whether the range depends on the direction, too (`mapping.directions`).
    """

    def fit(self, samples: Samples) -> FittedKriging:
        """Fit to samples; ValueError when they cannot carry a map at all."""
        recipe, why = self, tuple[str, ...]()
        if self.scale is not None:
            transform, why = self.scale.fitted(samples)
            recipe = replace(self, transform=transform, scale=None)
        fitting = _fitting(recipe, samples)
        fitting.notes.extend(why)
        return _fitted(fitting, fitting.run())


def _fitting(recipe: Recipe, samples: Samples) -> Fitting:
    sites = sites_of(samples, recipe.transform)
    if sites.censored.all():
        raise ValueError(
            f"all {samples.n} samples are known by bounds only (such as below a detection limit): "
            "there is no measured value to map from"
        )
    if sites.n < 2 and recipe.covariance is None:
        raise ValueError("all samples lie at one place: a map needs at least two places, or a given covariance")
    return Fitting(recipe, samples, sites)


def _fitted(fitting: Fitting, found: Fitted) -> FittedKriging:
    return FittedKriging(
        recipe=fitting.recipe,
        samples=fitting.samples,
        sites=fitting.sites,
        covariance=found.covariance,
        neighbours=found.neighbours,
        mean=found.mean,
        values=found.values,
        system=found.system,
        dual=found.system.dual(found.values - found.mean),
        empirical=found.empirical,
        fit=found.fit,
        notes=found.notes,
        likely=found.likely,
    )


@dataclass(frozen=True, slots=True, eq=False)
class FittedKriging:
    """A recipe fitted to samples; reading from it changes nothing.

    `covariance`, `neighbours` and `mean` are those in use (the mean is zero, to no effect, in ordinary
    kriging). `values` (n, m) are the data at the n `sites` on the model's scale, in m completed sets.
    `likely` holds the covariances that a likelihood fit averages over; `covariance` is then the most likely one.
    `empirical` and `fit` are None when the covariance was given. `notes` say in words whatever was not plain.
    """

    recipe: Recipe
    samples: Samples
    sites: Sites
    covariance: Covariance
    neighbours: int | Neighbourhood | None
    mean: float
    values: Vector
    system: System
    dual: Vector
    empirical: EmpiricalVariogram | None
    fit: VariogramFit | None
    notes: tuple[str, ...]
    likely: tuple[Covariance, ...] = ()

    @property
    def transform(self) -> Transform:
        """The scale on which it predicts."""
        return self.recipe.transform

    @property
    def covariate_count(self) -> int:
        """How many covariates it needs at each place."""
        return int(self.sites.covariates.shape[1])

    @property
    def reach(self) -> float:
        """The distance in metres at which values are practically uncorrelated."""
        return max((term.range * term.practical for term in self.covariance.structured), default=0.0)

    def predict(self, xy: ArrayLike, covariates: ArrayLike | None = None, block: Block | None = None) -> Prediction:
        """The predictive distributions at places (n, 2) with covariates (n, k); each depends on its place alone.

        With a `block`, those of the mean of the field over such a block around each place, on the model's scale.

        Completed data sets and likely covariances are combined by the law of total variance: mean of the means, and
        the mean kriging variance plus the variance of the means.
        """
        return self.predictive(self.system.krige(self.places(xy, covariates), self.dual, block), block)

    def predictive(self, estimates: Estimates, block: Block | None = None) -> Prediction:
        """The distributions that estimates by its system mean."""
        return Prediction(
            self.mean + estimates.mean.mean(axis=1),
            estimates.variance + _between(estimates.mean),
            estimates.lagrange,
            self.recipe.transform,
            block,
        )

    def places(self, xy: ArrayLike, covariates: ArrayLike | None = None) -> Vector:
        """Coordinates (n, 2) and covariates (n, k) as rows (n, 2 + k); ValueError where a covariate is missing."""
        points = as_points(xy)
        needed = self.covariate_count
        if needed and covariates is None and self.recipe.kind == "universal":
            raise ValueError(f"the trend needs {needed} covariates at every place, none were given")
        known = np.zeros((len(points), needed)) if covariates is None else np.asarray(covariates, dtype=np.float64)
        if known.shape != (len(points), needed):
            raise ValueError(f"covariates need the shape {(len(points), needed)}, got {known.shape}")
        bad = ~np.isfinite(known).all(axis=1)
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise ValueError(f"place {row}: covariates must be finite, got {tuple(known[row].tolist())}")
        return np.hstack([points, known])

    def parts(self) -> list[tuple[System, Vector]]:
        """The systems, one for each likely covariance, with their duals."""
        return list(self.system.parts(self.dual)) if isinstance(self.system, Ensemble) else [(self.system, self.dual)]

    def members(self) -> tuple[FittedKriging, ...]:
        """One model for each likely covariance, with the data sets that belong to it."""
        if not isinstance(self.system, Ensemble):
            return (self,)
        count = len(self.likely)
        return tuple(
            replace(self, covariance=each, likely=(), system=system, values=part, dual=system.dual(part - self.mean))
            for k, (each, system) in enumerate(zip(self.likely, self.system.systems, strict=True))
            for part in (np.ascontiguousarray(self.values[:, k::count]),)
        )

    def without_nugget(self) -> FittedKriging:
        """The model of the field without its nugget, which counts as an error of each datum; of one covariance only.

        What it predicts and simulates at a place is what many measurements there have in common.
        """
        nugget, sill = self.covariance.nugget, self.covariance.sill
        covariance = Sum((Nugget(min(nugget, LEFT * sill)), *self.covariance.structured))
        sites = replace(self.sites, error=self.sites.error + nugget - covariance.nugget)
        system = Fitting(self.recipe, self.samples, sites).system(covariance)
        dual = system.dual(self.values - self.mean)
        return replace(self, covariance=covariance, sites=sites, system=system, dual=dual)

    def leave_one_out(self) -> Validation:
        """Each measured place predicted from all others, the covariance kept; on the model's scale.

        Places known by bounds only are not scored, but help to predict.
        """
        if self.sites.n < 2:
            raise ValueError("a single place cannot be predicted from others")
        measured = np.flatnonzero(~self.sites.censored)
        parts = [self._left_out(measured[start : start + AT_ONCE]) for start in range(0, len(measured), AT_ONCE)]
        predicted, variance = (np.concatenate(each) for each in zip(*parts, strict=True))
        return Validation(self.sites.high[measured], predicted, variance)

    def _left_out(self, index: NDArray[np.int64]) -> tuple[Vector, Vector]:
        """Means and variances (c,) of data predicted from the others."""
        given = self.system.conditionals(index)
        sets = given.mean(self.values - self.mean)
        return self.mean + sets.mean(axis=1), given.variance + _between(sets)

    def simulate(
        self, xy: ArrayLike, realisations: int = 500, seed: int = 0, covariates: ArrayLike | None = None
    ) -> Simulation:
        """Equally likely maps at places (n, 2), from which areas come; see `mapping.simulation.simulate`."""
        return simulate(self, xy, realisations, seed, covariates)

    def parameters(self) -> dict[str, Any]:
        """Everything that `rebuild` needs besides the samples, and what a reader wants to know; JSON types."""
        recipe = self.recipe
        return {
            "kind": recipe.kind,
            "transform": recipe.transform.spec,
            "covariance": self.covariance.to_dict(),
            "likely": [each.to_dict() for each in self.likely],
            "fitted_by": recipe.fitted_by,
            "degree": recipe.degree,
            "standard_errors": dict(self.fit.standard_errors) if self.fit else {},
            "structures": list(recipe.structures),
            "cutoff": self.empirical.cutoff if self.empirical else recipe.cutoff,
            "bins": recipe.bins,
            "neighbours": stored_neighbours(self.neighbours),
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
            neighbours=given_neighbours(parameters["neighbours"]),
            mean=parameters["mean"],
            seed=parameters["seed"],
            fitted_by=parameters.get("fitted_by", "auto"),
            degree=parameters.get("degree"),
        )
        fitting = _fitting(recipe, samples)
        likely = tuple(Covariance.from_dict(each) for each in parameters.get("likely", ()))
        rebuilt = _fitted(fitting, fitting.given(Covariance.from_dict(parameters["covariance"]), likely))
        empirical = None
        if recipe.cutoff is not None:
            repeated = not rebuilt.sites.censored.any()
            empirical = fitting.empirical(rebuilt.values[:, :1] if repeated else rebuilt.values)
        return replace(rebuilt, empirical=empirical, notes=tuple(parameters["notes"]))


def _between(sets: Vector) -> Vector:
    """The variance (n,) between the means (n, m) that m completed data sets give."""
    return sets.var(axis=1, ddof=1) if sets.shape[1] > 1 else np.zeros(len(sets))
