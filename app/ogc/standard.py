"""A standard is a value: what it promises, which links it adds, and the routes that keep the promise."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.http.leaving import while_listened
from app.ogc.collection import Collection
from app.ogc.link import Link
from app.problems import MEDIA_TYPE
from app.query import PARAMETERS, Parameter

Endpoint = Callable[[Request], Awaitable[Response]]
LinksOf = Callable[[Collection], Sequence[Link]]


def _no_links(_: Collection) -> Sequence[Link]:
    return ()


@dataclass(frozen=True, slots=True)
class Standard:
    """One standard; landing page, conformance and the links of collections are computed from all of them.

    `conformance` lists only classes that are met.
    """

    title: str
    router: APIRouter
    conformance: tuple[str, ...] = ()
    landing_links: tuple[Link, ...] = ()
    collection_links: LinksOf = _no_links
    collection_members: Callable[[Collection, str], Mapping[str, Any]] = lambda _collection, _base: {}


def path_parameters(path: str) -> list[dict[str, Any]]:
    """What OpenAPI says of the braces in a path."""
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]


def route(
    router: APIRouter,
    path: str,
    summary: str,
    *,
    media: Sequence[str],
    parameters: Sequence[Parameter] = (),
    may_be_empty: bool = False,
) -> Callable[[Endpoint], Endpoint]:
    """Answer GET at a path, and say so in OpenAPI; `f` is known everywhere, 204 where an answer may be empty."""
    empty: dict[int | str, dict[str, Any]] = {204: {"description": "There is nothing here"}} if may_be_empty else {}
    documents = [*path_parameters(path), *(parameter.document() for parameter in (*parameters, PARAMETERS["f"]))]

    def register(endpoint: Endpoint) -> Endpoint:
        router.add_api_route(
            path,
            while_listened(endpoint),
            methods=["GET"],
            summary=summary,
            operation_id=endpoint.__name__,
            response_model=None,
            response_class=Response,
            responses={
                200: {"description": summary, "content": {media_type: {} for media_type in media}},
                **empty,
                "default": {"description": "A problem", "content": {MEDIA_TYPE: {}}},
            },
            openapi_extra={"parameters": documents},
        )
        return endpoint

    return register
