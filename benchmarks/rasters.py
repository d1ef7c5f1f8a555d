"""Tiles and values of a surface of thirty million cells against titiler, over HTTP, each with one process."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from scipy.ndimage import gaussian_filter
from sqlalchemy import Connection, insert, select

from benchmarks.line import Line, seconds
from benchmarks.titiler import VERSION, aligned, served, titiler
from db import migrate
from db.embedded import Cluster
from db.tables import surface
from ingest.vocabulary import load_vocabularies
from tiles.quantity import Quantity
from tiles.raster import Raster
from tiles.tile import HALF, RADIUS, Tile

HOME = Path(os.environ.get("TMPDIR", "/tmp")) / "edaphos-bench-rasters"  # noqa: S108 - kept from one run to the next
ROWS, COLUMNS, CELL = 5_000, 6_000, 250.0
PORTS = 8_771, 8_772
CENTRE = (11.0, 48.0)
SECONDS = 4
KEY = "zinc-0b1c2d3e"


def lines() -> Iterator[Line]:
    """The tiles of three zooms with a limit that is new to the service each time, values at places, a new limit."""
    HOME.mkdir(parents=True, exist_ok=True)
    HOME.chmod(0o755)
    path = _surface(HOME / "data" / "surfaces" / f"{KEY}.tif")
    raster = Raster.open(path, "log")
    raster.make_copy()
    peer_file = aligned(path, HOME)
    yield _new_limit(raster)
    with _ours() as ours, titiler(HOME, PORTS[1]) as theirs:
        _check_same(ours, theirs, peer_file)
        for zoom in (6, 7, 9):
            yield _tiles(zoom, ours, theirs, peer_file)
        yield _points(ours, theirs, peer_file)


def _new_limit(raster: Raster) -> Line:
    """From bands that are at hand to PNG, against the two milliseconds that it may take."""
    tiles = _tiles_around(7)
    limits = iter(np.linspace(100.0, 900.0, 1_000_000))

    def draw() -> None:
        for tile in tiles:
            raster.draw(tile, Quantity("exceedance", limit=float(next(limits))))

    return Line(
        work="a new guideline on bands at hand: exceedance to PNG",
        unit="tiles",
        ours=len(tiles) / seconds(draw, 5),
        peer="2 ms a tile",
        theirs=500.0,
        settings="z7, one thread, no HTTP",
    )


def _tiles(zoom: int, ours: str, theirs: str, file: Path) -> Line:
    tiles = _tiles_around(zoom)
    mine = [
        f"/collections/surface-{KEY}/map/tiles/WebMercatorQuad/{t.z}/{t.y}/{t.x}?quantity=exceedance" for t in tiles
    ]
    other = [f"/tiles/WebMercatorQuad/{t.z}/{t.x}/{t.y}.png?url={file}&bidx=1&rescale=2,8" for t in tiles]
    return Line(
        work=f"raster tile at z{zoom}, exceedance of a limit in the request",
        unit="tiles",
        ours=_rate(ours, mine, "&limit=", 100.0),
        peer=f"titiler.core {VERSION}",
        theirs=_rate(theirs, other),
        settings=f"{len(tiles)} tiles, each request a new limit; peer: one band, aligned COG",
    )


def _points(ours: str, theirs: str, file: Path) -> Line:
    draw = np.random.default_rng(2)
    places = np.column_stack([draw.uniform(9, 13, 400), draw.uniform(46.5, 49.5, 400)]).round(5).tolist()
    mine = [f"/collections/surface-{KEY}/position?coords=POINT({lon}%20{lat})" for lon, lat in places]
    other = [f"/point/{lon},{lat}?url={file}" for lon, lat in places]
    return Line(
        work="value at a place: the distribution in five figures",
        unit="answers",
        ours=_rate(ours, mine),
        peer=f"titiler.core {VERSION}",
        theirs=_rate(theirs, other),
        settings="400 places in 40 blocks; peer: three bands, no statistics",
    )


def _check_same(ours: str, theirs: str, file: Path) -> None:
    """Both say the same about places, but for the nearest cell of a grid that lies on tiles."""
    differences = []
    for lon, lat in ((10.0, 47.0), (11.5, 48.2), (12.3, 49.0), (9.7, 48.8), (12.0, 47.5)):
        mine = httpx.get(f"{ours}/collections/surface-{KEY}/position?coords=POINT({lon} {lat})", timeout=60).json()
        other = httpx.get(f"{theirs}/point/{lon},{lat}?url={file}", timeout=60).json()
        differences.append(abs(np.log(mine["ranges"]["median"]["values"][0]) - other["values"][0]))
    assert np.median(differences) < 0.1, differences


def _tiles_around(zoom: int) -> list[Tile]:
    """Up to 49 tiles that the surface fills."""
    width = 2 * HALF / (1 << zoom)
    x = int((RADIUS * np.radians(CENTRE[0]) + HALF) // width)
    y = int((HALF - RADIUS * np.arcsinh(np.tan(np.radians(CENTRE[1])))) // width)
    reach = {6: 0, 7: 1}.get(zoom, 3)
    return [Tile(zoom, x + dx, y + dy) for dx in range(-reach, reach + 1) for dy in range(-reach, reach + 1)]


SCRIPT = """
local paths = {%s}
local number = 0
local start = math.random(1000000)
function request()
  number = number + 1
  local path = paths[number %% #paths + 1]
  if "%s" ~= "" then path = path .. "%s" .. (%g + (number * 7 + start) %% 7000003 / 10000) end
  return wrk.format("GET", path)
end
"""


def _rate(address: str, paths: Sequence[str], counted: str = "", first: float = 0.0) -> float:
    """Answers a second that wrk gets from two connections; every one must be good."""
    script = HOME / "requests.lua"
    script.write_text(SCRIPT % (", ".join(json.dumps(path) for path in paths), counted, counted, first))
    for length in (1, SECONDS):
        command = ["wrk", "-t1", "-c2", f"-d{length}s", "--timeout", "30s", "-s", str(script), address]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in told, told
    found = re.search(r"Requests/sec:\s+([0-9.]+)", told)
    assert found is not None, told
    return float(found[1])


@contextmanager
def _ours() -> Iterator[str]:
    """Our service as it is shipped, with that one map."""
    home = HOME / "data"
    with Cluster.in_folder(home).in_use() as database:
        engine = database.engine()
        migrate.upgrade(engine)
        with engine.begin() as connection:
            load_vocabularies(connection)
            _register(connection)
        engine.dispose()
    program = Path(sys.executable).with_name("edaphos")
    environment = {"EDAPHOS_HOME": str(home), "EDAPHOS_PORT": str(PORTS[0])}
    with served(
        [str(program), "serve", "--json"], f"http://127.0.0.1:{PORTS[0]}", "/conformance", HOME, environment
    ) as address:
        yield address


def _register(connection: Connection) -> None:
    if connection.execute(select(surface.c.id).where(surface.c.id == KEY)).scalar() is not None:
        return
    ring = "0 44, 19 44, 19 55.5, 0 55.5, 0 44"
    row = {
        "id": KEY,
        "contaminant_id": "zinc",
        "title": "Zinc, made up",
        "path": f"surfaces/{KEY}.tif",
        "method": "ordinary-kriging",
        "parameters": {"transform": "log"},
        "scores": {},
        "input_hash": "none",
        "version": KEY,
        "crs": "EPSG:3035",
        "cell_m": CELL,
        "geom": f"SRID=4326;POLYGON(({ring}))",
    }
    connection.execute(insert(surface).values(row))


def _surface(path: Path) -> Path:
    """Smooth fields of log zinc over central Europe, an ellipse of them."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(1)
    coarse = gaussian_filter(draw.normal(size=(ROWS // 4, COLUMNS // 4)).astype(np.float32), 6)
    field: np.ndarray = np.kron(coarse / coarse.std(), np.ones((4, 4), np.float32))
    field += 0.02 * draw.normal(size=field.shape).astype(np.float32)
    sd: np.ndarray = np.clip(0.4 + 0.1 * np.roll(field, 300, 0) ** 2, 0.2, 1.2)
    bands = np.stack([5.0 + 0.8 * field, sd, 0.01 * sd]).astype(np.float32)
    row, column = np.ogrid[0:ROWS, 0:COLUMNS]
    bands[:, (2 * column / COLUMNS - 1) ** 2 + (2 * row / ROWS - 1) ** 2 > 1] = np.nan
    place = Affine(CELL, 0.0, 4_200_000 - CELL * COLUMNS / 2, 0.0, -CELL, 3_000_000 + CELL * ROWS / 2)
    profile = {"driver": "GTiff", "width": COLUMNS, "height": ROWS, "count": 3, "dtype": "float32", "nodata": np.nan}
    plain = path.with_suffix(".plain.tif")
    with rasterio.open(plain, "w", **profile, crs="EPSG:3035", transform=place) as file:
        file.write(bands)
    rasterio.shutil.copy(plain, path, driver="COG", overview_resampling="nearest", compress="deflate")
    plain.unlink()
    return path
