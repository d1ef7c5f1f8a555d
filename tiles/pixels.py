"""Which cells of a surface the pixels of an image show, quickly and without being a cell off."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from pyproj.exceptions import ProjError

from mapping.loops import looped
from tiles.tile import RADIUS, Tile

SIDE = 256
MERCATOR, DEGREES = "EPSG:3857", "OGC:CRS84"
STEPS = (32, 8)
"""Pixels between the nodes that are projected before the places between them are interpolated."""
GOOD_ENOUGH = 0.02
"""Cells that interpolation may be off before nodes are set closer: that share of the pixels is projected anyway."""

Floats = NDArray[np.float64]
Cells = NDArray[np.int32]
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

    def parts(self) -> tuple["Box", ...]:
        """The box as one or two that do not cross the antimeridian."""
        if self.west <= self.east:
            return (self,)
        return Box(self.west, self.south, 180.0, self.north), Box(-180.0, self.south, self.east, self.north)


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


def projected_place(crs: str, lon: float, lat: float) -> tuple[float, float]:
    """One place in another system, to the bit as `projected` has it."""
    x, y = _from_degrees(crs).transform(lon, lat)
    return x, y


@lru_cache(maxsize=64)
def _from_degrees(crs: str) -> Transformer:
    return Transformer.from_crs("EPSG:4326", crs, always_xy=True)


@lru_cache(maxsize=64)
def _to_degrees(crs: str) -> Transformer:
    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows and columns of an image, from the first to before the last."""

    row: int
    last_row: int
    column: int
    last_column: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """For indexing an array (rows, columns)."""
        return slice(self.row, self.last_row), slice(self.column, self.last_column)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.last_row - self.row, self.last_column - self.column


@dataclass(frozen=True, slots=True)
class Pixels:
    """The pixels of an image, north up; `west` and `north` are its corner in `crs`, `across` by `down` a pixel."""

    crs: str
    west: float
    north: float
    across: float
    down: float
    columns: int
    rows: int

    def __post_init__(self) -> None:
        if not np.isfinite([self.west, self.north, self.across, self.down]).all() or min(self.across, self.down) <= 0:
            raise ValueError("an image needs a finite corner and pixels of some size")
        if min(self.columns, self.rows) < 1:
            raise ValueError(f"an image needs at least one pixel, got {self.columns} by {self.rows}")

    @classmethod
    def of(cls, tile: Tile, side: int = SIDE) -> "Pixels":
        """Those of a tile of WebMercatorQuad."""
        return cls(MERCATOR, tile.west, tile.north, tile.width / side, tile.width / side, side, side)

    @classmethod
    def covering(cls, crs: str, bounds: tuple[float, float, float, float], columns: int, rows: int) -> "Pixels":
        """`columns` by `rows` of them over west, south, east, north."""
        west, south, east, north = bounds
        return cls(crs, west, north, (east - west) / columns, (north - south) / rows, columns, rows)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.rows, self.columns

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in `crs`."""
        south, east = self.north - self.rows * self.down, self.west + self.columns * self.across
        return self.west, south, east, self.north

    def bounds_in(self, crs: str) -> tuple[float, float, float, float]:
        """West, south, east, north of what holds the image in another system; ValueError where it does not reach."""
        try:
            found = Transformer.from_crs(self.crs, crs, always_xy=True).transform_bounds(*self.bounds, densify_pts=41)
        except ProjError:
            found = (np.inf,) * 4
        west, south, east, north = found
        if not np.isfinite(found).all():
            raise ValueError(f"{crs} does not reach over all of this box")
        return west, south, east + (360.0 if crs == DEGREES and west > east else 0.0), north

    def finer(self, parts: int) -> "Pixels":
        """The same image with each pixel cut into `parts` by `parts`."""
        counts = self.columns * parts, self.rows * parts
        return Pixels(self.crs, self.west, self.north, self.across / parts, self.down / parts, *counts)

    def coarser(self, most: int) -> "Pixels":
        """The same image in `most` by `most` pixels, unless it has fewer."""
        return Pixels.covering(self.crs, self.bounds, min(self.columns, most), min(self.rows, most))

    def places(self, columns: Floats, rows: Floats) -> tuple[Floats, Floats]:
        """Longitudes and latitudes (rows, columns) of positions in pixels from the north-western corner."""
        x, y = self.west + columns * self.across, self.north - rows * self.down
        if self.crs == MERCATOR:
            lon, lat = np.degrees(x / RADIUS), np.degrees(2.0 * np.arctan(np.exp(y / RADIUS)) - np.pi / 2.0)
        elif self.crs == DEGREES:
            lon, lat = x, y
        else:
            wide, tall = np.meshgrid(x, y)
            found = _to_degrees(self.crs).transform(wide, tall)
            return np.asarray(found[0]), np.asarray(found[1])
        wide, tall = np.meshgrid(_within_a_turn(lon), lat)
        return wide, tall

    def cells(self, to_cells: ToCells, box: Box, shape: tuple[int, int]) -> tuple[Cells, Cells]:
        """Row and column (rows, columns) of the cell, of so many rows and columns, in which each centre lies.

        Every one is the cell that `to_cells` gives; -1 outside, and outside of `box`.
        """
        row, column = np.full(self.shape, -1, np.int32), np.full(self.shape, -1, np.int32)
        for part in self._parts_in(box):
            row[part.slices], column[part.slices] = self._cells_of(part, to_cells, shape)
        return row, column

    def _cells_of(self, part: Part, to_cells: ToCells, shape: tuple[int, int]) -> tuple[Cells, Cells]:
        """Nodes are projected and the centres between them interpolated.

        A centre that lies closer to the edge of a cell than the interpolation may be wrong is projected after all.
        """
        for step in STEPS:
            rows, columns = _nodes(part.shape[0], step), _nodes(part.shape[1], step)
            node_column, node_row = to_cells(*self.places(part.column + columns, part.row + rows))
            nodes = np.stack([node_row, node_column])
            errors = _error(node_row), _error(node_column)
            if max(errors) < GOOD_ENOUGH:
                break
        row, column = found = np.empty((2, *part.shape), np.int32)
        doubtful = np.empty(part.shape, np.bool_)
        _interpolate(nodes, step, errors, shape, found, doubtful)
        down, across = np.nonzero(doubtful)
        if len(down):
            lon, lat = self._places_of(part.row + down, part.column + across)
            exact_column, exact_row = to_cells(lon, lat)
            row[down, across], column[down, across] = whole(exact_row, exact_column, shape)
        return row, column

    def _places_of(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Longitudes and latitudes (n,) of the centres of some pixels, to the bit those of `places`."""
        if self.crs in (MERCATOR, DEGREES):
            lon = self.places(np.arange(0.5, self.columns), np.array([0.5]))[0][0]
            lat = self.places(np.array([0.5]), np.arange(0.5, self.rows))[1][:, 0]
            return lon[columns], lat[rows]
        x, y = self.west + (columns + 0.5) * self.across, self.north - (rows + 0.5) * self.down
        found = _to_degrees(self.crs).transform(x, y)
        return np.asarray(found[0]), np.asarray(found[1])

    def _parts_in(self, box: Box) -> Iterator[Part]:
        """The parts of the image in which the box may lie."""
        for west, south, east, north in self._boxes_in_crs(box):
            first, last = (west - self.west) / self.across - 1.0, (east - self.west) / self.across + 1.0
            top, bottom = (self.north - north) / self.down - 1.0, (self.north - south) / self.down + 1.0
            if last > 0 and bottom > 0 and first < self.columns and top < self.rows:
                yield Part(
                    max(int(top), 0),
                    min(int(np.ceil(bottom)), self.rows),
                    max(int(first), 0),
                    min(int(np.ceil(last)), self.columns),
                )

    def _boxes_in_crs(self, box: Box) -> Iterator[tuple[float, float, float, float]]:
        """West, south, east, north in the image's system of what holds the box, wherever the image shows it."""
        if self.crs not in (MERCATOR, DEGREES):
            yield from (_rectangle(self.crs, part) for part in box.parts())
            return
        turn = 360.0 if self.crs == DEGREES else 2.0 * np.pi * RADIUS
        for part in box.parts():
            west, south, east, north = part.west, part.south, part.east, part.north
            if self.crs == MERCATOR:
                west, east = RADIUS * np.radians(west), RADIUS * np.radians(east)
                south, north = (
                    RADIUS * np.arcsinh(np.tan(np.radians(np.clip(y, -89.9, 89.9)))) for y in (south, north)
                )
            for turns in (-1, 0, 1):
                yield west + turns * turn, south, east + turns * turn, north


def whole(row: Floats, column: Floats, shape: tuple[int, int]) -> tuple[Cells, Cells]:
    """The cells of rows and columns with fractions; -1 outside."""
    inside = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
    return np.where(inside, np.floor(row), -1.0).astype(np.int32), np.where(inside, np.floor(column), -1.0).astype(
        np.int32
    )


def _within_a_turn(lon: Floats) -> Floats:
    beyond = (lon < -180.0) | (lon > 180.0)
    return np.where(beyond, (lon + 180.0) % 360.0 - 180.0, lon)


def _rectangle(crs: str, part: Box) -> tuple[float, float, float, float]:
    """What holds a box in another system; everything where that cannot be said."""
    try:
        west, south, east, north = _from_degrees(crs).transform_bounds(
            part.west, max(part.south, -90.0), part.east, min(part.north, 90.0), densify_pts=41
        )
    except ProjError:
        return (-np.inf, -np.inf, np.inf, np.inf)
    return west, south, east, north


def _nodes(pixels: int, step: int) -> Floats:
    """Positions from the first pixel's edge to beyond the last one's, three or more."""
    count = max(-(-pixels // step) + 1, 3)
    return np.arange(count, dtype=np.float64) * step


def _error(nodes: Floats) -> float:
    """How far interpolated values may be off: at most a quarter of this while curvature varies slowly.

    Taken along rows and along columns from every other node, because the errors of a conformal projection, which
    is harmonic, cancel in the middle of four nodes.
    """
    columns, rows = (nodes.shape[1] - 1) // 2 * 2 + 1, (nodes.shape[0] - 1) // 2 * 2 + 1
    across, down = nodes[:, -columns:], nodes[-rows:]
    bends = (
        (across[:, :-2:2] + across[:, 2::2]) / 2 - across[:, 1::2],
        (down[:-2:2] + down[2::2]) / 2 - down[1::2],
        (nodes[:, : columns - 2 : 2] + nodes[:, 2:columns:2]) / 2 - nodes[:, 1 : columns - 1 : 2],
        (nodes[: rows - 2 : 2] + nodes[2:rows:2]) / 2 - nodes[1 : rows - 1 : 2],
    )
    known = [np.abs(bend[np.isfinite(bend)]) for bend in bends]
    widest = [float(bend.max()) if bend.size else np.inf for bend in known]
    return max(widest[0], widest[2]) + max(widest[1], widest[3]) + 1e-7


@looped
def _interpolate(
    nodes: Floats,
    step: int,
    errors: tuple[float, float],
    shape: tuple[int, int],
    cells: Cells,
    doubtful: NDArray[np.bool_],
) -> None:
    """Bilinear between nodes (2, …) `step` pixels apart, at the centres of pixels: rows and columns (2, …)."""
    for i in range(doubtful.shape[0]):
        a = i // step
        down = (i + 0.5) / step - a
        for j in range(doubtful.shape[1]):
            b = j // step
            across = (j + 0.5) / step - b
            first = nodes[0, a, b] + across * (nodes[0, a, b + 1] - nodes[0, a, b])
            second = nodes[0, a + 1, b] + across * (nodes[0, a + 1, b + 1] - nodes[0, a + 1, b])
            y = first + down * (second - first)
            first = nodes[1, a, b] + across * (nodes[1, a, b + 1] - nodes[1, a, b])
            second = nodes[1, a + 1, b] + across * (nodes[1, a + 1, b + 1] - nodes[1, a + 1, b])
            x = first + down * (second - first)
            doubtful[i, j] = not (abs(y - np.round(y)) > errors[0] and abs(x - np.round(x)) > errors[1])
            if y >= 0 and y < shape[0] and x >= 0 and x < shape[1]:
                cells[0, i, j], cells[1, i, j] = int(y), int(x)
            else:
                cells[0, i, j], cells[1, i, j] = -1, -1
