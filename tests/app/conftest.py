"""The service over a small world: asked in the process, or on a port of its own."""

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import uvicorn
from sqlalchemy import text

from app.factory import create_app
from app.settings import Settings
from db import migrate
from db.engine import Database
from tests.app.seed import seed


@dataclass(frozen=True)
class World:
    """A seeded database with its data folder."""

    database: Database
    settings: Settings


@pytest.fixture(scope="session")
def world(server: Database, meuse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Shared by the session: tests of this folder read it, or leave it as it was."""
    name = f"edaphos_world_{secrets.token_hex(4)}"
    administration = server.engine().execution_options(isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    database = Database(server.url.set(database=name))
    home = tmp_path_factory.mktemp("world")
    engine = database.engine()
    migrate.upgrade(engine)
    with engine.begin() as connection:
        seed(connection, meuse, home)
    engine.dispose()
    yield World(database, Settings(home=home))
    with administration.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    administration.dispose()


@pytest_asyncio.fixture(scope="session")
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, without a network."""
    app = create_app(world.settings, world.database)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield client


@pytest.fixture(scope="session")
def live_server(world: World) -> Iterator[str]:
    """The address of a real server on a port that the system chose."""
    config = uvicorn.Config(
        create_app(world.settings, world.database),
        host="127.0.0.1",
        port=0,
        log_level="warning",
        server_header=False,
        access_log=False,
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(running.serve()), daemon=True)
    thread.start()
    while not running.started:
        assert thread.is_alive(), "the server did not start"
        thread.join(0.02)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(10)
