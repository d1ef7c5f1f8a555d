"""What all our GeoTIFFs have in common: float32 cells of a grid, and how a file names its system."""

from __future__ import annotations

from typing import Any

import numpy as np

from mapping.grid import Grid

PREFIX = "EDAPHOS_"
PROVENANCE = "EDAPHOS_PROVENANCE"


def profile_of(grid: Grid, bands: int) -> dict[str, Any]:
    """How rasterio opens a new file of so many bands over a grid; NaN where nothing is known."""
    return {
        "driver": "GTiff",
        "width": grid.columns,
        "height": grid.rows,
        "count": bands,
        "dtype": "float32",
        "nodata": np.nan,
        "crs": grid.crs,
        "transform": grid.transform,
        "bigtiff": "if_safer",
    }


def grid_of(raster: Any) -> Grid:
    """The grid of an open file with square cells, row 0 north."""
    affine, (rows, columns) = raster.transform, raster.shape
    return Grid(affine.c, affine.f, affine.a, rows, columns, _name(raster.crs))


def _name(crs: Any) -> str:
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.to_wkt())
