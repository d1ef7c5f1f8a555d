"""Laws of filters: text and JSON say the same, every value is bound, relations are what they are called, and
whatever a stranger writes is answered at once: by rows or by a sentence."""

import contextlib
import datetime as dt
import itertools
import time
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pytest
import shapely
from geoalchemy2 import Geometry
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Double,
    Integer,
    MetaData,
    Table,
    Text,
    insert,
    select,
)

from db.filtering import OPERATIONS, Filter, FilterError, Kind, Queryable, compile_filter
from db.filtering.temporal import RELATIONS
from db.statement import rendered

THINGS = Table(
    "filtered_thing",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", Text),
    Column("size", Double),
    Column("count", Integer),
    Column("good", Boolean),
    Column("day", Date),
    Column("last_day", Date),
    Column("moment", DateTime(timezone=True)),
    Column("tags", ARRAY(Text)),
    Column("geom", Geometry("GEOMETRY", srid=4326, spatial_index=False)),
    prefixes=["TEMPORARY"],
)
QUERYABLES: Mapping[str, Queryable] = {
    column.name: queryable for column in THINGS.c if (queryable := Queryable.of(column)) is not None
} | {"geometry": Queryable(THINGS.c.geom, Kind.GEOMETRY)}
START = dt.date(2010, 1, 1)
PLACES = [(x * 2.0, y * 2.0) for x in range(5) for y in range(5)]


def thing(number: int) -> dict[str, Any]:
    x, y = PLACES[number % len(PLACES)]
    return {
        "id": number,
        "name": [None, "Ämter", "amter", "o'hara", "50%_off", "back\\slash", "ЖУК"][number % 7],
        "size": None if number % 11 == 0 else number / 4 - 3,
        "count": None if number % 13 == 0 else number % 5,
        "good": [True, False, None][number % 3],
        "day": None if number % 17 == 0 else START + dt.timedelta(days=number),
        "last_day": START + dt.timedelta(days=number + number % 4),
        "moment": dt.datetime(2010, 1, 1, 23, 30, tzinfo=dt.UTC) + dt.timedelta(hours=number),
        "tags": [["a", "b"], ["b"], [], None][number % 4],
        "geom": f"SRID=4326;POINT({x} {y})",
    }


ROWS = [thing(number) for number in range(100)]


@pytest.fixture(scope="module")
def things(server: Any) -> Iterator[Connection]:
    engine = server.engine()
    with engine.connect() as connection, connection.begin() as transaction:
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS postgis")
        THINGS.create(connection)
        connection.execute(insert(THINGS), ROWS)
        yield connection
        transaction.rollback()
    engine.dispose()


def found(connection: Connection, text: str, lang: str = "cql2-text") -> set[int]:
    condition = compile_filter(Filter.parse(text, lang), QUERYABLES)
    with connection.begin_nested():
        return set(connection.execute(select(THINGS.c.id).where(condition)).scalars())


def rows_where(test: Any) -> set[int]:
    return {row["id"] for row in ROWS if test(row)}


CASES: dict[str, Any] = {
    "size > 2.5": lambda r: r["size"] is not None and r["size"] > 2.5,
    "size <= -1 OR size >= 1e1": lambda r: r["size"] is not None and (r["size"] <= -1 or r["size"] >= 10),
    "2 < size": lambda r: r["size"] is not None and r["size"] > 2,
    "count = 3": lambda r: r["count"] == 3,
    "count <> 3": lambda r: r["count"] not in (None, 3),
    "count > 2.5": lambda r: (r["count"] or 0) > 2.5,
    "count IN (1, 2)": lambda r: r["count"] in (1, 2),
    "count NOT IN (1, 2.0)": lambda r: r["count"] not in (None, 1, 2),
    "size BETWEEN 0 AND 4": lambda r: r["size"] is not None and 0 <= r["size"] <= 4,
    "size NOT BETWEEN 0 AND 4": lambda r: r["size"] is not None and not 0 <= r["size"] <= 4,
    "size IS NULL": lambda r: r["size"] is None,
    "NOT size IS NOT NULL": lambda r: r["size"] is None,
    "name = 'o''hara'": lambda r: r["name"] == "o'hara",
    "name LIKE '50\\%\\_%'": lambda r: (r["name"] or "").startswith("50%_"),
    "name LIKE 'back\\\\%'": lambda r: (r["name"] or "").startswith("back\\"),
    "CASEI(name) = CASEI('жук')": lambda r: r["name"] == "ЖУК",
    "ACCENTI(CASEI(name)) LIKE accenti(casei('ÄMT%'))": lambda r: r["name"] in ("Ämter", "amter"),
    "CASEI(name) IN (casei('ÄMTER'), casei('x'))": lambda r: r["name"] == "Ämter",
    "good": lambda r: r["good"] is True,
    "NOT good": lambda r: r["good"] is False,
    "good = false": lambda r: r["good"] is False,
    "size + 1 > count * 2": lambda r: None not in (r["size"], r["count"]) and r["size"] + 1 > r["count"] * 2,
    "count % 2 = 1": lambda r: r["count"] is not None and r["count"] % 2 == 1,
    "count div 2 = 1": lambda r: r["count"] in (2, 3),
    "2 ^ count = 8": lambda r: r["count"] == 3,
    "count / 2 = 1.5": lambda r: r["count"] == 3,
    "-count = -3": lambda r: r["count"] == 3,
    "2 ^ 3 ^ 2 = 512 AND 7 - 2 - 1 = 4 AND 1 + 2 * 3 = 7": lambda _: True,
    "size / 0 = 1 OR 1 % 0 = 1": lambda _: False,
    "sqrt(size) = 2 OR ln(size) > 2.9": lambda r: r["size"] in (4.0,) or (r["size"] or 0) > 18.2,
    "length(name) = 5": lambda r: r["name"] is not None and len(r["name"]) == 5,
    "day = DATE('2010-01-05')": lambda r: r["day"] == dt.date(2010, 1, 5),
    "day > '2010-01-05'": lambda r: r["day"] is not None and r["day"] > dt.date(2010, 1, 5),
    "day < TIMESTAMP('2010-01-05T23:00:00-03:00')": lambda r: r["day"] is not None and r["day"] < dt.date(2010, 1, 6),
    "moment >= TIMESTAMP('2010-01-02T00:30:00Z')": lambda r: r["id"] >= 1,
    "moment = DATE('2010-01-01')": lambda r: r["id"] == 0,
    "T_INTERSECTS(INTERVAL(day, last_day), INTERVAL('..', '2010-01-03'))": lambda r: (
        r["day"] is not None and r["day"] <= dt.date(2010, 1, 3)
    ),
    "T_DURING(day, INTERVAL('2010-01-03', '2010-01-05'))": lambda r: r["day"] == dt.date(2010, 1, 4),
    "T_AFTER(day, DATE('2010-04-01')) AND T_BEFORE(day, '2010-04-05')": lambda r: (
        r["day"] is not None and dt.date(2010, 4, 1) < r["day"] < dt.date(2010, 4, 5)
    ),
    "A_CONTAINS(tags, ('b'))": lambda r: "b" in (r["tags"] or []),
    "A_CONTAINS(tags, ('b', 'a', 'a'))": lambda r: r["tags"] == ["a", "b"],
    "A_CONTAINEDBY(tags, ('b', 'c'))": lambda r: r["tags"] in (["b"], []),
    "A_EQUALS(tags, ('b', 'a'))": lambda r: r["tags"] == ["a", "b"],
    "A_OVERLAPS(tags, ('a', 'z'))": lambda r: r["tags"] == ["a", "b"],
    "S_INTERSECTS(geometry, BBOX(1, 1, 5, 5))": lambda r: {2.0, 4.0} >= set(PLACES[r["id"] % 25]),
    "S_DWITHIN(geometry, POINT(2.0 2.001), 200)": lambda r: PLACES[r["id"] % 25] == (2.0, 2.0),
    "true": lambda _: True,
    "NOT NOT (((count = 1)))": lambda r: r["count"] == 1,
}


@pytest.mark.parametrize("text", CASES)
def test_rows_are_those_that_the_words_mean(things: Connection, text: str) -> None:
    assert found(things, text) == rows_where(CASES[text])


@pytest.mark.parametrize("text", CASES)
def test_json_says_the_same_as_text(things: Connection, text: str) -> None:
    written = Filter.parse(text).written.decode()
    assert Filter.parse(written, "cql2-json") == Filter.parse(text)
    assert found(things, written, "cql2-json") == found(things, text)


def test_every_operator_is_tried() -> None:
    tried = {name for text in CASES for name in _operators(Filter.parse(text).tree)}
    relations = {"s_" + name for name in SPATIAL} | set(RELATIONS)
    functions = {"upper", "lower", "abs", "round", "floor", "ceil", "log10"}
    assert set(OPERATIONS) == {name.lower() for name in tried} | relations | functions | {"s_disjoint"}


def _operators(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        if "op" in tree:
            yield tree["op"]
        tree = list(tree.values())
    if isinstance(tree, list):
        for part in tree:
            yield from _operators(part)


SPATIAL = ("intersects", "within", "contains", "equals", "touches", "overlaps", "crosses")
_grid = st.integers(0, 8)


@st.composite
def shapes(draw: st.DrawFn) -> shapely.Geometry:
    """Points, lines, boxes and holes on a small lattice, so that they often touch."""
    x, y, width, height = draw(_grid), draw(_grid), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    kinds = {
        "point": shapely.Point(x, y),
        "line": shapely.LineString([(x, y), (x + width, y + height)]),
        "box": shapely.box(x, y, x + width, y + height),
        "points": shapely.MultiPoint([(x, y), (x + width, y)]),
        "collection": shapely.GeometryCollection([shapely.Point(x, y), shapely.Point(y, x)]),
    }
    return kinds[draw(st.sampled_from(sorted(kinds)))]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shapes(), st.sampled_from((*SPATIAL, "disjoint")), st.booleans())
def test_spatial_relations_are_those_of_shapely(things: Connection, shape: Any, relation: str, turned: bool) -> None:
    sides = ["geometry", shape.wkt]
    left, right = reversed(sides) if turned else sides
    literal = shape if shape.geom_type != "GeometryCollection" else shapely.union_all(shapely.get_parts(shape))
    relate = getattr(shapely, relation)
    points = {row["id"]: shapely.Point(PLACES[row["id"] % 25]) for row in ROWS}
    expected = {key for key, point in points.items() if (relate(literal, point) if turned else relate(point, literal))}
    assert found(things, f"S_{relation.upper()}({left}, {right})") == expected


_ends = st.tuples(st.integers(-3, 12), st.integers(0, 5)).map(lambda pair: (pair[0], sum(pair)))
_EXPECTED: Mapping[str, Any] = {
    "t_after": lambda a, b, c, d: a > d,
    "t_before": lambda a, b, c, d: b < c,
    "t_intersects": lambda a, b, c, d: not (a > d or b < c),
    "t_disjoint": lambda a, b, c, d: a > d or b < c,
    "t_equals": lambda a, b, c, d: (a, b) == (c, d),
    "t_meets": lambda a, b, c, d: b == c,
    "t_metby": lambda a, b, c, d: a == d,
    "t_overlaps": lambda a, b, c, d: a < c < b < d,
    "t_overlappedby": lambda a, b, c, d: c < a < d < b,
    "t_contains": lambda a, b, c, d: a < c and d < b,
    "t_during": lambda a, b, c, d: c < a and b < d,
    "t_starts": lambda a, b, c, d: a == c and b < d,
    "t_startedby": lambda a, b, c, d: a == c and b > d,
    "t_finishes": lambda a, b, c, d: b == d and a > c,
    "t_finishedby": lambda a, b, c, d: b == d and a < c,
}


@pytest.mark.parametrize("relation", RELATIONS)
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ends=_ends)
def test_temporal_relations_are_those_of_intervals(things: Connection, relation: str, ends: tuple[int, int]) -> None:
    first, last = (START + dt.timedelta(days=end) for end in ends)
    compare = _EXPECTED[relation]
    expected = rows_where(lambda r: r["day"] is not None and compare(r["day"], r["last_day"], first, last))
    asked = f"day IS NOT NULL AND {relation}(INTERVAL(day, last_day), INTERVAL('{first}', '{last}'))"
    assert found(things, asked) == expected


@pytest.mark.parametrize("text", [text for text in CASES if text != "true"])
def test_a_filter_and_its_opposite_leave_what_is_unknown(things: Connection, text: str) -> None:
    assert not found(things, text) & found(things, f"NOT ({text})")


WRONG = {
    "nope = 1": "no property 'nope'",
    "size = 'x'": "a number is needed",
    "name = 1": "a text is needed",
    "day > 3": "a date is needed",
    "day > 'yesterday'": "'yesterday' is not a date",
    "day = DATE('2010-02-30')": "not a date",
    "magic(size) = 1": "no operator or function 'magic'",
    "size": "true or false is needed",
    "size = 1 AND": "expected a value or a property at character 13",
    "size = 1)": "expected an operator or the end at character 9",
    "((size = 1)": "expected ')'",
    "name = 'open": "nothing can be read from character 7",
    "size = 1; DROP TABLE specimen": "nothing can be read from character 9",
    "size IN ()": "needs a list",
    "size = NULL": "expected a value",
    "size BETWEEN 1": "expected AND",
    "casei(name, name) = 'x'": "takes 1 value, not 2",
    "S_INTERSECTS(geometry, name)": "a geometry is needed",
    "S_INTERSECTS(geometry, POLYGON((0 0, 1 1)))": "not a geometry",
    "S_INTERSECTS(geometry, POLYGON((0 0, 1 1, 1 0, 0 1, 0 0)))": "not valid",
    "S_INTERSECTS(geometry, POINT(181 0))": "beyond 180 degrees",
    "S_INTERSECTS(geometry, POINT EMPTY)": "empty",
    "S_INTERSECTS(geometry, BBOX(0, 5, 1, 4))": "must not end before it begins",
    "S_WITHIN(geometry, GEOMETRYCOLLECTION(POINT(7 7), LINESTRING(0 0, 1 1, 2 5)))": "a collection",
    "S_DWITHIN(geometry, POINT(0 0), size)": "distance of s_dwithin",
    "A_CONTAINS(tags, (1, 2))": "a list of texts",
    "T_AFTER(name, DATE('2010-01-01'))": "a date, timestamp or interval is needed",
    "name LIKE 'x\\\\\\'": "nothing can be read",
    "size = 1" + " OR size = 1" * 2_000: "longer than",
    "NOT " * 3_000 + "good": None,
    "(" * 60 + "good" + ")" * 60: "nested more than",
    "size = " + "1+" * 200 + "1": "nested more than",
    "size = " + "2^" * 200 + "1": "nested more than",
    "size IN (" + "1," * 1_500 + "1)": "more than 1000 operators",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said(text: str) -> None:
    said = WRONG[text]
    if said is None:
        compile_filter(Filter.parse(text), QUERYABLES)
        return
    with pytest.raises(FilterError, match=r"^filter: ") as caught:
        compile_filter(Filter.parse(text), QUERYABLES)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "[]",
            "null",
            "1",
            '"x"',
            "{}",
            '{"op":"="}',
            '{"op":1,"args":[]}',
            '{"property":1}',
            '{"op":"not","args":[]}',
        ),
        *('{"op":"and","args":[true]}', '{"op":"=","args":[{"property":"size"},null]}', '{"date":"2010-01-01"}', "{"),
        *('{"type":"Point","coordinates":[]}'),
        *('{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point","coordinates":["x",1]}]}',),
        *('{"op":"s_intersects","args":[{"property":"geometry"},{"bbox":[1,2,3]}]}', '{"bbox":{}}'),
        *('{"op":"s_intersects","args":[{"property":"geometry"},{"type":"GeometryCollection"}]}',),
        *(
            '{"op":"=","args":[{"property":"name"},"\\u0000"]}',
            '{"interval":["2010-01-01"]}',
            '{"interval":[{"interval":1},1]}',
        ),
        *("[" * 2_000, '{"op":"not","args":[' * 500 + "true" + "]}" * 500, '{"op":"=","args":[1e400,1]}'),
    ],
)
def test_json_that_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(FilterError, match=r"^filter: "):
        compile_filter(Filter.parse(text, "cql2-json"), QUERYABLES)


HOSTILE = ("'; DROP TABLE x; --", "\\'; SELECT 1", "$1", "%s", ":name", "{}", "\u202e", "﷽" * 50, "a\nb")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_word_of_a_filter_stands_in_the_statement(text: str) -> None:
    quoted = text.replace("'", "''") if "\\'" not in text else None
    given = Filter.parse(orjson.dumps({"op": "=", "args": [{"property": "name"}, text]}).decode(), "cql2-json")
    statement, values = rendered(select(THINGS.c.id).where(compile_filter(given, QUERYABLES)))
    assert text not in statement.replace("$1", "", 1)
    assert values == [text]
    if quoted is not None:
        assert Filter.parse(f"name = '{quoted}'") == given


_PIECES = (
    *"()',\"=<>+-*/^%.[]{}:1",
    *("size", "name", " AND ", " OR ", "NOT ", " IN ", " LIKE ", " BETWEEN ", " IS NULL", "'x'", "é", "\\", "\0", "\n"),
    *("POINT(", "BBOX(", "DATE('", "INTERVAL(", "casei(", "S_INTERSECTS(", "geometry"),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=40).map("".join) | st.text(max_size=60))
@example("(" * 24 + "size=1")
@example("((((((((((size==" * 3)
def test_whatever_is_written_is_a_filter_or_a_complaint(text: str) -> None:
    for lang in ("cql2-text", "cql2-json"):
        try:
            compile_filter(Filter.parse(text, lang), QUERYABLES)
        except FilterError as error:
            assert str(error).startswith("filter: ")  # noqa: PT017  either outcome is right


@pytest.mark.parametrize(
    "opening", ["(", "NOT (", "casei(", "size IN (", "S_INTERSECTS(", "-", "NOT ", "1+", "2^", "'", '"']
)
@pytest.mark.parametrize("end", ["", "size==", "good"])
def test_reading_takes_no_longer_than_the_text_is_long(opening: str, end: str) -> None:
    text = (opening * 20_000)[: 20_000 - len(end)] + end
    before = time.process_time()
    with contextlib.suppress(FilterError):
        compile_filter(Filter.parse(text), QUERYABLES)
    assert time.process_time() - before < 2.0


def test_systems_of_coordinates_are_one(things: Connection) -> None:
    written = "S_INTERSECTS(geometry, BBOX({}, {}, {}, {}))"
    degrees = Filter.parse(written.format(1, 3, 5, 7))
    turned = Filter.parse(written.format(3, 1, 7, 5), srid=4326, northing_first=True)
    metres = Filter.parse(written.format(111_319, 334_111, 556_597, 781_182), srid=3857)
    answers = [
        set(things.execute(select(THINGS.c.id).where(compile_filter(asked, QUERYABLES))).scalars())
        for asked in (degrees, turned, metres)
    ]
    assert answers[0] == answers[1] == answers[2] != set()


def test_a_box_over_the_antimeridian_is_two(things: Connection) -> None:
    assert found(things, "S_INTERSECTS(geometry, BBOX(7, -1, 1, 9))") == rows_where(
        lambda r: not 1 < PLACES[r["id"] % 25][0] < 7
    )


def test_parts_are_asked_all_at_once(things: Connection) -> None:
    parts = [Filter.parse(text) for text in ("count = 1", "good", "size > 0")]
    for number in range(1, 4):
        for chosen in itertools.combinations(parts, number):
            condition = compile_filter(Filter.both(*chosen), QUERYABLES)
            each = [compile_filter(part, QUERYABLES) for part in chosen]
            together = things.execute(select(THINGS.c.id).where(condition)).scalars().all()
            assert together == things.execute(select(THINGS.c.id).where(*each)).scalars().all()
