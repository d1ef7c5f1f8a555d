"""The tile matrix sets (OGC 17-083r4) that tiles of maps come in, and the pixels of their tiles."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import morecantile

from tiles.pixels import DEGREES, MERCATOR, SIDE, Pixels

WEB_MERCATOR = "WebMercatorQuad"


@dataclass(frozen=True, slots=True)
class Matrix:
    """One zoom: its corner, the side of a pixel, and how many tiles it has."""

    west: float
    north: float
    pixel: float
    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class MatrixSet:
    """A named set of matrices, from the coarsest on; `crs` is what PROJ calls its system, with x before y."""

    id: str
    crs: str

    @property
    def uri(self) -> str:
        """Of the set."""
        return f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{self.id}"

    @property
    def crs_uri(self) -> str:
        """Of its system."""
        authority, code = self.crs.split(":")
        version = "1.3" if authority == "OGC" else "0"
        return f"http://www.opengis.net/def/crs/{authority}/{version}/{code}"

    def definition(self) -> dict[str, Any]:
        """As OGC publishes it."""
        return _definition(self.id)

    def matrices(self) -> tuple[Matrix, ...]:
        """One for each zoom."""
        return _matrices(self.id)

    def pixels(self, z: int, row: int, column: int, side: int = SIDE) -> Pixels:
        """Those of a tile; ValueError for one that does not exist."""
        matrices = self.matrices()
        if not 0 <= z < len(matrices):
            raise ValueError(f"{self.id} has no zoom {z}")
        matrix = matrices[z]
        if not (0 <= row < matrix.rows and 0 <= column < matrix.columns):
            raise ValueError(f"{self.id} has no tile {z}/{row}/{column}")
        width = matrix.pixel * SIDE
        west, north = matrix.west + column * width, matrix.north - row * width
        return Pixels(self.crs, west, north, width / side, width / side, side, side)


MATRIX_SETS: Mapping[str, MatrixSet] = MappingProxyType(
    {
        each.id: each
        for each in (
            MatrixSet(WEB_MERCATOR, MERCATOR),
            MatrixSet("WorldCRS84Quad", DEGREES),
            MatrixSet("EuropeanETRS89_LAEAQuad", "EPSG:3035"),
            MatrixSet("WorldMercatorWGS84Quad", "EPSG:3395"),
        )
    }
)


@lru_cache(maxsize=len(MATRIX_SETS))
def _definition(name: str) -> dict[str, Any]:
    found: dict[str, Any] = morecantile.tms.get(name).model_dump(exclude_none=True, mode="json")
    return found


@lru_cache(maxsize=len(MATRIX_SETS))
def _matrices(name: str) -> tuple[Matrix, ...]:
    known = morecantile.tms.get(name)
    made = []
    for z, matrix in enumerate(known.tileMatrices):
        corner = known.xy_bounds(morecantile.Tile(0, 0, z))
        made.append(Matrix(corner.left, corner.top, matrix.cellSize, matrix.matrixWidth, matrix.matrixHeight))
    return tuple(made)
