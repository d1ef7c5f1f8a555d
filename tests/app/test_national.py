"""The national package: what it holds, what it says of itself, and that it is checked and holds no points."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from sqlalchemy import Connection

from app.settings import Settings
from app.work import national
from app.work.map_request import MapRequest
from app.work.maps import make_map
from app.work.national import NationalLayers, NationalRequest, national_layers
from app.work.national_package import check_package, write_package
from app.work.national_records import METHODS_PATH
from app.work.published import PublishedMap
from db.selection import Selection
from db.tables import VISIBILITIES
from ingest.load import load_samples
from ingest.profile import read_profile
from ingest.vocabulary import load_vocabularies
from mapping.surface import Surface

REQUEST = NationalRequest("NL", "Meuse", arc_seconds=10.0, year=1990, depth_cm=(0.0, 20.0))


@pytest.fixture
def made(connection: Connection, meuse: Path, tmp_path: Path) -> PublishedMap:
    load_vocabularies(connection)
    load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
    selection = Selection(contaminant="zinc", visibilities=VISIBILITIES)
    return make_map(Settings(home=tmp_path / "home"), connection, MapRequest(selection, 80.0))


@pytest.fixture
def layers(connection: Connection, made: PublishedMap) -> NationalLayers:
    return national_layers(connection, made, REQUEST)


def test_means_lie_within_the_map_and_keep_its_total(layers: NationalLayers, made: PublishedMap) -> None:
    expected = Surface.read(made.path).prediction.expected()
    known = layers.mean[np.isfinite(layers.mean)]
    assert np.nanmin(expected) <= known.min() <= known.max() <= np.nanmax(expected)
    assert known.mean() == pytest.approx(np.nanmean(expected), rel=0.05)


def test_a_mean_is_more_certain_than_a_point_and_less_than_independent_errors_make_it(
    connection: Connection, made: PublishedMap, layers: NationalLayers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(national, "MOST_VALUES", 10)
    of_points = national_layers(connection, made, REQUEST)
    assert (layers.support, of_points.support) == ("cell", "point")
    assert "too many" in of_points.why
    assert np.array_equal(layers.mean, of_points.mean, equal_nan=True)
    there = np.isfinite(layers.sd)
    assert np.nanmean(layers.sd) < np.nanmean(of_points.sd)
    per_cell = (10 * 30.9) * (10 * 30.9 * 0.63) / 80.0**2
    assert np.nanmean(layers.sd) > np.nanmean(of_points.sd[there]) / np.sqrt(per_cell)


def test_the_package_is_named_recorded_and_checked(layers: NationalLayers, tmp_path: Path) -> None:
    package = write_package(tmp_path / "package", layers)
    assert {"NL-Meuse-Zn-1990-0-20.tif", "NL-Meuse-ZnSD-1990-0-20.tif", METHODS_PATH} <= set(package.files)
    with rasterio.open(package.folder / "NL-Meuse-Zn-1990-0-20.tif") as raster:
        assert raster.crs.to_epsg() == 4326
        assert raster.transform.a == pytest.approx(10 / 3600)
    record = ET.parse(package.folder / "NL-Meuse-Zn-1990-0-20.xml").getroot()  # noqa: S314
    assert record.tag.endswith("MD_Metadata")
    told = json.loads((package.folder / "dcat.jsonld").read_text())
    assert {each["dcat:downloadURL"] for each in told["dcat:distribution"]} <= set(package.files)
    words = (package.folder / METHODS_PATH).read_text()
    for part in ("155 samples", "ordinary kriging", "joint realisations", "10 arc seconds"):
        assert part in words
    with pytest.raises(ValueError, match="there already"):
        write_package(tmp_path / "package", layers)


def test_no_place_of_a_sample_is_in_the_package(layers: NationalLayers, meuse: Path, tmp_path: Path) -> None:
    package = write_package(tmp_path / "package", layers)
    rows = (meuse / "meuse.csv").read_text().splitlines()[1:20]
    content = b"".join(file.read_bytes() for file in package.folder.iterdir())
    for row in rows:
        easting = row.replace('"', "").split(",")[0]
        assert easting.encode() not in content
    assert b"samples_sha256" not in content


@pytest.mark.parametrize("damage", ["raster", "record", "points", "name", "checksum"])
def test_the_check_finds_what_is_wrong(layers: NationalLayers, tmp_path: Path, damage: str) -> None:
    folder = write_package(tmp_path / "package", layers).folder
    raster = next(folder.glob("*Zn-*.tif"))
    if damage == "raster":
        with rasterio.open(raster, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as open_raster:
            open_raster.crs = "EPSG:3857"
    elif damage == "record":
        raster.with_suffix(".xml").write_text("<a/>")
    elif damage == "points":
        (folder / "samples.csv").write_text("x,y\n")
    elif damage == "name":
        raster.rename(folder / "zinc.tif")
    else:
        (folder / METHODS_PATH).write_text("Trust us.")
    with pytest.raises(ValueError, match=r"EPSG|cloud|ISO 19139|no points|named|checksum"):
        check_package(folder)


@pytest.mark.parametrize(
    ("country", "project", "seconds", "depth"),
    [
        ("nl", "Meuse", 30.0, None),
        ("NL", "Meuse-1", 30.0, None),
        ("NL", "../x", 30.0, None),
        ("NL", "M", 30.0, (9.0, 1.0)),
    ],
)
def test_a_request_that_cannot_be_is_refused(
    country: str, project: str, seconds: float, depth: tuple[float, float] | None
) -> None:
    with pytest.raises(ValueError, match="--"):
        NationalRequest(country, project, seconds, None, depth)


def test_what_the_samples_do_not_say_is_asked_for(connection: Connection, made: PublishedMap) -> None:
    with pytest.raises(ValueError, match="--year"):
        national_layers(connection, made, replace(REQUEST, year=None))
    with pytest.raises(ValueError, match="--depth"):
        national_layers(connection, made, replace(REQUEST, depth_cm=None))
    with pytest.raises(ValueError, match="--cell"):
        national_layers(connection, made, replace(REQUEST, arc_seconds=3600.0))
