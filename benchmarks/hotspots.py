"""Getis-Ord Gi* against esda: from coordinates to z."""

from collections.abc import Iterator
from importlib.metadata import version

import numpy as np
from esda.getisord import G_Local
from libpysal.weights import DistanceBand

from benchmarks.line import Line, seconds
from mapping.hotspots import standard_scores
from mapping.neighbours import Neighbours

BAND = 300.0


def lines() -> Iterator[Line]:
    """The analytic scores of 10,000 samples."""
    rng = np.random.default_rng(2)
    xy, value = rng.uniform(0, 10_000, (10_000, 2)), rng.lognormal(3, 1, 10_000)

    def ours() -> np.ndarray:
        return standard_scores(Neighbours.within(xy, BAND), value, star=True)[0]

    def theirs() -> np.ndarray:
        weights = DistanceBand(xy, BAND, silence_warnings=True)
        return np.asarray(G_Local(value, weights, transform="B", permutations=0, star=True).Zs)

    np.testing.assert_allclose(ours(), theirs(), rtol=1e-6, atol=1e-8)
    yield Line(
        work="Gi* of 10,000 samples, from coordinates to z",
        unit="samples",
        ours=len(xy) / seconds(ours),
        peer=f"esda {version('esda')}",
        theirs=len(xy) / seconds(theirs, repeats=1),
        settings=f"distance band {BAND:g} m, no permutations",
    )
