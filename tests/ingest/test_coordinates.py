"""Positions: there and back, and the ways in which they go wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from ingest.coordinates import Fault, horizontal_crs, locate

SYSTEMS = ["EPSG:28992", "EPSG:32756", "EPSG:2193", "EPSG:31370", "EPSG:4326", "EPSG:27700", "EPSG:5070", "EPSG:3035"]


def fault(x: float, y: float, crs: str, tolerance: float = 0.5) -> Fault:
    return Fault(int(locate(np.array([x]), np.array([y]), horizontal_crs(crs), tolerance).fault[0]))


@settings(max_examples=40)
@given(st.sampled_from(SYSTEMS), st.floats(0.05, 0.95), st.floats(0.05, 0.45))
def test_a_place_in_the_area_of_use_comes_back(name: str, across: float, up: float) -> None:
    crs = horizontal_crs(name)
    area = crs.area_of_use
    assert area is not None
    longitude = (area.west + across * ((area.east - area.west) % 360 or 360) + 180) % 360 - 180
    latitude = area.south + up * (area.north - area.south)
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(longitude, latitude)
    located = locate(np.array([x]), np.array([y]), crs, 0.5)
    assert located.fault[0] == Fault.NONE
    assert located.longitude[0] == pytest.approx(longitude, abs=1e-5)
    assert located.latitude[0] == pytest.approx(latitude, abs=1e-5)


@pytest.mark.parametrize(
    ("x", "y", "crs", "expected"),
    [
        (181072, 333611, "EPSG:28992", Fault.NONE),
        (333611, 181072, "EPSG:28992", Fault.SWAPPED),
        (0, 0, "EPSG:28992", Fault.ORIGIN),
        (5.75, 50.99, "EPSG:28992", Fault.OUTSIDE),
        (-33.9, 151.2, "EPSG:4326", Fault.SWAPPED),
        (151.2, -33.9, "EPSG:4326", Fault.NONE),
        (181, 10, "EPSG:4326", Fault.OUTSIDE),
        (10, 90.5, "EPSG:4326", Fault.SWAPPED),
        (200, 90.5, "EPSG:4326", Fault.OUTSIDE),
        (0, 0, "EPSG:4326", Fault.ORIGIN),
        (np.nan, 5, "EPSG:4326", Fault.MISSING),
        (np.inf, 5, "EPSG:4326", Fault.MISSING),
        (1e9, 1e9, "EPSG:32633", Fault.OUTSIDE),
    ],
)
def test_faults(x: float, y: float, crs: str, expected: Fault) -> None:
    assert fault(x, y, crs) == expected


def test_a_survey_may_use_a_zone_beyond_its_edge_when_the_profile_allows_it() -> None:
    x, y = Transformer.from_crs("EPSG:4326", "EPSG:32632", always_xy=True).transform(13.5, 64.0)
    assert fault(x, y, "EPSG:32632") == Fault.OUTSIDE
    assert fault(x, y, "EPSG:32632", tolerance=2.0) == Fault.NONE


def test_an_area_across_the_antimeridian() -> None:
    crs = CRS.from_epsg(2193)
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(-179.5, -44.0)
    assert fault(x, y, "EPSG:2193", tolerance=8.0) == Fault.NONE


@pytest.mark.parametrize("name", ["EPSG:999999", "nonsense", "", "EPSG:5709"])
def test_an_unknown_system_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=r"coordinate reference system|positions on a map"):
        horizontal_crs(name)
