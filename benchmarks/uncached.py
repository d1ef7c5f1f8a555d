"""The service as it is shipped, but that it remembers no tile: what every first request of a tile costs."""

import socket
import sys
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

from app.cli.terminal import log_to_stderr
from app.http.cache import Flights, Kept
from app.serving import serve_in_processes
from app.settings import Settings


def forgetful() -> None:
    """Nothing is kept and nobody waits for what another one asked."""

    async def compute(_self: Flights[Any], _key: Hashable, work: Callable[[], Awaitable[Any]]) -> Any:
        return await work()

    Kept.get = lambda _self, _key: None  # type: ignore[assignment, method-assign]
    Flights.join = compute  # type: ignore[assignment, method-assign]
    log_to_stderr(as_json=True)


if __name__ == "__main__":
    settings = Settings()
    with settings.database() as database, socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
        serve_in_processes(settings, database, listener, int(sys.argv[2]), forgetful)
