"""Links between the documents of the service."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from app.http.answers import HTML, JSON


@dataclass(frozen=True, slots=True)
class Link:
    """A link whose address is relative to the root of the service."""

    rel: str
    path: str
    title: str
    type: str = JSON
    templated: bool = False

    def document(self, base: str) -> dict[str, Any]:
        """The link object, with the whole address."""
        members: dict[str, Any] = {
            "rel": self.rel,
            "type": self.type,
            "title": self.title,
            "href": base + self.path,
        }
        return members | ({"templated": True} if self.templated else {})


def documents(links: Iterable[Link], base: str) -> list[dict[str, Any]]:
    """Link objects."""
    return [link.document(base) for link in links]


def self_links(request: Request, media_type: str = JSON, other: str = HTML) -> list[dict[str, Any]]:
    """This document, and the same in the other format."""
    here = request.url.remove_query_params("f")
    keys = {media_type: "json", other: "html"}
    return [
        {
            "rel": "self" if kind == media_type else "alternate",
            "type": kind,
            "title": f"This document as {keys[kind].upper()}",
            "href": str(here.include_query_params(f=keys[kind])),
        }
        for kind in (media_type, other)
    ]
