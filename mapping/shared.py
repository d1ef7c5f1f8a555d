"""Kriging of squares of places that share their data: one factorisation for each square.

The squares of a lattice fixed in the coordinates take all data within a distance: that of the k-th nearest datum from
their middle. Where data crowd, a square with too many is cut into four.
"""

# ruff: noqa: PLR0913, PLR0917  compiled loops take arrays, not objects

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Points, Vector
from mapping.batch import constrain, factorise, rows_of
from mapping.compiled import Compiled, correlate, turned
from mapping.estimates import Estimates, joined
from mapping.local import AT_ONCE, LocalSystem
from mapping.loops import inner, looped
from mapping.nearby import candidates, fill, tabulate
from mapping.support import Block
from mapping.vectors import LANES, less_product, load, plus_product, product, spread, store
from mapping.workers import in_parallel

Index = NDArray[np.int64]
PAIR = 2 * LANES
"""Places that are solved side by side."""
CROWD = 8
"""Times the number of neighbours asked for: with more data a square is cut up."""
SQUARES = 16
"""Squares to one piece of work."""
LEVELS = 40


class SharedSystem(LocalSystem):
    """The data around each square of places in one system."""

    def krige(self, places: Vector, dual: Vector, block: Block | None = None) -> Estimates:
        """Square by square; block support, and covariances that do not compile, place by place."""
        if self._compiled is None or block is not None:
            return super().krige(places, dual, block)
        parts = [places[start : start + AT_ONCE] for start in range(0, len(places), AT_ONCE)]
        return joined([self._krige_squares(self._compiled, part, dual) for part in parts], len(places))

    def _krige_squares(self, model: Compiled, places: Vector, values: Vector) -> Estimates:
        """Level by level: what lies in squares with too many data is left to squares of half the side."""
        side = self.neighbourhood.shared or np.inf
        out = Estimates(np.zeros((len(places), values.shape[1])), np.zeros(len(places)), np.zeros(len(places)))
        left = np.arange(len(places))
        for _ in range(LEVELS):
            found, crowded = self._krige_level(model, places[left], values, side)
            _put(out, left, found)
            left, side = left[crowded], side / 2.0
            if not len(left):
                return out
        _put(out, left, super().krige(places[left], values))
        return out

    def _krige_level(
        self, model: Compiled, places: Vector, values: Vector, side: float
    ) -> tuple[Estimates, NDArray[np.bool_]]:
        """Estimates (b,) by squares of one side, and which of them are missing, as their square holds too many data."""
        b = len(places)
        square = np.floor(turned(places[:, :2], self.neighbourhood.turn) / side).astype(np.int64)
        order = np.lexsort((square[:, 0], square[:, 1]))
        ahead = np.ones(b, dtype=bool)
        ahead[1:] = (np.diff(square[order], axis=0) != 0).any(axis=1)
        starts = np.append(np.flatnonzero(ahead), b)
        corners = square[order[starts[:-1]]] * side
        strips, data = self._data(model, values)
        targets = (model.turned(places), self._basis(places), order, starts, corners)
        limits = (self.k, CROWD * self.k, side, self._likely_reach)
        out = (np.zeros((b, values.shape[1])), np.zeros(b), np.zeros(b), np.zeros(b, dtype=np.bool_))

        def squares_from(start: int) -> None:
            part = (start, min(start + SQUARES, len(corners)))
            _krige_squares(model.numbers, strips, data, targets, part, limits, out)

        for _ in in_parallel(squares_from, range(0, len(corners), SQUARES)):
            pass
        return Estimates(*out[:3]), out[3]


def _put(whole: Estimates, at: Index, part: Estimates) -> None:
    whole.mean[at], whole.variance[at], whole.lagrange[at] = part.mean, part.variance, part.lagrange


@inner
def _substitute(lower: Vector, k: int, rows: Vector) -> None:  # pragma: no cover - compiled
    """L⁻¹ in place of 16 right sides, the first eight in the even rows (2k, 8); inverted diagonals."""
    for i in range(0, k, 2):
        a = i * (i + 1) // 2
        b = a + i + 1
        ax, ay, bx, by = load(rows, 2 * i), load(rows, 2 * i + 1), load(rows, 2 * i + 2), load(rows, 2 * i + 3)
        for m in range(i):
            x, y, am, bm = load(rows, 2 * m), load(rows, 2 * m + 1), spread(lower[a + m]), spread(lower[b + m])
            ax, ay = less_product(ax, am, x), less_product(ay, am, y)
            bx, by = less_product(bx, bm, x), less_product(by, bm, y)
        first, across, second = spread(lower[a + i]), spread(lower[b + i]), spread(lower[b + i + 1])
        ax, ay = product(ax, first), product(ay, first)
        bx, by = product(less_product(bx, across, ax), second), product(less_product(by, across, ay), second)
        store(rows, 2 * i, ax)
        store(rows, 2 * i + 1, ay)
        store(rows, 2 * i + 2, bx)
        store(rows, 2 * i + 3, by)


@inner
def _known(
    batch: Vector, lane: int, k: int, held: int, found: Index, drift: Vector, values: Vector
) -> None:  # pragma: no cover - compiled
    """Trend functions and values of the data as the right sides of one lane."""
    p, first = drift.shape[1], k * (k + 1) // 2
    for a in range(p + values.shape[1]):
        for i in range(k):
            datum = found[min(i, max(held - 1, 0))]
            value = drift[datum, a] if a < p else values[datum, a - p]
            batch[first + a * k + i, lane] = value if i < held else 0.0


@inner
def _unpack(
    batch: Vector, lane: int, k: int, sides: int, roots: Vector, lower: Vector, white: Vector
) -> None:  # pragma: no cover - compiled
    """The factor of one lane as a packed triangle with inverted diagonals, and its whitened right sides (s, k)."""
    for i in range(k):
        row = i * (i + 1) // 2
        for j in range(i):
            lower[row + j] = batch[row + j, lane]
        lower[row + i] = roots[i, lane]
    for side in range(sides):
        for i in range(k):
            white[side, i] = batch[k * (k + 1) // 2 + side * k + i, lane]


@inner
def _cover(
    data: Points, chosen: Index, lane: int, k: int, places: Points, targets: Index, model: tuple[Vector, float, float],
    room: tuple[Vector, Vector, Vector], rows: Vector,
) -> None:  # pragma: no cover - compiled  # fmt: skip
    """Covariances of the data chosen by a lane with up to 16 targets, as rows (2k, 8)."""
    h, x, power = room
    for i in range(k):
        datum = max(chosen[i, lane], 0)
        for t in range(PAIR):
            target = targets[min(t, len(targets) - 1)]
            dx, dy = data[datum, 0] - places[target, 0], data[datum, 1] - places[target, 1]
            h[i * PAIR + t] = np.sqrt(dx * dx + dy * dy)
    n, flat = k * PAIR, rows.reshape(-1)
    correlate(h[:n], model[0], flat[:n], x[:n], power[:n])
    for i in range(k):
        known = 1.0 if chosen[i, lane] >= 0 else 0.0
        for t in range(PAIR):
            at = i * PAIR + t
            flat[at] = known * (flat[at] + (model[2] if h[at] == 0.0 else 0.0))


@inner
def _conclude(
    rows: Vector, k: int, white: Vector, p: int, targets: Index, basis: Vector, sill: float,
    out: tuple[Vector, Vector, Vector, NDArray[np.bool_]], triangle: Vector, multipliers: Vector, gram: Vector,
) -> None:  # pragma: no cover - compiled  # fmt: skip
    """Mean, variance and Lagrange multiplier of up to 16 targets, of their whitened covariances and the right sides."""
    mean, variance, lagrange, _ = out
    sets = mean.shape[1]
    sums = np.zeros((2 * (1 + p + sets), LANES))
    for half in range(2):
        for column in range(1 + p + sets):
            total = spread(0.0)
            for i in range(k):
                w = load(rows, 2 * i + half)
                total = plus_product(total, w, w if column == 0 else spread(white[column - 1, i]))
            store(sums, 2 * column + half, total)
    for t in range(len(targets)):
        half, lane, target = t // LANES, t % LANES, targets[t]
        for a in range(p):
            gram[(a + 1) * (a + 2) // 2, 0] = sums[2 * (1 + a) + half, lane]
        gained, drawn = constrain(gram, 0, basis[target], triangle, multipliers)
        variance[target], lagrange[target] = max(sill - sums[half, lane] + gained, 0.0), drawn
        for column in range(sets):
            total_mean = sums[2 * (1 + p + column) + half, lane]
            for a in range(p):
                total_mean += multipliers[a, 0] * gram[(p + 1) * (p + 2) // 2 + a * sets + column, 0]
            mean[target, column] = total_mean


@inner
def _inner(white: Vector, k: int, p: int, sets: int, gram: Vector) -> None:  # pragma: no cover - compiled
    """Inner products of the whitened trend functions, packed as `constrain` wants them, then those with the values."""
    for a in range(p):
        for b in range(a + 1 + sets):
            column, total = b if b <= a else p + b - a - 1, 0.0
            for i in range(k):
                total += white[a, i] * white[column, i]
            if b <= a:
                gram[(a + 1) * (a + 2) // 2 + b + 1, 0] = total
            else:
                gram[(p + 1) * (p + 2) // 2 + a * sets + b - a - 1, 0] = total


@looped
def _krige_squares(
    model: tuple[Vector, float, float],
    strips: tuple[Points, Index, Vector, Vector],
    data: tuple[Points, Vector, Vector, Vector],
    targets: tuple[Points, Vector, Index, Index, Points],
    part: tuple[int, int],
    limits: tuple[int, int, float, float],
    out: tuple[Vector, Vector, Vector, NDArray[np.bool_]],
) -> None:  # pragma: no cover - compiled
    """Krige the squares of a part, eight factorised side by side.

    `model`, `strips` and `data` as `krige_grouped`. `targets`: places for the covariance, trend functions, their order
    by squares, where each square starts in it and its corner in the search (g, 2). `limits`: the neighbours asked for,
    the most that a square may have, its side, and a likely distance of the farthest. `out`: mean (b, m), variance and
    Lagrange multiplier (b,), and True where the square has too many data.
    """
    xy, drift, extra, values = data
    places, basis, order, starts, corners = targets
    wanted, crowd, side, guess = limits
    crowd, p, sets, n = min(crowd, len(xy)), drift.shape[1], values.shape[1], len(xy)
    crowd += crowd % 2
    sides = (p + sets + 1) // 2 * 2
    found, held, chosen = np.empty(n, np.int64), np.zeros(LANES, np.int64), np.zeros((crowd, LANES), np.int64)
    table, near, box = np.empty(crowd * (crowd + 1) // 2), np.arange(crowd), np.empty(4)
    most = max(len(table), crowd * PAIR)
    room = (np.empty(most), np.empty(most), np.empty(most))
    batch, roots = np.zeros((rows_of(crowd, sides), LANES)), np.zeros((crowd + 1, LANES))
    white, rows = np.zeros((sides, crowd)), np.zeros((2 * crowd, LANES))
    triangle, multipliers = np.zeros((p, p + 1)), np.zeros((p, 1))
    gram = np.zeros(((p + 1) * (p + 2) // 2 + p * sets, 1))
    for first in range(part[0], part[1], LANES):
        last, k = min(first + LANES, part[1]), 2
        for square in range(first, last):
            box[0], box[1] = corners[square, 0], corners[square, 1]
            box[2], box[3] = box[0] + side, box[1] + side
            count, _ = candidates(strips, box, wanted, (guess, np.inf), 0.0, found)
            held[square - first] = count if count <= crowd else 0
            for i in range(held[square - first]):
                chosen[i, square - first] = found[i]
            k = max(k, held[square - first])
        k += k % 2
        for lane in range(last - first):
            for i in range(held[lane]):
                found[i] = chosen[i, lane]
            tabulate(xy, found, held[lane], model[0], table, room)
            fill(batch, lane, k, table, near, held[lane], found, model[1], extra, chosen)
            _known(batch, lane, k, held[lane], found, drift, values)
        factorise(batch, k, sides, roots, model[1])
        for lane in range(last - first):
            begin, end = starts[first + lane], starts[first + lane + 1]
            if held[lane] == 0:
                for i in range(begin, end):
                    out[3][order[i]] = True
                continue
            own = held[lane] + held[lane] % 2
            _unpack(batch, lane, k, p + sets, roots, table, white)
            _inner(white, k, p, sets, gram)
            for start in range(begin, end, PAIR):
                chunk = order[start : min(start + PAIR, end)]
                _cover(xy, chosen, lane, own, places, chunk, model, room, rows)
                _substitute(table, own, rows)
                _conclude(rows, own, white, p, chunk, basis, model[1], out, triangle, multipliers, gram)
