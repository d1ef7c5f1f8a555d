"""OGC API Environmental Data Retrieval: the value of a surface at a place, as CoverageJSON."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import COVERAGEJSON, json_answer
from app.http.asked import asked
from app.http.extent import CRS84
from app.http.service import service_of
from app.ogc.catalogue import surface_of
from app.ogc.collection import Collection, SurfaceCollection
from app.ogc.limits import LIMIT_PARAMETERS, limit_of
from app.ogc.link import Link
from app.ogc.showing import raster_of, read
from app.ogc.standard import Standard, route
from app.problems import BadParameterError
from app.query import PARAMETERS, Given, parse_point
from tiles.quantity import UNIT, Quantity
from tiles.raster import Raster

router = APIRouter()
PARAMETERS_HERE = (*(PARAMETERS[name] for name in ("coords", "parameter-name", "crs")), *LIMIT_PARAMETERS)
FORMATS = {"CoverageJSON": COVERAGEJSON, "json": COVERAGEJSON}
QUANTITIES: Mapping[str, Quantity] = {
    "expected": Quantity("expected"),
    "median": Quantity("median"),
    "sd": Quantity("sd"),
    "p05": Quantity("quantile", p=0.05),
    "p95": Quantity("quantile", p=0.95),
}


@route(
    router,
    "/collections/{collection}/position",
    "The distribution of a surface at a place",
    media=[COVERAGEJSON],
    parameters=PARAMETERS_HERE,
)
async def position(request: Request) -> Response:
    """Expected value, median, standard deviation and quantiles; null outside the map."""
    service = service_of(request)
    surface = await surface_of(service, request)
    given, _ = asked(request, FORMATS, *PARAMETERS_HERE)
    _check_system(given)
    place = given.parsed("coords", parse_point)
    if place is None:
        raise BadParameterError("coords", "coords is needed: POINT(longitude latitude)")
    limit = await limit_of(service, surface, given)
    quantities = _wanted(given, limit[0] if limit else None)
    values = await read(service, surface, partial(_values, raster_of(service, surface), place, quantities))
    return json_answer(request, _coverage(place, quantities, values), COVERAGEJSON)


def _check_system(given: Given) -> None:
    if given.text("crs") not in (None, CRS84, "CRS84", "OGC:CRS84"):
        raise BadParameterError("crs", f"crs must be {CRS84}, got {given.text('crs')!r}")


def _wanted(given: Given, limit: float | None) -> dict[str, Quantity]:
    """The quantities to answer, by the name of the parameter."""
    try:
        more = {} if limit is None else {"exceedance": Quantity("exceedance", limit=limit)}
    except ValueError as error:
        raise BadParameterError("limit", str(error)) from None
    known = {**QUANTITIES, **more}
    names = given.text("parameter-name")
    if names is None:
        return known
    chosen = {name: known[name] for name in names.split(",") if name in known}
    if len(chosen) < len(names.split(",")):
        listed = ", ".join(known)
        raise BadParameterError("parameter-name", f"parameter-name needs names out of {listed}, got {names!r}")
    return chosen


def _values(raster: Raster, place: tuple[float, float], quantities: Mapping[str, Quantity]) -> dict[str, float | None]:
    lon, lat = (np.array([degree]) for degree in place)
    bands = raster.bands_at(*raster.cells_at(lon, lat))
    values = {name: float(quantity.of(bands, raster.transform)[0]) for name, quantity in quantities.items()}
    return {name: value if np.isfinite(value) else None for name, value in values.items()}


def _coverage(
    place: tuple[float, float], quantities: Mapping[str, Quantity], values: Mapping[str, float | None]
) -> dict[str, Any]:
    """A coverage whose domain is one point (CoverageJSON 1.0)."""
    reference = {"coordinates": ["x", "y"], "system": {"type": "GeographicCRS", "id": CRS84}}
    return {
        "type": "Coverage",
        "domain": {
            "type": "Domain",
            "domainType": "Point",
            "axes": {"x": {"values": [place[0]]}, "y": {"values": [place[1]]}},
            "referencing": [reference],
        },
        "parameters": {name: _parameter(quantity) for name, quantity in quantities.items()},
        "ranges": {
            name: {"type": "NdArray", "dataType": "float", "axisNames": [], "shape": [], "values": [value]}
            for name, value in values.items()
        },
    }


def _parameter(quantity: Quantity) -> dict[str, Any]:
    symbol = "1" if quantity.name == "exceedance" else UNIT
    return {
        "type": "Parameter",
        "description": {"en": quantity.title},
        "observedProperty": {"label": {"en": quantity.title}},
        "unit": {"symbol": {"value": symbol, "type": "http://www.opengis.net/def/uom/UCUM/"}},
    }


def _links(collection: Collection) -> Sequence[Link]:
    if not isinstance(collection, SurfaceCollection):
        return ()
    return (Link("data", f"collections/{collection.id}/position", "The value at a place", COVERAGEJSON),)


def _members(collection: Collection, base: str) -> Mapping[str, Any]:
    if not isinstance(collection, SurfaceCollection):
        return {}
    link = {
        "href": f"{base}collections/{collection.id}/position?coords={{coords}}",
        "rel": "data",
        "templated": True,
        "type": COVERAGEJSON,
        "variables": {
            "title": "Value at a place",
            "query_type": "position",
            "coords": "POINT(longitude latitude)",
            "output_formats": ["CoverageJSON"],
            "default_output_format": "CoverageJSON",
            "crs_details": [{"crs": "CRS84", "wkt": CRS84}],
        },
    }
    return {
        "data_queries": {"position": {"link": link}},
        "output_formats": ["CoverageJSON"],
        "parameter_names": {name: _parameter(quantity) for name, quantity in QUANTITIES.items()},
    }


STANDARD = Standard(title="OGC API EDR", router=router, collection_members=_members)
