"""OGC API Environmental Data Retrieval 1 (19-086): one test per requirement of its suite."""

from typing import Any

import httpx
import pytest

from tests.conformance.served import document, is_problem, links, operation, parameter

SURFACE = "/collections/surface-zinc-0a1b2c3d"
SAMPLES = "/collections/samples"
BOTH = pytest.mark.parametrize("address", [SURFACE, SAMPLES])
_CLASS = "http://www.opengis.net/spec/ogcapi-edr-1/{}/conf/{}"
LINE = "LINESTRING(5.73 50.96,5.75 50.98)"
QUERIES: dict[str, dict[str, str]] = {
    "position": {"coords": "POINT(5.745 50.975)"},
    "radius": {"coords": "POINT(5.745 50.975)", "within": "300", "within-units": "m"},
    "area": {"coords": "POLYGON((5.735 50.965,5.755 50.965,5.755 50.98,5.735 50.98,5.735 50.965))"},
    "cube": {"bbox": "5.74,50.97,5.75,50.975"},
    "trajectory": {"coords": LINE},
    "corridor": {
        "coords": LINE,
        "corridor-width": "400",
        "width-units": "m",
        "corridor-height": "1",
        "height-units": "m",
    },
    "items": {},
    "locations": {},
}


async def told(client: httpx.AsyncClient, query: str, name: str) -> dict[str, Any]:
    """A parameter of a query as the definition of the API has it."""
    return parameter(await operation(client, f"{SAMPLES}/{query}"), name)


async def test_req_core_http(client: httpx.AsyncClient) -> None:
    for address in ("/", "/conformance", "/collections", SURFACE):
        assert (await client.get(address, headers={"Accept": "application/json"})).status_code == 200
    assert is_problem(await client.get("/collections/no-such"), 404)


async def test_conf_core_root_op(client: httpx.AsyncClient) -> None:
    assert await document(client, "/")


async def test_conf_core_root_success(client: httpx.AsyncClient) -> None:
    rels = {link["rel"] for link in (await document(client, "/"))["links"]}
    assert {"self", "service-desc", "conformance", "data"} <= rels


async def test_conf_core_api_definition(client: httpx.AsyncClient) -> None:
    (link, *_) = links(await document(client, "/"), "service-desc")
    assert (await client.get(link["href"])).status_code == 200


async def test_conf_core_api_definition_success(client: httpx.AsyncClient) -> None:
    definition = await document(client, "/api")
    assert definition["openapi"].startswith("3.")
    for query in QUERIES:
        assert any(path.endswith(f"/{query}") for path in definition["paths"]), query


async def test_conf_core_conformance(client: httpx.AsyncClient) -> None:
    (link,) = links(await document(client, "/"), "conformance")
    assert (await client.get(link["href"], headers={"Accept": "application/json"})).status_code == 200


async def test_conf_core_conformance_success(client: httpx.AsyncClient) -> None:
    classes = set((await document(client, "/conformance"))["conformsTo"])
    for version in ("1.0", "1.1"):
        wanted = ("core", "collections", "json", "geojson", "edr-geojson", "covjson", "oas30", "html", "queries")
        assert {_CLASS.format(version, name) for name in wanted} <= classes


@BOTH
async def test_conf_core_crs84(client: httpx.AsyncClient, address: str) -> None:
    spatial = (await document(client, address))["extent"]["spatial"]
    assert spatial["crs"] == "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


@BOTH
async def test_conf_core_rc_extent(client: httpx.AsyncClient, address: str) -> None:
    (box,) = (await document(client, address))["extent"]["spatial"]["bbox"]
    assert len(box) == 4
    assert box[1] <= box[3]


async def test_conf_core_datetime_definition(client: httpx.AsyncClient) -> None:
    for query in ("position", "radius", "area", "cube", "corridor"):
        found = await told(client, query, "datetime")
        assert (found["in"], found.get("required", False), found["explode"]) == ("query", False, False)


async def test_conf_collections_rc_md_op(client: httpx.AsyncClient) -> None:
    assert await document(client, "/collections")


async def test_req_collections_rc_md_op(client: httpx.AsyncClient) -> None:
    (link, *_) = links(await document(client, "/"), "data")
    assert (await client.get(link["href"], headers={"Accept": "application/json"})).status_code == 200


async def test_conf_rc_md_success(client: httpx.AsyncClient) -> None:
    found = await document(client, "/collections")
    assert links(found, "self")
    assert all({"id", "links", "extent"} <= set(collection) for collection in found["collections"])


@BOTH
async def test_conf_collections_src_md_op(client: httpx.AsyncClient, address: str) -> None:
    assert await document(client, address)


@BOTH
async def test_conf_collections_src_md_success(client: httpx.AsyncClient, address: str) -> None:
    listed = (await document(client, "/collections"))["collections"]
    alone = await document(client, address)
    (same,) = [each for each in listed if each["id"] == alone["id"]]
    assert same["data_queries"].keys() == alone["data_queries"].keys()


@BOTH
async def test_conf_core_rc_collection_info_links(client: httpx.AsyncClient, address: str) -> None:
    found = await document(client, address)
    assert {link["rel"] for link in found["links"]} >= {"self", "alternate"}
    assert all(link["href"] and link["type"] for link in found["links"])


async def test_req_core_rc_collection_info_links(client: httpx.AsyncClient) -> None:
    for collection in (await document(client, "/collections"))["collections"]:
        assert all({"href", "rel", "type"} <= set(link) for link in collection["links"])


@BOTH
async def test_conf_edr_rc_collection_info(client: httpx.AsyncClient, address: str) -> None:
    found = await document(client, address)
    assert {"id", "links", "extent", "data_queries", "crs", "output_formats"} <= set(found)
    assert "CoverageJSON" in found["output_formats"]


@BOTH
async def test_conf_edr_rc_md_query_links(client: httpx.AsyncClient, address: str) -> None:
    for name, query in (await document(client, address))["data_queries"].items():
        answer = await client.get(query["link"]["href"], params=QUERIES[name])
        assert answer.status_code in (200, 204), (name, answer.text)


@BOTH
async def test_req_edr_rc_md_query_links(client: httpx.AsyncClient, address: str) -> None:
    for name, query in (await document(client, address))["data_queries"].items():
        variables = query["link"]["variables"]
        assert variables["query_type"] == name
        assert variables["output_formats"]
        assert all({"crs", "wkt"} <= set(each) for each in variables["crs_details"])


@BOTH
async def test_conf_edr_rc_parameters(client: httpx.AsyncClient, address: str) -> None:
    """Each has a type, what is observed, and a unit."""
    names = (await document(client, address))["parameter_names"]
    assert names
    for name, each in names.items():
        assert each["type"] == "Parameter", name
        assert each["observedProperty"]["label"]
        assert each["unit"]["symbol"]["value"]


async def test_conf_edr_rc_coords_definition(client: httpx.AsyncClient) -> None:
    for query in ("position", "radius", "area", "trajectory", "corridor"):
        found = await told(client, query, "coords")
        assert (found["in"], found["required"], found["schema"]["type"]) == ("query", True, "string")


async def test_conf_edr_rc_f_definition(client: httpx.AsyncClient) -> None:
    for query in QUERIES:
        found = await told(client, query, "f")
        assert (found["in"], found.get("required", False), found["schema"]["type"]) == ("query", False, "string")


async def test_conf_edr_rc_z_definition(client: httpx.AsyncClient) -> None:
    for query in ("position", "radius", "area", "cube", "trajectory", "corridor"):
        found = await told(client, query, "z")
        assert (found["in"], found.get("required", False), found["schema"]["type"]) == ("query", False, "string")


async def test_conf_edr_req_rc_crs_definition(client: httpx.AsyncClient) -> None:
    for query in ("position", "radius", "area", "cube", "trajectory", "corridor"):
        found = await told(client, query, "crs")
        assert (found["in"], found.get("required", False)) == ("query", False)


async def test_conf_collections_req_rc_parameter_name_definition(client: httpx.AsyncClient) -> None:
    for query in ("position", "radius", "area", "cube", "trajectory", "corridor"):
        found = await told(client, query, "parameter-name")
        assert (found["in"], found.get("required", False), found["explode"]) == ("query", False, False)


async def test_req_edr_within_definition(client: httpx.AsyncClient) -> None:
    for name in ("within", "within-units"):
        found = await told(client, "radius", name)
        assert (found["in"], found["required"]) == ("query", True)
    assert is_problem(await client.get(f"{SURFACE}/radius", params={"coords": "POINT(5.7 50.9)"}), 400, "within")


async def test_conf_edr_req_rc_corridor_width_definition(client: httpx.AsyncClient) -> None:
    found = await told(client, "corridor", "corridor-width")
    assert (found["in"], found["required"]) == ("query", True)


async def test_conf_edr_req_rc_corridor_height_definition(client: httpx.AsyncClient) -> None:
    found = await told(client, "corridor", "corridor-height")
    assert (found["in"], found["required"]) == ("query", True)


async def test_conf_edr_req_rc_height_units_definition(client: httpx.AsyncClient) -> None:
    found = await told(client, "corridor", "height-units")
    assert (found["in"], found["required"]) == ("query", True)
    listed = (await document(client, SURFACE))["data_queries"]["corridor"]["link"]["variables"]
    assert listed["height_units"]
    assert listed["width_units"]


@BOTH
@pytest.mark.parametrize("query", ["position", "radius", "area", "cube", "corridor"])
async def test_conf_json_definition(client: httpx.AsyncClient, address: str, query: str) -> None:
    answer = await client.get(f"{address}/{query}", params=QUERIES[query])
    assert answer.headers["content-type"] == "application/prs.coverage+json"


@BOTH
@pytest.mark.parametrize("query", ["position", "radius", "area", "cube", "corridor"])
async def test_conf_json_content(client: httpx.AsyncClient, address: str, query: str) -> None:
    """CoverageJSON: as many values as its axes have, and a parameter for each range."""
    answer = (await client.get(f"{address}/{query}", params=QUERIES[query])).json()
    coverages = answer["coverages"] if answer["type"] == "CoverageCollection" else [answer]
    for each in coverages:
        assert {"x", "y"} <= set(each["domain"]["axes"]) or "composite" in each["domain"]["axes"]
        assert set(each["ranges"]) <= set(answer["parameters"])
        for values in each["ranges"].values():
            count = 1
            for length in values["shape"]:
                count *= length
            assert len(values["values"]) == count


@BOTH
async def test_conf_geojson_definition(client: httpx.AsyncClient, address: str) -> None:
    answer = await client.get(f"{address}/area", params=QUERIES["area"] | {"f": "GeoJSON"})
    assert answer.headers["content-type"] == "application/geo+json"


@BOTH
async def test_conf_geojson_content(client: httpx.AsyncClient, address: str) -> None:
    answer = (await client.get(f"{address}/area", params=QUERIES["area"] | {"f": "GeoJSON"})).json()
    assert answer["type"] == "FeatureCollection"
    assert all(each["type"] == "Feature" and each["geometry"]["type"] == "Point" for each in answer["features"])


async def test_conf_edr_geojson_definition(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{SAMPLES}/locations")
    assert answer.headers["content-type"] == "application/geo+json"


async def test_conf_edr_geojson_content(client: httpx.AsyncClient) -> None:
    answer = (await client.get(f"{SAMPLES}/locations")).json()
    assert answer["parameters"]
    for each in answer["features"]:
        assert {"datetime", "label", "parameter-name", "edrqueryendpoint"} <= set(each["properties"])


@BOTH
async def test_conf_cube(client: httpx.AsyncClient, address: str) -> None:
    assert (await client.get(f"{address}/cube", params=QUERIES["cube"])).status_code == 200
    assert is_problem(await client.get(f"{address}/cube"), 400, "bbox")


async def test_conf_trajectory(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{SURFACE}/trajectory", params=QUERIES["trajectory"])
    assert answer.json()["domain"]["axes"]["composite"]["values"]
    assert is_problem(await client.get(f"{SURFACE}/trajectory"), 400, "coords")


@BOTH
async def test_conf_corridor(client: httpx.AsyncClient, address: str) -> None:
    assert (await client.get(f"{address}/corridor", params=QUERIES["corridor"])).status_code in (200, 204)
    assert is_problem(await client.get(f"{address}/corridor", params={"coords": LINE}), 400, "corridor-width")
