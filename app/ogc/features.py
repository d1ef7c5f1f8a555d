"""OGC API Features: pages of features by place, time, property and filter, in any order and reference system."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.crs import CRS84, Crs
from app.files import FILES
from app.http.answers import ASK_AGAIN, GEOJSON, HTML, Body, json_answer
from app.http.asked import asked
from app.http.pages import document_page, features_page
from app.http.service import Service, service_of
from app.ogc import geojson
from app.ogc.asking import CHOOSING, PAGING, SHOWING, Asked, asked_of, crs_asked, known_parameters
from app.ogc.catalogue import any_features
from app.ogc.collection import Collection, FeatureCollection
from app.ogc.counting import counts_of
from app.ogc.cursor import write_cursor
from app.ogc.downloads import file_answer
from app.ogc.geojson import MEASUREMENT, name_of
from app.ogc.link import Link, self_links
from app.ogc.sosa import JSON_LD, contaminant_called, observation
from app.ogc.standard import Standard, route
from app.problems import NotFoundError
from app.query import PARAMETERS, key_of
from db.questions import layer
from db.questions.layer import Layer, Look
from db.questions.order import Place
from db.questions.samples import MEASUREMENTS, SPECIMENS
from db.selection import Selection

router = APIRouter()
FORMATS: dict[str, str] = {"json": GEOJSON, "html": HTML}
FILTERS = ("contaminant", "dataset", "medium", "procedure", "basis")


@route(
    router,
    "/collections/{collection}/items",
    "A page of features",
    media=[GEOJSON, HTML, *(form.media_type for form in FILES.values())],
    parameters=[PARAMETERS[name] for name in (*CHOOSING, *PAGING, *SHOWING, *FILTERS)],
)
async def items(request: Request) -> Response:
    """Features in a fixed order, so that no page loses or repeats one while rows are added."""
    service = service_of(request)
    collection = await any_features(service, request)
    given, wanted = asked(request, FORMATS | _files_of(collection), *known_parameters(collection))
    if wanted in FILES:
        return await file_answer(service, collection, given, FILES[wanted])
    page = await asked_of(service, collection, given)
    found = await service.records(layer.page(page.layer, page.selection, page.page, page.look))
    counts = await counts_of(service, collection.id, page, len(found))
    rows, before, after = _turned(page, found)
    links = [*self_links(request, GEOJSON), *_file_links(request, collection)]
    links.append(_collection_link(collection).document(str(request.base_url)))
    links += _turns(request, rows, before=before, after=after)
    if wanted == "html":
        shown = [{"id": name_of(page.layer, row["id"]), "properties": orjson.loads(row["properties"])} for row in rows]
        return features_page(request, collection.title, shown, links, counts)
    body = geojson.collection(geojson.features(page.layer, rows, page.crs), links, counts)
    return _answer(request, body, page.crs)


def _files_of(collection: FeatureCollection) -> dict[str, str]:
    """The files that a collection can be had in."""
    placed = collection.layer(Selection()).geometry is not None
    return {key: form.media_type for key, form in FILES.items() if placed or not form.needs_geometry}


def _turned(page: Asked, found: geojson.Rows) -> tuple[geojson.Rows, bool, bool]:
    """The rows in their order, and whether there are more before and after them."""
    more, rows = len(found) == page.page.size, found[: page.page.size - 1]
    if page.page.backwards:
        return rows[::-1], more, True
    return rows, page.page.place is not None, more


def _file_links(request: Request, collection: FeatureCollection) -> list[dict[str, Any]]:
    """The same features as files: all of them, not only this page."""
    here = request.url.remove_query_params(["f", "limit", "cursor"])
    return [
        {"rel": "alternate", "type": kind, "title": f"All as {key}", "href": str(here.include_query_params(f=key))}
        for key, kind in _files_of(collection).items()
    ]


def _turns(request: Request, rows: geojson.Rows, *, before: bool, after: bool) -> list[dict[str, Any]]:
    """Links to the pages before and after."""
    ends = ((after, "next", -1, False, "The next page"), (before, "prev", 0, True, "The page before"))
    return [
        {"rel": rel, "type": GEOJSON, "title": title, "href": _turned_to(request, rows[end], backwards=backwards)}
        for there, rel, end, backwards, title in ends
        if there and rows
    ]


def _turned_to(request: Request, row: geojson.Record, *, backwards: bool) -> str:
    place = Place(row["id"], tuple(orjson.loads(row["sorted_by"])), backwards)
    return str(request.url.include_query_params(cursor=write_cursor(place)))


def _answer(request: Request, body: bytes, crs: Crs) -> Response:
    response = Body(body, GEOJSON).response(request, ASK_AGAIN)
    response.headers["Content-Crs"] = f"<{crs.uri}>"
    response.headers["Vary"] = "Accept, Accept-Encoding"
    return response


@route(
    router,
    "/collections/{collection}/items/{feature}",
    "One feature",
    media=[GEOJSON, HTML, JSON_LD],
    parameters=[PARAMETERS["crs"]],
)
async def item(request: Request) -> Response:
    """The feature with this id."""
    service = service_of(request)
    collection = await any_features(service, request)
    key = request.path_params["feature"]
    found, number = _read_name(collection, key)
    more = {"jsonld": JSON_LD} if found is MEASUREMENTS else {}
    given, wanted = asked(request, FORMATS | more, PARAMETERS["crs"])
    crs = await crs_asked(service, collection, given)
    look = Look(as_wkb=crs != CRS84 and wanted != "jsonld")
    one = layer.one(found, Selection(visibilities=service.visible), number, look) if found else None
    rows = [] if one is None else await service.records(one)
    if found is None or not rows:
        raise NotFoundError(f"{collection.id} has no feature {key[:40]!r}")
    links = [*self_links(request, GEOJSON), _collection_link(collection).document(str(request.base_url))]
    if wanted == "html":
        properties = orjson.loads(rows[0]["properties"])
        return document_page(request, f"{collection.title}: {key}", {"id": key, **properties, "links": links})
    if wanted == "jsonld":
        return await _observation(request, service, rows[0])
    return _answer(request, geojson.feature(found, rows[0], links, crs), crs)


async def _observation(request: Request, service: Service, row: geojson.Record) -> Response:
    """A measurement in the words of SOSA."""
    properties = orjson.loads(row["properties"])
    place = None if row["geometry"] is None else orjson.loads(row["geometry"])
    named = await service.row(contaminant_called(properties["contaminant"]))
    known = {} if named is None else named._asdict()
    address = str(request.url.remove_query_params("f"))
    return json_answer(request, observation(address, properties, place, known, str(request.base_url)), JSON_LD)


def _collection_link(collection: Collection) -> Link:
    return Link("collection", f"collections/{collection.id}", collection.title)


def _read_name(collection: FeatureCollection, name: str) -> tuple[Layer | None, int]:
    """The layer and key that the id of a feature stands for; no layer if it cannot be one."""
    plain = collection.layer(Selection())
    if plain is SPECIMENS and name.startswith(MEASUREMENT):
        plain, name = MEASUREMENTS, name.removeprefix(MEASUREMENT)
    key = key_of(name)
    return (None, 0) if key is None else (plain, key)


def _links(collection: Collection) -> Sequence[Link]:
    if not isinstance(collection, FeatureCollection):
        return ()
    root = f"collections/{collection.id}"
    return (
        Link("items", f"{root}/items", "Features as GeoJSON", GEOJSON),
        Link("items", f"{root}/items?f=html", "Features as a table", HTML),
        *(
            Link("items", f"{root}/items?f={key}", f"All features as {key}", media_type)
            for key, media_type in _files_of(collection).items()
        ),
    )


def _members(collection: Collection, _base: str) -> Mapping[str, Any]:
    if not isinstance(collection, FeatureCollection):
        return {}
    placed = collection.layer(Selection()).geometry is not None
    return {"itemType": "feature" if placed else "record", "storageCrs": CRS84.uri}


_CLASS = "http://www.opengis.net/spec/ogcapi-features-{}/1.0/conf/{}"

STANDARD = Standard(
    title="OGC API Features",
    router=router,
    conformance=(
        *(_CLASS.format(1, name) for name in ("core", "oas30", "geojson", "html")),
        _CLASS.format(2, "crs"),
    ),
    collection_links=_links,
    collection_members=_members,
)
