"""Patches of adjoining cells of one class in a raster: numbered, counted, and drawn as polygons.

Cells adjoin by their sides. Numbers come from one pass over the rows with merging of numbers that turn out to be one
patch (Rosenfeld & Pfaltz 1966, J. ACM 13, 471-494). Rings follow the sides of cells with the patch on their right; in
a corner where a patch meets itself diagonally they stay apart, so that no ring touches itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray

from mapping.arrays import Vector
from mapping.loops import inner, looped

Classes = NDArray[np.int8]
Labels = NDArray[np.int32]
Counts = NDArray[np.int64]
POLYGON = shapely.GeometryType.POLYGON
EAST, SOUTH, WEST, NORTH = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """The m patches of classes (rows, columns), numbered in the order in which their first cells are read.

    `label` (rows, columns) is the number of the patch of a cell, -1 where the class is negative; per patch (m,) its
    `kind` and how many `cells` it has.
    """

    label: Labels
    kind: Classes
    cells: Counts

    @classmethod
    def of(cls, classes: Classes) -> Patches:
        """The patches of equal classes."""
        label, count = _numbered(np.ascontiguousarray(classes))
        return cls(label, *_told(label, classes, count))

    @property
    def count(self) -> int:
        """How many patches."""
        return len(self.cells)

    def totals(self, values: NDArray[np.floating[Any]]) -> Vector:
        """Sums (m,) of values (rows, columns) over the cells of each patch."""
        return np.asarray(_totals(self.label, values, self.count), dtype=np.float64)

    def polygons(self, transform: Affine) -> NDArray[np.object_]:
        """One shapely polygon (m,) for each patch, with its holes, in the system that `transform` leads to."""
        corners, ends, owner = _rings(self.label)
        column, row = corners.T.astype(np.float64)
        a, b, west, d, e, north = transform[:6]
        xy = np.column_stack([a * column + b * row + west, d * column + e * row + north])
        order = np.argsort(owner, kind="stable")
        first = np.searchsorted(owner[order], np.arange(self.count + 1))
        drawn: NDArray[np.object_] = shapely.from_ragged_array(POLYGON, *_gathered(xy, ends, order, first))
        return drawn


def _gathered(xy: Vector, ends: Counts, order: Counts, first: Counts) -> tuple[Vector, tuple[Counts, Counts]]:
    """Corners, ring offsets and polygon offsets with the rings in another order."""
    begins = np.concatenate([[0], ends[:-1]])
    lengths = (ends - begins)[order]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    index = np.repeat(begins[order] - offsets[:-1], lengths) + np.arange(offsets[-1])
    return xy[index], (offsets, first)


@looped
def _numbered(classes: Classes) -> tuple[Labels, int]:  # pragma: no cover - compiled
    """The number of the patch of each cell, -1 for negative classes, and how many patches there are."""
    rows, columns = classes.shape
    label = np.empty((rows, columns), dtype=np.int32)
    parent = np.empty(rows * columns // 2 + columns + 2, dtype=np.int32)
    made = 0
    for row in range(rows):
        for column in range(columns):
            kind = classes[row, column]
            if kind < 0:
                label[row, column] = -1
                continue
            above = label[row - 1, column] if row and classes[row - 1, column] == kind else -1
            beside = label[row, column - 1] if column and classes[row, column - 1] == kind else -1
            if above < 0 and beside < 0:
                parent = _with(parent, made)
                beside, made = made, made + 1
            elif above >= 0 and beside >= 0 and above != beside:
                _join(parent, above, beside)
            label[row, column] = max(above, beside)
    count = _renumber(parent, made)
    for row in range(rows):
        for column in range(columns):
            if label[row, column] >= 0:
                label[row, column] = parent[label[row, column]]
    return label, count


@inner
def _with(parent: Labels, made: int) -> Labels:  # pragma: no cover - compiled
    """A new number, its own parent; where there is no more room, twice as much."""
    held = parent if made < len(parent) else np.concatenate((parent, np.empty_like(parent)))
    held[made] = made
    return held


@inner
def _join(parent: Labels, one: int, other: int) -> None:  # pragma: no cover - compiled
    """Two numbers are of one patch: the larger root points to the smaller."""
    while parent[one] != one:
        parent[one] = parent[parent[one]]
        one = parent[one]
    while parent[other] != other:
        parent[other] = parent[parent[other]]
        other = parent[other]
    if one < other:
        parent[other] = one
    else:
        parent[one] = other


@inner
def _renumber(parent: Labels, made: int) -> int:  # pragma: no cover - compiled
    """Every number becomes that of its patch, counted from zero; a parent is always smaller than its child."""
    count = 0
    for number in range(made):
        if parent[number] == number:
            parent[number] = count
            count += 1
        else:
            parent[number] = parent[parent[number]]
    return count


@looped
def _told(label: Labels, classes: Classes, count: int) -> tuple[Classes, Counts]:  # pragma: no cover - compiled
    kind, cells = np.empty(count, dtype=np.int8), np.zeros(count, dtype=np.int64)
    for row in range(label.shape[0]):
        for column in range(label.shape[1]):
            number = label[row, column]
            if number >= 0:
                kind[number] = classes[row, column]
                cells[number] += 1
    return kind, cells


@looped
def _totals(label: Labels, values: NDArray[np.floating[Any]], count: int) -> Vector:  # pragma: no cover - compiled
    totals = np.zeros(count)
    for row in range(label.shape[0]):
        for column in range(label.shape[1]):
            if label[row, column] >= 0:
                totals[label[row, column]] += values[row, column]
    return totals


@inner
def _at(label: Labels, row: int, column: int) -> int:  # pragma: no cover - compiled
    inside = 0 <= row < label.shape[0] and 0 <= column < label.shape[1]
    return int(label[row, column]) if inside else -1


@looped
def _rings(label: Labels) -> tuple[Labels, Counts, Labels]:  # pragma: no cover - compiled
    """Corners (column, row) of all rings, closed, where each ring ends, and of which patch it is.

    The first ring of a patch is its outer one: it holds the northernmost side.
    """
    rows, columns = label.shape
    sides = _northern_sides(label)
    seen = np.zeros((rows, columns), dtype=np.bool_)
    corners, used = np.empty((5 * sides, 2), dtype=np.int32), 0
    ends, owner, made = np.empty(sides, dtype=np.int64), np.empty(sides, dtype=np.int32), 0
    for row in range(rows):
        for column in range(columns):
            own = label[row, column]
            if own < 0 or seen[row, column] or _at(label, row - 1, column) == own:
                continue
            used = _walk(label, seen, (row, column), corners, used)
            ends[made], owner[made] = used, own
            made += 1
    return corners[:used].copy(), ends[:made].copy(), owner[:made].copy()


@inner
def _northern_sides(label: Labels) -> int:  # pragma: no cover - compiled
    """How many cells have another patch to the north: a ring turns at most four times for each."""
    sides = 0
    for row in range(label.shape[0]):
        for column in range(label.shape[1]):
            own = label[row, column]
            sides += int(own >= 0 and (row == 0 or label[row - 1, column] != own))
    return sides


@inner
def _walk(
    label: Labels, seen: NDArray[np.bool_], start: tuple[int, int], corners: Labels, used: int
) -> int:  # pragma: no cover - compiled
    """Follow a ring from the northern side of a cell, eastwards, until it closes; returns the corners used so far.

    It turns left where the cell ahead to the left is of the patch, goes on where the cell ahead is, else turns right.
    """
    own, first = label[start[0], start[1]], used
    row, column, heading = start[0], start[1], EAST
    while heading != EAST or not seen[row, column]:
        if heading == EAST:
            seen[row, column] = True
        down, right = _step(heading)
        left_down, left_right = _step((heading + 3) % 4)
        end_row, end_column = row + int(heading in (SOUTH, WEST)), column + int(heading in (EAST, SOUTH))
        if _at(label, row + down + left_down, column + right + left_right) == own:
            row, column, heading = row + down + left_down, column + right + left_right, (heading + 3) % 4
        elif _at(label, row + down, column + right) == own:
            row, column = row + down, column + right
            continue
        else:
            heading = (heading + 1) % 4
        corners[used, 0], corners[used, 1] = end_column, end_row
        used += 1
    corners[used] = corners[first]
    return used + 1


@inner
def _step(heading: int) -> tuple[int, int]:  # pragma: no cover - compiled
    """One cell ahead, in rows and columns."""
    return int(heading == SOUTH) - int(heading == NORTH), int(heading == EAST) - int(heading == WEST)
