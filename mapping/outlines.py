"""Hot spots as areas on a map: spots that are neighbours, joined and drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree
from shapely import Polygon, buffer, linestrings, points, union_all

from mapping.arrays import Points, Vector, as_points, read_only
from mapping.hotspots import HotSpots
from mapping.neighbours import Graph, Index, Neighbours

Kind = Literal["hot", "cold", "high-alone", "low-alone"]


@dataclass(frozen=True, slots=True, eq=False)
class HotSpotArea:
    """Spots of one kind that hang together. `members` are their numbers, `polygon` is in the system of the samples."""

    kind: Kind
    polygon: Polygon
    members: Index
    highest: float
    mean_z: float
    smallest_q: float


def cluster_outlines(
    xy: ArrayLike, spots: HotSpots, graph: Graph, values: ArrayLike, reach: float | None = None
) -> tuple[HotSpotArea, ...]:
    """The areas of hot, then of cold spots and of outliers among samples at (n, 2), the most significant first.

    Spots that are neighbours, directly or through other spots, are one area. It is drawn as everything within
    `reach` metres (by default half the band) of the spots and of the shortest lines between neighbours that join
    them all: connected, and no larger than what was found; a convex hull would cover samples that are not hot.
    `values` (n,) are the lower bounds; `highest` is the greatest of them among the members.

    Raises ValueError for lengths that differ, or a reach that is not positive.
    """
    places, measured = as_points(xy), read_only(values)
    width = graph.band / 2 if reach is None else reach
    if not len(places) == len(measured) == len(spots.z) == graph.n:
        raise ValueError(f"places, values, spots and graph differ in length: {len(places)}, {len(measured)}, {graph.n}")
    if not width > 0:
        raise ValueError(f"the reach of an outline must be a positive length, got {width}")
    kinds: tuple[tuple[Kind, NDArray[np.bool_]], ...] = (
        ("hot", spots.hot),
        ("cold", spots.cold),
        ("high-alone", spots.high_alone),
        ("low-alone", spots.low_alone),
    )
    return tuple(
        area
        for kind, chosen in kinds
        for area in sorted(
            _areas(kind, np.flatnonzero(chosen), places, spots, graph, measured, width),
            key=lambda area: (area.smallest_q, area.members[0]),
        )
    )


def _areas(
    kind: Kind, sites: Index, places: Points, spots: HotSpots, graph: Graph, measured: Vector, width: float
) -> Iterator[HotSpotArea]:
    if not len(sites):
        return
    among = graph.among(sites)
    for group in among.components(np.ones(len(sites), dtype=np.bool_)):
        members = sites[group]
        lines = linestrings(places[members][_links(places[members], among.among(group))])
        drawn = union_all(np.concatenate([buffer(points(places[members]), width), buffer(lines, width)]))
        highest, z, q = float(measured[members].max()), float(spots.z[members].mean()), float(spots.q[members].min())
        yield HotSpotArea(kind, drawn, members, highest, z, q)


def _links(places: Points, graph: Neighbours) -> Index:
    """Pairs (m, 2) of places: the shortest links between neighbours that join all of them."""
    among = graph.matrix().tocoo()
    # in a sparse matrix of lengths a zero would be no link
    length = np.maximum(np.hypot(*(places[among.row] - places[among.col]).T), 1e-9)
    joined = minimum_spanning_tree(csr_array((length, (among.row, among.col)), shape=among.shape)).tocoo()
    return np.column_stack([joined.row, joined.col])
