"""Answers that can be sent again as they are, before anything else of the application is asked.

An answer is kept under the very bytes of its path and query. It is for strangers only: a request with a key passes
by. It holds as long as the versions of all that it was made from do.
"""

import gzip
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.answers import Body
from app.http.cache import Kept
from app.http.middleware import EXPOSED, HEADERS
from app.http.versions import Depends, Versions

Headers = list[tuple[bytes, bytes]]
_FOR_OTHER_ORIGINS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": ", ".join(EXPOSED),
}
COMPRESSION = 5
SMALLEST_COMPRESSED = 200


@dataclass(slots=True, eq=False)
class Ready:
    """An answer as it goes over the wire."""

    body: Body
    depends: Depends
    cache_control: str
    headers: Headers = field(init=False)
    tag: bytes = field(init=False)
    plain: Headers = field(init=False)
    zipped: tuple[Headers, bytes] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.tag = self.body.tag.encode()
        own = {"etag": self.body.tag, "cache-control": self.cache_control, "vary": "Accept-Encoding, Authorization"}
        every = {**HEADERS, **_FOR_OTHER_ORIGINS, **own}
        self.headers = [(name.lower().encode(), value.encode()) for name, value in every.items()]
        self.plain = self._with_content(self.body.content)

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return self.body.size + 2_000

    def parts(self, *, gzip_accepted: bool) -> tuple[Headers, bytes]:
        """Headers and content; compressed once, when the first asks for it."""
        content = self.body.content
        if not gzip_accepted or len(content) < SMALLEST_COMPRESSED:
            return self.plain, content
        if self.zipped is None:
            packed = self.body.compressed or gzip.compress(content, COMPRESSION, mtime=0)
            self.zipped = [(b"content-encoding", b"gzip"), *self._with_content(packed)], packed
        return self.zipped

    def _with_content(self, content: bytes) -> Headers:
        described = [(b"content-type", self.body.media_type.encode())] if content else []
        return [*self.headers, *described, (b"content-length", b"%d" % len(content))]


class HotAnswers:
    """The answers that are at hand, within `most` bytes."""

    def __init__(self, versions: Versions, most: int) -> None:
        self.versions = versions
        self._kept: Kept[Ready] = Kept(most)

    def find(self, path: bytes, query: bytes) -> Ready | None:
        """The answer to a request, if there is one and nothing changed since."""
        found = self._kept.get((path, query))
        return found if found is not None and self.versions.still(found.depends) else None

    def keep(self, scope: Scope, ready: Ready) -> None:
        """Answer the same request with the same from now on, while the versions hold."""
        self.versions.begin()
        self._kept.put((scope.get("raw_path", b""), scope["query_string"]), ready)


class Hot:
    """The layer before all others: what is at hand is sent, everything else goes on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        ready, asked = self._ready(scope) if scope["type"] == "http" and scope["method"] == "GET" else (None, _ANYTHING)
        if ready is None:
            await self._app(scope, receive, send)
            return
        if asked.tag == ready.tag:
            await send({"type": "http.response.start", "status": 304, "headers": ready.headers})
            await send({"type": "http.response.body", "body": b""})
            return
        headers, content = ready.parts(gzip_accepted=asked.gzip)
        await send({"type": "http.response.start", "status": 200 if content else 204, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _ready(self, scope: Scope) -> "tuple[Ready | None, _Asked]":
        hot: HotAnswers | None = getattr(scope["app"].state, "hot", None)
        found = hot.find(scope.get("raw_path", b""), scope["query_string"]) if hot is not None else None
        if found is None:
            return None, _ANYTHING
        tag, zipped = b"", False
        for name, value in scope["headers"]:
            if name == b"authorization":
                return None, _ANYTHING
            if name == b"accept-encoding":
                zipped = b"gzip" in value
            elif name == b"if-none-match":
                tag = value
        return found, _Asked(tag, zipped)


@dataclass(frozen=True, slots=True)
class _Asked:
    tag: bytes
    gzip: bool


_ANYTHING = _Asked(b"", gzip=False)
