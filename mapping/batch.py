"""The linear algebra of small kriging systems, eight side by side in the lanes of the processor's vectors.

A batch holds, element by element next to each other, eight packed lower triangles of k × k covariances (k even) and
below them s right sides (s even) of length k: the covariances with the place, and the trend functions of the data.
What happens in a lane depends on its system alone.
"""

from __future__ import annotations

import numpy as np

from mapping.arrays import Vector
from mapping.loops import inner
from mapping.vectors import (
    inverse_root,
    less_product,
    load,
    plus_product,
    product,
    smaller,
    spread,
    store,
)

FLAT = 1e-9
"""Of its own length: what is left of a trend function that the others and the near data explain."""
TINY = 1e-14
"""Of the sill: the least pivot that is divided by."""


@inner
def rows_of(k: int, sides: int) -> int:  # pragma: no cover - compiled
    """Rows of a batch."""
    return k * (k + 1) // 2 + sides * k


@inner
def _eliminate(batch: Vector, a: int, b: int, upto: int, roots: Vector) -> None:  # pragma: no cover - compiled
    """Take the first `upto` unknowns out of the two rows that start at a and b; two by two stay in registers."""
    for j in range(0, upto, 2):
        c = j * (j + 1) // 2
        d = c + j + 1
        ac, ad, bc, bd = load(batch, a + j), load(batch, a + j + 1), load(batch, b + j), load(batch, b + j + 1)
        for m in range(j):
            am, bm, cm, dm = load(batch, a + m), load(batch, b + m), load(batch, c + m), load(batch, d + m)
            ac, ad = less_product(ac, am, cm), less_product(ad, am, dm)
            bc, bd = less_product(bc, bm, cm), less_product(bd, bm, dm)
        ac, bc = product(ac, load(roots, j)), product(bc, load(roots, j))
        across = load(batch, d + j)
        ad = product(less_product(ad, ac, across), load(roots, j + 1))
        bd = product(less_product(bd, bc, across), load(roots, j + 1))
        store(batch, a + j, ac)
        store(batch, a + j + 1, ad)
        store(batch, b + j, bc)
        store(batch, b + j + 1, bd)


@inner
def factorise(batch: Vector, k: int, sides: int, roots: Vector, sill: float) -> None:  # pragma: no cover - compiled
    """Cholesky factors and whitened right sides in place.

    `roots` (k + 1, 8) receives the inverse diagonals of the factors, and in its last row the least pivots.
    """
    least, tiny = spread(np.inf), spread(TINY * sill)
    for i in range(0, k, 2):
        a = i * (i + 1) // 2
        b = a + i + 1
        _eliminate(batch, a, b, i, roots)
        aa, ab, bb = load(batch, a + i), load(batch, b + i), load(batch, b + i + 1)
        for m in range(i):
            am, bm = load(batch, a + m), load(batch, b + m)
            aa, ab, bb = less_product(aa, am, am), less_product(ab, am, bm), less_product(bb, bm, bm)
        root = inverse_root(aa, tiny)
        ab = product(ab, root)
        bb = less_product(bb, ab, ab)
        least = smaller(smaller(least, aa), bb)
        store(batch, b + i, ab)
        store(roots, i, root)
        store(roots, i + 1, inverse_root(bb, tiny))
    store(roots, k, least)
    first = k * (k + 1) // 2
    for side in range(0, sides, 2):
        _eliminate(batch, first + side * k, first + side * k + k, k, roots)


@inner
def products(batch: Vector, k: int, sides: int, gram: Vector) -> None:  # pragma: no cover - compiled
    """Inner products of the whitened right sides, packed (s (s + 1) / 2, 8)."""
    first, at = k * (k + 1) // 2, 0
    for a in range(sides):
        for b in range(a + 1):
            total = spread(0.0)
            for i in range(k):
                total = plus_product(total, load(batch, first + a * k + i), load(batch, first + b * k + i))
            store(gram, at, total)
            at += 1


@inner
def weigh(batch: Vector, k: int, multipliers: Vector, roots: Vector) -> None:  # pragma: no cover - compiled
    """The weights in place of the first right side: L⁻ᵀ(c + F t), of whitened c and F and multipliers t (p, 8)."""
    first = k * (k + 1) // 2
    for i in range(k):
        total = load(batch, first + i)
        for a in range(len(multipliers)):
            total = plus_product(total, load(batch, first + (a + 1) * k + i), load(multipliers, a))
        store(batch, first + i, total)
    for i in range(k - 1, -1, -1):
        weight = product(load(batch, first + i), load(roots, i))
        store(batch, first + i, weight)
        row = i * (i + 1) // 2
        for m in range(i):
            store(batch, first + m, less_product(load(batch, first + m), load(batch, row + m), weight))


@inner
def constrain(
    gram: Vector, lane: int, basis: Vector, triangle: Vector, multipliers: Vector
) -> tuple[float, float]:  # pragma: no cover - compiled
    """The multipliers t of one lane, (FᵀC⁻¹F) t = f − FᵀC⁻¹c; returns (f − FᵀC⁻¹c)ᵀt and fᵀt.

    A direction that few near data leave open is taken to be flat. `triangle` (p, p + 1) is room to work in.
    """
    p = len(basis)
    for a in range(p):
        row = (a + 1) * (a + 2) // 2
        rest = basis[a] - gram[row, lane]
        own = gram[row + a + 1, lane]
        triangle[a, p] = rest
        left = own
        for b in range(a):
            entry = gram[row + b + 1, lane]
            for m in range(b):
                entry -= triangle[a, m] * triangle[b, m]
            triangle[a, b] = entry * triangle[b, b]
            left -= triangle[a, b] * triangle[a, b]
            rest -= triangle[a, b] * multipliers[b, lane]
        triangle[a, a] = 1.0 / np.sqrt(left) if left > FLAT * own else 0.0
        multipliers[a, lane] = rest * triangle[a, a]
    gained, drawn = 0.0, 0.0
    for a in range(p - 1, -1, -1):
        multipliers[a, lane] *= triangle[a, a]
        for b in range(a):
            multipliers[b, lane] -= triangle[a, b] * multipliers[a, lane]
        gained += triangle[a, p] * multipliers[a, lane]
        drawn += basis[a] * multipliers[a, lane]
    return gained, drawn
