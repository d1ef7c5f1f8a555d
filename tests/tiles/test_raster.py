"""A place has one value: in the file, as a point, and in the tiles of every zoom."""

import io
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pyproj import Transformer

from tests.app.seed import write_surface
from tiles.pixels import Pixels
from tiles.quantity import Quantity
from tiles.raster import Raster
from tiles.tile import HALF, Tile

EXPECTED = Quantity("expected")
CENTRE = (5.75, 50.975)


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Raster:
    path = tmp_path_factory.mktemp("surface") / "zinc.tif"
    write_surface(path)
    return Raster.open(path, "log")


def tile_at(lon: float, lat: float, zoom: int) -> Tile:
    x, y = Transformer.from_crs(4326, 3857, always_xy=True).transform(lon, lat)
    width = 2 * HALF / (1 << zoom)
    return Tile(zoom, int((x + HALF) // width), int((HALF - y) // width))


def centres(tile: Tile) -> tuple[np.ndarray, np.ndarray]:
    pixels = np.arange(0.5, 256.0)
    return Pixels.of(tile).places(pixels, pixels)


@pytest.mark.parametrize("zoom", [0, 3, 6, 8, 10, 12, 13, 14, 16, 19, 22])
def test_pixels_of_every_zoom_have_the_value_of_their_place(raster: Raster, zoom: int) -> None:
    tile = tile_at(*CENTRE, zoom)
    by_place = raster.values_at(*centres(tile), EXPECTED)
    np.testing.assert_array_equal(raster.values_of(tile, EXPECTED), by_place)


@given(st.floats(5.70, 5.79), st.floats(50.94, 51.0), st.integers(9, 17))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_interpolated_cells_are_the_projected_ones(raster: Raster, lon: float, lat: float, zoom: int) -> None:
    tile = tile_at(lon, lat, zoom)
    np.testing.assert_array_equal(raster.cells_of(tile), raster.cells_at(*centres(tile)))


def test_a_place_has_the_value_that_the_file_holds(raster: Raster) -> None:
    lon, lat = (np.array([value]) for value in CENTRE)
    x, y = Transformer.from_crs(4326, 28992, always_xy=True).transform(*CENTRE)
    with rasterio.open(raster.path) as file:
        mean, sd, lagrange = next(file.sample([(x, y)])).astype(np.float64)
    expected = np.exp(mean + sd**2 / 2 - lagrange)
    assert raster.values_at(lon, lat, EXPECTED)[0] == pytest.approx(expected, rel=1e-6)


def test_tiles_beside_each_other_have_no_seam(raster: Raster) -> None:
    """The four children of a tile, side by side, are the tile at twice the resolution."""
    tile = tile_at(*CENTRE, 13)
    children = [raster.values_of(child, EXPECTED) for child in tile.children()]
    whole = np.block([children[:2], children[2:]])
    edges = np.arange(512) + 0.5
    places = Pixels.of(tile).places(edges / 2, edges / 2)
    np.testing.assert_array_equal(whole, raster.values_at(*places, EXPECTED))


@pytest.mark.parametrize(
    "quantity",
    [EXPECTED, Quantity("median"), Quantity("sd"), Quantity("quantile", p=0.9), Quantity("exceedance", limit=720.0)],
    ids=lambda quantity: quantity.name,
)
def test_a_tile_shows_the_colours_of_its_legend(raster: Raster, quantity: Quantity) -> None:
    tile = tile_at(*CENTRE, 13)
    image = Image.open(io.BytesIO(raster.draw(tile, quantity))).convert("RGBA")
    pixels = np.asarray(image)
    legend, values = raster.legend(quantity), raster.values_of(tile, quantity)
    assert image.size == (256, 256)
    for y, x in np.ndindex(4, 4):
        row, column = 64 * y + 17, 64 * x + 30
        red, green, blue, alpha = pixels[row, column]
        if np.isnan(values[row, column]):
            assert alpha == 0
            continue
        colour = legend.colours[int(legend.classify(values[row, column : column + 1])[0]) - 1]
        assert (f"#{red:02x}{green:02x}{blue:02x}", alpha) == (colour, 255)


def test_far_away_there_is_nothing(raster: Raster) -> None:
    assert raster.draw(tile_at(-120.0, -30.0, 5), EXPECTED) == b""
    away = raster.values_at(np.array([-174.0, 100.0, 5.75]), np.array([-50.0, 0.0, -50.975]), EXPECTED)
    assert np.isnan(away).all()


def test_a_surface_over_the_antimeridian_is_found_on_both_sides(tmp_path: Path) -> None:
    path = tmp_path / "taveuni.tif"
    x, y = Transformer.from_crs(4326, 32701, always_xy=True).transform(180.0, -16.85)
    profile = {"driver": "GTiff", "width": 40, "height": 40, "count": 3, "dtype": "float32", "nodata": np.nan}
    place = Affine(1000.0, 0.0, x - 20_000, 0.0, -1000.0, y + 20_000)
    with rasterio.open(path, "w", **profile, crs="EPSG:32701", transform=place) as file:
        file.write(np.full((3, 40, 40), 0.5, np.float32))
    raster = Raster.open(path, "log")
    values = raster.values_at(np.array([179.95, -179.95, 179.0, 0.0]), np.full(4, -16.85), Quantity("median"))
    assert np.isfinite(values).tolist() == [True, True, False, False]
    for side in (179.95, -179.95):
        tile = tile_at(side, -16.85, 9)
        np.testing.assert_array_equal(raster.cells_of(tile), raster.cells_at(*centres(tile)))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": "mean"}, "quantity must be one of"),
        ({"name": "quantile"}, "p belongs to quantity=quantile"),
        ({"name": "expected", "p": 0.5}, "p belongs to quantity=quantile"),
        ({"name": "quantile", "p": 1.5}, "p must lie between 0 and 1"),
        ({"name": "exceedance"}, "belongs to quantity=exceedance"),
        ({"name": "median", "limit": 3.0}, "belongs to quantity=exceedance"),
        ({"name": "exceedance", "limit": -1.0}, "limit must be a number of mg/kg above zero"),
        ({"name": "exceedance", "limit": float("nan")}, "limit must be a number of mg/kg above zero"),
    ],
)
def test_a_quantity_that_makes_no_sense_cannot_be_built(values: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Quantity(**values)  # type: ignore[arg-type]
