"""From a value back to its cell: file, sheet, row, column and the text that stands there."""

import json
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update

from app.cli import main
from app.work.load_reports import checked_target
from app.work.provenance import origin_of_dataset, origin_of_row
from db.engine import Database
from db.questions.layer import page
from db.questions.order import Page
from db.questions.samples import MEASUREMENTS, SPECIMENS
from db.selection import Selection
from db.tables import VISIBILITIES, dataset
from ingest.load import load_samples, load_sources
from ingest.profile import read_profile
from ingest.report_page.figures import THIN

MEUSE = Selection(dataset="meuse", visibilities=VISIBILITIES)
METALS = ["cadmium", "copper", "lead", "zinc"]


@pytest.fixture
def loaded(connection: Connection, meuse: Path) -> Connection:
    load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
    return connection


@pytest.fixture
def in_two_files(connection: Connection, meuse: Path, tmp_path: Path) -> Connection:
    """The survey cut into two files, the second one beginning with row 101 of the whole."""
    heading, *rows = (meuse / "meuse.csv").read_text().splitlines()
    (tmp_path / "a.csv").write_text("\n".join([heading, *rows[:99]]))
    (tmp_path / "b.csv").write_text("\n".join([heading, *rows[99:]]))
    load_samples(connection, tmp_path, read_profile("meuse"))
    return connection


@pytest.mark.parametrize(("row", "file", "row_there"), [(2, "a.csv", 2), (100, "a.csv", 100), (101, "b.csv", 2)])
def test_a_row_knows_its_cells(in_two_files: Connection, meuse: Path, row: int, file: str, row_there: int) -> None:
    told = origin_of_row(in_two_files, MEUSE, row)
    assert (told.file, told.sheet, told.row) == (file, None, row_there)
    heading, *lines = (line.replace('"', "").split(",") for line in (meuse / "meuse.csv").read_text().splitlines())
    cells = dict(zip(heading, lines[row - 2], strict=True))
    assert [value.column for value in told.values] == METALS
    for value in told.values:
        assert value.original_text == cells[str(value.column)]
        assert value.lower == value.upper == float(value.original_text)


def test_a_feature_says_where_its_value_stands(in_two_files: Connection) -> None:
    for layer in (MEASUREMENTS, SPECIMENS):
        for row in in_two_files.execute(page(layer, MEUSE, Page(700))):
            told = json.loads(row.properties)
            assert told["source_file"] == ("a.csv" if told["source_row"] <= 100 else "b.csv")
            assert told["source_sheet"] is None
            if layer is MEASUREMENTS:
                assert told["source_column"] == told["contaminant"]
            else:
                assert all(one["column"] == name for name, one in told["measurements"].items())


RELEASES = """
[dataset]
name = "plants"
title = "Plants"
licence = "CC0-1.0"
provider = "the tests"

[position]
crs = "EPSG:4326"
x = { column = "x" }
y = { column = "y" }

[sources]
name = { column = "name" }
sector = "industry"
releases = [
    { pollutant = "lead", medium = "air", quantity = { column = "Pb (t)" }, unit = "t" },
    { pollutant = "zinc", medium = "water", quantity = { column = "Zn (kg)" }, unit = "kg" },
]
"""


def test_a_release_knows_its_cell(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "plants.toml").write_text(RELEASES)
    (tmp_path / "plants.csv").write_text("name,x,y,Pb (t),Zn (kg)\nA,7,50,1.5,20\nB,8,51,,30\n")
    load_sources(connection, tmp_path / "plants.csv", read_profile(tmp_path / "plants.toml"))
    selection = Selection(dataset="plants", visibilities=VISIBILITIES)
    first = origin_of_row(connection, selection, 2).values
    assert [(one.column, one.original_text, one.written) for one in first] == [
        ("Pb (t)", "1.5", f"1{THIN}500 kg"),
        ("Zn (kg)", "20", "20 kg"),
    ]
    assert [one.column for one in origin_of_row(connection, selection, 3).values] == ["Zn (kg)"]


def test_a_row_without_values_is_one_sentence(loaded: Connection) -> None:
    with pytest.raises(ValueError, match="meuse holds no value of row 1000: it was rejected"):
        origin_of_row(loaded, MEUSE, 1000)
    with pytest.raises(ValueError, match="there is no dataset 'moose'"):
        origin_of_row(loaded, Selection(dataset="moose"), 2)


def test_a_private_dataset_is_explained_only_to_who_may_see_it(loaded: Connection) -> None:
    loaded.execute(update(dataset).where(dataset.c.name == "meuse").values(visibility="private"))
    assert origin_of_dataset(loaded, Selection(dataset="meuse")) is None
    told = origin_of_dataset(loaded, MEUSE)
    assert told is not None
    assert told.report.content is not None
    assert json.dumps(told.to_dict(), allow_nan=False)


def test_the_stored_report_holds_what_came_in(loaded: Connection) -> None:
    stored = loaded.execute(select(dataset.c.report).where(dataset.c.name == "meuse")).scalar_one()
    assert {one["contaminant"] for one in stored["content"]["series"]} == {"cadmium", "copper", "lead", "zinc"}
    assert all(one["count"] == 155 for one in stored["content"]["series"])
    assert sum(cell[2] for cell in stored["content"]["places"]["loaded"]["cells"]) == 155


@pytest.fixture
def edaphos(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own, which commands of this process use."""
    monkeypatch.setenv("EDAPHOS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EDAPHOS_DATABASE_URL", database.libpq)
    return tmp_path / "home" / "reports"


def command(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["edaphos", *map(str, words)])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


def test_every_load_leaves_a_report(
    edaphos: Path, meuse: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = edaphos / "mine.json"
    assert command(monkeypatch, "load", "samples", meuse / "meuse.csv", "--profile", "meuse", "--report", wanted) == 0
    first = json.loads(wanted.read_text())
    assert (first["format"], first["loaded"], first["unchanged"]) == (2, 155, False)
    assert command(monkeypatch, "load", "samples", meuse / "meuse.csv", "--profile", "meuse") == 0
    kept = edaphos / f"meuse-{first['checksum'][:8]}.html"
    assert str(kept) in capsys.readouterr().out.replace("\n", "")
    assert "Loaded already: nothing changed" in kept.read_text()


def test_a_refused_file_leaves_a_report_too(
    edaphos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "empty.csv"
    file.write_text("x,y\n")
    assert command(monkeypatch, "load", "samples", file, "--profile", "meuse") == 2
    report = edaphos / "meuse-refused.html"
    assert str(report) in capsys.readouterr().err
    assert "Refused: nothing was loaded" in report.read_text()


def test_a_report_has_one_of_two_forms() -> None:
    assert checked_target(Path("a.HTML")) == Path("a.HTML")
    with pytest.raises(ValueError, match=r"a report is a file named \*.html or \*.json, got 'a.pdf'"):
        checked_target(Path("a.pdf"))
