"""Which collections there are now, and what a request selects of them."""

import re
from collections.abc import Sequence

from starlette.requests import Request

from app.http.extent import Extent
from app.http.service import Service
from app.ogc.collection import (
    FEATURES,
    LAYER_PREFIX,
    RECORDS,
    SURFACE_PREFIX,
    Collection,
    FeatureCollection,
    SurfaceCollection,
    layer_collection,
    surface_collection,
)
from app.problems import BadParameterError, NotFoundError
from app.query import Given, parse_bounds, parse_period
from db.questions import layer
from db.questions.areas import polygon_layer_called, polygon_layers
from db.questions.contaminants import contaminant_named
from db.questions.surfaces import surface_called, surfaces
from db.selection import Selection
from db.versions import versions

_SURFACE = re.compile(SURFACE_PREFIX + r"([A-Za-z0-9._-]{1,200})", re.ASCII)
_LAYER = re.compile(LAYER_PREFIX + r"([a-z0-9][a-z0-9-]{0,62})", re.ASCII)


async def all_collections(service: Service) -> list[Collection]:
    """Those of features first, then the layers and the surfaces."""
    areas = await service.rows(polygon_layers(service.visible))
    rows = await service.rows(surfaces(service.visible))
    layers = (layer_collection(row._asdict()) for row in areas)
    return [*FEATURES.values(), *layers, *(surface_collection(row._asdict()) for row in rows), RECORDS]


async def any_collection(service: Service, request: Request) -> Collection:
    """The collection that the address names; raises `NotFoundError`."""
    key = request.path_params["collection"]
    if key == RECORDS.id:
        return RECORDS
    if key in FEATURES or key.startswith(LAYER_PREFIX):
        return await any_features(service, request)
    return await surface_of(service, request)


async def any_features(service: Service, request: Request) -> FeatureCollection:
    """The collection of features that the address names, one of a layer among them; raises `NotFoundError`."""
    key = request.path_params["collection"]
    found = _LAYER.fullmatch(key)
    if found is None:
        return features_of(request)
    remembered = (any_features, key, service.visible)
    known: FeatureCollection | None = service.memory.get(remembered)
    if known is None:
        row = await service.row(polygon_layer_called(found[1], service.visible))
        if row is None:
            raise NotFoundError(f"there is no collection of features called {key!r}")
        known = layer_collection(row._asdict())
        service.memory.put(remembered, known)
    return known


def features_of(request: Request) -> FeatureCollection:
    """The collection of features that always exists and that the address names; raises `NotFoundError`."""
    key = request.path_params["collection"]
    if key not in FEATURES:
        raise NotFoundError(f"there is no collection of features called {key!r}")
    return FEATURES[key]


async def surface_of(service: Service, request: Request) -> SurfaceCollection:
    """The surface that the address names; raises `NotFoundError`.

    Surfaces never change, but they can be taken away: what may be seen is asked again after a second.
    """
    key = request.path_params["collection"]
    known: SurfaceCollection | None = service.memory.get((key, service.visible))
    if known is not None:
        return known
    found = _SURFACE.fullmatch(key)
    row = await service.row(surface_called(found[1], service.visible)) if found else None
    if row is None:
        raise NotFoundError(f"there is no collection called {key!r}")
    surface = surface_collection(row._asdict())
    service.memory.put((key, service.visible), surface)
    return surface


async def layer_version(service: Service, name: str, expected: str | None = None) -> str:
    """The version of a layer, `0` before its first change; read anew unless it was `expected` a moment ago."""
    known: dict[str, int] | None = service.memory.get(versions)
    if known is None or expected is None or str(known.get(name, 0)) != expected:
        known = {row.layer: row.version for row in await service.rows(versions())}
        service.memory.put(versions, known)
    return str(known.get(name, 0))


async def extent_of(service: Service, collection: Collection) -> Extent:
    """Where and when the visible features of a collection lie."""
    if isinstance(collection, SurfaceCollection):
        return Extent(collection.box)
    if not isinstance(collection, FeatureCollection):
        return Extent()
    version = await layer_version(service, collection.id)
    key = collection.id, service.visible
    known, extent = service.extents.get(key, ("", Extent()))
    if known != version:
        extent = await _measured_extent(service, collection)
        service.extents[key] = version, extent
    return extent


async def _measured_extent(service: Service, collection: FeatureCollection) -> Extent:
    selection = Selection(visibilities=service.visible)
    row = await service.row(layer.extent(collection.layer(selection), selection))
    if row is None:
        return Extent()
    box = None if row.west is None else (row.west, row.south, row.east, row.north)
    return Extent(box, row.first, row.last)


async def contaminant_id(service: Service, text: str) -> str:
    """The id of a contaminant by any of its names; raises `BadParameterError`."""
    key = text.strip().lower()
    if key not in service.contaminants:
        rows: Sequence[str] = [row.id for row in await service.rows(contaminant_named(key))]
        if not rows:
            raise BadParameterError(
                "contaminant", f"contaminant {text!r} is not known by name, symbol, CAS number or synonym"
            )
        service.contaminants[key] = rows[0]
    return service.contaminants[key]


async def selection_of(service: Service, given: Given, without: tuple[str, ...] = ()) -> Selection:
    """What the parameters of a request select, but for those `without`."""
    asked = given.text("contaminant")
    return Selection(
        contaminant=None if asked is None else await contaminant_id(service, asked),
        bounds=None if "bbox" in without else given.parsed("bbox", parse_bounds),
        period=given.parsed("datetime", parse_period),
        dataset=given.text("dataset"),
        medium=given.text("medium"),
        digestion=given.text("procedure"),
        basis=given.text("basis"),
        visibilities=service.visible,
    )
