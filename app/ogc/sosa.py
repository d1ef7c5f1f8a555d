"""A measurement as an observation in the words of SOSA (W3C and OGC, 2017), QUDT and GloSIS, as JSON-LD."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select

from db.tables import contaminant

JSON_LD = "application/ld+json"
GLOSIS = "http://w3id.org/glosis/model/layerhorizon/"
CAS = "https://identifiers.org/cas:"
MILLIGRAM_PER_KILOGRAM = "http://qudt.org/vocab/unit/MilliGM-PER-KiloGM"
CONTEXT: Mapping[str, Any] = {
    "sosa": "http://www.w3.org/ns/sosa/",
    "qudt": "http://qudt.org/schema/qudt/",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "dct": "http://purl.org/dc/terms/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "schema": "https://schema.org/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "time": "http://www.w3.org/2006/time#",
}


def contaminant_called(identifier: str) -> Select[Any]:
    """How others call a contaminant."""
    names = ("id", "name", "cas", "glosis_code")
    return select(*(contaminant.c[name] for name in names)).where(contaminant.c.id == identifier)


def observation(
    address: str, properties: Mapping[str, Any], place: Mapping[str, Any] | None, named: Mapping[str, Any], base: str
) -> dict[str, Any]:
    """The observation of that address; `properties` are those of a measurement, `named` is how others call it."""
    members = {
        "@context": CONTEXT,
        "@id": address,
        "@type": "sosa:Observation",
        "sosa:observedProperty": _property(named),
        "sosa:hasFeatureOfInterest": _sample(properties, place, base),
        "sosa:usedProcedure": _procedure(properties),
        "sosa:phenomenonTime": _time(properties),
        "sosa:hasResult": _result(properties),
        "dct:isPartOf": {"@id": f"{base}datasets/{properties['dataset']}"},
        "dct:source": _source(properties),
        "skos:note": None if properties["quality_flag"] == "ok" else properties["quality_flag"],
    }
    return {name: value for name, value in members.items() if value is not None}


def _property(named: Mapping[str, Any]) -> dict[str, Any]:
    """By its class in GloSIS where it has one, and by its CAS number."""
    code, cas = named["glosis_code"], named["cas"]
    known = {"@id": f"{GLOSIS}{code}"} if code and code.isidentifier() else {}
    same = {"skos:closeMatch": {"@id": f"{CAS}{cas}"}, "dct:identifier": f"CAS {cas}"} if cas else {}
    return {**known, "@type": "sosa:ObservableProperty", "rdfs:label": named["name"], **same}


def _sample(properties: Mapping[str, Any], place: Mapping[str, Any] | None, base: str) -> dict[str, Any]:
    members = {
        "@id": f"{base}collections/samples/items/{properties['specimen_id']}",
        "@type": "sosa:Sample",
        "rdfs:label": properties["specimen"],
        "dct:type": properties["medium"],
        "schema:depth": _depth(properties),
        "sosa:isSampleOf": {"@type": "sosa:FeatureOfInterest", "rdfs:label": properties["site"]},
        "geo:hasGeometry": None if place is None else {"@type": "geo:Geometry", "geo:asGeoJSON": place},
    }
    return {name: value for name, value in members.items() if value is not None}


def _depth(properties: Mapping[str, Any]) -> dict[str, Any] | None:
    upper, lower = properties["upper_depth_cm"], properties["lower_depth_cm"]
    if upper is None or lower is None:
        return None
    return {
        "@type": "schema:QuantitativeValue",
        "schema:minValue": upper,
        "schema:maxValue": lower,
        "schema:unitText": "cm",
    }


def _procedure(properties: Mapping[str, Any]) -> dict[str, Any]:
    parts = [properties["procedure"], properties["instrument"]]
    label = ", ".join(part for part in parts if part and part != "unknown") or "unknown"
    return {
        "@type": "sosa:Procedure",
        "rdfs:label": label,
        "dct:description": f"results per {properties['basis']} mass",
    }


def _time(properties: Mapping[str, Any]) -> dict[str, Any] | None:
    first, last = properties["sampled_from"], properties["sampled_to"]
    if first is None:
        return None
    return {"@type": "time:Interval", "schema:startDate": first, "schema:endDate": last or first}


def _result(properties: Mapping[str, Any]) -> dict[str, Any]:
    """A number where one was measured; else what is known of it, a bound on one side or on both."""
    unit = {"qudt:unit": {"@id": MILLIGRAM_PER_KILOGRAM}, "rdfs:label": properties["original_text"]}
    if not properties["censored"]:
        return {"@type": "qudt:QuantityValue", "qudt:numericValue": properties["value"], **unit}
    bounds = {"schema:minValue": properties["lower"], "schema:maxValue": properties["upper"]}
    known = {name: value for name, value in bounds.items() if value is not None}
    return {"@type": ["qudt:QuantityValue", "schema:QuantitativeValue"], **known, **unit}


def _source(properties: Mapping[str, Any]) -> str:
    place = f"{properties['source_file']}, row {properties['source_row']}"
    return place if properties["source_column"] is None else f"{place}, column {properties['source_column']}"
