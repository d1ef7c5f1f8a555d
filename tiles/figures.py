"""The figures of one distribution, quickly: what is asked of a place, thousands of times a second."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tiles.quantity import Quantity, Shown

Z95 = 1.6448536269514722
"""The 95 % quantile of the standard normal distribution."""


def figures(bands: NDArray[np.float32], transform: str, shown: Mapping[str, Shown]) -> dict[str, float | None]:
    """What each of `shown` is at a place, from its bands (bands,); null where there is nothing.

    The usual figures of a lognormal distribution are computed without arrays; the same to rounding.
    """
    if math.isnan(bands[0]):
        return dict.fromkeys(shown)
    if transform == "log" and all(isinstance(each, Quantity) and each.limit is None for each in shown.values()):
        known = _lognormal(*(float(band) for band in bands))
        found = {name: known.get((each.name, getattr(each, "p", None))) for name, each in shown.items()}
        if None not in found.values():
            return dict(found)
    values = {name: float(each.of(bands, transform)) for name, each in shown.items()}
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def _lognormal(mu: float, sigma: float, lagrange: float) -> dict[tuple[str, float | None], float]:
    variance = sigma * sigma
    try:
        return {
            ("expected", None): math.exp(mu + variance / 2.0 - lagrange),
            ("median", None): math.exp(mu),
            ("sd", None): math.sqrt(math.exp(mu + variance / 2.0) ** 2 * math.expm1(variance)),
            ("quantile", 0.05): math.exp(mu - Z95 * sigma),
            ("quantile", 0.95): math.exp(mu + Z95 * sigma),
        }
    except OverflowError:
        return {}
