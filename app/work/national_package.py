"""The files of a national submission: two rasters, their records, the methods in words, and a check of all of it."""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rio_cogeo.cogeo import cog_validate

from app.work.national import NationalLayers, layer_files
from app.work.national_records import dcat_record, iso_record, methods, read_iso

NAME = re.compile(r"[A-Z]{2}-[A-Za-z0-9]+-[A-Za-z0-9]+-\d{4}-[0-9.]+-[0-9.]+", re.ASCII)
NODATA = -9999.0
CHECKSUMS = "checksums.json"


@dataclass(frozen=True, slots=True)
class Package:
    """A folder that was written and checked."""

    folder: Path
    files: Mapping[str, str]
    support: str
    why: str
    cells: int

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "folder": str(self.folder),
            "files": dict(self.files),
            "uncertainty_of": self.support,
            "why": self.why or None,
            "cells": self.cells,
        }


def write_package(folder: Path, layers: NationalLayers) -> Package:
    """Write the folder whole or not at all, and check it; `ValueError` where it is there already or fails the check."""
    if folder.exists():
        raise ValueError(f"{folder} is there already: choose another --output or remove it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        _fill(unfinished, layers)
        check_package(unfinished)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    files = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))["files"]
    return Package(folder, files, layers.support, layers.why, int(np.isfinite(layers.mean).sum()))


def _fill(folder: Path, layers: NationalLayers) -> None:
    files = layer_files(folder, layers)
    said = {"mean": "Mean content of the cell", "uncertainty": "Standard deviation of the error of the mean"}
    if layers.support != "cell":
        said["uncertainty"] = "Standard deviation of the content at a point in the cell"
    for name, values in (("mean", layers.mean), ("uncertainty", layers.sd)):
        _write_raster(files[name], layers, values, said[name])
        files[name].with_suffix(".xml").write_bytes(iso_record(layers, files[name].stem, said[name]))
    (folder / "dcat.jsonld").write_text(json.dumps(dcat_record(layers, said), indent=1), encoding="utf-8")
    (folder / "methods.md").write_text(methods(layers), encoding="utf-8")
    sums = {file.name: _sha256(file) for file in sorted(folder.iterdir())}
    (folder / CHECKSUMS).write_text(json.dumps({"algorithm": "SHA-256", "files": sums}, indent=1), encoding="utf-8")


def _write_raster(file: Path, layers: NationalLayers, values: NDArray[np.float32], said: str) -> None:
    """A cloud-optimised GeoTIFF that says what it is, and nothing of the samples but how many there were."""
    grid = layers.grid
    profile = {"driver": "GTiff", "width": grid.columns, "height": grid.rows, "count": 1, "dtype": "float32"}
    place = {"crs": "EPSG:4326", "transform": grid.transform, "nodata": NODATA}
    plain = file.with_suffix(".plain.tif")
    with rasterio.open(plain, "w", **profile, **place) as raster:
        raster.write(np.where(np.isfinite(values), values, NODATA).astype(np.float32), 1)
        raster.set_band_description(1, said)
        raster.set_band_unit(1, "mg/kg")
        raster.update_tags(TITLE=f"{layers.contaminant['name']}: {said}", SAMPLES=layers.samples)
    rasterio.shutil.copy(plain, file, driver="COG", overview_resampling="average", compress="deflate")
    plain.unlink()


def check_package(folder: Path) -> None:
    """Whether a package is what it should be; raises `ValueError` with the first thing that is not."""
    rasters = sorted(folder.glob("*.tif"))
    if len(rasters) != 2:
        raise ValueError(f"a package has two rasters, the mean and its uncertainty, but {folder} has {len(rasters)}")
    for file in rasters:
        _check_raster(file)
        read_iso(file.with_suffix(".xml"))
    _check_pair(*rasters)
    stray = [file.name for file in folder.iterdir() if file.suffix not in (".tif", ".xml", ".jsonld", ".md", ".json")]
    if stray:
        raise ValueError(f"a package holds maps and records only, no points: {', '.join(stray)} must not be in it")
    sums = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))["files"]
    for name, checksum in sums.items():
        if _sha256(folder / name) != checksum:
            raise ValueError(f"{name} is not the file whose checksum {CHECKSUMS} holds")


def _check_raster(file: Path) -> None:
    if not NAME.fullmatch(file.stem):
        raise ValueError(f"{file.name} is not named <country>-<project>-<property>-<year>-<top>-<bottom>")
    valid, errors, _ = cog_validate(file)
    if not valid:
        raise ValueError(f"{file.name} is no cloud-optimised GeoTIFF: {errors[0]}")
    with rasterio.open(file) as raster:
        if raster.crs.to_epsg() != 4326 or raster.nodata != NODATA:
            raise ValueError(f"{file.name} must be in EPSG:4326 with the value {NODATA:g} where there is none")
        for edge in (raster.transform.c, raster.transform.f):
            if abs(edge / raster.transform.a - round(edge / raster.transform.a)) > 1e-6:
                raise ValueError(f"the edges of {file.name} are no multiples of its cell")


def _check_pair(one: Path, other: Path) -> None:
    with rasterio.open(one) as first, rasterio.open(other) as second:
        if first.transform != second.transform or first.shape != second.shape:
            raise ValueError("the mean and its uncertainty are on different grids")
        bands = [raster.read(1, masked=True) for raster in (first, second)]
    if (bands[0].mask != bands[1].mask).any() or any((band.compressed() < 0).any() for band in bands):
        raise ValueError("the mean and its uncertainty must be known at the same cells, and not below zero")


def _sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
