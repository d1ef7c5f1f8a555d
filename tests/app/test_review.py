"""The review of a data set: what is said of it agrees with the data, and nothing stops it."""

import html
import re
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from app.settings import Settings
from app.work.review import Review, ReviewRequest, review
from app.work.review.document import Column, Figure, Table
from app.work.review.page import render
from db.engine import Database
from db.selection import Selection
from ingest.load import load_samples
from ingest.profile import read_profile
from mapping.panels import Panel, correlation_picture, count_map, panels_of_samples

PNG = b"\x89PNG"
PROFILE = """
[dataset]
name = "made-up"
title = "A <survey> & more"
licence = "CC0-1.0"
provider = "the tests"
[position]
crs = "EPSG:3035"
x = { column = "x" }
y = { column = "y" }
[specimen]
medium = { column = "medium" }
code = { column = "id" }
[measurements]
unit = "mg/kg"
[measurements.columns]
zinc = "zinc"
lead = "lead"
tin = "tin"
"""


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    engine = database.engine()
    yield engine
    engine.dispose()


def reviewed(engine: Engine, folder: Path, name: str, **more: object) -> Review:
    request = ReviewRequest(Selection(dataset=name), **more)  # type: ignore[arg-type]
    return review(Settings(home=folder), engine, request, lambda label: nullcontext(lambda _done, _of: None))


def survey(folder: Path, engine: Engine, rows: list[str]) -> None:
    (folder / "profile.toml").write_text(PROFILE, encoding="utf-8")
    file = folder / "survey.csv"
    file.write_text("\n".join(["id,x,y,medium,zinc,lead,tin", *rows]) + "\n", encoding="utf-8")
    with engine.begin() as connection:
        load_samples(connection, file, read_profile(folder / "profile.toml"))


def planted(seed: int = 3) -> list[str]:
    """Zinc and lead are high in one corner, tin nowhere; a few samples are of another medium."""
    draw, rows = np.random.default_rng(seed), []
    for number in range(120):
        x, y = draw.uniform(0, 10_000, 2)
        near = np.exp(-np.hypot(x - 2_000, y - 2_000) / 1_500)
        zinc, lead, tin = draw.lognormal([4 + 2 * near, 3 + 2 * near, 1], 0.3)
        medium = "sediment" if number < 5 else "mineral-horizon"
        said = f"<{tin + 5:.2f}" if number % 2 else f"{tin:.2f}"
        rows.append(f"P{number},{4_300_000 + x:.0f},{3_000_000 + y:.0f},{medium},{zinc:.1f},{lead:.1f},{said}")
    return rows


def test_what_was_planted_is_found_and_said(engine: Engine, tmp_path: Path) -> None:
    survey(tmp_path, engine, planted())
    found = reviewed(engine, tmp_path, "made-up")
    said = " ".join(found.findings)
    assert re.search(r"Hot spots were found for [23] of 3 contaminants, most of all for (zinc|lead)", said)
    assert "come together" in said
    together = next(section.tables[0] for section in found.sections if section.title == "Where hot spots coincide")
    assert together.rows[0][0] == "lead and zinc"
    facts = dict(found.facts)
    assert facts["Reviewed"].startswith("mineral-horizon")
    assert "sediment" in facts["Not reviewed"]
    contents = next(section.tables[0] for section in found.sections if section.title == "How much was found")
    counts = {str(row[0]): (row[1], row[2]) for row in contents.rows}
    assert counts["zinc"] == (115, "0%")
    assert counts["tin"][0] == 115
    assert all(figure.png.startswith(PNG) for section in found.sections for figure in section.figures)
    check_page(render(found))
    with pytest.raises(ValueError, match="mercury is not among what was measured: lead, tin, zinc"):
        reviewed(engine, tmp_path, "made-up", mapped=("mercury",), resolution=500.0)


def check_page(page: str) -> None:
    """It stands alone, and shows what it was given as text."""
    assert "A &lt;survey&gt; &amp; more" in page
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert "default-src 'none'" in html.unescape(page)


def test_meuse_with_maps(engine: Engine, tmp_path: Path, meuse: Path) -> None:
    with engine.begin() as connection:
        load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
    area = meuse / "study_area.geojson"
    found = reviewed(engine, tmp_path, "meuse", mapped=("zinc",), resolution=200.0, area=area, assume=("basis:dry",))
    maps = found.sections[-1]
    assert [figure.alt[:11] for figure in maps.figures] == ["Map of zinc", "Map of zinc"]
    assert maps.tables[0].rows[0][0] == "zinc"


@pytest.mark.parametrize(
    "rows",
    [
        ["A,4300000,3000000,soil,1,2,3", "B,4300100,3000000,soil,1,2,3", "C,4300200,3000100,soil,1,2,3"],
        [f"P{n},{4300000 + n},3000000,soil,<1,<2,<3" for n in range(12)],
        [f"P{n},4300000,3000000,soil,{n + 1},{n + 2},3" for n in range(12)],
    ],
    ids=["three samples all equal", "all censored", "all at one place"],
)
def test_what_cannot_be_tested_is_said(engine: Engine, tmp_path: Path, rows: list[str]) -> None:
    survey(tmp_path, engine, rows)
    found = reviewed(engine, tmp_path, "made-up")
    words = " ".join([*found.findings, *(said for section in found.sections for said in section.paragraphs)])
    assert "no test possible" in words or "No hot spot" in words
    assert "nan" not in render(found).replace("finance", "").split("data:image")[0].lower().split()


def test_what_is_not_there_is_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no data set 'nothing'"):
        reviewed(engine, tmp_path, "nothing")
    with pytest.raises(ValueError, match="needs the name of a data set"):
        ReviewRequest(Selection())


def test_pictures_refuse_what_they_cannot_draw() -> None:
    xy = np.random.default_rng(1).uniform(0, 1000, (20, 2))
    none = np.zeros(20, dtype=np.bool_)
    assert panels_of_samples([Panel("zinc", "note", xy, none, none)] * 5).startswith(PNG)
    assert count_map(xy, np.arange(20), "contaminants").startswith(PNG)
    assert correlation_picture(np.array([[1.0, np.nan], [np.nan, 1.0]]), ["one", "other"]).startswith(PNG)
    with pytest.raises(ValueError, match="no panel"):
        panels_of_samples([])
    with pytest.raises(ValueError, match="as many counts"):
        count_map(xy, np.arange(3), "")
    with pytest.raises(ValueError, match="square matrix"):
        correlation_picture(np.eye(3), ["one"])
    with pytest.raises(ValueError, match="has 1 cells"):
        Table("caption", (Column("one"), Column("other")), ((1,),))
    assert Figure(PNG, "alt", "caption").alt == "alt"
