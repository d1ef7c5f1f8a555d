"""OGC API Coverages: surfaces as grids of values, whole or in part, as fine or coarse as asked, and as stored."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from app.http.answers import ASK_AGAIN, COVERAGEJSON, GEOTIFF, JSON, Body, json_answer
from app.http.asked import JSON_ONLY, asked
from app.http.extent import CRS84
from app.http.service import Service, service_of
from app.ogc.catalogue import surface_of
from app.ogc.collection import Collection, SurfaceCollection
from app.ogc.coverage_grid import GRID, MOST_PIXELS, grid_of, whole_grid
from app.ogc.edr import covjson
from app.ogc.limits import LIMIT_PARAMETERS
from app.ogc.link import Link, self_links
from app.ogc.showing import chosen_fields, fields_of, raster_of, read
from app.ogc.standard import Standard, route
from app.problems import TooLargeError, UnavailableError
from app.query import Parameter
from tiles.images import geotiff
from tiles.pixels import DEGREES, Pixels
from tiles.quantity import Shown
from tiles.raster import Raster

router = APIRouter()
FORMATS = {"tiff": GEOTIFF, "covjson": COVERAGEJSON, "json": COVERAGEJSON}
PROPERTIES = Parameter("properties", "Names of the wanted fields, with commas between.")
ALL = (*GRID, PROPERTIES, *LIMIT_PARAMETERS)
MOST_NUMBERS = 500_000
"""Values of one answer in JSON, which takes about ten bytes for each."""
FLOAT32 = "http://www.opengis.net/def/dataType/OGC/0/float32"


@route(
    router,
    "/collections/{collection}/coverage",
    "The coverage: without parameters the file as it is stored",
    media=[GEOTIFF, COVERAGEJSON],
    parameters=ALL,
)
async def coverage(request: Request) -> Response:
    """Fields in their own units on a grid in degrees, or in the system that `crs` names.

    Without parameters it is the stored cloud-optimised GeoTIFF in the grid of the map, whose bands are on the scale of
    the model; ranges of its bytes can be asked for, as GDAL's /vsicurl/ does.
    """
    service = service_of(request)
    surface = await surface_of(service, request)
    given, how = asked(request, FORMATS, *ALL)
    if how == "tiff" and not set(given.values) - {"f"}:
        return _stored(service, surface)
    shown = await chosen_fields(service, surface, given, "properties")
    raster = raster_of(service, surface)
    pixels = grid_of(given, surface, raster)
    _check_size(pixels, len(shown), how)
    make = partial(_geotiff if how == "tiff" else _covjson, raster, pixels, shown)
    content = await read(service, surface, make)
    return Body(content, FORMATS[how]).response(request, ASK_AGAIN)


def _stored(service: Service, surface: SurfaceCollection) -> Response:
    path = service.settings.home / surface.row["path"]
    if not path.is_file():
        raise UnavailableError(f"the file of {surface.id} cannot be read on this machine")
    name = f"{surface.row['id']}.tif"
    return FileResponse(path, media_type=GEOTIFF, filename=name, headers={"Cache-Control": ASK_AGAIN})


def _check_size(pixels: Pixels, fields: int, how: str) -> None:
    most = MOST_PIXELS if how == "tiff" else MOST_NUMBERS // fields
    if pixels.columns * pixels.rows > most:
        factor = np.sqrt(pixels.columns * pixels.rows / most)
        raise TooLargeError(
            f"{pixels.columns} by {pixels.rows} cells are more than the {most:,} of one answer: ask for a part of the "
            f"coverage, for scale-factor={np.ceil(factor * 10) / 10:g}, or without parameters for the file as stored"
        )


def _values(raster: Raster, pixels: Pixels, shown: Mapping[str, Shown]) -> dict[str, covjson.Values]:
    bands = raster.bands_in(pixels)
    return {name: each.of(bands, raster.transform) for name, each in shown.items()}


def _geotiff(raster: Raster, pixels: Pixels, shown: Mapping[str, Shown]) -> bytes:
    values = np.stack([each.astype(np.float32) for each in _values(raster, pixels, shown).values()])
    names, units = tuple(each.title for each in shown.values()), tuple(each.unit for each in shown.values())
    return geotiff(values, pixels, names, units)


def _covjson(raster: Raster, pixels: Pixels, shown: Mapping[str, Shown]) -> bytes:
    west, south, east, north = pixels.bounds
    half, tall = pixels.across / 2.0, pixels.down / 2.0
    axes = {
        "x": covjson.regular(west + half, east - half, pixels.columns),
        "y": covjson.regular(north - tall, south + tall, pixels.rows),
    }
    ranges = {name: covjson.numbers(each, axes=("y", "x")) for name, each in _values(raster, pixels, shown).items()}
    document = covjson.coverage("Grid", axes, covjson.of_shown(shown), ranges)
    if pixels.crs != DEGREES:
        system = {"type": "ProjectedCRS", "id": f"http://www.opengis.net/def/crs/EPSG/0/{pixels.crs.split(':')[1]}"}
        document["domain"]["referencing"] = [{"coordinates": ["x", "y"], "system": system}]
    return covjson.encoded(document)


@route(router, "/collections/{collection}/coverage/domainset", "The grid of the coverage", media=[JSON])
async def domain_set(request: Request) -> Response:
    """In degrees, longitude first, as fine as the cells of the map (OGC 09-146r8)."""
    surface = await surface_of(service_of(request), request)
    asked(request, JSON_ONLY)
    pixels = whole_grid(surface)
    west, south, east, north = pixels.bounds
    axes = [("Lon", west, east, pixels.across), ("Lat", south, north, pixels.down)]
    grid = {
        "type": "GeneralGridCoverage",
        "srsName": CRS84,
        "axisLabels": ["Lon", "Lat"],
        "axis": [_axis(*each) for each in axes],
        "gridLimits": {
            "type": "GridLimits",
            "srsName": "http://www.opengis.net/def/crs/OGC/0/Index2D",
            "axisLabels": ["i", "j"],
            "axis": [
                {"type": "IndexAxis", "axisLabel": label, "lowerBound": 0, "upperBound": count - 1}
                for label, count in (("i", pixels.columns), ("j", pixels.rows))
            ],
        },
    }
    return json_answer(request, {"type": "DomainSet", "generalGrid": grid, "links": self_links(request)[:1]})


def _axis(label: str, lower: float, upper: float, resolution: float) -> dict[str, Any]:
    ends = {"lowerBound": lower, "upperBound": upper, "resolution": resolution}
    return {"type": "RegularAxis", "axisLabel": label, **ends, "uomLabel": "deg"}


@route(
    router,
    "/collections/{collection}/coverage/rangetype",
    "The fields of the coverage",
    media=[JSON],
    parameters=[PROPERTIES, *LIMIT_PARAMETERS],
)
async def range_type(request: Request) -> Response:
    """Each with its unit; the exceedance is among them where a limit is given."""
    service = service_of(request)
    surface = await surface_of(service, request)
    given, _ = asked(request, JSON_ONLY, PROPERTIES, *LIMIT_PARAMETERS)
    shown = await chosen_fields(service, surface, given, "properties")
    fields = [
        {
            "type": "Quantity",
            "name": name,
            "description": each.title,
            "definition": "ogcType:float32",
            "uom": {"type": "UnitReference", "code": each.unit},
            "encodingInfo": {"dataType": FLOAT32},
        }
        for name, each in shown.items()
    ]
    return json_answer(request, {"type": "DataRecord", "field": fields, "links": self_links(request)[:1]})


@route(
    router,
    "/collections/{collection}/schema",
    "The fields of the coverage as a JSON schema",
    media=["application/schema+json"],
)
async def coverage_schema(request: Request) -> Response:
    """Names, titles and units."""
    surface = await surface_of(service_of(request), request)
    asked(request, {"json": "application/schema+json"})
    properties = {
        name: {"title": each.title, "type": "number", "x-ogc-unit": each.unit, "x-ogc-propertySeq": number}
        for number, (name, each) in enumerate(fields_of(surface).items(), start=1)
    }
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{request.base_url}collections/{surface.id}/schema",
        "type": "object",
        "title": surface.title,
        "properties": properties,
    }
    return json_answer(request, document, "application/schema+json")


_REL = "http://www.opengis.net/def/rel/ogc/1.0/"


def _links(collection: Collection) -> Sequence[Link]:
    if not isinstance(collection, SurfaceCollection):
        return ()
    root = f"collections/{collection.id}"
    return (
        Link(_REL + "coverage", f"{root}/coverage", "The coverage as GeoTIFF", GEOTIFF),
        Link(_REL + "coverage", f"{root}/coverage?f=covjson", "The coverage as CoverageJSON", COVERAGEJSON),
        Link(_REL + "coverage-domainset", f"{root}/coverage/domainset", "The grid of the coverage"),
        Link(_REL + "coverage-rangetype", f"{root}/coverage/rangetype", "The fields of the coverage"),
        Link(_REL + "schema", f"{root}/schema", "The fields as a JSON schema", "application/schema+json"),
    )


_CLASSES = ("core", "subsetting", "scaling", "fieldselection", "crs", "geotiff", "coveragejson")

STANDARD = Standard(
    title="OGC API Coverages",
    router=router,
    conformance=tuple(f"http://www.opengis.net/spec/ogcapi-coverages-1/1.0/conf/{name}" for name in _CLASSES),
    collection_links=_links,
)
