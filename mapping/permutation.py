"""P-values of neighbourhood sums by permuting values over sites, one set of draws for all sites.

A draw is the beginning of a random order of all n sites. A site with k neighbours takes the first k of it; where it
meets itself there, the next one stands in, which leaves a sample without replacement from the others: the
conditional null of Gi. With equal weights the sums of a draw then depend on k only, so that one sorted table serves
all sites with k neighbours and only the few draws in which a site met itself are looked at one by one. With unequal
weights each site takes every draw, many at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Vector
from mapping.draws import Chosen, Draws
from mapping.loops import inner, looped
from mapping.neighbours import Graph, Index, Neighbours
from mapping.workers import in_parallel

TIE = 1e-11
"""Sums that differ by less than this share of the greatest possible sum are ties: above rounding, below any data."""
SITES_AT_ONCE = 16_384
LANES = 512
"""Draws that a site with unequal weights takes at a time: their values stay in the nearest cache."""


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What is counted for each of n sites: sums of k drawn values that lie `reach` or more from what is `expected`."""

    values: Vector
    k: Index
    expected: Vector
    reach: Vector
    itself: bool

    @property
    def needed(self) -> Index:
        """How many drawn values (n,) the sum of a site has, its own included where all are permuted."""
        return np.where(self.k > 0, self.k + self.itself, 0)


def permutation_p(values: Vector, own: Vector | None, graph: Graph, draws: int, seed: int) -> Vector:
    """Two-sided p (n,) = (b + 1) / (draws + 1) of the weighted sums of `values` (n,) over the neighbours.

    b counts the draws whose sum lies as far from its expectation as the observed one or farther, ties included on
    both sides. Without `own` the value of each site is kept and those of the others are permuted. With `own`, the
    weight (n,) of the site itself, all values are permuted. Sites without neighbours get 1.
    """
    asked = _asked(values - values.mean(), own, graph)
    longest = int(graph.counts.max(initial=0)) + 1
    block = Draws.of(draws, longest, graph.n, seed)
    unequal = _unequal(graph, own)
    counts = np.zeros(graph.n, dtype=np.int64)
    if not unequal.all():
        equal = np.where(unequal, 0, asked.k)
        for part in in_parallel(lambda number: _counts_equal(asked, equal, block.block(number)), block.blocks()):
            counts += part
    if unequal.any():
        assert isinstance(graph, Neighbours)  # noqa: S101 - no other has unequal weights
        counts += _counts_unequal(asked, own, graph, np.flatnonzero(unequal), block)
    p = (counts + 1.0) / (draws + 1.0)
    p[graph.islands] = 1.0
    return np.asarray(p)


def _asked(centred: Vector, own: Vector | None, graph: Graph) -> _Asked:
    weight = graph.row_sums()
    observed = graph.lag(centred) + (own * centred if own is not None else 0.0)
    expected = np.zeros(graph.n) if own is not None else -weight * centred / max(graph.n - 1, 1)
    total = weight + (own if own is not None else 0.0)
    scale = np.where(_unequal(graph, own), 1.0, graph.heaviest)
    reach = np.abs(observed - expected) - TIE * (total + graph.heaviest) * np.abs(centred).max(initial=0.0)
    return _Asked(centred, graph.counts, expected / scale, reach / scale, own is not None)


def _unequal(graph: Graph, own: Vector | None) -> NDArray[np.bool_]:
    """Where (n,) the weights of a site are not all the same."""
    unequal = np.zeros(graph.n, dtype=np.bool_)
    if isinstance(graph, Neighbours) and graph.weights.strides != (0,):
        rows, heaviest = graph.rows, graph.heaviest
        unequal[rows[graph.weights < heaviest[rows] * (1.0 - 1e-12)]] = True
        if own is not None:
            unequal |= ~np.isclose(own, heaviest, rtol=1e-12, atol=0.0)
    return unequal


def _counts_equal(asked: _Asked, k: Index, chosen: Chosen) -> Index:
    """The counts b (n,) of the sites with k > 0 neighbours of one weight each."""
    needed = np.where(k > 0, asked.needed, 0)
    sizes = np.flatnonzero(np.bincount(needed, minlength=2))
    sizes = sizes[sizes > 0]
    tables = np.sort(_tables(chosen, asked.values, sizes), axis=1)
    slot = np.full(int(needed.max()) + 1, -1, dtype=np.int64)
    slot[sizes] = np.arange(len(sizes))
    counts = np.zeros(len(k), dtype=np.int64)
    _count_as_far(tables, slot[needed], asked.expected, asked.reach, counts)
    if not asked.itself:
        _count_stand_ins(chosen, asked.values, needed, asked.expected, asked.reach, counts)
    return counts


@looped
def _tables(chosen: Chosen, values: Vector, sizes: Index) -> Vector:  # pragma: no cover - compiled
    """The sums (sizes, draws) of the first values of each draw, as many as each of the ascending sizes says."""
    tables = np.empty((len(sizes), len(chosen)))
    for draw in range(len(chosen)):
        total, taken = 0.0, 0
        for size in range(len(sizes)):
            while taken < sizes[size]:
                total += values[chosen[draw, taken]]
                taken += 1
            tables[size, draw] = total
    return tables


@looped
def _count_as_far(
    tables: Vector, slot: Index, expected: Vector, reach: Vector, counts: Index
) -> None:  # pragma: no cover - compiled
    """Add to the counts (n,) the sums in the sorted table of each site as far from the expected as its own."""
    for site in range(len(slot)):
        if slot[site] < 0:
            continue
        table = tables[slot[site]]
        if reach[site] <= 0.0:
            counts[site] += len(table)
        else:
            below = np.searchsorted(table, expected[site] - reach[site], side="right")
            above = len(table) - np.searchsorted(table, expected[site] + reach[site], side="left")
            counts[site] += below + above


@looped
def _count_stand_ins(
    chosen: Chosen, values: Vector, k: Index, expected: Vector, reach: Vector, counts: Index
) -> None:  # pragma: no cover - compiled
    """Change the counts (n,) by what differs when the next site stands in wherever a draw meets the site itself."""
    length = chosen.shape[1]
    prefix = np.empty(length + 1)
    prefix[0] = 0.0
    for draw in range(len(chosen)):
        for place in range(length):
            prefix[place + 1] = prefix[place] + values[chosen[draw, place]]
        for place in range(length):
            site = chosen[draw, place]
            if place < k[site]:
                plain, standing_in = prefix[k[site]], prefix[k[site] + 1] - values[site]
                counts[site] += abs(standing_in - expected[site]) >= reach[site]
                counts[site] -= abs(plain - expected[site]) >= reach[site]


def _counts_unequal(asked: _Asked, own: Vector | None, graph: Neighbours, sites: Index, draws: Draws) -> Index:
    """The counts b (n,) of `sites`, whose weights differ: every draw by itself."""
    counts = np.zeros(graph.n, dtype=np.int64)
    starts = range(0, len(sites), SITES_AT_ONCE)
    last = np.ones(0) if own is None else own
    for number in draws.blocks():
        chosen = draws.block(number)
        met = _meetings(chosen, graph.n)

        def count(start: int, chosen: Chosen = chosen, met: tuple[Chosen, Chosen] = met) -> None:
            part = sites[start : start + SITES_AT_ONCE]
            rows = (graph.indptr, graph.weights, last)
            _count_each(part, asked.values, rows, asked.expected, asked.reach, (chosen, *met), counts)

        for _ in in_parallel(count, starts):
            pass
    return counts


@looped
def _meetings(chosen: Chosen, n: int) -> tuple[Chosen, Chosen]:  # pragma: no cover - compiled
    """Where sites stand in the draws, as chains: the latest entry (n,) of each, and the one before an entry."""
    latest = np.full(n, -1, dtype=np.int32)
    before = np.empty(chosen.size, dtype=np.int32)
    flat = chosen.ravel()
    for entry in range(len(flat)):
        before[entry] = latest[flat[entry]]
        latest[flat[entry]] = entry
    return latest, before


@looped
def _count_each(
    sites: Index,
    values: Vector,
    rows: tuple[Index, Vector, Vector],
    expected: Vector,
    reach: Vector,
    drawn: tuple[Chosen, Chosen, Chosen],
    counts: Index,
) -> None:  # pragma: no cover - compiled
    indptr, weights, own = rows
    chosen = drawn[0]
    lanes, total = np.empty((chosen.shape[1], LANES)), np.empty(LANES)
    for first in range(0, len(chosen), LANES):
        held = min(LANES, len(chosen) - first)
        _laid_out(chosen[first : first + held], values, lanes)
        for site in sites:
            row = weights[indptr[site] : indptr[site + 1]]
            total[:] = -expected[site]
            if len(own):
                _add(lanes[len(row)], own[site], total)
            counts[site] += _far(row, lanes, total[:held], reach[site])
    if not len(own):
        for site in sites:
            row = weights[indptr[site] : indptr[site + 1]]
            counts[site] += _stand_in(site, row, values, expected[site], reach[site], drawn)


@inner
def _laid_out(chosen: Chosen, values: Vector, lanes: Vector) -> None:  # pragma: no cover - compiled
    """The drawn values, one line (length, lanes) for each place of the draws."""
    for lane in range(len(chosen)):
        for place in range(len(lanes)):
            lanes[place, lane] = values[chosen[lane, place]]


@inner
def _add(line: Vector, weight: float, total: Vector) -> None:  # pragma: no cover - compiled
    for lane in range(len(total)):
        total[lane] += weight * line[lane]


@inner
def _far(row: Vector, lanes: Vector, total: Vector, reach: float) -> int:  # pragma: no cover - compiled
    """In how many lanes the weighted sum of the first values, added to the total, lies at least `reach` from zero."""
    for place in range(len(row)):
        _add(lanes[place], row[place], total)
    far = 0
    for lane in range(len(total)):
        far += int(abs(total[lane]) >= reach)
    return far


@inner
def _stand_in(
    site: int, row: Vector, values: Vector, expected: float, reach: float, drawn: tuple[Chosen, Chosen, Chosen]
) -> int:  # pragma: no cover - compiled
    """What the count of a site changes by where it met itself and the next one stands in."""
    chosen, latest, before = drawn
    k, length, change = len(row), chosen.shape[1], 0
    entry = latest[site]
    while entry >= 0:
        draw, met = entry // length, entry % length
        if met < k:
            plain = -expected
            for place in range(k):
                plain += row[place] * values[chosen[draw, place]]
            standing_in = plain + row[met] * (values[chosen[draw, k]] - values[site])
            change += int(abs(standing_in) >= reach) - int(abs(plain) >= reach)
        entry = before[entry]
    return change
