"""Pages of features: complete, filtered, private rows left out, and mistakes named."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

COLLECTIONS = ("samples", "sites", "sources", "hotspots", "guideline-values")


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    response = await client.get(path, params=query or None)  # no parameters would take away those of a link
    assert response.status_code == 200, response.text
    return response.json()


async def walk(client: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """Every feature, by following the next links."""
    page = await get(client, path, **query)
    features: list[dict[str, Any]] = page["features"]
    while following := [link["href"] for link in page["links"] if link["rel"] == "next"]:
        page = await get(client, following[0])
        known = {feature["id"] for feature in features}
        assert page["features"], "a page that a next link promised is empty"
        assert not known & {feature["id"] for feature in page["features"]}, "a page repeats features"
        features += page["features"]
    return features


async def test_the_landing_page_leads_everywhere(client: httpx.AsyncClient) -> None:
    landing = await get(client, "/")
    types = {(link["rel"], link["type"]) for link in landing["links"]}
    assert {"self", "service-desc", "conformance", "data"} <= {rel for rel, _ in types}
    assert ("service-desc", "application/vnd.oai.openapi+json;version=3.1") in types
    for link in landing["links"]:
        assert (await client.get(link["href"])).status_code == 200


async def test_every_link_of_a_collection_answers(client: httpx.AsyncClient) -> None:
    for collection in (await get(client, "/collections"))["collections"]:
        assert await get(client, f"/collections/{collection['id']}") == collection
        for link in collection["links"]:
            response = await client.get(link["href"])
            if response.status_code == 400 and response.json()["parameter"] in ("coords", "bbox"):
                continue  # a question about a place, which the link leaves open
            assert response.status_code == 200, link
            assert response.headers["content-type"].startswith(link["type"]), link


async def test_collections_are_the_promised_ones(client: httpx.AsyncClient) -> None:
    listed = [collection["id"] for collection in (await get(client, "/collections"))["collections"]]
    assert [name for name in listed if name in COLLECTIONS] == list(COLLECTIONS)
    assert [name for name in listed if name.startswith("surface-")] == ["surface-zinc-0a1b2c3d"]


async def test_a_page_says_how_many_there_are(client: httpx.AsyncClient) -> None:
    page = await get(client, "/collections/samples/items", limit=10)
    assert (page["numberMatched"], page["numberReturned"], len(page["features"])) == (155, 10, 10)
    assert len((await get(client, "/collections/samples/items"))["features"]) == 100
    assert len((await get(client, "/collections/samples/items", limit=1_000_000))["features"]) == 155


@pytest.mark.parametrize("collection", COLLECTIONS)
@pytest.mark.parametrize("contaminant", [None, "Zn"])
async def test_pages_hold_every_feature_once(client: httpx.AsyncClient, collection: str, contaminant: str) -> None:
    query = {} if contaminant is None else {"contaminant": contaminant}
    path = f"/collections/{collection}/items"
    whole = await walk(client, path, limit=10_000, **query)
    paged = await walk(client, path, limit=37, **query)
    assert paged == whole
    assert len({feature["id"] for feature in whole}) == len(whole) > 0
    one = await get(client, f"{path}/{whole[-1]['id']}")
    assert {key: one[key] for key in whole[-1]} == whole[-1]


async def test_measurements_say_what_was_found_and_how(client: httpx.AsyncClient) -> None:
    for feature in await walk(client, "/collections/samples/items", contaminant="7440-43-9"):
        said = feature["properties"]
        assert said["contaminant"] == "cadmium"
        assert (said["unit"], said["procedure"], said["basis"]) == ("mg/kg", "aqua-regia", "dry")
        assert said["censored"] == (said["value"] is None) == (said["lower"] < said["upper"])
        assert {"dataset", "site", "specimen", "medium", "quality_flag", "original_text"} <= set(said)


POOLS = [("medium", "mineral-horizon", "moss"), ("procedure", "aqua-regia", "total"), ("basis", "dry", "wet")]


@pytest.mark.parametrize(("name", "theirs", "other"), POOLS)
async def test_soils_and_procedures_can_be_kept_apart(
    client: httpx.AsyncClient, name: str, theirs: str, other: str
) -> None:
    path, tiles = "/collections/samples/items", "/collections/samples/tiles/WebMercatorQuad/0/0/0"
    assert (await get(client, path, contaminant="zinc", **{name: theirs}))["numberMatched"] == 155
    assert (await get(client, path, contaminant="zinc", **{name: other}))["numberMatched"] == 0
    assert (await client.get(tiles, params={name: theirs})).status_code == 200
    assert (await client.get(tiles, params={name: other})).status_code == 204
    assert (await client.get("/collections/sites/items", params={name: theirs})).status_code == 400


async def test_specimens_hold_all_their_measurements(client: httpx.AsyncClient) -> None:
    for feature in (await get(client, "/collections/samples/items", limit=5))["features"]:
        measured = feature["properties"]["measurements"]
        assert set(measured) == {"cadmium", "copper", "lead", "zinc"}
        assert measured["zinc"]["lower"] == measured["zinc"]["upper"] == float(measured["zinc"]["text"])


@pytest.mark.parametrize("collection", COLLECTIONS)
async def test_nothing_private_is_told(client: httpx.AsyncClient, collection: str) -> None:
    for query in ({}, {"contaminant": "zinc"}):
        text = str(await walk(client, f"/collections/{collection}/items", limit=10_000, **query)).lower()
        for secret in ("secret", "66666"):
            assert secret not in text
    assert "secret" not in str(await get(client, f"/collections/{collection}/queryables"))
    assert "5ec3e700" not in str(await get(client, "/collections"))


async def test_a_private_feature_is_not_found(client: httpx.AsyncClient) -> None:
    for address in (
        "samples/items/156",
        "samples/items/m621",
        "sites/items/156",
        "hotspots/items/3",
        "sources/items/2",
    ):
        assert (await client.get(f"/collections/{address}")).status_code == 404
    for rest in ("", "/map/tiles/WebMercatorQuad/0/0/0", "/position?coords=POINT(0 0)", "/coverage", "/limits"):
        assert (await client.get(f"/collections/surface-zinc-5ec3e700{rest}")).status_code == 404
    assert (await get(client, "/collections/samples/items", dataset="secret"))["numberMatched"] == 0


async def test_a_box_is_applied(client: httpx.AsyncClient) -> None:
    box = (5.73, 50.96, 5.75, 50.98)
    everything = await walk(client, "/collections/samples/items", limit=10_000)
    found = await walk(client, "/collections/samples/items", limit=10_000, bbox=",".join(map(str, box)))

    def inside(feature: dict[str, Any]) -> bool:
        lon, lat = feature["geometry"]["coordinates"]
        return bool(box[0] <= lon <= box[2] and box[1] <= lat <= box[3])

    assert found == [feature for feature in everything if inside(feature)]
    assert 0 < len(found) < len(everything)
    around_the_other_way = await walk(client, "/collections/samples/items", limit=10_000, bbox="5.75,-90,5.73,90")
    assert not {feature["id"] for feature in found} & {feature["id"] for feature in around_the_other_way}


async def test_what_has_no_date_matches_any_time(client: httpx.AsyncClient) -> None:
    for path in ("samples", "sites", "hotspots"):
        whole = await get(client, f"/collections/{path}/items")
        assert (await get(client, f"/collections/{path}/items", datetime="1990-01-01"))["numberMatched"] == whole[
            "numberMatched"
        ]


async def test_guideline_values_know_when_they_hold(client: httpx.AsyncClient) -> None:
    path = "/collections/guideline-values/items"
    now = await walk(client, path, limit=10_000, datetime="2026-01-01/..")
    for feature in now:
        until = feature["properties"]["valid_to"]
        assert until is None or until >= "2026-01-01"
        assert feature["geometry"] is None


BAD = [
    ("bbox", "a,b,c,d", "bbox needs four finite numbers, got 'a,b,c,d'"),
    ("bbox", "0,10,1,5", "south"),
    ("datetime", "soon", "datetime"),
    ("limit", "0", "limit needs a whole number above zero"),
    ("limit", "-5", "limit needs a whole number above zero"),
    ("limit", "many", "limit needs a whole number above zero"),
    ("cursor", "-1", "cursor"),
    ("contaminant", "kryptonite", "contaminant 'kryptonite' is not known"),
    ("nonsense", "1", "unknown parameter 'nonsense'; known here are basis, bbox, bbox-crs, censored"),
    ("f", "xml", "f must be one of json, html"),
]


@pytest.mark.parametrize(("name", "value", "said"), BAD)
async def test_a_wrong_parameter_is_named(client: httpx.AsyncClient, name: str, value: str, said: str) -> None:
    response = await client.get("/collections/samples/items", params={name: value})
    problem = response.json()
    assert response.status_code == problem["status"] == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert said in problem["detail"]
    assert problem["parameter"] == name
    assert problem["title"] == "Bad Request"


NAMES = st.sampled_from(["bbox", "datetime", "limit", "cursor", "contaminant", "dataset", "f", "crs", "\x00", "é"])
TEXTS = st.one_of(st.text(max_size=30), st.from_regex(r"[-+.,/eE0-9TZ:]{0,30}", fullmatch=True))


@given(st.sampled_from(COLLECTIONS), st.dictionaries(NAMES, TEXTS, max_size=3))
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
async def test_no_parameters_break_the_service(
    client: httpx.AsyncClient, collection: str, query: dict[str, str]
) -> None:
    response = await client.get(f"/collections/{collection}/items", params=query)
    assert response.status_code in (200, 400), response.text


@given(st.one_of(st.text(max_size=20), st.integers().map(str), st.integers().map(lambda key: f"m{key}")))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
async def test_no_feature_id_breaks_the_service(client: httpx.AsyncClient, key: str) -> None:
    assert (await client.get(f"/collections/samples/items/{quote(key, safe='')}")).status_code in (200, 404)
    assert (await client.get(f"/collections/samples/items/{2**63 + len(key)}")).status_code == 404


async def test_unknown_things_are_not_found(client: httpx.AsyncClient) -> None:
    for path in ("/nowhere", "/collections/none", "/collections/none/items", "/collections/samples/items/zzz"):
        response = await client.get(path)
        assert (response.status_code, response.json()["status"]) == (404, 404)
        assert response.headers["content-type"] == "application/problem+json"
    assert (await client.get("/collections/surface-zinc-0a1b2c3d/items")).status_code == 404
    assert (await client.post("/collections")).status_code == 405


async def test_formats_are_agreed_on(client: httpx.AsyncClient) -> None:
    path = "/collections/samples/items"
    answers = {
        "application/geo+json": "application/geo+json",
        "application/json": "application/geo+json",
        "*/*": "application/geo+json",
        "text/html,application/xhtml+xml,*/*;q=0.8": "text/html; charset=utf-8",
    }
    for accept, media_type in answers.items():
        response = await client.get(path, headers={"Accept": accept})
        assert response.headers["content-type"] == media_type
    assert (await client.get(path, headers={"Accept": "application/xml"})).status_code == 406
    assert (await client.get(path + "?f=json", headers={"Accept": "text/html"})).json()["features"]


@pytest.mark.parametrize(
    "path",
    [
        "/conformance",
        "/collections",
        "/collections/samples",
        "/collections/samples/items/1",
        "/collections/hotspots/items",
    ],
)
async def test_pages_for_people(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path, params={"f": "html"})
    assert response.status_code == 200
    assert "<script" not in response.text
    assert "style=" not in response.text
    assert response.text.count("<h1>") == 1


async def test_text_of_the_data_stays_text(client: httpx.AsyncClient) -> None:
    response = await client.get("/collections/samples/items", params={"f": "html", "dataset": "<b>&\"'"})
    assert "<b>" not in response.text
