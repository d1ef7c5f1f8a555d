"""The scale on which samples look Gaussian: asked for by name, or chosen from the samples with a reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_ndtr, ndtri

from mapping.arrays import Vector
from mapping.samples import Samples
from mapping.transform import BoxCox, Identity, Log, NormalScore, Transform, transform_named

FITTED_LATER = ("boxcox", "normal-score", "auto")
"""Names of scales that have to see the samples first."""
FEWEST = 10
LEAST_POWER, MOST_POWER = 0.01, 2.0
TOLD_APART = 1.92
"""Half the 95 % quantile of χ² with one degree of freedom: powers this much less likely are ruled out."""
STRAIGHT = 0.975
"""Correlation of a probability plot below which no power makes the samples look normal (Filliben 1975, for n ≈ 50)."""
MOST_KNOTS = 100
SWEEPS = 200


@dataclass(frozen=True, slots=True)
class ScaleToFit:
    """A scale by one of the names FITTED_LATER; ValueError for another name."""

    name: str

    def __post_init__(self) -> None:
        if self.name not in FITTED_LATER:
            raise ValueError(f"no scale to fit is called {self.name!r}; known are {', '.join(FITTED_LATER)}")

    def fitted(self, samples: Samples) -> tuple[Transform, tuple[str, ...]]:
        """The transform for these samples, and in words why it is this one."""
        if self.name == "normal-score":
            return normal_score(samples), ("normal scores of the samples' own distribution",)
        if samples.n < FEWEST:
            return Log(), (f"{samples.n} samples are too few to choose a scale from: logarithms",)
        if (samples.upper <= 0.0).any():
            return Identity(), ("values of zero or below have neither a logarithm nor a power: no transform",)
        power, low, high = likely_powers(samples)
        if self.name == "boxcox":
            chosen: Transform = BoxCox(power)
            return chosen, (f"the most likely Box-Cox power is {power:.2g}, powers {low:.2g} to {high:.2g} are likely",)
        return _simplest(samples, power, low, high)


def as_scale(given: Transform | ScaleToFit | str) -> Transform | ScaleToFit:
    """A transform, or a name for one: `log`, `identity`, `boxcox:<power>`, `boxcox`, `normal-score` or `auto`."""
    if not isinstance(given, str):
        return given
    return ScaleToFit(given) if given in FITTED_LATER else transform_named(given)


def _simplest(samples: Samples, power: float, low: float, high: float) -> tuple[Transform, tuple[str, ...]]:
    """A well-known scale among the likely powers, the likeliest power, or normal scores where none is straight."""
    known: list[tuple[float, Transform]] = [(0.0, Log()), (0.5, BoxCox(0.5)), (1.0, BoxCox(1.0))]
    if low <= LEAST_POWER:
        low = 0.0
    usual = [transform for each, transform in known if low <= each <= high]
    best = usual[0] if usual else BoxCox(power)
    straight = straightness(samples, best)
    told = f"Box-Cox powers {low:.2g} to {high:.2g} are likely, the probability plot is straight to r = {straight:.3f}"
    if straight >= STRAIGHT:
        return best, (f"{best.name} scale: {told}",)
    return normal_score(samples), (f"normal scores: {told}, which no power makes straight enough",)


def likely_powers(samples: Samples) -> tuple[float, float, float]:
    """The most likely Box-Cox power of samples above zero, and the least and greatest that are not much less likely.

    The likelihood is that of independent values, with the Jacobian of the transform; bounds count by the probability
    between them (Box & Cox 1964, JRSS B 26).
    """
    powers = np.linspace(LEAST_POWER, MOST_POWER, 200)
    likelihood = np.array([_profile(samples, float(power)) for power in powers])
    likely = powers[likelihood >= likelihood.max() - TOLD_APART]
    return float(round(powers[int(likelihood.argmax())], 3)), float(likely[0]), float(likely[-1])


def _profile(samples: Samples, power: float) -> float:
    """The greatest log-likelihood over mean and variance for one power."""
    scale, measured = BoxCox(power), ~samples.censored
    scores, jacobian = scale.forward(samples.upper[measured]), (power - 1.0) * np.log(samples.upper[measured]).sum()
    start = np.array([scores.mean(), np.log(max(scores.std(), 1e-12))])
    if measured.all():
        return float(jacobian - len(scores) * (start[1] + 0.5))
    low, high = (scale.forward(bound[~measured]) for bound in (samples.lower, samples.upper))

    def deviance(point: Vector) -> float:
        sd = np.exp(point[1])
        density = -len(scores) * point[1] - 0.5 * (((scores - point[0]) / sd) ** 2).sum()
        return -float(density + _between((low - point[0]) / sd, (high - point[0]) / sd).sum())

    return float(jacobian) - float(minimize(deviance, start, method="Nelder-Mead").fun)


def _between(low: Vector, high: Vector) -> Vector:
    """The logarithm of the normal probability between low and high, from the side where it is exact."""
    mirrored = low > 0.0
    near, far = np.where(mirrored, -high, low), np.where(mirrored, -low, high)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside: Vector = log_ndtr(far) + np.log1p(-np.exp(np.minimum(log_ndtr(near) - log_ndtr(far), 0.0)))
    return np.maximum(inside, -700.0)


def straightness(samples: Samples, scale: Transform) -> float:
    """The correlation (Filliben 1975) of scores with normal quantiles, where bounds leave the ranks known."""
    value, probability = distribution(samples)
    return float(np.corrcoef(scale.forward(value), ndtri(probability))[0, 1])


def normal_score(samples: Samples) -> NormalScore:
    """Normal scores with up to a hundred knots; ValueError where fewer than two values differ or are above zero."""
    if (samples.upper <= 0.0).any():
        raise ValueError("normal scores with lognormal tails need values above zero")
    value, probability = distribution(samples)
    if len(value) < 2:
        raise ValueError("all measured values are equal: they have no normal scores")
    score = ndtri(probability)
    spread = float(np.std(np.log(value), ddof=1))
    knots = tuple(zip(value.tolist(), score.tolist(), strict=True))
    return NormalScore(knots, max(spread, 1e-6))


def distribution(samples: Samples) -> tuple[Vector, Vector]:
    """Up to a hundred rising values (k,) and the probability (k,) of staying below each, from values and bounds.

    The measured values carry the mass; that of a bound goes to those inside it in proportion to their own (Turnbull
    1976, JRSS B 38), or to half of its upper end where there are none.
    """
    measured = np.unique(samples.upper[~samples.censored])
    if len(measured) > MOST_KNOTS:
        measured = np.unique(np.quantile(measured, np.linspace(0.0, 1.0, MOST_KNOTS), method="nearest"))
    mass = _mass(samples, measured)
    kept = mass > 1e-9
    mass, value = mass[kept] / samples.n, measured[kept]
    below = 1.0 - mass.sum()
    return value, np.clip(below + np.cumsum(mass) - mass / 2.0, 1e-6, 1.0 - 1e-6)


def _mass(samples: Samples, support: Vector) -> Vector:
    """How many samples (k,) each value of the support stands for; those below all of it stand for none."""
    nearest = np.clip(np.searchsorted((support[1:] + support[:-1]) / 2.0, samples.upper), 0, len(support) - 1)
    own = np.bincount(nearest[~samples.censored], minlength=len(support)).astype(np.float64)
    bounds, repeated = np.unique(
        np.column_stack([samples.lower, samples.upper])[samples.censored], axis=0, return_counts=True
    )
    inside = ((support >= bounds[:, :1]) & (support <= bounds[:, 1:])).astype(np.float64)
    empty = np.minimum(np.searchsorted(support, bounds[:, 0]), len(support) - 1)
    above = (inside.sum(axis=1) == 0.0) & (bounds[:, 0] > 0.0)
    inside[above, empty[above]] = 1.0
    holds = inside.any(axis=1)
    mass = own.copy()
    for _ in range(SWEEPS if holds.any() else 0):
        share = inside[holds] * mass
        mass = own + (repeated[holds, None] * share / np.maximum(share.sum(axis=1, keepdims=True), 1e-300)).sum(axis=0)
    return mass
