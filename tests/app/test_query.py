"""Parameters become values or complaints, never anything else."""

import contextlib
import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from app.ogc.cursor import parse_cursor, write_cursor
from app.problems import BadParameterError
from app.query import (
    LARGEST_KEY,
    MOST_ITEMS,
    PARAMETERS,
    Given,
    parse_bounds,
    parse_limit,
    parse_period,
    parse_point,
)
from db.questions.order import Place
from db.selection import Bounds, Period

ANY_TEXT = st.one_of(st.text(max_size=60), st.from_regex(r"[-+.,/eE0-9TZ:() POINT]{0,40}", fullmatch=True))


@pytest.mark.parametrize("parse", [parse_bounds, parse_period, parse_limit, parse_cursor, parse_point])
@given(text=ANY_TEXT)
@example(text="1e999,0,0,0")
@example(text="9999-12-31T23:59:59-23:59")
@example(text="0001-01-01T00:00:00+23:59")
@example(text="POINT(1 2 3)")
@example(text="١,٢,٣,٤")
def test_any_text_is_a_value_or_a_complaint(parse, text: str) -> None:  # type: ignore[no-untyped-def]
    with contextlib.suppress(ValueError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a,b,c,d", "bbox needs four finite numbers, got 'a,b,c,d'"),
        ("1,2,3", "bbox needs four finite numbers, got '1,2,3'"),
        ("1,2,3,4,5", "bbox needs four finite numbers"),
        ("nan,0,1,1", "bbox needs four finite numbers"),
        ("0,inf,1,1", "bbox needs four finite numbers"),
        ("0,10,1,5", "the south of a box, 10, must not lie north"),
        ("0,-91,1,5", "latitudes of a box"),
        ("-181,0,1,5", "longitudes of a box"),
        ("0,0,9,1,1,5", "bottom of a box, 9"),
        ("", "bbox needs four finite numbers, got ''"),
    ],
)
def test_a_wrong_box_is_named(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint.replace("(", r"\(")):
        parse_bounds(text)


def test_boxes_of_four_and_six_numbers() -> None:
    assert parse_bounds("5,50.5,6,51") == Bounds(5.0, 50.5, 6.0, 51.0)
    assert parse_bounds("5,50.5,-3,6,51,9") == Bounds(5.0, 50.5, 6.0, 51.0)
    assert parse_bounds("170,-10,-170,10").crosses_antimeridian


JUNE = dt.date(2010, 6, 30)


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("2010-06-30", Period(JUNE, JUNE)),
        ("2010-06-30T23:30:00Z", Period(JUNE, JUNE)),
        ("2010-06-30T23:30:00-02:00", Period(dt.date(2010, 7, 1), dt.date(2010, 7, 1))),
        ("2010-06-30t12:00:00.123456789z", Period(JUNE, JUNE)),
        ("2009-01-01/2010-06-30", Period(dt.date(2009, 1, 1), JUNE)),
        ("../2010-06-30", Period(None, JUNE)),
        ("2010-06-30/..", Period(JUNE, None)),
        ("/2010-06-30", Period(None, JUNE)),
        ("../..", Period(None, None)),
    ],
)
def test_instants_and_intervals(text: str, period: Period) -> None:
    assert parse_period(text) == period


@pytest.mark.parametrize(
    "text",
    ["", "2010", "2010-13-01", "2010-02-30", "yesterday", "2010-06-30/2009-01-01", "2010-06-30T12:00:00", "a/b/c"],
)
def test_wrong_times_are_complained_about(text: str) -> None:
    with pytest.raises(ValueError, match=r"datetime|period"):
        parse_period(text)


def test_limits_are_clamped_but_not_invented() -> None:
    assert parse_limit("7") == 7
    assert parse_limit("123456789") == MOST_ITEMS
    for text in ("0", "-1", "ten", "1.5", "", "1e3", "٣"):
        with pytest.raises(ValueError, match="limit needs a whole number above zero"):
            parse_limit(text)


@given(
    st.integers(0, LARGEST_KEY),
    st.lists(st.none() | st.text(st.characters(exclude_characters="\0")), max_size=3),
    st.booleans(),
)
def test_cursors_go_there_and_back(key: int, values: list[str | None], backwards: bool) -> None:
    place = Place(key, tuple(values), backwards)
    assert parse_cursor(write_cursor(place)) == place


@pytest.mark.parametrize(
    "text", ["", "0", "AAAAAAAAAAA=", "__________8", "AAAAAAAAAAB", "zzzzzzzzzzzzzzz", "WzEs", "W10"]
)
def test_other_cursors_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cursor is not one"):
        parse_cursor(text)


def test_a_point() -> None:
    assert parse_point(" point ( 5.75  50.97 )") == (5.75, 50.97)
    for text in ("POINT(5.75,50.97)", "POINT(181 0)", "POINT(0 -90.1)", "POINT(nan 0)", "LINESTRING(0 0,1 1)"):
        with pytest.raises(ValueError, match="coords"):
            parse_point(text)


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("bbx=1", "unknown parameter 'bbx'; known here are assume, bbox"),
        ("bbox=1&bbox=2", "bbox is given 2 times"),
        ("bbox=1%00", "bbox holds characters that cannot be printed"),
        ("bbox=" + "1" * 3000, "bbox is longer than"),
        ("%00=1", "unknown parameter '\\?'"),
    ],
)
def test_odd_parameters_are_refused(query: str, complaint: str) -> None:
    with pytest.raises(BadParameterError, match=complaint):
        Given.read(QueryParams(query), (PARAMETERS["bbox"], PARAMETERS["assume"]))


def test_some_parameters_may_be_repeated() -> None:
    given = Given.read(QueryParams("assume=clay:10&assume=ph:6"), (PARAMETERS["assume"],))
    assert given.all("assume") == ("clay:10", "ph:6")


def test_a_complaint_names_its_parameter() -> None:
    given = Given.read(QueryParams("bbox=0,10,1,5"), (PARAMETERS["bbox"],))
    with pytest.raises(BadParameterError, match="bbox: the south of a box") as complaint:
        given.parsed("bbox", parse_bounds)
    assert complaint.value.parameter == "bbox"
