"""Values at places, answered before anything else is asked: for strangers, of maps that were looked at a moment ago.

Only the plainest request is taken, `position?coords=POINT(lon lat)`. Everything else, and whatever is not at hand in
memory, goes on to the route that answers all of it, with the same values.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.answers import ASK_AGAIN, COVERAGEJSON
from app.http.middleware import EXPOSED, HEADERS
from app.http.service import Service
from app.keys import PUBLIC
from app.ogc.collection import SurfaceCollection
from app.ogc.edr import covjson
from app.ogc.showing import fields_of, raster_of
from app.problems import UnavailableError
from tiles.figures import figures
from tiles.quantity import Shown
from tiles.raster import Raster

_PATH = re.compile(r"/collections/(surface-[A-Za-z0-9._-]{1,200})/position", re.ASCII)
_NUMBER = rb"(-?[0-9]{1,3}(?:\.[0-9]{1,15})?)"
_QUERY = re.compile(rb"coords=POINT(?:\(|%28)" + _NUMBER + rb"(?:%20|\+)" + _NUMBER + rb"(?:\)|%29)")
_FIXED = [
    (name.lower().encode(), value.encode())
    for name, value in {
        **HEADERS,
        "access-control-allow-origin": "*",
        "access-control-expose-headers": ", ".join(EXPOSED),
        "cache-control": ASK_AGAIN,
        "vary": "Accept, Accept-Encoding, Authorization",
        "content-type": COVERAGEJSON,
    }.items()
]


MOST_MAPS = 1_000


@dataclass(frozen=True, slots=True)
class _Map:
    """A map, its fields, and what these mean."""

    raster: Raster
    shown: Mapping[str, Shown]
    parameters: orjson.Fragment


class QuickPosition:
    """The layer that answers what a map says at a place."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._maps: dict[str, _Map] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        content = self._content(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        if content is None:
            await self._app(scope, receive, send)
            return
        headers = [*_FIXED, (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _content(self, scope: Scope) -> bytes | None:
        """The answer, if it is at hand."""
        path, query = _PATH.fullmatch(scope["path"]), _QUERY.fullmatch(scope["query_string"])
        service: Service | None = getattr(scope["app"].state, "service", None)
        if path is None or query is None or service is None or not _plain(scope):
            return None
        surface: SurfaceCollection | None = service.memory.get((path[1], PUBLIC))
        lon, lat = float(query[1]), float(query[2])
        if surface is None or abs(lon) > 180 or abs(lat) > 90:
            return None
        known = self._map(service, surface)
        bands = known.raster.known_point(lon, lat) if known else None
        if known is None or bands is None:
            return None
        return _said(known, (lon, lat), figures(bands, known.raster.transform, known.shown))

    def _map(self, service: Service, surface: SurfaceCollection) -> "_Map | None":
        """What is the same for all places of a map, which never changes."""
        if surface.id not in self._maps:
            if len(self._maps) > MOST_MAPS:
                self._maps.clear()
            try:
                raster, shown = raster_of(service, surface), fields_of(surface)
            except UnavailableError:
                return None
            described = orjson.Fragment(orjson.dumps(covjson.of_shown(shown)))
            self._maps[surface.id] = _Map(raster, shown, described)
        return self._maps[surface.id]


def _said(known: _Map, place: tuple[float, float], values: dict[str, float | None]) -> bytes:
    document: dict[str, Any] = {
        "type": "Coverage",
        "domain": {
            "type": "Domain",
            "domainType": "Point",
            "axes": {"x": {"values": [place[0]]}, "y": {"values": [place[1]]}},
            "referencing": [covjson.GEOGRAPHIC],
        },
        "parameters": known.parameters,
        "ranges": {name: {**_SCALAR, "values": [value]} for name, value in values.items()},
    }
    return orjson.dumps(document)


_SCALAR = {"type": "NdArray", "dataType": "float", "axisNames": [], "shape": []}


def _plain(scope: Scope) -> bool:
    """Whether a request shows no key, asks for no version that it knows, and takes what is given."""
    for name, value in scope["headers"]:
        if name in (b"authorization", b"if-none-match"):
            return False
        if name == b"accept" and value != b"*/*" and b"application/prs.coverage+json" not in value:
            return False
    return True
