"""Versions of layers as this process knows them: told by the database as they change, and read again all the time."""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping

import asyncpg
import structlog

from db.engine import Database

FRESH_SECONDS = 1.0
"""What was read longer ago is not believed: the database may have gone away, and with it who would tell."""
READ_SECONDS = 0.4
IDLE_SECONDS = 60.0
CHANNEL = "edaphos_layer"
QUERY = "SELECT layer, version FROM layer_version"
Depends = tuple[tuple[str, int], ...]
"""Layers with the versions that an answer was made from."""

log = structlog.get_logger("edaphos.http")


class Versions:
    """Knows the versions while somebody asks for them, on a connection of its own; a minute later it lets go."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Mapping[str, int] = {}
        self._read_at = self._asked_at = float("-inf")
        self._watch: asyncio.Task[None] | None = None
        self._running: asyncio.Future[Mapping[str, int]] | None = None
        self._next: asyncio.Future[Mapping[str, int]] | None = None

    def still(self, depends: Depends) -> bool:
        """Whether all these are the versions now, as of the last second at most."""
        now = time.monotonic()
        self._asked_at = now
        if now - self._read_at > FRESH_SECONDS:
            return False
        known = self._known
        return all(known.get(layer, 0) == version for layer, version in depends)

    def remembered(self, layer: str) -> int | None:
        """The version of a layer, if that was read within the last second."""
        fresh = time.monotonic() - self._read_at <= FRESH_SECONDS
        return self._known.get(layer, 0) if fresh else None

    async def now(self, pool: "asyncpg.Pool[asyncpg.Record]", *layers: str) -> Depends:
        """The versions as they are now, read after this was asked; many who ask at once share one question.

        A question that is under way is not joined: what was committed since it began, it would not see.
        """
        if self._next is None:
            self._next = asyncio.ensure_future(self._read_after(self._running, pool))
        known = await asyncio.shield(self._next)
        return tuple((layer, known.get(layer, 0)) for layer in layers)

    async def _read_after(
        self, before: asyncio.Future[Mapping[str, int]] | None, pool: "asyncpg.Pool[asyncpg.Record]"
    ) -> Mapping[str, int]:
        if before is not None:
            with contextlib.suppress(Exception):  # those who asked that question are told
                await before
        self._running, self._next = self._next, None
        self._learn(time.monotonic(), await pool.fetch(QUERY))
        return self._known

    def _learn(self, began: float, rows: Iterable[asyncpg.Record]) -> None:
        if began >= self._read_at:
            self._known, self._read_at = {row["layer"]: row["version"] for row in rows}, began

    def begin(self) -> None:
        """Watch from now on, if nobody does."""
        if self._watch is None or self._watch.done():
            self._asked_at = time.monotonic()
            self._watch = asyncio.ensure_future(self._keep_watching())

    async def end(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    async def _keep_watching(self) -> None:
        while time.monotonic() - self._asked_at < IDLE_SECONDS:
            try:
                await self._watch_while_asked()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("versions are not known for now", reason=f"{type(error).__name__}: {error}")
                await asyncio.sleep(FRESH_SECONDS)

    async def _watch_while_asked(self) -> None:
        connection = await asyncpg.connect(
            self._database.libpq, timeout=5, command_timeout=5, server_settings={"application_name": "edaphos versions"}
        )
        try:
            await connection.add_listener(CHANNEL, self._told)
            while time.monotonic() - self._asked_at < IDLE_SECONDS:
                began = time.monotonic()
                self._learn(began, await connection.fetch(QUERY))
                await asyncio.sleep(READ_SECONDS)
        finally:
            connection.terminate()

    def _told(self, _connection: object, _process: int, _channel: str, payload: object) -> None:
        layer, _, version = str(payload).rpartition(" ")
        self._known = {**self._known, layer: max(int(version), self._known.get(layer, 0))}
