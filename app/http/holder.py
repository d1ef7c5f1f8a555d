"""Who asks: the key that a request shows, checked before anything else happens."""

import re
from collections.abc import Sequence

from fastapi.security import HTTPBearer
from starlette.requests import Request
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from app.keys import Holder, KeyRefusedError, Secret, holder_of_row, key_called, used
from app.problems import ForbiddenError, UnauthorisedError, answer

READING = ("GET", "HEAD", "OPTIONS")
OPEN = re.compile(r"POST /processes/[^/]+/execution|DELETE /jobs/[^/]+", re.ASCII)
"""What strangers may ask for beside reading: these routes say themselves what needs a key."""
KEY = HTTPBearer(scheme_name="key", description="A key that `edaphos key create` made.", auto_error=False)
"""For the definition alone: the gate has checked the key before any route is asked."""
_HOLDER = "holder"


def has_authorization(scope: Scope) -> bool:
    """Whether a request shows anything that is meant to be a key."""
    return any(name == b"authorization" for name, _ in scope["headers"])


def holder_of(request: Request) -> Holder | None:
    """Who holds the key of a request; nobody where it shows none."""
    holder: Holder | None = request.scope.get("state", {}).get(_HOLDER)
    return holder


def must_be_known(request: Request) -> Holder:
    """The holder, whatever the key opens; raises `UnauthorisedError` without a key."""
    holder = holder_of(request)
    if holder is None:
        raise UnauthorisedError("this address is closed without a key: send it as `Authorization: Bearer …`")
    return holder


def must_hold(request: Request, action: str, dataset: str | None = None) -> Holder:
    """The holder, if the key opens this action; raises `UnauthorisedError` without a key, else `ForbiddenError`."""
    holder = must_be_known(request)
    if not holder.may(action, dataset):
        wanted = f"{action} or {action}:{dataset}" if dataset else action
        raise ForbiddenError(f"the key {holder.name!r} does not open this: it needs the scope {wanted}")
    return holder


class Gate:
    """Checks the key of every request that shows one, and lets nobody write without."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, if it may pass."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._admit(scope)
        except Exception as error:
            await answer(Request(scope), error)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _admit(self, scope: Scope) -> None:
        if has_authorization(scope):
            scope.setdefault("state", {})[_HOLDER] = await _checked(Request(scope))
        elif scope["method"] not in READING and self._writes(scope):
            raise UnauthorisedError("nothing can be changed without a key: send it as `Authorization: Bearer …`")

    def _writes(self, scope: Scope) -> bool:
        """Whether some route that is closed answers this method here, so that 404 and 405 stay what they are."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if OPEN.fullmatch(f"{scope['method']} {path}"):
            return False
        return any(route.matches(scope)[0] == Match.FULL for route in self._routes)


async def _checked(request: Request) -> Holder:
    scheme, _, written = request.headers["authorization"].partition(" ")
    if scheme.lower() != "bearer":
        raise UnauthorisedError("a key is sent as `Authorization: Bearer …`", invalid=True)
    try:
        shown = Secret.parse(written.strip())
        async with request.scope["app"].state.service.engine.begin() as connection:
            row = (await connection.execute(key_called(shown.handle))).one_or_none()
            holder = holder_of_row(shown, row)
            await connection.execute(used(holder.id))
    except KeyRefusedError as error:
        raise UnauthorisedError(str(error), invalid=True) from None
    return holder
