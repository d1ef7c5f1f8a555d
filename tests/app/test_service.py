"""What holds for every answer: headers, definitions, health, errors that keep the inside inside."""

import asyncio
import re
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy

from app.factory import create_app
from app.http.cache import Flights, Kept, Memory
from app.settings import Settings
from db.engine import Database
from tests.app.conftest import World
from tiles.raster import Raster


@pytest.mark.parametrize("path", ["/", "/?f=html", "/collections", "/nowhere", "/healthz", "/pages.css"])
async def test_every_answer_is_guarded(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "worker-src 'self'" in policy
    assert "unsafe" not in policy
    assert "blob" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers


async def test_the_map_page_is_for_browsers(client: httpx.AsyncClient) -> None:
    page = await client.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    shared = await client.get("/?f=html&contaminant=zinc&anything=else")
    assert shared.text == page.text
    assert (await client.get("/?anything=else")).status_code == 400


async def test_static_files_are_kept_by_version_or_asked_again(client: httpx.AsyncClient) -> None:
    plain = await client.get("/static/map.css")
    assert plain.headers["cache-control"] == "no-cache"
    again = await client.get("/static/map.css", headers={"If-None-Match": plain.headers["etag"]})
    assert again.status_code == 304
    assert "immutable" in (await client.get("/static/map.css?v=1")).headers["cache-control"]
    for path in ("/static/../factory.py", "/static/%2e%2e/factory.py", "/static/none.js?v=1"):
        missing = await client.get(path)
        assert missing.status_code == 404
        assert "immutable" not in missing.headers.get("cache-control", "")


async def test_the_definition_holds_every_route_and_parameter(client: httpx.AsyncClient) -> None:
    response = await client.get("/api")
    assert response.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.1"
    definition = response.json()
    assert definition["openapi"].startswith("3.1")
    told = [(path, operation) for path, item in definition["paths"].items() for operation in item.values()]
    identifiers = [operation["operationId"] for _, operation in told]
    assert len(set(identifiers)) == len(identifiers)
    items = definition["paths"]["/collections/{collectionId}/items"]["get"]
    filters = {"contaminant", "dataset", "medium", "procedure", "basis", "filter", "filter-lang", "filter-crs"}
    paging = {"bbox", "bbox-crs", "datetime", "limit", "cursor", "sortby", "properties", "crs", "f"}
    assert filters | paging | {"collectionId"} == {parameter["name"] for parameter in items["parameters"]}
    for path, operation in told:
        declared = [parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"]
        assert sorted(declared) == sorted(re.findall(r"{(\w+)}", path))
        assert "application/problem+json" in operation["responses"]["default"]["content"]


async def test_conformance_lists_each_class_once(client: httpx.AsyncClient) -> None:
    classes = (await client.get("/conformance")).json()["conformsTo"]
    assert len(set(classes)) == len(classes)
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in classes


async def test_alive_and_ready(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).json()["status"] == "ready"


async def test_head_is_answered_like_get(client: httpx.AsyncClient) -> None:
    assert (await client.head("/collections")).status_code == 200


async def test_documents_that_did_not_change_are_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/collections")
    again = await client.get("/collections", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def ask(database: Database, home: Path, path: str) -> httpx.Response:
    """One question to a service of its own."""
    app = create_app(Settings(home=home), database)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(path)


async def test_a_database_that_is_down_is_said_without_details(tmp_path: Path) -> None:
    nowhere = Database.at(f"postgresql://edaphos@/edaphos?host={tmp_path}")
    for path in ("/readyz", "/collections", "/collections/samples/tiles/WebMercatorQuad/0/0/0"):
        response = await ask(nowhere, tmp_path, path)
        assert response.status_code == 503, response.text
        assert response.headers["retry-after"]
        assert str(tmp_path) not in response.text
    assert (await ask(nowhere, tmp_path, "/healthz")).status_code == 200


async def test_a_database_without_our_schema_is_not_ready(empty_database: sqlalchemy.Engine, tmp_path: Path) -> None:
    database = Database(empty_database.url.set(drivername="postgresql"))
    ready = await ask(database, tmp_path, "/readyz")
    assert (ready.status_code, ready.headers["content-type"]) == (503, "application/problem+json")
    assert "schema" in ready.json()["detail"]
    broken = await ask(database, tmp_path, "/collections/samples/items")
    assert broken.status_code == 500
    assert "relation" not in broken.text
    assert "SELECT" not in broken.text


async def test_an_error_of_ours_keeps_its_text_to_itself(world: World) -> None:
    app = create_app(world.settings, world.database)

    async def break_down() -> None:
        raise RuntimeError("the password is swordfish")

    app.add_api_route("/broken", break_down)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get("/broken")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "swordfish" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_a_surface_whose_file_is_gone_is_unavailable(world: World, tmp_path: Path) -> None:
    for rest in ("position?coords=POINT(5.7 50.9)", "coverage", "map/legend", "map/tiles/WebMercatorQuad/0/0/0"):
        response = await ask(world.database, tmp_path, f"/collections/surface-zinc-0a1b2c3d/{rest}")
        assert response.status_code == 503
        assert "cannot be read on this machine" in response.json()["detail"]


async def test_a_file_that_goes_after_its_header_was_read_is_unavailable(world: World, tmp_path: Path) -> None:
    copy = tmp_path / "surfaces" / "zinc-0a1b2c3d.tif"
    copy.parent.mkdir()
    shutil.copy(world.settings.surfaces / copy.name, copy)
    Raster.open(copy, "log")
    copy.unlink()
    for rest in ("position?coords=POINT(5.745 50.975)", "map/legend"):
        response = await ask(world.database, tmp_path, f"/collections/surface-zinc-0a1b2c3d/{rest}")
        assert response.status_code == 503
        assert "cannot be read on this machine" in response.json()["detail"]


class Piece:
    def __init__(self, size: int) -> None:
        self.size = size


def test_what_is_kept_stays_within_its_bound() -> None:
    kept: Kept[Piece] = Kept(100)
    for number in range(10):
        kept.put(number, Piece(30))
        kept.get(0)
    assert len(kept) == 3
    assert kept.get(0) is not None
    assert kept.get(1) is None
    kept.put("huge", Piece(101))
    assert kept.get("huge") is None
    kept.put(0, Piece(99))
    assert len(kept) == 1


async def test_what_many_ask_for_is_computed_once() -> None:
    flights: Flights[int] = Flights()
    calls = 0

    async def compute() -> int:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.02)
        return calls

    first = asyncio.ensure_future(flights.join("tile", compute))
    others = [asyncio.ensure_future(flights.join("tile", compute)) for _ in range(20)]
    await asyncio.sleep(0)
    first.cancel()
    assert await asyncio.gather(*others) == [1] * 20
    assert await flights.join("tile", compute) == 2


async def test_a_failure_reaches_all_who_asked_and_is_not_kept() -> None:
    flights: Flights[int] = Flights()

    async def fail() -> int:
        await asyncio.sleep(0)
        raise ValueError("no")

    async def succeed() -> int:
        return 1

    failures: list[Any] = await asyncio.gather(*(flights.join("tile", fail) for _ in range(3)), return_exceptions=True)
    assert [type(failure) for failure in failures] == [ValueError] * 3
    assert await flights.join("tile", succeed) == 1


async def test_memory_is_short() -> None:
    memory = Memory(seconds=0.05, most=2)
    for key in "abc":
        memory.put(key, key)
    assert (memory.get("a"), memory.get("c")) == (None, "c")
    await asyncio.sleep(0.06)
    assert memory.get("c") is None
