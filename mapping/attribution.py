"""Do values rise towards a source? A test of decay with distance that knows of spatial correlation.

Random places are the wrong null: people sample around smelters, and both follow towns. Here the places of samples and
sources stay as they are; under the null hypothesis the values are a field of the fitted covariance that knows nothing
of the sources. Each source is tested for an exponential decay exp(−d / reach) of several reaches by generalised least
squares. The p-value of the greatest of a source's scores is bounded by Hunter (1976, J. Appl. Probab. 13, 597-603),
for neighbouring reaches are strongly correlated; the p-value that any source matters comes from simulated fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri, owens_t, stdtr

from mapping.arrays import Points, Vector
from mapping.discoveries import false_discovery
from mapping.grid import sample_spacing
from mapping.hotspots import NotTestable
from mapping.kriging import FittedKriging, Kriging
from mapping.least_squares import Whitened, whitened
from mapping.samples import Samples
from mapping.transform import Transform
from mapping.workers import one_blas_thread

FEWEST = 10
"""Samples below which no decay can be told from a field that varies by itself."""
NEAR = 3
"""Samples within one reach of a source, and beyond two, without which that reach is not tested."""
REACHES = 6
LARGEST = 3_000
"""Of more places as many are used: half are those nearest to sources, half are drawn from the others."""
AT_ONCE = 1_024
POWER = 0.80

EXACT = 600
"""More places than this take a minute by the exact likelihood."""
SUSPECT = 0.05
"""A source with a p-value up to this may be one: its plume is kept out of the covariance."""
FEWEST_DRAWS = 99

Index = NDArray[np.int64]


def model_without(samples: Samples, distance: ArrayLike, transform: Transform) -> FittedKriging:
    """The null model: a field about an unknown mean that knows nothing of sources at distances (n, J).

    Its covariance is that of what decays from some sources leave unexplained (restricted likelihood): a plume must not
    be taken for correlation, which would hide it. These are the decays from the nearest source and, where a first test
    finds one, from the source with the strongest decay. ValueError where no covariance can be fitted.
    """
    apart = np.asarray(distance, dtype=np.float64)
    apart = apart[:, None] if apart.ndim == 1 else apart
    model = _beside(samples, apart.min(axis=1)[:, None], transform)
    tested = DecayTest(draws=FEWEST_DRAWS).test(model, apart[_first_of(samples, model)])
    if isinstance(tested, NotTestable) or np.nanmin(tested.p) > SUSPECT or apart.shape[1] == 1:
        return model
    strongest = apart[:, [int(np.nanargmin(tested.p))]]
    return _beside(samples, np.hstack([apart.min(axis=1)[:, None], strongest]), transform)


def _beside(samples: Samples, distance: Vector, transform: Transform) -> FittedKriging:
    """The model with the covariance beside decays from distances (n, k)."""
    reaches = default_reaches(samples.xy)
    decays = np.hstack([np.exp(-apart[:, None] / reaches) for apart in distance.T])
    beside = Samples(samples.xy, samples.lower, samples.upper, samples.error_variance, decays)
    by = "reml" if samples.n <= EXACT else "vecchia"
    recipe = Kriging(transform=transform, kind="universal", structures=("exponential",), fitted_by=by)
    found = recipe.fit(beside).covariance
    return Kriging(transform=transform, covariance=found).fit(replace(beside, covariates=None))


def _first_of(samples: Samples, model: FittedKriging) -> Index:
    """For each site the first sample that lies there."""
    order = {tuple(place): row for row, place in reversed(list(enumerate(samples.xy.tolist())))}
    return np.array([order[tuple(place)] for place in model.sites.xy.tolist()], dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """What the test says about each of J sources; arrays (J,), NaN where a source could not be tested.

    `score` is the greatest over the reaches, standard normal for each without decay; `reach` (m) is that of it;
    `rise` on the model's scale is how much higher the values are at the source than far away, with standard error
    `error`; `p` one-sided, `q` adjusted for the false discovery rate over all sources tested; `detectable` is the
    least rise that would have been found (p ≤ 0.05 for this source alone) four times out of five. `overall` is the
    p-value that no source matters at all, from `draws` simulated fields.
    """

    reaches: Vector
    score: Vector
    reach: Vector
    rise: Vector
    error: Vector
    p: Vector
    q: Vector
    detectable: Vector
    overall: float
    draws: int
    samples: int
    notes: tuple[str, ...]

    @property
    def tested(self) -> NDArray[np.bool_]:
        """True (J,) where enough samples lie near enough."""
        return np.isfinite(self.score)


@dataclass(frozen=True, slots=True)
class DecayTest:
    """The recipe: `reaches` in metres (None: from the spacing of the samples to a third of their extent), the number
    of simulated fields and their seed.
    """

    reaches: tuple[float, ...] | None = None
    draws: int = 999
    seed: int = 0

    def __post_init__(self) -> None:
        if self.reaches is not None and not (self.reaches and all(0.0 < each < np.inf for each in self.reaches)):
            raise ValueError(f"reaches must be lengths above zero in metres, got {self.reaches}")
        if self.draws < FEWEST_DRAWS:
            raise ValueError(f"at least {FEWEST_DRAWS} simulated fields are needed, got {self.draws}")

    def test(self, model: FittedKriging, distance: ArrayLike) -> Attribution | NotTestable:
        """Test J sources at distances (n, J) in metres of the model's n sites; the model must be fitted without them.

        ValueError for distances of another shape, or that are negative or not finite.
        """
        apart = _checked(distance, model.sites.n)
        if apart.shape[1] == 0:
            return NotTestable("no test possible: there are no sources")
        if model.sites.n < FEWEST:
            return NotTestable(f"no test possible: {model.sites.n} places with samples, at least {FEWEST} are needed")
        if np.ptp(model.values.mean(axis=1)) == 0.0:
            return NotTestable("no test possible: all values are equal")
        rng = np.random.default_rng(self.seed)
        chosen, notes = chosen_sites(apart, rng)
        reaches = np.sort(self.reaches or default_reaches(model.sites.xy))
        with one_blas_thread() if len(chosen) <= EXACT else nullcontext():
            return self._tested(whitened(model, chosen), apart[chosen], reaches, rng, (*notes, *_of(model)))

    def _tested(
        self, data: Whitened, distance: Vector, reaches: Vector, rng: np.random.Generator, notes: tuple[str, ...]
    ) -> Attribution | NotTestable:
        nulls, greatest = data.nulls(self.draws, rng), np.full(self.draws, -np.inf)
        rows = []
        for part in _parts(distance, max(1, AT_ONCE // len(reaches))):
            rising = _rising(data, part, reaches)
            rows.append(_summary(data, rising, reaches))
            if rising.unit.shape[1]:
                greatest = np.maximum(greatest, (rising.unit.T @ nulls).max(axis=0))
        score, reach, rise, error, p = np.concatenate(rows, axis=1)
        tested = np.isfinite(score)
        if not tested.any():
            return NotTestable(f"no test possible: no source has {NEAR} samples within {reaches[-1]:.4g} m of it")
        q = np.full(len(p), np.nan)
        q[tested] = false_discovery(p[tested])
        overall = (int((greatest >= score[tested].max()).sum()) + 1) / (self.draws + 1)
        detectable = (ndtri(0.95) + ndtri(POWER)) * error
        return Attribution(reaches, score, reach, rise, error, p, q, detectable, overall, self.draws, data.n, notes)


def default_reaches(xy: Points) -> Vector:
    """Reaches (k,) in even ratios from the spacing of places (n, 2) to a third of the diagonal of their extent."""
    longest = float(np.hypot(*np.ptp(xy, axis=0))) / 3.0
    shortest = min(sample_spacing(xy), longest / 2.0)
    return np.geomspace(shortest, longest, REACHES)


def _checked(distance: ArrayLike, n: int) -> Vector:
    apart = np.asarray(distance, dtype=np.float64)
    if apart.ndim != 2 or len(apart) != n:
        raise ValueError(f"distances need the shape ({n}, sources), got {apart.shape}")
    if not (np.isfinite(apart) & (apart >= 0.0)).all():
        raise ValueError("distances must be finite and not negative")
    return apart


def chosen_sites(distance: Vector, rng: np.random.Generator) -> tuple[Index, tuple[str, ...]]:
    """Indices of all sites, or of as many as memory allows, by their distances (n, J), and a note if not all."""
    n = len(distance)
    if n <= LARGEST:
        return np.arange(n), ()
    order = np.argsort(distance.min(axis=1), kind="stable")
    near, far = order[: LARGEST // 2], order[LARGEST // 2 :]
    chosen = np.sort(np.concatenate([near, rng.choice(far, LARGEST - len(near), replace=False)]))
    return chosen, (f"{LARGEST} of {n} places are used: the nearest to sources, and as many of the others at random",)


def _of(model: FittedKriging) -> tuple[str, ...]:
    censored = int(model.samples.censored.sum())
    if not censored:
        return ()
    return (f"{censored} samples are known by bounds only and were completed under the hypothesis of no decay",)


def _parts(distance: Vector, size: int) -> Iterator[Vector]:
    for start in range(0, distance.shape[1], size):
        yield distance[:, start : start + size]


@dataclass(frozen=True, slots=True, eq=False)
class _Rising:
    """Decays of some sources: which of sources and reaches (J, K) are tested, and their m whitened functions.

    `unit` (n, m) are of length one, `length` (m,) is what they were divided by.
    """

    enough: NDArray[np.bool_]
    unit: Vector
    length: Vector

    def table(self, values: Vector) -> Vector:
        """Values (m,) as (J, K), minus infinity where nothing is tested."""
        spread = np.full(self.enough.shape, -np.inf)
        spread[self.enough] = values
        return spread

    def likeness(self) -> Vector:
        """Correlations (J, K − 1) of the functions of neighbouring reaches, one where one of them is not tested."""
        count = np.cumsum(self.enough).reshape(self.enough.shape) - 1
        both = self.enough[:, 1:] & self.enough[:, :-1]
        alike = np.ones(both.shape)
        alike[both] = np.einsum("nm,nm->m", self.unit[:, count[:, 1:][both]], self.unit[:, count[:, :-1][both]])
        return np.clip(alike, -1.0, 1.0)


def _rising(data: Whitened, distance: Vector, reaches: Vector) -> _Rising:
    near = (distance[:, :, None] <= reaches).sum(axis=0)
    far = (distance[:, :, None] > 2.0 * reaches).sum(axis=0)
    enough = (near >= NEAR) & (far >= NEAR)
    decay = np.exp(-(distance[:, :, None] / reaches)[:, enough])
    white = data.functions(decay)
    length = np.sqrt(np.einsum("nm,nm->m", white, white))
    return _Rising(enough, white / np.maximum(length, 1e-300), length)


def _summary(data: Whitened, rising: _Rising, reaches: Vector) -> Vector:
    """Score, reach, rise, its error and p-value (5, J), NaN where nothing is tested."""
    some = np.flatnonzero(rising.enough.any(axis=1))
    raw, found = rising.unit.T @ data.scores, np.full((5, len(rising.enough)), np.nan)
    which = rising.table(raw)[some].argmax(axis=1)
    score = _normal(rising.table(raw)[some, which], data.n)
    error = data.sd / rising.table(rising.length)[some, which]
    rise = rising.table(raw)[some, which] * error
    found[:, some] = score, reaches[which], rise, error, at_least(score, rising.likeness()[some])
    return found


def _normal(score: Vector, n: int) -> Vector:
    """Scores of data that were scaled by their own spread, as normal ones of the same probability (Student 1908)."""
    share = np.clip(score / np.sqrt(n - 1), -1.0 + 1e-12, 1.0 - 1e-12)
    student = share * np.sqrt((n - 2) / (1.0 - share * share))
    normal: Vector = -ndtri(np.maximum(stdtr(n - 2, -student), 1e-300))
    return normal


def at_least(score: Vector, likeness: Vector) -> Vector:
    """Hunter's bound (J,) on the probability that the greatest of K normal scores reaches `score` (J,).

    `likeness` (J, K − 1) are the correlations of each with the next. Of two with correlation r both reach h with
    probability Φ(−h) − 2 T(h, √((1 − r)/(1 + r))), T being Owen's function (Owen 1956, Ann. Math. Stat. 27).
    """
    apart = np.sqrt((1.0 - likeness) / np.maximum(1.0 + likeness, 1e-300))
    bound: Vector = ndtr(-score) + 2.0 * owens_t(score[:, None], apart).sum(axis=1)
    return np.minimum(bound, 1.0)
