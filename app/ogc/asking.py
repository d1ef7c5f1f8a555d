"""What a request asks of a collection of features: rows, order, page, properties and reference system."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

from app.crs import CRS84, Crs, crs_called, offered
from app.http.service import Service
from app.ogc.catalogue import extent_of, selection_of
from app.ogc.collection import FeatureCollection
from app.ogc.cursor import parse_cursor
from app.problems import BadParameterError
from app.query import DEFAULT_LIMIT, MOST_ITEMS, PARAMETERS, Given, Parameter, parse_limit, parse_numbers
from db.filtering import Filter, Kind, Queryable, Queryables
from db.filtering.tree import Tree
from db.questions.layer import GEOMETRY, Layer, Look
from db.questions.order import By, Page
from db.selection import Selection

PAGING = ("limit", "cursor", "sortby")
CHOOSING = ("bbox", "bbox-crs", "datetime", "filter", "filter-lang", "filter-crs")
SHOWING = ("crs", "properties")
_SCHEMAS: Mapping[Kind, Mapping[str, Any]] = {
    Kind.TEXT: {"type": "string"},
    Kind.NUMBER: {"type": "number"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.TIMESTAMP: {"type": "string", "format": "date-time"},
    Kind.TEXTS: {"type": "array", "items": {"type": "string"}},
}
MOST_SORTED = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of features as a request wants it; `layer` are the rows that have all that is asked for."""

    layer: Layer
    selection: Selection
    page: Page
    look: Look
    crs: Crs


def schema_of(queryable: Queryable) -> dict[str, Any]:
    """The JSON schema of a property."""
    if queryable.kind is Kind.GEOMETRY:
        return {"format": "geometry-any", "x-ogc-role": "primary-geometry"}
    return dict(_SCHEMAS[queryable.kind])


@lru_cache(maxsize=256)
def properties_of(collection: FeatureCollection) -> Queryables:
    """All that features of a collection can be filtered, sorted and chosen by."""
    return (collection.widest or collection.layer(Selection())).queryables(Selection())


@lru_cache(maxsize=256)
def property_parameters(collection: FeatureCollection) -> tuple[Parameter, ...]:
    """Properties that are parameters of their own: a value that they must have."""
    return tuple(
        Parameter(name, f"Only features whose {name} is this.", schema_of(queryable))
        for name, queryable in properties_of(collection).items()
        if queryable.kind not in (Kind.GEOMETRY, Kind.TEXTS) and name not in (*PARAMETERS, *collection.filters)
    )


@lru_cache(maxsize=256)
def known_parameters(collection: FeatureCollection) -> tuple[Parameter, ...]:
    """What a request for items of a collection may carry."""
    named = (PARAMETERS[name] for name in (*CHOOSING, *PAGING, *SHOWING, *collection.filters))
    return (*named, *property_parameters(collection))


async def asked_of(
    service: Service, collection: FeatureCollection, given: Given, size: int = DEFAULT_LIMIT, most: int = MOST_ITEMS
) -> Asked:
    """What the parameters ask for, `size` features without a limit; raises `BadParameterError`."""
    elsewhere = any(given.text(name) for name in ("crs", "bbox-crs", "filter-crs"))
    systems = await systems_of(service, collection) if elsewhere else []
    crs = _crs(given, "crs", systems)
    selection = await selection_of(service, given, without=("bbox",) if _in_another(given, systems) else ())
    properties = properties_of(collection)
    order = given.parsed("sortby", partial(_order, properties)) or ()
    shown = given.parsed("properties", partial(_names, _showable(collection)))
    named = frozenset(by.name for by in order) | frozenset(shown or ())
    chosen = replace(selection, filter=_filter(given, systems, properties, collection), named=named)
    layer = collection.layer(chosen)
    missing = named - frozenset(layer.properties(chosen)) if named else named
    if missing:
        raise BadParameterError(
            "properties", f"properties: {', '.join(sorted(missing))} and the others exclude each other"
        )
    return Asked(layer, chosen, _page(given, order, size, most), Look(shown, as_wkb=crs != CRS84), crs)


async def systems_of(service: Service, collection: FeatureCollection) -> list[str]:
    """The addresses of the reference systems that a collection is given in."""
    return offered((await extent_of(service, collection)).box)


async def crs_asked(service: Service, collection: FeatureCollection, given: Given) -> Crs:
    """The reference system that an answer is asked for in."""
    return _crs(given, "crs", await systems_of(service, collection)) if given.text("crs") else CRS84


def _crs(given: Given, name: str, systems: Sequence[str]) -> Crs:
    """The system that a parameter names: one of the collection's list."""
    found = given.parsed(name, crs_called)
    if found is not None and found.uri not in systems:
        raise BadParameterError(name, f"{name}: {found.uri} is not in the list of this collection")
    return found or CRS84


def _in_another(given: Given, systems: Sequence[str]) -> bool:
    return _crs(given, "bbox-crs", systems) != CRS84


def _page(given: Given, order: tuple[By, ...], size: int, most: int) -> Page:
    place = given.parsed("cursor", parse_cursor)
    limit = given.parsed("limit", partial(parse_limit, most=most)) or size
    try:
        return Page(limit + 1, place, order)
    except ValueError:
        raise BadParameterError("cursor", "cursor is one of a request that was sorted in another way") from None


def _filter(
    given: Given, systems: Sequence[str], properties: Queryables, collection: FeatureCollection
) -> Filter | None:
    """The filter, the box of another system and the values of properties, all in one."""
    parts = [*_written(given, systems), *_box(given, systems), *_equal(given, properties, collection)]
    return Filter.both(*parts) if parts else None


def _written(given: Given, systems: Sequence[str]) -> Iterable[Filter]:
    text, crs = given.text("filter"), _crs(given, "filter-crs", systems)
    usual = "cql2-json" if text and text.lstrip().startswith("{") else "cql2-text"
    lang = given.parsed("filter-lang", _language) or usual
    if text is not None:
        yield Filter.parse(text, lang, srid=crs.srid, northing_first=crs.northing_first)


def _language(text: str) -> str:
    if text not in ("cql2-text", "cql2-json"):
        raise ValueError(f"filter-lang must be cql2-text or cql2-json, got {text[:40]!r}")
    return text


def _box(given: Given, systems: Sequence[str]) -> Iterable[Filter]:
    """A box of another system than CRS84 is a polygon in degrees; one with the latitude first is a box in them."""
    crs = _crs(given, "bbox-crs", systems)
    numbers = given.parsed("bbox", parse_numbers)
    if crs == CRS84 or numbers is None:
        return
    tree: Tree = {"op": "s_intersects", "args": [{"property": GEOMETRY}, {"bbox": list(numbers)}]}
    try:
        yield Filter.of(tree, srid=crs.srid, northing_first=crs.northing_first)
    except ValueError as error:
        raise BadParameterError("bbox", str(error).replace("filter:", "bbox:")) from None


def _equal(given: Given, properties: Queryables, collection: FeatureCollection) -> Iterable[Filter]:
    for parameter in property_parameters(collection):
        value = given.parsed(parameter.name, partial(_value, properties[parameter.name].kind))
        if value is not None:
            yield Filter.of({"op": "=", "args": [{"property": parameter.name}, value]})


def _value(kind: Kind, text: str) -> Tree:
    """The literal of a filter that a text stands for."""
    if kind is Kind.BOOLEAN and text in ("true", "false"):
        return text == "true"
    if kind is Kind.NUMBER:
        return parse_numbers(text, (1,))[0]
    if kind is Kind.BOOLEAN:
        raise ValueError(f"needs true or false, got {text[:40]!r}")
    return text if kind is Kind.TEXT else {"date" if kind is Kind.DATE else "timestamp": text}


def _order(properties: Queryables, text: str) -> tuple[By, ...]:
    """Names with commas between, `-` before one for the highest first."""
    found = [By(part.strip().lstrip("+-").strip(), part.strip().startswith("-")) for part in text.split(",")]
    sortable = [name for name, queryable in properties.items() if queryable.kind is not Kind.GEOMETRY]
    names = [by.name for by in found]
    if not set(names) <= set(sortable) or len(set(names)) < len(names) or len(names) > MOST_SORTED:
        raise ValueError(f"sortby needs up to {MOST_SORTED} different names out of {', '.join(sortable)}")
    return tuple(found)


@lru_cache(maxsize=256)
def _showable(collection: FeatureCollection) -> tuple[str, ...]:
    everything = Selection()
    plain = collection.layer(everything).properties(everything)
    return tuple({**plain, **(collection.widest.properties(everything) if collection.widest else {})})


def _names(known: Sequence[str], text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not set(names) <= set(known):
        raise ValueError(f"properties needs names out of {', '.join(known)}, got {text[:60]!r}")
    return names
