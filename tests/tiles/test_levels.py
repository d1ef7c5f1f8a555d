"""The served copy of a large surface: its tiles show what the surface itself says at the centres of their pixels."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from tiles import levels
from tiles.levels import Levels, folder_of
from tiles.matrix_sets import MATRIX_SETS
from tiles.pixels import Pixels
from tiles.quantity import PlainBand, Quantity
from tiles.raster import Raster
from tiles.tile import HALF, RADIUS, Tile

MEDIAN = Quantity("median")


def write(path: Path, crs: str, west: float, north: float, cell: float, bands: int = 3) -> None:
    """A surface of 1.2 million cells, no two of which are alike, with a hole."""
    rows, columns = 1_000, 1_200
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    value = (x / 7 + y / 3 + (x * y) % 11) / 100
    value[400:500, 300:500] = np.nan
    profile = {"driver": "GTiff", "width": columns, "height": rows, "count": bands, "dtype": "float32"}
    place = {"crs": crs, "transform": Affine(cell, 0.0, west, 0.0, -cell, north), "nodata": np.nan}
    with rasterio.open(path, "w", **profile, **place, tiled=True, blockxsize=512, blockysize=512) as file:
        file.write(np.stack([value * (number + 1) for number in range(bands)]))


@pytest.fixture(scope="module", params=[("EPSG:32633", 400_000.0, 5_500_000.0), ("EPSG:32701", 150_000.0, 8_200_000.0)])
def raster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Raster:
    """One in the middle of Europe, and one over the antimeridian."""
    path = tmp_path_factory.mktemp("levels") / "zinc.tif"
    crs, west, north = request.param
    write(path, crs, west, north, 100.0)
    found = Raster.open(path, "log")
    found.make_copy()
    return found


def tiles_of(raster: Raster, zoom: int) -> list[Tile]:
    """Some tiles of a zoom that the surface lies in, at its corners and in the middle."""
    width, found = 2 * HALF / (1 << zoom), set()
    for part in raster.box.parts():
        for lon in (part.west, (part.west + part.east) / 2, part.east):
            for lat in ((part.south * 2 + part.north) / 3, part.north):
                x, y = RADIUS * np.radians(lon), RADIUS * np.arcsinh(np.tan(np.radians(lat)))
                last = (1 << zoom) - 1
                found.add(Tile(zoom, min(int((x + HALF) // width), last), min(int((HALF - y) // width), last)))
    return sorted(found, key=lambda tile: (tile.x, tile.y))


def test_tiles_of_the_copy_show_places_of_the_surface(raster: Raster) -> None:
    copy, finest = Levels.at(raster.path), raster.copied_to
    assert copy is not None
    assert finest is not None
    assert len(copy.levels) == finest + 1
    pixels = np.arange(0.5, 256.0)
    some = 0
    for zoom in range(finest + 1):
        for tile in tiles_of(raster, zoom)[:3]:
            by_place = raster.values_at(*Pixels.of(tile).places(pixels, pixels), MEDIAN)
            np.testing.assert_array_equal(raster.values_of(tile, MEDIAN), by_place)
            some += int(np.isfinite(by_place).sum())
    assert some > 10_000


def test_pixels_of_the_finest_copy_are_no_smaller_than_cells(raster: Raster) -> None:
    assert raster.copied_to is not None
    lat = (raster.box.south + raster.box.north) / 2
    ground = 2 * HALF / 256 / (1 << raster.copied_to) * np.cos(np.radians(lat))
    assert raster.cell_m <= ground < 2 * raster.cell_m


def test_coarse_pictures_show_places_no_farther_than_half_a_pixel(
    raster: Raster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a picture of the whole shows lies within half of a pixel: within the values that the surface has there."""
    monkeypatch.setattr("tiles.raster.MOST_READ", 1_000)
    part = raster.box.parts()[0]
    pixels = Pixels.covering("OGC:CRS84", (part.west, part.south, part.east, part.north), 40, 30)
    shown = MEDIAN.of(raster.bands_in(pixels), raster.transform)
    fine = MEDIAN.of(raster.bands_at(*raster.cells_in(pixels.finer(8))), raster.transform).reshape(30, 8, 40, 8)
    low, high = np.nanmin(fine, axis=(1, 3), initial=np.inf), np.nanmax(fine, axis=(1, 3), initial=-np.inf)
    inner = np.isfinite(fine).all(axis=(1, 3))
    assert inner.sum() > 100
    wide = (high - low)[inner]
    assert (shown[inner] >= low[inner] - wide).all()
    assert (shown[inner] <= high[inner] + wide).all()


def test_a_copy_is_made_once_and_whole(raster: Raster, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("it is there already")

    monkeypatch.setattr(levels, "_write", never)
    raster.make_copy()
    assert not list(raster.path.parent.glob(".surface-*"))


def test_what_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "copper.tif"
    write(path, "EPSG:32633", 400_000.0, 5_500_000.0, 100.0)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(levels, "_write", full)
    with pytest.raises(OSError, match="No space"):
        Raster.open(path, "log").make_copy()
    assert sorted(tmp_path.iterdir()) == [path]
    assert not folder_of(path).exists()


def test_a_derived_map_has_any_number_of_bands(tmp_path: Path) -> None:
    path = tmp_path / "index.tif"
    write(path, "EPSG:32633", 400_000.0, 5_500_000.0, 100.0, bands=2)
    raster = Raster.open(path, "identity")
    raster.make_copy()
    second = PlainBand("second", "1", "Second", 1)
    tile = tiles_of(raster, 7)[0]
    pixels = np.arange(0.5, 256.0)
    by_place = raster.values_at(*Pixels.of(tile).places(pixels, pixels), second)
    np.testing.assert_array_equal(raster.values_of(tile, second), by_place)
    assert raster.draw(tile, second)


@pytest.mark.parametrize("name", MATRIX_SETS)
def test_tiles_of_a_matrix_set_meet(name: str) -> None:
    matrices = MATRIX_SETS[name]
    for z in (1, 5, 9):
        matrix = matrices.matrices()[z]
        row, column = matrix.rows // 2, matrix.columns // 2
        here, below = (
            matrices.pixels(z, row, column),
            matrices.pixels(z, row + 1 if row + 1 < matrix.rows else row - 1, column),
        )
        assert here.across == pytest.approx(matrices.pixels(z - 1, row // 2, column // 2).across / 2)
        assert below.north in (pytest.approx(here.bounds[1]), pytest.approx(here.north + 256 * here.down))
        with pytest.raises(ValueError, match="has no tile"):
            matrices.pixels(z, matrix.rows, column)
