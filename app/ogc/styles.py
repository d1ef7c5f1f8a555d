"""OGC API Styles: for each collection that is drawn, its legend as styles of MapLibre and as SLD."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import ASK_AGAIN, JSON, Body, json_answer
from app.http.asked import JSON_ONLY, asked
from app.http.service import Service, service_of
from app.ogc.catalogue import any_collection
from app.ogc.collection import Collection, FeatureCollection, SurfaceCollection
from app.ogc.limits import LIMIT_PARAMETERS
from app.ogc.link import Link, self_links
from app.ogc.ows.xml import Writer
from app.ogc.showing import EXCEEDANCE, fields_of, read, showing_of
from app.ogc.standard import Standard, route
from app.problems import NotFoundError
from app.query import Given
from tiles.legend import CONCENTRATION, Legend
from tiles.quantity import Quantity

router = APIRouter()
MAPLIBRE, SLD = "application/vnd.mapbox.style+json", "application/vnd.ogc.sld+xml"
FORMATS = {"mapbox": MAPLIBRE, "sld": SLD, "json": MAPLIBRE}
PLAIN = "default"
INK, PAPER = "#1b1f23", "#f4f2ec"


@dataclass(frozen=True, slots=True)
class Symbol:
    """How features of a collection are drawn: points filled, areas filled and outlined."""

    fill: str
    line: str
    areas: bool


SYMBOLS: Mapping[str, Symbol] = {
    "samples": Symbol(CONCENTRATION[3], INK, areas=False),
    "sites": Symbol("#6b7d86", INK, areas=False),
    "sources": Symbol("#b5d3e7", "#3f7fb1", areas=True),
    "hotspots": Symbol("#b5105f", INK, areas=True),
}
OTHERS = Symbol("#6b7d86", INK, areas=True)


def _names(collection: Collection) -> tuple[str, ...]:
    return tuple(fields_of(collection)) if isinstance(collection, SurfaceCollection) else (PLAIN,)


def _drawn(collection: Collection) -> bool:
    return isinstance(collection, SurfaceCollection) or (isinstance(collection, FeatureCollection) and collection.tiled)


@route(router, "/collections/{collection}/styles", "The styles of a collection", media=[JSON])
async def styles(request: Request) -> Response:
    """One for each quantity of a surface; the first is shown where none is asked for."""
    found = await any_collection(service_of(request), request)
    asked(request, JSON_ONLY)
    if not _drawn(found):
        raise NotFoundError(f"{found.id} is not drawn, so it has no styles")
    base, root = str(request.base_url), f"collections/{found.id}/styles"
    listed = [
        {
            "id": name,
            "title": name,
            "links": [
                Link("stylesheet", f"{root}/{name}?f={how}", f"As {media}", media).document(base)
                for how, media in (("mapbox", MAPLIBRE), ("sld", SLD))
            ],
        }
        for name in _names(found)
    ]
    return json_answer(request, {"default": _names(found)[0], "styles": listed, "links": self_links(request)[:1]})


@route(
    router,
    "/collections/{collection}/styles/{style}",
    "A style",
    media=[MAPLIBRE, SLD],
    parameters=LIMIT_PARAMETERS,
)
async def style(request: Request) -> Response:
    """For MapLibre, complete with its source, or as SLD; `exceedance` needs a limit or a guideline."""
    service = service_of(request)
    found = await any_collection(service, request)
    limits = LIMIT_PARAMETERS if isinstance(found, SurfaceCollection) else ()
    given, how = asked(request, FORMATS, *limits)
    name = request.path_params["style"]
    if not _drawn(found) or name not in (*_names(found), EXCEEDANCE):
        raise NotFoundError(f"{found.id} has no style {name[:60]!r}; it has {', '.join(_names(found))}")
    if isinstance(found, SurfaceCollection):
        return await _of_surface(request, service, found, name, given, how)
    if name == EXCEEDANCE:
        raise NotFoundError(f"{found.id} has no style {name!r}")
    symbol = SYMBOLS.get(found.id, OTHERS)
    if how == "sld":
        return Body(_features_sld(found, symbol), SLD).response(request, ASK_AGAIN)
    return json_answer(request, _features_style(str(request.base_url), found, symbol), MAPLIBRE)


async def _of_surface(
    request: Request, service: Service, surface: SurfaceCollection, name: str, given: Given, how: str
) -> Response:
    shown = fields_of(surface).get(name)
    values = {key: texts for key, texts in given.values.items() if key != "f"} | {"quantity": (name,)}
    if isinstance(shown, Quantity):
        values["quantity"] = (shown.name,)
        values |= {"p": (repr(shown.p),)} if shown.p is not None else {}
    wanted = await showing_of(service, surface, Given(values))
    if how == "sld":
        legend = await read(service, surface, partial(wanted.raster.legend, wanted.shown))
        return Body(_surface_sld(surface, name, legend), SLD).response(request, ASK_AGAIN)
    query = urlencode([(key, text) for key, texts in values.items() for text in texts])
    address = f"{request.base_url}collections/{surface.id}/tilejson.json?{query}"
    source = {"type": "raster", "url": address, "tileSize": 256}
    layer = {"id": surface.id, "type": "raster", "source": surface.id, "paint": {"raster-resampling": "nearest"}}
    return json_answer(request, _style(f"{surface.title}: {wanted.title}", surface.id, source, [layer]), MAPLIBRE)


def _style(title: str, key: str, source: Mapping[str, Any], layers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A style of MapLibre, version 8."""
    background = {"id": "background", "type": "background", "paint": {"background-color": PAPER}}
    return {"version": 8, "name": title, "sources": {key: source}, "layers": [background, *layers]}


def _features_style(base: str, found: Collection, symbol: Symbol) -> dict[str, Any]:
    common = {"source": found.id, "source-layer": found.id}
    points = {
        "circle-radius": 5,
        "circle-color": symbol.fill,
        "circle-stroke-color": symbol.line,
        "circle-stroke-width": 1,
    }
    layers: list[dict[str, Any]] = [
        {"id": f"{found.id}-points", "type": "circle", **common, "filter": _kind("Point"), "paint": points}
    ]
    if symbol.areas:
        areas = {"fill-color": symbol.fill, "fill-opacity": 0.5}
        lines = {"line-color": symbol.line, "line-width": 1.2}
        layers = [
            {"id": f"{found.id}-areas", "type": "fill", **common, "filter": _kind("Polygon"), "paint": areas},
            {"id": f"{found.id}-lines", "type": "line", **common, "filter": ["!", _kind("Point")], "paint": lines},
            *layers,
        ]
    source = {"type": "vector", "url": f"{base}collections/{found.id}/tilejson.json"}
    return _style(found.title, found.id, source, layers)


def _kind(name: str) -> list[Any]:
    return ["==", ["geometry-type"], name]


SPACES = {
    "": "http://www.opengis.net/sld",
    "ogc": "http://www.opengis.net/ogc",
    "xlink": "http://www.w3.org/1999/xlink",
}


def _sld(name: str, title: str) -> tuple[Writer, Writer]:
    """A document of SLD 1.0 (OGC 02-070) with one rule, and that rule."""
    root = Writer("StyledLayerDescriptor", SPACES, version="1.0.0")
    layer = root.add("NamedLayer")
    layer.add("Name", name)
    own = layer.add("UserStyle")
    own.add("Title", title)
    return root, own.add("FeatureTypeStyle").add("Rule")


def _surface_sld(surface: SurfaceCollection, name: str, legend: Legend) -> bytes:
    root, rule = _sld(surface.id, f"{legend.title} ({legend.unit})")
    symbolizer = rule.add("RasterSymbolizer")
    bands = list(fields_of(surface))
    channel = str(bands.index(name) + 1) if name in bands else "1"
    symbolizer.add("ChannelSelection").add("GrayChannel").add("SourceChannelName", channel)
    colours = symbolizer.add("ColorMap", type="intervals")
    for each in legend.classes():
        # SLD says up to which quantity a colour goes, and knows no open end
        upper = 1e38 if each["upper"] is None else each["upper"]
        colours.add("ColorMapEntry", color=each["colour"], quantity=repr(float(upper)), label=str(each["label"]))
    return root.bytes()


def _features_sld(found: Collection, symbol: Symbol) -> bytes:
    root, rule = _sld(found.id, found.title)
    if symbol.areas:
        area = rule.add("PolygonSymbolizer")
        area.add("Fill").add("CssParameter", symbol.fill, name="fill")
        area.add("Stroke").add("CssParameter", symbol.line, name="stroke")
    graphic = rule.add("PointSymbolizer").add("Graphic")
    mark = graphic.add("Mark")
    mark.add("WellKnownName", "circle")
    mark.add("Fill").add("CssParameter", symbol.fill, name="fill")
    mark.add("Stroke").add("CssParameter", symbol.line, name="stroke")
    graphic.add("Size", 8)
    return root.bytes()


def _links(collection: Collection) -> Sequence[Link]:
    if not _drawn(collection):
        return ()
    return (Link("http://www.opengis.net/def/rel/ogc/1.0/styles", f"collections/{collection.id}/styles", "Styles"),)


STANDARD = Standard(
    title="OGC API Styles",
    router=router,
    conformance=tuple(
        f"http://www.opengis.net/spec/ogcapi-styles-1/1.0/conf/{name}" for name in ("core", "mapbox-style", "sld-10")
    ),
    collection_links=_links,
)
