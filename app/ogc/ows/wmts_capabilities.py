"""What the Web Map Tile Service can do, as XML (OGC 07-057r7)."""

from collections.abc import Sequence

from app.ogc.ows.information import INFORMATION
from app.ogc.ows.layers import Layer
from app.ogc.ows.wms_capabilities import TITLE
from app.ogc.ows.xml import XLINK, Writer
from tiles.images import PNG
from tiles.matrix_sets import MATRIX_SETS, MatrixSet

SPACES = {"": "http://www.opengis.net/wmts/1.0", "ows": "http://www.opengis.net/ows/1.1", "xlink": XLINK}
DEEPEST = 22
OPERATIONS = ("GetCapabilities", "GetTile", "GetFeatureInfo")


def capabilities(base: str, layers: Sequence[Layer]) -> bytes:
    """The document; `base` is the address of the service, with a slash at its end."""
    root = Writer("Capabilities", SPACES, version="1.0.0")
    identification = root.add("ows:ServiceIdentification")
    identification.each({"ows:Title": TITLE, "ows:ServiceType": "OGC WMTS", "ows:ServiceTypeVersion": "1.0.0"})
    metadata = root.add("ows:OperationsMetadata")
    for name in OPERATIONS:
        _operation(metadata.add("ows:Operation", name=name), f"{base}wmts?")
    contents = root.add("Contents")
    for layer in layers:
        _layer(contents.add("Layer"), layer, base)
    for each in MATRIX_SETS.values():
        _matrix_set(contents.add("TileMatrixSet"), each)
    root.link("ServiceMetadataURL", f"{base}wmts/1.0.0/WMTSCapabilities.xml")
    return root.bytes()


def _operation(parent: Writer, address: str) -> None:
    get = parent.add("ows:DCP").add("ows:HTTP").link("ows:Get", address)
    get.add("ows:Constraint", name="GetEncoding").add("ows:AllowedValues").add("ows:Value", "KVP")


def _layer(element: Writer, layer: Layer, base: str) -> None:
    element.each({"ows:Title": layer.title, "ows:Abstract": layer.surface.description})
    west, south, east, north = layer.surface.box
    sides = (-180.0, 180.0) if west > east else (west, east)
    box = element.add("ows:WGS84BoundingBox")
    box.each({"ows:LowerCorner": f"{sides[0]!r} {south!r}", "ows:UpperCorner": f"{sides[1]!r} {north!r}"})
    element.add("ows:Identifier", layer.name)
    for number, (name, shown) in enumerate(layer.styles.items()):
        style = element.add("Style", isDefault="true" if number == 0 else "false")
        style.each({"ows:Title": shown.title, "ows:Identifier": name})
        legend = f"{base}wms?service=WMS&version=1.3.0&request=GetLegendGraphic&layer={layer.name}&style={name}"
        style.link("LegendURL", legend, format=PNG)
    element.add("Format", PNG)
    for media in INFORMATION:
        element.add("InfoFormat", media)
    dimension = element.add("Dimension")
    dimension.each({"ows:Identifier": "Time", "Default": layer.latest})
    for time in sorted(layer.times):
        dimension.add("Value", time)
    for each in MATRIX_SETS:
        element.add("TileMatrixSetLink").add("TileMatrixSet", each)
    template = (
        f"{base}wmts/1.0.0/{layer.name}/{{Style}}/{{Time}}/{{TileMatrixSet}}/{{TileMatrix}}/{{TileRow}}/{{TileCol}}.png"
    )
    element.add("ResourceURL", format=PNG, resourceType="tile", template=template)


def _matrix_set(element: Writer, matrices: MatrixSet) -> None:
    authority, code = matrices.crs.split(":")
    version = "1.3" if authority == "OGC" else ""
    element.add("ows:Identifier", matrices.id)
    element.add("ows:SupportedCRS", f"urn:ogc:def:crs:{authority}:{version}:{code}")
    for matrix in matrices.definition()["tileMatrices"][:DEEPEST]:
        one = element.add("TileMatrix")
        one.each({"ows:Identifier": matrix["id"], "ScaleDenominator": repr(matrix["scaleDenominator"])})
        one.add("TopLeftCorner", " ".join(repr(float(number)) for number in matrix["pointOfOrigin"]))
        names = ("tileWidth", "tileHeight", "matrixWidth", "matrixHeight")
        one.each({name[0].upper() + name[1:]: matrix[name] for name in names})
