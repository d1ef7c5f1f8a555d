"""What the Web Map Service can do, as XML (OGC 06-042, annex E)."""

from collections.abc import Sequence
from urllib.parse import urlencode

from app.ogc.image_address import MOST_ACROSS
from app.ogc.ows.information import INFORMATION
from app.ogc.ows.layers import Layer
from app.ogc.ows.xml import XLINK, Writer
from app.ogc.systems import System, systems_of
from tiles.images import PNG
from tiles.pixels import DEGREES, Pixels

OPERATIONS = {"GetCapabilities": ("text/xml",), "GetMap": (PNG,), "GetFeatureInfo": INFORMATION}
TITLE = "Edaphos: maps of soil pollution"


def capabilities(base: str, layers: Sequence[Layer]) -> bytes:
    """The document; `base` is the address of the service, with a slash at its end."""
    root = Writer("WMS_Capabilities", {"": "http://www.opengis.net/wms", "xlink": XLINK}, version="1.3.0")
    service = root.add("Service").each({"Name": "WMS", "Title": TITLE})
    service.link("OnlineResource", base)
    service.each({"LayerLimit": 1, "MaxWidth": MOST_ACROSS, "MaxHeight": MOST_ACROSS})
    capability = root.add("Capability")
    _operations(capability.add("Request"), f"{base}wms?")
    capability.add("Exception").add("Format", "XML")
    group = capability.add("Layer").each({"Title": TITLE, "CRS": "CRS:84"})
    for layer in layers:
        _layer(group, layer, f"{base}wms?")
    return root.bytes()


def _operations(parent: Writer, address: str) -> None:
    for name, formats in OPERATIONS.items():
        operation = parent.add(name)
        for media in formats:
            operation.add("Format", media)
        operation.add("DCPType").add("HTTP").add("Get").link("OnlineResource", address)


def _layer(parent: Writer, layer: Layer, address: str) -> None:
    element = parent.add("Layer", queryable="1", opaque="0")
    element.each({"Name": layer.name, "Title": layer.title, "Abstract": layer.surface.description})
    systems = systems_of(layer.surface)
    for system in systems:
        element.add("CRS", system.code)
    west, south, east, north = layer.surface.box
    sides = (-180.0, 180.0) if west > east else (west, east)
    names = ("westBoundLongitude", "eastBoundLongitude", "southBoundLatitude", "northBoundLatitude")
    element.add("EX_GeographicBoundingBox").each(dict(zip(names, (*sides, south, north), strict=True)))
    for system in systems:
        _box(element, system, (sides[0], south, sides[1], north))
    times = ",".join(sorted(layer.times))
    element.add("Dimension", times, name="time", units="ISO8601", default=layer.latest)
    for name, shown in layer.styles.items():
        style = element.add("Style").each({"Name": name, "Title": shown.title})
        query = {"service": "WMS", "version": "1.3.0", "request": "GetLegendGraphic", "format": PNG}
        picture = style.add("LegendURL", width="200", height="180")
        picture.add("Format", PNG)
        picture.link("OnlineResource", address + urlencode(query | {"layer": layer.name, "style": name}))


def _box(parent: Writer, system: System, box: tuple[float, float, float, float]) -> None:
    try:
        west, south, east, north = Pixels.covering(DEGREES, box, 1, 1).bounds_in(system.name)
    except ValueError:
        return  # the system does not reach over all of the surface: clients then take the box in degrees
    corners = (south, west, north, east) if system.flipped else (west, south, east, north)
    names = ("minx", "miny", "maxx", "maxy")
    edges = {name: repr(float(edge)) for name, edge in zip(names, corners, strict=True)}
    parent.add("BoundingBox", CRS=system.code, **edges)
