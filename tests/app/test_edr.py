"""Environmental Data Retrieval: places, lines, areas and depths, of a surface and of measurements."""

import csv
import io
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod

SURFACE = "/collections/surface-zinc-0a1b2c3d"
SAMPLES = "/collections/samples"
PLACE = (5.745, 50.975)
SQUARE = "POLYGON((5.735 50.965,5.755 50.965,5.755 50.98,5.735 50.98,5.735 50.965))"
LINE = "LINESTRING(5.73 50.96,5.75 50.98)"
QUERIES: dict[str, dict[str, Any]] = {
    "position": {"coords": "POINT(5.745 50.975)"},
    "radius": {"coords": "POINT(5.745 50.975)", "within": 0.3, "within-units": "km"},
    "area": {"coords": SQUARE},
    "cube": {"bbox": "5.74,50.97,5.75,50.975"},
    "corridor": {"coords": LINE, "corridor-width": 400, "width-units": "m"},
}
WGS84 = Geod(ellps="WGS84")


async def found(client: httpx.AsyncClient, address: str, **query: Any) -> Any:
    response = await client.get(address, params=query)
    assert response.status_code == 200, response.text
    return response.json()


def grid(coverage: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Longitudes, latitudes and expected values (rows, columns)."""
    axes, values = coverage["domain"]["axes"], coverage["ranges"]["expected"]
    across, down = (np.linspace(axes[name]["start"], axes[name]["stop"], axes[name]["num"]) for name in ("x", "y"))
    known = np.array([np.nan if value is None else value for value in values["values"]]).reshape(values["shape"])
    assert values["axisNames"] == ["y", "x"]
    assert known.shape == (len(down), len(across))
    lon, lat = np.meshgrid(across, down)
    return lon, lat, known


@pytest.mark.parametrize("query", ["radius", "area", "cube", "corridor"])
async def test_every_value_of_a_grid_is_the_value_of_its_place(client: httpx.AsyncClient, query: str) -> None:
    lon, lat, known = grid(await found(client, f"{SURFACE}/{query}", **QUERIES[query]))
    inside = np.argwhere(np.isfinite(known))
    assert len(inside)
    for row, column in inside[:: max(1, len(inside) // 4)]:
        place = f"POINT({float(lon[row, column])!r} {float(lat[row, column])!r})"
        said = await found(client, f"{SURFACE}/position", coords=place)
        assert said["ranges"]["expected"]["values"][0] == pytest.approx(known[row, column], rel=1e-3)


async def test_a_radius_is_one_on_the_ellipsoid(client: httpx.AsyncClient) -> None:
    lon, lat, known = grid(await found(client, f"{SURFACE}/radius", **QUERIES["radius"]))
    _, _, metres = WGS84.inv(np.full(lon.shape, PLACE[0]), np.full(lon.shape, PLACE[1]), lon, lat)
    assert metres[np.isfinite(known)].max() <= 301.0
    assert np.isfinite(known[metres < 290.0]).all()


async def test_a_line_is_a_profile(client: httpx.AsyncClient) -> None:
    profile = await found(client, f"{SURFACE}/trajectory", coords=LINE)
    places = profile["domain"]["axes"]["composite"]["values"]
    distances = profile["ranges"]["distance"]["values"]
    assert places[0] == [5.73, 50.96]
    assert places[-1] == pytest.approx([5.75, 50.98])
    whole = WGS84.inv(5.73, 50.96, 5.75, 50.98)[2]
    assert distances[-1] == pytest.approx(whole)
    assert np.diff(distances).max() <= 40.0 + 1e-6
    middle = len(places) // 2
    said = await found(client, f"{SURFACE}/position", coords=f"POINT({places[middle][0]!r} {places[middle][1]!r})")
    assert said["ranges"]["sd"]["values"][0] == profile["ranges"]["sd"]["values"][middle]


async def test_several_places_at_once(client: httpx.AsyncClient) -> None:
    both = await found(client, f"{SURFACE}/position", coords="MULTIPOINT((5.745 50.975),(5.75 50.97))")
    assert both["domain"]["domainType"] == "MultiPoint"
    one = await found(client, f"{SURFACE}/position", coords="POINT(5.75 50.97)")
    assert both["ranges"]["expected"]["values"][1] == one["ranges"]["expected"]["values"][0]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("collection", [SURFACE, SAMPLES])
async def test_formats_say_the_same(client: httpx.AsyncClient, collection: str, query: str) -> None:
    address = f"{collection}/{query}"
    points = await client.get(address, params=QUERIES[query] | {"f": "GeoJSON"})
    table = await client.get(address, params=QUERIES[query] | {"f": "CSV"})
    assert points.headers["content-type"] == "application/geo+json"
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(table.text)))
    features = points.json()["features"]
    assert features
    first = features[0]["geometry"]["coordinates"]
    assert (float(rows[0]["longitude"]), float(rows[0]["latitude"])) == tuple(first)
    if collection == SURFACE:
        assert len(rows) == len(features)
        assert float(rows[0]["expected"]) == features[0]["properties"]["expected"]
    else:
        assert {row["specimen"] for row in rows} == {one["properties"]["label"] for one in features}


async def test_measurements_in_an_area_are_those_of_its_items(client: httpx.AsyncClient) -> None:
    box = "5.735,50.965,5.755,50.98"
    items = await found(client, f"{SAMPLES}/items", bbox=box, contaminant="zinc", limit=1000)
    coverage = await found(client, f"{SAMPLES}/cube", bbox=box, **{"parameter-name": "zinc"})
    values = [each["ranges"]["zinc"]["values"] for each in coverage["coverages"]]
    expected = sorted(one["properties"]["value"] for one in items["features"])
    assert sorted(value for column in values for value in column) == expected
    for each in coverage["coverages"]:
        axes = each["domain"]["axes"]
        assert axes["z"] == {"values": [10.0], "bounds": [0.0, 20.0]}
        assert all(moment.endswith("Z") for moment in axes.get("t", {"values": []})["values"])


async def test_what_was_not_quantified_keeps_its_bounds(client: httpx.AsyncClient) -> None:
    low = await found(client, f"{SAMPLES}/items", contaminant="cadmium", limit=1000)
    site = next(one for one in low["features"] if one["properties"]["censored"])
    lon, lat = site["geometry"]["coordinates"]
    coords = f"POINT({lon} {lat})"
    coverage = await found(client, f"{SAMPLES}/position", coords=coords, **{"parameter-name": "Cd"})
    bounds = {name: values["values"] for name, values in coverage["ranges"].items()}
    assert bounds == {"cadmium": [None], "cadmium:lower": [0.0], "cadmium:upper": [0.2]}


async def test_sites_are_locations_and_answer(client: httpx.AsyncClient) -> None:
    listed = await found(client, f"{SAMPLES}/locations")
    assert len(listed["features"]) == 155
    first = listed["features"][0]
    assert {"label", "datetime", "parameter-name", "edrqueryendpoint"} <= set(first["properties"])
    coverage = await found(client, f"{SAMPLES}/locations/{first['id']}")
    axes = coverage["domain"]["axes"]
    assert [axes["x"]["values"][0], axes["y"]["values"][0]] == pytest.approx(first["geometry"]["coordinates"])
    assert (await client.get(f"{SAMPLES}/locations/999999999")).status_code == 404
    assert (await client.get(f"{SAMPLES}/locations/x")).status_code == 404


async def test_the_nearest_are_nearest(client: httpx.AsyncClient) -> None:
    items = (await found(client, f"{SAMPLES}/items", limit=1000))["features"]
    metres = {one["id"]: WGS84.inv(*PLACE, *one["geometry"]["coordinates"])[2] for one in items}
    near = (await found(client, f"{SAMPLES}/nearest", coords="POINT(5.745 50.975)", k=7))["features"]
    assert [one["id"] for one in near] == sorted(metres, key=lambda key: metres[key])[:7]
    for one in near:
        assert one["properties"]["distance_m"] == pytest.approx(metres[one["id"]], rel=1e-3, abs=0.01)


async def test_other_depths_are_not_there(client: httpx.AsyncClient) -> None:
    for z, status in (("0/10", 200), ("15", 200), ("30/60", 204)):
        response = await client.get(f"{SAMPLES}/area", params={"coords": SQUARE, "z": z})
        assert response.status_code == status, z


async def test_collections_say_what_they_can_be_asked(client: httpx.AsyncClient) -> None:
    for address in (SURFACE, SAMPLES):
        document = await found(client, address)
        for name, query in document["data_queries"].items():
            variables = query["link"]["variables"]
            assert variables["query_type"] == name
            response = await client.get(query["link"]["href"], params=QUERIES.get(name, {}))
            assert response.status_code in (200, 204) or name == "trajectory"
        assert not [link for link in document["links"] if link["rel"] == "data"]


@pytest.mark.parametrize("collection", [SURFACE, SAMPLES])
@pytest.mark.parametrize(
    ("query", "given", "parameter"),
    [
        ("position", {"coords": "POINT(5.7)"}, "coords"),
        ("position", {}, "coords"),
        ("position", {"coords": "POINT(500 3)"}, "coords"),
        ("area", {"coords": "POINT(5.7 50)"}, "coords"),
        ("area", {"coords": "POLYGON((0 0,1 1,0 1,1 0,0 0))"}, "coords"),
        ("area", {"coords": "POLYGON(((((0 0,1 1,0 1,0 0)))))"}, "coords"),
        ("area", {"coords": f"POLYGON(({'1 2,' * 300}1 2))"}, "coords"),
        ("radius", {"coords": "POINT(5.7 50.9)"}, "within"),
        ("radius", {"coords": "POINT(5.7 50.9)", "within": "-1"}, "within"),
        ("radius", {"coords": "POINT(5.7 50.9)", "within": "1", "within-units": "parsec"}, "within-units"),
        ("cube", {"bbox": "1,2,3"}, "bbox"),
        ("cube", {}, "bbox"),
        ("corridor", {"coords": LINE}, "corridor-width"),
        ("area", {"coords": SQUARE, "z": "deep"}, "z"),
        ("area", {"coords": SQUARE, "datetime": "yesterday"}, "datetime"),
        ("area", {"coords": SQUARE, "parameter-name": "unobtainium"}, "parameter-name"),
        ("area", {"coords": SQUARE, "crs": "EPSG:28992"}, "crs"),
        ("area", {"coords": SQUARE, "f": "netcdf"}, "f"),
        ("area", {"coords": SQUARE, "colour": "red"}, "colour"),
    ],
)
async def test_wrong_questions_name_their_parameter(
    client: httpx.AsyncClient, collection: str, query: str, given: dict[str, str], parameter: str
) -> None:
    response = await client.get(f"{collection}/{query}", params=given)
    assert response.status_code == 400, response.text
    assert response.json()["parameter"] == parameter


async def test_more_than_the_budget_is_refused_with_what_to_ask(client: httpx.AsyncClient) -> None:
    huge: dict[str, str | int] = {"bbox": "5,50,6,52", "resolution-x": 5000, "resolution-y": 5000}
    response = await client.get(f"{SURFACE}/cube", params=huge)
    assert response.status_code == 413
    assert "resolution-x=" in response.json()["detail"]


async def test_sites_cannot_be_asked_for_an_area(client: httpx.AsyncClient) -> None:
    assert (await client.get("/collections/sites/area", params={"coords": SQUARE})).status_code == 404


NUMBERS = st.floats(-400, 400).map(lambda value: f"{value:.3g}")
TEXTS = st.one_of(
    st.text(max_size=30),
    st.builds(
        lambda kind, numbers: f"{kind}({' '.join(numbers)})",
        st.sampled_from(["POINT", "POLYGON", "LINESTRING("]),
        st.lists(NUMBERS, max_size=6),
    ),
    st.from_regex(r"[A-Z]{3,8} ?[ZM]{0,2}\({1,4}[-0-9., eE]{0,30}\){0,4}", fullmatch=True),
)


@given(
    st.sampled_from([*QUERIES, "trajectory", "nearest", "locations"]),
    st.sampled_from([SURFACE, SAMPLES]),
    st.dictionaries(
        st.sampled_from(["coords", "within", "z", "bbox", "datetime", "corridor-width", "k"]), TEXTS, max_size=3
    ),
)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
async def test_no_parameters_break_the_service(
    client: httpx.AsyncClient, query: str, collection: str, given: dict[str, str]
) -> None:
    response = await client.get(f"{collection}/{query}", params=given)
    assert response.status_code in (200, 204, 400, 404, 413), response.text


@given(
    st.floats(5.71, 5.78).map(lambda degree: round(degree, 5)),
    st.floats(50.94, 51.0).map(lambda degree: round(degree, 5)),
)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
async def test_what_is_answered_quickly_is_what_the_route_answers(
    client: httpx.AsyncClient, lon: float, lat: float
) -> None:
    """A key of no version that anybody has makes the request go the whole way."""
    address = f"{SURFACE}/position?coords=POINT({lon}%20{lat})"
    slow = await client.get(address, headers={"If-None-Match": '"x"'})
    quick = await client.get(address)
    assert "etag" in slow.headers
    assert quick.headers["content-type"] == slow.headers["content-type"]
    for name, values in slow.json()["ranges"].items():
        said = quick.json()["ranges"][name]["values"]
        assert said == (values["values"] if values["values"] == [None] else pytest.approx(values["values"], rel=1e-12))
    rest = [{key: value for key, value in answer.json().items() if key != "ranges"} for answer in (slow, quick)]
    assert rest[0] == rest[1]


async def test_most_places_are_answered_quickly(client: httpx.AsyncClient) -> None:
    address = f"{SURFACE}/position?coords=POINT(5.745%2050.975)"
    await client.get(address)
    assert "etag" not in (await client.get(address)).headers
