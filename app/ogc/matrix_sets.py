"""OGC API Tiles: the tile matrix sets, and the tile sets of maps in each of them."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import JSON, json_answer
from app.http.asked import JSON_ONLY, asked
from app.http.extent import CRS84
from app.http.service import service_of
from app.ogc.catalogue import surface_of
from app.ogc.collection import Collection, SurfaceCollection
from app.ogc.link import Link, self_links
from app.ogc.standard import Standard, route
from app.problems import NotFoundError
from tiles.images import GEOTIFF, PNG
from tiles.matrix_sets import MATRIX_SETS, MatrixSet

router = APIRouter()
_SCHEME = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
_TILESETS = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-map"


@route(router, "/tileMatrixSets", "The tile matrix sets", media=[JSON])
async def matrix_sets(request: Request) -> Response:
    """Those that tiles of maps come in."""
    asked(request, JSON_ONLY)
    base = str(request.base_url)
    known = [
        {
            "id": each.id,
            "title": each.id,
            "uri": each.uri,
            "crs": each.crs_uri,
            "links": [Link("self", f"tileMatrixSets/{each.id}", each.id).document(base)],
        }
        for each in MATRIX_SETS.values()
    ]
    return json_answer(request, {"tileMatrixSets": known, "links": self_links(request)[:1]})


@route(router, "/tileMatrixSets/{tileMatrixSet}", "A tile matrix set", media=[JSON])
async def matrix_set(request: Request) -> Response:
    """Its definition."""
    asked(request, JSON_ONLY)
    return json_answer(request, matrix_set_of(request).definition())


def matrix_set_of(request: Request) -> MatrixSet:
    """The matrix set that the address names; raises `NotFoundError`."""
    name = request.path_params["tileMatrixSet"]
    if name not in MATRIX_SETS:
        raise NotFoundError(f"there is no tile matrix set {name!r}; known are {', '.join(MATRIX_SETS)}")
    return MATRIX_SETS[name]


@route(router, "/collections/{collection}/map/tiles", "Tile sets of the map", media=[JSON])
async def map_tilesets(request: Request) -> Response:
    """One for each tile matrix set."""
    surface = await surface_of(service_of(request), request)
    asked(request, JSON_ONLY)
    found = [_tileset(request, surface, each) for each in MATRIX_SETS.values()]
    return json_answer(request, {"links": self_links(request)[:1], "tilesets": found})


@route(router, "/collections/{collection}/map/tiles/{tileMatrixSet}", "A tile set of the map", media=[JSON])
async def map_tileset(request: Request) -> Response:
    """What it holds and where its tiles are."""
    surface = await surface_of(service_of(request), request)
    asked(request, JSON_ONLY)
    return json_answer(request, _tileset(request, surface, matrix_set_of(request)))


def _tileset(request: Request, surface: SurfaceCollection, matrices: MatrixSet) -> dict[str, Any]:
    """Metadata of a tile set (OGC 17-083r4, clause 9)."""
    root = f"collections/{surface.id}/map/tiles/{matrices.id}"
    template = root + "/{tileMatrix}/{tileRow}/{tileCol}"
    links = (
        Link("self", root, "This tile set"),
        Link("item", template, "Map tiles", PNG, templated=True),
        Link("item", template + "?f=tiff", "Map tiles of values", GEOTIFF, templated=True),
        Link(_SCHEME, f"tileMatrixSets/{matrices.id}", "Its tile matrix set"),
        Link("http://www.opengis.net/def/rel/ogc/1.0/geodata", f"collections/{surface.id}", surface.title),
    )
    west, south, east, north = surface.box
    return {
        "title": surface.title,
        "dataType": "map",
        "crs": matrices.crs_uri,
        "tileMatrixSetURI": matrices.uri,
        "boundingBox": {"lowerLeft": [west, south], "upperRight": [east, north], "crs": CRS84},
        "links": [link.document(str(request.base_url)) for link in links],
    }


def _links(collection: Collection) -> Sequence[Link]:
    if not isinstance(collection, SurfaceCollection):
        return ()
    return (Link(_TILESETS, f"collections/{collection.id}/map/tiles", "Map tiles"),)


STANDARD = Standard(
    title="OGC API Tiles",
    router=router,
    landing_links=(
        Link("http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes", "tileMatrixSets", "The tile matrix sets"),
    ),
    collection_links=_links,
)
