"""What is answered before any route is looked for: addresses that are too long, OPTIONS, and other origins."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from app.problems import NotFoundError, Problem, TooLongError, answer

LONGEST = 32_000
"""Bytes of an address with its parameters."""
METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")
HEADERS = ("Authorization", "Content-Type", "Prefer", "If-None-Match", "Range")


class Front:
    """Refuses addresses that are too long, and tells which methods an address answers."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif len(scope["path"]) + len(scope["query_string"]) > LONGEST:
            error = TooLongError(f"the address is longer than {LONGEST} bytes")
            await answer(Request(scope), error)(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await self._options(scope)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _options(self, scope: Scope) -> Response:
        found = [method for method in METHODS if self._answers(scope, method)]
        if not found:
            return answer(Request(scope), NotFoundError("there is nothing at this address"))
        allowed = [*found, *(["HEAD"] if "GET" in found and "HEAD" not in found else []), "OPTIONS"]
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": ", ".join(dict.fromkeys(allowed))})

    def _answers(self, scope: Scope, method: str) -> bool:
        return any(route.matches({**scope, "method": method})[0] is Match.FULL for route in self._routes)


class Origins(CORSMiddleware):
    """Pages of any origin may ask; what they may not is refused by a problem document."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """The answer to the question that a browser asks first."""
        response = super().preflight_response(request_headers)
        if response.status_code < HTTPStatus.BAD_REQUEST:
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=_without_length(response))
        refused = Problem(
            HTTPStatus.BAD_REQUEST, f"pages of other origins may send {', '.join(METHODS)} only"
        ).response("")
        refused.headers.update({name: value for name, value in response.headers.items() if name.startswith("access-")})
        return refused


def _without_length(response: Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if not name.startswith("content-")}
