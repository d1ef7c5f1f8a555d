"""The same survey in every format: the same specimens, places and contents, whatever the file is."""

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from sqlalchemy import Connection, func, select

from db.tables import measurement, specimen
from ingest.errors import IngestError
from ingest.guards import admit
from ingest.load import load_samples
from ingest.profile import FileOptions, read_profile
from ingest.readers import open_file
from ingest.readers.text import geometry_columns
from tests.ingest.workbooks import write_ods, write_xlsx

Write = Callable[..., Path]

HEADINGS = ("id", "x", "y", "Zn", "Pb", "day")
ROWS = (
    ("A", 605000.5, 5800000.25, 12.5, "<5", "2020-05-01"),
    ("B", 606000, 5801000, 1e-05, "7.25", "2020-05-02"),
    ("C", 607000, 5802000, 120, "", "2020-05-03"),
)
PROFILE = """
[dataset]
name = "survey"
title = "A survey"
licence = "CC0-1.0"
provider = "the tests"

[file]
decimal = "."
{file}

[position]
{position}

[specimen]
code = {{ column = "id" }}
medium = "mineral-horizon"
sampled = {{ column = "day" }}

[measurements]
unit = "mg/kg"

[measurements.columns]
Zn = "zinc"
Pb = "lead"
"""
IN_COLUMNS = 'crs = "EPSG:32632"\nx = { column = "x" }\ny = { column = "y" }'


def frame() -> Any:
    table = pd.DataFrame(ROWS, columns=list(HEADINGS))
    places = geopandas.points_from_xy(table.x, table.y)
    return geopandas.GeoDataFrame(table.drop(columns=["x", "y"]), geometry=places, crs="EPSG:32632")


def as_csv(folder: Path) -> Path:
    path = folder / "survey.csv"
    path.write_text("\n".join(",".join(str(cell) for cell in row) for row in (HEADINGS, *ROWS)) + "\n")
    return path


def as_xlsx(folder: Path) -> Path:
    return write_xlsx(folder / "survey.xlsx", {"data": [HEADINGS, *ROWS]})


def as_ods(folder: Path) -> Path:
    return write_ods(folder / "survey.ods", {"data": [HEADINGS, *ROWS]})


def as_parquet(folder: Path) -> Path:
    path = folder / "survey.parquet"
    pd.DataFrame(ROWS, columns=list(HEADINGS)).to_parquet(path)
    return path


def as_geoparquet(folder: Path) -> Path:
    path = folder / "geo.parquet"
    frame().to_parquet(path)
    return path


def by_gdal(driver: str, name: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        frame().to_file(folder / name, driver=driver)
        return folder / name

    return write


def as_zipped_shapefile(folder: Path) -> Path:
    parts = folder / "parts"
    parts.mkdir()
    frame().to_file(parts / "survey.shp")
    path = folder / "survey.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in parts.iterdir():
            archive.write(part, part.name)
    return path


# name: (how it is written, what its profile says of positions)
FORMATS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "csv": (as_csv, IN_COLUMNS),
    "xlsx": (as_xlsx, IN_COLUMNS),
    "ods": (as_ods, IN_COLUMNS),
    "parquet": (as_parquet, IN_COLUMNS),
    "geoparquet": (as_geoparquet, ""),
    "geopackage": (by_gdal("GPKG", "survey.gpkg"), ""),
    "shapefile": (by_gdal("ESRI Shapefile", "survey.shp"), ""),
    "zipped shapefile": (as_zipped_shapefile, ""),
    "flatgeobuf": (by_gdal("FlatGeobuf", "survey.fgb"), ""),
    "geojson": (by_gdal("GeoJSON", "survey.geojson"), ""),
    "geojsonseq": (by_gdal("GeoJSONSeq", "survey.geojsonl"), ""),
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_survey(connection: Connection, write: Write, tmp_path: Path, name: str) -> None:
    written, position = FORMATS[name]
    file = written(tmp_path)
    report = load_samples(connection, file, read_profile(write(PROFILE.format(file="", position=position), "p.toml")))
    assert (report.rows_in, report.loaded) == (3, 3)
    assert report.measurements == {"lead": 2, "zinc": 3}
    found = connection.execute(
        select(
            specimen.c.code,
            specimen.c.sampled_from,
            measurement.c.contaminant_id,
            measurement.c.lower,
            measurement.c.upper,
        )
        .join(measurement, measurement.c.specimen_id == specimen.c.id)
        .order_by(specimen.c.code, measurement.c.contaminant_id)
    ).all()
    assert [(row.code, row.contaminant_id, row.lower, row.upper) for row in found] == [
        ("A", "lead", 0, 5),
        ("A", "zinc", 12.5, 12.5),
        ("B", "lead", 7.25, 7.25),
        ("B", "zinc", 1e-05, 1e-05),
        ("C", "zinc", 120, 120),
    ]
    assert [row.sampled_from.day for row in found] == [1, 1, 2, 2, 3]
    places = connection.execute(
        select(func.ST_X(specimen.c.geom), func.ST_Y(specimen.c.geom)).order_by(specimen.c.code)
    ).all()
    expected = frame().to_crs(4326).geometry
    for place, point in zip(places, expected, strict=True):
        assert tuple(place) == pytest.approx((point.x, point.y), abs=2e-7)


def test_a_heading_anywhere_with_units_below(connection: Connection, write: Write, tmp_path: Path) -> None:
    sheets: dict[str, list[Sequence[object]]] = {
        "notes": [("Survey of 2020",), ("who", "someone")],
        "data": [("Table 3",), (), HEADINGS, ("", "m", "m", "µg/kg", "%", ""), *ROWS],
    }
    profile = PROFILE.replace('unit = "mg/kg"', "").format(
        file='sheet = "data"\nheading_row = 3\nunit_row = 4', position=IN_COLUMNS
    )
    for path in (write_xlsx(tmp_path / "a.xlsx", sheets), write_ods(tmp_path / "a.ods", sheets)):
        report = load_samples(connection, path, read_profile(write(profile, "p.toml")))
        assert (report.rows_in, report.loaded) == (3, 3)
        upper = select(measurement.c.upper).join(specimen, specimen.c.id == measurement.c.specimen_id)
        first = upper.where(specimen.c.code == "A").order_by(measurement.c.contaminant_id)
        assert connection.execute(first).scalars().all() == [50_000, 0.0125]
        assert connection.execute(select(func.min(specimen.c.source_row))).scalar_one() == 5
    with pytest.raises(IngestError, match=r"has the sheets notes, data; state file.sheet"):
        open_file(tmp_path / "a.xlsx", FileOptions())
    with pytest.raises(IngestError, match="there is no sheet 'date'; there are notes, data"):
        open_file(tmp_path / "a.xlsx", FileOptions(sheet="date"))


def test_a_heading_below_notes_in_delimited_text(write: Write) -> None:
    text = "Table 3\nwho;someone\nx;y;zinc\nm;m;ppm\n1;2;3\n"
    opened = open_file(write(text), FileOptions(heading_row=3, unit_row=4))
    assert opened.headings == ("x", "y", "zinc")
    assert opened.units == {"x": "m", "y": "m", "zinc": "ppm"}
    batch = next(opened.batches)
    assert batch.rows.tolist() == [5]
    assert [column[0].as_py() for column in batch.cells.columns] == ["1", "2", "3"]


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "fgb", "shp", "zip", "parquet", "xlsx", "ods"])
def test_what_is_not_what_its_name_says(write: Write, ending: str) -> None:
    for content in (b"<OGRVRTDataSource><OGRVRTLayer/></OGRVRTDataSource>", b"x,y\n1,2\n", b""):
        with pytest.raises(IngestError, match=rf"survey.{ending}"):
            open_file(write(content, f"survey.{ending}"), FileOptions())


def test_archives_that_would_fill_the_disc_or_point_elsewhere(tmp_path: Path) -> None:
    bomb, wanderer = tmp_path / "bomb.zip", tmp_path / "wanderer.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(1 << 28))
    with pytest.raises(IngestError, match=r"bomb.zip would unpack to 256 MB"):
        admit(bomb)
    with zipfile.ZipFile(wanderer, "w") as archive:
        archive.writestr("../../etc/x.shp", b"x")
    with pytest.raises(IngestError, match="points out of the archive"):
        admit(wanderer)


def test_a_file_without_a_system_needs_one_stated(connection: Connection, write: Write, tmp_path: Path) -> None:
    profile = read_profile(write(PROFILE.format(file="", position=""), "p.toml"))
    with pytest.raises(IngestError, match=r"state position.crs"):
        load_samples(connection, as_csv(tmp_path), profile)


def test_places_of_empty_and_single_geometries() -> None:
    shapes = [shapely.Point(1, 2), shapely.Point(), None, shapely.MultiPoint([(3, 4)]), shapely.box(0, 0, 1, 1)]
    columns = geometry_columns(pa.array(list(shapely.to_wkb(shapes)), pa.binary()))
    assert columns["geometry.x"].to_pylist() == ["1", "", "", "3", ""]
    assert columns["geometry.y"].to_pylist() == ["2", "", "", "4", ""]
    assert columns["geometry"].to_pylist()[1:3] == ["", ""]
