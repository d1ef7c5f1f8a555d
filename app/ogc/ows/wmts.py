"""Web Map Tile Service 1.0 (OGC 07-057r7): tiles by address and by keyword, with the time of the map."""

import re
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import ASK_AGAIN, Body
from app.http.service import Service, service_of
from app.ogc.link import Link
from app.ogc.maps import picture, tile_in
from app.ogc.ows.information import information
from app.ogc.ows.kvp import XML, Asked, ServiceError, ows_complaint
from app.ogc.ows.layers import layer_called, layers_of, shown_by
from app.ogc.ows.pictures import on_background
from app.ogc.ows.wmts_capabilities import capabilities
from app.ogc.standard import Standard, route
from app.query import Parameter
from tiles.images import PNG
from tiles.matrix_sets import MATRIX_SETS
from tiles.pixels import SIDE, Pixels
from tiles.raster import Where
from tiles.tile import Tile

router = APIRouter()
_NAMES = (
    *("service", "version", "request", "layer", "style", "format", "tilematrixset", "tilematrix", "tilerow", "tilecol"),
    *("time", "i", "j", "infoformat"),
)
KEYWORDS = tuple(Parameter(name, "A keyword of WMTS 1.0, in upper or lower case.") for name in _NAMES)
_NUMBER = re.compile("[0-9]{1,9}", re.ASCII)
Answer = Callable[[Request, Service, Asked], Awaitable[Response]]


@route(router, "/wmts", "Web Map Tile Service 1.0", media=[XML, PNG, "application/json"], parameters=KEYWORDS)
async def web_map_tile_service(request: Request) -> Response:
    """GetCapabilities, GetTile and GetFeatureInfo; complaints are exception reports."""
    try:
        asked = Asked.read(request.query_params)
        return await asked.operation("WMTS", OPERATIONS)(request, service_of(request), asked)
    except ServiceError as error:
        return ows_complaint(error)


@route(router, "/wmts/1.0.0/WMTSCapabilities.xml", "What the Web Map Tile Service can do", media=[XML])
async def wmts_capabilities(request: Request) -> Response:
    """Layers, styles, times and tile matrix sets."""
    return await _capabilities(request, service_of(request), Asked({}))


@route(
    router,
    "/wmts/1.0.0/{layer}/{style}/{time}/{tileMatrixSet}/{tileMatrix}/{tileRow}/{tileCol}",
    "A tile of the Web Map Tile Service",
    media=[PNG],
    parameters=[Parameter(name, "As for map tiles.") for name in ("limit", "guideline", "assume", "uncertainty")],
)
async def wmts_tile(request: Request) -> Response:
    """256 pixels as PNG; the column ends with `.png`."""
    path = request.path_params
    try:
        asked = Asked.read(request.query_params)
        names = {"tilematrixset": "tileMatrixSet", "tilematrix": "tileMatrix", "tilerow": "tileRow"}
        given = {key: (path[name],) for key, name in names.items()}
        given |= {name: (path[name],) for name in ("layer", "style", "time")}
        given |= {"tilecol": (path["tileCol"].removesuffix(".png"),), "format": (PNG,)}
        return await _tile(request, service_of(request), Asked({**asked.values, **given}))
    except ServiceError as error:
        return ows_complaint(error)


async def _capabilities(request: Request, service: Service, _: Asked) -> Response:
    layers = (await layers_of(service)).values()
    return Body(capabilities(str(request.base_url), list(layers)), XML).response(request, ASK_AGAIN)


async def _tile(request: Request, service: Service, asked: Asked) -> Response:
    layer = await layer_called(service, asked.need("layer"))
    wanted = await shown_by(service, layer.at(asked.text("time")), asked.text("style"), asked)
    if asked.text("format", PNG).lower() != PNG:
        raise ServiceError("InvalidParameterValue", f"FORMAT must be {PNG}", "FORMAT")
    body = await picture(service, wanted, _where(asked), "png")
    shown = body if body.content else Body(on_background(b"", (SIDE, SIDE), None), PNG)
    return shown.response(request, ASK_AGAIN)


async def _information(_: Request, service: Service, asked: Asked) -> Response:
    layer = await layer_called(service, asked.need("layer"))
    wanted = await shown_by(service, layer.at(asked.text("time")), asked.text("style"), asked)
    where = _where(asked)
    pixels = Pixels.of(where) if isinstance(where, Tile) else where
    pixel, media = (asked.whole("i"), asked.whole("j")), asked.text("infoformat", "application/json")
    content, media = await information(service, layer, wanted, pixels, pixel, media)
    return Response(content, media_type=media)


OPERATIONS: Mapping[str, Answer] = MappingProxyType(
    {"getcapabilities": _capabilities, "gettile": _tile, "getfeatureinfo": _information}
)


def _where(asked: Asked) -> Where:
    """The tile that a request names; raises `ServiceError` for one that does not exist."""
    name = asked.need("tilematrixset")
    if name not in MATRIX_SETS:
        raise ServiceError("InvalidParameterValue", f"there is no tile matrix set {name[:60]!r}", "TILEMATRIXSET")
    texts = [asked.need(part) for part in ("tilematrix", "tilerow", "tilecol")]
    numbers = [int(text) if _NUMBER.fullmatch(text) else -1 for text in texts]
    try:
        return tile_in(name, *numbers)
    except ValueError:
        raise ServiceError("TileOutOfRange", f"{name} has no tile {'/'.join(texts)[:60]}", "TILEROW") from None


STANDARD = Standard(
    title="Web Map Tile Service",
    router=router,
    landing_links=(Link("service-desc", "wmts/1.0.0/WMTSCapabilities.xml", "Web Map Tile Service 1.0", XML),),
)
