"""Maps of an index of several contaminants together, with their uncertainty, from joint simulations."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection

from app.settings import Settings
from app.work.areas import MapArea, area_of
from app.work.derived import DerivedMap, cells_over, known_derived, publish_derived
from app.work.indices import RISK_CLASSES, IndexRequest, described_risk, exposed, reference_for, summed_risk
from app.work.published import PublishedMap
from app.work.together import Together, area_visibility, gather_several, samples_digest, told_selection
from mapping.arrays import Vector
from mapping.classes import Classes
from mapping.cosimulation import Cosimulation
from mapping.indices import INDICES
from mapping.plain_raster import Band, PlainRaster

QUANTITY = "index"
MOST_BYTES, MOST_REALISATIONS = 1_000_000_000, 2_000
QUANTILES = {"median": 0.5, "p05": 0.05, "p95": 0.95}


@dataclass(frozen=True, slots=True)
class IndexMapRequest:
    """An index of all contaminants together, in cells of `resolution` metres; `area` and `within` as for a map."""

    index: IndexRequest
    resolution: float
    area: Path | None = None
    within: str | None = None
    transform: str = "normal-score"
    realisations: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        name = self.index.index
        if len(self.index.contaminants) < 2 or (name in INDICES and not INDICES[name].together):
            raise ValueError(
                f"{name} of one contaminant follows from a map of it: its classes are limits of `edaphos exceedance`; "
                "an index is mapped for two or more contaminants together"
            )
        if not 20 <= self.realisations <= MOST_REALISATIONS:
            raise ValueError(f"realisations must be from 20 to {MOST_REALISATIONS}, got {self.realisations}")


@dataclass(frozen=True, slots=True)
class _Measure:
    """An index as a function of concentrations (n, m), its classes, and what it rests on."""

    of: Callable[[Vector], Vector]
    classes: Classes
    described: Mapping[str, Any]


def index_map(settings: Settings, connection: Connection, request: IndexMapRequest) -> PublishedMap:
    """Median, 5 and 95 % quantile of the index, and the probability of reaching each class, in every cell."""
    together = gather_several(connection, request.index.selection, request.index.contaminants)
    measure = _measure(connection, together, request.index)
    area = area_of(connection, request.area, request.within, together.xy, together.projection.crs)
    wanted = _wanted(request, together, measure, area)
    known = known_derived(settings, connection, wanted)
    if known is not None:
        return known
    grid, inside = cells_over(area.polygon, request.resolution, together.projection)
    simulated = _simulated(request, together, measure, grid.centres()[inside.ravel()])
    raster = PlainRaster.of_cells(
        grid, QUANTITY, wanted.bands, inside, _cells(simulated, measure.classes), wanted.stored
    )
    return publish_derived(settings, connection, wanted, raster, together.projection)


def _measure(connection: Connection, together: Together, request: IndexRequest) -> _Measure:
    rows = together.rows
    if request.index in RISK_CLASSES:
        receptor, known = exposed(rows.contaminants, request)
        return _Measure(
            lambda values: summed_risk(values, request.index, known, receptor)[:, -1],
            RISK_CLASSES[request.index],
            described_risk(rows, request, receptor, known),
        )
    index = INDICES[request.index]
    reference, described = reference_for(connection, rows, request, index)
    return _Measure(lambda values: index.of(values, reference), index.classes_for(reference), described)


def _simulated(request: IndexMapRequest, together: Together, measure: _Measure, cells: Vector) -> Vector:
    """The index (realisations, n) in equally likely maps."""
    if 4 * request.realisations * len(cells) > MOST_BYTES:
        raise ValueError(f"{request.realisations} realisations of {len(cells)} cells do not fit: use larger cells")
    rows = together.rows
    recipe = Cosimulation(scale=request.transform, seed=request.seed)
    fitted = recipe.fit(together.xy, rows.lower, rows.upper, rows.contaminants)
    parts = []
    for values in fitted.batches(cells, request.realisations, request.seed):
        flat = values.reshape(len(values), -1).T.astype(np.float64)
        parts.append(measure.of(flat).reshape(values.shape[1:]).astype(np.float32))
    return np.concatenate(parts)


def _cells(simulated: Vector, classes: Classes) -> Vector:
    quantiles = np.quantile(simulated, list(QUANTILES.values()), axis=0)
    reached = [
        (simulated > edge if classes.top_inclusive else simulated >= edge).mean(axis=0) for edge in classes.edges
    ]
    return np.vstack([quantiles, reached])


def _bands(title: str, classes: Classes) -> tuple[Band, ...]:
    words = {"median": "median", "p05": "5 % quantile", "p95": "95 % quantile"}
    quantiles = [Band(name, "1", f"{title}, {words[name]}") for name in QUANTILES]
    reached = [
        Band(
            f"class-{number}", "1", f"Probability of {'more than' if classes.top_inclusive else 'at least'} {edge:.4g}"
        )
        for number, edge in enumerate(classes.edges, start=2)
    ]
    return (*quantiles, *reached)


def _wanted(request: IndexMapRequest, together: Together, measure: _Measure, area: MapArea) -> DerivedMap:
    rows, title = together.rows, str(measure.described["title"])
    names = ", ".join(rows.contaminants)
    behind = measure.described.get("background_from", {"datasets": [], "private": False})
    return DerivedMap(
        quantity=QUANTITY,
        stem=request.index.index,
        title=f"{title} of {names}, {' + '.join(rows.datasets)}, {request.resolution:g} m",
        contaminant=None,
        bands=_bands(title, measure.classes),
        parameters={
            "method": "cosimulation",
            "index": request.index.index,
            "rests_on": dict(measure.described),
            "classes": asdict(measure.classes),
            "contaminants": list(rows.contaminants),
            "selection": told_selection(request.index.selection),
            "population": str(rows.populations[0]),
            "resolution": request.resolution,
            "area": shapely.to_wkb(shapely.normalize(area.polygon)).hex(),
            "area_is": area.meaning,
            "scale": request.transform,
            "realisations": request.realisations,
            "seed": request.seed,
            "projection": together.projection.name,
            "datasets": sorted({*rows.datasets, *behind["datasets"]}),
            "layers": [] if area.layer is None else [area.layer.name],
            "samples_sha256": samples_digest(together),
        },
        visibility="private" if behind["private"] else area_visibility(together, area),
    )
