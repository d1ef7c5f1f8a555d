"""A raster into the data folder: one band as a cloud-optimised GeoTIFF, checked cell by cell on the way."""

import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.windows import Window

from ingest.coordinates import horizontal_crs
from ingest.errors import IngestError
from ingest.layers.census import Census, ClassCensus, NumberCensus
from ingest.layers.description import LayerDescription
from ingest.layers.facts import Box, Facts

Progress = Callable[[int, int], None]
BEGINNINGS = {
    **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "GTiff"),
    b"SQLite format 3\0": "GPKG",
    b"ncols": "AAIGrid",
}
"""Formats that hold their own data, by how their files begin; GDAL knows others that fetch some from elsewhere."""
CELLS_AT_ONCE = 1_000_000
CACHE_BYTES = 64_000_000
COG = {"driver": "COG", "compress": "deflate", "predictor": "yes", "blocksize": 512, "bigtiff": "if_safer"}


def copy_raster(file: Path, described: LayerDescription, target: Path, progress: Progress | None = None) -> Facts:
    """Write the band that is described to `target`, whole or not at all, and say what is in it.

    Scale and offset of the band are applied. Raises `IngestError` for a raster without a coordinate reference system,
    without a value, or with more classes than anybody could tell apart.
    """
    with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES), _opened(file, described) as source:
        band, crs = _band(file, source, described), _system(file, source, described)
        box = _box_in_degrees(file, source, crs)
        census: Census = ClassCensus() if described.measure == "categorical" else NumberCensus()
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".layer-", dir=target.parent) as folder:
            plain, finished = Path(folder, "plain.tif"), Path(folder, "finished.tif")
            _write(plain, _parts(source, band, described, progress), census, source, crs)
            _must_hold_something(file, census)
            rasterio.shutil.copy(plain, finished, **COG, overview_resampling=census.overviews)
            finished.replace(target)
        numbers = _layout(source, band, census.count) | census.numbers(described)
        return Facts(_name(crs), box, numbers, tuple(census.findings(described)))


def _layout(source: Any, band: int, known: int) -> dict[str, Any]:
    across, down = source.res
    share = 1.0 - known / (source.width * source.height)
    size = {"columns": source.width, "rows": source.height, "cell": [across, down]}
    return {**size, "band": band, "without_value_share": share}


def is_raster(file: Path) -> bool:
    """Whether the file holds a raster of a known format."""
    driver = _driver(file)
    if driver is None:
        return False
    try:
        with _quiet(), rasterio.open(file, driver=driver) as source:
            return bool(source.count or source.subdatasets)
    except RasterioIOError:
        return driver != "GPKG"


def _driver(file: Path) -> str | None:
    with file.open("rb") as handle:
        start = handle.read(16)
    known = (driver for beginning, driver in BEGINNINGS.items() if start.lower().startswith(beginning.lower()))
    return next(known, None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warning that a file does not say where it lies: it is refused in our own words."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def _opened(file: Path, described: LayerDescription) -> Any:
    driver = _driver(file)
    with _quiet():
        try:
            source = rasterio.open(file, driver=driver)
        except RasterioIOError as error:
            raise IngestError(f"{file.name} cannot be read: {str(error).splitlines()[0]}") from None
        if source.count:
            return source
        tables = {name.rsplit(":", 1)[-1]: name for name in source.subdatasets}
        source.close()
        if described.sheet not in tables:
            raise IngestError(f"{file.name} holds the rasters {', '.join(tables)}: state which one as sheet")
        return rasterio.open(tables[described.sheet], driver=driver)


def _band(file: Path, source: Any, described: LayerDescription) -> int:
    plain = [band for band in source.indexes if source.colorinterp[band - 1] != ColorInterp.alpha]
    if described.band is None and len(plain) == 1:
        return int(plain[0])
    if described.band is None:
        listed = ", ".join(f"{band} ({source.descriptions[band - 1] or 'no name'})" for band in plain)
        raise IngestError(f"{file.name} has the bands {listed}: state which one as band")
    if described.band not in source.indexes:
        raise IngestError(f"{file.name} has {source.count} bands, so there is no band {described.band}")
    return described.band


def _system(file: Path, source: Any, described: LayerDescription) -> CRS:
    if source.transform.is_identity:
        raise IngestError(f"{file.name} does not say where its cells lie")
    own = CRS.from_wkt(source.crs.to_wkt()) if source.crs else None
    stated = horizontal_crs(described.crs) if described.crs else None
    if own is None and stated is None:
        raise IngestError(f"{file.name} does not say its coordinate reference system: state it as crs")
    if own is not None and stated is not None and not own.equals(stated, ignore_axis_order=True):
        raise IngestError(f"{file.name} is in {own.name}, not in {stated.name} as stated: leave crs out")
    crs = stated if own is None else own
    assert crs is not None  # noqa: S101 - one of two is there, as was just seen
    return horizontal_crs(crs.to_wkt())


def _box_in_degrees(file: Path, source: Any, crs: CRS) -> Box:
    across, down = np.linspace(0, source.width, 21), np.linspace(0, source.height, 21)
    column, row = (axis.ravel() for axis in np.meshgrid(across, down))
    go = source.transform
    x, y = go.a * column + go.b * row + go.c, go.d * column + go.e * row + go.f
    lon, lat = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x, y)
    held = np.isfinite(lon) & np.isfinite(lat)
    lon, lat = np.asarray(lon)[held], np.asarray(lat)[held]
    if not held.any() or np.abs(lat).max() > 90.0 or np.abs(lon).max() > 360.0:
        raise IngestError(f"{file.name} lies beyond what {crs.name} can hold")
    return float(max(lon.min(), -180.0)), float(lat.min()), float(min(lon.max(), 180.0)), float(lat.max())


def _parts(
    source: Any, band: int, described: LayerDescription, progress: Progress | None
) -> Iterator[tuple[Window, NDArray[np.float64]]]:
    """Strips of the band, as numbers with NaN where there is no value."""
    scale, offset = source.scales[band - 1], source.offsets[band - 1]
    step = max(1, CELLS_AT_ONCE // source.width)
    for start in range(0, source.height, step):
        window = Window(0, start, source.width, min(step, source.height - start))
        values = source.read(band, window=window, masked=True).astype(np.float64).filled(np.nan)
        if described.nodata is not None:
            values[np.isclose(values, described.nodata, rtol=1e-6, atol=0.0)] = np.nan
        values[~np.isfinite(values)] = np.nan
        yield window, values * scale + offset
        if progress is not None:
            progress(min(start + step, source.height), source.height)


def _write(
    plain: Path, parts: Iterator[tuple[Window, NDArray[np.float64]]], census: Census, source: Any, crs: CRS
) -> None:
    kept = {
        "driver": "GTiff",
        "width": source.width,
        "height": source.height,
        "count": 1,
        "crs": crs.to_wkt(),
        "transform": source.transform,
        "tiled": True,
        "bigtiff": "if_safer",
        **census.storage(source),
    }
    with rasterio.open(plain, "w", **kept) as raster:
        for window, values in parts:
            raster.write(census.taken(values).astype(kept["dtype"]), 1, window=window)


def _must_hold_something(file: Path, census: Census) -> None:
    if not census.count:
        raise IngestError(f"{file.name} has no cell with a value")


def _name(crs: CRS) -> str:
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.to_wkt())
