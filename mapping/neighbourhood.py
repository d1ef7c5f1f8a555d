"""Which data a place is predicted from, when it is not all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mapping.arrays import Vector
from mapping.covariance import ROUND, turn

OCTANTS = 8


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The `maximum` nearest data within `radius` metres; places that have fewer than `minimum` get no value (NaN).

    Where `ratio` < 1 the search is an ellipse: `radius` is its longest half axis, in the direction `angle` (degrees
    clockwise from north), and `ratio` of it the shortest; which data are nearest is seen likewise. With `octants`, at
    most an eighth of the maximum is taken from each of the eight directions, which keeps clusters from crowding out
    the rest; that needs a radius.

    With `shared` (metres), all places in a square of that side, of a lattice fixed in the coordinates, have the same
    data: those within the distance of the square that the maximum-th nearest datum has from its middle. It costs less
    and keeps more data, but the map has seams where squares meet, as faint as those data are far away.
    """

    maximum: int = 32
    minimum: int = 1
    radius: float | None = None
    angle: float = 0.0
    ratio: float = 1.0
    octants: bool = False
    shared: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.minimum <= self.maximum:
            raise ValueError(
                f"neighbours need 1 <= minimum <= maximum, got minimum {self.minimum} and maximum {self.maximum}"
            )
        if self.radius is not None and not (np.isfinite(self.radius) and self.radius > 0.0):
            raise ValueError(f"the radius of a search must be finite and above zero metres, got {self.radius}")
        if not (np.isfinite(self.angle) and 0.0 < self.ratio <= 1.0):
            raise ValueError(
                f"a search ellipse needs a finite angle and a ratio in (0, 1], got {self.angle} and {self.ratio}"
            )
        if self.octants and (self.radius is None or self.maximum < OCTANTS):
            raise ValueError("a search by octants needs a radius and a maximum of 8 or more neighbours")
        if self.shared is not None and not (np.isfinite(self.shared) and self.shared > 0.0):
            raise ValueError(f"squares that share neighbours need a side above zero metres, got {self.shared}")
        if self.shared is not None and (self.octants or self.radius is not None):
            raise ValueError("squares that share neighbours take all near data: no radius and no octants")

    @property
    def turn(self) -> Vector:
        """The matrix (2, 2) that takes coordinates to where the search is round."""
        return turn(ROUND if self.ratio == 1.0 else (self.angle % 180.0, self.ratio))

    def describe(self) -> str:
        """For a reader: `32 nearest within 2000 m, by octants`."""
        text = f"{self.maximum} nearest"
        text += "" if self.radius is None else f" within {self.radius:g} m"
        text += "" if self.ratio == 1.0 else f" (at {self.angle % 180.0:g}°, {self.ratio:g} of it across)"
        text += ", by octants" if self.octants else ""
        text += "" if self.shared is None else f", shared by squares of {self.shared:g} m"
        return text + ("" if self.minimum == 1 else f", {self.minimum} at least")

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        return asdict(self)


def neighbourhood_of(given: int | Neighbourhood) -> Neighbourhood:
    """A neighbourhood from itself or from the number of nearest data."""
    return given if isinstance(given, Neighbourhood) else Neighbourhood(given)


def stored_neighbours(given: int | Neighbourhood | None) -> int | dict[str, Any] | None:
    """As JSON types."""
    return given.to_dict() if isinstance(given, Neighbourhood) else given


def given_neighbours(stored: int | Mapping[str, Any] | None) -> int | Neighbourhood | None:
    """What was stored."""
    return Neighbourhood(**stored) if isinstance(stored, Mapping) else stored
