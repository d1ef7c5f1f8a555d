"""What can be said of values of which some are known by bounds only: chosen by how many, never by substitution."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

from mapping.arrays import Vector
from mapping.estimators import ESTIMATORS, FEWEST_MEASURED, Estimated, Lognormal, Steps

PERCENTILES = (0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
MANY = 50
"""From so many values on, a shape can be trusted (Helsel 2012, table 6.12)."""
FEW_CENSORED, TOO_CENSORED = 0.50, 0.80
PILED_UP, PILED_SHARE = 10, 0.10
WORK = 400_000
MOST_DRAWS, LEAST_DRAWS = 1_000, 200


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval; `value` is None where only the interval is known (below a limit)."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the values lie above a level: `exceeding` surely, `undecided` because their bounds straddle it.

    The interval is exact (Clopper & Pearson 1934), from the least to the greatest number that is possible.
    """

    level: float
    exceeding: int
    undecided: int
    share: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known of a sample of values, by which method and why.

    `estimates` holds `mean`, `sd` and percentiles (`p50`), all with central intervals of probability `level`; it is
    empty where nothing but shares above levels can be told.
    """

    n: int
    measured: int
    limits: tuple[float, ...]
    method: str
    why: str
    level: float
    estimates: Mapping[str, Estimate]
    shares: tuple[Share, ...]
    notes: tuple[str, ...]

    @property
    def censored_share(self) -> float:
        """Of values known by bounds only."""
        return 1.0 - self.measured / self.n

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        return asdict(self) | {"censored_share": self.censored_share}


def summarise(
    lower: ArrayLike,
    upper: ArrayLike,
    levels: Sequence[float] = (),
    method: str | None = None,
    substitute: float | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Summary:
    """Summarise values (n,) known by their bounds; `levels` are those above which the share is asked for.

    The method follows Helsel's rule, unless one of `ESTIMATORS` is asked for: Kaplan-Meier up to 50 % known by bounds,
    up to 80 % robust regression on order statistics (n < 50) or maximum likelihood, above that no estimate at all.
    `substitute` puts that share of its limit in the place of each value below one, and the result says so.
    ValueError, naming the value, for bounds that cannot be.
    """
    low, high = _checked(lower, upper)
    measured = low == high
    limits = tuple(np.unique(high[~measured & np.isfinite(high)]).tolist())
    wanted = tuple(levels) or ((limits[-1],) if limits else ())
    shares = tuple(share_above(low, high, each, level) for each in wanted)
    chosen, why = (method, "asked for") if method else choose(low, high)
    if substitute is not None:
        low = high = _substituted(low, high, substitute)
        chosen, why = "substitution", _SUBSTITUTED.format(substitute)
    estimates, notes = _estimates(low, high, chosen, level, seed)
    told = (*_piled_up(low, high), *notes)
    return Summary(len(low), int(measured.sum()), limits, chosen, why, level, estimates, shares, told)


_SUBSTITUTED = (
    "each value below a limit was replaced by {:g} of it, as asked for: an invented number, biased either way"
)


def _piled_up(low: Vector, high: Vector) -> tuple[str, ...]:
    """A warning where so many measured values are the same least one that it looks like a limit."""
    measured = high[low == high]
    least = measured.min(initial=np.inf)
    same = int((measured == least).sum())
    if same < PILED_UP or same < PILED_SHARE * len(low) or same == len(low):
        return ()
    told = f"{same} of {len(low)} values are {least:g}, the least of all: it may be a detection limit, unmarked"
    return (told,)


def _checked(lower: ArrayLike, upper: ArrayLike) -> tuple[Vector, Vector]:
    low, high = np.array(lower, dtype=np.float64), np.array(upper, dtype=np.float64)
    if low.ndim != 1 or low.shape != high.shape or not low.size:
        raise ValueError(
            f"a summary needs as many lower as upper bounds and at least one, got {low.shape}, {high.shape}"
        )
    wrong = ~((low <= high) & (high > -np.inf) & (low < np.inf) & (high >= 0.0))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(f"value {row}: bounds must rise and not be below zero, got {low[row]:g} to {high[row]:g}")
    return np.maximum(low, 0.0), high


def choose(lower: Vector, upper: Vector) -> tuple[str, str]:
    """The method by the share of values known by bounds and by how many there are, and why."""
    n, measured = len(lower), lower == upper
    share, between = 1.0 - measured.mean(), bool((~measured & ((lower > 0.0) | np.isinf(upper))).any())
    told = f"{share:.0%} of {n} values are known by bounds only"
    if measured.sum() < FEWEST_MEASURED:
        return "none", f"{int(measured.sum())} measured values are too few for any estimate"
    if share > TOO_CENSORED:
        return "none", f"{told}: above {TOO_CENSORED:.0%} only the share above a level can be told (Helsel 2012)"
    if share <= FEW_CENSORED:
        return "kaplan-meier", told if share else f"all {n} values were measured"
    if n >= MANY or between:
        return "maximum-likelihood", f"{told}, {'some between two limits' if between else 'n of 50 or more'}"
    return "ros", f"{told}, n below {MANY}"


def share_above(lower: Vector, upper: Vector, above: float, level: float = 0.95) -> Share:
    """The share of values above a level, with an exact interval."""
    if not (np.isfinite(above) and above >= 0.0):
        raise ValueError(f"a level must be a number from zero on, got {above}")
    n, surely, possibly = len(lower), int((lower > above).sum()), int((upper > above).sum())
    surely += int(((lower == above) & (upper > lower)).sum())
    tail = (1.0 - level) / 2.0
    low = float(betaincinv(surely, n - surely + 1, tail)) if surely else 0.0
    high = float(betaincinv(possibly + 1, n - possibly, 1.0 - tail)) if possibly < n else 1.0
    share = surely / n if surely == possibly else None
    return Share(above, surely, possibly - surely, share, low, high)


def _substituted(low: Vector, high: Vector, share: float) -> Vector:
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"a substitute is a share of the limit from 0 to 1, got {share}")
    if np.isinf(high).any():
        raise ValueError("nothing can be substituted for a value above an upper limit")
    return np.where(low == high, high, share * high)


def _estimates(
    low: Vector, high: Vector, method: str, level: float, seed: int
) -> tuple[dict[str, Estimate], tuple[str, ...]]:
    if method == "none":
        return {}, ()
    name = "kaplan-meier" if method == "substitution" else method
    if name not in ESTIMATORS:
        raise ValueError(f"no estimator is called {method!r}; known are {', '.join(ESTIMATORS)}")
    if (low == high).sum() < FEWEST_MEASURED:
        return {}, (f"fewer than {FEWEST_MEASURED} measured values: no estimate",)
    estimator = ESTIMATORS[name]
    if low.max() == high.max() and np.ptp(np.concatenate([low, high])) == 0.0:
        same = float(low[0])
        return {"mean": Estimate(same, same, same)}, ("all values are equal",)
    found = estimator(low, high)
    if isinstance(found, Lognormal):
        return _of_lognormal(found, level), ("intervals by the delta method on logarithms",)
    return _bootstrapped(estimator, found, low, high, level, seed)


def _of_lognormal(found: Lognormal, level: float) -> dict[str, Estimate]:
    estimates = {"mean": Estimate(found.mean, *found.mean_interval(level)), "sd": Estimate(found.sd, None, None)}
    for p in PERCENTILES:
        estimates[_name(p)] = Estimate(found.quantile(p), *found.quantile_interval(p, level))
    return estimates


def _name(p: float) -> str:
    return f"p{round(100 * p):02d}"


def _bootstrapped(
    estimator: Callable[[Vector, Vector], Estimated],
    found: Estimated,
    low: Vector,
    high: Vector,
    level: float,
    seed: int,
) -> tuple[dict[str, Estimate], tuple[str, ...]]:
    """Percentile intervals over samples drawn with replacement (Efron & Tibshirani 1993, chapter 13)."""
    rng, n = np.random.default_rng(seed), len(low)
    draws = int(np.clip(WORK // n, LEAST_DRAWS, MOST_DRAWS))
    rows = []
    for _ in range(draws):
        again = rng.integers(0, n, n)
        if _enough(low[again], high[again]):
            rows.append(_numbers(estimator(low[again], high[again])))
    intervals = _central(np.array(rows), level)
    values = zip(_names(), _numbers(found), intervals, strict=True)
    estimates = {name: _estimate(value, interval, found) for name, value, interval in values}
    notes = [f"intervals from {len(rows)} bootstrap samples"]
    if isinstance(found, Steps) and found.below > 0.0:
        least, most = found.mean_bounds
        notes.append(
            f"{found.below:.0%} of the values lie below everything measured: the mean is between {least:.4g} and "
            f"{most:.4g} whatever they are, and counts them at {found.floor:.4g}"
        )
    return estimates, tuple(notes)


def _enough(low: Vector, high: Vector) -> bool:
    measured = high[low == high]
    return len(measured) >= FEWEST_MEASURED and bool(np.ptp(measured) > 0.0)


def _names() -> tuple[str, ...]:
    return ("mean", "sd", *(_name(p) for p in PERCENTILES))


def _numbers(found: Estimated) -> list[float]:
    return [found.mean, found.sd, *(found.quantile(p) for p in PERCENTILES)]


def _central(rows: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """Low and high (k, 2) of columns (draws, k); a quantile that is but a bound counts as zero."""
    tails = [0.5 - level / 2.0, 0.5 + level / 2.0]
    return np.asarray(np.quantile(np.nan_to_num(rows, nan=0.0), tails, axis=0, method="nearest").T)


def _estimate(value: float, interval: NDArray[np.float64], found: Estimated) -> Estimate:
    low, high = interval.tolist()
    if np.isnan(value):
        return Estimate(None, 0.0, max(high, found.limit if isinstance(found, Steps) else high))
    return Estimate(value, low, high)
