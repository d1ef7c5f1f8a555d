"""Answers: formats that were agreed on, entity tags, and how long an answer may be kept."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.problems import BadParameterError, NotAcceptableError

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
JSON = "application/json"
GEOJSON = "application/geo+json"
HTML = "text/html"
SCHEMA = "application/schema+json"
MVT = "application/vnd.mapbox-vector-tile"
OPENAPI = "application/vnd.oai.openapi+json;version=3.1"
OPENAPI_3_0 = "application/vnd.oai.openapi+json;version=3.0"
COVERAGEJSON = "application/prs.coverage+json"
GEOTIFF = "image/tiff; application=geotiff"


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes to be sent often: with their tag, and compressed once where that pays."""

    content: bytes
    media_type: str
    compressed: bytes | None = None
    tag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tag", tag_of(self.content))

    @classmethod
    def packed(cls, content: bytes, media_type: str) -> "Body":
        """Compressed now, for who accepts it."""
        return cls(content, media_type, gzip.compress(content, 6, mtime=0) if content else None)

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return len(self.content) + len(self.compressed or b"") + 200

    def response(self, request: Request, cache_control: str) -> Response:
        """200, 204 where there is nothing, or 304 where the client has it."""
        headers = {"ETag": self.tag, "Cache-Control": cache_control, "Vary": "Accept-Encoding"}
        if is_known(request, self.tag):
            return Response(status_code=304, headers=headers)
        if not self.content:
            return Response(status_code=204, headers=headers)
        if self.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self.compressed, headers=headers | {"Content-Encoding": "gzip"}, media_type=self.media_type)
        return Response(self.content, headers=headers, media_type=self.media_type)


def tag_of(content: bytes) -> str:
    """A weak tag: the same content may be sent compressed or not."""
    return f'W/"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether the client says that it has the content with this tag (RFC 9110, 13.1.2: weak comparison)."""
    asked = request.headers.get("if-none-match", "")
    return asked.strip() == "*" or tag in {part.strip() for part in asked.split(",")}


def json_answer(
    request: Request, document: Any, media_type: str = JSON, headers: Mapping[str, str] | None = None
) -> Response:
    """A document that may change at any time."""
    body = Body(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY), media_type)
    response = body.response(request, ASK_AGAIN)
    response.headers.update(headers or {})
    response.headers["Vary"] = "Accept, Accept-Encoding"
    return response


def agreed_format(request: Request, asked: str | None, offered: Mapping[str, str]) -> str:
    """The key of `offered` (key to media type, the preferred one first) that the client wants.

    `f` decides before the Accept header. Raises `BadParameterError` for an unknown `f`, `NotAcceptableError` when
    nothing fits.
    """
    if asked is not None:
        if asked not in offered:
            raise BadParameterError("f", f"f must be one of {', '.join(offered)}, got {asked!r}")
        return asked
    accepted = _accepted(request.headers.get("accept") or "*/*")
    ranked = {key: _quality(media_type, accepted) for key, media_type in offered.items()}
    best = max(ranked, key=lambda key: ranked[key])
    if ranked[best] <= 0:
        raise NotAcceptableError(f"this address answers {', '.join(offered.values())}")
    return best


def _accepted(header: str) -> dict[str, float]:
    """Media ranges and their weights; a weight that cannot be read counts as 1."""
    ranges: dict[str, float] = {}
    for part in header.split(",")[:50]:
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weights = [parameter[2:] for parameter in parameters if parameter.startswith("q=")]
        try:
            ranges[media_range] = float(weights[0]) if weights else 1.0
        except ValueError:
            ranges[media_range] = 1.0
    return ranges


def _quality(media_type: str, accepted: Mapping[str, float]) -> float:
    """The weight of the most precise range that holds the type; JSON is taken for every kind of JSON."""
    plain = media_type.split(";", maxsplit=1)[0].strip()
    family = plain.split("/")[0] + "/*"
    also = (JSON,) if plain.endswith("+json") else ()
    for media_range in (plain, *also, family, "*/*"):
        if media_range in accepted:
            return accepted[media_range]
    return 0.0
