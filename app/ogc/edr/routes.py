"""The queries of OGC API Environmental Data Retrieval, each for surfaces and for measurements."""

from collections.abc import Callable
from functools import partial

import shapely
from fastapi import APIRouter
from shapely.geometry.base import BaseGeometry
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import COVERAGEJSON, GEOJSON, json_answer
from app.http.asked import JSON_ONLY, asked
from app.http.service import Service, service_of
from app.ogc.catalogue import any_collection
from app.ogc.collection import Collection, SurfaceCollection
from app.ogc.edr import parameters as read_parameters
from app.ogc.edr.answers import answered, of_measurements, of_surface, wanted_of
from app.ogc.edr.parameters import ALIKE, COORDS, CORRIDOR, WITHIN, WITHIN_UNITS, Depths, around, box_of, shape_of
from app.ogc.edr.samples import locations, parameters_of
from app.ogc.edr.surfaces import Question, along_line, at_places, box_polygon, over_area
from app.ogc.edr.tables import CSV, FORMATS, Places, feature_collection
from app.ogc.limits import LIMIT_PARAMETERS
from app.ogc.link import self_links
from app.ogc.standard import route
from app.problems import BadParameterError, NotFoundError
from app.query import PARAMETERS, Given, Parameter, parse_bounds, parse_limit
from db.questions.around import Shape, nearest, places
from db.questions.vocabulary import measured_contaminants
from db.selection import Selection

router = APIRouter()
MEASUREMENTS = "samples"
MEDIA = [COVERAGEJSON, GEOJSON, CSV]
NEAR_ENOUGH_M = 1_000.0
"""A measurement is given for a place at most this far away: the nearest site's."""
MOST_LOCATIONS = 10_000
RESOLUTION = tuple(
    Parameter(
        f"resolution-{axis}", f"Values along {axis}; as fine as the cells where it is not given.", {"type": "integer"}
    )
    for axis in ("x", "y")
)
COMMON = (*ALIKE, *LIMIT_PARAMETERS)
Ask = Callable[[Question], Places | None]


def _queried(collection: Collection, query: str) -> SurfaceCollection | None:
    """The surface that is asked, or None where the measurements are; raises `NotFoundError` for another collection."""
    if isinstance(collection, SurfaceCollection):
        return collection
    if collection.id != MEASUREMENTS:
        raise NotFoundError(f"{collection.id} cannot be asked for its {query}; the surfaces and {MEASUREMENTS} can")
    return None


async def _asked(
    request: Request, query: str, *known: Parameter
) -> tuple[Service, SurfaceCollection | None, Given, str]:
    service = service_of(request)
    surface = _queried(await any_collection(service, request), query)
    limits = LIMIT_PARAMETERS if surface else ()
    given, how = asked(request, FORMATS, *known, *ALIKE, *limits)
    read_parameters.check_system(given)
    return service, surface, given, how


@route(
    router,
    "/collections/{collection}/position",
    "What is known at a place",
    media=MEDIA,
    parameters=[COORDS, *COMMON],
    may_be_empty=True,
)
async def position(request: Request) -> Response:
    """Of a surface its distribution, null outside; of measurements those of the nearest site within a kilometre."""
    service, surface, given, how = await _asked(request, "position", COORDS)
    kinds = ("Point", "MultiPoint") if surface else ("Point",)
    shape = shape_of(given, *kinds)
    if surface:
        body = await of_surface(service, surface, given, how, partial(_at_places, shape))
        return answered(request, body)
    wanted = await wanted_of(service, given)
    found = await service.row(nearest(wanted, float(shape.x), float(shape.y), count=1))
    if found is None or found.distance_m > NEAR_ENOUGH_M:
        return Response(status_code=204)
    wanted = await wanted_of(service, given, site=found.site_id)
    return answered(request, await of_measurements(request, service, wanted, how))


def _at_places(shape: BaseGeometry, question: Question) -> Places:
    return at_places(question, shape)


@route(
    router,
    "/collections/{collection}/radius",
    "What is known around a place",
    media=MEDIA,
    parameters=[COORDS, WITHIN, WITHIN_UNITS, *RESOLUTION, *COMMON],
    may_be_empty=True,
)
async def radius(request: Request) -> Response:
    """Within a distance on the ellipsoid."""
    service, surface, given, how = await _asked(request, "radius", COORDS, WITHIN, WITHIN_UNITS, *RESOLUTION)
    shape = shape_of(given, "Point")
    metres = read_parameters.length_of(given, "within", "within-units")
    area = around(shape, metres)
    exactly = Shape(shapely.to_wkt(shape, rounding_precision=-1), box_of(area), metres)
    return await _area_answer(request, (service, surface, given, how), area, exactly)


@route(
    router,
    "/collections/{collection}/area",
    "What is known in a polygon",
    media=MEDIA,
    parameters=[COORDS, *RESOLUTION, *COMMON],
    may_be_empty=True,
)
async def area(request: Request) -> Response:
    """Of a surface a grid as fine as its cells, null outside of the polygon."""
    found = await _asked(request, "area", COORDS, *RESOLUTION)
    shape = shape_of(found[2], "Polygon", "MultiPolygon")
    return await _area_answer(request, found, shape, _exactly(shape))


@route(
    router,
    "/collections/{collection}/cube",
    "What is known in a box",
    media=MEDIA,
    parameters=[PARAMETERS["bbox"], *RESOLUTION, *COMMON],
    may_be_empty=True,
)
async def cube(request: Request) -> Response:
    """A box in degrees, with `z` in depth; with six numbers the third and the last are depths."""
    found = await _asked(request, "cube", PARAMETERS["bbox"], *RESOLUTION)
    box = found[2].parsed("bbox", parse_bounds)
    if box is None:
        raise BadParameterError("bbox", "bbox is needed: west, south, east, north in degrees")
    shape = box_polygon(box)
    depths = _depths_in(found[2].text("bbox") or "")
    exactly = Shape(shapely.to_wkt(_in_degrees(shape), rounding_precision=-1), box)
    return await _area_answer(request, found, shape, exactly, depths)


def _depths_in(text: str) -> Depths | None:
    numbers = text.split(",")
    return Depths(float(numbers[2]), float(numbers[5])) if len(numbers) == 6 else None


def _in_degrees(shape: BaseGeometry) -> BaseGeometry:
    """A box that reaches beyond 180 degrees as two that do not."""
    if shape.bounds[2] <= 180.0:
        return shape
    west, south, east, north = shape.bounds
    return shapely.multipolygons(
        [shapely.box(west, south, 180.0, north), shapely.box(-180.0, south, east - 360.0, north)]
    )


@route(
    router,
    "/collections/{collection}/trajectory",
    "What is known along a line",
    media=MEDIA,
    parameters=[COORDS, *COMMON],
    may_be_empty=True,
)
async def trajectory(request: Request) -> Response:
    """A profile: values a cell apart, with their distance along the line; of surfaces only."""
    service, surface, given, how = await _asked(request, "trajectory", COORDS)
    if surface is None:
        raise NotFoundError(f"{MEASUREMENTS} lie on no line; ask for a corridor")
    line = shape_of(given, "LineString")
    return answered(request, await of_surface(service, surface, given, how, partial(_along, line)))


def _along(line: BaseGeometry, question: Question) -> Places:
    return along_line(question, line)


@route(
    router,
    "/collections/{collection}/corridor",
    "What is known on both sides of a line",
    media=MEDIA,
    parameters=[COORDS, *CORRIDOR, *RESOLUTION, *COMMON],
    may_be_empty=True,
)
async def corridor(request: Request) -> Response:
    """Half of the width to either side; half of the height above and below the depths of `z`."""
    found = await _asked(request, "corridor", COORDS, *CORRIDOR, *RESOLUTION)
    given = found[2]
    line = shape_of(given, "LineString")
    metres = read_parameters.length_of(given, "corridor-width", "width-units") / 2.0
    shape = around(line, metres)
    exactly = Shape(shapely.to_wkt(line, rounding_precision=-1), box_of(shape), metres)
    return await _area_answer(request, found, shape, exactly, _depths_beside(given))


def _depths_beside(given: Given) -> Depths | None:
    depths = read_parameters.depths_of(given)
    if given.text("corridor-height") is None:
        return depths
    centimetres = read_parameters.length_of(given, "corridor-height", "height-units") * 100.0 / 2.0
    return None if depths is None else Depths(depths.top - centimetres, depths.bottom + centimetres)


def _exactly(shape: BaseGeometry) -> Shape:
    return Shape(shapely.to_wkt(shape, rounding_precision=-1), box_of(shape))


async def _area_answer(
    request: Request,
    found: tuple[Service, SurfaceCollection | None, Given, str],
    shape: BaseGeometry,
    exactly: Shape,
    depths: Depths | None = None,
) -> Response:
    service, surface, given, how = found
    if surface is None:
        wanted = await wanted_of(service, given, exactly, depths=depths)
        return answered(request, await of_measurements(request, service, wanted, how))
    resolution = _count(given, "resolution-x"), _count(given, "resolution-y")
    body = await of_surface(service, surface, given, how, partial(_over, shape, resolution))
    return answered(request, body)


def _over(shape: BaseGeometry, resolution: tuple[int | None, int | None], question: Question) -> Places | None:
    return over_area(question, shape, resolution)


def _count(given: Given, name: str) -> int | None:
    count = given.whole(name)
    if count is not None and not 1 <= count <= 10_000:
        raise BadParameterError(name, f"{name} must lie between 1 and 10000, got {count}")
    return count


@route(
    router,
    "/collections/{collection}/locations",
    "The sites",
    media=[GEOJSON],
    parameters=[PARAMETERS["bbox"], PARAMETERS["limit"], PARAMETERS["dataset"]],
)
async def site_locations(request: Request) -> Response:
    """Sites of measurements, each with the address of what was measured there."""
    service = service_of(request)
    _only_measurements(await any_collection(service, request))
    given, _ = asked(
        request, {"GeoJSON": GEOJSON, "json": GEOJSON}, *(PARAMETERS[name] for name in ("bbox", "limit", "dataset"))
    )
    selection = Selection(dataset=given.text("dataset"), visibilities=service.visible)
    most = given.parsed("limit", parse_limit) or MOST_LOCATIONS
    rows = await service.rows(places(selection, given.parsed("bbox", parse_bounds), most=most))
    known = [row.id for row in await service.rows(measured_contaminants(selection))]
    address = f"{request.base_url}collections/{MEASUREMENTS}"
    document = feature_collection(locations(rows, address, known), parameters_of(known))
    return json_answer(request, document | {"links": self_links(request, GEOJSON)[:1]}, GEOJSON)


@route(
    router,
    "/collections/{collection}/locations/{location}",
    "What was measured at a site",
    media=MEDIA,
    parameters=ALIKE,
)
async def site_location(request: Request) -> Response:
    """All depths and days, or those asked for."""
    service = service_of(request)
    _only_measurements(await any_collection(service, request))
    given, how = asked(request, FORMATS, *ALIKE)
    read_parameters.check_system(given)
    key = request.path_params["location"]
    if not (key.isascii() and key.isdigit() and len(key) < 19):
        raise NotFoundError(f"{MEASUREMENTS} has no location {key[:60]!r}")
    body = await of_measurements(request, service, await wanted_of(service, given, site=int(key)), how)
    if not body.content:
        raise NotFoundError(f"nothing was measured at the location {key!r} that fits the request")
    return answered(request, body)


def _only_measurements(collection: Collection) -> None:
    if collection.id != MEASUREMENTS:
        raise NotFoundError(f"{collection.id} has no locations; {MEASUREMENTS} has")


NEAREST = (
    COORDS,
    Parameter("k", "How many.", {"type": "integer", "minimum": 1, "maximum": 100, "default": 5}),
    PARAMETERS["parameter-name"],
    PARAMETERS["dataset"],
)


@route(router, "/collections/{collection}/nearest", "The nearest samples", media=[GEOJSON], parameters=NEAREST)
async def nearest_samples(request: Request) -> Response:
    """The nearest first, with their distance in metres on the ellipsoid."""
    service = service_of(request)
    _only_measurements(await any_collection(service, request))
    given, _ = asked(request, {"GeoJSON": GEOJSON, **JSON_ONLY}, *NEAREST)
    place = shape_of(given, "Point")
    count = given.whole("k") or 5
    if not 1 <= count <= 100:
        raise BadParameterError("k", f"k must lie between 1 and 100, got {count}")
    rows = await service.rows(nearest(await wanted_of(service, given), float(place.x), float(place.y), count=count))
    features = [
        {
            "type": "Feature",
            "id": row.id,
            "geometry": {"type": "Point", "coordinates": [row.lon, row.lat]},
            "properties": {name: getattr(row, name) for name in ("specimen", "site", "dataset", "distance_m")},
        }
        for row in rows
    ]
    document = {"type": "FeatureCollection", "features": features, "links": self_links(request, GEOJSON)[:1]}
    return json_answer(request, document, GEOJSON)
