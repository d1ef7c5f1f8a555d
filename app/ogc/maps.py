"""OGC API Maps: pictures of surfaces, drawn from the distribution as asked, and their legend."""

import math
import re
from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import ASK_AGAIN, FOR_EVER, JSON, Body, json_answer
from app.http.asked import JSON_ONLY, asked
from app.http.hot import Ready
from app.http.service import Service, service_of
from app.keys import PUBLIC
from app.ogc.collection import Collection, SurfaceCollection
from app.ogc.image_address import IMAGE, image_of
from app.ogc.limits import GUIDELINES
from app.ogc.link import Link
from app.ogc.pictures import FORMATS, drawn
from app.ogc.showing import DRAWN, Showing, read, showing
from app.ogc.standard import Standard, route
from app.ogc.tile_address import tiled_box
from app.problems import NotFoundError
from app.query import PARAMETERS
from db.questions.surfaces import surface_called
from db.visibility import SURFACES
from tiles.doubt import doubt_legend
from tiles.images import GEOTIFF, NPY, PNG
from tiles.matrix_sets import MATRIX_SETS, WEB_MERCATOR
from tiles.quantity import Quantity, Shown
from tiles.raster import Where
from tiles.tile import RADIUS, Tile

router = APIRouter()
_TEMPLATE = "collections/{}/map/tiles/" + WEB_MERCATOR + "/"
_NUMBER = re.compile("[0-9]{1,9}", re.ASCII)
_TWICE = "@2x"


@route(
    router,
    "/collections/{collection}/map/tiles/{tileMatrixSet}/{tileMatrix}/{tileRow}/{tileCol}",
    "A map tile",
    media=[PNG, GEOTIFF, NPY],
    parameters=[*DRAWN, PARAMETERS["v"]],
    may_be_empty=True,
)
async def map_tile(request: Request) -> Response:
    """256 pixels, or 512 with @2x behind the column, transparent outside; 204 where the surface is not."""
    service = service_of(request)
    where, finer = _tile_of(request)
    given, how = asked(request, FORMATS, *DRAWN, PARAMETERS["v"])
    wanted = await showing(service, request, given)
    body = await picture(service, wanted, where, how, finer)
    if given.text("v") != wanted.version:
        return body.response(request, ASK_AGAIN)
    if service.visible == PUBLIC:
        await _keep_at_hand(request, service, wanted, body)
    return body.response(request, FOR_EVER)


async def _keep_at_hand(request: Request, service: Service, wanted: Showing, body: Body) -> None:
    """Send the same again until guideline values change or maps are hidden, as long as this one can be seen."""
    depends = await service.versions.now(service.pool, SURFACES, GUIDELINES)
    if await service.row(surface_called(wanted.surface.row["id"], service.visible)) is not None:
        service.hot.keep(request.scope, Ready(body, depends, FOR_EVER))


@route(
    router,
    "/collections/{collection}/map",
    "A picture of the map",
    media=[PNG, GEOTIFF, NPY],
    parameters=[*DRAWN, *IMAGE],
    may_be_empty=True,
)
async def map_image(request: Request) -> Response:
    """A box of the map in so many pixels; 204 where the surface is not."""
    service = service_of(request)
    given, how = asked(request, FORMATS, *DRAWN, *IMAGE)
    wanted = await showing(service, request, given)
    body = await picture(service, wanted, image_of(given, wanted.surface), how)
    return body.response(request, ASK_AGAIN)


async def picture(service: Service, wanted: Showing, where: Where, how: str, finer: int = 0) -> Body:
    """A tile or image, kept; who asks for what is being drawn waits for it."""
    key = (*wanted.key, where, how, finer)
    body = service.tiles.get(key)
    if body is None:
        _, body = await service.drawing.join(key, partial(_drawn, service, wanted, where, how, finer))
        service.tiles.put(key, body)
    return body


async def _drawn(service: Service, wanted: Showing, where: Where, how: str, finer: int) -> tuple[str, Body]:
    content = await read(service, wanted.surface, partial(drawn, wanted, where, how, finer))
    return wanted.version, Body(content, FORMATS[how])


def _tile_of(request: Request) -> tuple[Where, int]:
    """The tile that the address names, and how often its pixels are halved; raises `NotFoundError`."""
    name, z, row, column = (request.path_params[part] for part in ("tileMatrixSet", "tileMatrix", "tileRow", "tileCol"))
    if name not in MATRIX_SETS:
        raise NotFoundError(f"there is no tile matrix set {name!r}; known are {', '.join(MATRIX_SETS)}")
    plain, finer = (column.removesuffix(_TWICE), 1) if column.endswith(_TWICE) else (column, 0)
    try:
        numbers = [int(text) if _NUMBER.fullmatch(text) else -1 for text in (z, row, plain)]
        return tile_in(name, *numbers), finer
    except ValueError:
        raise NotFoundError(f"{name} has no tile {z}/{row}/{column}") from None


def tile_in(matrix_set: str, z: int, row: int, column: int) -> Where:
    """A tile of a matrix set; ValueError for one that does not exist."""
    return Tile(z, column, row) if matrix_set == WEB_MERCATOR else MATRIX_SETS[matrix_set].pixels(z, row, column)


@route(router, "/collections/{collection}/map/legend", "The classes of the map", media=[JSON], parameters=DRAWN)
async def legend(request: Request) -> Response:
    """The classes in which the tiles of the same parameters are drawn."""
    service = service_of(request)
    wanted = await showing(service, request, asked(request, JSON_ONLY, *DRAWN)[0])
    return json_answer(request, await legend_document(service, wanted))


async def legend_document(service: Service, wanted: Showing) -> dict[str, Any]:
    """The classes as JSON."""
    found = await read(service, wanted.surface, partial(wanted.raster.legend, wanted.shown))
    document: dict[str, Any] = _named(wanted.shown)
    document |= {"title": found.title, "unit": found.unit, "classes": found.classes()}
    if wanted.averaged:
        document |= {"title": wanted.title, "sampling": "average"}
    if wanted.doubt != "none" and isinstance(wanted.shown, Quantity):
        document |= {"uncertainty": {"shown_by": wanted.doubt, "classes": doubt_legend(wanted.shown)}}
    return document


def _named(shown: Shown) -> dict[str, Any]:
    named: dict[str, Any] = {"quantity": shown.name}
    if isinstance(shown, Quantity):
        named |= {key: value for key, value in (("p", shown.p), ("limit", shown.limit)) if value is not None}
    return named


async def surface_tilejson(request: Request, service: Service) -> dict[str, Any]:
    """TileJSON 3.0 of a surface; its template repeats what was asked to be shown.

    With `f=terrain`-tiles in mind it says how values are written into colours, as a style of MapLibre takes it.
    """
    given, _ = asked(request, JSON_ONLY, *DRAWN)
    wanted = await showing(service, request, given)
    kept = [(name, text) for name, texts in given.values.items() if name != "f" for text in texts]
    query = urlencode([("v", wanted.version), *kept])
    west, south, east, north = wanted.surface.box
    finest = _finest_zoom(wanted.surface.row["cell_m"], (south + north) / 2)
    encoding = await read(service, wanted.surface, partial(wanted.raster.encoding, wanted.shown))
    address = f"{request.base_url}{_TEMPLATE.format(wanted.surface.id)}{{z}}/{{y}}/{{x}}"
    unit = f" ({wanted.shown.unit})" if wanted.shown.unit != "1" else ""
    return {
        "tilejson": "3.0.0",
        "name": wanted.surface.title,
        "description": f"{wanted.title}{unit}",
        "scheme": "xyz",
        "tiles": [f"{address}?{query}"],
        "minzoom": 0,
        "maxzoom": finest,
        "bounds": tiled_box(wanted.surface.box),
        "center": [(west + east) / 2, (south + north) / 2, max(0, finest - 3)],
        "twice": [f"{address}{_TWICE}?{query}"],
        "terrain": encoding.document() | {"tiles": [f"{address}?{query}&f=terrain"]},
    }


def _finest_zoom(cell_m: float, lat: float) -> int:
    """The zoom at which a cell has about four pixels: beyond, tiles only repeat them."""
    widest = 2 * math.pi * RADIUS * math.cos(math.radians(lat)) / 256
    return min(22, max(0, math.ceil(math.log2(widest / cell_m)) + 2))


def _links(collection: Collection) -> Sequence[Link]:
    if not isinstance(collection, SurfaceCollection):
        return ()
    root = f"collections/{collection.id}"
    return (
        Link("http://www.opengis.net/def/rel/ogc/1.0/map", f"{root}/map?f=png", "A picture of the map", PNG),
        Link("describedby", f"{root}/tilejson.json", "TileJSON of the map"),
        Link("http://www.opengis.net/def/rel/ogc/1.0/legend", f"{root}/map/legend", "Legend of the map"),
    )


_CLASS = "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/{}"

STANDARD = Standard(
    title="OGC API Maps",
    router=router,
    conformance=tuple(_CLASS.format(name) for name in ("core", "crs", "tilesets", "collection-map", "png", "tiff")),
    collection_links=_links,
)
