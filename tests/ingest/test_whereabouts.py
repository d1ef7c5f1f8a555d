"""Positions outside of their survey: the slip that was made is the one that is named, anywhere on earth."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from ingest.whereabouts import OUTSIDE, SWAPPED, astray, box, utm_zone

ZONES = [
    ("EPSG:32633", 15.0, 50.0),
    ("EPSG:25832", 9.0, 52.0),
    ("EPSG:28355", 147.0, -25.0),
    ("EPSG:31983", -45.0, -20),
]
WGS84 = CRS("EPSG:4326")


def named(x: float, y: float, crs: CRS, *edges: float) -> list[str]:
    found = astray(np.array([x]), np.array([y]), crs, box(*edges))
    return [rule for (rule, _), where in found if where[0]]


@given(st.floats(-179, 179), st.floats(-80, 80))
def test_a_place_inside_is_none_that_went_astray(longitude: float, latitude: float) -> None:
    assume(abs(longitude) > 1e-6)
    edges = (longitude - 1, latitude - 1, longitude + 1, latitude + 1)
    assert named(longitude, latitude, WGS84, *edges) == []


@given(st.floats(5, 80), st.floats(5, 80), st.sampled_from([(1, -1), (-1, 1), (-1, -1)]))
def test_signs(longitude: float, latitude: float, signs: tuple[int, int]) -> None:
    edges = (longitude - 1, latitude - 1, longitude + 1, latitude + 1)
    assert named(signs[0] * longitude, signs[1] * latitude, WGS84, *edges) == ["position-sign"]


@given(st.floats(20, 80), st.floats(-19, 15))
def test_swapped_axes(longitude: float, latitude: float) -> None:
    edges = (longitude - 1, latitude - 1, longitude + 1, latitude + 1)
    assert named(latitude, longitude, WGS84, *edges) == [SWAPPED[0]]


@pytest.mark.parametrize(("system", "longitude", "latitude"), ZONES)
@pytest.mark.parametrize("zones", [-2, -1, 1, 2])
def test_zones(system: str, longitude: float, latitude: float, zones: int) -> None:
    crs = CRS(system)
    x, y = Transformer.from_crs(WGS84, crs, always_xy=True).transform(longitude, latitude)
    there = longitude + 6 * zones
    edges = (there - 2, latitude - 2, there + 2, latitude + 2)
    (((rule, said), where),) = astray(np.array([x]), np.array([y]), crs, box(*edges))
    assert (rule, where.tolist()) == ("position-zone", [True])
    assert f"zone {utm_zone(crs) + zones} of UTM" in said  # type: ignore[operator]


def test_what_nothing_explains_is_outside_and_what_is_missing_is_passed_over() -> None:
    x, y = np.array([100.0, np.nan, 0.0]), np.array([10.0, 1.0, 0.0])
    (((rule, _), where),) = astray(x, y, WGS84, box(5, 45, 10, 50))
    assert (rule, where.tolist()) == (OUTSIDE[0], [True, False, False])


def test_boxes_across_the_antimeridian() -> None:
    inside = box(170, -50, -170, -30)
    assert inside(np.array([175.0, -175.0, 0.0]), np.array([-40.0, -40.0, -40.0])).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("system", "zone"),
    [
        ("EPSG:32633", 33),
        ("EPSG:28355", 55),
        ("EPSG:31983", 23),
        ("EPSG:26910", 10),
        ("EPSG:4326", None),
        ("EPSG:31467", None),
        ("EPSG:28992", None),
        ("EPSG:2193", None),
    ],
)
def test_zones_of_utm_under_any_name(system: str, zone: int | None) -> None:
    assert utm_zone(CRS(system)) == zone
