"""A map as a file: distributions in a cloud-optimised GeoTIFF that says how it was made.

Three float32 bands on the model's scale, from which every quantity in the original unit follows for any
window: mean μ, standard deviation σ and the Lagrange multiplier. Overviews pick the nearest cell, because
an average of μ and σ is not the distribution of anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import Vector
from mapping.cluster import computed
from mapping.compressed import Checked
from mapping.geotiff import PREFIX, PROVENANCE, grid_of, profile_of
from mapping.grid import Grid
from mapping.model import Model
from mapping.prediction import Prediction
from mapping.raster import BANDS, Raster, Window, bands_of
from mapping.transform import Transform, as_transform, transform_named
from mapping.workshop import workshop

Progress = Callable[[int, int], None]

TRANSFORM = "EDAPHOS_TRANSFORM"


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
        whole = Window(0, self.grid.rows, 0, self.grid.columns)
        bands = bands_of(self.prediction).astype(np.float32)
        identity = hashlib.sha256(bands.tobytes()).hexdigest()
        with workshop(Path(path), identity + json.dumps(self.provenance, sort_keys=True)) as shop:
            shop.prepare(profile_of(self.grid, len(BANDS)))
            shop.add(whole, bands, Checked())
            _report(progress, self.grid, self.grid.rows * self.grid.columns)
            shop.describe(*_words(self.prediction.transform, self.provenance))
            shop.publish(Path(path))

    @classmethod
    def read(cls, path: Path | str) -> Surface:
        """A surface from its file; ValueError for a raster that is not one."""
        with rasterio.open(path) as raster:
            provenance, transform = _tags(raster)
            mean, sd, lagrange = raster.read().astype(np.float64)
            grid = grid_of(raster)
        return cls(grid, prediction_from_bands(mean, sd, lagrange, transform), provenance)


def write_surface(
    path: Path | str,
    raster: Raster,
    provenance: Mapping[str, Any],
    progress: Progress | None = None,
    cluster: str | None = None,
) -> None:
    """Predict window by window, here or on a Dask `cluster` (tcp://…), and write; memory does not grow with the map.

    The model's parameters are added to the provenance as `model`, and what was compressed as `compressed`.
    `progress(done, total)` counts rows; an exception from it ends the work and leaves nothing behind. Work that was
    killed goes on where it stopped when the same surface is asked for again.
    """
    grid, transform = raster.grid, raster.fitted.transform
    known = {**provenance, "model": raster.fitted.parameters()}
    with workshop(Path(path), raster.digest() + json.dumps(known, sort_keys=True)) as shop:
        done = shop.prepare(profile_of(grid, len(BANDS)))
        cells = sum(window.cells for window in done)
        for window, bands, checked in computed(raster, [each for each in raster.windows if each not in done], cluster):
            shop.add(window, bands, checked)
            done[window] = checked
            cells += window.cells
            _report(progress, grid, cells)
        if raster.compressed:
            known["compressed"] = sum(done.values(), Checked()).describe()
        shop.describe(*_words(transform, known))
        shop.publish(Path(path))


def predict_grid(
    fitted: Model,
    grid: Grid,
    inside: NDArray[np.bool_] | None = None,
    covariates: Vector | None = None,
    compressed: bool = False,
) -> Prediction:
    """Predictions (rows, columns) in memory; NaN outside the mask and where a covariate (rows, columns, k) is."""
    raster = Raster(fitted, grid, inside, covariates, compressed)
    bands = np.full((len(BANDS), *grid.shape), np.nan)
    for window in raster.windows:
        bands[(slice(None), *window.part)] = raster.bands(window)[0]
    return prediction_from_bands(bands[0], bands[1], bands[2], fitted.transform)


def _report(progress: Progress | None, grid: Grid, cells: int) -> None:
    if progress is not None:
        progress(cells // grid.columns, grid.rows)


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


def _words(transform: Transform, provenance: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Names and units of the bands, and the tags of the file."""
    unit = str(provenance.get("unit", ""))
    scale = unit if transform.name == "identity" else f"{transform.name}({unit})"
    units = (scale, scale, f"({scale})^2")
    bands = {f"{name} on the {transform.name} scale": each for name, each in zip(BANDS, units, strict=True)}
    plain = {key: value for key, value in provenance.items() if isinstance(value, str | int | float)}
    tags = {PREFIX + key.upper(): str(value) for key, value in plain.items()}
    return bands, tags | {PROVENANCE: json.dumps(provenance, sort_keys=True), TRANSFORM: transform.spec}
