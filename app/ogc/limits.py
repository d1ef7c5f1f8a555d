"""Limits on maps: which guideline values a map can be compared with, and the limit that a request asks for."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import JSON, json_answer
from app.http.asked import JSON_ONLY, asked
from app.http.service import Service, service_of
from app.limits import check_assumptions, list_limits, resolve_limit
from app.ogc.catalogue import layer_version, surface_of
from app.ogc.collection import Collection, SurfaceCollection
from app.ogc.link import Link
from app.ogc.standard import Standard, route
from app.query import LIMIT_VALUE, PARAMETERS, Given
from db.questions.guideline_values import guideline_rows

router = APIRouter()
LIMIT_PARAMETERS = (LIMIT_VALUE, PARAMETERS["guideline"], PARAMETERS["assume"])
GUIDELINES = "guideline-values"


async def guidelines_of(service: Service, surface: SurfaceCollection) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """The rows of the mapped contaminant and their version."""
    version = await layer_version(service, GUIDELINES)
    key = (GUIDELINES, surface.row["contaminant_id"], version)
    rows: Sequence[Mapping[str, Any]] | None = service.memory.get(key)
    if rows is None:
        rows = [row._asdict() for row in await service.rows(guideline_rows(surface.row["contaminant_id"]))]
        service.memory.put(key, rows)
    return version, rows


async def limit_of(service: Service, surface: SurfaceCollection, given: Given) -> tuple[float, str] | None:
    """The limit in mg/kg that a request asks for, if it does, and the version of what it rests on.

    Raises `LimitError` for a guideline value that cannot be compared with the map.
    """
    number, guideline = given.number("limit"), given.text("guideline")
    check_assumptions(given.all("assume"))
    if number is None and guideline is None:
        return None
    version, rows = await guidelines_of(service, surface) if guideline else ("", ())
    limit = resolve_limit(rows, surface.context, limit=number, guideline=guideline, assume=given.all("assume"))
    return limit.mg_per_kg, f"-g{version}" if guideline else ""


@route(
    router,
    "/collections/{collection}/limits",
    "Guideline values, and whether this map can be compared with them",
    media=[JSON],
    parameters=[PARAMETERS["assume"]],
)
async def limits(request: Request) -> Response:
    """Every guideline value of the mapped contaminant, with what is missing where it is not assessable.

    None for maps that were derived from others: their values are no concentrations.
    """
    service = service_of(request)
    surface = await surface_of(service, request)
    given, _ = asked(request, JSON_ONLY, PARAMETERS["assume"])
    _, rows = ("", ()) if surface.derived else await guidelines_of(service, surface)
    entries = list_limits(rows, surface.context, given.all("assume"))
    return json_answer(request, {"limits": entries, "context": surface.context})


def _links(collection: Collection) -> Sequence[Link]:
    if not isinstance(collection, SurfaceCollection):
        return ()
    return (Link("related", f"collections/{collection.id}/limits", "Guideline values to compare with"),)


STANDARD = Standard(title="Limits", router=router, collection_links=_links)
