"""What a surface says at a pixel, in the formats that map services answer a click with."""

import html
from functools import partial
from typing import Any

import numpy as np
import orjson

from app.http.service import Service
from app.ogc.collection import SurfaceCollection
from app.ogc.ows.kvp import ServiceError
from app.ogc.ows.layers import Layer
from app.ogc.showing import Showing, fields_of, read
from tiles.pixels import Pixels
from tiles.quantity import Shown

JSON, GEOJSON, TEXT, HTML = "application/json", "application/geo+json", "text/plain", "text/html"
INFORMATION = (JSON, GEOJSON, TEXT, HTML)


async def information(
    service: Service, layer: Layer, wanted: Showing, pixels: Pixels, pixel: tuple[int, int], media: str
) -> tuple[bytes, str]:
    """The distribution at the centre of a pixel (column, row), and the media type; raises `ServiceError`."""
    column, row = pixel
    if not (0 <= column < pixels.columns and 0 <= row < pixels.rows):
        raise ServiceError("InvalidPoint", "I and J must lie in the picture", "I")
    if media not in INFORMATION:
        raise ServiceError("InvalidFormat", f"INFO_FORMAT must be one of {', '.join(INFORMATION)}", "INFO_FORMAT")
    lon, lat = (axis[0, 0] for axis in pixels.places(np.array([column + 0.5]), np.array([row + 0.5])))
    shown = _all_of(wanted.surface, wanted.shown)
    values = await read(service, wanted.surface, partial(_values, wanted, shown, float(lon), float(lat)))
    return _said(layer, (float(lon), float(lat)), shown, values, media), media


def _all_of(surface: SurfaceCollection, shown: Shown) -> dict[str, Shown]:
    known = {each: name for name, each in fields_of(surface).items()}
    return {name: each for each, name in known.items()} | ({} if shown in known else {shown.name: shown})


def _values(wanted: Showing, shown: dict[str, Shown], lon: float, lat: float) -> dict[str, float | None]:
    bands = wanted.raster.point(lon, lat)
    values = {name: float(each.of(bands, wanted.raster.transform)) for name, each in shown.items()}
    return {name: value if np.isfinite(value) else None for name, value in values.items()}


def _said(
    layer: Layer, place: tuple[float, float], shown: dict[str, Shown], values: dict[str, float | None], media: str
) -> bytes:
    if media in (JSON, GEOJSON):
        point = {"type": "Point", "coordinates": list(place)}
        units: dict[str, Any] = {f"{name}_unit": each.unit for name, each in shown.items()}
        one = {"type": "Feature", "id": layer.name, "geometry": point, "properties": {**values, **units}}
        known = [one] if any(value is not None for value in values.values()) else []
        return orjson.dumps({"type": "FeatureCollection", "features": known})
    lines = [
        f"{each.title}: {'no value' if values[name] is None else f'{values[name]:.6g} {each.unit}'.removesuffix(' 1')}"
        for name, each in shown.items()
    ]
    if media == TEXT:
        return "\n".join((layer.title, *lines, "")).encode()
    rows = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    title = html.escape(layer.title)
    return f"<!doctype html><title>{title}</title><h1>{title}</h1><ul>{rows}</ul>".encode()
