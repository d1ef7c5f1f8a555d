"""OGC API Features, parts 1 (17-069r4) and 2 (18-058r1): one test per requirement."""

import datetime as dt
import re

import httpx
import numpy as np
import pytest
import shapely
from pyproj import Transformer

from tests.conformance.served import JSON, document, feature_collections, is_problem, links, operation, parameter

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/{}"
NAMES = ("samples", "sites", "sources")
ITEMS = "/collections/samples/items"


def shapes(page: dict[str, object]) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    found = page["features"]
    assert isinstance(found, list)
    return np.array([shapely.geometry.shape(feature["geometry"]) for feature in found], dtype=object)


async def test_req_core_http(client: httpx.AsyncClient) -> None:
    for address in ("/", "/collections", ITEMS, f"{ITEMS}/1", "/conformance", "/api"):
        whole = await client.get(address, headers=JSON)
        head = await client.head(address, headers=JSON)
        assert whole.status_code == head.status_code == 200
        assert head.headers["content-type"] == whole.headers["content-type"]
    assert is_problem(await client.post(ITEMS), 405)
    allowed = await client.options(ITEMS)
    assert allowed.status_code == 204
    assert "GET" in allowed.headers["allow"]


async def test_req_core_root_op(client: httpx.AsyncClient) -> None:
    assert (await client.get("/", headers=JSON)).status_code == 200
    assert (await client.get("/", headers={"Accept": "text/html"})).headers["content-type"].startswith("text/html")


async def test_req_core_root_success(client: httpx.AsyncClient) -> None:
    found = await document(client, "/")
    assert found["title"]
    for rel in ("self", "conformance", "data", "service-desc", "service-doc"):
        for link in links(found, rel):
            response = await client.get(link["href"])
            assert response.status_code == 200
            assert response.headers["content-type"].split(";")[0] == link["type"].split(";")[0]
        assert links(found, rel), rel


async def test_req_core_api_definition_op(client: httpx.AsyncClient) -> None:
    for link in links(await document(client, "/"), "service-desc"):
        assert (await client.get(link["href"], headers={"Accept": link["type"]})).status_code == 200


async def test_req_core_api_definition_success(client: httpx.AsyncClient) -> None:
    for asked, version in (("json", "3.1"), ("openapi30", "3.0")):
        response = await client.get("/api", params={"f": asked})
        assert response.headers["content-type"] == f"application/vnd.oai.openapi+json;version={version}"
        assert response.json()["openapi"].startswith(version)
    older = await client.get("/api", headers={"Accept": "application/vnd.oai.openapi+json;version=3.0"})
    assert older.json()["openapi"].startswith("3.0")


async def test_req_core_conformance_op(client: httpx.AsyncClient) -> None:
    (link,) = links(await document(client, "/"), "conformance")
    assert (await client.get(link["href"])).status_code == 200


async def test_req_core_conformance_success(client: httpx.AsyncClient) -> None:
    classes = (await document(client, "/conformance"))["conformsTo"]
    core = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
    assert {f"{core}{name}" for name in ("core", "geojson", "html", "oas30")} <= set(classes)
    assert all(re.fullmatch(r"https?://www\.opengis\.net/spec/[\w./-]+", uri) for uri in classes)


async def test_req_core_query_param_unknown(client: httpx.AsyncClient) -> None:
    addresses = ("/", "/conformance", "/api", "/collections", "/collections/samples", ITEMS, f"{ITEMS}/1")
    for address in (*addresses, "/collections/samples/queryables"):
        assert is_problem(await client.get(address, params={"unknownQueryParameter": "1"}, headers=JSON), 400)


INVALID = {
    "limit": ("0", "-1", "x", "1.5", "", "10,20"),
    "bbox": ("1,2,3", "1,2,3,4,5", "a,b,c,d", "nan,0,1,1", "0,inf,1,1", "0,10,1,5", "", "0,0,5,1,1,1"),
    "datetime": ("yesterday", "2010-13-01", "2010-01-01/2009-01-01", "2010-01-01/2011-01-01/2012-01-01", "2010-06"),
    "crs": ("x", EPSG.format(999_999), EPSG.format(27700)),
    "filter": ("value >", "((((((((((((((((((((((((value", "nope = 1", "value LIKE 1"),
    "filter-lang": ("sql",),
    "filter-crs": ("x",),
    "sortby": ("nope", "value,value", ""),
    "properties": ("nope",),
    "cursor": ("x", "WzFd"),
    "f": ("xml",),
    "censored": ("maybe",),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in INVALID.items() for value in values])
async def test_req_core_query_param_invalid(client: httpx.AsyncClient, name: str, value: str) -> None:
    assert is_problem(await client.get(ITEMS, params={name: value}), 400, named=name)


async def test_req_core_crs84(client: httpx.AsyncClient) -> None:
    for collection in await feature_collections(client):
        page = await document(client, f"/collections/{collection['id']}/items", limit=50)
        west, south, east, north = shapely.total_bounds(shapes(page)) if page["features"] else (5.5, 50.5, 5.5, 50.5)
        assert 5 < west <= east < 6
        assert 50 < south <= north < 52


async def test_req_core_fc_md_op(client: httpx.AsyncClient) -> None:
    (link,) = links(await document(client, "/"), "data")
    assert (await client.get(link["href"], headers=JSON)).status_code == 200


async def test_req_core_fc_md_success(client: httpx.AsyncClient) -> None:
    found = await document(client, "/collections")
    assert links(found, "self")
    assert links(found, "alternate")
    for collection in found["collections"]:
        assert collection["title"]
        for box in collection["extent"].get("spatial", {}).get("bbox", []):
            west, south, east, north = box
            assert -180 <= west <= 180
            assert -180 <= east <= 180
            assert -90 <= south <= north <= 90
        if "itemType" in collection:
            assert links(collection, "items")
            assert all(link["type"] for link in links(collection, "items"))


async def test_req_core_sfc_md_op(client: httpx.AsyncClient) -> None:
    for collection in (await document(client, "/collections"))["collections"]:
        assert (await client.get(f"/collections/{collection['id']}", headers=JSON)).status_code == 200
    assert is_problem(await client.get("/collections/nope"), 404)


async def test_req_core_sfc_md_success(client: httpx.AsyncClient) -> None:
    for collection in (await document(client, "/collections"))["collections"]:
        alone = await document(client, f"/collections/{collection['id']}")
        for member in ("id", "title", "description", "extent", "itemType", "crs", "links"):
            assert alone.get(member) == collection.get(member)


async def test_req_core_fc_op(client: httpx.AsyncClient) -> None:
    for collection in await feature_collections(client):
        for link in links(collection, "items"):
            response = await client.get(link["href"])
            assert response.status_code == 200
            assert response.headers["content-type"].split(";")[0] == link["type"]
    assert is_problem(await client.get("/collections/nope/items"), 404)
    assert is_problem(await client.get(ITEMS, headers={"Accept": "application/xml"}), 406)


@pytest.mark.parametrize("version", ["json", "openapi30"])
async def test_req_core_fc_limit_definition(client: httpx.AsyncClient, version: str) -> None:
    schema = parameter(await operation(client, ITEMS, version), "limit")["schema"]
    assert schema["type"] == "integer"
    assert schema["minimum"] == 1
    assert schema["minimum"] <= schema["default"] <= schema["maximum"]


async def test_req_core_fc_limit_response(client: httpx.AsyncClient) -> None:
    for limit in (1, 7, 154, 155, 156, 10_000, 100_000_000):
        page = await document(client, ITEMS, limit=limit)
        assert page["numberReturned"] == len(page["features"]) == min(limit, 155)


@pytest.mark.parametrize("version", ["json", "openapi30"])
async def test_req_core_fc_bbox_definition(client: httpx.AsyncClient, version: str) -> None:
    told = parameter(await operation(client, ITEMS, version), "bbox")
    assert (told["in"], told["style"], told["explode"]) == ("query", "form", False)
    assert told["schema"]["type"] == "array"
    assert (told["schema"]["minItems"], told["schema"]["maxItems"]) == (4, 6)
    assert told["schema"]["items"]["type"] == "number"


BOXES = [(5.73, 50.96, 5.75, 50.98), (-180, -90, 180, 90), (5.74, -90, 5.74, 90), (179, -90, 5.74, 90), (6, 0, 5.7, 90)]


@pytest.mark.parametrize("box", BOXES)
async def test_req_core_fc_bbox_response(client: httpx.AsyncClient, box: tuple[float, ...]) -> None:
    west, south, east, north = box
    everything = shapes(await document(client, ITEMS, limit=10_000))
    lon, lat = shapely.get_x(everything), shapely.get_y(everything)
    across = (lon >= west) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)
    expected = int((across & (lat >= south) & (lat <= north)).sum())
    page = await document(client, ITEMS, bbox=",".join(map(str, box)), limit=10_000)
    high = await document(client, ITEMS, bbox=f"{west},{south},-5,{east},{north},5", limit=10_000)
    assert page["numberMatched"] == high["numberMatched"] == expected


@pytest.mark.parametrize("version", ["json", "openapi30"])
async def test_req_core_fc_time_definition(client: httpx.AsyncClient, version: str) -> None:
    told = parameter(await operation(client, ITEMS, version), "datetime")
    assert told["schema"]["type"] == "string"
    assert (told["in"], told["style"], told["explode"]) == ("query", "form", False)


async def test_req_core_fc_time_response(client: httpx.AsyncClient) -> None:
    """A value in force until an instant is in force at that instant, too; what has no date is always there."""
    address = "/collections/guideline-values/items"
    everything = await document(client, address, limit=10_000)
    dated = [feature for feature in everything["features"] if feature["properties"]["valid_from"]]
    for period in ("2015-06-30", "2015-06-30T12:00:00Z", "../2001-12-31", "2010-01-01T00:00:00Z/..", "/2001-12-31"):
        page = await document(client, address, datetime=period, limit=10_000)
        start, end = [part if part not in ("", "..") else None for part in (period.split("/") * 2)[:2]]
        expected = [
            feature["id"]
            for feature in everything["features"]
            if (end is None or (feature["properties"]["valid_from"] or "") <= end[:10])
            and (start is None or (feature["properties"]["valid_to"] or "9") >= start[:10])
        ]
        assert [feature["id"] for feature in page["features"]] == expected
    assert dated


async def test_req_core_fc_response(client: httpx.AsyncClient) -> None:
    for name in NAMES:
        response = await client.get(f"/collections/{name}/items")
        assert response.headers["content-type"] == "application/geo+json"
        page = response.json()
        assert page["type"] == "FeatureCollection"
        assert all(feature["type"] == "Feature" and feature["id"] is not None for feature in page["features"])


async def test_req_core_fc_links(client: httpx.AsyncClient) -> None:
    """Next goes on to the end, prev comes back, and every feature is met once."""
    address, found = f"{ITEMS}?limit=40", []
    while True:
        page = (await client.get(address)).json()
        found += [feature["id"] for feature in page["features"]]
        assert links(page, "self")
        if not links(page, "next"):
            break
        address = links(page, "next")[0]["href"]
    assert len(found) == len(set(found)) == page["numberMatched"]
    (back,) = links(page, "prev")
    before = (await client.get(back["href"])).json()
    assert [feature["id"] for feature in before["features"]] == found[80:120]


async def test_req_core_fc_rel_type(client: httpx.AsyncClient) -> None:
    page = await document(client, ITEMS, limit=1)
    assert all(link["rel"] and link["type"] for link in page["links"])


async def test_req_core_fc_timestamp(client: httpx.AsyncClient) -> None:
    stamp = dt.datetime.fromisoformat((await document(client, ITEMS, limit=1))["timeStamp"])
    assert abs(dt.datetime.now(dt.UTC) - stamp) < dt.timedelta(minutes=1)


async def test_req_core_fc_numbermatched(client: httpx.AsyncClient) -> None:
    for query in ({"limit": 1}, {"limit": 10_000}, {"contaminant": "zinc"}, {"filter": "value > 500"}):
        page = await document(client, ITEMS, **query)
        whole = await document(client, ITEMS, **{**query, "limit": 10_000})
        assert page["numberMatched"] == len(whole["features"])


async def test_req_core_fc_numberreturned(client: httpx.AsyncClient) -> None:
    page = await document(client, ITEMS, limit=3)
    assert page["numberReturned"] == len(page["features"]) == 3


async def test_req_core_f_op(client: httpx.AsyncClient) -> None:
    for name in NAMES:
        for feature in (await document(client, f"/collections/{name}/items", limit=3))["features"]:
            assert (await client.get(f"/collections/{name}/items/{feature['id']}")).status_code == 200
    for key in ("999999999", "x", "-1", "1.0", "m", "99999999999999999999999", "%00"):
        assert is_problem(await client.get(f"{ITEMS}/{key}"), 404)


async def test_req_core_f_success(client: httpx.AsyncClient) -> None:
    for query in ({}, {"contaminant": "zinc"}):
        for feature in (await document(client, ITEMS, limit=2, **query))["features"]:
            response = await client.get(f"{ITEMS}/{feature['id']}")
            assert response.headers["content-type"] == "application/geo+json"
            alone = response.json()
            assert {name: alone[name] for name in feature} == feature


async def test_req_core_f_links(client: httpx.AsyncClient) -> None:
    found = await document(client, f"{ITEMS}/1")
    for rel in ("self", "alternate", "collection"):
        for link in links(found, rel):
            assert link["type"]
            assert (await client.get(link["href"])).status_code == 200
        assert links(found, rel)


async def test_conf_crs(client: httpx.AsyncClient) -> None:
    assert (
        "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs"
        in ((await document(client, "/conformance"))["conformsTo"])
    )


async def test_req_crs_crs_uri(client: httpx.AsyncClient) -> None:
    for collection in await feature_collections(client):
        assert all(re.fullmatch(r"http://www\.opengis\.net/def/crs/\w+/[\d.]+/\w+", uri) for uri in collection["crs"])


async def test_req_crs_fc_md_crs_list(client: httpx.AsyncClient) -> None:
    for collection in await feature_collections(client):
        assert collection["crs"][0] == CRS84
        assert {EPSG.format(4326), EPSG.format(3857)} <= set(collection["crs"])
        assert len(set(collection["crs"])) == len(collection["crs"])


async def test_req_crs_fc_md_crs_list_global(client: httpx.AsyncClient) -> None:
    known = (await document(client, "/collections"))["crs"]
    for collection in await feature_collections(client):
        assert "#/crs" not in collection["crs"] or known


async def test_req_crs_fc_md_storagecrs(client: httpx.AsyncClient) -> None:
    assert all(collection["storageCrs"] for collection in await feature_collections(client))


async def test_req_crs_fc_md_storagecrs_valid_value(client: httpx.AsyncClient) -> None:
    assert all(collection["storageCrs"] in collection["crs"] for collection in await feature_collections(client))


@pytest.mark.parametrize("version", ["json", "openapi30"])
async def test_req_crs_fc_crs_definition(client: httpx.AsyncClient, version: str) -> None:
    for address in (ITEMS, f"{ITEMS}/1"):
        told = parameter(await operation(client, address, version), "crs")
        assert told["schema"]["type"] == "string"
        assert not told.get("required", False)


async def test_req_crs_fc_crs_valid_value(client: httpx.AsyncClient) -> None:
    for uri in ("x", EPSG.format(999_999), EPSG.format(27700), "http://example.org/crs"):
        for address in (ITEMS, f"{ITEMS}/1"):
            assert is_problem(await client.get(address, params={"crs": uri}), 400, named="crs")


async def test_req_crs_fc_crs_default_value(client: httpx.AsyncClient) -> None:
    assert (await client.get(ITEMS)).headers["content-crs"] == f"<{CRS84}>"
    assert (await client.get(f"{ITEMS}/1")).headers["content-crs"] == f"<{CRS84}>"


async def test_req_crs_ogc_crs_header(client: httpx.AsyncClient) -> None:
    for collection in await feature_collections(client):
        for uri in collection["crs"]:
            response = await client.get(f"/collections/{collection['id']}/items", params={"crs": uri, "limit": 5})
            assert response.status_code == 200
            assert response.headers["content-crs"] == f"<{uri}>"


async def test_req_crs_ogc_crs_header_value(client: httpx.AsyncClient) -> None:
    response = await client.get(f"{ITEMS}/1", params={"crs": EPSG.format(28992)})
    assert response.headers["content-crs"] == f"<{EPSG.format(28992)}>"


async def test_req_crs_crs_action(client: httpx.AsyncClient) -> None:
    """Coordinates are those of pyproj in the order of axes that the register gives."""
    whole = shapes(await document(client, ITEMS, limit=10_000))
    for collection in (await document(client, "/collections/samples"))["crs"][1:]:
        code = int(collection.rsplit("/", 1)[1])
        to = Transformer.from_crs("OGC:CRS84", f"EPSG:{code}")
        expected = np.column_stack(to.transform(shapely.get_x(whole), shapely.get_y(whole)))
        found = shapely.get_coordinates(shapes(await document(client, ITEMS, limit=10_000, crs=collection)))
        assert np.allclose(found, expected, rtol=0, atol=2e-6 if abs(expected).max() < 181 else 0.02), code


async def test_req_crs_geojson(client: httpx.AsyncClient) -> None:
    response = await client.get(ITEMS, params={"crs": EPSG.format(28992), "limit": 1})
    assert response.headers["content-type"] == "application/geo+json"


@pytest.mark.parametrize("version", ["json", "openapi30"])
async def test_req_crs_fc_bbox_crs_definition(client: httpx.AsyncClient, version: str) -> None:
    assert parameter(await operation(client, ITEMS, version), "bbox-crs")["schema"]["type"] == "string"


async def test_req_crs_fc_bbox_crs_default_value(client: httpx.AsyncClient) -> None:
    box = "5.73,50.96,5.75,50.98"
    plain = await document(client, ITEMS, bbox=box)
    assert (
        plain["numberMatched"] == (await document(client, ITEMS, **{"bbox": box, "bbox-crs": CRS84}))["numberMatched"]
    )


async def test_req_crs_bbox_crs_action(client: httpx.AsyncClient) -> None:
    box = (5.73, 50.96, 5.75, 50.98)
    expected = (await document(client, ITEMS, bbox=",".join(map(str, box))))["numberMatched"]
    turned = {EPSG.format(4326): "50.96,5.73,50.98,5.75", EPSG.format(4258): "50.96,5.73,50.98,5.75"}
    to = Transformer.from_crs("OGC:CRS84", "EPSG:3857", always_xy=True)
    turned[EPSG.format(3857)] = ",".join(map(str, to.transform_bounds(*box)))
    for uri, text in turned.items():
        page = await document(client, ITEMS, **{"bbox": text, "bbox-crs": uri})
        assert page["numberMatched"] == expected > 0
    local = await document(client, ITEMS, **{"bbox": "178000,329000,182000,334000", "bbox-crs": EPSG.format(28992)})
    assert local["numberMatched"] == 155


async def test_conf_crs_bbox_crs_parameter_invalid(client: httpx.AsyncClient) -> None:
    for uri in ("x", EPSG.format(999_999), EPSG.format(27700)):
        query = {"bbox": "5,50,6,51", "bbox-crs": uri}
        assert is_problem(await client.get(ITEMS, params=query), 400, named="bbox-crs")
