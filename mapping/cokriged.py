"""One variable of a cokriging, as a model that maps are made from: predicted, scored, simulated, rebuilt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import Points, as_points
from mapping.cokriging import Cokriging, FittedCokriging
from mapping.coregionalisation import Coregionalisation
from mapping.estimates import stable_factor
from mapping.folds import Folds
from mapping.prediction import Prediction
from mapping.samples import Samples
from mapping.simulation import EXACT_PLACES, Simulation
from mapping.sites import Sites
from mapping.transform import Transform, transform_named
from mapping.validation import Validation

KIND = "cokriging"


@dataclass(frozen=True, slots=True, eq=False)
class CokrigedVariable:
    """The `variable` of a fitted cokriging; `samples` of all its variables are those that it was fitted to."""

    fitted: FittedCokriging
    variable: str
    samples: Mapping[str, Samples]

    @classmethod
    def fit(cls, recipe: Cokriging, samples: Mapping[str, Samples], variable: str) -> CokrigedVariable:
        """Fit a recipe to the samples of each variable; ValueError when they cannot be cokriged."""
        return cls(recipe.fit(samples), variable, samples)

    @property
    def transform(self) -> Transform:
        """The scale of all variables."""
        return self.fitted.recipe.transform

    @property
    def covariate_count(self) -> int:
        """None."""
        return 0

    @property
    def sites(self) -> Sites:
        """The places of the variable."""
        return self.fitted.sites[self.variable]

    @property
    def reach(self) -> float:
        """The distance in metres at which values are practically uncorrelated."""
        return max((term.range * term.practical for term in self.fitted.model.of(self.variable).structured), default=0)

    def predict(self, xy: ArrayLike, covariates: ArrayLike | None = None) -> Prediction:
        """The predictive distributions at places (n, 2); covariates have no say."""
        del covariates
        return self.fitted.predict(xy, self.variable)

    def leave_one_out(self) -> Validation:
        """Each value predicted from what is known at other places."""
        return self.fitted.leave_one_out(self.variable)

    def cross_validate(self, folds: Folds) -> Validation:
        """Each place predicted from all that are not of its fold, whatever is known there; the model is kept."""
        sites = self.sites
        if folds.label.shape != (sites.n,):
            raise ValueError(f"there are {sites.n} places and folds for {len(folds.label)}")
        mean, variance = np.empty(sites.n), np.empty(sites.n)
        for fold in range(folds.count):
            out = folds.label == fold
            found = self._without(sites.xy[out]).predict(sites.xy[out], self.variable)
            mean[out], variance[out] = found.mean, found.variance + sites.error[out]
        return Validation(sites.high, mean, variance)

    def _without(self, places: Points) -> FittedCokriging:
        """The equations without anything that is known at these places (m, 2)."""
        gone = set(map(tuple, places.tolist()))
        kept = {name: _kept(sites, gone) for name, sites in self.fitted.sites.items()}
        return FittedCokriging.of(self.fitted.recipe, kept, self.fitted.model)

    def simulate(
        self, xy: ArrayLike, realisations: int = 500, seed: int = 0, covariates: ArrayLike | None = None
    ) -> Simulation:
        """Equally likely values at up to 4,000 places (n, 2), jointly, given the data of all variables.

        ValueError for more places, or for a model of neighbours, which has no joint distribution.
        """
        del covariates
        places = as_points(xy)
        if len(places) > EXACT_PLACES or self.fitted.equations is None:
            raise ValueError(
                f"cokriging is simulated at up to {EXACT_PLACES} places, from all data at once: of {len(places)} "
                "places larger cells, or a map from one contaminant alone, can say what holds for them together"
            )
        mean, spread = self.fitted.joint(places, self.variable)
        factor, _ = stable_factor(spread, float(np.diag(spread).max()))
        rng = np.random.default_rng(seed)
        scores = mean + rng.standard_normal((realisations, len(places))) @ factor.T
        with np.errstate(over="ignore"):
            return Simulation(self.transform.backward(scores).astype(np.float32), seed)

    def parameters(self) -> dict[str, Any]:
        """Everything that `rebuild` needs besides the samples, and what a reader wants to know; JSON types."""
        recipe, model, own = self.fitted.recipe, self.fitted.model, self.samples[self.variable]
        covariance = model.of(self.variable)
        near = recipe.neighbours
        return {
            "kind": KIND,
            "variable": self.variable,
            "variables": {name: _described(each, self.fitted.sites[name]) for name, each in self.samples.items()},
            "transform": recipe.transform.spec,
            "coregionalisation": model.to_dict(),
            "correlation": {name: round(float(each), 3) for name, each in self._correlations().items()},
            "structures": list(recipe.structures),
            "cutoff": recipe.cutoff,
            "bins": recipe.bins,
            "neighbours": dict(near) if isinstance(near, Mapping) else near,
            "variogram": covariance.describe(),
            "why": model.why,
            "samples": own.n,
            "censored": 0,
            "places": self.sites.n,
            "samples_sha256": own.digest(),
            "notes": list(self.fitted.notes),
        }

    def _correlations(self) -> dict[str, float]:
        """With each other variable, at one place."""
        model, table = self.fitted.model, self.fitted.model.correlation()
        own = model.number(self.variable)
        return {name: table[own, model.number(name)] for name in model.variables if name != self.variable}

    @staticmethod
    def rebuild(samples: Mapping[str, Samples], parameters: Mapping[str, Any]) -> CokrigedVariable:
        """The model that wrote `parameters`, from the same samples, without fitting again; ValueError for others."""
        for name, told in parameters["variables"].items():
            if name not in samples or samples[name].digest() != told["samples_sha256"]:
                raise ValueError(f"these are not the samples of {name} from which the map was made")
        recipe = Cokriging(
            transform=transform_named(parameters["transform"]),
            structures=tuple(parameters["structures"]),
            model=Coregionalisation.from_dict(parameters["coregionalisation"]),
            cutoff=parameters["cutoff"],
            bins=parameters["bins"],
            neighbours=parameters["neighbours"],
        )
        return CokrigedVariable.fit(recipe, samples, parameters["variable"])


@dataclass(frozen=True, slots=True, eq=False)
class CokrigingOf:
    """A recipe for one variable where the others are known: what `mapping.compare` holds against other recipes.

    `samples` are those of all variables. When `fit` is given fewer of the `variable`, what the others say at the places
    that are missing is left out too.
    """

    recipe: Cokriging
    samples: Mapping[str, Samples]
    variable: str

    def fit(self, samples: Samples) -> CokrigedVariable:
        """Fit to some of the samples of the variable; ValueError when they cannot be cokriged."""
        gone = set(map(tuple, self.samples[self.variable].xy.tolist())) - set(map(tuple, samples.xy.tolist()))
        others = {name: _kept_samples(each, gone) for name, each in self.samples.items() if name != self.variable}
        return CokrigedVariable.fit(self.recipe, {self.variable: samples, **others}, self.variable)


def _elsewhere(xy: Points, gone: set[tuple[float, ...]]) -> NDArray[np.bool_]:
    return np.array([tuple(place) not in gone for place in xy.tolist()], dtype=np.bool_)


def _kept(sites: Sites, gone: set[tuple[float, ...]]) -> Sites:
    kept = _elsewhere(sites.xy, gone)
    columns: dict[str, Any] = {name: getattr(sites, name)[kept] for name in ("xy", "low", "high", "error")}
    return replace(sites, **columns, covariates=sites.covariates[kept])


def _kept_samples(samples: Samples, gone: set[tuple[float, ...]]) -> Samples:
    return samples.subset(_elsewhere(samples.xy, gone))


def _described(samples: Samples, sites: Sites) -> dict[str, Any]:
    return {"samples": samples.n, "places": sites.n, "samples_sha256": samples.digest()}
