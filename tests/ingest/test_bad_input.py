"""Files that cannot be loaded: one clear sentence with file, row and column, and nothing loaded half."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from db.tables import dataset, specimen
from ingest.errors import IngestError
from ingest.load import load_samples, load_sources
from ingest.profile import Profile, read_profile

Describe = Callable[..., Profile]
Write = Callable[..., Path]

SENTENCES = {
    "missing column": (
        b"x,y,lead\n5,50,1\n",
        "survey.csv, row 1: there is no column 'zinc' (measurements.columns); there are x, y, lead",
    ),
    "text in a number": (
        b"x,y,zinc\n5,50,twelve\n",
        "survey.csv: nothing can be loaded; row 2, column zinc: 'twelve' is not a number with decimal mark '.'",
    ),
    "outside the area": (
        b"x,y,zinc\n5,95,1\n",
        (
            "survey.csv: nothing can be loaded; row 2, column x, y: '5 95' lies outside the area of use of EPSG:4326 "
            "(WGS 84), but inside with x and y swapped"
        ),
    ),
    "empty file": (b"", "survey.csv is empty"),
    "heading only": (b"x,y,zinc\n", "survey.csv has a heading but no rows"),
    "not what its name says": (b"%PDF-1.7\n...", "survey.csv is not delimited text: its content is a PDF document"),
    "decimal mark unclear": (
        b"x;y;zinc\n5;50;1,022\n",
        "survey.csv: cannot tell whether the comma in numbers is a decimal mark; state file.decimal",
    ),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_one_sentence_and_nothing_loaded(connection: Connection, write: Write, describe: Describe, case: str) -> None:
    content, sentence = SENTENCES[case]
    with pytest.raises(IngestError) as refusal:
        load_samples(connection, write(content), describe())
    assert str(refusal.value) == sentence
    for table in (dataset, specimen):
        assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_unknown_crs(describe: Describe) -> None:
    with pytest.raises(IngestError) as refusal:
        describe(crs="EPSG:999999")
    assert str(refusal.value) == (
        "survey.toml: position.crs: unknown coordinate reference system 'EPSG:999999'; write for example 'EPSG:4326'"
    )


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ({"columns": 'zinc = "zink oxide"'}, "column 'zinc': 'zink oxide' is not a known contaminant"),
        (
            {"columns": "zinc = { contaminant = 'zinc', unit = 'mg/L' }"},
            "column 'zinc': unit 'mg/L' is not a mass per mass",
        ),
        ({"measurements": "basis = 'moist'"}, "column 'zinc': the basis 'moist' is not one of dry, wet, unknown"),
    ],
)
def test_what_a_profile_states_wrongly_for_all_rows(
    connection: Connection, write: Write, describe: Describe, part: dict[str, str], sentence: str
) -> None:
    with pytest.raises(IngestError) as refusal:
        load_samples(connection, write("x,y,zinc\n5,50,1\n"), describe(**part))
    assert sentence in str(refusal.value)


def test_samples_and_sources_are_not_mixed_up(connection: Connection, meuse: Path, write: Write) -> None:
    with pytest.raises(IngestError, match="describes sources, not samples"):
        load_samples(connection, meuse / "meuse.csv", read_profile("meuse-river"))
    with pytest.raises(IngestError, match="describes samples, not sources"):
        load_sources(connection, meuse / "meuse.csv", read_profile("meuse"))
    load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
    renamed = Path(write("", "x").parent / "river.toml")
    shipped = Path(__file__).resolve().parents[2] / "ingest" / "profiles" / "meuse-river.toml"
    renamed.write_text(shipped.read_text().replace('name = "meuse-river"', 'name = "meuse"'))
    with pytest.raises(IngestError, match="the dataset 'meuse' holds samples, so sources need another name"):
        load_sources(connection, meuse / "meuse_river_outline.csv", read_profile(renamed))


def test_a_file_that_is_not_there(connection: Connection, describe: Describe, tmp_path: Path) -> None:
    with pytest.raises(IngestError, match=r"nowhere.csv cannot be read: No such file"):
        load_samples(connection, tmp_path / "nowhere.csv", describe())
