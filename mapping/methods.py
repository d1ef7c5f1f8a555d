"""Every interpolation method by name: the command line, the service and the law tests read this table.

A method must give a predictive distribution. Inverse distance and nearest neighbour give a number only, and so
have no place here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mapping.kriging import Kriging
from mapping.transform import Transform, as_transform


def ordinary_kriging(transform: Transform | str = "log", **parameters: Any) -> Kriging:
    """Kriging with an unknown mean: the default."""
    return Kriging(kind="ordinary", transform=as_transform(transform), **parameters)


def simple_kriging(transform: Transform | str = "log", **parameters: Any) -> Kriging:
    """Kriging with a known mean, that of the samples unless `mean` is given."""
    return Kriging(kind="simple", transform=as_transform(transform), **parameters)


def universal_kriging(transform: Transform | str = "log", **parameters: Any) -> Kriging:
    """Kriging with a trend in the covariates of the samples and a polynomial in the coordinates."""
    return Kriging(kind="universal", transform=as_transform(transform), **parameters)


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
