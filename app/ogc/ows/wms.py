"""Web Map Service 1.3 (OGC 06-042), by keyword and value only: pictures, what is at a pixel, legends."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import ASK_AGAIN, Body
from app.http.service import Service, service_of
from app.ogc.image_address import parse_corners, pixels_of
from app.ogc.link import Link
from app.ogc.maps import picture
from app.ogc.ows.information import information
from app.ogc.ows.kvp import XML, Asked, ServiceError, wms_complaint
from app.ogc.ows.layers import Layer, layer_called, layers_of, shown_by
from app.ogc.ows.pictures import legend_picture, on_background
from app.ogc.ows.wms_capabilities import capabilities
from app.ogc.showing import Showing, read
from app.ogc.standard import Standard, route
from app.ogc.systems import System, system_of
from app.problems import BadParameterError
from app.query import Parameter
from tiles.images import PNG
from tiles.pixels import Pixels

router = APIRouter()
VERSIONS = ("1.3.0", "1.1.1")
_NAMES = (
    *("service", "version", "request", "layers", "query_layers", "layer", "styles", "style", "crs", "srs", "bbox"),
    *("width", "height", "format", "info_format", "transparent", "bgcolor", "time", "i", "j", "x", "y", "exceptions"),
)
KEYWORDS = tuple(Parameter(name, "A keyword of WMS 1.3, in upper or lower case.") for name in _NAMES)
Answer = Callable[[Request, Service, Asked], Awaitable[Response]]


@route(router, "/wms", "Web Map Service 1.3", media=[XML, PNG, "application/json"], parameters=KEYWORDS)
async def web_map_service(request: Request) -> Response:
    """GetCapabilities, GetMap, GetFeatureInfo and GetLegendGraphic; complaints are service exceptions."""
    try:
        asked = Asked.read(request.query_params)
        return await asked.operation("WMS", OPERATIONS)(request, service_of(request), asked)
    except ServiceError as error:
        return wms_complaint(error)


async def _capabilities(request: Request, service: Service, _: Asked) -> Response:
    layers = (await layers_of(service)).values()
    return Body(capabilities(str(request.base_url), list(layers)), XML).response(request, ASK_AGAIN)


async def _map(request: Request, service: Service, asked: Asked) -> Response:
    _, wanted = await _wanted(service, asked, "layers", "styles")
    _check_format(asked)
    pixels = _pixels(asked, wanted)
    body = await picture(service, wanted, pixels, "png")
    shown = on_background(body.content, (pixels.columns, pixels.rows), _background(asked))
    return Body(shown, PNG).response(request, ASK_AGAIN)


async def _information(_: Request, service: Service, asked: Asked) -> Response:
    layer, wanted = await _wanted(service, asked, "query_layers", "styles")
    place = ("x", "y") if _old(asked) else ("i", "j")
    pixel = asked.whole(place[0]), asked.whole(place[1])
    pixels = _pixels(asked, wanted)
    content, media = await information(
        service, layer, wanted, pixels, pixel, asked.text("info_format", "application/json")
    )
    return Response(content, media_type=media)


async def _legend(request: Request, service: Service, asked: Asked) -> Response:
    _, wanted = await _wanted(service, asked, "layer", "style")
    _check_format(asked)
    legend = await read(service, wanted.surface, partial(wanted.raster.legend, wanted.shown))
    return Body(legend_picture(legend, wanted.title), PNG).response(request, ASK_AGAIN)


OPERATIONS: Mapping[str, Answer] = MappingProxyType(
    {
        "getcapabilities": _capabilities,
        "getmap": _map,
        "getfeatureinfo": _information,
        "getlegendgraphic": _legend,
    }
)


def _old(asked: Asked) -> bool:
    """Whether a request is of 1.1.1, in which longitudes always come first."""
    version = asked.text("version", VERSIONS[0])
    if version not in VERSIONS:
        raise ServiceError("InvalidParameterValue", f"VERSION must be one of {', '.join(VERSIONS)}", "VERSION")
    return version == VERSIONS[1]


async def _wanted(service: Service, asked: Asked, layers: str, styles: str) -> tuple[Layer, Showing]:
    names, chosen = asked.need(layers).split(","), asked.text(styles).split(",")
    if len(names) > 1:
        raise ServiceError("LayerNotDefined", f"{layers.upper()} takes one layer at a time", layers.upper())
    layer = await layer_called(service, names[0])
    return layer, await shown_by(service, layer.at(asked.text("time")), chosen[0], asked)


def _pixels(asked: Asked, wanted: Showing) -> Pixels:
    """The pixels of the picture, or of that which was clicked."""
    old = _old(asked)
    name = "srs" if old else "crs"
    try:
        system = system_of(asked.need(name), wanted.surface)
    except ServiceError:
        raise
    except ValueError as error:
        raise ServiceError("InvalidSRS" if old else "InvalidCRS", str(error), name.upper()) from None
    in_order = System(system.name, flipped=False) if old else system
    try:
        bounds = parse_corners(asked.need("bbox"), in_order)
        return pixels_of(system, bounds, asked.whole("width"), asked.whole("height"))
    except BadParameterError as error:
        raise ServiceError("InvalidParameterValue", str(error), error.parameter.upper()) from None
    except ServiceError:
        raise
    except ValueError as error:
        raise ServiceError("InvalidParameterValue", str(error), "BBOX") from None


def _check_format(asked: Asked) -> None:
    if asked.text("format", PNG).split(";")[0].strip().lower() != PNG:
        raise ServiceError("InvalidFormat", f"FORMAT must be {PNG}", "FORMAT")


def _background(asked: Asked) -> str | None:
    """The colour that a request wants behind the map; None where it is to be transparent."""
    if asked.text("transparent", "FALSE").upper() == "TRUE":
        return None
    digits = asked.text("bgcolor", "0xFFFFFF").lower().removeprefix("0x")
    if len(digits) != 6 or not all(digit in "0123456789abcdef" for digit in digits):
        raise ServiceError("InvalidParameterValue", "BGCOLOR must be written as 0xRRGGBB", "BGCOLOR")
    return f"#{digits}"


STANDARD = Standard(
    title="Web Map Service",
    router=router,
    landing_links=(Link("service-desc", "wms?service=WMS&request=GetCapabilities", "Web Map Service 1.3", XML),),
)
