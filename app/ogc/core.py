"""OGC API Common: landing page, conformance, the definition of the API, and the collections."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from app.crs import offered
from app.http.answers import ASK_AGAIN, HTML, JSON, OPENAPI, OPENAPI_3_0, agreed_format, json_answer
from app.http.asked import asked
from app.http.extent import CRS84
from app.http.pages import document_page
from app.http.service import Service, service_of
from app.http.static import CLIENT
from app.ogc.catalogue import all_collections, any_collection, extent_of
from app.ogc.collection import Collection, FeatureCollection, SurfaceCollection
from app.ogc.credit import credit_of
from app.ogc.edr.observed import observed
from app.ogc.link import Link, documents, self_links
from app.ogc.openapi import as_3_0, definition, summary
from app.ogc.standard import Standard, route
from app.problems import UnavailableError

router = APIRouter()
FORMATS: Mapping[str, str] = {"json": JSON, "html": HTML}

TITLE = "Edaphos"
DESCRIPTION = "Soil pollution: samples, sources, guideline values, and maps with their uncertainty."


def _standards(request: Request) -> Sequence[Standard]:
    standards: Sequence[Standard] = request.app.state.standards
    return standards


def _answer(request: Request, title: str, document: Mapping[str, Any]) -> Response:
    """A document in the format that was agreed on."""
    if asked(request, FORMATS)[1] == "html":
        return document_page(request, title, document)
    return json_answer(request, document)


@route(router, "/", "The map for browsers, the landing page for programs", media=[JSON, HTML])
async def landing_page(request: Request) -> Response:
    """What the service offers."""
    if agreed_format(request, request.query_params.get("f"), FORMATS) == "html":
        return _map_page()
    asked(request, FORMATS)
    links = [link for standard in _standards(request) for link in standard.landing_links]
    document = {
        "title": TITLE,
        "description": DESCRIPTION,
        "links": [*self_links(request), *documents(links, str(request.base_url))],
    }
    return json_answer(request, document)


def _map_page() -> Response:
    page = CLIENT / "index.html"
    if not page.is_file():
        raise UnavailableError("the map page is not installed; /collections?f=html shows the data")
    return FileResponse(page, headers={"Cache-Control": ASK_AGAIN, "Vary": "Accept"})


@route(router, "/conformance", "The classes of standards that are met", media=[JSON, HTML])
async def conformance(request: Request) -> Response:
    """Computed from the standards that are mounted."""
    classes = [uri for standard in _standards(request) for uri in standard.conformance]
    return _answer(request, "Conformance", {"conformsTo": sorted(set(classes))})


@route(router, "/api", "The definition of this API", media=[OPENAPI, OPENAPI_3_0, HTML])
async def api_definition(request: Request) -> Response:
    """OpenAPI 3.1, or 3.0 for who asks for that."""
    older = "version=3.0" in request.headers.get("accept", "")
    formats = {"json": OPENAPI, "openapi30": OPENAPI_3_0, "html": HTML}
    wanted = asked(request, formats)[1]
    document = definition(request.app, str(request.base_url))
    if wanted == "html":
        return document_page(request, "The definition of this API", summary(document))
    if wanted == "openapi30" or (older and "f" not in request.query_params):
        return json_answer(request, as_3_0(document), OPENAPI_3_0)
    return json_answer(request, document, OPENAPI)


@route(router, "/collections", "The collections", media=[JSON, HTML])
async def collections(request: Request) -> Response:
    """All that may be seen."""
    service = service_of(request)
    found = await all_collections(service)
    described = await asyncio.gather(*(_described(request, service, collection) for collection in found))
    document = {"links": [*self_links(request)], "collections": described, "crs": [CRS84]}
    return _answer(request, "Collections", document)


@route(router, "/collections/{collection}", "One collection", media=[JSON, HTML])
async def collection(request: Request) -> Response:
    """Its extent and where its data are."""
    service = service_of(request)
    found = await any_collection(service, request)
    return _answer(request, found.title, await _described(request, service, found))


async def _described(request: Request, service: Service, found: Collection) -> dict[str, Any]:
    base, standards = str(request.base_url), _standards(request)
    links = [Link("self", f"collections/{found.id}?f=json", "This collection")]
    links += [Link("alternate", f"collections/{found.id}?f=html", "This collection as HTML", HTML)]
    links += [link for standard in standards for link in standard.collection_links(found)]
    extent = await extent_of(service, found)
    document: dict[str, Any] = {
        "id": found.id,
        "title": found.title,
        "description": found.description,
        "extent": extent.document(),
        "links": documents(links, base),
    }
    for standard in standards:
        document |= standard.collection_members(found, base)
    document |= await observed(service, found)
    document["crs"] = offered(extent.box) if isinstance(found, FeatureCollection) else [CRS84]
    return document | _surface_members(found) | await credit_of(service, found)


def _surface_members(found: Collection) -> dict[str, Any]:
    """What a user of a map must know about it."""
    if not isinstance(found, SurfaceCollection):
        return {}
    row = found.row
    return {
        "layerDataType": "Coverage",  # or GDAL's driver for features asks for its items
        "contaminant": row["contaminant_id"],
        "quantity": row["quantity"],
        "unit": None if found.derived else "mg/kg",
        "method": row["method"],
        "scores": row["scores"],
        "version": row["version"],
        "created": row["created_at"],
        "cell_m": row["cell_m"],
        "grid_crs": row["crs"],
        "context": found.context,
        "datasets": row["parameters"].get("datasets", []),
    }


_COMMON = "http://www.opengis.net/spec/ogcapi-common-{}/1.0/conf/{}"

CORE = Standard(
    title="OGC API Common",
    router=router,
    conformance=(
        *(_COMMON.format(1, name) for name in ("core", "landing-page", "json", "html", "oas30")),
        *(_COMMON.format(2, name) for name in ("collections", "simple-query", "json", "html")),
    ),
    landing_links=(
        Link("service-desc", "api", "The definition of this API", OPENAPI),
        Link("service-desc", "api?f=openapi30", "The same in OpenAPI 3.0", OPENAPI_3_0),
        Link("service-doc", "api?f=html", "The definition of this API, to read", HTML),
        Link("conformance", "conformance", "The classes of standards that are met"),
        Link("data", "collections", "The collections"),
        Link("alternate", "?f=html", "The map", HTML),
    ),
)
