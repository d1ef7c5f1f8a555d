"""What is known everywhere, and the classes of polygons as such a thing; rasters have a file of their own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import as_points

Labels = NDArray[np.str_]


class Field(Protocol):
    """Something known at every place of an area."""

    @property
    def classes(self) -> bool:
        """Whether its values are names of classes, and not numbers."""

    def at(self, xy: ArrayLike) -> NDArray[Any]:
        """The numbers, or the names of the classes, (n,) at places (n, 2); NaN or empty where nothing is known."""


@dataclass(frozen=True, eq=False)
class AreaField:
    """Polygons (m,) in the metres of the map, each with the name of its class; where they overlap the first counts."""

    polygons: NDArray[np.object_]
    codes: Labels
    classes: bool = True

    def __post_init__(self) -> None:
        if len(self.polygons) != len(self.codes):
            raise ValueError(f"{len(self.polygons)} polygons need as many codes, got {len(self.codes)}")

    @cached_property
    def _tree(self) -> Any:
        return shapely.STRtree(self.polygons)

    def at(self, xy: ArrayLike) -> Labels:
        """The code (n,) of the first polygon that holds or touches each place; empty where none does."""
        places = as_points(xy)
        shapely.prepare(self.polygons)
        point, polygon = self._tree.query(shapely.points(places), predicate="intersects")
        first = np.full(len(places), len(self.polygons), dtype=np.int64)
        np.minimum.at(first, point, polygon)
        return np.append(self.codes, "")[first]
