"""OGC API Tiles 1 (20-057): one test per requirement."""

import httpx
import pytest

from tests.conformance.served import document, is_problem, links, operation, parameter

SET = "/collections/samples/tiles/WebMercatorQuad"
TILE = f"{SET}/0/0/0"
_CLASS = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"


async def test_req_core_conformance_success(client: httpx.AsyncClient) -> None:
    classes = (await document(client, "/conformance"))["conformsTo"]
    assert {_CLASS + name for name in ("core", "tileset", "tilesets-list", "geodata-tilesets", "mvt")} <= set(classes)


async def test_req_core_tc_op(client: httpx.AsyncClient) -> None:
    assert (await client.get(TILE)).status_code == 200


@pytest.mark.parametrize("version", ["json", "openapi30"])
async def test_req_core_tc_tilematrix_definition(client: httpx.AsyncClient, version: str) -> None:
    told = parameter(await operation(client, TILE, version), "tileMatrix")
    assert (told["in"], told["required"], told["schema"]["type"]) == ("path", True, "string")


@pytest.mark.parametrize("version", ["json", "openapi30"])
async def test_req_core_tc_tilerow_definition(client: httpx.AsyncClient, version: str) -> None:
    assert parameter(await operation(client, TILE, version), "tileRow")["required"]


@pytest.mark.parametrize("version", ["json", "openapi30"])
async def test_req_core_tc_tilecol_definition(client: httpx.AsyncClient, version: str) -> None:
    assert parameter(await operation(client, TILE, version), "tileCol")["required"]


async def test_req_core_tc_success(client: httpx.AsyncClient) -> None:
    response = await client.get(TILE)
    assert response.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert response.content
    far = await client.get(f"{SET}/9/3/3")
    assert (far.status_code, far.content) == (204, b"")


BEYOND = ("0/1/0", "0/0/1", "1/2/0", "30/0/0", "-1/0/0", "x/0/0", "0/x/0", "0/0/1.5", "5/0/32")


@pytest.mark.parametrize("place", BEYOND)
async def test_req_core_tc_error(client: httpx.AsyncClient, place: str) -> None:
    assert is_problem(await client.get(f"{SET}/{place}"), 404)


async def test_conf_core_tc_error(client: httpx.AsyncClient) -> None:
    assert is_problem(await client.get("/collections/samples/tiles/NoSuchSet/0/0/0"), 404)
    assert is_problem(await client.get("/collections/nope/tiles/WebMercatorQuad/0/0/0"), 404)
    assert is_problem(await client.get("/tileMatrixSets/NoSuchSet"), 404)
    assert is_problem(await client.get(TILE, params={"nonsense": "1"}), 400)


@pytest.mark.parametrize("version", ["json", "openapi30"])
async def test_req_oas30_completeness(client: httpx.AsyncClient, version: str) -> None:
    """Every path answers as it says, and says what it answers where something is wrong."""
    definition = await document(client, "/api", f=version)
    for path, item in definition["paths"].items():
        for told in item.values():
            assert "default" in told["responses"], path
            assert any(status.startswith("2") for status in told["responses"]), path
            named = [each["name"] for each in told.get("parameters", []) if each["in"] == "path"]
            assert sorted(named) == sorted(part[1:-1] for part in path.split("/") if part.startswith("{")), path


@pytest.mark.parametrize("version", ["json", "openapi30"])
async def test_req_oas30_operation_id(client: httpx.AsyncClient, version: str) -> None:
    definition = await document(client, "/api", f=version)
    ids = [told["operationId"] for item in definition["paths"].values() for told in item.values()]
    assert len(set(ids)) == len(ids)


async def test_req_tilesets_list_tileset_links(client: httpx.AsyncClient) -> None:
    """From the landing page to a tile by links alone."""
    collection = await document(client, "/collections/samples")
    (listed,) = links(collection, "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector")
    for tileset in (await document(client, listed["href"]))["tilesets"]:
        (here,) = links(tileset, "self")
        alone = await document(client, here["href"])
        (item,) = links(alone, "item")
        assert item["templated"]
        filled = item["href"].format(tileMatrix=0, tileRow=0, tileCol=0)
        assert (await client.get(filled)).headers["content-type"] == item["type"]
        assert alone["tileMatrixSetURI"].startswith("http://www.opengis.net/def/tilematrixset/")
        scheme = links(alone, "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme")
        assert (await document(client, scheme[0]["href"]))["tileMatrices"]
