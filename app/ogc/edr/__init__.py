"""OGC API Environmental Data Retrieval: surfaces and measurements asked by place, line, area and depth."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.http.answers import COVERAGEJSON, GEOJSON
from app.http.extent import CRS84
from app.ogc.collection import Collection, SurfaceCollection
from app.ogc.edr.covjson import of_shown
from app.ogc.edr.parameters import UNITS
from app.ogc.edr.routes import MEASUREMENTS, router
from app.ogc.link import Link
from app.ogc.showing import fields_of
from app.ogc.standard import Standard

OUTPUT = ("CoverageJSON", "GeoJSON", "CSV")
SHAPES = {
    "position": "POINT(longitude latitude)",
    "radius": "POINT(longitude latitude)",
    "area": "POLYGON((longitude latitude, …))",
    "cube": None,
    "trajectory": "LINESTRING(longitude latitude, …)",
    "corridor": "LINESTRING(longitude latitude, …)",
}
OF_SURFACES = ("position", "radius", "area", "cube", "trajectory", "corridor")
OF_MEASUREMENTS = ("position", "radius", "area", "cube", "corridor", "locations", "items")
_LENGTHS = list(UNITS)
_MORE: Mapping[str, Mapping[str, Any]] = {
    "radius": {"within_units": _LENGTHS},
    "corridor": {"width_units": _LENGTHS, "height_units": _LENGTHS},
    "cube": {"height_units": ["cm"]},
    "items": {"output_formats": ["GeoJSON"], "default_output_format": "GeoJSON"},
    "locations": {"default_output_format": "CoverageJSON"},
}


def _query(collection: Collection, name: str, base: str) -> dict[str, Any]:
    coords = SHAPES.get(name)
    address = f"{base}collections/{collection.id}/{name}"
    variables: dict[str, Any] = {
        "title": name.capitalize(),
        "query_type": name,
        "output_formats": list(OUTPUT),
        "default_output_format": "CoverageJSON",
        "crs_details": [{"crs": "CRS84", "wkt": _WKT}],
    }
    variables |= {"coords": coords} if coords else {}
    variables |= _MORE.get(name, {})
    return {
        "link": {
            "href": address,
            "rel": "items" if name in ("items", "locations") else "data",
            "type": GEOJSON if name in ("items", "locations") else COVERAGEJSON,
            "variables": variables,
        }
    }


_WKT = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],'
    'UNIT["degree",0.0174532925199433],AXIS["Longitude",EAST],AXIS["Latitude",NORTH]]'
)


def _members(collection: Collection, base: str) -> Mapping[str, Any]:
    names = _queries_of(collection)
    if not names:
        return {}
    members: dict[str, Any] = {
        "data_queries": {name: _query(collection, name, base) for name in names},
        "output_formats": list(OUTPUT),
        "crs": [CRS84],
    }
    if isinstance(collection, SurfaceCollection):
        members["parameter_names"] = of_shown(fields_of(collection))
    return members


def _queries_of(collection: Collection) -> Sequence[str]:
    if isinstance(collection, SurfaceCollection):
        return OF_SURFACES
    return OF_MEASUREMENTS if collection.id == MEASUREMENTS else ()


def _links(collection: Collection) -> Sequence[Link]:
    return tuple(
        Link(
            f"http://www.opengis.net/def/rel/ogc/1.0/{name}",
            f"collections/{collection.id}/{name}",
            name.capitalize(),
            GEOJSON if name == "locations" else COVERAGEJSON,
        )
        for name in _queries_of(collection)
        if name not in ("items", "trajectory", "corridor")
    )


_CLASSES = ("core", "collections", "json", "geojson", "edr-geojson", "covjson", "oas30", "html", "queries")

STANDARD = Standard(
    title="OGC API Environmental Data Retrieval",
    router=router,
    conformance=tuple(
        f"http://www.opengis.net/spec/ogcapi-edr-1/{version}/conf/{name}"
        for version in ("1.0", "1.1")
        for name in _CLASSES
    ),
    collection_links=_links,
    collection_members=_members,
)
