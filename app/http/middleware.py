"""What happens to every request: a log line, security headers, HEAD, and an answer even when the program fails."""

import time
from collections.abc import Mapping
from types import MappingProxyType

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.holder import has_authorization
from app.problems import answer

log = structlog.get_logger("edaphos.http")

POLICY = "; ".join(
    (
        *("default-src 'self'", "script-src 'self'", "worker-src 'self'", "connect-src 'self'", "style-src 'self'"),
        *("img-src 'self' data:", "font-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'self'"),
        "frame-ancestors 'self'",
    )
)
EXPOSED = ("Content-Crs", "ETag", "Link")
"""Headers that pages of other origins may read."""
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=()",
    }
)


class Guard:
    """The outermost layer: headers on every answer, a problem document for what nobody caught, one line of log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; lifespan passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0
        shown = has_authorization(scope)

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                _keep_apart(headers, shown=shown)
            await send(message)

        try:
            await self._app(_as_get(scope), receive, send_guarded)
        except Exception as error:
            if status:
                raise
            await answer(Request(scope), error)(scope, receive, send_guarded)
        finally:
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            log.info("request", method=scope["method"], path=scope["path"], status=status, ms=milliseconds)


def _keep_apart(headers: MutableHeaders, *, shown: bool) -> None:
    """What was answered to a key is for its holder alone, and no cache may take one answer for another."""
    headers.add_vary_header("Authorization")
    kept = headers.get("Cache-Control", "no-cache")
    if shown and "no-store" not in kept:
        headers["Cache-Control"] = "private, " + kept.removeprefix("public, ")


def _as_get(scope: Scope) -> Scope:
    """HEAD is answered like GET; the server leaves out the body."""
    return {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
