"""Every interpolation method by name: the command line, the service and the law tests read this table.

A method must give a predictive distribution. Inverse distance and nearest neighbour give a number only: they stand in
`mapping.baselines`, for `mapping.comparison` to hold the methods against.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mapping.kriging import Kriging
from mapping.scale import ScaleToFit, as_scale
from mapping.transform import Transform


def ordinary_kriging(transform: Transform | ScaleToFit | str = "log", **parameters: Any) -> Kriging:
    """Kriging with an unknown mean: the default."""
    return _kriging("ordinary", transform, parameters)


def simple_kriging(transform: Transform | ScaleToFit | str = "log", **parameters: Any) -> Kriging:
    """Kriging with a known mean, that of the samples unless `mean` is given."""
    return _kriging("simple", transform, parameters)


def universal_kriging(transform: Transform | ScaleToFit | str = "log", **parameters: Any) -> Kriging:
    """Kriging with a trend in the covariates of the samples and a polynomial in the coordinates."""
    return _kriging("universal", transform, parameters)


def _kriging(kind: str, transform: Transform | ScaleToFit | str, parameters: dict[str, Any]) -> Kriging:
    scale = as_scale(transform)
    if isinstance(scale, ScaleToFit):
        return Kriging(kind=kind, scale=scale, **parameters)
    return Kriging(kind=kind, transform=scale, **parameters)


METHODS: dict[str, Callable[..., Kriging]] = {
    "ordinary-kriging": ordinary_kriging,
    "simple-kriging": simple_kriging,
    "universal-kriging": universal_kriging,
}
"""Recipe factories: the keyword arguments of `Kriging` except `kind`; a transform may be given by its name."""


def method_named(name: str) -> Callable[..., Kriging]:
    """The factory called `name`; ValueError that lists the known ones."""
    try:
        return METHODS[name]
    except KeyError:
        raise ValueError(f"no method is called {name!r}; known are {', '.join(METHODS)}") from None
