"""What answers are made from: connections, caches and threads, opened once and closed at the end."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import anyio
import asyncpg
from fastapi import FastAPI
from sqlalchemy import Row, Select, event
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request

from app.http.answers import Body
from app.http.cache import Flights, Kept, Memory
from app.http.extent import Extent
from app.http.holder import holder_of
from app.http.hot import HotAnswers
from app.http.versions import Versions
from app.keys import PUBLIC
from app.settings import Settings
from db.engine import Database
from db.statement import rendered

POOL = 8
STATEMENT_MILLISECONDS = 20_000
CACHE_BYTES = 48_000_000
HOT_BYTES = 24_000_000
"""Answers as they go over the wire, many of which share their contents with the cache."""
EXECUTIONS = 2
"""Processes that somebody waits for, at once."""
EXPORTS = 2
"""Files of features written at once; each holds a connection until it is done."""
THREADS = 4
"""Raster tiles drawn at once: reading and drawing release the interpreter for most of their time."""


@dataclass(frozen=True, slots=True)
class Service:
    """One running service, as who asks may see it: without a key, what is public."""

    settings: Settings
    engine: AsyncEngine
    pool: "asyncpg.Pool[asyncpg.Record]"
    threads: anyio.CapacityLimiter
    exports: anyio.CapacityLimiter
    executing: anyio.CapacityLimiter
    tiles: Kept[Body]
    drawing: Flights[tuple[str, Body]]
    memory: Memory
    versions: Versions
    hot: HotAnswers
    contaminants: dict[str, str]
    extents: dict[tuple[str, tuple[str, ...]], tuple[str, Extent]]
    visible: tuple[str, ...] = PUBLIC

    async def rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        """All rows of a question."""
        async with self.engine.connect() as connection:
            # One question is a transaction of its own: no BEGIN and ROLLBACK on the way.
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            found: Sequence[Row[Any]] = (await connection.execute(query)).all()
            return found

    async def records(self, query: Select[Any]) -> Sequence[asyncpg.Record]:
        """All rows of a question that is asked often: its statement is compiled and prepared once for its shape."""
        text, values = rendered(query)
        found: Sequence[asyncpg.Record] = await self.pool.fetch(text, *values)
        return found

    async def row(self, query: Select[Any]) -> Row[Any] | None:
        """The first row of a question, if there is one."""
        found = await self.rows(query)
        return found[0] if found else None


def service_of(request: Request) -> Service:
    """The service that a request came to, showing what its key opens."""
    service: Service = request.app.state.service
    holder = holder_of(request)
    return service if holder is None else replace(service, visible=holder.visibilities)


@asynccontextmanager
async def running(settings: Settings, database: Database) -> AsyncIterator[Service]:
    """Open the connections; none is made before the first question, so a database that is down delays nothing."""
    engine = database.async_engine(size=POOL)
    event.listen(engine.sync_engine, "connect", _bound_statements)
    limits = {"statement_timeout": str(STATEMENT_MILLISECONDS), "application_name": "edaphos serve"}
    async with asyncpg.create_pool(
        database.libpq, min_size=0, max_size=POOL, server_settings=limits, timeout=10
    ) as pool:
        threads = anyio.CapacityLimiter(THREADS)
        executing = anyio.CapacityLimiter(EXECUTIONS)
        versions = Versions(database)
        hot = HotAnswers(versions, HOT_BYTES)
        kept, flights, memory = Kept[Body](CACHE_BYTES), Flights[tuple[str, Body]](), Memory()
        exports = anyio.CapacityLimiter(EXPORTS)
        yield Service(settings, engine, pool, threads, exports, executing, kept, flights, memory, versions, hot, {}, {})
        await versions.end()
    await engine.dispose()


def _bound_statements(connection: Any, _record: Any) -> None:
    """No question may run for ever."""
    cursor = connection.cursor()
    cursor.execute(f"SET statement_timeout = {STATEMENT_MILLISECONDS}")
    cursor.close()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """The service lives as long as the application."""
    async with running(app.state.settings, app.state.database) as service:
        app.state.service, app.state.hot = service, service.hot
        yield
