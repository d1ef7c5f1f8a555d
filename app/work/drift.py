"""The drift of a map: registered layers in its trend, at the samples and at the cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from app.work.areas import degrees_of, moved
from app.work.projection import Projection
from db.layers import StoredLayer, layer_named, read_areas
from db.samples import SampleRows
from mapping.areas import AreaField, Field
from mapping.drift import TRANSFORMS, Drift, Term
from mapping.fields import RasterField
from mapping.samples import Samples

SAMPLING = {
    "raster numbers": "bilinear between the centres of its cells",
    "raster classes": "the class of the cell that holds the place",
    "polygons classes": "the area that holds the place",
}


@dataclass(frozen=True, slots=True)
class DriftTerm:
    """A layer in the trend of a map, and what is done to its numbers first."""

    layer: str
    transform: str = "none"

    def __post_init__(self) -> None:
        if self.transform not in TRANSFORMS:
            raise ValueError(f"no transform of a drift is called {self.transform!r}; known are {', '.join(TRANSFORMS)}")

    def __str__(self) -> str:
        return self.layer if self.transform == "none" else f"{self.transform}({self.layer})"


def drift_terms(layers: Sequence[str], transforms: Sequence[str]) -> tuple[DriftTerm, ...]:
    """Layers with their transforms: none, one for all, or one for each; `ValueError` for another number of them."""
    if len(transforms) not in (0, 1, len(layers)) or (transforms and not layers):
        raise ValueError(f"{len(transforms)} drift transforms do not fit {len(layers)} drifts: give one for each")
    each = list(transforms) * (len(layers) if len(transforms) == 1 else 1) or ["none"] * len(layers)
    terms = tuple(DriftTerm(layer, transform) for layer, transform in zip(layers, each, strict=True))
    if len({term.layer for term in terms}) < len(terms):
        raise ValueError("a layer can be a drift once only")
    return terms


@dataclass(frozen=True, slots=True, eq=False)
class MapDrift:
    """The drift of one map with its layers; `known` (n,) says which samples have a value in all of them."""

    drift: Drift
    layers: tuple[StoredLayer, ...]
    known: NDArray[np.bool_]
    notes: tuple[str, ...]

    @property
    def private(self) -> bool:
        """Whether not everybody may see what is made with it."""
        return any(layer.visibility != "public" for layer in self.layers)

    def describe(self) -> list[dict[str, Any]]:
        """For the provenance; the identity of the map rests on it."""
        return [
            {
                "layer": layer.name,
                "title": layer.title,
                "version": layer.version,
                "checksum": layer.checksum,
                "transform": term.transform,
                "classes": list(term.classes),
                "unit": layer.options.get("unit"),
                "sampling": SAMPLING[f"{layer.kind} {'classes' if layer.classes else 'numbers'}"],
            }
            for term, layer in zip(self.drift.terms, self.layers, strict=True)
        ]


def drift_of(
    connection: Connection,
    home: Path,
    terms: Sequence[DriftTerm],
    rows: SampleRows,
    samples: Samples,
    projection: Projection,
    area: BaseGeometry,
) -> MapDrift | None:
    """The layers in the trend, with the classes that the samples know; None without terms.

    Raises `ValueError` for a layer that is not there or says nothing about the samples.
    """
    if not terms:
        return None
    layers = tuple(layer_named(connection, term.layer) for term in terms)
    box = _box(rows, degrees_of(area, projection.crs))
    made: list[Term] = []
    notes: list[str] = []
    for term, layer in zip(terms, layers, strict=True):
        field = _field(connection, home, layer, projection, box)
        learnt, said = Term(term.layer, field, term.transform).learnt(samples.xy)
        made.append(learnt)
        notes.extend(said)
    drift = Drift(tuple(made))
    known = np.asarray(np.isfinite(drift.at(samples.xy)).all(axis=1))
    if known.sum() < 2:
        raise ValueError(
            f"the drift {', '.join(map(str, terms))} is known at {int(known.sum())} of {samples.n} samples"
        )
    if not known.all():
        missing = int((~known).sum())
        notes.append(f"{missing} of {samples.n} samples lie where the drift is not known and were left out")
    return MapDrift(drift, layers, known, tuple(notes))


def _field(
    connection: Connection, home: Path, layer: StoredLayer, projection: Projection, box: tuple[float, ...]
) -> Field:
    if layer.path is not None:
        path = home / layer.path
        if not path.is_file():
            raise ValueError(f"the raster of the layer {layer.name!r} is gone from {path}: load the layer again")
        return RasterField(path, projection.name, layer.classes)
    west, south, east, north = box
    codes, shapes = read_areas(connection, layer, box=(west, south, east, north))
    return AreaField(moved(shapes, CRS.from_epsg(4326), projection.crs), codes)


def _box(rows: SampleRows, area: tuple[float, ...]) -> tuple[float, ...]:
    """The box in degrees that holds samples and map."""
    low, high = rows.lonlat.min(axis=0), rows.lonlat.max(axis=0)
    return (*np.minimum(low, area[:2]).tolist(), *np.maximum(high, area[2:]).tolist())


def with_drift(rows: SampleRows, samples: Samples, found: MapDrift) -> tuple[SampleRows, Samples]:
    """Rows and samples where the drift is known, with its columns as covariates."""
    kept = found.known
    errors = None if samples.error_variance is None else samples.error_variance[kept]
    covariates = found.drift.at(samples.xy)[kept]
    arrays = {each.name: getattr(rows, each.name) for each in fields(rows)}
    chosen: dict[str, Any] = {name: array[kept] for name, array in arrays.items() if isinstance(array, np.ndarray)}
    fewer = Samples(samples.xy[kept], samples.lower[kept], samples.upper[kept], errors, covariates)
    return replace(rows, **chosen), fewer


def unchanged(found: MapDrift | None, parameters: Mapping[str, Any]) -> None:
    """`ValueError` when a layer is another than it was when a map was made."""
    before = {each["layer"]: each["checksum"] for each in parameters.get("drift", ())}
    for layer in found.layers if found else ():
        if layer.checksum != before.get(layer.name):
            raise ValueError(f"the layer {layer.name!r} has changed since the map was made: make the map again")
