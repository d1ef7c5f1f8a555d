"""Rasters and polygons as layers: checked, mended, counted, kept by name, found again."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import rasterio.shutil
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import Geod, Transformer
from shapely.geometry import GeometryCollection, LineString, Polygon, box
from sqlalchemy import Connection, func, select

from db.layers import layer_named, layers, read_areas
from db.tables import layer, layer_area
from ingest.errors import IngestError
from ingest.layers.description import describe_layer
from ingest.layers.facts import LayerReport
from ingest.layers.places import codes_at, outside
from ingest.layers.store import load_layer, sweep, unload_layer

UTM = "EPSG:32633"
CORNER = Affine(100.0, 0.0, 500_000.0, 0.0, -100.0, 5_500_000.0)
ORIGIN = np.array([500_000.0, 5_400_000.0])
Register = Callable[..., LayerReport]


@pytest.fixture
def register(connection: Connection, tmp_path: Path) -> Register:
    """Load a file as a layer called `here` unless the options say otherwise."""

    def do(file: Path, **options: Any) -> LayerReport:
        described = describe_layer({"name": "here", **options})
        return load_layer(connection, file, described, tmp_path / "home" / "layers")

    return do


@pytest.fixture
def raster(tmp_path: Path) -> Callable[..., Path]:
    """A GeoTIFF of the values (bands, rows, columns) or (rows, columns)."""

    def write(values: Any, name: str = "r.tif", **options: Any) -> Path:
        bands = np.atleast_3d(np.asarray(values).T).T
        stated = {"crs": UTM, "transform": CORNER, "driver": "GTiff", "dtype": bands.dtype} | options
        size = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2]}
        with rasterio.open(tmp_path / name, "w", **size, **stated) as out:
            out.write(bands)
        return tmp_path / name

    return write


def rules(report: LayerReport) -> set[str]:
    return {finding.rule for finding in report.findings}


# --- rasters


def test_a_raster_is_copied_with_its_facts(register: Register, raster: Callable[..., Path], tmp_path: Path) -> None:
    values = np.arange(600, dtype=np.float32).reshape(20, 30)
    values[:5] = -7.0
    report = register(raster(values, nodata=-7.0), unit="m", title="Height")
    assert (report.kind, report.version, report.unchanged, report.crs) == ("raster", 1, False, UTM)
    assert report.numbers["without_value_share"] == pytest.approx(0.25)
    assert (report.numbers["lowest"], report.numbers["highest"]) == (150.0, 599.0)
    assert report.numbers["mean"] == pytest.approx(values[5:].mean())
    (copy,) = (tmp_path / "home" / "layers").iterdir()
    with rasterio.open(copy) as kept:
        assert kept.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        np.testing.assert_array_equal(kept.read(1, masked=True).filled(-7.0), values)
    assert report.findings == ()
    assert LayerReport.from_dict(report.to_dict()) == report


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"])
def test_no_value_is_changed_by_storing_it(
    register: Register, raster: Callable[..., Path], tmp_path: Path, dtype: str
) -> None:
    values = np.random.default_rng(3).integers(0, 200, (7, 9)).astype(dtype) * (1 if dtype == "uint8" else 100)
    register(raster(values))
    with rasterio.open(next((tmp_path / "home" / "layers").iterdir())) as kept:
        np.testing.assert_array_equal(kept.read(1), values)


def test_scale_offset_and_a_stated_mark_for_no_value(
    register: Register, raster: Callable[..., Path], tmp_path: Path
) -> None:
    file = raster(np.array([[1, 2], [3, 255]], dtype=np.uint8))
    with rasterio.open(file, "r+") as out:
        out.scales, out.offsets = (0.5,), (10.0,)
    report = register(file, nodata=255.0, unit="m")
    assert (report.numbers["lowest"], report.numbers["highest"]) == (10.5, 11.5)
    assert report.numbers["without_value_share"] == 0.25


def test_doubts_about_a_raster(register: Register, raster: Callable[..., Path]) -> None:
    marked = np.full((20, 20), 3.25, dtype=np.float32)
    marked[:4] = -9999.0
    assert rules(register(raster(marked))) == {"likely-nodata", "unit-not-stated"}
    assert rules(register(raster(np.ones((4, 4))), unit="m")) == {"constant"}
    assert rules(register(raster(np.array([[1, 2], [3, 4]])), unit="m")) == {"likely-classes"}


def test_classes_are_counted_and_named(register: Register, raster: Callable[..., Path], connection: Connection) -> None:
    values = np.array([[1, 1, 2, 0]], dtype=np.uint8)
    report = register(raster(values, nodata=0), measure="categorical", classes={"1": "wood", "9": "town"})
    assert report.numbers["classes"] == [
        {"code": "1", "name": "wood", "share": pytest.approx(2 / 3)},
        {"code": "2", "name": "", "share": pytest.approx(1 / 3)},
    ]
    assert rules(report) == {"class-without-name", "class-absent"}
    assert layer_named(connection, "here").classes


@pytest.mark.parametrize(
    ("values", "written", "options", "complaint"),
    [
        (np.ones((2, 2)), {"crs": None}, {}, "does not say its coordinate reference system"),
        (np.ones((2, 2)), {"crs": "EPSG:3857"}, {"crs": UTM}, "not in WGS 84 / UTM zone 33N as stated"),
        (np.full((2, 2), 5.0), {"nodata": 5.0}, {}, "has no cell with a value"),
        (np.ones((3, 2, 2)), {}, {}, r"has the bands 1 \(no name\), 2 \(no name\), 3 \(no name\)"),
        (np.ones((3, 2, 2)), {}, {"band": 4}, "no band 4"),
        (np.array([[0.5]]), {}, {"measure": "categorical"}, "whole numbers"),
        (np.arange(2000).reshape(40, 50), {}, {"measure": "categorical"}, "more than 1024 different codes"),
        (np.ones((2, 2)), {"transform": Affine(1, 0, 1e12, 0, -1, 1e12)}, {}, "beyond what"),
    ],
)
def test_what_no_map_could_use_is_refused(
    register: Register,
    raster: Callable[..., Path],
    connection: Connection,
    values: NDArray[Any],
    written: dict[str, Any],
    options: dict[str, Any],
    complaint: str,
) -> None:
    with pytest.raises(IngestError, match=complaint):
        register(raster(values, **written), **options)
    assert layers(connection) == []


def test_a_raster_that_does_not_say_where_it_lies(register: Register, tmp_path: Path) -> None:
    file = tmp_path / "nowhere.asc"
    file.write_text("ncols 2\nnrows 1\nxllcorner 500000\nyllcorner 5500000\ncellsize 10\nNODATA_value -1\n4 -1\n")
    with pytest.raises(IngestError, match="state it as crs"):
        register(file)
    report = register(file, crs=UTM, unit="m")
    assert (report.crs, report.numbers["highest"], report.numbers["without_value_share"]) == (UTM, 4.0, 0.5)


def test_a_raster_of_a_geopackage(register: Register, raster: Callable[..., Path], tmp_path: Path) -> None:
    plain = raster(np.random.default_rng(0).uniform(0, 9, (300, 300)).astype(np.float32))
    file = tmp_path / "r.gpkg"
    with rasterio.open(plain) as source:
        rasterio.shutil.copy(source, file, driver="GPKG")
    report = register(file, unit="m", band=1)
    assert report.kind == "raster"
    assert report.numbers["highest"] == pytest.approx(9.0, abs=0.1)


def test_a_file_that_would_fetch_others_is_not_opened(register: Register, tmp_path: Path) -> None:
    trap = tmp_path / "trap.tif"
    trap.write_text(
        '<VRTDataset rasterXSize="1" rasterYSize="1"><SourceFilename>/etc/passwd</SourceFilename></VRTDataset>'
    )
    with pytest.raises(IngestError, match="neither a raster"):
        register(trap)


# --- polygons

BOW_TIE = Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])


@pytest.fixture
def polygons(tmp_path: Path) -> Callable[..., Path]:
    """A file of shapes, metres from a corner in UTM, with the columns code and name."""

    def write(shapes: Sequence[Any], codes: Sequence[Any], name: str = "p.gpkg", crs: str | None = UTM) -> Path:
        moved = [shape and shapely.transform(shape, lambda xy: xy + ORIGIN) for shape in shapes]
        labels = [f"unit {code}" for code in codes]
        gpd.GeoDataFrame({"code": codes, "name": labels}, geometry=moved, crs=crs).to_file(tmp_path / name)
        return tmp_path / name

    return write


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "shp", "fgb"])
def test_polygons_of_any_format(
    register: Register, polygons: Callable[..., Path], connection: Connection, ending: str
) -> None:
    crs = "EPSG:4326" if ending == "geojson" else UTM
    file = polygons([box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000)], ["A", "B"], f"p.{ending}")
    if ending == "geojson":
        gpd.read_file(file).to_crs(crs).to_file(file)
    report = register(file, code="code", label="name")
    assert (report.kind, report.crs, report.numbers["areas"], report.findings) == ("polygons", crs, 2, ())
    codes, shapes = read_areas(connection, layer_named(connection, "here"))
    assert sorted(codes) == ["A", "B"]
    assert shapely.area(shapes) == pytest.approx(shapely.area(shapes)[0], rel=1e-3)
    assert read_areas(connection, layer_named(connection, "here"), "UNIT b")[0].tolist() == ["B"]


def test_what_is_wrong_is_mended_or_left_out_and_counted(register: Register, polygons: Callable[..., Path]) -> None:
    good, line = box(2000, 0, 3000, 1000), LineString([(0, 0), (9, 9)])
    mixed, far = GeometryCollection([box(5000, 0, 5100, 100), line]), box(1e9, 1e9, 2e9, 2e9)
    shapes = [BOW_TIE, good, good, line, None, mixed, far, box(7000, 0, 7001, 1)]
    report = register(polygons(shapes, ["A", "B", "B", "C", "D", "E", "F", None]), code="code", label="name")
    assert report.numbers["features"] == 8
    assert report.numbers["repaired"] == 1
    assert report.numbers["left_out"] == {"no-geometry": 1, "not-an-area": 1, "outside-system": 1, "repeated": 1}
    assert report.numbers["areas"] + sum(report.numbers["left_out"].values()) == report.numbers["features"]
    assert rules(report) == {"repaired", "no-code", *report.numbers["left_out"]}


def test_a_code_with_two_names_is_flagged(register: Register, polygons: Callable[..., Path], tmp_path: Path) -> None:
    file = polygons([box(0, 0, 9, 9), box(20, 0, 29, 9)], ["A", "A"])
    frame = gpd.read_file(file)
    frame["name"] = ["clay", "sand"]
    frame.to_file(file)
    assert rules(register(file, code="code", label="name")) == {"code-with-two-names"}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "columns code, name: state which one holds the code"),
        ({"code": "kode"}, "no column 'kode'; it has code, name"),
        ({"code": "code", "sheet": "other"}, "no layer 'other'"),
        ({"code": "code", "crs": "EPSG:3857"}, "leave crs out"),
    ],
)
def test_what_is_not_in_the_file_is_named(
    register: Register, polygons: Callable[..., Path], options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(IngestError, match=complaint):
        register(polygons([box(0, 0, 9, 9)], ["A"]), **options)


def test_a_file_without_areas(register: Register, polygons: Callable[..., Path]) -> None:
    with pytest.raises(IngestError, match="holds no area: of 1 features 1 are no areas"):
        register(polygons([LineString([(0, 0), (1, 1)])], ["A"]), code="code")


# --- places


def test_which_area_a_place_lies_in(register: Register, polygons: Callable[..., Path], connection: Connection) -> None:
    register(polygons([box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000)], ["A", "B"]), code="code", label="name")
    here = layer_named(connection, "here")
    utm = np.array([(500, 500), (1500, 500), (2050, 500), (5000, 500)], dtype=float) + ORIGIN
    lonlat = np.column_stack(Transformer.from_crs(UTM, "EPSG:4326", always_xy=True).transform(*utm.T))
    assert codes_at(connection, here, lonlat).tolist() == ["A", "B", "", ""]
    assert outside(connection, here, lonlat).tolist() == [False, False, True, True]
    assert outside(connection, here, lonlat, tolerance_m=60).tolist() == [False, False, False, True]
    assert outside(connection, here, lonlat, tolerance_m=40).tolist() == [False, False, True, True]
    assert outside(connection, here, lonlat, "unit A", 10).tolist() == [False, True, True, True]
    with pytest.raises(ValueError, match="no area 'Z'"):
        outside(connection, here, lonlat, "Z")


def test_the_tolerance_is_one_of_metres_at_any_latitude(
    register: Register, polygons: Callable[..., Path], connection: Connection
) -> None:
    file = polygons([box(0, 0, 1000, 1000)], ["A"])
    frame = gpd.read_file(file).to_crs("EPSG:4326")
    frame.geometry = [box(10, 70, 11, 71)]
    frame.to_file(file.with_name("north.gpkg"))
    register(file.with_name("north.gpkg"), code="code", label="name")
    here, geod = layer_named(connection, "here"), Geod(ellps="WGS84")
    corners = [(11.0, 70.5, 90), (10.0, 70.5, 270), (10.5, 71.0, 0), (10.5, 70.0, 180)]
    for metres, beyond in ((450, False), (550, True)):
        lonlat = np.array([geod.fwd(lon, lat, azimuth, metres)[:2] for lon, lat, azimuth in corners])
        assert outside(connection, here, lonlat, tolerance_m=500).tolist() == [beyond] * 4


# --- kept by name


def test_the_same_again_changes_nothing_and_another_replaces(
    register: Register, raster: Callable[..., Path], connection: Connection, tmp_path: Path
) -> None:
    folder = tmp_path / "home" / "layers"
    first = register(raster(np.arange(9.0).reshape(3, 3)), unit="m")
    again = register(tmp_path / "r.tif", unit="m")
    assert (again.unchanged, again.version) == (True, 1)
    other = register(tmp_path / "r.tif", unit="km")
    assert (other.unchanged, other.version, other.checksum != first.checksum) == (False, 2, True)
    assert len(list(folder.iterdir())) == 2
    sweep(connection, "here", folder)
    assert [f"layers/{path.name}" for path in folder.iterdir()] == [layer_named(connection, "here").path]
    next(folder.iterdir()).unlink()
    assert not register(tmp_path / "r.tif", unit="km").unchanged
    assert unload_layer(connection, "here") == "here"
    sweep(connection, "here", folder)
    assert list(folder.iterdir()) == []
    with pytest.raises(ValueError, match="registered are none"):
        layer_named(connection, "here")


def test_a_refused_file_leaves_what_was_there(
    register: Register, polygons: Callable[..., Path], connection: Connection
) -> None:
    register(polygons([box(0, 0, 9, 9)], ["A"]), code="code")
    with pytest.raises(IngestError):
        register(polygons([LineString([(0, 0), (1, 1)])], ["A"]), code="code")
    assert connection.execute(select(func.count()).select_from(layer_area)).scalar() == 1
    assert connection.execute(select(layer.c.version)).scalar() == 1


def test_a_profile_says_the_same_as_options(tmp_path: Path) -> None:
    profile = tmp_path / "layer.toml"
    profile.write_text(
        '[layer]\nname = "geology"\nlicence = "CC0-1.0"\nmeasure = "categorical"\n[layer.classes]\n1 = "clay"\n'
    )
    described = describe_layer({"title": "Geology", "licence": None}, profile)
    assert (described.name, described.licence, described.title) == ("geology", "CC0-1.0", "Geology")
    profile.write_text('[layer]\nname = "geology"\nlisense = "CC0-1.0"\n')
    with pytest.raises(IngestError, match=r"layer.toml: lisense is not a key of a profile; did you mean licence\?"):
        describe_layer({}, profile)
    with pytest.raises(IngestError, match="name is missing"):
        describe_layer({})
    with pytest.raises(IngestError, match="classes have no unit"):
        describe_layer({"name": "x", "measure": "categorical", "unit": "m"})
