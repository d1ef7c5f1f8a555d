"""The definition of the API: what the routes say of themselves, with the names, answers and addresses of OGC's API."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI

from app.files import FILES
from app.http.answers import GEOJSON, HTML, JSON, OPENAPI, OPENAPI_3_0, SCHEMA
from app.ogc.asking import known_parameters
from app.ogc.collection import FEATURES
from app.ogc.sosa import JSON_LD
from app.problems import MEDIA_TYPE
from app.query import PARAMETERS

Document = dict[str, Any]

_OGC_NAMES = MappingProxyType(
    {
        "collection": "collectionId",
        "feature": "featureId",
        "location": "locId",
        "process": "processID",
        "job": "jobID",
        "z": "tileMatrix",
        "row": "tileRow",
        "column": "tileCol",
    }
)
"""What the standards call the parts of a path that are named more shortly in the program."""
_TELLS_IN_XML = frozenset({"Web Map Service", "Web Map Tile Service"})
"""Standards that are older than problem documents."""
_KEYS = MappingProxyType(
    {JSON: "json", GEOJSON: "json", SCHEMA: "json", HTML: "html", OPENAPI: "json", OPENAPI_3_0: "openapi30"}
    | {form.media_type: form.key for form in FILES.values()}
    | {JSON_LD: "jsonld"}
)
_BRACES = re.compile(r"{(\w+)}")
_ITEMS = "/collections/{collectionId}/items"


def definition(app: FastAPI, base: str) -> Document:
    """OpenAPI 3.1 of a service at an address."""
    plain = app.openapi()
    paths = {_in_ogc_words(path): _path(item) for path, item in plain["paths"].items()}
    components = {**plain.get("components", {}), "schemas": SCHEMAS}
    server = {"url": base.rstrip("/")}
    return {**plain, "servers": [server], "paths": paths | _items_paths(paths[_ITEMS]), "components": components}


def _in_ogc_words(path: str) -> str:
    return _BRACES.sub(lambda found: f"{{{_OGC_NAMES.get(found[1], found[1])}}}", path)


def _path(item: Mapping[str, Document]) -> Document:
    return {method: _operation(operation) for method, operation in item.items()}


def _operation(operation: Document) -> Document:
    """With OGC's names for its path, and a schema for each of its answers."""
    keys = _format_keys(operation)
    parameters = [_parameter(parameter, keys) for parameter in operation.get("parameters", [])]
    responses = {status: _response(response) for status, response in operation["responses"].items()}
    if _TELLS_IN_XML & set(operation.get("tags", [])):
        responses["default"]["content"]["text/xml"] = {"schema": {"type": "string"}}
    return {**operation, "parameters": parameters, "responses": responses}


def _format_keys(operation: Document) -> list[str]:
    """What `f` may be, where that follows from what is answered."""
    kinds = operation["responses"].get("200", {}).get("content", {})
    keys = [_KEYS.get(kind, "") for kind in kinds]
    return list(dict.fromkeys(keys)) if all(keys) else []


def _parameter(parameter: Document, keys: list[str]) -> Document:
    if parameter["name"] == "f" and keys:
        return {**parameter, "schema": {"type": "string", "enum": keys}}
    if parameter["in"] != "path":
        return parameter
    return {**parameter, "name": _OGC_NAMES.get(parameter["name"], parameter["name"])}


def _response(response: Document) -> Document:
    if "content" not in response:
        return response
    content = {kind: content or {"schema": _schema_of(kind)} for kind, content in response["content"].items()}
    return {**response, "content": content}


def _schema_of(media_type: str) -> Document:
    """What an answer of a media type is."""
    plain = media_type.split(";", maxsplit=1)[0]
    if plain in _NAMED:
        return {"$ref": f"#/components/schemas/{_NAMED[plain]}"}
    if plain.endswith("json"):
        return {"type": "object"}
    return {"type": "string"} if plain.startswith("text/") else {"type": "string", "format": "binary"}


def _items_paths(templated: Document) -> Document:
    """The items of each collection that always exists, with the parameters that its properties are."""
    return {
        f"/collections/{collection.id}/items": {
            "get": {
                **templated["get"],
                "operationId": f"items_{collection.id}".replace("-", "_"),
                "summary": f"A page of features of {collection.title.lower()}",
                "parameters": [parameter.document() for parameter in (*known_parameters(collection), PARAMETERS["f"])],
            }
        }
        for collection in FEATURES.values()
    }


def summary(document: Document) -> Document:
    """The paths and what they answer, in a sentence each, for people."""
    operations = {
        f"{method.upper()} {path}": f"{operation['summary']}. {_told(operation)}"
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    return {"openapi": document["openapi"], "version": document["info"]["version"], "operations": operations}


def _told(operation: Document) -> str:
    names = [parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"]
    return f"Parameters: {', '.join(names)}." if names else ""


def as_3_0(document: Document) -> Document:
    """The same in OpenAPI 3.0, which clients and validators of older standards ask for."""
    older: Document = _older({**document, "openapi": "3.0.3"})
    return older


def _older(part: Any) -> Any:
    if isinstance(part, list):
        return [_older(value) for value in part]
    if not isinstance(part, dict):
        return part
    told = {name: _older(value) for name, value in part.items()}
    for end in ("inimum", "aximum"):
        bound = told.get(f"exclusiveM{end}")
        if isinstance(bound, int | float) and not isinstance(bound, bool):
            told |= {f"m{end}": bound, f"exclusiveM{end}": True}
    if isinstance(told.get("type"), list):
        kinds = [kind for kind in told["type"] if kind != "null"]
        told |= {"type": kinds[0]} | ({"nullable": True} if len(kinds) < len(told["type"]) else {})
    if "const" in told and isinstance(told["const"], str):
        told["enum"] = [told.pop("const")]
    return told


def _object(required: tuple[str, ...], **properties: Document) -> Document:
    return {"type": "object", "required": list(required), "properties": properties}


def _list_of(name: str) -> Document:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


_TEXT: Document = {"type": "string"}
_NAMED: Mapping[str, str] = MappingProxyType({"application/geo+json": "GeoJSON", MEDIA_TYPE: "Problem"})
SCHEMAS: Document = {
    "Link": _object(("href", "rel"), href=_TEXT, rel=_TEXT, type=_TEXT, title=_TEXT, templated={"type": "boolean"}),
    "Problem": _object(
        ("type", "title", "status"),
        type=_TEXT,
        title=_TEXT,
        status={"type": "integer"},
        code=_TEXT,
        detail=_TEXT,
        parameter=_TEXT | {"description": "The parameter of the request that is wrong."},
        instance=_TEXT,
    ),
    "GeoJSON": _object(
        ("type",),
        type={"type": "string", "enum": ["FeatureCollection", "Feature"]},
        id={"oneOf": [{"type": "integer"}, _TEXT]},
        properties={"type": "object"},
        features={"type": "array", "items": {"type": "object"}},
        numberMatched={"type": "integer", "minimum": 0},
        numberEstimated={"type": "integer", "minimum": 0},
        numberReturned={"type": "integer", "minimum": 0},
        timeStamp={"type": "string", "format": "date-time"},
        links=_list_of("Link"),
    ),
}
