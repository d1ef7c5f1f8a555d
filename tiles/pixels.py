"""Where the pixels of a tile lie in another system, quickly and without being a cell off."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from tiles.tile import RADIUS, Tile

SIDE = 256
STEP = 8
"""Pixels between the nodes that are projected before the places between them are interpolated."""

Floats = NDArray[np.float64]
ToCells = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""Longitudes and latitudes to columns and rows with fractions, NaN where there are none."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box in degrees; one whose west lies east of its east crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
        """Which places lie inside."""
        beyond, before = lon >= self.west, lon <= self.east
        between = beyond & before if self.west <= self.east else beyond | before
        return between & (lat >= self.south) & (lat <= self.north)


def box_around(crs: str, west: float, south: float, east: float, north: float) -> Box:
    """A box in degrees that holds the rectangle of another system, with a little to spare."""
    to_degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    left, bottom, right, top = to_degrees.transform_bounds(west, south, east, north, densify_pts=99)
    spare = 0.01 * (top - bottom) + 1e-6
    return Box(left - spare, bottom - spare, right + spare, top + spare)


def projected(crs: str, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Places in another system; infinite where it does not reach."""
    x, y = _from_degrees(crs).transform(lon, lat)
    return np.asarray(x), np.asarray(y)


@lru_cache(maxsize=64)
def _from_degrees(crs: str) -> Transformer:
    return Transformer.from_crs("EPSG:4326", crs, always_xy=True)


@dataclass(frozen=True, slots=True)
class PixelGrid:
    """The 256 by 256 pixels of a tile."""

    tile: Tile

    def places(self, across: Floats, down: Floats) -> tuple[Floats, Floats]:
        """Longitudes and latitudes (down, across) of positions in pixels from the north-western corner."""
        size = self.tile.width / SIDE
        lon = np.degrees((self.tile.west + across * size) / RADIUS)
        lat = np.degrees(2.0 * np.arctan(np.exp((self.tile.north - down * size) / RADIUS)) - np.pi / 2.0)
        wide, tall = np.meshgrid(lon, lat)
        return wide, tall

    def image_of(self, to_cells: ToCells, box: Box) -> tuple[Floats, Floats]:
        """Columns and rows (256, 256) of the pixels' centres, every one in the cell that `to_cells` would give.

        NaN outside of `box`, where `to_cells` gives nothing.

        Nodes are projected, the centres between them interpolated, and a centre that lies closer to the edge of a
        cell than the interpolation may be wrong is projected after all.
        """
        lon, lat = self.places(_CENTRES, _CENTRES)
        exact = to_cells(*self.places(_NODES, _NODES))
        column, row = (_between(axis) for axis in exact)
        doubtful = ~((_to_edge(column) > _error(exact[0])) & (_to_edge(row) > _error(exact[1])))
        inside = box.holds(lon, lat)
        doubtful &= inside
        column[doubtful], row[doubtful] = to_cells(lon[doubtful], lat[doubtful])
        return np.where(inside, column, np.nan), np.where(inside, row, np.nan)


_CENTRES: Floats = np.arange(0.5, SIDE)
_NODES: Floats = np.arange(0.0, SIDE + 1.0, STEP)
_NODE = np.arange(SIDE) // STEP
_PART = (_CENTRES - _NODES[_NODE]) / STEP


def _between(nodes: Floats) -> Floats:
    """Bilinear interpolation of nodes (33, 33) at the centres (256, 256)."""
    rows = nodes[_NODE] + _PART[:, None] * (nodes[_NODE + 1] - nodes[_NODE])
    return rows[:, _NODE] + _PART * (rows[:, _NODE + 1] - rows[:, _NODE])


def _error(nodes: Floats) -> float:
    """How far interpolated values may be off: at most a quarter of this while curvature varies slowly.

    Taken along rows and along columns from every other node, because the errors of a conformal projection, which
    is harmonic, cancel in the middle of four nodes.
    """
    bends = (nodes[:, :-2:2] + nodes[:, 2::2]) / 2 - nodes[:, 1::2], (nodes[:-2:2] + nodes[2::2]) / 2 - nodes[1::2]
    known = [np.abs(bend[np.isfinite(bend)]) for bend in bends]
    return float(sum(bend.max() if bend.size else np.inf for bend in known)) + 1e-7


def _to_edge(position: Floats) -> Floats:
    """Distance to the nearest edge between cells, in cells."""
    return np.abs(position - np.round(position))
