"""From samples and a recipe to a covariance, a system of equations and completed data: the steps of one fit."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np

from mapping.arrays import Vector
from mapping.censoring import DRAWS, CensoredFit, gibbs, substituted
from mapping.covariance import Covariance, Nugget
from mapping.directions import with_direction
from mapping.likelihood import (
    LARGEST,
    CovarianceSearch,
    Likelihood,
    LikelihoodFit,
    families,
    fit_likelihood,
)
from mapping.local import LocalSystem
from mapping.neighbourhood import Neighbourhood
from mapping.recipe import Recipe
from mapping.samples import Samples
from mapping.shared import SharedSystem
from mapping.sites import Sites
from mapping.system import Ensemble, GlobalSystem, SingleSystem, System
from mapping.trend import Trend, trend_of
from mapping.variogram import EmpiricalVariogram, VariogramFit, choose_variogram, empirical_variogram
from mapping.vecchia import VecchiaLikelihood, fit_vecchia
from mapping.workers import one_blas_thread

LARGEST_GLOBAL = 6_000
"""More places than this are kriged from their neighbours: the matrix of 6,000 has 288 MB."""
DEFAULT_NEIGHBOURS = 64
FEWEST_FOR_LIKELIHOOD = 10
QUICK, MOST_CENSORED = 600, 5_000
"""The exact likelihood costs seconds up to here; with bounds Vecchia's costs minutes beyond so many."""
MOST_AVERAGED = 500
"""With more places what is not known of the covariance adds a hundredth to the variance, and six systems six times."""
SMALL = 600
"""With as few places several threads of the BLAS only get into each other's way."""
REFITS, REFIT_SWEEPS, FINAL_SWEEPS = 8, 15, 80
PAIRS_OF_DRAWS = 20_000
"""Sites times completed data sets in one variogram: with many sites, few sets say as much."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What a fit found; `likely` holds the covariances a map averages over, none where only one is used."""

    covariance: Covariance
    likely: tuple[Covariance, ...]
    trend: Trend
    neighbours: int | Neighbourhood | None
    mean: float
    values: Vector
    system: System
    empirical: EmpiricalVariogram | None
    fit: VariogramFit | None
    notes: tuple[str, ...]


class Fitting:
    """The steps of one fit, and the notes they leave."""

    def __init__(self, recipe: Recipe, samples: Samples, sites: Sites) -> None:
        self.recipe, self.samples, self.sites = recipe, samples, sites
        self.trend, notes = trend_of(recipe.kind, recipe.degree, sites.places)
        self.notes = [*sites.notes, *notes]
        self.neighbours = self._neighbours()
        self.drift = self.trend(sites.places)

    def run(self) -> Fitted:
        """Estimate what the recipe does not give, and solve."""
        with one_blas_thread() if self.sites.n <= SMALL else nullcontext():
            return self._run()

    def _run(self) -> Fitted:
        if self.recipe.covariance is not None:
            return self.given(self.recipe.covariance, ())
        empirical, fit = self._variogram()
        likely: tuple[Covariance, ...] = ()
        estimator = self._estimator(fit)
        if estimator != "wls":
            fit, likely = self._likelihood(fit, estimator == "vecchia")
        self.notes.extend(fit.notes)
        return self.given(self._usable(fit), likely, empirical, fit)

    def given(
        self,
        covariance: Covariance,
        likely: tuple[Covariance, ...],
        empirical: EmpiricalVariogram | None = None,
        fit: VariogramFit | None = None,
    ) -> Fitted:
        """Solve with a known covariance, or with several likely ones."""
        systems = [self.system(each) for each in likely or (covariance,)]
        system = systems[0] if len(systems) == 1 else Ensemble(systems)
        if system.ridge > 0.0:
            self.notes.append(
                f"places so close, or so smooth a covariance, that the equations are singular: solved with "
                f"{system.ridge / covariance.sill:.0e} of the sill added to the diagonal"
            )
        mean, values = self._completed(systems)
        return Fitted(
            covariance=covariance,
            likely=likely,
            trend=self.trend,
            neighbours=self.neighbours,
            mean=mean,
            values=values,
            system=system,
            empirical=empirical,
            fit=fit,
            notes=tuple(self.notes),
        )

    def _neighbours(self) -> int | Neighbourhood | None:
        if self.recipe.neighbours is None and self.sites.n > LARGEST_GLOBAL:
            self.notes.append(
                f"{self.sites.n} places are too many for one system: each prediction uses the "
                f"{DEFAULT_NEIGHBOURS} nearest"
            )
            return DEFAULT_NEIGHBOURS
        return self.recipe.neighbours

    def system(self, covariance: Covariance) -> SingleSystem:
        """The equations of all sites, or of those around each place, under one covariance."""
        places, error = self.sites.places, self.sites.error
        near = self.neighbours
        if near is None or (isinstance(near, int) and near >= self.sites.n):
            return GlobalSystem(places, covariance, error, self.trend)
        shared = isinstance(near, Neighbourhood) and near.shared is not None
        return (SharedSystem if shared else LocalSystem)(places, covariance, error, self.trend, near)

    def _nearest(self, covariance: Covariance) -> SingleSystem:
        return LocalSystem(self.sites.places, covariance, self.sites.error, self.trend, DEFAULT_NEIGHBOURS)

    def _global(self, covariance: Covariance) -> SingleSystem:
        return GlobalSystem(self.sites.places, covariance, self.sites.error, self.trend)

    def _estimator(self, fit: VariogramFit) -> str:
        """`wls`, `exact` or `vecchia`.

        The likelihood decides when asked for, when values are censored, when there is a trend and when places are many.
        """
        method, n, censored = self.recipe.fitted_by, self.sites.n, bool(self.sites.censored.any())
        plain = method == "auto" and not censored and self.trend.p <= 1 and n <= LARGEST
        if method == "wls" or not fit.candidates or plain:
            return "wls"
        if n < FEWEST_FOR_LIKELIHOOD + self.trend.p or (censored and n > MOST_CENSORED):
            self.notes.append(
                f"{n} places are too {'many' if n > LARGEST else 'few'} for a fit by likelihood"
                f"{' to bounds' if censored else ''}: the covariance was fitted by weighted least squares"
            )
            return "wls"
        most = QUICK if censored or method == "auto" else LARGEST
        return "vecchia" if method == "vecchia" or n > most else "exact"

    def _likelihood(self, least_squares: VariogramFit, vecchia: bool) -> tuple[VariogramFit, tuple[Covariance, ...]]:
        values = substituted(self.sites)
        variance = max(float(self._residuals(values).var()), 1e-300)
        restricted = self.recipe.fitted_by != "ml"
        likelihood = (VecchiaLikelihood if vecchia else Likelihood)(
            self.sites.xy, self.sites.error, self.drift, restricted
        )
        search = CovarianceSearch(likelihood, variance)
        found = self._censored(search, least_squares) if self.sites.censored.any() else self._measured(search, values)
        best = max(found, key=lambda fit: fit.value)
        if self.recipe.anisotropy:
            best = self._directed(search, best, values)
        if isinstance(likelihood, VecchiaLikelihood):
            self.notes.append(
                f"the likelihood of {self.sites.n} places is that of each given {likelihood.neighbours} before it in "
                "random order (Vecchia): the exact one takes minutes"
            )
        return _described(best, found, restricted), best.likely() if self.sites.n <= MOST_AVERAGED else ()

    def _directed(self, search: CovarianceSearch, best: LikelihoodFit, values: Vector) -> LikelihoodFit:
        if self.sites.censored.any():
            self.notes.append("no anisotropy was sought: some values are known by bounds only")
            return best
        directed, why = with_direction(search, best, values - self._mean(values))
        self.notes.append(why)
        return directed

    def _measured(self, search: CovarianceSearch, values: Vector) -> list[LikelihoodFit]:
        start = {fit.candidates[0][0]: fit.covariance for fit in self._least_squares(values) if fit.candidates}
        data, likelihood = values - self._mean(values), search.likelihood
        found = []
        for family in families(self.recipe.structures):
            guess = start.get(family.prototype.name)
            if isinstance(likelihood, VecchiaLikelihood):
                starts = [search.start(family, given) for given in (guess, None)]
                found.append(fit_vecchia(search, likelihood, data, family, starts))
            else:
                found.append(fit_likelihood(search, data, family, guess))
        return found

    def _least_squares(self, values: Vector) -> list[VariogramFit]:
        empirical = self.empirical(values)
        return [choose_variogram(empirical, [name]) for name in self.recipe.structures]

    def _censored(self, search: CovarianceSearch, least_squares: VariogramFit) -> list[LikelihoodFit]:
        values = substituted(self.sites)
        system = self._global if isinstance(search.likelihood, Likelihood) else self._nearest
        fit = CensoredFit(self.sites, search, system, self._mean(values), self.recipe.seed)
        return [fit.run(self.recipe.structures, self._usable(least_squares), values)[0]]

    def _variogram(self) -> tuple[EmpiricalVariogram, VariogramFit]:
        """Fitted to the values; where some are censored, in turn with draws of these (Monte Carlo EM)."""
        values = substituted(self.sites)
        rng = np.random.default_rng(self.recipe.seed)
        enough = max(1, PAIRS_OF_DRAWS // self.sites.n)
        for _ in range(REFITS if self.sites.censored.any() else 0):
            fit = choose_variogram(self.empirical(values[:, :enough]), self.recipe.structures)
            system = self.system(self._usable(fit))
            values = gibbs(self.sites, system, self._mean(values), values, REFIT_SWEEPS, rng)
        empirical = self.empirical(values[:, :enough])
        return empirical, choose_variogram(empirical, self.recipe.structures)

    def empirical(self, values: Vector) -> EmpiricalVariogram:
        """Of values (n, m), or of what the trend leaves of them."""
        residuals = self._residuals(values) if self.trend.p > 1 else values
        raw = empirical_variogram(self.sites.xy, residuals, self.recipe.cutoff, self.recipe.bins)
        return raw.without_error(float(self.sites.error.mean()))

    def _residuals(self, values: Vector) -> Vector:
        """What ordinary least squares leaves of values (n, m): enough for a first guess and for a plot."""
        if self.trend.p == 0:
            return values - self._mean(values)
        coefficients = np.linalg.lstsq(self.drift, values, rcond=None)[0]
        left: Vector = values - self.drift @ coefficients
        return left

    def _usable(self, fit: VariogramFit) -> Covariance:
        """The fitted covariance, or a barely visible nugget where the values do not vary at all."""
        if fit.covariance.sill > 0.0:
            return fit.covariance
        scale = float(np.abs(substituted(self.sites)).max())
        return Nugget(1e-12 * max(scale, 1.0) ** 2)

    def _mean(self, values: Vector) -> float:
        if self.recipe.kind != "simple":
            return 0.0
        return float(values.mean()) if self.recipe.mean is None else self.recipe.mean

    def _completed(self, systems: list[SingleSystem]) -> tuple[float, Vector]:
        """Known mean and values (n, m); m = 1 when all are measured with one system.

        Depends on the covariances and the seed only.
        """
        start = substituted(self.sites)
        count = int(self.samples.censored.sum())
        if count == 0:
            return self._mean(start), np.repeat(start, len(systems), axis=1)
        self.notes.append(
            f"{count} of {self.samples.n} samples are known by bounds only: {DRAWS} completed data sets were drawn "
            "from their distribution given all samples and the covariance, and the map averages over them"
        )
        mean = self._mean(start)
        if self.recipe.kind == "simple" and self.recipe.mean is None:
            mean = self._mean(self._drawn(systems, mean, start))
        return mean, self._drawn(systems, mean, start)

    def _drawn(self, systems: list[SingleSystem], mean: float, start: Vector) -> Vector:
        """Values (n, DRAWS · systems), column j drawn under system j modulo their number."""
        rng = np.random.default_rng(self.recipe.seed)
        sets = [gibbs(self.sites, system, mean, start, FINAL_SWEEPS, rng) for system in systems]
        return np.stack(sets, axis=2).reshape(self.sites.n, -1)


def _described(best: LikelihoodFit, tried: list[LikelihoodFit], restricted: bool) -> VariogramFit:
    method = "restricted maximum likelihood" if restricted else "maximum likelihood"
    candidates = tuple((fit.family.prototype.name, -2.0 * fit.value) for fit in tried)
    listed = ", ".join(f"{name} {deviance:.5g}" for name, deviance in candidates)
    errors = best.standard_errors()
    known = ", ".join(f"{name} ± {error:.2g}" for name, error in errors.items() if error > 0.0)
    return VariogramFit(
        best.covariance,
        float("nan"),
        f"{best.family.prototype.name} by {method} (-2 log likelihood: {listed}); standard errors: {known or 'none'}",
        candidates,
        (),
        standard_errors=tuple(errors.items()),
    )
