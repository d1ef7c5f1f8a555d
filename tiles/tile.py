"""The tiles of WebMercatorQuad (OGC 17-083r4, annex D.1) and where they lie."""

import math
from dataclasses import dataclass

RADIUS = 6_378_137.0
HALF = math.pi * RADIUS
"""Half the side of the square world, in web-mercator metres."""
DEEPEST = 24
NORTHERNMOST = 85.05112877980659
"""Latitude at which the square ends; rows beyond it are in no tile."""


@dataclass(frozen=True, slots=True)
class Tile:
    """An existing tile; one that does not exist cannot be built."""

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        side = 1 << self.z if 0 <= self.z <= DEEPEST else 0
        if not (0 <= self.x < side and 0 <= self.y < side):
            raise ValueError(f"no such tile: {self.z}/{self.y}/{self.x}")

    @property
    def last(self) -> int:
        """The largest column and row of this zoom."""
        return (1 << self.z) - 1

    @property
    def width(self) -> float:
        """Side in web-mercator metres."""
        return 2 * HALF / (1 << self.z)

    @property
    def west(self) -> float:
        """Western edge; equal to the last bit to the eastern edge of the neighbour, and to that of the parent."""
        return self.x * self.width - HALF

    @property
    def east(self) -> float:
        """Eastern edge."""
        return (self.x + 1) * self.width - HALF

    @property
    def north(self) -> float:
        """Northern edge."""
        return HALF - self.y * self.width

    @property
    def south(self) -> float:
        """Southern edge."""
        return HALF - (self.y + 1) * self.width

    @property
    def shifts(self) -> tuple[float, ...]:
        """How far to move the world so that its copies touch this tile: its buffer may cross the antimeridian."""
        west = (2 * -HALF,) if self.x == 0 else ()
        east = (2 * HALF,) if self.x == self.last else ()
        return (0.0, *west, *east)

    def children(self) -> tuple["Tile", ...]:
        """The four tiles of the next zoom that cover this one."""
        return tuple(Tile(self.z + 1, 2 * self.x + dx, 2 * self.y + dy) for dy in (0, 1) for dx in (0, 1))


def longitude(x: float) -> float:
    """Degrees east of a web-mercator easting."""
    return math.degrees(x / RADIUS)


def latitude(y: float) -> float:
    """Degrees north of a web-mercator northing."""
    return math.degrees(2.0 * math.atan(math.exp(y / RADIUS)) - math.pi / 2.0)
