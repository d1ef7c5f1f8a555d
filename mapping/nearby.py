"""Kriging of many places, each from its nearest data, as compiled loops.

Places close to each other have most of their data in common: a group of them shares one search and one table of
covariances between the data that any of them may need. Each place then picks its own data and solves its own system,
so that its value does not depend on the group it happened to be in.
"""

# ruff: noqa: PLR0913, PLR0917  compiled loops take arrays, not objects

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Points, Vector
from mapping.batch import constrain, factorise, products, rows_of, weigh
from mapping.compiled import correlate
from mapping.loops import inner, looped
from mapping.strips import gather, kth_smallest
from mapping.vectors import LANES

Index = NDArray[np.int64]
GROUP = 32
"""Places that share a search, at most."""
SLACK = 1e-9
"""Of a distance, added to bounds lest rounding lose a place that lies on one."""
ROUNDING = 1e-15
"""The same of coordinates."""
LEAST, FAR = 1e-300, 1.7e308


@looped
def grouped(xy: Points, many: int, widest: float) -> tuple[Index, Index]:  # pragma: no cover - compiled
    """Places (n, 2) in the order of squares that hold about `many`, and where in it each square starts (g + 1,).

    The squares have sides of at most `widest`, unless these were more than there are places.
    """
    n = len(xy)
    west, south, east, north = xy[0, 0], xy[0, 1], xy[0, 0], xy[0, 1]
    for i in range(n):
        west, south = min(west, xy[i, 0]), min(south, xy[i, 1])
        east, north = max(east, xy[i, 0]), max(north, xy[i, 1])
    area = (east - west) * (north - south)
    side = min(np.sqrt(area * many / n), widest)
    side = max(side, (east - west) / n, (north - south) / n, np.sqrt(area / n))
    columns = int((east - west) / side) + 1 if side > 0.0 else 1
    rows = int((north - south) / side) + 1 if side > 0.0 else 1
    square, first = np.empty(n, np.int64), np.zeros(rows * columns + 1, np.int64)
    for i in range(n):
        column = int((xy[i, 0] - west) / side) if side > 0.0 else 0
        row = int((xy[i, 1] - south) / side) if side > 0.0 else 0
        square[i] = row * columns + column
        first[square[i] + 1] += 1
    for s in range(rows * columns):
        first[s + 1] += first[s]
    order, at = np.empty(n, np.int64), first.copy()
    for i in range(n):
        order[at[square[i]]] = i
        at[square[i]] += 1
    return order, first


@inner
def candidates(
    strips: tuple[Points, Index, Vector, Vector],
    box: Vector,
    k: int,
    bounds: tuple[float, float],
    share: float,
    found: Index,
) -> tuple[int, float]:  # pragma: no cover - compiled
    """Write all data into `found` that lie within a distance of a box; returns their number (as `gather`) and kth.

    `kth` is the distance of the k-th nearest from the middle of the box, or `most` if that is less; a `share` of half
    the diagonal is added: with all of it, the k nearest of any place in the box are among them. The bounds: a guess
    of the distance, and `most`.
    """
    guess, most = bounds
    x, y = 0.5 * (box[0] + box[2]), 0.5 * (box[1] + box[3])
    around, reach, kth, squares = np.array([x, y, x, y]), 1.25 * guess, -1.0, np.empty(0)
    while True:
        count = gather(strips, around, reach, found)
        if kth >= 0.0:
            return count, kth
        if count < k and reach < most:
            reach *= 1.25
            continue
        kth = most
        if k <= count <= len(found):
            squares = np.empty(count)
            for i in range(count):
                dx, dy = strips[0][found[i], 0] - x, strips[0][found[i], 1] - y
                squares[i] = dx * dx + dy * dy
            kth = min(np.sqrt(kth_smallest(squares, count, k)), most)
        around = box
        reach = kth + 0.5 * share * np.sqrt((box[2] - box[0]) ** 2 + (box[3] - box[1]) ** 2)
        reach = min(reach, most) * (1.0 + SLACK) + ROUNDING * (abs(x) + abs(y))


@inner
def _select(
    xy: Points, found: Index, count: int, place: Vector, own: int, rules: tuple[int, int, float],
    room: tuple[Vector, Vector], near: Index,
) -> int:  # pragma: no cover - compiled  # fmt: skip
    """Write into `near` which of the found are to be the data of a place, ascending; returns how many.

    The rules: how many in all, in how many sectors, within which radius. Of equally near ones those that come first
    are taken. The datum `own` is passed over.
    """
    most, sectors, radius = rules
    squares, kept = room
    for i in range(count):
        dx, dy = xy[found[i], 0] - place[0], xy[found[i], 1] - place[1]
        squares[i] = dx * dx + dy * dy
    if own >= 0:
        for i in range(count):
            squares[i] = np.inf if found[i] == own else squares[i]
    if sectors > 1:
        _thin(xy, found, count, place, most // sectors, squares, kept)
    limit = min(radius * radius, FAR)
    if count > most:
        limit = min(limit, kth_smallest(squares, count, most))
    closer = 0
    for i in range(count):
        closer += 1 if squares[i] < limit else 0
    room_left, held = most - closer, 0
    for i in range(count):
        tied = squares[i] == limit and room_left > 0
        if squares[i] < limit or tied:
            near[held] = i
            held += 1
            room_left -= 1 if tied else 0
    return held


@inner
def _thin(
    xy: Points, found: Index, count: int, place: Vector, share: int, squares: Vector, kept: Vector
) -> None:  # pragma: no cover - compiled
    """Move all but the `share` nearest of each octant infinitely far away."""
    for octant in range(8):
        members = 0
        for i in range(count):
            dx, dy = xy[found[i], 0] - place[0], xy[found[i], 1] - place[1]
            own = (1 if dx < 0.0 else 0) + (2 if dy < 0.0 else 0) + (4 if abs(dx) < abs(dy) else 0)
            if own == octant and squares[i] < np.inf:
                kept[members] = squares[i]
                members += 1
        if members <= share:
            continue
        limit, taken = kth_smallest(kept, members, share), 0
        for i in range(members):
            taken += 1 if kept[i] < limit else 0
        for i in range(count):
            dx, dy = xy[found[i], 0] - place[0], xy[found[i], 1] - place[1]
            own = (1 if dx < 0.0 else 0) + (2 if dy < 0.0 else 0) + (4 if abs(dx) < abs(dy) else 0)
            if own == octant and squares[i] >= limit:
                tied = squares[i] == limit and taken < share
                taken += 1 if tied else 0
                squares[i] = limit if tied else np.inf


@inner
def tabulate(
    xy: Points, found: Index, count: int, terms: Vector, table: Vector, room: tuple[Vector, Vector, Vector]
) -> None:  # pragma: no cover - compiled
    """Covariances without nugget between the found, as a packed lower triangle."""
    h, x, power = room
    at = 0
    for i in range(count):
        east, north = xy[found[i], 0], xy[found[i], 1]
        for j in range(i + 1):
            dx, dy = xy[found[j], 0] - east, xy[found[j], 1] - north
            h[at + j] = dx * dx + dy * dy
        at += i + 1
    for i in range(at):
        h[i] = np.sqrt(h[i])
    correlate(h[:at], terms, table[:at], x[:at], power[:at])


@inner
def fill(
    batch: Vector,
    lane: int,
    k: int,
    table: Vector,
    near: Index,
    held: int,
    found: Index,
    sill: float,
    extra: Vector,
    chosen: Index,
) -> None:  # pragma: no cover - compiled
    """The matrix and the data of one lane; unknowns that it has too many know nothing and are known by nothing."""
    for i in range(k):
        row = i * (i + 1) // 2
        if i < held:
            start = near[i] * (near[i] + 1) // 2
            for j in range(i):
                batch[row + j, lane] = table[start + near[j]]
            chosen[i, lane] = found[near[i]]
            batch[row + i, lane] = sill + extra[chosen[i, lane]]
        else:
            for j in range(i):
                batch[row + j, lane] = 0.0
            chosen[i, lane] = -1
            batch[row + i, lane] = sill


@inner
def _sides(
    batch: Vector, k: int, used: int, chosen: Index, data: tuple[Points, Vector, Vector, Vector], places: Vector,
    model: tuple[Vector, float, float], room: tuple[Vector, Vector, Vector, Vector],
) -> None:  # pragma: no cover - compiled  # fmt: skip
    """The right sides: covariances with the places (2, 8), and the trend functions of the data chosen (k, 8)."""
    xy, drift, _, _ = data
    terms, _, nugget = model
    h, x, power, covered = room
    for i in range(k):
        for lane in range(LANES):
            datum = max(chosen[i, lane], 0)
            dx, dy = xy[datum, 0] - places[0, lane], xy[datum, 1] - places[1, lane]
            h[i * LANES + lane] = np.sqrt(dx * dx + dy * dy)
    n, first = k * LANES, k * (k + 1) // 2
    correlate(h[:n], terms, covered[:n], x[:n], power[:n])
    for i in range(k):
        for lane in range(used):
            datum, at = chosen[i, lane], i * LANES + lane
            known = 1.0 if datum >= 0 else 0.0
            batch[first + i, lane] = known * (covered[at] + (nugget if h[at] == 0.0 else 0.0))
            for a in range(drift.shape[1]):
                batch[first + (1 + a) * k + i, lane] = known * drift[max(datum, 0), a]


@inner
def _solve(
    batch: Vector, k: int, used: int, targets: Index, chosen: Index, basis: Vector, values: Vector, sill: float,
    room: tuple[Vector, Vector, Vector, Vector], out: tuple[Vector, Vector, Vector, Vector, Index],
) -> float:  # pragma: no cover - compiled  # fmt: skip
    """Solve a batch and write what it says of its targets; returns the least pivot."""
    roots, gram, triangle, multipliers = room
    mean, variance, lagrange, weights, others = out
    p, first, least = basis.shape[1], k * (k + 1) // 2, np.inf
    factorise(batch, k, (p + 2) // 2 * 2, roots, sill)
    products(batch, k, 1 + p, gram)
    for lane in range(used):
        least = min(least, roots[k, lane])
        gained, drawn = constrain(gram, lane, basis[targets[lane]], triangle, multipliers)
        variance[targets[lane]] = max(sill - gram[0, lane] + gained, 0.0)
        lagrange[targets[lane]] = drawn
    weigh(batch, k, multipliers, roots)
    for lane in range(used):
        for column in range(values.shape[1]):
            total = 0.0
            for i in range(k):
                total += batch[first + i, lane] * values[max(chosen[i, lane], 0), column]
            mean[targets[lane], column] = total
        for i in range(min(weights.shape[1], k)):
            weights[targets[lane], i] = batch[first + i, lane]
            others[targets[lane], i] = chosen[i, lane]
    return least


@looped
def krige_grouped(
    model: tuple[Vector, float, float],
    strips: tuple[Points, Index, Vector, Vector],
    data: tuple[Points, Vector, Vector, Vector],
    targets: tuple[Points, Points, Vector, Index, Index, Index],
    part: tuple[int, int],
    limits: tuple[int, int, int, float, float],
    out: tuple[Vector, Vector, Vector, Vector, Index],
) -> float:  # pragma: no cover - compiled
    """Krige a part of the targets, group by group; returns the least pivot of all systems.

    `model`: terms of a compiled covariance, sill, nugget. `strips` hold the data where the search is round, `data`
    (in the order of the strips) where the covariance is, with trend functions (n, p), extra variances (n,) and values
    (n, m). `targets` (b,): places for the search, places for the covariance, trend functions (b, p), the datum that
    each is (or −1), their order, and where in that order each group starts; `part` of that order is done. `limits`:
    the number of data of each, the least number (fewer give NaN), sectors (1, or 8 with a radius), the radius, and a
    likely distance of the farthest.
    `out`: mean (b, m), variance and Lagrange multiplier (b,), weights and indices (b, k) or (b, 0) of the data.
    """
    terms, sill, _ = model
    most, fewest, sectors, radius, guess = limits
    places, at_model, basis, own, order, groups = targets
    n, k, p = len(strips[0]), most + most % 2, basis.shape[1]
    crowd = min(most + min(2 * most + 32, 256), n)
    found, squares, near = np.empty(n, np.int64), (np.empty(n), np.empty(n)), np.empty(most, np.int64)
    table, h = np.empty(crowd * (crowd + 1) // 2), np.empty(max(crowd * (crowd + 1) // 2, k * LANES))
    x, power, covered, box = np.empty(len(h)), np.empty(len(h)), np.empty(k * LANES), np.empty(4)
    batch, roots = np.zeros((rows_of(k, (p + 2) // 2 * 2), LANES)), np.zeros((k + 1, LANES))
    room = (roots, np.zeros(((p + 1) * (p + 2) // 2, LANES)), np.zeros((p, p + 1)), np.zeros((p, LANES)))
    chosen, lane_places, lane_targets = np.zeros((k, LANES), np.int64), np.zeros((2, LANES)), np.zeros(LANES, np.int64)
    lane, least, group, size, stop, count, alone = 0, np.inf, 0, GROUP, part[0], 0, False
    for at in range(part[0], part[1]):
        fresh = at == stop
        while at == stop:
            while groups[group + 1] <= at:
                group += 1
            stop = min(at + size, groups[group + 1], part[1])
            alone = stop - at == 1
            _surround(places, order, at, stop, box)
            wanted = min(most + (1 if own[order[at]] >= 0 else 0), n) if sectors == 1 else n
            count, kth = candidates(strips, box, wanted, (guess, radius), 1.0, found if alone else found[:crowd])
            guess = max(kth, LEAST) if kth < np.inf else guess
            crowded = count > crowd and not alone
            size = max((stop - at) // 2, 1) if crowded else min(2 * size, GROUP)
            stop = at if crowded else stop
        target = order[at]
        rules = (most, sectors, radius)
        held = _select(strips[0], found, count, places[target], own[target], rules, squares, near)
        if alone:
            count = held
            for i in range(held):
                found[i], near[i] = found[near[i]], i
        if fresh:
            tabulate(data[0], found, count, terms, table, (h, x, power))
        if held >= fewest:
            fill(batch, lane, k, table, near, held, found, sill, data[2], chosen)
            lane_places[0, lane], lane_places[1, lane] = at_model[target, 0], at_model[target, 1]
            lane_targets[lane] = target
            lane += 1
        else:
            _give_up(out, target)
        if lane == LANES or (lane > 0 and at == part[1] - 1):
            _sides(batch, k, lane, chosen, data, lane_places, model, (h, x, power, covered))
            least = min(least, _solve(batch, k, lane, lane_targets, chosen, basis, data[3], sill, room, out))
            lane = 0
    return least


@inner
def _surround(places: Points, order: Index, start: int, stop: int, box: Vector) -> None:  # pragma: no cover - compiled
    """The box (west, south, east, north) of some places."""
    box[0], box[1], box[2], box[3] = np.inf, np.inf, -np.inf, -np.inf
    for i in range(start, stop):
        easting, northing = places[order[i], 0], places[order[i], 1]
        box[0], box[1] = min(box[0], easting), min(box[1], northing)
        box[2], box[3] = max(box[2], easting), max(box[3], northing)


@inner
def _give_up(out: tuple[Vector, Vector, Vector, Vector, Index], target: int) -> None:  # pragma: no cover - compiled
    """Nothing is known of a target with too few data."""
    for column in range(out[0].shape[1]):
        out[0][target, column] = np.nan
    out[1][target], out[2][target] = np.nan, np.nan
