"""The catalogue: every record is found by what it says, told in each way, and hidden from who may not see it."""

import json
import xml.etree.ElementTree as ET

import httpx
import pytest

from app.work.iso_xml import GCO, GMD

HERE = "/collections/records/items"


async def ids(client: httpx.AsyncClient, **asked: str) -> list[str]:
    answer = await client.get(HERE, params=asked)
    assert answer.status_code == 200, answer.text
    return [feature["id"] for feature in answer.json()["features"]]


async def test_there_is_a_record_of_all_that_may_be_seen(client: httpx.AsyncClient) -> None:
    found = await ids(client)
    assert {"dataset-meuse", "dataset-meuse-river", "surface-zinc-0a1b2c3d", "vocabulary-guideline-values"} <= set(
        found
    )
    assert found == sorted(found)
    assert not [name for name in found if "secret" in name or "5ec3e7" in name]
    assert (await client.get(f"{HERE}/dataset-secret")).status_code == 404
    assert "secret" not in (await client.get("/stac")).text


async def test_the_catalogue_is_a_collection(client: httpx.AsyncClient) -> None:
    described = (await client.get("/collections/records")).json()
    assert described["itemType"] == "record"
    assert any(link["rel"] == "items" for link in described["links"])
    classes = (await client.get("/conformance")).json()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core" in classes


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "MEUSE"}, {"dataset-meuse", "dataset-meuse-river"}),
        ({"q": "guideline values"}, {"vocabulary-guideline-values"}),
        ({"q": "values guideline"}, set()),
        ({"q": "unheard-of,topsoil"}, {"surface-zinc-0a1b2c3d"}),
        ({"type": "map"}, {"surface-zinc-0a1b2c3d"}),
        ({"type": "map,vocabulary", "q": "zinc"}, {"surface-zinc-0a1b2c3d"}),
        ({"ids": "dataset-meuse,nothing"}, {"dataset-meuse"}),
        ({"externalIds": "CAS 7440-66-6"}, {"surface-zinc-0a1b2c3d"}),
        ({"bbox": "5.7,50.9,5.8,51", "type": "dataset"}, {"dataset-meuse", "dataset-meuse-river"}),
        ({"bbox": "-10,-10,0,0", "type": "dataset"}, set()),
        ({"bbox": "170,-10,6,60", "type": "map"}, {"surface-zinc-0a1b2c3d"}),
    ],
)
async def test_records_are_found(client: httpx.AsyncClient, asked: dict[str, str], found: set[str]) -> None:
    assert set(await ids(client, **asked)) == found


@pytest.mark.parametrize(
    "query", ["bbox=1,2,3", "bbox=a,b,c,d", "type=book", "limit=0", "datetime=never", "nonsense=1", "q=a&q=b", "f=pdf"]
)
async def test_what_is_wrong_is_refused(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"{HERE}?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_pages_lose_and_repeat_nothing(client: httpx.AsyncClient) -> None:
    whole, seen, address = await ids(client), [], f"{HERE}?limit=1"
    while address:
        page = (await client.get(address)).json()
        seen += [feature["id"] for feature in page["features"]]
        assert page["numberMatched"] == len(whole)
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    assert seen == whole


async def test_each_record_is_told_in_each_way(client: httpx.AsyncClient) -> None:
    for name in await ids(client):
        record = (await client.get(f"{HERE}/{name}")).json()
        assert record["properties"]["license"]
        assert record["properties"]["lineage"]
        dcat = await client.get(f"{HERE}/{name}?f=jsonld")
        assert dcat.headers["content-type"] == "application/ld+json"
        assert dcat.json()["dct:identifier"] == name
        iso = ET.fromstring((await client.get(f"{HERE}/{name}?f=xml")).content)  # noqa: S314
        assert iso.findtext(f"{{{GMD}}}fileIdentifier/{{{GCO}}}CharacterString") == name
        page = await client.get(f"{HERE}/{name}?f=html")
        assert record["properties"]["title"] in page.text
    assert "meuse" in (await client.get(f"{HERE}?f=html")).text


async def test_links_of_records_lead_somewhere(client: httpx.AsyncClient) -> None:
    features = (await client.get(HERE)).json()["features"]
    for link in (link for feature in features for link in feature["links"]):
        answer = await client.get(link["href"].removeprefix("http://test"))
        assert answer.status_code == 200, (link["href"], answer.text[:200])


async def test_maps_are_items_of_stac(client: httpx.AsyncClient) -> None:
    catalogue = (await client.get("/stac")).json()
    assert (catalogue["type"], catalogue["stac_version"]) == ("Catalog", "1.0.0")
    items = [link["href"] for link in catalogue["links"] if link["rel"] == "item"]
    assert items
    for address in items:
        item = (await client.get(address)).json()
        assert {"type", "stac_version", "id", "geometry", "bbox", "properties", "links", "assets"} <= set(item)
        assert item["properties"]["datetime"]
        assert item["assets"]["coverage"]["roles"] == ["data"]
    assert (await client.get("/stac/items/dataset-meuse")).status_code == 404
    json.dumps(catalogue)
