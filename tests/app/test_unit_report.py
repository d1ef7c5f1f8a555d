"""Reports on units: shares that chance or a map gives, what cannot be assessed, and every format."""

import csv
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from python_calamine import CalamineWorkbook
from scipy.stats import binom
from sqlalchemy import Connection, text

from app.processes import process_called
from app.processes.inputs import checked_inputs
from app.settings import Settings
from app.work.map_request import MapRequest
from app.work.maps import make_map
from app.work.material import Material, gather
from app.work.orders import Bench
from app.work.published import PublishedMap
from app.work.unit_report import (
    BY_DESIGN,
    BY_MODEL,
    NOT_ASSESSABLE,
    ReportRequest,
    _by_design,
    _Counted,
    _Verdict,
    report_units,
)
from app.work.unit_tables import COLUMNS, WRITERS, write_report
from app.work.units import Units, units_of
from db.selection import Selection
from db.tables import VISIBILITIES
from ingest.load import load_samples
from ingest.profile import read_profile
from ingest.vocabulary import load_vocabularies

ZINC = Selection(contaminant="zinc", visibilities=VISIBILITIES)
_A_LAYER = (
    "INSERT INTO layer (name, kind, title, licence, provider, file_name, crs, visibility, version, checksum, options, "
    "report, geom) "
    "VALUES ('{0}', 'polygons', 'l', 'l', 'p', 'f', 'EPSG:4326', '{1}', 1, '{0}', '{{}}', '{{}}', "
    "ST_GeomFromText('POLYGON((0 0, 1 0, 1 1, 0 0))', 4326))"
)
NOTHING = _Verdict("", np.zeros(0), "", None, "", ())


@pytest.fixture
def material(connection: Connection, meuse: Path) -> Material:
    load_vocabularies(connection)
    load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
    return gather(connection, ZINC)


@pytest.fixture
def made(connection: Connection, material: Material, tmp_path: Path) -> PublishedMap:
    return make_map(Settings(home=tmp_path / "home"), connection, MapRequest(ZINC, 100.0))


def quarters(folder: Path, material: Material) -> Path:
    """The box of the samples in four, and a fifth unit far away, in the system of the samples."""
    west, south, east, north = shapely.multipoints(material.samples.xy).buffer(100).bounds
    x, y = (west + east) / 2, (south + north) / 2
    boxes = [(west, south, x, y), (x, south, east, y), (west, y, x, north), (x, y, east, north)]
    boxes.append((west - 50_000, south, west - 40_000, north))
    names = ["south-west", "south-east", "north-west", "north-east", "=far+away"]
    frame = gpd.GeoDataFrame(
        {"Code": list("abcde"), "Name": names}, geometry=[shapely.box(*box) for box in boxes], crs="EPSG:28992"
    )
    file = folder / "units.gpkg"
    pyogrio.write_dataframe(frame, file)
    return file


def test_shares_from_a_map_follow_its_samples(
    connection: Connection, material: Material, made: PublishedMap, tmp_path: Path
) -> None:
    units = units_of(connection, str(quarters(tmp_path, material)), VISIBILITIES)
    found = report_units(connection, material, made, units, ReportRequest(limit=400.0))
    assert [row.code for row in found.rows] == list("abcde")
    assert sum(row.samples for row in found.rows) == len(material.rows)
    assert sum(row.exceeding for row in found.rows) == (material.rows.lower > 400).sum()
    far = found.rows[-1]
    assert (far.method, far.samples, far.share) == (NOT_ASSESSABLE, 0, None)
    assert "no simulated cell" in (far.reason or "")
    for row in found.rows[:-1]:
        if row.method == BY_MODEL:
            assert row.share is not None
            assert 0 <= (row.share_low or 0) <= row.share <= (row.share_high or 0) <= 1
        else:
            assert "mapped" in (row.reason or "")
    assert any(row.method == BY_MODEL for row in found.rows)
    higher = report_units(connection, material, made, units, ReportRequest(limit=900.0))
    for low, high in zip(found.rows, higher.rows, strict=True):
        assert (high.share or 0) <= (low.share or 0)


def test_places_chosen_by_chance_need_no_map(connection: Connection, material: Material, tmp_path: Path) -> None:
    connection.execute(text("UPDATE dataset SET sampling_design = 'probability' WHERE name = 'meuse'"))
    units = units_of(connection, str(quarters(tmp_path, material)), VISIBILITIES)
    found = report_units(connection, material, None, units, ReportRequest(limit=400.0))
    for row in found.rows[:-1]:
        assert row.method == BY_DESIGN
        assert row.share == pytest.approx(row.exceeding / row.samples)
    assert found.rows[-1].method == NOT_ASSESSABLE
    assert any("whatever the model" in note for note in found.notes)


def test_without_chance_and_without_a_map_nothing_is_said(
    connection: Connection, material: Material, tmp_path: Path
) -> None:
    units = units_of(connection, str(quarters(tmp_path, material)), VISIBILITIES)
    found = report_units(connection, material, None, units, ReportRequest(limit=400.0))
    assert {row.method for row in found.rows} == {NOT_ASSESSABLE}
    assert all("edaphos map" in (row.reason or "") for row in found.rows)


def test_a_guideline_value_that_lacks_its_conditions_says_which(
    connection: Connection, material: Material, made: PublishedMap, tmp_path: Path
) -> None:
    rules = connection.execute(
        text("SELECT DISTINCT rule FROM guideline_value WHERE contaminant_id = 'zinc'")
    ).scalars()
    units = units_of(connection, str(quarters(tmp_path, material)), VISIBILITIES)
    found = [report_units(connection, material, made, units, ReportRequest(guideline=rule)) for rule in rules]
    assert found
    for report in found:
        for row in report.rows:
            assert (row.share is None) == (row.method == NOT_ASSESSABLE)
            assert row.reason or row.method != NOT_ASSESSABLE
    with pytest.raises(ValueError, match="not known"):
        report_units(connection, material, made, units, ReportRequest(guideline="xx:1:a:b"))


@settings(max_examples=60, deadline=None)
@given(n=st.integers(5, 60), share=st.floats(0, 1), hidden=st.integers(0, 5))
def test_intervals_are_those_of_clopper_and_pearson(n: int, share: float, hidden: int) -> None:
    above = round(share * (n - min(hidden, n)))
    unknown = min(hidden, n - above)
    found = _by_design(_Counted(n, 0, above, n - above - unknown, unknown), NOTHING)
    low, high = found["share_low"], found["share_high"]
    assert low <= above / n <= (above + unknown) / n <= high
    if low > 0:
        assert binom.sf(above - 1, n, low) == pytest.approx(0.05, rel=1e-6)
    if high < 1:
        assert binom.cdf(above + unknown, n, high) == pytest.approx(0.05, rel=1e-6)
    assert (found["share"] is None) == (unknown > 0)


def test_every_format_holds_every_row(
    connection: Connection, material: Material, made: PublishedMap, tmp_path: Path
) -> None:
    units = units_of(connection, str(quarters(tmp_path, material)), VISIBILITIES)
    found = report_units(connection, material, made, units, ReportRequest(limit=400.0))
    for ending in WRITERS:
        write_report(found, tmp_path / f"report{ending}")
        with pytest.raises(ValueError, match="there already"):
            write_report(found, tmp_path / f"report{ending}")
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["code"] for row in rows] == list("abcde")
    assert rows[-1]["name"] == "'=far+away"
    sheet = CalamineWorkbook.from_path(tmp_path / "report.xlsx").get_sheet_by_name("units").to_python()
    assert [row[0] for row in sheet[1:]] == list("abcde")
    layer = gpd.read_file(tmp_path / "report.gpkg", layer="units")
    assert layer["code"].tolist() == list("abcde")
    assert layer.crs.to_epsg() == 4326
    page = (tmp_path / "report.html").read_text()
    assert page.count("<path") == 5
    assert "<script" not in page
    with pytest.raises(ValueError, match="must end in"):
        write_report(found, tmp_path / "report.pdf")


def test_units_are_told_apart_or_refused(connection: Connection, material: Material, tmp_path: Path) -> None:
    file = quarters(tmp_path, material)
    assert units_of(connection, str(file), VISIBILITIES, code="Name").codes[0] == "south-west"
    with pytest.raises(ValueError, match="no column 'nothing'"):
        units_of(connection, str(file), VISIBILITIES, code="nothing")
    with pytest.raises(ValueError, match="no such file"):
        units_of(connection, str(tmp_path / "none.gpkg"), VISIBILITIES)
    with pytest.raises(ValueError, match="no layer"):
        units_of(connection, "layer:none", VISIBILITIES)
    (tmp_path / "text.gpkg").write_text("not a file of polygons")
    with pytest.raises(ValueError, match="not what its name says"):
        units_of(connection, str(tmp_path / "text.gpkg"), VISIBILITIES)
    with pytest.raises(ValueError, match="only one"):
        ReportRequest(limit=1.0, guideline="nl:x:y:z")


def test_areas_are_those_of_the_ellipsoid() -> None:
    box = shapely.transform(
        shapely.box(0, 0, 10_000, 10_000),
        lambda xy: np.column_stack(Transformer.from_crs("EPSG:3035", 4326, always_xy=True).transform(*(xy + 4e6).T)),
    )
    units = Units(("a",), ("a",), np.array([box], dtype=object), "made up")
    assert units.areas()[0] == pytest.approx(1e8, rel=1e-3)


def test_strangers_are_told_nothing_of_private_rows(
    connection: Connection, material: Material, made: PublishedMap
) -> None:
    assert replace(ZINC, visibilities=("public",)) != ZINC
    process = process_called("report")
    given = {"contaminant": "zinc", "layer": "units", "limit": 400}
    inputs, hidden = (checked_inputs(process.inputs, given | more) for more in ({}, {"assume": ["clay:@secret"]}))

    class Engine:
        """Gives the connection of the test to whoever connects."""

        def connect(self) -> "Engine":
            return self

        def __enter__(self) -> Connection:
            return connection

        def __exit__(self, *_: object) -> None:
            pass

    connection.execute(text(_A_LAYER.format("units", "public")))
    connection.execute(text(_A_LAYER.format("secret", "private")))
    connection.execute(text("UPDATE dataset SET visibility = 'private'"))
    connection.execute(text("UPDATE surface SET visibility = 'private'"))
    bench = Bench(Settings(home=made.home), Engine(), lambda _d, _t: None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no measurements"):
        process.run(bench, inputs)
    with pytest.raises(ValueError, match="no layer 'secret'"):
        process.run(bench, hidden)
