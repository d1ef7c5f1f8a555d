"""Pages of a SensorThings service saved to disk (OGC 18-088): one record per observation, what it hangs on beside it.

A page may list observations with their datastream expanded, or things, locations or datastreams with the observations
below them: whatever is nested is walked, and each observation gets the columns of all that it is nested in or holds.
Columns are named by the entity and its property, `Datastream.unitOfMeasurement.symbol`; places stand in `geometry.x`
and `geometry.y`, from the feature of interest or else from the location of the thing (longitude, latitude).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import shapely
from shapely.errors import ShapelyError

from ingest.errors import IngestError
from ingest.profile import GEOMETRY, GEOMETRY_X, GEOMETRY_Y, FileOptions
from ingest.readers.base import Batch, Opened, text_batch
from ingest.readers.text import cell_text

Row = dict[str, str]
Entity = Mapping[str, Any]
SINGULAR = {
    "Things": "Thing",
    "Locations": "Location",
    "Datastreams": "Datastream",
    "MultiDatastreams": "Datastream",
    "MultiDatastream": "Datastream",
    "ObservedProperties": "ObservedProperty",
    "Sensors": "Sensor",
    "FeaturesOfInterest": "FeatureOfInterest",
    "Observations": "Observation",
}
ENTITIES = frozenset(SINGULAR.values())
MARKS = (b'"@iot.', b'"phenomenonTime"', b'"dataArray"')
START = 1 << 16
PLACES = ("FeatureOfInterest.feature", "Location.location", "Datastream.observedArea")


def looks_like_page(file: Path) -> bool:
    """Whether a file of JSON begins like the answer of a SensorThings service."""
    with file.open("rb") as handle:
        start = handle.read(START)
    return b'"FeatureCollection"' not in start and any(mark in start for mark in MARKS)


def open_records(file: Path, _: FileOptions) -> Opened:
    """Open a page; raises `IngestError` where it holds no observation."""
    headings = tuple(dict.fromkeys(name for row in _rows(file) for name in row))
    return Opened(headings, _batches(file, headings), crs="OGC:CRS84")


def tables_in(_: Path) -> tuple[str, ...]:
    """A page is one table."""
    return ()


def grid(_: Path, __: FileOptions) -> list[list[str]]:
    """The file knows its headings."""
    return []


def _batches(file: Path, headings: tuple[str, ...]) -> Iterator[Batch]:
    rows = enumerate(_rows(file), start=2)
    yield text_batch(headings, [(number, [row.get(name, "") for name in headings]) for number, row in rows])


def _rows(file: Path) -> Iterator[Row]:
    content = _content(file)
    for entity in content["value"] if isinstance(content.get("value"), list) else [content]:
        if not isinstance(entity, dict):
            raise IngestError(f"{file.name} is no page of a SensorThings service: value holds {str(entity)[:40]!r}")
        for row in _observations(entity, _kind(entity), {}):
            yield _placed(row)


def _content(file: Path) -> Entity:
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise IngestError(f"{file.name} is not JSON that can be read: {error}") from None
    if not isinstance(content, dict):
        raise IngestError(f"{file.name} is no page of a SensorThings service")
    return content


def _kind(entity: Entity) -> str:
    """What an entity of a page is: its own link says it, or else what only such an entity has."""
    link = str(entity.get("@iot.selfLink", "")).rsplit("/", 1)[-1].split("(")[0]
    if link in SINGULAR:
        return SINGULAR[link]
    for key, kind in (("result", "Observation"), ("unitOfMeasurement", "Datastream"), ("location", "Location")):
        if key in entity:
            return kind
    return "Datastream" if "dataArray" in entity else "Thing"


def _observations(entity: Entity, kind: str, around: Row) -> Iterator[Row]:
    """The observations in or below an entity, each with the properties of all that it belongs to."""
    one = {SINGULAR.get(key, key): value for key, value in entity.items() if isinstance(value, dict)}
    row = around | _properties(entity, "" if kind == "Observation" else kind)
    for name, inner in one.items():
        if name in ENTITIES:
            row |= _flat(inner, name)
    row |= _of_lists(entity)
    if kind == "Observation":
        yield from _results(entity, row)
    yield from _of_array(entity, row)
    for key, inner in entity.items():
        below = SINGULAR.get(key, "")
        if below in ("Observation", "Datastream", "Thing") and isinstance(inner, list):
            for member in inner:
                yield from _observations(member, below, row)


def _flat(entity: Entity, kind: str) -> Row:
    """The properties of an entity and of those that it belongs to in turn."""
    row = _properties(entity, kind) | _of_lists(entity)
    for key, inner in entity.items():
        name = SINGULAR.get(key, key)
        if name in ENTITIES and isinstance(inner, dict):
            row |= _flat(inner, name)
    return row


def _of_lists(entity: Entity) -> Row:
    """Of several locations the last known, which stands first; the properties of a multi-datastream by number."""
    row: Row = {}
    for key, inner in entity.items():
        if key == "Locations" and isinstance(inner, list) and inner:
            row |= _properties(inner[0], "Location")
    return row


def _properties(entity: Entity, kind: str) -> Row:
    row: Row = {}
    for key, value in entity.items():
        name = f"{kind}.{key}" if kind else key
        if SINGULAR.get(key, key) in ENTITIES or key.endswith(("Link", "@iot.count")):
            continue
        if name in PLACES:
            row[name] = json.dumps(value)
        elif isinstance(value, dict):
            row |= _properties(value, name)
        elif isinstance(value, list):
            row[name] = json.dumps(value, ensure_ascii=False)
        else:
            row[name] = "" if value is None else cell_text(value)
    return row


def _results(entity: Entity, row: Row) -> Iterator[Row]:
    """One record, or one for each observed property of a multi-datastream."""
    result = entity.get("result")
    stream = entity.get("MultiDatastream")
    if not (isinstance(result, list) and isinstance(stream, dict)):
        yield row
        return
    units, observed = stream.get("unitOfMeasurements", []), stream.get("ObservedProperties", [])
    for place, value in enumerate(result):
        more = _properties({"unitOfMeasurement": units[place]}, "Datastream") if place < len(units) else {}
        more |= _properties(observed[place], "ObservedProperty") if place < len(observed) else {}
        yield row | more | {"result": "" if value is None else cell_text(value)}


def _of_array(entity: Entity, row: Row) -> Iterator[Row]:
    """The observations of `$resultFormat=dataArray`."""
    names: Sequence[str] = entity.get("components", ())
    for values in entity.get("dataArray", ()):
        yield row | _properties(dict(zip(names, values, strict=False)), "")


def _placed(row: Row) -> Row:
    """The record with its place in the columns of a geographic file."""
    text = next((row[name] for name in PLACES if row.get(name)), "")
    kept = {name: cell for name, cell in row.items() if name not in PLACES}
    shape = _shape(text)
    if shape is None or shape.is_empty:
        return {**kept, GEOMETRY: "", GEOMETRY_X: "", GEOMETRY_Y: ""}
    point = shape if shape.geom_type == "Point" else None
    place = (cell_text(point.x), cell_text(point.y)) if point else ("", "")
    return {**kept, GEOMETRY: shapely.to_wkt(shape, rounding_precision=-1), GEOMETRY_X: place[0], GEOMETRY_Y: place[1]}


def _shape(text: str) -> Any:
    try:
        content = json.loads(text) if text else {}
        geometry = content.get("geometry", content) if isinstance(content, dict) else None
        return shapely.from_geojson(json.dumps(geometry)) if geometry else None
    except (ValueError, ShapelyError):
        return None
