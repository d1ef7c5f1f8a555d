"""Areas out of files: of any format that holds its own data, and of none that runs or fetches anything."""

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
from pyproj import CRS
from shapely.geometry import Polygon, box

from app.work.areas import read_area
from ingest.errors import IngestError
from ingest.layers.description import describe_layer
from ingest.layers.polygons import read_polygons

METRES = CRS("EPSG:25832")
SQUARE = box(500_000, 5_600_000, 500_900, 5_600_800)
VIRTUAL = "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>"
PROGRAM = "gdal vector pipeline ! read secret.gpkg ! write --of stream streamed_dataset"


def written(folder: Path, name: str) -> Path:
    """The square in a file of that name."""
    file = folder / name.replace(".zip", ".shp")
    frame = gpd.GeoDataFrame({"code": ["A"]}, geometry=[SQUARE], crs=METRES)
    frame.to_crs(4326 if name.endswith("json") else METRES).to_file(file)
    if not name.endswith(".zip"):
        return file
    with zipfile.ZipFile(folder / name, "w") as archive:
        for part in sorted(folder.glob(f"{file.stem}.*")):
            if part.suffix != ".zip":
                archive.write(part, part.name)
    return folder / name


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.zip", "a.geojson", "a.fgb"])
def test_an_area_in_any_format(tmp_path: Path, name: str) -> None:
    area = read_area(written(tmp_path, name), METRES)
    assert isinstance(area, Polygon)
    assert area.symmetric_difference(SQUARE).area < 1e-3 * SQUARE.area


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("area.vrt", VIRTUAL),
        ("area.gpkg", VIRTUAL),
        ("area.shp", VIRTUAL),
        ("area.geojson", VIRTUAL),
        ("area.json", json.dumps({"type": "gdal_streamed_alg", "command_line": PROGRAM})),
        ("area.geojson", json.dumps({"type": "gdal_streamed_alg", "command_line": PROGRAM})),
        ("area.geojson", "[" * 100_000),
        ("area.csv", "WKT\nPOLYGON((0 0,1 0,1 1,0 0))\n"),
        ("area.gpkg", ""),
    ],
)
def test_what_runs_or_fetches_or_is_no_geographic_file(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"{name}: not a file of polygons that can be read: [^\n]+$") as told:
        read_area(tmp_path / name, METRES)
    assert str(told.value).count(str(tmp_path)) == 1
    with pytest.raises(IngestError, match=name):
        read_polygons(tmp_path / name, describe_layer({"name": "here"}))


def test_an_archive_of_something_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "area.zip", "w") as archive:
        archive.writestr("a.vrt", VIRTUAL)
    with pytest.raises(ValueError, match=r"area\.zip: not a file of polygons"):
        read_area(tmp_path / "area.zip", METRES)
