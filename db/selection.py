"""What is asked of the tables: bounds, a period, a contaminant, free of HTTP; every value is bound, never spliced."""

import datetime as dt
import math
from dataclasses import dataclass

from db.filtering import Filter


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box in degrees; one whose west lies east of its east crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(edge) for edge in (self.west, self.south, self.east, self.north)):
            raise ValueError("the four edges of a box must be finite numbers")
        if self.south > self.north:
            raise ValueError(f"the south of a box, {self.south:g}, must not lie north of its north, {self.north:g}")
        if not (self.south >= -90 and self.north <= 90):
            raise ValueError("the latitudes of a box must lie between -90 and 90")
        if not (-180 <= self.west <= 180 and -180 <= self.east <= 180):
            raise ValueError("the longitudes of a box must lie between -180 and 180")

    @property
    def crosses_antimeridian(self) -> bool:
        """Whether the box is two boxes to a database that knows planes only."""
        return self.west > self.east

    def parts(self) -> tuple["Bounds", ...]:
        """The box as one or two that do not cross the antimeridian."""
        if not self.crosses_antimeridian:
            return (self,)
        return (Bounds(self.west, self.south, 180.0, self.north), Bounds(-180.0, self.south, self.east, self.north))


@dataclass(frozen=True, slots=True)
class Period:
    """A closed interval of days; a missing end is open."""

    start: dt.date | None
    end: dt.date | None

    def __post_init__(self) -> None:
        if self.start and self.end and self.start > self.end:
            raise ValueError(f"a period must not end ({self.end}) before it starts ({self.start})")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows are asked for; what is `None` is not restricted. `named` are properties that the answer must have.

    `transfer_from` is another digestion whose results are to be carried over to `digestion`; rows are those of
    `digestion` alone all the same, and whoever carries over reads the others. Likewise with `splined`, which asks for
    profiles to be brought to the `depth` from whatever layers they were sampled in.
    """

    contaminant: str | None = None
    bounds: Bounds | None = None
    period: Period | None = None
    dataset: str | None = None
    medium: str | None = None
    digestion: str | None = None
    transfer_from: str | None = None
    basis: str | None = None
    depth: tuple[float, float] | None = None
    splined: bool | None = None
    filter: Filter | None = None
    named: frozenset[str] = frozenset()
    visibilities: tuple[str, ...] = ("public",)
