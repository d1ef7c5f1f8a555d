"""Routes that need a key: as they are registered, and as OpenAPI describes them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Security
from starlette.responses import Response

from app.http.holder import KEY
from app.ogc.standard import Endpoint, path_parameters
from app.problems import MEDIA_TYPE

FORM = "multipart/form-data"


def key_route(
    router: APIRouter,
    method: str,
    path: str,
    summary: str,
    *,
    status: int = 200,
    media: Sequence[str] = ("application/json",),
    form: Mapping[str, Any] | None = None,
) -> Callable[[Endpoint], Endpoint]:
    """Answer a method at a path for holders of a key; the endpoint itself asks for the scope that it needs."""
    body = {"requestBody": {"required": True, "content": {FORM: {"schema": dict(form)}}}} if form else {}

    def register(endpoint: Endpoint) -> Endpoint:
        router.add_api_route(
            path,
            endpoint,
            methods=[method],
            summary=summary,
            operation_id=endpoint.__name__,
            response_model=None,
            response_class=Response,
            status_code=status,
            dependencies=[Security(KEY)],
            responses={
                status: {"description": summary, "content": {media_type: {} for media_type in media}},
                "default": {"description": "A problem", "content": {MEDIA_TYPE: {}}},
            },
            openapi_extra={"parameters": path_parameters(path), **body},
        )
        return endpoint

    return register
