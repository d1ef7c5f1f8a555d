"""Compiled covariances, and many small kriging systems side by side in the lanes of the processor's vectors.

The systems of eight places are stored element by element next to each other, so that each step of the Cholesky
factorisation is one vector instruction on all eight. What happens in a lane depends on its place alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Points, Vector
from mapping.covariance import Covariance, Exponential, Gaussian, Matern, Spherical, Structure, turn
from mapping.workers import ONE_AT_A_TIME

LANES = 8
FLAT = 1e-9
PART = 512
"""Places to one piece of work, in one workspace."""
SPHERICAL, EXPONENTIAL, GAUSSIAN, THREE_HALVES, FIVE_HALVES = range(5)
SHIFT = 6755399441055744.0
"""1.5 · 2⁵²: added to a number it leaves the nearest whole one in the low bits."""
LOG2_E, LN2_HIGH, LN2_LOW = 1.4426950408889634, 6.93147180369123816490e-01, 1.90821492927058770002e-10


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A covariance as numbers: per structure (s, 3) its kind, sill and inverse range; sill and nugget of the whole.

    `turn` (2, 2) takes coordinates to where distances are isotropic.
    """

    terms: Vector
    sill: float
    nugget: float
    turn: Vector


def compiled(covariance: Covariance) -> Compiled | None:
    """The covariance for `krige_near`; None where it has Bessel functions or several anisotropies."""
    terms = [(_kind(term), term.partial_sill, 1.0 / term.range) for term in covariance.structured]
    stretches = {term.stretch for term in covariance.structured}
    if len(stretches) > 1 or any(kind is None for kind, *_ in terms):
        return None
    known = np.array(terms, dtype=np.float64).reshape(-1, 3)
    stretch = next(iter(stretches), (0.0, 1.0))
    return Compiled(known, covariance.sill, covariance.nugget, turn(stretch))


def _kind(term: Structure) -> int | None:
    if isinstance(term, Matern):
        return {0.5: EXPONENTIAL, 1.5: THREE_HALVES, 2.5: FIVE_HALVES}.get(term.smoothness)
    return {Spherical: SPHERICAL, Exponential: EXPONENTIAL, Gaussian: GAUSSIAN}.get(type(term))


def krige_near(
    model: Compiled,
    near: NDArray[np.int64],
    data: tuple[Vector, Vector, Vector, Vector],
    targets: tuple[Vector, Vector],
) -> tuple[Vector, Vector, Vector, float]:
    """Kriging of each of b targets from the data `near` (b, k) it.

    `data` are places (n, 2), trend functions (n, p), extra variances (n,) and values (n, m); `targets` places (b, 2)
    and trend functions (b, p). Returns means (b, m), variances and Lagrange multipliers (b,), and the least pivot
    relative to the sill: below a safe one the systems are too close to singular and nothing should be believed.
    """
    xy, drift, extra, values = data
    moved = xy @ model.turn, targets[0] @ model.turn
    with ONE_AT_A_TIME:
        mean, variance, lagrange, pivots = _krige(
            model.terms,
            np.array([model.sill, model.nugget]),
            near,
            (moved[0], drift, extra, values),
            (moved[1], targets[1]),
        )
    return mean, variance, lagrange, float(pivots.min()) / model.sill


def covariances(model: Compiled, a: Points, b: Points) -> Vector:
    """Covariances (n, m) between places a (n, 2) and b (m, 2).

    On one processor: a second pool of threads, waiting busily, would take theirs from the BLAS that comes next.
    """
    return np.asarray(_matrix(model.terms, model.nugget, a @ model.turn, b @ model.turn), dtype=np.float64)


@numba.njit(cache=True)
def _matrix(terms: Vector, nugget: float, a: Points, b: Points) -> Vector:  # pragma: no cover - compiled
    total = np.empty((len(a), len(b)))
    x, y = b[:, 0].copy(), b[:, 1].copy()
    h, work, power = np.empty(len(b)), np.empty(len(b)), np.empty(len(b))
    for row in range(len(a)):
        for column in range(len(b)):
            dx, dy = x[column] - a[row, 0], y[column] - a[row, 1]
            h[column] = np.sqrt(dx * dx + dy * dy)
        _covariances(h, terms, total[row], work, power)
        for column in range(len(b)):
            if h[column] == 0.0:
                total[row, column] += nugget
    return total


@numba.njit(cache=True)
def _exp(x: Vector, power: Vector, bits: NDArray[np.int64]) -> None:  # pragma: no cover - compiled
    """exp(−x) in place for x ≥ 0, in steps that compile to vector instructions; `bits` are those of `power`.

    2ⁿ times a series about zero, after Cody & Waite (1980, Software Manual for the Elementary Functions).
    """
    for i in range(len(x)):
        x[i] = -x[i] if x[i] < 700.0 else -700.0
        power[i] = SHIFT + x[i] * LOG2_E
    for i in range(len(x)):
        whole = power[i] - SHIFT
        f = (x[i] - whole * LN2_HIGH) - whole * LN2_LOW
        series = 1 / 39916800 + f * (1 / 479001600)
        series = 1 / 362880 + f * (1 / 3628800 + f * series)
        series = 1 / 5040 + f * (1 / 40320 + f * series)
        series = 1 / 120 + f * (1 / 720 + f * series)
        series = 1 / 6 + f * (1 / 24 + f * series)
        x[i] = 1.0 + f * (1.0 + f * (0.5 + f * series))
    for i in range(len(x)):
        bits[i] = (bits[i] + 1023) << 52
    for i in range(len(x)):
        x[i] *= power[i]


@numba.njit(cache=True)
def _covariances(
    h: Vector, terms: Vector, out: Vector, x: Vector, power: Vector
) -> None:  # pragma: no cover - compiled
    """Covariances without nugget at distances h, into `out`; x and power are room to work in, all of one length."""
    out[:] = 0.0
    for kind, sill, inverse in terms:
        if kind == SPHERICAL:
            for i in range(len(h)):
                r = h[i] * inverse
                out[i] += sill * (1.0 - r * (1.5 - 0.5 * r * r)) if r < 1.0 else 0.0
            continue
        for i in range(len(h)):
            x[i] = h[i] * inverse * (h[i] * inverse if kind == GAUSSIAN else 1.0)
        _exp(x, power, power.view(np.int64))
        linear, square = (1.0 if kind >= THREE_HALVES else 0.0), (1.0 / 3.0 if kind == FIVE_HALVES else 0.0)
        for i in range(len(h)):
            r = h[i] * inverse
            out[i] += sill * (1.0 + r * (linear + r * square)) * x[i]


@numba.njit(cache=True)
def _factorise(lower: Vector, k: int, sill: float) -> float:  # pragma: no cover - compiled
    """Cholesky factors in place of eight packed lower triangles, their diagonals inverted; the least pivot."""
    least = np.inf
    total = np.empty(LANES)
    for i in range(k):
        row = i * (i + 1) // 2
        for j in range(i + 1):
            column = j * (j + 1) // 2
            for lane in range(LANES):
                total[lane] = lower[row + j, lane]
            for m in range(j):
                for lane in range(LANES):
                    total[lane] -= lower[row + m, lane] * lower[column + m, lane]
            if j < i:
                for lane in range(LANES):
                    lower[row + j, lane] = total[lane] * lower[column + j, lane]
        for lane in range(LANES):
            least = min(least, total[lane])
            lower[row + i, lane] = 1.0 / np.sqrt(max(total[lane], 1e-14 * sill))
    return least


@numba.njit(cache=True)
def _whiten(lower: Vector, k: int, sides: Vector) -> None:  # pragma: no cover - compiled
    """Forward substitution in place of right sides (k, s, 8)."""
    for i in range(k):
        row = i * (i + 1) // 2
        for side in range(sides.shape[1]):
            for m in range(i):
                for lane in range(LANES):
                    sides[i, side, lane] -= lower[row + m, lane] * sides[m, side, lane]
            for lane in range(LANES):
                sides[i, side, lane] *= lower[row + i, lane]


@numba.njit(cache=True)
def _weigh(lower: Vector, k: int, weights: Vector) -> None:  # pragma: no cover - compiled
    """Backward substitution in place of weights (k, 8)."""
    for i in range(k - 1, -1, -1):
        row = i * (i + 1) // 2
        for lane in range(LANES):
            weights[i, lane] *= lower[row + i, lane]
        for m in range(i):
            for lane in range(LANES):
                weights[m, lane] -= lower[row + m, lane] * weights[i, lane]


@numba.njit(cache=True)
def _multipliers(
    sides: Vector, lane: int, basis: Vector, remainder: Vector, solution: Vector
) -> None:  # pragma: no cover - compiled
    """remainder (p,) f − FᵀC⁻¹c and solution t (p,) of (FᵀC⁻¹F) t = remainder, in one lane.

    A direction that few near data leave open is taken to be flat.
    """
    k, p = sides.shape[0], len(basis)
    gram = np.zeros((p, p))
    for a in range(p):
        remainder[a] = basis[a]
        for i in range(k):
            remainder[a] -= sides[i, 0, lane] * sides[i, 1 + a, lane]
            for b in range(a + 1):
                gram[a, b] += sides[i, 1 + a, lane] * sides[i, 1 + b, lane]
    for a in range(p):
        solution[a] = remainder[a]
        own = gram[a, a]
        for b in range(a):
            for m in range(b):
                gram[a, b] -= gram[a, m] * gram[b, m]
            gram[a, b] *= gram[b, b]
            gram[a, a] -= gram[a, b] * gram[a, b]
            solution[a] -= gram[a, b] * solution[b]
        gram[a, a] = 1.0 / np.sqrt(gram[a, a]) if gram[a, a] > FLAT * own else 0.0
        solution[a] *= gram[a, a]
    for a in range(p - 1, -1, -1):
        solution[a] *= gram[a, a]
        for b in range(a):
            solution[b] -= gram[a, b] * solution[a]


@numba.njit(cache=True)
def _separate(
    near: NDArray[np.int64], xy: Points, places: Points, start: int, lower: Vector, to_data: Vector
) -> None:  # pragma: no cover - compiled
    """Distances between the data near eight targets (packed, lanes last), and from each to its target (k, 8)."""
    k = near.shape[1]
    x, y = np.empty((k, LANES)), np.empty((k, LANES))
    for lane in range(LANES):
        target = min(start + lane, len(near) - 1)
        for i in range(k):
            x[i, lane], y[i, lane] = xy[near[target, i], 0], xy[near[target, i], 1]
            dx, dy = x[i, lane] - places[target, 0], y[i, lane] - places[target, 1]
            to_data[i, lane] = np.sqrt(dx * dx + dy * dy)
    for i in range(k):
        for j in range(i + 1):
            for lane in range(LANES):
                dx, dy = x[i, lane] - x[j, lane], y[i, lane] - y[j, lane]
                lower[i * (i + 1) // 2 + j, lane] = dx * dx + dy * dy
    flat = lower.reshape(-1)
    for i in range(len(flat)):
        flat[i] = np.sqrt(flat[i])


@numba.njit(cache=True)
def _complete(
    near: NDArray[np.int64], start: int, sills: Vector, extra: Vector, drift: Vector, lower: Vector, sides: Vector
) -> None:  # pragma: no cover - compiled
    """The diagonals, and the trend functions of the data as right sides."""
    for lane in range(LANES):
        target = min(start + lane, len(near) - 1)
        for i in range(near.shape[1]):
            lower[i * (i + 1) // 2 + i, lane] = sills[0] + extra[near[target, i]]
            for a in range(drift.shape[1]):
                sides[i, 1 + a, lane] = drift[near[target, i], a]


@numba.njit(cache=True)
def _combine(
    sides: Vector, lane: int, basis: Vector, weights: Vector, sill: float
) -> tuple[float, float]:  # pragma: no cover - compiled
    """Variance and Lagrange multiplier of one lane; its weights, still to be taken through the factor, are set."""
    k, p = len(sides), len(basis)
    remainder, solution = np.empty(p), np.empty(p)
    _multipliers(sides, lane, basis, remainder, solution)
    explained = 0.0
    for i in range(k):
        explained += sides[i, 0, lane] * sides[i, 0, lane]
        weights[i, lane] = sides[i, 0, lane]
        for a in range(p):
            weights[i, lane] += sides[i, 1 + a, lane] * solution[a]
    multiplied, drawn = 0.0, 0.0
    for a in range(p):
        multiplied += remainder[a] * solution[a]
        drawn += basis[a] * solution[a]
    return max(sill - explained + multiplied, 0.0), drawn


@numba.njit(parallel=True, cache=True)
def _krige(
    terms: Vector,
    sills: Vector,
    near: NDArray[np.int64],
    data: tuple[Vector, Vector, Vector, Vector],
    targets: tuple[Vector, Vector],
) -> tuple[Vector, Vector, Vector, Vector]:  # pragma: no cover - compiled
    xy, drift, extra, values = data
    places, basis = targets
    (count, k), p, sets = near.shape, drift.shape[1], values.shape[1]
    mean, variance, lagrange = np.zeros((count, sets)), np.empty(count), np.empty(count)
    parts = (count + PART - 1) // PART
    pivots = np.full(parts, np.inf)
    packed = k * (k + 1) // 2
    for part in numba.prange(parts):
        h, lower, weights = np.empty((packed, LANES)), np.empty((packed, LANES)), np.empty((k, LANES))
        to_data, covered, sides = np.empty((k, LANES)), np.empty((k, LANES)), np.empty((k, 1 + p, LANES))
        x, power = np.empty(packed * LANES), np.empty(packed * LANES)
        for start in range(part * PART, min((part + 1) * PART, count), LANES):
            _separate(near, xy, places, start, h, to_data)
            _covariances(h.reshape(-1), terms, lower.reshape(-1), x, power)
            _covariances(to_data.reshape(-1), terms, covered.reshape(-1), x[: k * LANES], power[: k * LANES])
            sides[:, 0, :] = covered + sills[1] * (to_data == 0.0)
            _complete(near, start, sills, extra, drift, lower, sides)
            pivots[part] = min(pivots[part], _factorise(lower, k, sills[0]))
            _whiten(lower, k, sides)
            used = min(LANES, count - start)
            for lane in range(LANES):
                target = start + min(lane, used - 1)
                variance[target], lagrange[target] = _combine(sides, lane, basis[target], weights, sills[0])
            _weigh(lower, k, weights)
            for lane in range(used):
                for i in range(k):
                    for column in range(sets):
                        mean[start + lane, column] += weights[i, lane] * values[near[start + lane, i], column]
    return mean, variance, lagrange, pivots
