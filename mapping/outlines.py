"""Hot spots as areas on a map: spots that are neighbours, joined and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from shapely import MultiLineString, MultiPoint, Polygon, union

from mapping.arrays import Points, Vector, as_points, read_only
from mapping.hotspots import HotSpots
from mapping.neighbours import Index, Neighbours


@dataclass(frozen=True, slots=True, eq=False)
class HotSpotArea:
    """Spots of one kind that hang together. `members` are their numbers, `polygon` is in the system of the samples."""

    kind: Literal["hot", "cold"]
    polygon: Polygon
    members: Index
    highest: float
    mean_z: float
    smallest_q: float


def cluster_outlines(
    xy: ArrayLike, spots: HotSpots, graph: Neighbours, values: ArrayLike, reach: float | None = None
) -> tuple[HotSpotArea, ...]:
    """The areas of hot, then of cold spots among samples at (n, 2), the most significant first.

    Spots that are neighbours, directly or through other spots, are one area. It is drawn as everything within
    `reach` metres (by default half the band) of the spots and of the straight lines between those that are
    neighbours: connected, and no larger than what was found; a convex hull would cover samples between the spots
    that are not hot. `values` (n,) are the lower bounds; `highest` is the greatest of them among the members.

    Raises ValueError for lengths that differ, or a reach that is not positive.
    """
    places, measured = as_points(xy), read_only(values)
    width = graph.band / 2 if reach is None else reach
    if not len(places) == len(measured) == len(spots.z) == graph.n:
        raise ValueError(f"places, values, spots and graph differ in length: {len(places)}, {len(measured)}, {graph.n}")
    if not width > 0:
        raise ValueError(f"the reach of an outline must be a positive length, got {width}")
    areas = [
        _area(kind, members, places, spots, graph, measured, width)
        for kind, chosen in (("hot", spots.hot), ("cold", spots.cold))
        for members in graph.components(chosen)
    ]
    return tuple(sorted(areas, key=lambda area: (area.kind != "hot", area.smallest_q, area.members[0])))


def _area(
    kind: Literal["hot", "cold"],
    members: Index,
    places: Points,
    spots: HotSpots,
    graph: Neighbours,
    measured: Vector,
    width: float,
) -> HotSpotArea:
    skeleton = union(MultiPoint(places[members]), MultiLineString(_lines(members, places, graph)))
    return HotSpotArea(
        kind,
        skeleton.buffer(width),
        members,
        float(measured[members].max()),
        float(spots.z[members].mean()),
        float(spots.q[members].min()),
    )


def _lines(members: Index, places: Points, graph: Neighbours) -> list[Points]:
    inside = np.zeros(graph.n, dtype=np.bool_)
    inside[members] = True
    start, end = graph.rows, graph.indices
    apart = (places[start] != places[end]).any(axis=1)
    drawn = inside[start] & inside[end] & apart
    pairs = np.unique(np.sort(np.column_stack([start[drawn], end[drawn]]), axis=1), axis=0)
    return list(places[pairs])
