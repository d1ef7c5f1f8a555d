"""Work is done for somebody: when the one who asked has gone away, it ends, and so does its query in the database."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

GONE = 499
"""The status of an answer that nobody is there to read, as nginx logs it."""

Endpoint = Callable[[Request], Awaitable[Response]]


def while_listened(endpoint: Endpoint) -> Endpoint:
    """The same endpoint, broken off as soon as the client closes the connection."""

    @wraps(endpoint)
    async def listened(request: Request) -> Response:
        answer = asyncio.ensure_future(endpoint(request))
        gone = asyncio.ensure_future(_gone(request))
        try:
            await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
            return await answer if answer.done() else Response(status_code=GONE)
        finally:
            for task in (answer, gone):
                task.cancel()
            await asyncio.gather(answer, gone, return_exceptions=True)

    return listened


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
