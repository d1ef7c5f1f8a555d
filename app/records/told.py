"""A record told in other words: DCAT 3 as JSON-LD, ISO 19139 as XML, STAC 1.0 as an item."""

import datetime as dt
import xml.etree.ElementTree as ET
from typing import Any

from app.records.record import Box, Record, polygon_of
from app.work.iso_xml import GCO, GMD, add, add_box, add_code, add_text, written

DCAT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
}
STAC_VERSION = "1.0.0"
_LEVELS = {"dataset": "dataset", "map": "dataset", "layer": "dataset", "vocabulary": "nonGeographicDataset"}


def as_dcat(record: Record, base: str) -> dict[str, Any]:
    """A `dcat:Dataset` with its distributions."""
    contact = None if record.contact is None else {"@type": "vcard:Kind", "vcard:hasEmail": record.contact}
    members: dict[str, Any] = {
        "@context": DCAT,
        "@id": f"{base}collections/records/items/{record.id}",
        "@type": "dcat:Dataset",
        "dct:identifier": record.id,
        "dct:title": record.title,
        "dct:description": record.description,
        "dct:license": record.licence,
        "dct:publisher": record.provider,
        "dct:provenance": record.lineage,
        "dct:modified": None if record.updated is None else record.updated.isoformat(),
        "dcat:contactPoint": contact,
        "dcat:keyword": list(record.keywords),
        "dct:spatial": None if record.box is None else {"@type": "dct:Location", "dcat:bbox": _wkt(record.box)},
        "dct:temporal": None if record.period is None else _period_of_time(record.period),
        "dcat:distribution": [
            {
                "@type": "dcat:Distribution",
                "dct:title": link.title,
                "dcat:accessURL": base + link.path,
                "dcat:mediaType": link.type,
            }
            for link in record.links
        ],
    }
    return {name: value for name, value in members.items() if value is not None}


def _wkt(box: Box) -> str:
    ring = polygon_of(box)["coordinates"][0]
    return "POLYGON((" + ", ".join(f"{x} {y}" for x, y in ring) + "))"


def _period_of_time(period: tuple[dt.date | None, dt.date | None]) -> dict[str, str]:
    ends = zip(("dcat:startDate", "dcat:endDate"), period, strict=True)
    return {"@type": "dct:PeriodOfTime", **{name: day.isoformat() for name, day in ends if day is not None}}


def as_iso(record: Record, base: str) -> bytes:
    """An ISO 19139 record, with lineage."""
    root = ET.Element(f"{{{GMD}}}MD_Metadata")
    add_text(root, "fileIdentifier", record.id)
    add_text(root, "language", "eng")
    add_code(root, "hierarchyLevel", "MD_ScopeCode", _LEVELS[record.type])
    party = add(root, "contact", "CI_ResponsibleParty")
    add_text(party, "organisationName", record.provider)
    if record.contact is not None:
        address = add(party, "contactInfo", "CI_Contact", "address", "CI_Address")
        add_text(address, "electronicMailAddress", record.contact)
    add_code(party, "role", "CI_RoleCode", "pointOfContact")
    updated = record.updated or dt.datetime.now(dt.UTC)
    add(add(root, "dateStamp"), "Date", GCO).text = f"{updated:%Y-%m-%d}"
    _identify(add(root, "identificationInfo", "MD_DataIdentification"), record, updated)
    transfer = add(root, "distributionInfo", "MD_Distribution", "transferOptions", "MD_DigitalTransferOptions")
    for link in record.links:
        online = add(transfer, "onLine", "CI_OnlineResource")
        add(add(online, "linkage"), "URL").text = base + link.path
        add_text(online, "name", link.title)
    quality = add(root, "dataQualityInfo", "DQ_DataQuality")
    add_code(add(quality, "scope", "DQ_Scope"), "level", "MD_ScopeCode", _LEVELS[record.type])
    add_text(add(quality, "lineage", "LI_Lineage"), "statement", record.lineage)
    return written(root)


def _identify(node: ET.Element, record: Record, updated: dt.datetime) -> None:
    citation = add(node, "citation", "CI_Citation")
    add_text(citation, "title", record.title)
    date = add(citation, "date", "CI_Date")
    add(add(date, "date"), "Date", GCO).text = f"{updated:%Y-%m-%d}"
    add_code(date, "dateType", "CI_DateTypeCode", "revision")
    add_text(node, "abstract", record.description)
    keywords = add(node, "descriptiveKeywords", "MD_Keywords")
    for word in record.keywords:
        add_text(keywords, "keyword", word)
    add_text(add(node, "resourceConstraints", "MD_Constraints"), "useLimitation", f"Licence: {record.licence}")
    add_text(node, "language", "eng")
    add(add(node, "topicCategory"), "MD_TopicCategoryCode").text = "geoscientificInformation"
    if record.box is not None:
        add_box(node, record.box)


def as_stac(record: Record, base: str) -> dict[str, Any]:
    """A STAC item; every item has a time, which for a map is when it was made."""
    places = (("self", f"stac/items/{record.id}"), ("root", "stac"), ("parent", "stac"))
    related = [{"rel": rel, "href": base + path, "type": "application/json"} for rel, path in places]
    more = {"rel": "via", "href": f"{base}collections/records/items/{record.id}", "type": "application/geo+json"}
    moment = record.updated or dt.datetime.now(dt.UTC)
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "id": record.id,
        "geometry": None if record.box is None else polygon_of(record.box),
        **({} if record.box is None else {"bbox": list(record.box)}),
        "properties": {
            "datetime": moment.isoformat(),
            "title": record.title,
            "description": record.description,
            "license": record.licence,
            "keywords": list(record.keywords),
            "processing:lineage": record.lineage,
        },
        "links": [*related, more],
        "assets": {
            link.path.rsplit("/", 1)[1].partition(".")[0]: {
                "href": base + link.path,
                "title": link.title,
                "type": link.type,
                "roles": ["data"] if link.rel == "item" else ["metadata"],
            }
            for link in record.links
        },
    }
