"""A map as a file: distributions in a cloud-optimised GeoTIFF that says how it was made.

Three float32 bands on the model's scale, from which every quantity in the original unit follows for any
window: mean μ, standard deviation σ and the Lagrange multiplier. Overviews pick the nearest cell, because
an average of μ and σ is not the distribution of anything.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import ArrayLike, NDArray
from rasterio.windows import Window

from mapping.arrays import Vector
from mapping.grid import Grid
from mapping.kriging import FittedKriging
from mapping.prediction import Prediction
from mapping.transform import Transform, as_transform, transform_named

Progress = Callable[[int, int], None]
Rows = Iterator[tuple[int, Vector]]

CELLS_AT_ONCE = 131_072
BANDS = ("mean", "standard deviation", "Lagrange multiplier")
PREFIX = "EDAPHOS_"
PROVENANCE = "EDAPHOS_PROVENANCE"
TRANSFORM = "EDAPHOS_TRANSFORM"
COG = {
    "driver": "COG",
    "compress": "deflate",
    "predictor": "yes",
    "blocksize": 512,
    "overview_resampling": "nearest",
    "bigtiff": "if_safer",
}


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A grid, the predictive distributions (rows, columns) of its cells, and where they come from.

    `provenance` holds JSON types; `contaminant` and `unit` name what is mapped, `model` holds
    `FittedKriging.parameters()`, from which with the same samples the model can be rebuilt.
    """

    grid: Grid
    prediction: Prediction
    provenance: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.prediction.mean.shape != self.grid.shape:
            raise ValueError(f"the grid is {self.grid.shape}, the predictions {self.prediction.mean.shape}")

    def write(self, path: Path | str, progress: Progress | None = None) -> None:
        """Write the file whole or not at all."""
        transform = self.prediction.transform
        _write(Path(path), self.grid, transform, self.provenance, self._rows(progress))

    @classmethod
    def read(cls, path: Path | str) -> Surface:
        """A surface from its file; ValueError for a raster that is not one."""
        with rasterio.open(path) as raster:
            provenance, transform = _tags(raster)
            mean, sd, lagrange = raster.read().astype(np.float64)
            affine, (rows, columns) = raster.transform, raster.shape
            grid = Grid(affine.c, affine.f, affine.a, rows, columns, _name(raster.crs))
        return cls(grid, prediction_from_bands(mean, sd, lagrange, transform), provenance)

    def _rows(self, progress: Progress | None) -> Rows:
        bands = _bands(self.prediction)
        for start, stop in _row_blocks(self.grid, progress):
            yield start, bands[:, start:stop]


def write_surface(
    path: Path | str,
    fitted: FittedKriging,
    grid: Grid,
    provenance: Mapping[str, Any],
    inside: NDArray[np.bool_] | None = None,
    progress: Progress | None = None,
    covariates: Vector | None = None,
) -> None:
    """Predict block by block and write; memory does not grow with the map.

    `inside` (rows, columns) says which cells are mapped; the others have no value, nor have those where one of the
    `covariates` (rows, columns, k) is not finite. The model's parameters are added to the provenance as `model`.
    `progress(done, total)` counts rows.
    """
    rows = _predicted_rows(fitted, grid, _mapped(grid, inside, covariates), covariates, progress)
    _write(Path(path), grid, fitted.recipe.transform, {**provenance, "model": fitted.parameters()}, rows)


def predict_grid(
    fitted: FittedKriging,
    grid: Grid,
    inside: NDArray[np.bool_] | None = None,
    covariates: Vector | None = None,
) -> Prediction:
    """Predictions (rows, columns) in memory; NaN outside the mask and where a covariate (rows, columns, k) is."""
    mapped = _mapped(grid, inside, covariates)
    bands = np.concatenate([block for _, block in _predicted_rows(fitted, grid, mapped, covariates, None)], axis=1)
    return prediction_from_bands(bands[0], bands[1], bands[2], fitted.recipe.transform)


def _mapped(grid: Grid, inside: NDArray[np.bool_] | None, covariates: Vector | None) -> NDArray[np.bool_]:
    mapped = np.ones(grid.shape, dtype=bool) if inside is None else inside
    if mapped.shape != grid.shape:
        raise ValueError(f"the grid is {grid.shape}, the mask {mapped.shape}")
    if covariates is None:
        return mapped
    if covariates.ndim != 3 or covariates.shape[:2] != grid.shape:
        raise ValueError(f"covariates need the shape ({grid.rows}, {grid.columns}, k), got {covariates.shape}")
    known: NDArray[np.bool_] = mapped & np.isfinite(covariates).all(axis=2)
    return known


def prediction_from_bands(
    mean: ArrayLike, sd: ArrayLike, lagrange: ArrayLike, transform: Transform | str
) -> Prediction:
    """Distributions from any window of the three bands."""
    mu, sigma, multiplier = (np.asarray(band, dtype=np.float64) for band in (mean, sd, lagrange))
    return Prediction(mu, sigma * sigma, multiplier, as_transform(transform))


def read_provenance(path: Path | str) -> dict[str, Any]:
    """What the file says about itself."""
    with rasterio.open(path) as raster:
        return _tags(raster)[0]


def _tags(raster: Any) -> tuple[dict[str, Any], Transform]:
    tags = raster.tags()
    if PROVENANCE not in tags or TRANSFORM not in tags or raster.count != len(BANDS):
        raise ValueError(f"{raster.name} is not a surface: it lacks the tags {PROVENANCE} and {TRANSFORM}")
    return dict(json.loads(tags[PROVENANCE])), transform_named(tags[TRANSFORM])


def _name(crs: Any) -> str:
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.to_wkt())


def _bands(prediction: Prediction) -> Vector:
    return np.stack([prediction.mean, prediction.model_sd, prediction.lagrange])


def _row_blocks(grid: Grid, progress: Progress | None) -> Iterator[tuple[int, int]]:
    step = max(1, CELLS_AT_ONCE // grid.columns)
    for start in range(0, grid.rows, step):
        stop = min(start + step, grid.rows)
        yield start, stop
        if progress is not None:
            progress(stop, grid.rows)


def _predicted_rows(
    fitted: FittedKriging,
    grid: Grid,
    inside: NDArray[np.bool_],
    covariates: Vector | None,
    progress: Progress | None,
) -> Rows:
    for start, stop in _row_blocks(grid, progress):
        block = np.full((len(BANDS), (stop - start) * grid.columns), np.nan)
        wanted = inside[start:stop].ravel()
        if wanted.any():
            known = None if covariates is None else covariates[start:stop].reshape(len(wanted), -1)[wanted]
            block[:, wanted] = _bands(fitted.predict(grid.centres(start, stop)[wanted], known))
        yield start, block.reshape(len(BANDS), stop - start, grid.columns)


def _write(path: Path, grid: Grid, transform: Transform, provenance: Mapping[str, Any], rows: Rows) -> None:
    """Through a plain GeoTIFF in a folder beside the target, which a rename then publishes."""
    with tempfile.TemporaryDirectory(prefix=".surface-", dir=path.parent) as folder:
        plain, finished = Path(folder, "plain.tif"), Path(folder, "finished.tif")
        with rasterio.open(plain, "w", **_profile(grid)) as raster:
            _describe(raster, transform, provenance)
            for start, block in rows:
                window = Window(0, start, grid.columns, block.shape[1])
                raster.write(block.astype(np.float32), window=window)
        rasterio.shutil.copy(plain, finished, **COG)
        finished.replace(path)


def _profile(grid: Grid) -> dict[str, Any]:
    return {
        "driver": "GTiff",
        "width": grid.columns,
        "height": grid.rows,
        "count": len(BANDS),
        "dtype": "float32",
        "nodata": np.nan,
        "crs": grid.crs,
        "transform": grid.transform,
        "bigtiff": "if_safer",
    }


def _describe(raster: Any, transform: Transform, provenance: Mapping[str, Any]) -> None:
    unit = str(provenance.get("unit", ""))
    scale = unit if transform.name == "identity" else f"{transform.name}({unit})"
    square = f"({scale})^2"
    for band, (name, units) in enumerate(zip(BANDS, (scale, scale, square), strict=True), start=1):
        raster.set_band_description(band, f"{name} on the {transform.name} scale")
        raster.set_band_unit(band, units)
    plain = {key: value for key, value in provenance.items() if isinstance(value, str | int | float)}
    tags = {PREFIX + key.upper(): str(value) for key, value in plain.items()}
    tags |= {PROVENANCE: json.dumps(provenance, sort_keys=True), TRANSFORM: transform.spec}
    raster.update_tags(**tags)
