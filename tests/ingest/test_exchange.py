"""Datasets that are exported and read back are the same to the last bit, in every format."""

import datetime as dt
import json
import math
import string
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from ingest.errors import IngestError
from ingest.exchange import FORMATS, Contents, read_contents, read_exchange, restore, write_exchange
from ingest.exchange.contents import OF_DATASET, parts
from ingest.exchange.flat import KINDS, MEASUREMENTS, SPECIMENS
from ingest.load import load_samples, load_sources, unload
from ingest.profile import read_profile
from ingest.vocabulary import load_vocabularies

CODE = st.text(string.ascii_letters + "-_ é", min_size=1, max_size=6)
DEPTHS = st.sampled_from([(0.0, 20.0), (None, None)])
CONTAMINANTS = ("lead", "zinc", "cadmium")
SOME_TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")) | st.sampled_from("\n\t\"',;=<_x"), max_size=12)
NUMBER = st.floats(0, 1e9, allow_nan=False) | st.sampled_from([0.0, 1 / 3, 0.1, 5e-324, 1e300])
DAY = st.dates(dt.date(1950, 1, 1), dt.date(2030, 1, 1))


def dataset_row(kind: str, name: str = "made-up") -> dict[str, Any]:
    texts = {"title": "Made up", "licence": "CC0-1.0", "provider": "us", "contact": None, "citation": "“ü”, \n2020"}
    said = {"name": name, "kind": kind, "version": 3, "checksum": "00ff", "visibility": "public"}
    more = {
        "sampling_design": "probability",
        "file_name": "f.csv",
        "profile": {"a": [1, None]},
        "report": {},
        "places": {},
    }
    return texts | said | more


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


@st.composite
def measured(draw: st.DrawFn, specimen: str, turn: int) -> dict[str, Any]:
    kind, value = draw(st.sampled_from(("value", "below", "above", "between"))), draw(NUMBER)
    bounds = {"value": (value, value), "below": (0.0, value), "above": (value, None), "between": (value, value * 2 + 1)}
    lower, upper = bounds[kind]
    return {
        "specimen": specimen,
        "digestion": draw(st.sampled_from(("aqua-regia", "total"))),
        "instrument": "unknown",
        "standard": draw(st.sampled_from(("", "ISO 11466"))),
        "contaminant_id": draw(st.sampled_from(CONTAMINANTS)),
        "basis": draw(st.sampled_from(("dry", "wet", "unknown"))),
        "laboratory": draw(optional(SOME_TEXT)),
        "batch": None,
        "analysed_on": draw(optional(DAY)),
        "replicate": turn + 1,
        "lower": lower,
        "upper": upper,
        "lod": draw(optional(NUMBER)),
        "loq": None,
        "uncertainty": draw(optional(NUMBER)),
        "original_text": draw(SOME_TEXT),
        "original_unit": "µg/g",
        "quality_flag": draw(st.sampled_from(("ok", "derived-sum"))),
        "source_row": draw(optional(st.integers(1, 10**6))),
        "source_column": draw(optional(st.integers(1, 300))),
    }


@st.composite
def contents(draw: st.DrawFn) -> Contents:
    codes = draw(st.lists(CODE, min_size=1, max_size=5, unique=True))
    places = st.tuples(st.floats(-180, 180), st.floats(-89, 89))
    sites, specimens, results = [], [], []
    for number, code in enumerate(codes):
        lon, lat = draw(places)
        sites.append({"code": code, "longitude": lon, "latitude": lat, "country": draw(optional(st.just("DE")))})
        row: dict[str, Any] = dict.fromkeys(SPECIMENS.schema.names)
        row |= {"site": code, "code": f"{code}/1", "longitude": lon, "latitude": lat, "medium": "mineral-horizon"}
        row |= {"x_as_given": lon / 3, "y_as_given": lat, "crs_as_given": "EPSG:4326", "source_row": number + 2}
        row |= {
            "sampled_from": draw(optional(DAY)),
            "ph": draw(optional(NUMBER)),
            "land_use": draw(optional(SOME_TEXT)),
        }
        row |= dict(
            zip(("upper_depth_cm", "lower_depth_cm"), draw(st.sampled_from([(0.0, 20.0), (None, None)])), strict=True)
        )
        specimens.append(row)
        results += [draw(measured(f"{code}/1", turn)) for turn in range(draw(st.integers(0, 3)))]
    made = {"sites": sites, "specimens": specimens, "measurements": results, "controls": []}
    tables = {flat.name: pa.Table.from_pylist(made[flat.name], flat.schema) for flat in KINDS["samples"]}
    named = tuple({"id": name, "name": name, "symbol": None, "cas": None, "glosis_code": None} for name in CONTAMINANTS)
    return Contents(dataset_row("samples"), MappingProxyType(tables), named)


def target_of(folder: Path, name: str) -> Path:
    return folder / f"dataset{FORMATS[name].ending}"


def assert_same(one: Contents, other: Contents) -> None:
    assert other.dataset == one.dataset
    for flat in one.kinds:
        order = [(name, "ascending") for name in flat.schema.names]
        left, right = (each.tables[flat.name].sort_by(order) for each in (one, other))
        assert left.equals(right), flat.name


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=contents())
def test_what_was_written_is_read_back(name: str, made: Contents, tmp_path_factory: pytest.TempPathFactory) -> None:
    target = target_of(tmp_path_factory.mktemp("exchange"), name)
    write_exchange(made, name, target)
    back = read_exchange(target)
    assert_same(made, back)
    assert back.digest == made.digest
    with pytest.raises(IngestError, match="there already"):
        write_exchange(made, name, target)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=contents())
def test_what_is_stored_is_what_was_given(made: Contents, connection: Connection) -> None:
    with connection.begin_nested() as nested:
        restore(connection, made)
        assert_same(made, read_contents(connection, "made-up"))
        assert restore(connection, made).unchanged
        nested.rollback()


def test_surveys_survive_each_format(connection: Connection, meuse: Path, tmp_path: Path) -> None:
    load_vocabularies(connection)
    load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
    load_sources(connection, meuse / "meuse_river_outline.csv", read_profile("meuse-river"))
    for dataset, formats in (("meuse", list(FORMATS)), ("meuse-river", ["geoparquet", "csv", "geopackage"])):
        before = read_contents(connection, dataset)
        for name in formats:
            target = target_of(tmp_path / dataset, name).with_stem(name)
            write_exchange(before, name, target)
            assert restore(connection, read_exchange(target)).unchanged
            restored = restore(connection, read_exchange(target), "copy")
            assert restored.rows[before.kinds[0].name] == before.tables[before.kinds[0].name].num_rows
            copy = read_contents(connection, "copy")
            assert copy.digest == before.digest
            assert copy.dataset == {**before.dataset, "name": "copy"}
            unload(connection, "copy")


def test_a_dataset_that_holds_something_else_is_not_overwritten(connection: Connection, meuse: Path) -> None:
    load_vocabularies(connection)
    load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
    found = read_contents(connection, "meuse")
    connection.execute(text("UPDATE measurement SET lower = 0 WHERE id = (SELECT min(id) FROM measurement)"))
    with pytest.raises(IngestError, match="holds other rows"):
        restore(connection, found)


def without(made: Contents, table: str, **columns: Any) -> Contents:
    """The same with one value of the first row changed."""
    rows = made.tables[table].to_pylist()
    rows[0] |= columns
    changed = pa.Table.from_pylist(rows, made.tables[table].schema)
    return Contents(made.dataset, MappingProxyType({**made.tables, table: changed}), made.contaminants)


@pytest.mark.parametrize(
    ("table", "columns", "said"),
    [
        ("measurements", {"contaminant_id": "unobtainium"}, "unobtainium"),
        ("measurements", {"specimen": "nobody"}, "nobody"),
        ("measurements", {"lower": 9.0, "upper": 1.0}, "bounds"),
        ("measurements", {"basis": "moist"}, "basis"),
        ("specimens", {"site": "nowhere"}, "nowhere"),
        ("specimens", {"upper_depth_cm": 9.0, "lower_depth_cm": 1.0}, "depths"),
        ("sites", {"longitude": 999.0}, "180 degrees"),
        ("sites", {"longitude": math.nan}, "180 degrees"),
    ],
)
def test_rows_that_cannot_be_are_refused_whole(
    connection: Connection, meuse: Path, table: str, columns: dict[str, Any], said: str
) -> None:
    load_vocabularies(connection)
    load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
    found = read_contents(connection, "meuse")
    before = connection.execute(text("SELECT count(*) FROM measurement")).scalar_one()
    with pytest.raises(IngestError, match=said):
        restore(connection, without(found, table, **columns), "copy")
    assert connection.execute(text("SELECT count(*) FROM measurement")).scalar_one() == before
    assert connection.execute(text("SELECT count(*) FROM dataset WHERE name = 'copy'")).scalar_one() == 0


@pytest.fixture
def meuse_contents(connection: Connection, meuse: Path) -> Contents:
    load_vocabularies(connection)
    load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
    return read_contents(connection, "meuse")


@pytest.mark.parametrize("name", ["geoparquet", "csv"])
def test_an_archive_that_was_changed_is_refused(meuse_contents: Contents, tmp_path: Path, name: str) -> None:
    target = tmp_path / "archive"
    write_exchange(meuse_contents, name, target)
    part = next((target / "measurements").rglob("part-0.*"))
    original = part.read_bytes()
    part.write_bytes(original[:-1] + b" ")
    with pytest.raises(IngestError, match="checksum"):
        read_exchange(target)
    part.unlink()
    with pytest.raises(IngestError, match="missing"):
        read_exchange(target)
    part.write_bytes(original)
    manifest = json.loads((target / "manifest.json").read_text())
    manifest["files"]["../outside.csv"] = {"table": "sites", "rows": 1, "sha256": ""}
    (target / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(IngestError, match="outside"):
        read_exchange(target)


def test_an_archive_is_geoparquet_by_dataset_and_year(meuse_contents: Contents, tmp_path: Path) -> None:
    target = tmp_path / "archive.zip"
    write_exchange(meuse_contents, "geoparquet", tmp_path / "folder")
    write_exchange(meuse_contents, "geoparquet", target)
    assert read_exchange(target).digest == meuse_contents.digest
    read = pq.read_table(tmp_path / "folder" / "specimens")
    assert {"dataset", "year", "geometry"} <= set(read.column_names)
    assert read.num_rows == meuse_contents.tables["specimens"].num_rows
    part = next((tmp_path / "folder" / "specimens").rglob("*.parquet"))
    geo = json.loads(pq.read_schema(part).metadata[b"geo"])
    assert geo["columns"]["geometry"]["geometry_types"] == ["Point"]
    shape = shapely.from_wkb(pq.read_table(part, partitioning=None)["geometry"][0].as_py())
    assert 5 < shape.x < 6


def test_a_geopackage_speaks_iso_28258(meuse_contents: Contents, tmp_path: Path) -> None:
    target = tmp_path / "meuse.gpkg"
    write_exchange(meuse_contents, "geopackage", target)
    layers = dict(pyogrio.list_layers(target))
    assert {"soil_plot", "soil_profile", "profile_element", "soil_specimen", "observation"} <= set(layers)
    assert layers["soil_plot"] == layers["soil_specimen"] == "Point"
    assert layers["observation"] is None


def test_the_sheets_of_glosis_are_read_by_its_own_profile(
    meuse_contents: Contents, connection: Connection, tmp_path: Path
) -> None:
    target = tmp_path / "meuse.xlsx"
    write_exchange(meuse_contents, "glosis", target)
    report = load_samples(connection, target, read_profile("glosis"))
    assert report.loaded > 0
    assert not report.broken.get("unknown-contaminant")
    query = (
        "SELECT m.contaminant_id, lower, upper FROM measurement m JOIN dataset d ON d.id = dataset_id "
        "WHERE d.name = '{}'"
    )
    by_name = {name: sorted(map(tuple, connection.execute(text(query.format(name))))) for name in ("meuse", "glosis")}
    assert by_name["meuse"] == by_name["glosis"]


def test_every_row_is_in_one_part(meuse_contents: Contents) -> None:
    for flat in meuse_contents.kinds:
        divided = [rows for _, rows in parts(meuse_contents, flat)]
        assert sum(rows.num_rows for rows in divided) == meuse_contents.tables[flat.name].num_rows
    assert MEASUREMENTS.parent is SPECIMENS
    assert set(OF_DATASET) == set(meuse_contents.dataset)


def test_other_files_are_told_apart(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(IngestError, match="edaphos load samples"):
        read_exchange(other)
    with pytest.raises(IngestError, match="no such file"):
        read_exchange(tmp_path / "nothing")
