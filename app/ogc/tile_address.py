"""Addresses of tiles."""

import re

from starlette.requests import Request

from app.http.extent import CRS84
from app.problems import NotFoundError
from tiles.tile import NORTHERNMOST, Tile

MATRIX_SET = "WebMercatorQuad"
MATRIX_SET_URI = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
ROW_AND_COLUMN = "{z}/{row}/{column}"
_DIGITS = re.compile("[0-9]{1,9}", re.ASCII)

Box = tuple[float, float, float, float]


def tile_of(request: Request) -> Tile:
    """The tile that the address names; raises `NotFoundError` for one that does not exist."""
    texts = [request.path_params[name] for name in ("z", "row", "column")]
    try:
        z, row, column = (int(text) if _DIGITS.fullmatch(text) else -1 for text in texts)
        return Tile(z, column, row)
    except ValueError:
        raise NotFoundError(f"{MATRIX_SET} has no tile {'/'.join(texts)}") from None


def tiled_box(box: Box | None) -> list[float]:
    """A box as far as tiles reach; the whole world where none is known."""
    west, south, east, north = box or (-180.0, -90.0, 180.0, 90.0)
    return [west, max(south, -NORTHERNMOST), east, min(north, NORTHERNMOST)]


def tileset(title: str, kind: str, template: dict[str, object], box: Box | None) -> dict[str, object]:
    """Metadata of a tile set (OGC 17-083r4, clause 9); `kind` is vector or map."""
    west, south, east, north = tiled_box(box)
    return {
        "title": title,
        "dataType": kind,
        "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
        "tileMatrixSetURI": MATRIX_SET_URI,
        "boundingBox": {"lowerLeft": [west, south], "upperRight": [east, north], "crs": CRS84},
        "links": [template],
    }
