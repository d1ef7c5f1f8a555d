"""Where several contaminants exceed their limits together.

Probabilities come from joint simulations that keep how the contaminants vary together. A product of the single
probabilities would take them for independent, which in polluted soil they never are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import Vector
from mapping.cosimulation import FittedCosimulation
from mapping.simulation import AreaEstimate

MOST_TOGETHER = 10
"""Contaminants: every one more doubles the combinations."""
DRAWS_OF_SCORES = 400


@dataclass(frozen=True, slots=True, eq=False)
class JointExceedance:
    """Per place (n,): `single` (m, n) P(each exceeds), `at_least` (m, n) P(at least 1, 2, … m exceed together).

    `areas` are those where at least 1, 2, … exceed; `combinations` those where exactly these and no others do, by
    falling expected area. `correlation` (m, m) is that of the simulated scores, averaged over realisations, and
    `if_independent` the expected areas that a product of single probabilities would have given: for comparison only.
    """

    names: tuple[str, ...]
    limits: tuple[float, ...]
    single: Vector
    at_least: Vector
    areas: tuple[AreaEstimate, ...]
    combinations: tuple[tuple[tuple[str, ...], AreaEstimate], ...]
    if_independent: tuple[float, ...]
    correlation: Vector

    @property
    def expected_number(self) -> Vector:
        """How many of the limits are exceeded at each place (n,), on average."""
        return np.asarray(self.single.sum(axis=0))

    def to_dict(self) -> dict[str, Any]:
        """The areas; JSON types."""
        return {
            "limits_mg_per_kg": dict(zip(self.names, self.limits, strict=True)),
            "at_least": [
                {"contaminants": k, "area_m2": asdict(area), "area_if_independent_m2": product}
                for k, (area, product) in enumerate(zip(self.areas, self.if_independent, strict=True), start=1)
            ],
            "exactly": [{"contaminants": list(which), "area_m2": asdict(area)} for which, area in self.combinations],
            "correlation_simulated": self.correlation.tolist(),
        }


def joint_exceedance(
    fitted: FittedCosimulation,
    xy: ArrayLike,
    limits: Sequence[float],
    cell_area: float,
    realisations: int = 500,
    seed: int = 0,
    level: float = 0.90,
) -> JointExceedance:
    """Simulate all contaminants at places (n, 2) of one area each, and count which exceed their limits (mg/kg)."""
    m = len(fitted.names)
    if len(limits) != m or not all(np.isfinite(limit) and limit > 0.0 for limit in limits):
        raise ValueError(f"each of the {m} contaminants needs a limit above zero, got {list(limits)}")
    if m > MOST_TOGETHER:
        raise ValueError(f"at most {MOST_TOGETHER} contaminants can be looked at together, got {m}")
    thresholds = np.asarray(limits, dtype=np.float64)[:, None, None]
    single, count = np.zeros((m, len(np.asarray(xy)))), np.zeros((m, len(np.asarray(xy))))
    sizes, correlations = [], []
    for values in fitted.batches(xy, realisations, seed):
        above = values > thresholds
        single += above.sum(axis=1)
        together = above.sum(axis=0)
        count += np.array([(together >= k).sum(axis=0) for k in range(1, m + 1)])
        sizes.append(_combined(above))
        correlations.append(_correlation(fitted, values))
    cells = np.concatenate(sizes) * cell_area
    single, at_least = single / realisations, count / realisations
    how_many = np.array([bin(code).count("1") for code in range(2**m)])
    areas = tuple(_area(cells[:, how_many >= k].sum(axis=1), level, seed) for k in range(1, m + 1))
    return JointExceedance(
        names=fitted.names,
        limits=tuple(float(each) for each in limits),
        single=single,
        at_least=at_least,
        areas=areas,
        combinations=_ranked(fitted.names, cells, level, seed),
        if_independent=tuple((independent(single).sum(axis=1) * cell_area).tolist()),
        correlation=np.mean(correlations, axis=0),
    )


def independent(single: Vector) -> Vector:
    """P(at least 1, 2, … of m) (m, n) if the m events with these probabilities (m, n) did not depend on each other."""
    m, n = single.shape
    exactly = np.zeros((m + 1, n))
    exactly[0] = 1.0
    for chance in single:
        exactly[1:] = exactly[1:] * (1.0 - chance) + exactly[:-1] * chance
        exactly[0] *= 1.0 - chance
    return np.cumsum(exactly[::-1], axis=0)[::-1][1:]


def _combined(above: NDArray[np.bool_]) -> Vector:
    """How many places (realisations, 2^m) have each combination of exceedances (m, realisations, n)."""
    m = len(above)
    code = np.tensordot(2 ** np.arange(m), above, axes=1).astype(np.int64)
    return np.array([np.bincount(row, minlength=2**m) for row in code], dtype=np.float64)


def _correlation(fitted: FittedCosimulation, values: NDArray[np.float32]) -> Vector:
    """The mean over realisations of the correlation (m, m) of scores between places."""
    scores = np.array([scale.forward(each) for scale, each in zip(fitted.scales, values, strict=True)])
    found: Vector = np.mean([np.corrcoef(scores[:, r]) for r in range(scores.shape[1])], axis=0)
    return found


def _area(areas: Vector, level: float, seed: int) -> AreaEstimate:
    low, high = np.quantile(areas, [0.5 - level / 2.0, 0.5 + level / 2.0])
    return AreaEstimate(float(areas.mean()), float(low), float(high), level, len(areas), seed)


def _ranked(
    names: tuple[str, ...], cells: Vector, level: float, seed: int
) -> tuple[tuple[tuple[str, ...], AreaEstimate], ...]:
    found = []
    for size in range(1, len(names) + 1):
        for which in combinations(range(len(names)), size):
            areas = cells[:, sum(2**k for k in which)]
            if areas.any():
                found.append((tuple(names[k] for k in which), _area(areas, level, seed)))
    return tuple(sorted(found, key=lambda each: -each[1].expected))


def cross_validated(fitted: FittedCosimulation, limits: Sequence[float], seed: int = 0) -> dict[str, Any]:
    """Brier scores of P(at least k exceed) at each sampled place from all others, and if taken for independent.

    Places where it is known which contaminants exceed are scored; None where there are none.
    """
    rng = np.random.default_rng(seed)
    thresholds = np.array(
        [float(scale.forward(np.asarray(limit))) for scale, limit in zip(fitted.scales, limits, strict=True)]
    )
    low, high = fitted.bounds
    decided = np.flatnonzero(((low > thresholds) | (high <= thresholds)).all(axis=1))
    if not len(decided):
        return {"places": 0, "brier": None, "brier_if_independent": None}
    mean, spread = (part[decided] for part in fitted.left_out())
    factor = np.linalg.cholesky(spread + 1e-12 * np.eye(len(limits)))
    drawn = mean[..., None] + factor @ rng.standard_normal((len(decided), len(limits), DRAWS_OF_SCORES))
    above = drawn > thresholds[:, None]
    seen = (low[decided] > thresholds).sum(axis=1)
    k = np.arange(1, len(limits) + 1)
    happened = (seen[:, None] >= k).astype(np.float64)
    joint = (above.sum(axis=1)[:, None, :] >= k[:, None]).mean(axis=2)
    product = independent(above.mean(axis=2).T).T
    return {
        "places": len(decided),
        "brier": ((joint - happened) ** 2).mean(axis=0).tolist(),
        "brier_if_independent": ((product - happened) ** 2).mean(axis=0).tolist(),
    }
