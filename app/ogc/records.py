"""OGC API Records: a catalogue of datasets, maps, layers and vocabularies, searched by word, place, time and name."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import ASK_AGAIN, GEOJSON, HTML, JSON, Body, json_answer
from app.http.asked import asked
from app.http.pages import document_page, features_page
from app.http.service import service_of
from app.ogc.collection import RECORDS, Collection
from app.ogc.link import Link, documents, self_links
from app.ogc.standard import Standard, route
from app.problems import BadParameterError, NotFoundError
from app.query import DEFAULT_LIMIT, PARAMETERS, Given, Parameter, parse_bounds, parse_limit, parse_period
from app.records.gathering import all_records
from app.records.record import TYPES, Record, polygon_of
from app.records.told import STAC_VERSION, as_dcat, as_iso, as_stac

router = APIRouter()
JSON_LD, XML = "application/ld+json", "application/xml"
FORMATS: Mapping[str, str] = {"json": GEOJSON, "html": HTML}
OF_ONE: Mapping[str, str] = {**FORMATS, "jsonld": JSON_LD, "xml": XML}
_TEXTS = {"type": "array", "items": {"type": "string"}}
SEARCH = (
    *(PARAMETERS[name] for name in ("bbox", "datetime", "limit", "cursor")),
    Parameter("q", "Words to look for; those with a comma between are alternatives.", _TEXTS),
    Parameter("type", f"Only records of these types: {', '.join(TYPES)}.", _TEXTS),
    Parameter("ids", "Only records of these ids.", _TEXTS),
    Parameter("externalIds", "Only records that others know by these names: of a dataset, or a CAS number.", _TEXTS),
)
HERE = f"collections/{RECORDS.id}"
_CLASS = "http://www.opengis.net/spec/ogcapi-records-1/1.0/{}/{}"
CLASSES = (
    *("record-core", "record-collection", "record-core-query-parameters", "searchable-catalog"),
    *("json", "html"),
)


@route(router, f"/{HERE}/items", "Records of what there is", media=[GEOJSON, HTML], parameters=SEARCH)
async def records(request: Request) -> Response:
    """In the order of their ids, page by page."""
    given, wanted = asked(request, FORMATS, *SEARCH)
    found = _chosen(await all_records(service_of(request)), given)
    size, after = given.parsed("limit", parse_limit) or DEFAULT_LIMIT, given.text("cursor") or ""
    rest = [record for record in found if record.id > after]
    shown, base = rest[:size], str(request.base_url)
    links = [*self_links(request, GEOJSON), Link("collection", HERE, RECORDS.title).document(base)]
    if len(rest) > size:
        address = str(request.url.include_query_params(cursor=shown[-1].id))
        links.append({"rel": "next", "type": GEOJSON, "title": "The next page", "href": address})
    if wanted == "html":
        return features_page(request, RECORDS.title, list(map(_line, shown)), links, {"numberMatched": len(found)})
    features = [_feature(record, base) for record in shown]
    document = {
        "type": "FeatureCollection",
        "features": features,
        "numberMatched": len(found),
        "numberReturned": len(shown),
        "timeStamp": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "links": links,
    }
    return json_answer(request, document, GEOJSON)


@route(router, f"/{HERE}/items/{{record}}", "One record", media=[GEOJSON, HTML, JSON_LD, XML])
async def record(request: Request) -> Response:
    """As GeoJSON, as a page, as DCAT or as ISO 19139."""
    wanted = asked(request, OF_ONE)[1]
    found, base = await _record(request, "record"), str(request.base_url)
    if wanted == "xml":
        return Body(as_iso(found, base), XML).response(request, ASK_AGAIN)
    if wanted == "jsonld":
        return json_answer(request, as_dcat(found, base), JSON_LD)
    links = [*self_links(request, GEOJSON), *(_told_otherwise(found, base)), *documents(found.links, base)]
    if wanted == "html":
        return document_page(request, found.title, {"id": found.id, **_properties(found), "links": links})
    return json_answer(request, _feature(found, base) | {"links": links}, GEOJSON)


def _told_otherwise(found: Record, base: str) -> list[dict[str, Any]]:
    here = f"{HERE}/items/{found.id}"
    kinds = ((f"{here}?f=jsonld", "DCAT", JSON_LD), (f"{here}?f=xml", "ISO 19139", XML))
    links = [Link("alternate", address, f"This record as {title}", kind) for address, title, kind in kinds]
    return documents([*links, Link("collection", HERE, RECORDS.title)], base)


@route(router, "/stac", "The maps as a catalogue of STAC", media=[JSON, HTML])
async def stac(request: Request) -> Response:
    """Every map is an item."""
    wanted, base = asked(request, {"json": JSON, "html": HTML})[1], str(request.base_url)
    maps = [record for record in await all_records(service_of(request)) if record.type == "map"]
    links = [Link(rel, "stac", "This catalogue") for rel in ("self", "root")]
    links += [Link("item", f"stac/items/{each.id}", each.title, GEOJSON) for each in maps]
    document = {
        "type": "Catalog",
        "stac_version": STAC_VERSION,
        "id": "edaphos-maps",
        "title": "Maps",
        "description": "Maps of soil pollution with their uncertainty.",
        "links": documents(links, base),
    }
    return document_page(request, "Maps", document) if wanted == "html" else json_answer(request, document)


@route(router, "/stac/items/{item}", "A map as an item of STAC", media=[GEOJSON])
async def stac_item(request: Request) -> Response:
    """With its files as assets."""
    asked(request, {"json": GEOJSON})
    found = await _record(request, "item")
    if found.type != "map":
        raise NotFoundError(f"the record {found.id} is no map")
    return json_answer(request, as_stac(found, str(request.base_url)), GEOJSON)


async def _record(request: Request, name: str) -> Record:
    key = request.path_params[name]
    found = next((each for each in await all_records(service_of(request)) if each.id == key), None)
    if found is None:
        raise NotFoundError(f"there is no record {key[:60]!r}")
    return found


def _chosen(found: Sequence[Record], given: Given) -> list[Record]:
    """Those that every parameter lets through."""
    bounds, period = given.parsed("bbox", parse_bounds), given.parsed("datetime", parse_period)
    words, types, ids, external = (_texts(given, name) for name in ("q", "type", "ids", "externalIds"))
    for kind in types:
        if kind not in TYPES:
            raise BadParameterError("type", f"type must be one of {', '.join(TYPES)}, got {kind[:60]!r}")
    return [
        record
        for record in found
        if (not types or record.type in types)
        and (not ids or record.id in ids)
        and (not external or set(external) & set(record.external))
        and (not words or record.is_about(words))
        and (bounds is None or record.lies_in(bounds))
        and (period is None or record.falls_in(period))
    ]


def _texts(given: Given, name: str) -> tuple[str, ...]:
    text = given.text(name)
    return () if text is None else tuple(part.strip() for part in text.split(",") if part.strip())


def _feature(record: Record, base: str) -> dict[str, Any]:
    days = record.period or (None, None)
    time = {"interval": [".." if day is None else day.isoformat() for day in days]} if record.period else None
    return {
        "type": "Feature",
        "id": record.id,
        "conformsTo": [_CLASS.format("conf", "record-core")],
        "time": time,
        "geometry": None if record.box is None else polygon_of(record.box),
        "properties": _properties(record),
        "links": documents(record.links, base),
    }


def _line(record: Record) -> dict[str, Any]:
    """A record in a table."""
    told = {"type": record.type, "title": record.title, "description": record.description}
    return {"id": record.id, "properties": {**told, "licence": record.licence, "provider": record.provider}}


def _properties(record: Record) -> dict[str, Any]:
    email = [{"value": record.contact}] if record.contact else []
    members = {
        "type": record.type,
        "title": record.title,
        "description": record.description,
        "keywords": list(record.keywords),
        "language": {"code": "en"},
        "updated": record.updated,
        "license": record.licence,
        "contacts": [{"organization": record.provider, "emails": email, "roles": ["publisher"]}],
        "externalIds": [{"value": name} for name in record.external],
        "lineage": record.lineage,
    }
    return {name: value for name, value in members.items() if value is not None}


def _links(collection: Collection) -> Sequence[Link]:
    if collection is not RECORDS:
        return ()
    return (
        Link("items", f"{HERE}/items", "Records", GEOJSON),
        Link("items", f"{HERE}/items?f=html", "Records as a table", HTML),
    )


def _members(collection: Collection, _base: str) -> Mapping[str, Any]:
    return {"itemType": "record"} if collection is RECORDS else {}


STANDARD = Standard(
    title="OGC API Records",
    router=router,
    conformance=tuple(
        _CLASS.format("conf", name)
        for name in (
            "record-core",
            "record-collection",
            "record-core-query-parameters",
            "searchable-catalog",
            "json",
            "html",
        )
    ),
    landing_links=(
        Link("http://www.opengis.net/def/rel/ogc/1.0/ogc-catalog", HERE, "The catalogue"),
        Link("child", "stac", "The maps as a catalogue of STAC"),
    ),
    collection_links=_links,
    collection_members=_members,
)
