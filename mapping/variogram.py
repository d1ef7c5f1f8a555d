"""Empirical variograms in gstat's binning and models fitted to them by weighted least squares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import Points, Vector, as_points
from mapping.covariance import Covariance, Nugget, Structure, prototypes
from mapping.pairs import binned_pairs

ESTIMATORS = ("matheron", "cressie-hawkins")
RANGES_TRIED, ZOOMS = 120, 4
STEP = 1e-5
FEWEST_BINS = 4
"""Nugget, sill and range need at least one bin more than there are parameters."""


@dataclass(frozen=True, slots=True, eq=False)
class EmpiricalVariogram:
    """Half mean squared differences by distance class; only classes (b,) that hold pairs are kept.

    `sample_variance` is the variance of the values themselves, the fallback when no model can be fitted.
    """

    pairs: NDArray[np.int64]
    distance: Vector
    semivariance: Vector
    cutoff: float
    estimator: str
    sample_variance: float

    def without_error(self, variance: float) -> EmpiricalVariogram:
        """The variogram of what was measured, less the mean variance of known measurement errors."""
        return replace(
            self,
            semivariance=np.maximum(self.semivariance - variance, 0.0),
            sample_variance=max(self.sample_variance - variance, 0.0),
        )


@dataclass(frozen=True, slots=True)
class VariogramFit:
    """A model, its weighted sum of squares (NaN for a fallback or a likelihood), and in words why it is this one.

    `candidates` holds (structure, weighted sum of squares or −2 log likelihood) of every structure that was tried,
    `standard_errors` (parameter, standard error) where a likelihood gives them; zero at an edge of what was tried.
    """

    covariance: Covariance
    sse: float
    why: str
    candidates: tuple[tuple[str, float], ...] = ()
    notes: tuple[str, ...] = ()
    standard_errors: tuple[tuple[str, float], ...] = ()


def default_cutoff(xy: Points) -> float:
    """A third of the diagonal of the bounding box of places (n, 2), in metres."""
    width, height = np.ptp(xy, axis=0)
    return float(np.hypot(width, height)) / 3.0


def empirical_variogram(
    xy: ArrayLike,
    values: ArrayLike,
    cutoff: float | None = None,
    bins: int = 15,
    estimator: str = "matheron",
    direction: float | None = None,
    tolerance: float = 22.5,
) -> EmpiricalVariogram:
    """The variogram of values (n,) or equally likely sets of values (n, m) at places (n, 2).

    Classes are (k·w, (k+1)·w] with w = cutoff / bins as in gstat; several sets of values are averaged pair
    by pair. Estimators: `matheron` (1962) and the robust `cressie-hawkins` (1980). A `direction` in degrees clockwise
    from north keeps the pairs that lie within `tolerance` degrees of it or of its opposite. Memory does not grow with
    the number of pairs. ValueError for a cutoff or number of bins that is not above zero, or no direction.
    """
    places = as_points(xy)
    columns = np.asarray(values, dtype=np.float64).reshape(len(places), -1)
    reach = default_cutoff(places) if cutoff is None else float(cutoff)
    if estimator not in ESTIMATORS:
        raise ValueError(f"no variogram estimator is called {estimator!r}; known are {', '.join(ESTIMATORS)}")
    if bins < 1 or not (np.isfinite(reach) and reach >= 0.0) or (cutoff is not None and reach == 0.0):
        raise ValueError(f"a variogram needs a cutoff and bins above zero, got cutoff {reach} and {bins} bins")
    sector = None if direction is None else (float(direction), float(tolerance))
    if sector is not None and not (np.isfinite(sector[0]) and 0.0 < sector[1] <= 90.0):
        raise ValueError(f"a direction needs a finite angle and a tolerance in (0, 90] degrees, got {sector}")
    count, distance, moment = _binned(places, columns, reach, bins, estimator, sector)
    filled = count > 0
    mean = moment[filled] / count[filled]
    semivariance = mean / 2.0 if estimator == "matheron" else _cressie_hawkins(mean, count[filled])
    variance = float(columns.var(axis=0, ddof=1).mean()) if len(places) > 1 else 0.0
    return EmpiricalVariogram(count[filled], distance[filled] / count[filled], semivariance, reach, estimator, variance)


def _cressie_hawkins(mean_root: Vector, count: NDArray[np.int64]) -> Vector:
    return mean_root**4 / (0.457 + 0.494 / count) / 2.0


def _binned(
    xy: Points, columns: Vector, cutoff: float, bins: int, estimator: str, sector: tuple[float, float] | None
) -> tuple[NDArray[np.int64], Vector, Vector]:
    if cutoff == 0.0:
        return np.zeros(bins, np.int64), np.zeros(bins), np.zeros(bins)
    found = binned_pairs(xy, columns, cutoff, bins, estimator != "matheron", sector)
    return found.count, found.distance, found.moment


def fit_variogram(empirical: EmpiricalVariogram, structure: str) -> VariogramFit:
    """Nugget and one structure by weighted least squares, weights N/h² as gstat's default.

    For a given range the two sills are a linear problem with bounds at zero, solved exactly; the range is
    searched over its whole useful interval, so that the minimum found is the global one. `structure` is a name of
    `STRUCTURES`, or `matern:<smoothness>`. Data that cannot carry a model get a pure nugget and a note.
    """
    fallback = _fallback(empirical)
    if fallback is not None:
        return fallback
    return min((_fit_prototype(empirical, each) for each in prototypes(structure)), key=lambda fit: fit.sse)


def _fit_prototype(empirical: EmpiricalVariogram, kind: Structure) -> VariogramFit:
    shortest, longest = empirical.distance[0] / 4.0, 10.0 * empirical.cutoff / kind.practical
    low, high = shortest, longest
    for _ in range(ZOOMS):
        ranges = np.geomspace(low, high, RANGES_TRIED)
        nugget, partial, sse = _profile(empirical, kind, ranges)
        best = int(np.argmin(sse))
        low, high = ranges[max(best - 1, 0)], ranges[min(best + 1, RANGES_TRIED - 1)]
    if 0 < best < RANGES_TRIED - 1:
        ranges = _stationary(empirical, kind, ranges[[best - 1, best, best + 1]])
        nugget, partial, sse = _profile(empirical, kind, ranges)
        best = 0
    structure = replace(kind, partial_sill=float(partial[best]), range=float(ranges[best]))
    covariance = Nugget(float(nugget[best])) + structure
    return _described(covariance, float(sse[best]), still_rising=bool(ranges[best] > 0.99 * longest))


def _stationary(empirical: EmpiricalVariogram, kind: Structure, ranges: Vector) -> Vector:
    """The range (1,) near the middle one of three where the slope of the profile is zero.

    A minimum is flat: comparing sums of squares finds it to eight digits, its slope to twelve.
    """
    nugget, partial, _ = _profile(empirical, kind, ranges)
    nugget = nugget - kind.least_nugget * partial
    h = empirical.distance / ranges[:, None]
    rise = 1.0 + kind.least_nugget - kind.shape(h)
    bend = kind.shape(h * (1.0 - STEP)) - kind.shape(h * (1.0 + STEP))
    residual = empirical.semivariance - nugget[:, None] - partial[:, None] * rise
    slope = (partial[:, None] * bend * residual) @ (empirical.pairs / empirical.distance**2)
    if (slope[0] > 0.0) == (slope[2] > 0.0):
        return ranges[1:2]
    share = slope[0] / (slope[0] - slope[2])
    return np.atleast_1d(ranges[0] * (ranges[2] / ranges[0]) ** share)


def _described(covariance: Covariance, sse: float, still_rising: bool) -> VariogramFit:
    (structure,) = covariance.structured
    why = f"{structure.name} by weighted least squares, weighted sum of squares {sse:.4g}"
    candidates = ((structure.name, sse),)
    if structure.partial_sill == 0.0:
        note = "the variogram does not rise with distance: no spatial correlation was found, a pure nugget is used"
        return VariogramFit(Nugget(covariance.nugget), sse, why, candidates, (note,))
    note = "the variogram still rises at its cutoff: sill and range are extrapolated"
    return VariogramFit(covariance, sse, why, candidates, (note,) if still_rising else ())


def _profile(empirical: EmpiricalVariogram, kind: Structure, ranges: Vector) -> tuple[Vector, Vector, Vector]:
    """Best non-negative nugget and partial sill for each range (r,), and their weighted sum of squares.

    Least squares in two unknowns: the free optimum where it is not negative, else the better of the two edges.
    """
    weight = empirical.pairs / empirical.distance**2
    weight, scale = weight / weight.sum(), weight.sum()
    gamma = empirical.semivariance
    rise = 1.0 + kind.least_nugget - kind.shape(empirical.distance / ranges[:, None])
    mean_rise, mean_gamma = rise @ weight, float(gamma @ weight)
    square, product = rise**2 @ weight, (rise * gamma) @ weight
    spread = square - mean_rise**2
    free = np.maximum(spread, 1e-12 * square)
    slope = np.where(spread > 1e-12 * square, (product - mean_rise * mean_gamma) / free, -1.0)
    partial = np.stack([slope, np.zeros_like(slope), product / square])
    nugget = np.stack([mean_gamma - slope * mean_rise, np.full_like(slope, mean_gamma), np.zeros_like(slope)])
    misfit = ((gamma - nugget[..., None] - partial[..., None] * rise) ** 2) @ weight * scale
    misfit = np.where((nugget < 0.0) | (partial < 0.0), np.inf, misfit)
    chosen, column = misfit.argmin(axis=0), np.arange(len(ranges))
    partial, nugget = partial[chosen, column], nugget[chosen, column]
    return nugget + kind.least_nugget * partial, partial, misfit[chosen, column]


def _fallback(empirical: EmpiricalVariogram) -> VariogramFit | None:
    if not empirical.semivariance.any() and empirical.sample_variance == 0.0:
        return _pure_nugget(0.0, "all values are equal: nothing can be said about their variation")
    if len(empirical.pairs) < FEWEST_BINS:
        return _pure_nugget(
            empirical.sample_variance,
            f"only {len(empirical.pairs)} distance classes hold pairs, too few for a variogram: "
            "a pure nugget with the variance of the samples is used",
        )
    return None


def _pure_nugget(variance: float, note: str) -> VariogramFit:
    return VariogramFit(Nugget(variance), float("nan"), note, notes=(note,))


def choose_variogram(empirical: EmpiricalVariogram, structures: Sequence[str]) -> VariogramFit:
    """The structure with the least weighted sum of squares, and why it was chosen."""
    if not structures:
        raise ValueError("a variogram fit needs at least one structure to try")
    fits = [fit_variogram(empirical, structure) for structure in structures]
    best = min(fits, key=lambda fit: fit.sse if fit.candidates else np.inf)
    if not best.candidates:
        return best
    candidates = tuple(fit.candidates[0] for fit in fits)
    tried = ", ".join(f"{name} {sse:.4g}" for name, sse in candidates)
    why = f"{min(candidates, key=lambda each: each[1])[0]} has the least weighted sum of squares (N/h²): {tried}"
    return VariogramFit(best.covariance, best.sse, why, candidates, best.notes)
