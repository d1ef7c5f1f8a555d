"""The likelihood of many data: each given a few that come before it, near and far (Vecchia 1988, JRSS B 50).

The data are put into random order, and the density of each is taken given the nearest among those before it: the
first ones have far neighbours and speak about the range, the last ones near ones and speak about the nugget (Stein,
Chi & Welty 2004, JRSS B 66; Guinness 2018, Technometrics 60). Gradient and information come in the same pass
(Guinness 2021, Statistics and Computing 31), eight data side by side in the lanes of the processor's vectors.
"""

from __future__ import annotations

from math import log2

import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Points, Vector
from mapping.covariance import turn
from mapping.likelihood import STEP, CovarianceSearch, Evaluation, Family, LikelihoodFit, reasonable
from mapping.loops import inner, looped
from mapping.search import Search
from mapping.workers import in_parallel

Index = NDArray[np.int64]

NEIGHBOURS, MANY, COARSE = (60, 30), 10_000, 10
"""Data that each is conditioned on: of up to MANY, of more, and in the first steps, which only have to come near."""
MOST_TERMS = 30_000
"""Densities in the sum: beyond, evenly chosen ones, whose scores have mean zero as those of all."""
LANES, PART = 8, 256
CELLS = 32
"""Cells of a table to a factor of two in the squared distance: cubics in them are true to about 1e-9."""
NEAREST = 1e-9
"""Of the extent: nearer places are taken to be at one."""
FAR = 1e300
SMALLEST_PIVOT = 1e-12
MOST_STEPS, ENOUGH = 40, 1e-4
"""Steps of an ascent, and the gain in log-likelihood that is not worth another."""


class VecchiaLikelihood:
    """The log-likelihood of covariances, averaged over m equally likely sets of data (n, m).

    `xy` (n, 2), error variances (n,), trend functions (n, p); `restricted` integrates the trend out (REML), else it
    is put at its generalised least squares estimate (ML). With n − 1 `neighbours` it is exact; the information leaves
    out what the trend costs, which is little where data are many.
    """

    def __init__(
        self, xy: Points, error: Vector, drift: Vector, restricted: bool = True, neighbours: int | None = None
    ) -> None:
        self.xy, self.drift, self.restricted = xy, drift, restricted
        wanted = neighbours or NEIGHBOURS[len(xy) > MANY]
        self._order = np.random.default_rng(0).permutation(len(xy))
        self._terms = np.unique(np.linspace(0, len(xy) - 1, min(len(xy), MOST_TERMS)).astype(np.int64))
        self._sorted, self._error = np.ascontiguousarray(xy[self._order]), error[self._order]
        self._near = nearest_before(self._sorted, self._terms, min(wanted, len(xy) - 1))
        extent = float(np.hypot(*np.ptp(xy, axis=0)))
        self._binades = (int(np.floor(2.0 * log2(extent * NEAREST))), int(np.ceil(2.0 * log2(extent))) + 1)

    @property
    def neighbours(self) -> int:
        """How many data each is conditioned on."""
        return int(self._near.shape[1])

    def coarse(self) -> VecchiaLikelihood:
        """The same with fewer neighbours."""
        copy = object.__new__(VecchiaLikelihood)
        copy.__dict__.update(self.__dict__)
        copy._near = np.ascontiguousarray(self._near[:, :COARSE])
        return copy

    def evaluate(self, family: Family, theta: Vector, values: Vector, information: bool = False) -> Evaluation | None:
        """Everything at theta (the information always); None where a covariance matrix is singular."""
        del information
        table, first = self._table(family, theta)
        nugget, partial = np.exp(theta[:2]).tolist()
        sill = nugget + partial * (1.0 + family.prototype.least_nugget)
        columns = np.hstack([self.drift, values])[self._order]
        data = (self._sorted @ turn(family.prototype.stretch), self._error, columns)
        pivot, sums = _sums(data, (self._terms, self._near), (table, first), (nugget, sill))
        if not pivot > SMALLEST_PIVOT * sill:
            return None
        return self._combined(*sums, len(family.names))

    def at(self, family: Family, theta: Vector, values: Vector) -> Evaluation:
        """Everything at theta; ValueError where a covariance matrix is singular."""
        return reasonable(self.evaluate(family, theta, values))

    def _table(self, family: Family, theta: Vector) -> tuple[Vector, int]:
        """Cubics (1 + d − 2, cells, 4) of covariance and slopes in squared distance, and the bits where they begin."""
        low, high = self._binades
        edges = np.concatenate([2.0**b * (1.0 + np.arange(CELLS) / CELLS) for b in range(low, high)])
        width = np.repeat(2.0 ** np.arange(low, high) / CELLS, CELLS)
        nodes = 0.5 - 0.5 * np.cos(np.pi * (np.arange(4) + 0.5) / 4.0)
        h = np.sqrt(edges[:, None] + width[:, None] * nodes)
        partial = np.exp(theta[1])
        functions = [partial * family.correlation(theta, h)]
        for index in range(2, len(theta)):
            step = np.where(np.arange(len(theta)) == index, STEP, 0.0)
            rise = family.correlation(theta + step, h) - family.correlation(theta - step, h)
            functions.append(partial / (2.0 * STEP) * rise)
        cubics = np.stack(functions) @ np.linalg.inv(np.vander(nodes, 4, increasing=True)).T
        table = np.zeros((len(functions), len(edges) + 2, 4))
        table[:, 1:-1] = cubics
        table[0, 0, 0] = partial
        return table, int(edges[:1].view(np.int64)[0] // (2**52 // CELLS)) - 1

    def _combined(self, logdet: Vector, gram: Vector, expected: Vector, d: int) -> Evaluation:
        """From sums over the data: of log-variances, and of products of whitened columns and their slopes."""
        p, n = self.drift.shape[1], len(self._terms)
        sets = gram.shape[1] - p
        trend = gram[0, :p, :p]
        beta = np.linalg.solve(trend, gram[0, :p, p:]) if p else np.empty((0, sets))
        combination = np.vstack([-beta, np.eye(sets)])
        quadratic = np.einsum("as,jab,bs->js", combination, gram, combination)
        scores = -0.5 * (logdet[1:, None] + quadratic[1:]).T
        value = -0.5 * (logdet[0] + float(quadratic[0].mean()))
        degrees = n - (p if self.restricted else 0)
        if self.restricted and p:
            used = self.drift[self._order[self._terms]]
            value -= 0.5 * (np.linalg.slogdet(trend)[1] - np.linalg.slogdet(used.T @ used)[1])
            scores -= 0.5 * np.array([np.trace(np.linalg.solve(trend, gram[1 + j, :p, :p])) for j in range(d)])
        value -= 0.5 * degrees * np.log(2.0 * np.pi)
        return Evaluation(float(value), scores.mean(axis=0), scores, expected)


def nearest_before(xy: Points, terms: Index, k: int) -> Index:
    """Of each of the `terms` (t,) among places in order (n, 2), the k nearest before it (t, k); −1 for none.

    Searched among the first 2, 4, 8, … places, of which each then has at least half before it.
    """
    near = np.full((len(terms), k), -1, dtype=np.int64)
    start, stop = 1, 2
    while start < len(xy):
        rows = np.flatnonzero((terms >= start) & (terms < stop))
        if len(rows):
            near[rows] = _earlier(Search(xy[:stop]), terms[rows], k)
        start, stop = stop, 2 * stop
    return near


def _earlier(search: Search, own: Index, k: int) -> Index:
    """The k nearest among those with a smaller index, from as many candidates as that takes."""
    found = np.full((len(own), k), -1, dtype=np.int64)
    todo, candidates = np.arange(len(own)), 2 * k + 16
    while len(todo):
        near = search.nearest_index(search.xy[own[todo]], candidates)
        before = near < own[todo, None]
        rank = np.cumsum(before, axis=1)
        chosen = before & (rank <= k)
        row, column = np.nonzero(chosen)
        found[todo[row], rank[row, column] - 1] = near[row, column]
        short = rank[:, -1] < np.minimum(k, own[todo])
        todo, candidates = todo[short], 2 * candidates
    return found


def fit_vecchia(
    search: CovarianceSearch, likelihood: VecchiaLikelihood, values: Vector, family: Family, starts: list[Vector]
) -> LikelihoodFit:
    """The most likely covariance of one family for values (n, m), from the best of several log-parameters (d,)."""
    bounds = search.bounds(family)
    rough = likelihood.coarse()
    theta = max(starts, key=lambda start: _value(rough.evaluate(family, start, values)))
    for stage in (rough, likelihood):
        theta, found = ascended(stage, family, theta, values, bounds)
    return search.described(family, theta, found.value, found.information)


def _value(found: Evaluation | None) -> float:
    return -np.inf if found is None else found.value


def ascended(
    likelihood: VecchiaLikelihood, family: Family, theta: Vector, values: Vector, bounds: Vector
) -> tuple[Vector, Evaluation]:
    """Fisher scoring inside bounds (d, 2), damped after Levenberg (1944) where a step does not gain."""
    here, damping = likelihood.at(family, theta, values), 0.0
    for _ in range(MOST_STEPS):
        step = _step(here, theta, bounds, damping)
        if here.gradient @ step < ENOUGH:
            break
        there = likelihood.evaluate(family, theta + step, values)
        if there is not None and there.value > here.value:
            theta, here, damping = theta + step, there, damping / 10.0
        else:
            damping = max(10.0 * damping, 0.1)
    return theta, here


def _step(here: Evaluation, theta: Vector, bounds: Vector, damping: float) -> Vector:
    """A step uphill that stops at the bounds; parameters at one that push against it rest."""
    low, high = bounds.T
    free = ~(((theta <= low) & (here.gradient < 0.0)) | ((theta >= high) & (here.gradient > 0.0)))
    step = np.zeros_like(theta)
    for _ in range(len(theta)):
        information = here.information[np.ix_(free, free)]
        damped = information + np.diag(damping * np.diag(information) + 1e-9 * np.trace(information))
        step[free] = np.clip(np.linalg.solve(damped, here.gradient[free]), -2.0, 2.0)
        outside = free & ((theta + step < low) | (theta + step > high))
        step = np.clip(theta + step, low, high) - theta
        if not outside.any() or outside.sum() == free.sum():
            break
        free &= ~outside
    return step


def _sums(
    data: tuple[Vector, Vector, Vector],
    terms: tuple[Index, Index],
    tables: tuple[Vector, int],
    sills: tuple[float, float],
) -> tuple[float, tuple[Vector, Vector, Vector]]:
    """Least pivot; sums of log-variances (1 + d), of products (1 + d, c, c) and information (d, d), part by part."""
    columns, d, parts = data[2].shape[1], 1 + len(tables[0]), -(-len(terms[0]) // PART)
    out = (
        np.full(parts, np.inf),
        np.zeros((parts, 1 + d)),
        np.zeros((parts, 1 + d, columns, columns)),
        np.zeros((parts, d, d)),
    )
    for _ in in_parallel(lambda part: _sum_part(data, terms, tables, sills, part, out), range(parts)):
        pass
    logdet, gram, spread = (each.sum(axis=0) for each in out[1:])
    return float(out[0].min()), (logdet, gram, spread)


@inner
def _tabulated(
    table: Vector, first: int, squared: Vector, bits: Index, out: Vector
) -> None:  # pragma: no cover - compiled
    """The function of a table (cells, 4) at squared distances, all of one length; `bits` are those of `squared`."""
    last = len(table) - 1
    shift, part = 2**52 // CELLS, 1.0 / (2**52 // CELLS)
    for i in range(len(squared)):
        cell = min(max(bits[i] // shift - first, 0), last)
        t = (bits[i] & (shift - 1)) * part
        out[i] = table[cell, 0] + t * (table[cell, 1] + t * (table[cell, 2] + t * table[cell, 3]))


@inner
def _gathered(
    data: tuple[Vector, Vector, Vector],
    terms: tuple[Index, Index],
    start: int,
    room: tuple[Vector, Vector, Vector, Vector],
) -> None:  # pragma: no cover - compiled
    """Eight terms: squared distances (packed), errors (q, 8) and columns (q, c, 8); a missing neighbour is far."""
    xy, error, columns = data
    own, near = terms
    squared, errors, sides, places = room
    q = near.shape[1] + 1
    for lane in range(LANES):
        term = min(start + lane, len(own) - 1)
        for i in range(q):
            site = own[term] if i == q - 1 else near[term, i]
            for column in range(columns.shape[1]):
                sides[i, column, lane] = columns[site, column] if site >= 0 else 0.0
            errors[i, lane] = error[site] if site >= 0 else 0.0
            places[0, i, lane] = xy[site, 0] if site >= 0 else FAR
            places[1, i, lane] = xy[site, 1] if site >= 0 else FAR
    for i in range(q):
        for j in range(i + 1):
            for lane in range(LANES):
                dx, dy = places[0, i, lane] - places[0, j, lane], places[1, i, lane] - places[1, j, lane]
                missing = places[0, i, lane] == FAR or places[0, j, lane] == FAR
                squared[i * (i + 1) // 2 + j, lane] = FAR if missing else dx * dx + dy * dy


@inner
def _factorised(lower: Vector, q: int, sill: float) -> float:  # pragma: no cover - compiled
    """Cholesky factors in place of eight packed lower triangles, their diagonals inverted; the least pivot."""
    least, total = np.inf, np.empty(LANES)
    for i in range(q):
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


@inner
def _whitened(lower: Vector, q: int, sides: Vector) -> None:  # pragma: no cover - compiled
    """Forward substitution in place of right sides (q, s, 8)."""
    for i in range(q):
        row = i * (i + 1) // 2
        for side in range(sides.shape[1]):
            for m in range(i):
                for lane in range(LANES):
                    sides[i, side, lane] -= lower[row + m, lane] * sides[m, side, lane]
            for lane in range(LANES):
                sides[i, side, lane] *= lower[row + i, lane]


@inner
def _last_row(lower: Vector, q: int, u: Vector) -> None:  # pragma: no cover - compiled
    """The last column (q, 8) of the inverse of the transposed factor: what takes data to the last one whitened."""
    for i in range(q):
        for lane in range(LANES):
            u[i, lane] = 1.0 if i == q - 1 else 0.0
    for i in range(q - 1, -1, -1):
        row = i * (i + 1) // 2
        for lane in range(LANES):
            u[i, lane] *= lower[row + i, lane]
        for m in range(i):
            for lane in range(LANES):
                u[m, lane] -= lower[row + m, lane] * u[i, lane]


@inner
def _moved(slope: Vector, u: Vector, side: int, moves: Vector) -> None:  # pragma: no cover - compiled
    """A symmetric matrix (packed, zero diagonal) times u (q, 8), into moves[:, side]."""
    for i in range(len(u)):
        row = i * (i + 1) // 2
        for j in range(i):
            for lane in range(LANES):
                moves[i, side, lane] += slope[row + j, lane] * u[j, lane]
                moves[j, side, lane] += slope[row + j, lane] * u[i, lane]


@inner
def _slopes(moves: Vector, nugget: float, lane: int, c: Vector) -> None:  # pragma: no cover - compiled
    """Last rows (d, q) of L⁻¹ ∂C L⁻ᵀ for each log-parameter; `moves` hold those of one, errors and structure."""
    q = len(moves)
    for i in range(q):
        c[0, i] = nugget * moves[i, 0, lane]
        c[1, i] = -c[0, i] - moves[i, 1, lane]
        for j in range(2, c.shape[0]):
            c[j, i] = moves[i, j, lane]
    c[1, q - 1] += 1.0


@inner
def _add(
    sides: Vector, lane: int, c: Vector, logdet: Vector, gram: Vector, spread: Vector
) -> None:  # pragma: no cover - compiled
    """One datum given its neighbours: slopes of its log-variance, products of whitened columns, information."""
    q, columns = sides.shape[0], sides.shape[1]
    d = c.shape[0]
    dragged = np.zeros((d, columns))
    for j in range(d):
        logdet[1 + j] += c[j, q - 1]
        for a in range(columns):
            for i in range(q):
                dragged[j, a] += c[j, i] * sides[i, a, lane]
        for k in range(j + 1):
            total = -0.5 * c[j, q - 1] * c[k, q - 1]
            for i in range(q):
                total += c[j, i] * c[k, i]
            spread[j, k] += total
            if k < j:
                spread[k, j] += total
    for a in range(columns):
        for b in range(columns):
            one, other = sides[q - 1, a, lane], sides[q - 1, b, lane]
            gram[0, a, b] += one * other
            for j in range(d):
                gram[1 + j, a, b] -= one * dragged[j, b] + other * dragged[j, a] - c[j, q - 1] * one * other


@looped
def _sum_part(
    data: tuple[Vector, Vector, Vector],
    terms: tuple[Index, Index],
    tables: tuple[Vector, int],
    sills: tuple[float, float],
    part: int,
    out: tuple[Vector, Vector, Vector, Vector],
) -> None:  # pragma: no cover - compiled
    """Of the terms of one part: least pivot, sums of log-variances, of products, and information (see `_sums`)."""
    (table, first), (nugget, sill), (pivots, logdet, gram, spread) = tables, sills, out
    count, q, columns = len(terms[0]), terms[1].shape[1] + 1, data[2].shape[1]
    d, packed = 1 + len(table), q * (q + 1) // 2
    squared, lower, slope = np.empty((packed, LANES)), np.empty((packed, LANES)), np.empty((packed, LANES))
    sides, moves, places = np.empty((q, columns, LANES)), np.empty((q, d, LANES)), np.empty((2, q, LANES))
    errors, u, c = np.empty((q, LANES)), np.empty((q, LANES)), np.empty((d, q))
    bits = squared.view(np.int64).reshape(-1)
    for start in range(part * PART, min((part + 1) * PART, count), LANES):
        _gathered(data, terms, start, (squared, errors, sides, places))
        _tabulated(table[0], first, squared.reshape(-1), bits, lower.reshape(-1))
        for i in range(q):
            lower[i * (i + 1) // 2 + i] = sill + errors[i]
        pivots[part] = min(pivots[part], _factorised(lower, q, sill))
        _whitened(lower, q, sides)
        _last_row(lower, q, u)
        for i in range(q):
            for lane in range(LANES):
                moves[i, 0, lane], moves[i, 1, lane] = u[i, lane], errors[i, lane] * u[i, lane]
                for j in range(2, d):
                    moves[i, j, lane] = 0.0
        for j in range(2, d):
            _tabulated(table[j - 1], first, squared.reshape(-1), bits, slope.reshape(-1))
            _moved(slope, u, j, moves)
        _whitened(lower, q, moves)
        for lane in range(min(LANES, count - start)):
            _slopes(moves, nugget, lane, c)
            logdet[part, 0] -= 2.0 * np.log(lower[packed - 1, lane])
            _add(sides, lane, c, logdet[part], gram[part], spread[part])
