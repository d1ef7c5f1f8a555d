"""Tiles drawn from the pyramid: its rows for a tile and above, and live counts of what has no pyramid yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg
import numpy as np
import orjson

from db.pyramid.asking import ALL_YEARS, NODES, SOME_YEARS, VISIBLE, whole_years
from db.pyramid.cells import Cells
from db.pyramid.grid import CELL_ZOOM, CELLS_DOWN, PARTS_DOWN, codes_of, node_of, self_and_ancestors
from db.pyramid.rows import ROW
from db.selection import Period
from tiles.tile import Tile

Row: TypeAlias = "asyncpg.Record"
Population = Mapping[str, Any]
"""Medium, digestion, basis and depths; empty for what has none."""

_LOCAL = np.uint64((1 << 2 * CELLS_DOWN) - 1)
"""The bits of a cell's code that say where in its tile it lies."""

_SURVEY = """
SELECT {version} AS version, unbuilt.ids AS unbuilt, n.node, n.leaf, n.count,
  CASE WHEN n.leaf THEN NULL ELSE n.entries END AS entries
FROM (SELECT ARRAY(SELECT d.id FROM dataset d WHERE d.kind = 'samples' AND {visible} AND NOT EXISTS
  (SELECT FROM pyramid_state p WHERE p.dataset_id = d.id)) AS ids) unbuilt
LEFT JOIN pyramid_node n ON {nodes} AND (n.leaf OR n.node = $6)"""
_CONTENTS = """
SELECT n.node, n.leaf, n.entries, n.bins FROM pyramid_node n WHERE {nodes} AND (n.leaf OR n.node = $6)"""
_VERSION = "coalesce((SELECT version FROM layer_version WHERE layer = $3), 0)"


def _texts(template: str) -> tuple[str, str]:
    return tuple(  # type: ignore[return-value]
        template.format(version=_VERSION, visible=VISIBLE, nodes=NODES.format(years=years))
        for years in (ALL_YEARS, SOME_YEARS)
    )


_STATEMENTS = {"survey": _texts(_SURVEY), "contents": _texts(_CONTENTS)}


@dataclass(frozen=True, slots=True)
class Place:
    """A tile of the pyramid: of a collection, a contaminant, a dataset, whole years, and as who may see it."""

    layer: str
    contaminant: str | None
    tile: Tile
    dataset: str | None
    period: Period | None
    visibilities: tuple[str, ...]

    def statement(self, name: str) -> str:
        """SQL of the survey, which tells the entries of crowded tiles only, or of all contents."""
        return _STATEMENTS[name][self.period is not None]

    @property
    def values(self) -> list[Any]:
        """What it binds."""
        node = node_of(self.tile.z, self.tile.x, self.tile.y)
        place = [list(self.visibilities), self.dataset, self.layer, self.contaminant or ""]
        return [*place, self_and_ancestors(node), node, *whole_years(self.period)]


def cells_of_nodes(tile: Tile, rows: Sequence[Row]) -> list[Cells]:
    """The cells of a tile from rows of the pyramid: those of the tile itself, and leaves of it or above it."""
    return [_cells_of_node(tile, row) for row in rows]


def entries_of_node(row: Row) -> Cells:
    """The cells of a crowded tile from a row of the survey, without their histograms."""
    return _local(Cells.unpacked(row["entries"], b""))


def _cells_of_node(tile: Tile, row: Row) -> Cells:
    cells = Cells.unpacked(row["entries"], row["bins"])
    if row["leaf"]:
        code = node_of(tile.z, tile.x, tile.y) - (1 << 2 * tile.z)
        down = 2 * (CELL_ZOOM - tile.z)
        cells = cells.between(code << down, ((code + 1) << down) - 1).coarser(CELL_ZOOM - CELLS_DOWN - tile.z)
    return _local(cells)


def _local(cells: Cells) -> Cells:
    entries = cells.entries.copy()
    entries["code"] &= _LOCAL
    return Cells(entries, cells.bins)


def cells_of_rows(tile: Tile, packed: bytes | None) -> Cells:
    """The cells of a tile from its points, of which those of its neighbours are left out."""
    points = np.frombuffer(packed or b"", ROW)
    native = {name: points[name].astype(points.dtype[name].newbyteorder("=")) for name in ROW.names or ()}
    codes = codes_of(native["x"], native["y"], tile.z + CELLS_DOWN + PARTS_DOWN)
    down = np.uint64(2 * (CELLS_DOWN + PARTS_DOWN))
    mine = codes >> down == node_of(tile.z, tile.x, tile.y) - (1 << 2 * tile.z)
    columns = (native[name][mine] for name in ("population", "lower", "upper"))
    order = np.argsort(codes[mine], kind="stable")
    local = codes[mine] & np.uint64((1 << 2 * (CELLS_DOWN + PARTS_DOWN)) - 1)
    return Cells.of(local[order], *(column[order] for column in columns))


def populations_of(written: str | None) -> dict[int, Population]:
    """Populations by their identifier, from the JSON of live rows."""
    found = orjson.loads(written) if written else []
    return {one["id"]: {name: value for name, value in one.items() if name != "id"} for one in found}


def chosen(cells: Cells, populations: Mapping[int, Population], wanted: Mapping[str, Any]) -> Cells:
    """The entries whose population is as wanted."""
    if not wanted:
        return cells
    good = [key for key, one in populations.items() if all(one.get(name) == value for name, value in wanted.items())]
    return cells.only(np.isin(cells.entries["population"], good))
