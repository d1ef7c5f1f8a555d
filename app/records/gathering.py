"""The records of everything that may be seen: datasets, maps, layers, vocabularies."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from app.http.answers import GEOJSON, GEOTIFF
from app.http.service import Service
from app.ogc.catalogue import layer_version
from app.ogc.link import Link
from app.records.record import Box, Record
from db.questions.records import dataset_places, dataset_times, datasets_told, layers_told, surfaces_told

WATCHED = ("samples", "sources")
_Times = tuple[dt.date | None, dt.date | None]
_Places = Mapping[int, tuple[Box | None, _Times | None]]


async def all_records(service: Service) -> Sequence[Record]:
    """Every record in the order of ids."""
    places = await _places(service)
    datasets = await service.rows(datasets_told(service.visible))
    found = [
        *(_of_dataset(row, *places.get(row.id, (None, None))) for row in datasets),
        *(_of_map(row) for row in await service.rows(surfaces_told(service.visible))),
        *(_of_layer(row) for row in await service.rows(layers_told(service.visible))),
        *VOCABULARIES,
    ]
    return sorted(found, key=lambda record: record.id)


async def _places(service: Service) -> _Places:
    """Where and when datasets lie, measured once for each version of the rows."""
    versions = [await layer_version(service, name) for name in WATCHED]
    key = ("records", service.visible, *versions)
    known: _Places | None = service.memory.get(key)
    if known is None:
        times = {row.dataset_id: (row.first, row.last) for row in await service.rows(dataset_times(service.visible))}
        boxes = await service.rows(dataset_places(service.visible))
        known = {row.dataset_id: (_box(row), times.get(row.dataset_id)) for row in boxes}
        service.memory.put(key, known)
    return known


def _box(row: Row[Any]) -> Box | None:
    return None if row.west is None else (row.west, row.south, row.east, row.north)


def _of_dataset(row: Row[Any], box: Box | None, times: _Times | None) -> Record:
    collection = row.kind
    what = "Soil samples with their measurements" if row.kind == "samples" else "Sources of pollution"
    period = None if times is None or times == (None, None) else times
    here = f"collections/{collection}/items?dataset={row.name}"
    return Record(
        id=f"dataset-{row.name}",
        type="dataset",
        title=row.title,
        description=f"{what}, version {row.version}." + (f" Cite: {row.citation}" if row.citation else ""),
        keywords=("soil", "soil pollution", row.kind, row.name),
        licence=row.licence,
        provider=row.provider,
        contact=row.contact,
        updated=row.loaded_at,
        lineage=f"Read from the file {row.file_name} (SHA-256 of file and profile {row.checksum[:16]}…), "
        f"sampling design: {row.sampling_design}.",
        links=(
            Link("item", here, "Features", GEOJSON),
            Link("collection", f"collections/{collection}", "The collection"),
            Link("describedby", f"datasets/{row.name}", "What is loaded, from whom, under which licence"),
        ),
        box=box,
        period=period,
        external=(row.name,),
    )


def _of_map(row: Row[Any]) -> Record:
    here, parameters = f"collections/surface-{row.id}", row.parameters
    named = parameters.get("datasets", [])
    scores = ", ".join(f"{name} {value:.3g}" for name, value in list(row.scores.items())[:4])
    samples = f"the samples of {', '.join(named)}" if named else "other maps"
    return Record(
        id=f"surface-{row.id}",
        type="map",
        title=row.title,
        description=f"{row.title}; cells of {row.cell_m:g} m in {row.crs}."
        + (f" From samples of {parameters['population']}." if parameters.get("population") else ""),
        keywords=tuple(filter(None, ("soil", "soil pollution", "map", row.contaminant, row.quantity))),
        licence="that of the samples",
        provider=parameters.get("software", "edaphos"),
        contact=None,
        updated=row.created_at,
        lineage=f"Made by {row.method} from {samples}; scores: {scores or 'none'}; identity {row.version[:16]}…",
        links=(
            Link("collection", here, "The map as a collection"),
            Link("item", f"{here}/coverage", "GeoTIFF", GEOTIFF),
            Link("describedby", f"{here}/tilejson.json", "TileJSON"),
        ),
        box=(row.west, row.south, row.east, row.north),
        external=tuple(filter(None, (row.id, row.version, f"CAS {row.cas}" if row.cas else None))),
    )


def _of_layer(row: Row[Any]) -> Record:
    shown = (Link("collection", f"collections/layer-{row.name}", "Its areas"),) if row.kind == "polygons" else ()
    return Record(
        id=f"layer-{row.name}",
        type="layer",
        title=row.title,
        description=f"A layer of {row.kind}, version {row.version}, that maps and limits can use.",
        keywords=("layer", row.kind, row.name),
        licence=row.licence,
        provider=row.provider,
        contact=None,
        updated=row.loaded_at,
        lineage=f"Read from a file with the SHA-256 {row.checksum[:16]}….",
        links=shown,
        box=(row.west, row.south, row.east, row.north),
        external=(row.name,),
    )


def _vocabulary(name: str, title: str, description: str, links: tuple[Link, ...]) -> Record:
    return Record(
        id=f"vocabulary-{name}",
        type="vocabulary",
        title=title,
        description=description,
        keywords=("vocabulary", name),
        licence="Apache-2.0",
        provider="edaphos",
        contact=None,
        updated=None,
        lineage="Shipped with the software; each row names its source.",
        links=links,
    )


VOCABULARIES = (
    _vocabulary(
        "contaminants",
        "Contaminants",
        "Names in seven languages, symbols, CAS numbers and codes of GloSIS.",
        (Link("item", "collections/samples/queryables", "Those that were measured", "application/schema+json"),),
    ),
    _vocabulary(
        "guideline-values",
        "Guideline values",
        "Guideline values as printed, with their source, and whether they can be compared.",
        (Link("item", "collections/guideline-values/items", "Features", GEOJSON),),
    ),
)
