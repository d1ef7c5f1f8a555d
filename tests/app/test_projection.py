"""Metres in which distances are true to a stated bound, wherever on earth the samples lie."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from app.work.projection import WORST_SCALE_ERROR, choose_projection
from db.samples import Population, SampleRows


def rows_at(lonlat: np.ndarray, crs: str = "EPSG:4326", as_given: np.ndarray | None = None) -> SampleRows:
    n = len(lonlat)
    nothing, blank = np.full(n, np.nan), np.full(n, "")
    return SampleRows(
        contaminant="zinc",
        specimen=np.arange(n),
        code=blank,
        populations=(Population("mineral-horizon", "aqua-regia", "dry", None, None),),
        datasets=("x",),
        private=False,
        lonlat=lonlat,
        as_given=lonlat if as_given is None else as_given,
        crs=np.full(n, crs),
        lower=np.ones(n),
        upper=np.ones(n),
        uncertainty=nothing,
        clay=nothing,
        organic_matter=nothing,
        toc=nothing,
        ph=nothing,
        texture=blank,
        flagged=np.zeros(n, np.bool_),
    )


@given(
    lon=st.floats(-180, 180),
    lat=st.floats(-80, 80),
    width=st.floats(0.01, 4.0),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_distances_agree_with_the_ellipsoid(lon: float, lat: float, width: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    lonlat = np.column_stack(
        [(lon + rng.uniform(-width, width, 12) + 180) % 360 - 180, lat + rng.uniform(-width, width, 12)]
    )
    rows = rows_at(lonlat)
    projection = choose_projection(rows)
    assert projection.scale_error <= WORST_SCALE_ERROR
    metres = projection.place(rows)
    planar = np.hypot(*(metres[1:] - metres[0]).T)
    true = Geod(ellps="WGS84").inv(np.full(11, lonlat[0, 0]), np.full(11, lonlat[0, 1]), lonlat[1:, 0], lonlat[1:, 1])[
        2
    ]
    np.testing.assert_allclose(planar, true, rtol=1.5 * WORST_SCALE_ERROR, atol=0.01)


def test_places_given_in_metres_stay_as_given() -> None:
    as_given = np.array([[181072.0, 333611.0], [181025.0, 333558.0]])
    rows = rows_at(np.array([[5.758536, 50.991562], [5.757862, 50.991087]]), "EPSG:28992", as_given)
    projection = choose_projection(rows)
    assert projection.name == "EPSG:28992"
    np.testing.assert_array_equal(projection.place(rows), as_given)


def test_a_system_in_feet_or_web_mercator_is_not_taken() -> None:
    place = np.array([[-75.1, 39.9], [-75.2, 40.0]])
    for crs in ("EPSG:2272", "EPSG:3857"):
        assert choose_projection(rows_at(place, crs)).name not in (crs,)


def test_a_continent_gets_an_equal_area_system_and_says_how_wrong_it_is() -> None:
    rows = rows_at(np.array([[-9.0, 38.0], [30.0, 69.0], [25.0, 38.0]]))
    projection = choose_projection(rows)
    assert projection.crs.coordinate_operation is not None
    assert "Equal Area" in projection.crs.coordinate_operation.method_name
    assert WORST_SCALE_ERROR < projection.scale_error < 0.2


def test_samples_on_both_sides_of_the_antimeridian_are_neighbours() -> None:
    rows = rows_at(np.array([[179.99, -17.0], [-179.99, -17.0]]))
    first, second = choose_projection(rows).place(rows)
    assert np.hypot(*(first - second)) == pytest.approx(2_130, rel=0.01)
