"""GDAL, as people use it: the OAPIF driver, GeoTIFF over HTTP, and vector tiles."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import httpx
import pytest

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GDAL_HTTP_TIMEOUT": "20",
    "CPL_VSIL_CURL_USE_HEAD": "YES",
    # else its WMS driver leaves a folder in the one that the tests are run from
    "GDAL_DEFAULT_WMS_CACHE_PATH": str(Path(tempfile.gettempdir()) / "edaphos-test-wms"),
}


def run(*command: str) -> str:
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=ENVIRONMENT)
    assert outcome.returncode == 0, outcome.stderr
    assert "ERROR" not in outcome.stderr, outcome.stderr
    return outcome.stdout


def test_ogrinfo_lists_the_collections(live_server: str) -> None:
    listed = run("ogrinfo", "-ro", f"OAPIF:{live_server}")
    for name in ("samples", "sites", "sources", "hotspots", "guideline-values"):
        assert name in listed


def test_ogrinfo_counts_the_samples(live_server: str) -> None:
    described = run("ogrinfo", "-ro", "-so", f"OAPIF:{live_server}", "samples")
    assert "Feature Count: 155" in described
    assert "Geometry: Point" in described


def test_ogr2ogr_reads_every_page(live_server: str, tmp_path: Path) -> None:
    target = tmp_path / "samples.geojson"
    run("ogr2ogr", "-oo", "PAGE_SIZE=50", str(target), f"OAPIF:{live_server}", "samples")
    features = json.loads(target.read_text(encoding="utf-8"))["features"]
    assert len({feature["properties"]["specimen"] for feature in features}) == len(features) == 155


def test_ogr2ogr_passes_its_box_on(live_server: str, tmp_path: Path) -> None:
    target = tmp_path / "some.geojson"
    box = ("-spat", "5.73", "50.96", "5.74", "50.97")
    run("ogr2ogr", *box, str(target), f"OAPIF:{live_server}", "samples")
    features = json.loads(target.read_text(encoding="utf-8"))["features"]
    assert 0 < len(features) < 155
    for feature in features:
        lon, lat = feature["geometry"]["coordinates"]
        assert 5.73 <= lon <= 5.74
        assert 50.96 <= lat <= 50.97


def test_gdalinfo_reads_the_coverage_over_http(live_server: str) -> None:
    described = run("gdalinfo", f"/vsicurl/{live_server}/collections/surface-zinc-0a1b2c3d/coverage")
    assert "Driver: GTiff/GeoTIFF" in described
    assert "LAYOUT=COG" in described
    assert 'ID["EPSG",28992]' in described


@pytest.mark.parametrize("collection", ["samples", "hotspots"])
def test_ogrinfo_reads_a_vector_tile(live_server: str, tmp_path: Path, collection: str) -> None:
    address = f"{live_server}/collections/{collection}/tiles/WebMercatorQuad/8/85/132"
    file = tmp_path / "132.mvt"
    file.write_bytes(httpx.get(address).content)
    described = run("ogrinfo", "-ro", "-so", f"MVT:{file}", collection)
    assert "Feature Count: " in described
    assert "Feature Count: 0" not in described


def test_ogr2ogr_passes_its_filter_on(live_server: str, tmp_path: Path) -> None:
    target = tmp_path / "one.geojson"
    run("ogr2ogr", "-where", "specimen = 'm3'", str(target), f"OAPIF:{live_server}", "samples")
    (feature,) = json.loads(target.read_text(encoding="utf-8"))["features"]
    assert feature["properties"]["specimen"] == "m3"


def test_ogrinfo_reads_a_file_over_http(live_server: str) -> None:
    described = run("ogrinfo", "-ro", "-so", "-al", f"/vsicurl/{live_server}/collections/sites/items?f=fgb")
    assert "Feature Count: 155" in described


@pytest.mark.parametrize(
    "address",
    [
        "OGCAPI:{}/collections/surface-zinc-0a1b2c3d",
        "WMTS:{}/wmts/1.0.0/WMTSCapabilities.xml,layer=surface-zinc-0a1b2c3d",
        "WMTS:{}/wmts/1.0.0/WMTSCapabilities.xml,layer=surface-zinc-0a1b2c3d,tilematrixset=EuropeanETRS89_LAEAQuad",
        (
            "WMS:{}/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=surface-zinc-0a1b2c3d&CRS=CRS:84"
            "&BBOX=5.72,50.95,5.77,50.99&FORMAT=image/png&TRANSPARENT=TRUE"
        ),
    ],
    ids=["coverage", "wmts", "wmts-laea", "wms"],
)
def test_gdal_reads_maps_by_every_service(live_server: str, tmp_path: Path, address: str) -> None:
    target = tmp_path / "map.tif"
    run("gdal_translate", "-q", "-outsize", "120", "0", address.format(live_server), str(target))
    described = run("gdalinfo", "-json", "-stats", str(target))
    bands = json.loads(described)["bands"]
    assert all(band["maximum"] > band["minimum"] for band in bands[:3])
