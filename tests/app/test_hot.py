"""Answers at hand: the same as before, for strangers only, gone on every worker as soon as a layer changes."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import text

from app.factory import create_app
from app.http.cache import Flights
from app.http.hot import HotAnswers
from app.http.versions import FRESH_SECONDS, Versions
from db.versions import raise_version
from tests.app.conftest import World
from tiles import vector

TILE = "8/85/132"


@pytest_asyncio.fixture(loop_scope="session")
async def workers(world: World) -> AsyncIterator[list[tuple[FastAPI, httpx.AsyncClient]]]:
    """Two of them on one database, each with caches of its own."""
    async with AsyncExitStack() as stack:
        running = []
        for _ in range(2):
            app = create_app(world.settings, world.database)
            await stack.enter_async_context(app.router.lifespan_context(app))
            client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")
            running.append((app, await stack.enter_async_context(client)))
        yield running


async def address_of(client: httpx.AsyncClient, collection: str = "sites") -> str:
    template: str = (await client.get(f"/collections/{collection}/tilejson.json")).json()["tiles"][0]
    return template.replace("{z}/{y}/{x}", TILE)


def hits(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What of the requests to come is at hand."""
    found: list[bool] = []
    find = HotAnswers.find

    def counted(self: HotAnswers, path: bytes, query: bytes) -> Any:
        ready = find(self, path, query)
        if self is app.state.hot:
            found.append(ready is not None)
        return ready

    monkeypatch.setattr(HotAnswers, "find", counted)
    return found


async def test_what_is_at_hand_is_what_was_computed(workers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app, client = workers[0]
    address = await address_of(client)
    seen = hits(app, monkeypatch)
    first = await client.get(address)
    again = await client.get(address)
    assert seen == [False, True]
    assert again.content == first.content
    same = ("etag", "cache-control", "content-type", "content-security-policy", "x-content-type-options")
    assert {name: again.headers[name] for name in same} == {name: first.headers[name] for name in same}
    assert {"Accept-Encoding", "Authorization"} <= set(again.headers["vary"].split(", "))
    known = await client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    plain = await client.get(address, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == first.content
    async with client.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as packed:
        raw = b"".join([piece async for piece in packed.aiter_raw()])
    assert gzip.decompress(raw) == first.content


async def test_a_request_with_a_key_passes_by(workers: Any) -> None:
    _, client = workers[0]
    address = await address_of(client)
    assert (await client.get(address)).status_code == 200
    wrong = await client.get(address, headers={"Authorization": "Bearer edaphos_wrong"})
    assert wrong.status_code == 401


async def test_a_change_reaches_every_worker_at_once(workers: Any, world: World) -> None:
    """Without asking for anything that reads the versions anew."""
    address = await address_of(workers[0][1])
    for _, client in workers:
        for _ in range(2):
            assert "immutable" in (await client.get(address)).headers["cache-control"]
    engine = world.database.engine()
    with engine.begin() as connection:
        raise_version(connection, "sites")
    engine.dispose()
    await asyncio.sleep(0.2)
    for _, client in workers:
        assert (await client.get(address)).headers["cache-control"] == "no-cache"


async def test_other_layers_stay_at_hand(workers: Any, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    app, client = workers[0]
    address = await address_of(client, "sources")
    await client.get(address)
    engine = world.database.engine()
    with engine.begin() as connection:
        raise_version(connection, "sites")
    engine.dispose()
    await asyncio.sleep(0.2)
    seen = hits(app, monkeypatch)
    await client.get(address)
    assert seen == [True]


async def test_who_hears_nothing_believes_nothing(workers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app, client = workers[0]
    address = await address_of(client)
    await client.get(address)
    await app.state.service.versions.end()
    await asyncio.sleep(FRESH_SECONDS + 0.1)
    seen = hits(app, monkeypatch)
    assert (await client.get(address)).status_code == 200
    assert seen == [False]


async def test_a_cold_tile_is_computed_once(workers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, client = workers[0]
    address = (await address_of(client)).replace(TILE, "9/170/264")
    made = 0
    compute = vector.vector_tile

    async def counting(*arguments: Any) -> Any:
        nonlocal made
        made += 1
        await asyncio.sleep(0.05)
        return await compute(*arguments)

    monkeypatch.setattr("app.ogc.tiles.vector_tile", counting)
    answers = await asyncio.gather(*(client.get(address) for _ in range(40)))
    assert {answer.status_code for answer in answers} <= {200, 204}
    assert made == 1


async def test_a_question_under_way_is_not_joined(world: World) -> None:
    """What is committed before somebody asks, they are told, however many ask at the same time."""
    versions = Versions(world.database)
    engine = world.database.engine()
    service_app = create_app(world.settings, world.database)
    async with service_app.router.lifespan_context(service_app):
        pool = service_app.state.service.pool
        for _ in range(5):
            waiting = [asyncio.ensure_future(versions.now(pool, "sites")) for _ in range(3)]
            await asyncio.sleep(0)
            with engine.begin() as connection:
                raise_version(connection, "sites")
                newest = connection.execute(
                    text("SELECT version FROM layer_version WHERE layer = 'sites'")
                ).scalar_one()
            assert await versions.now(pool, "sites") == (("sites", newest),)
            await asyncio.gather(*waiting)
    engine.dispose()


# Who leaves


async def test_a_client_that_goes_away_cancels_its_query(workers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app, client = workers[0]
    path = "/collections/sites/tiles/WebMercatorQuad/9/170/264"
    asleep = asyncio.Event()

    async def slow(connection: Any, _question: Any) -> Any:
        asleep.set()
        await connection.fetch("SELECT pg_sleep(20) AS what_nobody_waits_for")

    monkeypatch.setattr("app.ogc.tiles.vector_tile", slow)
    await client.get("/healthz")

    async def receive() -> dict[str, Any]:
        await asleep.wait()
        return {"type": "http.disconnect"}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"v=0"}
    scope |= {"headers": [], "scheme": "http", "server": ("test", 80), "root_path": "", "http_version": "1.1"}
    await asyncio.wait_for(app(scope, receive, send), 10)
    assert sent[0]["status"] == 499
    assert await running_queries(app) == 0


async def running_queries(app: FastAPI) -> int:
    statement = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'"
    found = 1
    for _ in range(50):
        async with app.state.service.pool.acquire() as connection:
            found = int(await connection.fetchval(statement))
        if not found:
            break
        await asyncio.sleep(0.1)
    return found


async def test_work_that_others_wait_for_goes_on() -> None:
    flights: Flights[int] = Flights()
    release = asyncio.Event()

    async def compute() -> int:
        await release.wait()
        return 7

    first = asyncio.ensure_future(flights.join("key", compute))
    second = asyncio.ensure_future(flights.join("key", compute))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    release.set()
    assert await second == 7
    with pytest.raises(asyncio.CancelledError):
        await first
