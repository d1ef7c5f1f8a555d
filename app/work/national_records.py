"""What a national package says of itself: ISO 19139 and DCAT records, and the methods in words."""

import datetime as dt
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.work.iso_xml import GCO, GMD, add, add_box, add_code, add_text, written
from app.work.national import FROM_SIMULATION, LEAST_COVERED, REALISATIONS, NationalLayers

METHODS_PATH = "methods.md"
_NEEDED = (
    *("fileIdentifier", "language", "hierarchyLevel", "contact", "dateStamp", "spatialRepresentationInfo"),
    *("referenceSystemInfo", "identificationInfo", "distributionInfo", "dataQualityInfo"),
)


def iso_record(layers: NationalLayers, identifier: str, title: str) -> bytes:
    """An ISO 19139 record of one raster, with lineage and quality."""
    root = ET.Element(f"{{{GMD}}}MD_Metadata")
    add_text(root, "fileIdentifier", identifier)
    add_text(root, "language", "eng")
    add_code(root, "hierarchyLevel", "MD_ScopeCode", "dataset")
    _party(add(root, "contact"), layers)
    add(add(root, "dateStamp"), "Date", GCO).text = f"{_today():%Y-%m-%d}"
    add_text(root, "metadataStandardName", "ISO 19115:2003/19139")
    _grid(add(root, "spatialRepresentationInfo", "MD_GridSpatialRepresentation"), layers)
    system = add(root, "referenceSystemInfo", "MD_ReferenceSystem", "referenceSystemIdentifier", "RS_Identifier")
    add_text(system, "code", "EPSG:4326")
    _identification(add(root, "identificationInfo", "MD_DataIdentification"), layers, identifier, title)
    _distribution(add(root, "distributionInfo", "MD_Distribution"), identifier)
    _quality(add(root, "dataQualityInfo", "DQ_DataQuality"), layers)
    return written(root)


def read_iso(file: Path) -> str:
    """The identifier of a record; raises `ValueError` for one that is not well-formed or lacks an obligatory part."""
    try:
        root = ET.parse(file).getroot()  # noqa: S314  a file that was written here a moment ago
    except ET.ParseError as error:
        raise ValueError(f"{file.name} is not well-formed XML: {error}") from None
    missing = [name for name in _NEEDED if root.find(f"{{{GMD}}}{name}") is None]
    if root.tag != f"{{{GMD}}}MD_Metadata" or missing:
        raise ValueError(f"{file.name} is no ISO 19139 record: it lacks {', '.join(missing) or 'MD_Metadata'}")
    found = root.findtext(f"{{{GMD}}}fileIdentifier/{{{GCO}}}CharacterString") or ""
    if found != file.stem:
        raise ValueError(f"{file.name} is the record of {found!r}")
    return found


def _identification(node: ET.Element, layers: NationalLayers, identifier: str, title: str) -> None:
    citation = add(node, "citation", "CI_Citation")
    add_text(citation, "title", f"{layers.contaminant['name']}, {title.lower()} ({identifier})")
    date = add(citation, "date", "CI_Date")
    add(add(date, "date"), "Date", GCO).text = f"{_today():%Y-%m-%d}"
    add_code(date, "dateType", "CI_DateTypeCode", "creation")
    add_text(node, "abstract", methods(layers))
    keywords = add(node, "descriptiveKeywords", "MD_Keywords")
    for word in ("soil", "soil pollution", str(layers.contaminant["name"])):
        add_text(keywords, "keyword", word)
    constraints = add(node, "resourceConstraints", "MD_Constraints")
    add_text(constraints, "useLimitation", f"Licence of the samples: {_licences(layers)}")
    distance = add(node, "spatialResolution", "MD_Resolution", "distance")
    add(distance, "Distance", GCO, uom="arcsecond").text = f"{layers.request.arc_seconds:g}"
    add_text(node, "language", "eng")
    add(add(node, "topicCategory"), "MD_TopicCategoryCode").text = "geoscientificInformation"
    add_box(node, layers.grid.bounds)


def _grid(node: ET.Element, layers: NationalLayers) -> None:
    add(add(node, "numberOfDimensions"), "Integer", GCO).text = "2"
    for name, size in (("row", layers.grid.rows), ("column", layers.grid.columns)):
        axis = add(node, "axisDimensionProperties", "MD_Dimension")
        add_code(axis, "dimensionName", "MD_DimensionNameTypeCode", name)
        add(add(axis, "dimensionSize"), "Integer", GCO).text = str(size)
        resolution = add(add(axis, "resolution"), "Angle", GCO, uom="degree")
        resolution.text = f"{layers.grid.cell:.12g}"
    add_code(node, "cellGeometry", "MD_CellGeometryCode", "area")
    add(add(node, "transformationParameterAvailability"), "Boolean", GCO).text = "true"


def _distribution(node: ET.Element, identifier: str) -> None:
    form = add(node, "distributionFormat", "MD_Format")
    add_text(form, "name", "Cloud-optimised GeoTIFF")
    add_text(form, "version", "1.0")
    online = add(node, "transferOptions", "MD_DigitalTransferOptions", "onLine", "CI_OnlineResource")
    add(add(online, "linkage"), "URL").text = f"{identifier}.tif"


def _quality(node: ET.Element, layers: NationalLayers) -> None:
    add_code(add(node, "scope", "DQ_Scope"), "level", "MD_ScopeCode", "dataset")
    add_text(add(node, "lineage", "LI_Lineage"), "statement", methods(layers))


def _party(node: ET.Element, layers: NationalLayers) -> None:
    party = add(node, "CI_ResponsibleParty")
    add_text(party, "organisationName", layers.request.project)
    add_code(party, "role", "CI_RoleCode", "pointOfContact")


def dcat_record(layers: NationalLayers, titles: Mapping[str, str]) -> dict[str, Any]:
    """A DCAT 3 data set with a distribution for each raster, as JSON-LD."""
    west, south, east, north = layers.grid.bounds
    ring = f"{west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}"
    first, last = layers.years or (layers.year, layers.year)
    names = {"mean": layers.name(), "uncertainty": layers.name(uncertainty=True)}
    return {
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "prov": "http://www.w3.org/ns/prov#",
            "locn": "http://www.w3.org/ns/locn#",
        },
        "@type": "dcat:Dataset",
        "dct:identifier": layers.name(),
        "dct:title": f"{layers.contaminant['name']} in soil, {layers.depth_cm[0]:g} to {layers.depth_cm[1]:g} cm",
        "dct:description": methods(layers),
        "dct:issued": f"{_today():%Y-%m-%d}",
        "dct:rights": f"Licence of the samples: {_licences(layers)}",
        "dct:spatial": {"@type": "dct:Location", "dcat:bbox": f"POLYGON(({ring}))"},
        "dct:temporal": {"@type": "dct:PeriodOfTime", "dcat:startDate": str(first), "dcat:endDate": str(last)},
        "dcat:spatialResolutionInMeters": round(layers.grid.cell * 111_320),
        "dcat:keyword": ["soil", "soil pollution", str(layers.contaminant["name"])],
        "dcat:distribution": [
            {
                "@type": "dcat:Distribution",
                "dct:title": titles[kind],
                "dcat:downloadURL": f"{name}.tif",
                "dcat:mediaType": "image/tiff; application=geotiff; profile=cloud-optimized",
            }
            for kind, name in names.items()
        ],
    }


def methods(layers: NationalLayers) -> str:
    """One paragraph on how the layers were made, for readers who did not make them."""
    made, parameters = layers.made, layers.made.parameters
    context, scores = parameters.get("context", {}), made.scores
    sampled = "at times that are not recorded" if layers.years is None else f"in {_span(layers.years)}"
    censored = f", {layers.censored} of them known only by bounds such as detection limits" if layers.censored else ""
    errors = ", ".join(f"{name} {scores[name]:.3g}" for name in ("me", "rmse", "msdr") if name in scores)
    return (
        f"{layers.contaminant['name']} in {context.get('medium', 'soil')}, {layers.depth_cm[0]:g} to "
        f"{layers.depth_cm[1]:g} cm, in mg/kg ({context.get('basis', 'unknown')} basis, digestion "
        f"{context.get('procedure', 'unknown')}). {layers.samples} samples taken {sampled}{censored} were interpolated "
        f"by {made.parameters['method'].replace('-', ' ')} on the {parameters.get('transform', 'original')} scale in "
        f"{parameters.get('projection', 'a metric system')}, on cells of {parameters['grid']['cell']:g} m; the nugget "
        f"is part of what is predicted. Leave-one-out errors on that scale: {errors or 'not computed'}. Each cell of "
        f"{layers.request.arc_seconds:g} arc seconds (WGS 84) holds the mean of the expected values of the map in it, "
        f"weighted by area, where at least {LEAST_COVERED:.0%} of it is mapped. {_uncertainty(layers)} "
        f"Made by {parameters.get('software', 'edaphos')} from the map {made.id}."
    )


def _uncertainty(layers: NationalLayers) -> str:
    if layers.support == FROM_SIMULATION:
        return (
            f"The uncertainty is the standard deviation of such means over {REALISATIONS} joint realisations given the "
            "samples: errors of places near each other are alike and do not average out."
        )
    return (
        "The uncertainty is the standard deviation of the content at a point anywhere in the cell, which is above that "
        f"of the mean ({layers.why})."
    )


def _span(years: tuple[int, int]) -> str:
    return str(years[0]) if years[0] == years[1] else f"{years[0]} to {years[1]}"


def _licences(layers: NationalLayers) -> str:
    return "; ".join(layers.licences)


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
