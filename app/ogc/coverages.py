"""OGC API Coverages: the file of a surface as it is."""

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from app.http.answers import ASK_AGAIN, GEOTIFF
from app.http.asked import asked
from app.http.service import service_of
from app.ogc.catalogue import surface_of
from app.ogc.collection import Collection, SurfaceCollection
from app.ogc.link import Link
from app.ogc.standard import Standard, route
from app.problems import UnavailableError

router = APIRouter()


@route(router, "/collections/{collection}/coverage", "The cloud-optimised GeoTIFF", media=[GEOTIFF])
async def coverage(request: Request) -> Response:
    """The three bands on the model's scale; ranges of bytes can be asked for, as GDAL's /vsicurl/ does."""
    service = service_of(request)
    surface = await surface_of(service, request)
    asked(request, {"tiff": GEOTIFF})
    path = service.settings.home / surface.row["path"]
    if not path.is_file():
        raise UnavailableError(f"the file of {surface.id} cannot be read on this machine")
    name = f"{surface.row['id']}.tif"
    return FileResponse(path, media_type=GEOTIFF, filename=name, headers={"Cache-Control": ASK_AGAIN})


def _links(collection: Collection) -> Sequence[Link]:
    if not isinstance(collection, SurfaceCollection):
        return ()
    root = f"collections/{collection.id}"
    return (Link("http://www.opengis.net/def/rel/ogc/1.0/coverage", f"{root}/coverage", "The GeoTIFF", GEOTIFF),)


STANDARD = Standard(title="OGC API Coverages", router=router, collection_links=_links)
