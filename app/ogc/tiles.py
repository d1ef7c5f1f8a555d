"""OGC API Tiles: vector tiles, their metadata, and the one tile matrix set."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import ASK_AGAIN, FOR_EVER, JSON, MVT, Body, json_answer
from app.http.asked import JSON_ONLY, asked
from app.http.hot import Ready
from app.http.service import Service, service_of
from app.keys import PUBLIC
from app.ogc.catalogue import extent_of, features_of
from app.ogc.collection import FEATURES, Collection, FeatureCollection
from app.ogc.features import FILTERS
from app.ogc.limits import LIMIT_PARAMETERS
from app.ogc.link import Link, self_links
from app.ogc.maps import surface_tilejson
from app.ogc.standard import Standard, route
from app.ogc.tile_address import MATRIX_SET, ROW_AND_COLUMN, tile_of, tiled_box, tileset
from app.ogc.tile_asking import kept, known_parameters, question_of
from app.problems import NotFoundError
from app.query import PARAMETERS, Given
from tiles.cell_features import CELLS, CELLS_AGAINST, CELLS_MEASURED
from tiles.tile import Tile
from tiles.vector import Question, vector_tile

router = APIRouter()
DEEPEST_MADE = 16
"""Beyond, a tile unit is less than 15 cm: clients enlarge the tiles of this zoom."""
_FILTERS = tuple(PARAMETERS[name] for name in (*FILTERS, "datetime", "filter", "filter-lang", "filter-crs", "exceeds"))


def _tiled(request: Request) -> FeatureCollection:
    collection = features_of(request)
    if not collection.tiled:
        raise NotFoundError(f"{collection.id} has no tiles")
    return collection


@route(
    router,
    f"/collections/{{collection}}/tiles/{MATRIX_SET}/{ROW_AND_COLUMN}",
    "A vector tile",
    media=[MVT],
    parameters=[*_FILTERS, *LIMIT_PARAMETERS, PARAMETERS["v"]],
    may_be_empty=True,
)
async def feature_tile(request: Request) -> Response:
    """The features of a tile; 204 where there are none."""
    service, collection, tile = service_of(request), _tiled(request), tile_of(request)
    given, _ = asked(request, {"mvt": MVT}, *known_parameters(collection), PARAMETERS["v"])
    question, compared = await question_of(service, collection, tile, given)
    wanted = given.text("v")
    expected = None if wanted is None else wanted.removesuffix(compared.mark)
    version = await _version(service, collection, expected)
    body = service.tiles.get((question, version))
    if body is None:
        version, body = await service.drawing.join((question, version), partial(_drawn, service, question))
        service.tiles.put((question, version), body)
    if version + compared.mark != wanted:
        return body.response(request, ASK_AGAIN)
    if service.visible == PUBLIC:
        depends = ((collection.id, int(version)), *compared.depends)
        service.hot.keep(request.scope, Ready(body, depends, FOR_EVER))
    return body.response(request, FOR_EVER)


async def _version(service: Service, collection: FeatureCollection, expected: str | None) -> str:
    """The version of a collection: read anew, unless it was the `expected` one a moment ago."""
    remembered = service.versions.remembered(collection.id)
    if expected is not None and str(remembered) == expected:
        return expected
    ((_, version),) = await service.versions.now(service.pool, collection.id)
    return str(version)


async def _drawn(service: Service, question: Question) -> tuple[str, Body]:
    async with service.pool.acquire() as connection:
        made = await vector_tile(connection, question)
    return str(made.version), Body(made.body, MVT)


@route(
    router,
    "/collections/{collection}/tilejson.json",
    "TileJSON",
    media=[JSON],
    parameters=[
        *_FILTERS,
        *(PARAMETERS[name] for name in ("quantity", "p", "limit", "guideline", "assume")),
    ],
)
async def tilejson(request: Request) -> Response:
    """Where the tiles of this version are."""
    service = service_of(request)
    if request.path_params["collection"] not in FEATURES:
        return json_answer(request, await surface_tilejson(request, service))
    collection = _tiled(request)
    given, _ = asked(request, JSON_ONLY, *known_parameters(collection))
    return json_answer(request, await _feature_tilejson(request, service, collection, given))


async def _feature_tilejson(
    request: Request, service: Service, collection: FeatureCollection, given: Given
) -> dict[str, Any]:
    question, compared = await question_of(service, collection, Tile(0, 0, 0), given)
    version = await _version(service, collection, None)
    query = urlencode([("v", version + compared.mark), *kept(given)])
    return {
        "tilejson": "3.0.0",
        "name": collection.title,
        "description": collection.description,
        "scheme": "xyz",
        "tiles": [f"{request.base_url}collections/{collection.id}/tiles/{MATRIX_SET}/{{z}}/{{y}}/{{x}}?{query}"],
        "minzoom": 0,
        "maxzoom": DEEPEST_MADE,
        "bounds": tiled_box((await extent_of(service, collection)).box),
        "vector_layers": [{"id": collection.id, "fields": _fields(question), "minzoom": 0, "maxzoom": DEEPEST_MADE}],
        "rows_beyond_tiles": await _beyond(service, question),
    }


def _fields(question: Question) -> dict[str, str]:
    """What features may say: those of single rows, and those of cells that stand for many."""
    layer = question.layer
    compared = {**layer.against, **CELLS_AGAINST} if question.limit is not None and layer.against else {}
    names = {name.strip('"'): "" for name in (*layer.attributes, *compared)}
    return names | (CELLS_MEASURED if layer.against else CELLS)


async def _beyond(service: Service, question: Question) -> int:
    """How many rows of what is asked lie north or south of all tiles, where web mercator does not reach."""
    statement, values = question.beyond
    async with service.pool.acquire() as connection:
        return int(await connection.fetchval(statement, *values))


@route(router, "/collections/{collection}/tiles", "Tile sets of the features", media=[JSON])
async def tilesets(request: Request) -> Response:
    """One: WebMercatorQuad."""
    asked(request, JSON_ONLY)
    found = await _tileset(request, service_of(request), _tiled(request))
    return json_answer(request, {"links": self_links(request)[:1], "tilesets": [found]})


@route(router, f"/collections/{{collection}}/tiles/{MATRIX_SET}", "A tile set of the features", media=[JSON])
async def feature_tileset(request: Request) -> Response:
    """What it holds and where its tiles are."""
    asked(request, JSON_ONLY)
    return json_answer(request, await _tileset(request, service_of(request), _tiled(request)))


async def _tileset(request: Request, service: Service, collection: FeatureCollection) -> dict[str, object]:
    base, root = str(request.base_url), f"collections/{collection.id}/tiles/{MATRIX_SET}"
    link = Link("item", root + "/{tileMatrix}/{tileRow}/{tileCol}", "Vector tiles", MVT, templated=True).document(base)
    found = tileset(collection.title, "vector", link, (await extent_of(service, collection)).box)
    here = Link("self", root, "This tile set").document(base)
    matrix_set = Link(_SCHEME, f"tileMatrixSets/{MATRIX_SET}", "Its tile matrix set").document(base)
    return found | {"links": [here, link, matrix_set]}


def _links(collection: Collection) -> Sequence[Link]:
    if not isinstance(collection, FeatureCollection) or not collection.tiled:
        return ()
    root = f"collections/{collection.id}"
    return (
        Link("http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector", f"{root}/tiles", "Vector tiles"),
        Link("describedby", f"{root}/tilejson.json", "TileJSON"),
    )


_SCHEME = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
_CLASS = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/{}"

STANDARD = Standard(
    title="OGC API Tiles",
    router=router,
    conformance=tuple(
        _CLASS.format(name) for name in ("core", "tileset", "tilesets-list", "geodata-tilesets", "mvt", "png")
    ),
    collection_links=_links,
)
