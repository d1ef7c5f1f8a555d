"""P-values of neighbourhood sums by permuting values over sites, one set of draws for all sites.

A draw is the beginning of a random order of all n sites. A site with k neighbours takes the first k of it; where it
meets itself there, the next one stands in, which leaves a sample without replacement from the others: the
conditional null of Gi. With equal weights the sums of a draw then depend on k only, so that one sorted table serves
all sites with k neighbours and only the few draws in which a site met itself are looked at one by one.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Vector
from mapping.neighbours import Index, Neighbours

TIE = 1e-11
"""Sums that differ by less than this share of the greatest possible sum are ties: above rounding, below any data."""


def permutation_p(values: Vector, own: Vector | None, graph: Neighbours, draws: int, seed: int) -> Vector:
    """Two-sided p (n,) = (b + 1) / (draws + 1) of the weighted sums of `values` (n,) over the neighbours.

    b counts the draws whose sum lies as far from its expectation as the observed one or farther, ties included on
    both sides. Without `own` the value of each site is kept and those of the others are permuted. With `own`, the
    weight (n,) of the site itself, all values are permuted. Sites without neighbours get 1.
    """
    centred = values - values.mean()
    longest = int(graph.counts.max(initial=0)) + 1
    rng = np.random.default_rng(seed)
    order = _beginnings(rng.random((draws, min(longest, graph.n))), graph.n)
    counts = _counts_equal(centred, own is not None, graph, order)
    for site in np.flatnonzero(_unequal(graph, own)).tolist():
        counts[site] = _count_one(site, centred, own, graph, order)
    p = (counts + 1.0) / (draws + 1.0)
    p[graph.islands] = 1.0
    return np.asarray(p)


def _unequal(graph: Neighbours, own: Vector | None) -> NDArray[np.bool_]:
    unequal = np.zeros(graph.n, dtype=np.bool_)
    rows, first = graph.rows, graph.weights[graph.indptr[:-1][graph.rows]]
    unequal[rows[~np.isclose(graph.weights, first, rtol=1e-12, atol=0)]] = True
    if own is not None:
        unequal[rows[~np.isclose(graph.weights, own[rows], rtol=1e-12, atol=0)]] = True
    return unequal


@numba.njit(cache=True)
def _beginnings(uniform: Vector, n: int) -> Index:  # pragma: no cover - compiled
    """The first sites of a random order of n for each row of uniforms: a Fisher-Yates shuffle, begun and undone."""
    draws, length = uniform.shape
    order = np.arange(n)
    chosen = np.empty((draws, length), dtype=np.int64)
    swapped = np.empty(length, dtype=np.int64)
    for draw in range(draws):
        for place in range(length):
            other = place + int(uniform[draw, place] * (n - place))
            order[place], order[other] = order[other], order[place]
            chosen[draw, place] = order[place]
            swapped[place] = other
        for place in range(length - 1, -1, -1):
            other = swapped[place]
            order[place], order[other] = order[other], order[place]
    return chosen


def _counts_equal(values: Vector, star: bool, graph: Neighbours, order: Index) -> Index:
    """The counts b (n,) as if every weight were one."""
    k = graph.counts
    sums = np.cumsum(values[order], axis=1)
    observed = np.bincount(graph.rows, values[graph.indices], graph.n) + (values if star else 0.0)
    expected = np.zeros(graph.n) if star else -k * values / (graph.n - 1)
    reach = np.abs(observed - expected) - TIE * (k + 1) * np.abs(values).max(initial=0.0)
    counts = np.zeros(graph.n, dtype=np.int64)
    for size in np.unique(k[k > 0]):
        sites = np.flatnonzero(k == size)
        table = np.sort(sums[:, size if star else size - 1])
        counts[sites] = _as_far(table, expected[sites], reach[sites])
    return counts if star else counts + _met_itself(values, k, order, sums, expected, reach)


def _as_far(table: Vector, expected: Vector, reach: Vector) -> Index:
    above = len(table) - np.searchsorted(table, expected + reach, side="left")
    below = np.searchsorted(table, expected - reach, side="right")
    return np.asarray(np.where(reach <= 0, len(table), above + below))


def _met_itself(values: Vector, k: Index, order: Index, sums: Vector, expected: Vector, reach: Vector) -> Index:
    """What the counts (n,) change by when the next site stands in wherever a draw meets the site itself."""
    draw, place = np.divmod(np.arange(order.size), order.shape[1])
    site = order.ravel()
    met = place < k[site]
    draw, site = draw[met], site[met]
    plain = sums[draw, k[site] - 1]
    standing_in = sums[draw, k[site]] - values[site]
    now = np.abs(standing_in - expected[site]) >= reach[site]
    before = np.abs(plain - expected[site]) >= reach[site]
    change = np.bincount(site, now.astype(np.float64) - before, len(k))
    return np.rint(change).astype(np.int64)


def _count_one(site: int, values: Vector, own: Vector | None, graph: Neighbours, order: Index) -> int:
    """The count b of one site by taking every draw by itself, for weights of any kind."""
    start, stop = graph.indptr[site : site + 2]
    weights, k = graph.weights[start:stop], int(stop - start)
    observed = float(weights @ values[graph.indices[start:stop]])
    if own is None:
        taken = order[:, :k].copy()
        met = taken == site
        taken[met] = order[met.any(axis=1), k]
        expected = -weights.sum() * values[site] / (graph.n - 1)
    else:
        taken, weights = order[:, : k + 1], np.append(weights, own[site])
        observed, expected = observed + own[site] * float(values[site]), 0.0
    reach = abs(observed - expected) - TIE * weights.sum() * np.abs(values).max(initial=0.0)
    return int((np.abs(values[taken] @ weights - expected) >= reach).sum())
