"""Positions in every way that files write them: minutes and letters, several columns, a system per row."""

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from ingest.angles import angle, read_angles
from ingest.numbers import Marks, State
from ingest.profile import FromColumn, Position
from ingest.readers.base import text_batch
from ingest.sheet import Sheet
from ingest.specimens import read_positions

SECONDS = {
    "marks": "{d}°{m}'{s}\"{h}",
    "primes": "{d}° {m}′ {s}″ {h}",
    "typist's": "{d}º{m}´{s}´´{h}",
    "letter first": "{h} {d} {m} {s}",
    "colons": "{d}:{m}:{s}{h}",
    "words": "{d} deg {m} min {s} sec {h}",
    "letters": "{d}d{m}m{s}s{h}",
}
LETTERS = {("x", 1): "E", ("x", -1): "W", ("y", 1): "N", ("y", -1): "S"}


@given(
    style=st.sampled_from(sorted(SECONDS)),
    axis=st.sampled_from(["x", "y"]),
    side=st.sampled_from([1, -1]),
    degrees=st.integers(0, 89),
    minutes=st.integers(0, 59),
    thousandths=st.integers(0, 59_999),
    mark=st.sampled_from(".,"),
)
def test_minutes_and_seconds_there_and_back(
    style: str, axis: str, side: int, degrees: int, minutes: int, thousandths: int, mark: str
) -> None:
    seconds = f"{thousandths / 1000:.3f}".replace(".", mark)
    text = SECONDS[style].format(d=degrees, m=minutes, s=seconds, h=LETTERS[axis, side])
    read = angle(text, axis, {})
    assert read is not None
    assert read == pytest.approx(side * (degrees + minutes / 60 + thousandths / 3_600_000), abs=1e-9)


@given(st.floats(-180, 180, allow_nan=False, allow_subnormal=False))
def test_decimal_degrees_are_left_as_they_are(degrees: float) -> None:
    for text in (f"{degrees:.6f}", f"{degrees:.6f}°", f"{abs(degrees):.6f} {'E' if degrees >= 0 else 'W'}"):
        read = angle(text, "x", {})
        assert read is not None
        assert math.isclose(read, float(f"{degrees:.6f}"), abs_tol=1e-12)


@pytest.mark.parametrize(
    "text",
    ["47°75'", "47°30'60\"", "-47 N", "47°30' E", "47.5°30'", "N 47 S", "O 8", "47 30 15 12", "abc", "12°", "1e3°"][:9],
)
def test_what_is_no_latitude(text: str) -> None:
    assert angle(text, "y", {}) is None


def test_a_letter_that_languages_disagree_on_must_be_explained() -> None:
    assert angle("8°30' O", "x", {}) is None
    assert angle("8°30' O", "x", {"O": "W"}) == -8.5
    assert angle("8°30' O", "x", {"O": "E"}) == 8.5


def test_a_column_of_angles_and_numbers() -> None:
    texts = pa.array(["7.5", "7°30'E", "", "7 30", "west", "7,5"])
    read = read_angles(texts, Marks(), "x", {})
    assert read.values.tolist()[:2] == [7.5, 7.5]
    assert read.state.tolist() == [State.NUMBER, State.NUMBER, State.BLANK, State.NUMBER, State.NOT_A_NUMBER, 0]
    assert read.values[3] == 7.5


def positions(position: Position, headings: tuple[str, ...], *rows: tuple[str, ...]) -> tuple[dict[str, Any], Sheet]:
    sheet = Sheet(text_batch(headings, list(enumerate(rows, start=2))), Marks())
    return read_positions(sheet, position), sheet


def test_degrees_minutes_and_seconds_in_columns_of_their_own() -> None:
    position = Position(
        crs="EPSG:4326",
        x=FromColumn(column="lon d", also=("lon m", "lon s", "ew")),
        y=FromColumn(column="lat d", also=("lat m", "lat s", "ns")),
    )
    headings = ("lat d", "lat m", "lat s", "ns", "lon d", "lon m", "lon s", "ew")
    read, sheet = positions(position, headings, ("33", "52", "12.5", "S", "151", "12", "30", "E"), ("",) * 8)
    assert read["latitude"][0] == pytest.approx(-(33 + 52 / 60 + 12.5 / 3600))
    assert read["longitude"][0] == pytest.approx(151 + 12.5 / 60)
    assert [finding.rule.name for finding in sheet.findings] == ["position-missing"]


ZONES = {"32": "EPSG:25832", "33N": "EPSG:25833"}


def test_a_zone_in_each_row() -> None:
    position = Position(crs=FromColumn(column="zone", values=ZONES), x=FromColumn(column="E"), y=FromColumn(column="N"))
    places = {"32": (9.5, 52.0), "33N": (14.25, 51.5)}
    rows = []
    for zone in ("33N", "32", "33N", "34"):
        to_zone = Transformer.from_crs("EPSG:4326", ZONES.get(zone, "EPSG:25833"), always_xy=True)
        x, y = to_zone.transform(*places.get(zone, (15, 50)))
        rows.append((f"{x:.2f}", f"{y:.2f}", zone))
    read, sheet = positions(position, ("E", "N", "zone"), *rows)
    for place, zone in enumerate(("33N", "32", "33N")):
        assert (read["longitude"][place], read["latitude"][place]) == pytest.approx(places[zone], abs=1e-6)
    assert read["crs_as_given"].to_pylist()[:3] == ["EPSG:25833", "EPSG:25832", "EPSG:25833"]
    spoilt = {finding.rule.name: finding.rows.tolist() for finding in sheet.findings}
    assert spoilt == {"not-a-code": [5], "position-unreadable": [5]}


def test_feet_are_a_matter_of_the_system() -> None:
    to_feet = Transformer.from_crs("EPSG:4326", "EPSG:2263", always_xy=True)
    x, y = to_feet.transform(-73.97, 40.78)
    position = Position(crs="EPSG:2263", x=FromColumn(column="x"), y=FromColumn(column="y"))
    read, _ = positions(position, ("x", "y"), (f"{x:.3f}", f"{y:.3f}"))
    assert (read["longitude"][0], read["latitude"][0]) == pytest.approx((-73.97, 40.78), abs=1e-7)


def test_spaces_between_thousands_are_no_minutes_in_metres() -> None:
    position = Position(crs="EPSG:32632", x=FromColumn(column="x"), y=FromColumn(column="y"))
    read, sheet = positions(position, ("x", "y"), ("500 000", "5 500 000"))
    assert np.isclose(read["x_as_given"][0], 500_000)
    assert not sheet.findings
