"""OGC API Features 3 and CQL2: what features can be filtered by, and how."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import HTML, JSON, SCHEMA, json_answer
from app.http.asked import asked
from app.http.pages import document_page
from app.http.service import Service, service_of
from app.ogc.asking import properties_of, schema_of
from app.ogc.catalogue import any_features
from app.ogc.collection import Collection, FeatureCollection
from app.ogc.link import Link, documents
from app.ogc.standard import Standard, route
from app.query import PARAMETERS
from db.filtering import FUNCTIONS, Kind
from db.questions.vocabulary import dataset_names, measured_contaminants
from db.selection import Selection

router = APIRouter()
_TYPES: Mapping[Kind, str] = {Kind.TEXT: "string", Kind.NUMBER: "number"}


@route(router, "/collections/{collection}/queryables", "What features can be filtered by", media=[SCHEMA, HTML])
async def queryables(request: Request) -> Response:
    """A JSON schema of all properties that filters know; the contaminants and datasets listed are those that occur."""
    service = service_of(request)
    collection = await any_features(service, request)
    wanted = asked(request, {"json": SCHEMA, "html": HTML})[1]
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{request.base_url}collections/{collection.id}/queryables",
        "type": "object",
        "title": collection.title,
        "properties": await _properties(service, collection),
        "additionalProperties": False,
    }
    if wanted == "html":
        return document_page(request, f"{collection.title}: queryables", document)
    return json_answer(request, document, SCHEMA)


async def _properties(service: Service, collection: FeatureCollection) -> dict[str, dict[str, Any]]:
    """The queryables with their types; parameters of the request that are none of them are words to ask by, too."""
    everything = Selection(visibilities=service.visible)
    words = {
        "contaminant": [row.id for row in await service.rows(measured_contaminants(everything))],
        "dataset": [row.name for row in await service.rows(dataset_names(everything))],
    }
    found = {name: schema_of(queryable) for name, queryable in properties_of(collection).items()}
    titles = {name: {"title": PARAMETERS[name].description} for name in found if name in collection.filters}
    enums = {name: {"enum": values} for name, values in words.items() if name in found and values}
    return {name: schema | titles.get(name, {}) | enums.get(name, {}) for name, schema in found.items()}


@route(router, "/functions", "The functions that filters may use", media=[JSON, HTML])
async def functions(request: Request) -> Response:
    """Name, argument and result of each, besides those that CQL2 has itself."""
    wanted = asked(request, {"json": JSON, "html": HTML})[1]
    document = {
        "functions": [
            {
                "name": function.name,
                "description": function.description,
                "arguments": [{"title": "value", "type": [_TYPES[function.takes]]}],
                "returns": [_TYPES[function.gives]],
            }
            for function in FUNCTIONS.values()
            if function.name not in ("casei", "accenti")
        ],
        "links": documents([Link("self", "functions", "The functions that filters may use")], str(request.base_url)),
    }
    return document_page(request, "Functions", document) if wanted == "html" else json_answer(request, document)


_RELATION = "http://www.opengis.net/def/rel/ogc/1.0/{}"


def _links(collection: Collection) -> Sequence[Link]:
    if not isinstance(collection, FeatureCollection):
        return ()
    root = f"collections/{collection.id}/queryables"
    return (
        Link(_RELATION.format("queryables"), root, "Queryables", SCHEMA),
        Link(_RELATION.format("queryables"), f"{root}?f=html", "Queryables as HTML", HTML),
    )


_FILTERING = ("queryables", "queryables-query-parameters", "filter", "features-filter")
_CQL2 = (
    *("cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison"),
    *("accent-insensitive-comparison", "basic-spatial-functions", "basic-spatial-functions-plus", "spatial-functions"),
    *("temporal-functions", "array-functions", "property-property", "functions", "arithmetic"),
)

STANDARD = Standard(
    title="Filtering",
    router=router,
    conformance=(
        *(f"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/{name}" for name in _FILTERING),
        *(f"http://www.opengis.net/spec/cql2/1.0/conf/{name}" for name in _CQL2),
    ),
    landing_links=(Link(_RELATION.format("functions"), "functions", "The functions that filters may use"),),
    collection_links=_links,
)
