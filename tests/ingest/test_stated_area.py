"""Where a survey says it was made: a box or a registered layer, asked at the load, for samples and for sources."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely.geometry import box
from sqlalchemy import Connection, select

from db.tables import specimen
from ingest.errors import IngestError
from ingest.layers.description import describe_layer
from ingest.layers.store import load_layer
from ingest.load import load_samples, load_sources
from ingest.profile import Profile, ProfileError, read_profile
from ingest.profile.position import Position
from ingest.report import Report

Write = Callable[..., Path]
SURVEY = """
[dataset]
name = "survey"
title = "A survey"
licence = "CC0-1.0"
provider = "the tests"
[position]
crs = "EPSG:4326"
x = { column = "x" }
y = { column = "y" }
within = WITHIN
"""
SAMPLES = """
[specimen]
medium = "mineral-horizon"
code = { column = "code" }
[measurements]
unit = "mg/kg"
digestion = "total"
basis = "dry"
[measurements.columns]
zinc = "zinc"
"""
SOURCES = """
[sources]
name = { column = "code" }
sector = "industry"
geometry = "point"
"""
# in Aland, in Bland, 50 m and 5 km east of Bland, and in Aland with x and y swapped
ROWS = "code,x,y,zinc\na,10.5,50.5,1\nb,11.5,50.5,2\nc,12.0007,50.5,3\nd,12.07,50.5,4\ne,50.5,10.5,5\n"


@pytest.fixture
def lands(connection: Connection, tmp_path: Path) -> None:
    """A layer of two countries."""
    file = tmp_path / "lands.gpkg"
    shapes = [box(10, 50, 11, 51), box(11, 50, 12, 51)]
    gpd.GeoDataFrame({"code": ["A", "B"], "name": ["Aland", "Bland"]}, geometry=shapes, crs=4326).to_file(file)
    described = describe_layer({"name": "lands", "code": "code", "label": "name"})
    load_layer(connection, file, described, tmp_path / "layers")


def profiled(write: Write, within: str, content: str = SAMPLES) -> Profile:
    return read_profile(write(SURVEY.replace("WITHIN", within) + content, "p.toml"))


def astray(report: Report) -> dict[str, list[int]]:
    return {problem.rule: [place.row for place in problem.places] for problem in report.problems}


@pytest.mark.usefixtures("lands")
@pytest.mark.parametrize(
    ("within", "outside", "swapped"),
    [
        ('{ layer = "lands" }', [5], [6]),
        ('{ layer = "lands", tolerance_m = 0.0 }', [4, 5], [6]),
        ('{ layer = "lands", code = "B" }', [2, 5, 6], []),
        ('{ layer = "lands", code = "bland", tolerance_m = 10_000.0 }', [2, 6], []),
        ("[10.0, 50.0, 12.001, 51.0]", [5], [6]),
    ],
)
@pytest.mark.parametrize(("content", "load"), [(SAMPLES, load_samples), (SOURCES, load_sources)])
def test_rows_outside_are_rejected_and_the_slip_is_named(
    connection: Connection, write: Write, within: str, outside: list[int], swapped: list[int], content: str, load: Any
) -> None:
    report = load(connection, write(ROWS, "s.csv"), profiled(write, within, content))
    found = astray(report)
    assert found.get("position-outside-survey", []) == outside
    assert found.get("position-swapped", []) == swapped
    assert (report.loaded, report.rejected) == (5 - len(outside + swapped), len(outside + swapped))


@pytest.mark.usefixtures("lands")
@pytest.mark.parametrize(
    ("within", "complaint"),
    [
        ('{ layer = "elsewhere" }', "position.within: there is no layer 'elsewhere'; registered are lands"),
        ('{ layer = "lands", code = "C" }', "position.within: the layer 'lands' has no area 'C'"),
    ],
)
def test_a_layer_or_code_that_is_not_there(connection: Connection, write: Write, within: str, complaint: str) -> None:
    with pytest.raises(IngestError, match=complaint):
        load_samples(connection, write(ROWS, "s.csv"), profiled(write, within))
    assert connection.execute(select(specimen.c.id)).all() == []


@pytest.mark.parametrize(
    ("within", "complaint"),
    [
        ("5", "within"),
        ('"DE"', "within"),
        ("[1.0, 2.0]", "within"),
        ("[10.0, 51.0, 12.0, 50.0]", r"a box in degrees is \[west, south, east, north\]"),
        ("{}", "within.layer"),
        ('{ layer = "" }', "within.layer"),
        ('{ layer = "lands", code = "" }', "within.code"),
        ('{ layer = "lands", tolerance_m = -1.0 }', "within.tolerance_m"),
        ('{ layer = "lands", name = "DE" }', "within.name"),
    ],
)
def test_what_is_no_area(write: Write, within: str, complaint: str) -> None:
    with pytest.raises(ProfileError, match=complaint):
        profiled(write, within)


@pytest.mark.parametrize("within", ["[10.0, 50.0, 12.0, 51.0]", '{ layer = "lands", code = "B" }'])
def test_a_stored_profile_says_the_same(write: Write, within: str) -> None:
    position = profiled(write, within).position
    assert Position.model_validate(position.model_dump()) == position
