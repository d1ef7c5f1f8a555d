"""How many points lie in a box, exactly: from the pyramid inside it, row by row along its edge."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select

from db.mercator import in_mercator
from db.pyramid.asking import ALL_YEARS, NODES, SOME_YEARS, are_whole_years, whole_years
from db.pyramid.cells import Cells
from db.pyramid.grid import CELL_ZOOM, CELLS_DOWN, DEEPEST, HALF, columns_and_rows, node_of, self_and_ancestors
from db.questions import layer
from db.questions.layer import Layer
from db.questions.samples import MEASUREMENTS, SPECIMENS, samples
from db.questions.sites import SITES
from db.selection import Bounds, Selection

TILES_ACROSS = 16
"""A box is cut into about so many tiles a side: more are slower to find, fewer leave a broader edge."""
_ROWS = """
SELECT n.node, n.leaf, n.count, CASE WHEN n.node = ANY(($6::bigint[])[2:]) THEN n.entries END AS entries
FROM pyramid_node n WHERE {nodes} AND (n.leaf OR n.node >= ($6::bigint[])[1])"""
_ALL, _SOME = (_ROWS.format(nodes=NODES.format(years=years)) for years in (ALL_YEARS, SOME_YEARS))
UNBUILT = (
    "SELECT EXISTS (SELECT FROM dataset d WHERE d.kind = 'samples' AND d.visibility = ANY($1::text[]) "
    "AND NOT EXISTS (SELECT FROM pyramid_state p WHERE p.dataset_id = d.id))"
)
"""Whether some visible dataset has no pyramid now, which then cannot count."""
_EVERYWHERE = Bounds(-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True, slots=True)
class Inner:
    """The cells of a zoom that lie wholly inside a box: columns and rows from the first to before the last."""

    zoom: int
    columns: tuple[int, int]
    rows: tuple[int, int]

    @classmethod
    def of(cls, box: Bounds) -> "Inner | None":
        """The cells inside a box in degrees; none inside one that is thinner than a cell."""
        west, south, east, north = in_mercator(box.west, box.south, box.east, box.north, spare_m=-1.0)
        widest = max(east - west, min(north, HALF) - max(south, -HALF), 2 * HALF / (1 << DEEPEST))
        zoom = min(DEEPEST, max(0, math.floor(math.log2(TILES_ACROSS * 2 * HALF / widest))))
        most = 1 << zoom + CELLS_DOWN
        side = 2 * HALF / most
        columns = (
            0 if box.west <= -180 else math.ceil((west + HALF) / side),
            most if box.east >= 180 else math.floor((east + HALF) / side),
        )
        rows = max(0, math.ceil((HALF - north) / side)), min(most, math.floor((HALF - south) / side))
        return cls(zoom, columns, rows) if columns[0] < columns[1] and rows[0] < rows[1] else None

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """West, south, east and north in web-mercator metres, as cells have them; the world's far edges are open."""
        most = 1 << self.zoom + CELLS_DOWN
        side = 2 * HALF / most
        east = math.inf if self.columns[1] == most else self.columns[1] * side - HALF
        south = HALF - self.rows[1] * side
        south = math.nextafter(south, -math.inf) if self.rows[1] == most else south
        return self.columns[0] * side - HALF, south, east, HALF - self.rows[0] * side

    def tiles(self) -> Iterator[tuple[int, bool]]:
        """The tiles that hold these cells, and whether only some of their cells are inside."""
        (left, right), (top, bottom) = self.columns, self.rows
        for x in range(left >> CELLS_DOWN, (right - 1 >> CELLS_DOWN) + 1):
            for y in range(top >> CELLS_DOWN, (bottom - 1 >> CELLS_DOWN) + 1):
                whole = left <= x << CELLS_DOWN and x + 1 << CELLS_DOWN <= right
                whole = whole and top <= y << CELLS_DOWN and y + 1 << CELLS_DOWN <= bottom
                yield node_of(self.zoom, x, y), not whole

    def count(self, rows: Iterable[Any]) -> int:
        """How many points of rows of the pyramid are inside."""
        return sum(row["count"] if row["entries"] is None else self._inside(row) for row in rows)

    def _inside(self, row: Any) -> int:
        entries = Cells.unpacked(row["entries"], b"").entries
        # a leaf has the finest cells, a crowded tile those six zooms below it
        down = CELL_ZOOM - CELLS_DOWN - self.zoom if row["leaf"] else 0
        across, along = columns_and_rows(entries["code"] >> np.uint64(2 * down))
        inside = (across >= self.columns[0]) & (across < self.columns[1])
        inside &= (along >= self.rows[0]) & (along < self.rows[1])
        return int(entries["count"][inside].sum())


@dataclass(frozen=True, slots=True)
class Counting:
    """A count that the pyramid can give: of a layer, for a selection, without filters that it does not know."""

    layer: Layer
    name: str
    selection: Selection

    @classmethod
    def of(cls, asked: Layer, selection: Selection) -> "Counting | None":
        """How it is counted; None where it must be counted row by row."""
        others = (selection.medium, selection.digestion, selection.basis, selection.depth, selection.filter)
        if any(other is not None for other in others) or not are_whole_years(selection.period):
            return None
        measured = asked is MEASUREMENTS and samples(selection) is MEASUREMENTS and selection.contaminant is not None
        whole = asked in (SPECIMENS, SITES) and selection.contaminant is None
        if not (measured or whole) or (asked is SITES and selection.period is not None):
            return None
        return cls(asked, "sites" if asked is SITES else "samples", selection)

    @property
    def boxes(self) -> tuple[Bounds, ...]:
        """The box as one or two that do not cross the antimeridian."""
        return (self.selection.bounds or _EVERYWHERE).parts()

    def statement(self, inner: Inner) -> tuple[str, list[Any]]:
        """SQL for the rows of the pyramid that `inner` counts, and its values."""
        tiles = dict(inner.tiles())
        above = {node for tile in tiles for node in self_and_ancestors(tile)[1:]}
        opened = [1 << 2 * inner.zoom, *above, *(tile for tile, partly in tiles.items() if partly)]
        chosen = self.selection
        place = [list(chosen.visibilities), chosen.dataset, self.name, chosen.contaminant or ""]
        values = [*place, [*tiles, *above], opened, *whole_years(chosen.period)]
        return _ALL if chosen.period is None else _SOME, values

    def rest(self, box: Bounds, inner: Inner | None) -> Select[Any]:
        """The question how many rows of a box are not in those cells."""
        keys = layer.keys(self.layer, _within(self.selection, box))
        if inner is not None:
            x, y = func.ST_X(self.layer.mercator), func.ST_Y(self.layer.mercator)
            west, south, east, north = inner.edges
            inside = and_(x >= west, x < east, y > south, y <= north)
            keys = keys.where(or_(*self._edges(box, inner)), not_(inside))
        return select(func.count()).select_from(keys.subquery())

    def _edges(self, box: Bounds, inner: Inner) -> Iterator[ColumnElement[bool]]:
        """The four strips between a box and the cells inside it, found by the index."""
        assert self.layer.mercator is not None  # noqa: S101  all layers that are counted have one
        west, south, east, north = in_mercator(box.west, box.south, box.east, box.north)
        left, below, right, above = inner.edges
        right = min(right, east)
        strips = ((west, south, left, north), (right, south, east, north), (west, south, east, below))
        for strip in (*strips, (west, above, east, north)):
            yield self.layer.mercator.op("&&")(func.ST_MakeEnvelope(*strip, 3857))


def _within(selection: Selection, box: Bounds) -> Selection:
    return selection if selection.bounds is None and box == _EVERYWHERE else replace(selection, bounds=box)
