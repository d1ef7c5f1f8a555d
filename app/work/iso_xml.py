"""Parts of ISO 19139 records: elements in their namespaces, texts, codes, boxes."""

import xml.etree.ElementTree as ET

GMD, GCO, GML = "http://www.isotc211.org/2005/gmd", "http://www.isotc211.org/2005/gco", "http://www.opengis.net/gml"
CODES = "http://standards.iso.org/iso/19139/resources/gmxCodelists.xml"
_PREFIXES = {"gmd": GMD, "gco": GCO, "gml": GML}


def add(node: ET.Element, name: str, *more: str, **attributes: str) -> ET.Element:
    """An element below, and others each below the one before; the last may be followed by its namespace."""
    space = GMD
    names = [name, *more]
    if names[-1] in (GCO, GMD):
        space = names.pop()
    for each in names[:-1]:
        node = ET.SubElement(node, f"{{{GMD}}}{each}")
    return ET.SubElement(node, f"{{{space}}}{names[-1]}", attributes)


def add_text(node: ET.Element, name: str, text: str) -> None:
    """A part that is a text."""
    add(add(node, name), "CharacterString", GCO).text = text


def add_code(node: ET.Element, name: str, kind: str, value: str) -> None:
    """A part whose value is of a list of codes."""
    add(add(node, name), kind, codeList=f"{CODES}#{kind}", codeListValue=value).text = value


def add_box(node: ET.Element, box: tuple[float, float, float, float]) -> None:
    """The extent of what is identified: west, south, east, north in degrees."""
    extent = add(node, "extent", "EX_Extent", "geographicElement", "EX_GeographicBoundingBox")
    west, south, east, north = box
    for name, edge in (
        ("westBoundLongitude", west),
        ("eastBoundLongitude", east),
        ("southBoundLatitude", south),
        ("northBoundLatitude", north),
    ):
        add(add(extent, name), "Decimal", GCO).text = f"{edge:.8f}"


def written(root: ET.Element) -> bytes:
    """The record as a file, with the prefixes that everybody uses."""
    for prefix, address in _PREFIXES.items():
        ET.register_namespace(prefix, address)
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content
