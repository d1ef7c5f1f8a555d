"""Plain rasters: what is written is what is read, and a raster that cannot be right is not made."""

from pathlib import Path

import numpy as np
import pytest
from rio_cogeo.cogeo import cog_validate

from mapping import Band, Grid, PlainRaster, Surface

GRID = Grid(100.0, 400.0, 20.0, 7, 5, "EPSG:28992")
SHARE = Band("share", "1", "Share of something")
METRES = Band("metres", "m", "Metres to something")


def raster() -> PlainRaster:
    inside = np.ones(GRID.shape, dtype=bool)
    inside[0] = False
    values = np.vstack([np.linspace(0.0, 1.0, 30), np.arange(30.0)])
    return PlainRaster.of_cells(GRID, "share", (SHARE, METRES), inside, values, {"contaminants": ["zinc"], "seed": 3})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = raster()
    written.write(tmp_path / "share.tif")
    read = PlainRaster.read(tmp_path / "share.tif")
    assert (read.grid, read.quantity, read.bands) == (GRID, "share", (SHARE, METRES))
    np.testing.assert_array_equal(read.values, written.values)
    assert read.provenance == written.provenance
    assert cog_validate(tmp_path / "share.tif")[0]
    assert np.isnan(read.band("metres")[0]).all()
    assert read.band("metres")[1, 0] == 0.0
    assert [each.name for each in tmp_path.iterdir()] == ["share.tif"]


def test_the_same_raster_is_the_same_bytes(tmp_path: Path) -> None:
    raster().write(tmp_path / "one.tif")
    raster().write(tmp_path / "two.tif")
    assert (tmp_path / "one.tif").read_bytes() == (tmp_path / "two.tif").read_bytes()


def test_neither_kind_of_map_is_taken_for_the_other(tmp_path: Path) -> None:
    raster().write(tmp_path / "share.tif")
    with pytest.raises(ValueError, match="not a surface"):
        Surface.read(tmp_path / "share.tif")


@pytest.mark.parametrize(
    ("quantity", "bands", "shape", "complaint"),
    [
        ("concentration", (SHARE,), (1, 7, 5), "other than concentration"),
        ("Joint Exceedance", (SHARE,), (1, 7, 5), "slug"),
        ("share", (), (0, 7, 5), "needs bands"),
        ("share", (SHARE, SHARE), (2, 7, 5), "of its own"),
        ("share", (SHARE, METRES), (1, 7, 5), "2 bands"),
        ("share", (SHARE,), (1, 5, 7), r"over \(7, 5\)"),
    ],
)
def test_what_cannot_be_right_is_refused(
    quantity: str, bands: tuple[Band, ...], shape: tuple[int, ...], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        PlainRaster(GRID, quantity, bands, np.zeros(shape, dtype=np.float32), {})


def test_infinity_is_no_value_and_an_unknown_band_is_named() -> None:
    with pytest.raises(ValueError, match="infinite"):
        PlainRaster(GRID, "share", (SHARE,), np.full((1, 7, 5), np.inf, dtype=np.float32), {})
    with pytest.raises(ValueError, match="known are share, metres"):
        raster().band("depth")


@pytest.mark.parametrize(("name", "unit", "title"), [("At least", "1", "x"), ("share", "", "x"), ("share", "1", "")])
def test_a_band_says_what_it_is(name: str, unit: str, title: str) -> None:
    with pytest.raises(ValueError, match="band"):
        Band(name, unit, title)
