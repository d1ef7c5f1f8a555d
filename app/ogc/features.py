"""OGC API Features: pages of features by bounds, time, contaminant and data set."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import APIRouter
from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import GEOJSON, HTML, SCHEMA, json_answer
from app.http.asked import asked
from app.http.extent import CRS84
from app.http.pages import document_page, features_page
from app.http.service import Service, service_of
from app.ogc.catalogue import any_features, selection_of
from app.ogc.collection import Collection, FeatureCollection
from app.ogc.link import Link, self_links
from app.ogc.standard import Standard, route
from app.problems import NotFoundError
from app.query import DEFAULT_LIMIT, LARGEST_KEY, PARAMETERS, Parameter, parse_cursor, parse_limit, write_cursor
from db.questions import layer
from db.questions.layer import Layer
from db.questions.order import Page, Place
from db.questions.samples import MEASUREMENTS, SPECIMENS
from db.questions.vocabulary import dataset_names, measured_contaminants
from db.selection import Selection

router = APIRouter()
FORMATS: Mapping[str, str] = {"json": GEOJSON, "html": HTML}
PAGING = ("bbox", "datetime", "limit", "cursor")
FILTERS = ("contaminant", "dataset", "medium", "procedure", "basis")
_MEASUREMENT = "m"
"""Before the number of a measurement, whose features live in the same collection as the specimens."""
_KEY = re.compile(f"({_MEASUREMENT}?)([0-9]{{1,19}})", re.ASCII)


def known_parameters(collection: FeatureCollection) -> tuple[Parameter, ...]:
    """What a request for items of a collection may carry."""
    return tuple(PARAMETERS[name] for name in (*PAGING, *collection.filters))


@route(
    router,
    "/collections/{collection}/items",
    "A page of features",
    media=[GEOJSON, HTML],
    parameters=[PARAMETERS[name] for name in (*PAGING, *FILTERS)],
)
async def items(request: Request) -> Response:
    """Features in the order of their keys, so that no page loses or repeats one while rows are added."""
    service = service_of(request)
    collection = await any_features(service, request)
    given, wanted = asked(request, FORMATS, *known_parameters(collection))
    size = given.parsed("limit", parse_limit) or DEFAULT_LIMIT
    after = given.parsed("cursor", parse_cursor)
    selection = await selection_of(service, given)
    found = collection.layer(selection)
    rows = await service.rows(layer.page(found, selection, Page(size + 1, None if after is None else Place(after))))
    matched = await _matched(service, found, selection, rows, complete=after is None and len(rows) <= size)
    links = _page_links(request, collection, rows[size - 1].id if len(rows) > size else None)
    shown = rows[:size]
    if wanted == "html":
        features = [{"id": _name(found, row.id), "properties": orjson.loads(row.properties)} for row in shown]
        return features_page(request, collection.title, features, links, matched)
    document = {
        "type": "FeatureCollection",
        "features": [_feature(found, row) for row in shown],
        "numberMatched": matched,
        "numberReturned": len(shown),
        "timeStamp": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "links": links,
    }
    return json_answer(request, document, GEOJSON, {"Content-Crs": f"<{CRS84}>"})


@route(router, "/collections/{collection}/items/{feature}", "One feature", media=[GEOJSON, HTML])
async def item(request: Request) -> Response:
    """The feature with this id."""
    service = service_of(request)
    collection = await any_features(service, request)
    wanted = asked(request, FORMATS)[1]
    key = request.path_params["feature"]
    found, number = _read_name(collection, key)
    row = await service.row(layer.one(found, Selection(visibilities=service.visible), number)) if found else None
    if found is None or row is None:
        raise NotFoundError(f"{collection.id} has no feature {key!r}")
    links = [*self_links(request, GEOJSON), _collection_link(collection).document(str(request.base_url))]
    if wanted == "html":
        properties = orjson.loads(row.properties)
        return document_page(request, f"{collection.title}: {key}", {"id": key, **properties, "links": links})
    return json_answer(request, _feature(found, row) | {"links": links}, GEOJSON, {"Content-Crs": f"<{CRS84}>"})


@route(router, "/collections/{collection}/queryables", "What features can be filtered by", media=[SCHEMA, HTML])
async def queryables(request: Request) -> Response:
    """A JSON schema; the contaminants and data sets listed are those that occur."""
    service = service_of(request)
    collection = await any_features(service, request)
    wanted = asked(request, {"json": SCHEMA, "html": HTML})[1]
    everything = Selection(visibilities=service.visible)
    words = {
        "contaminant": [row.id for row in await service.rows(measured_contaminants(everything))],
        "dataset": [row.name for row in await service.rows(dataset_names(everything))],
    }
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{request.base_url}collections/{collection.id}/queryables",
        "type": "object",
        "title": collection.title,
        "properties": {
            name: {"type": "string", "title": PARAMETERS[name].description}
            | ({"enum": words[name]} if name in words else {})
            for name in collection.filters
        },
        "additionalProperties": False,
    }
    if wanted == "html":
        return document_page(request, f"{collection.title}: queryables", document)
    return json_answer(request, document, SCHEMA)


async def _matched(
    service: Service, found: Layer, selection: Selection, rows: Sequence[Row[Any]], *, complete: bool
) -> int:
    """How many features match; a first page that is the last one has counted them already."""
    if complete:
        return len(rows)
    row = await service.row(layer.count(found, selection))
    return int(row[0]) if row else 0


def _page_links(request: Request, collection: FeatureCollection, last: int | None) -> list[dict[str, Any]]:
    links = [*self_links(request, GEOJSON), _collection_link(collection).document(str(request.base_url))]
    if last is not None:
        address = str(request.url.include_query_params(cursor=write_cursor(last)))
        links.append({"rel": "next", "type": GEOJSON, "title": "The next page", "href": address})
    return links


def _collection_link(collection: Collection) -> Link:
    return Link("collection", f"collections/{collection.id}", collection.title)


def _feature(found: Layer, row: Row[Any]) -> dict[str, Any]:
    """A feature whose geometry and properties are taken as the JSON text that PostGIS wrote."""
    return {
        "type": "Feature",
        "id": _name(found, row.id),
        "geometry": None if row.geometry is None else orjson.Fragment(row.geometry),
        "properties": orjson.Fragment(row.properties),
    }


def _name(found: Layer, key: int) -> int | str:
    return f"{_MEASUREMENT}{key}" if found is MEASUREMENTS else key


def _read_name(collection: FeatureCollection, name: str) -> tuple[Layer | None, int]:
    """The layer and key that the id of a feature stands for; no layer if it cannot be one."""
    parts = _KEY.fullmatch(name)
    if not parts or int(parts[2]) > LARGEST_KEY:
        return None, 0
    plain = collection.layer(Selection())
    if parts[1]:
        return (MEASUREMENTS if plain is SPECIMENS else None), int(parts[2])
    return plain, int(parts[2])


def _links(collection: Collection) -> Sequence[Link]:
    if not isinstance(collection, FeatureCollection):
        return ()
    root = f"collections/{collection.id}"
    return (
        Link("items", f"{root}/items", "Features as GeoJSON", GEOJSON),
        Link("items", f"{root}/items?f=html", "Features as a table", HTML),
        Link("http://www.opengis.net/def/rel/ogc/1.0/queryables", f"{root}/queryables", "Queryables", SCHEMA),
    )


def _members(collection: Collection, _base: str) -> Mapping[str, Any]:
    return {"itemType": "feature", "storageCrs": CRS84} if isinstance(collection, FeatureCollection) else {}


_CLASS = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{}"

STANDARD = Standard(
    title="OGC API Features",
    router=router,
    conformance=tuple(_CLASS.format(name) for name in ("core", "geojson")),
    collection_links=_links,
    collection_members=_members,
)
