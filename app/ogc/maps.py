"""OGC API Maps: tiles of surfaces, drawn from the distribution as asked, and their legend."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

import anyio.to_thread
from fastapi import APIRouter
from rasterio.errors import RasterioIOError
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import ASK_AGAIN, FOR_EVER, JSON, Body, json_answer
from app.http.asked import JSON_ONLY, asked
from app.http.service import Service, service_of
from app.ogc.catalogue import surface_of
from app.ogc.collection import Collection, SurfaceCollection
from app.ogc.limits import LIMIT_PARAMETERS, limit_of
from app.ogc.link import Link, self_links
from app.ogc.standard import Standard, route
from app.ogc.tile_address import MATRIX_SET, ROW_AND_COLUMN, tile_of, tiled_box, tileset
from app.problems import BadParameterError, UnavailableError
from app.query import PARAMETERS, Given
from tiles.quantity import UNIT, Quantity
from tiles.raster import RENDERING, Raster
from tiles.tile import RADIUS, Tile

T = TypeVar("T")
router = APIRouter()
PNG = "image/png"
SHOWN = (PARAMETERS["quantity"], PARAMETERS["p"], *LIMIT_PARAMETERS)
_TEMPLATE = "collections/{}/map/tiles/" + MATRIX_SET + "/"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request shows of a surface, and the version under which that may be kept."""

    surface: SurfaceCollection
    raster: Raster
    quantity: Quantity
    version: str


async def shown(service: Service, request: Request, given: Given) -> Shown:
    """Surface, quantity and version that a request asks for; raises the errors of a wrong address or parameter."""
    surface = await surface_of(service, request)
    limit = await limit_of(service, surface, given)
    name = given.text("quantity") or "expected"
    try:
        quantity = Quantity(name, given.number("p"), limit[0] if limit else None)
    except ValueError as error:
        raise BadParameterError(_blamed(str(error)), str(error)) from None
    version = f"{surface.row['version'][:16]}-{RENDERING}{limit[1] if limit else ''}"
    return Shown(surface, raster_of(service, surface), quantity, version)


def _blamed(message: str) -> str:
    """The parameter that a complaint about a quantity is about."""
    first = message.split(maxsplit=1)[0]
    return first if first in ("quantity", "p", "limit") else "limit"


def raster_of(service: Service, surface: SurfaceCollection) -> Raster:
    """The file of a surface; raises `UnavailableError` when it is gone."""
    with _at_hand(surface):
        return Raster.open(service.settings.home / surface.row["path"], surface.row["parameters"]["transform"])


async def read(service: Service, surface: SurfaceCollection, question: Callable[[], T]) -> T:
    """Ask the file of a surface in a thread; raises `UnavailableError` when it went since its header was read."""
    with _at_hand(surface):
        return await anyio.to_thread.run_sync(question, limiter=service.threads)


@contextmanager
def _at_hand(surface: SurfaceCollection) -> Iterator[None]:
    try:
        yield
    except RasterioIOError:
        raise UnavailableError(f"the file of {surface.id} cannot be read on this machine") from None


@route(
    router,
    "/collections/{collection}/map/tiles/" + MATRIX_SET + "/" + ROW_AND_COLUMN,
    "A map tile",
    media=[PNG],
    parameters=[*SHOWN, PARAMETERS["v"]],
    may_be_empty=True,
)
async def map_tile(request: Request) -> Response:
    """256 pixels, transparent outside; 204 where the surface is not."""
    service, tile = service_of(request), tile_of(request)
    given, _ = asked(request, {"png": PNG}, *SHOWN, PARAMETERS["v"])
    wanted = await shown(service, request, given)
    key = (wanted.surface.id, tile, wanted.quantity, wanted.version)
    body = service.tiles.get(key)
    if body is None:
        _, body = await service.drawing.join(key, partial(_drawn, service, wanted, tile))
        service.tiles.put(key, body)
    return body.response(request, FOR_EVER if given.text("v") == wanted.version else ASK_AGAIN)


async def _drawn(service: Service, wanted: Shown, tile: Tile) -> tuple[str, Body]:
    draw = partial(wanted.raster.draw, tile, wanted.quantity)
    return wanted.version, Body(await read(service, wanted.surface, draw), PNG)


@route(router, "/collections/{collection}/map/legend", "The classes of the map", media=[JSON], parameters=SHOWN)
async def legend(request: Request) -> Response:
    """The classes in which the tiles of the same parameters are drawn."""
    service = service_of(request)
    wanted = await shown(service, request, asked(request, JSON_ONLY, *SHOWN)[0])
    found = await read(service, wanted.surface, partial(wanted.raster.legend, wanted.quantity))
    named = {"quantity": wanted.quantity.name, "p": wanted.quantity.p, "limit": wanted.quantity.limit}
    classes = {"title": found.title, "unit": found.unit, "classes": found.classes()}
    return json_answer(request, {key: value for key, value in named.items() if value is not None} | classes)


async def surface_tilejson(request: Request, service: Service) -> dict[str, Any]:
    """TileJSON 3.0 of a surface; its template repeats what was asked to be shown."""
    given, _ = asked(request, JSON_ONLY, *SHOWN)
    wanted = await shown(service, request, given)
    kept = [(name, text) for name, texts in given.values.items() if name != "f" for text in texts]
    query = urlencode([("v", wanted.version), *kept])
    west, south, east, north = wanted.surface.box
    return {
        "tilejson": "3.0.0",
        "name": wanted.surface.title,
        "description": f"{wanted.quantity.title} ({UNIT})" if wanted.quantity.limit is None else wanted.quantity.title,
        "scheme": "xyz",
        "tiles": [f"{request.base_url}{_TEMPLATE.format(wanted.surface.id)}{{z}}/{{y}}/{{x}}?{query}"],
        "minzoom": 0,
        "maxzoom": _finest_zoom(wanted.surface.row["cell_m"], (south + north) / 2),
        "bounds": tiled_box(wanted.surface.box),
        "center": [
            (west + east) / 2,
            (south + north) / 2,
            max(0, _finest_zoom(wanted.surface.row["cell_m"], south) - 3),
        ],
    }


def _finest_zoom(cell_m: float, lat: float) -> int:
    """The zoom at which a cell has about four pixels: beyond, tiles only repeat them."""
    widest = 2 * math.pi * RADIUS * math.cos(math.radians(lat)) / 256
    return min(22, max(0, math.ceil(math.log2(widest / cell_m)) + 2))


@route(router, "/collections/{collection}/map/tiles", "Tile sets of the map", media=[JSON])
async def map_tilesets(request: Request) -> Response:
    """One: WebMercatorQuad."""
    surface = await surface_of(service_of(request), request)
    asked(request, JSON_ONLY)
    return json_answer(request, {"links": self_links(request)[:1], "tilesets": [_tileset(request, surface)]})


@route(router, f"/collections/{{collection}}/map/tiles/{MATRIX_SET}", "A tile set of the map", media=[JSON])
async def map_tileset(request: Request) -> Response:
    """What it holds and where its tiles are."""
    surface = await surface_of(service_of(request), request)
    asked(request, JSON_ONLY)
    return json_answer(request, _tileset(request, surface))


def _tileset(request: Request, surface: SurfaceCollection) -> dict[str, object]:
    template = f"{_TEMPLATE.format(surface.id)}{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
    link = Link("item", template, "Map tiles", PNG, templated=True).document(str(request.base_url))
    here = Link("self", f"collections/{surface.id}/map/tiles/{MATRIX_SET}", "This tile set").document(
        str(request.base_url)
    )
    found = tileset(surface.title, "map", link, surface.box)
    return found | {"links": [here, link]}


def _links(collection: Collection) -> Sequence[Link]:
    if not isinstance(collection, SurfaceCollection):
        return ()
    root = f"collections/{collection.id}"
    return (
        Link("http://www.opengis.net/def/rel/ogc/1.0/tilesets-map", f"{root}/map/tiles", "Map tiles"),
        Link("describedby", f"{root}/tilejson.json", "TileJSON of the map"),
        Link("http://www.opengis.net/def/rel/ogc/1.0/legend", f"{root}/map/legend", "Legend of the map"),
    )


STANDARD = Standard(title="OGC API Maps", router=router, collection_links=_links)
