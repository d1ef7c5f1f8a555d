"""Which elements go together in a data set, and which sectors of the inventory each such pattern decays from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from app.work.material import Material, gather
from app.work.source_records import SourceRecords, sources_around
from app.work.together import Together, gather_several
from db.selection import Selection
from db.tables import contaminant, dataset, measurement
from mapping.arrays import Vector
from mapping.attribution import DecayTest, default_reaches, model_without
from mapping.composition import Fingerprints, LogRatioComponents
from mapping.discoveries import false_discovery
from mapping.hotspots import NotTestable
from mapping.samples import Samples
from mapping.transform import Identity

ELEMENTS = ("metal", "metalloid", "non-metal")
STRONG = 0.5
"""Of the largest loading: parts with more are named in words."""
DEFINITION = (
    "Principal components of centred log-ratios of the parts of a composition. Each component, in both directions, is "
    "tested for decay with distance from the nearest source of each sector against fields that know nothing of "
    "sources; q is adjusted over all these tests (Benjamini & Hochberg 1995)."
)


@dataclass(frozen=True, slots=True)
class FingerprintRequest:
    """Which samples (a data set, a medium, …) and elements (none: all that were measured), and how."""

    selection: Selection
    contaminants: tuple[str, ...] = ()
    recipe: LogRatioComponents = field(default_factory=LogRatioComponents)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """A sector from whose nearest source a component decays: what is enriched there, and how sure that is."""

    component: int
    sector: str
    enriched: tuple[str, ...]
    p: float
    q: float

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        return {
            "component": self.component,
            "sector": self.sector,
            "enriched": list(self.enriched),
            "p": self.p,
            "q": self.q,
        }


@dataclass(frozen=True, slots=True, eq=False)
class FoundFingerprints:
    """Components, short names of their parts, and the sectors that they may come from."""

    found: Fingerprints
    symbols: Mapping[str, str]
    datasets: tuple[str, ...]
    origins: tuple[Origin, ...]
    why_no_origins: str | None

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        found = self.found
        return {
            "definition": DEFINITION,
            "datasets": list(self.datasets),
            "samples": len(found.rows),
            "robust": found.robust,
            "parts": [
                {"contaminant": name, "median_mg_per_kg": float(middle), "imputed_share": float(share)}
                for name, middle, share in zip(found.parts, found.centre, found.imputed, strict=True)
            ],
            "left_out": [{"contaminant": name, "why": why} for name, why in found.left_out],
            "components": [
                {"share": float(share), "loadings": dict(zip(found.parts, map(float, loadings), strict=True))}
                for share, loadings in zip(found.share, found.loadings, strict=True)
            ],
            "origins": [origin.to_dict() for origin in self.origins],
            "why_no_origins": self.why_no_origins,
        }


def fingerprints(connection: Connection, request: FingerprintRequest) -> FoundFingerprints:
    """Find the components and hold them against the inventory; `ValueError` for too few parts or samples."""
    names = request.contaminants or _measured(connection, request.selection)
    together = gather_several(connection, request.selection, names)
    found = request.recipe.find(names, together.rows.lower, together.rows.upper)
    origins, why = _origins(connection, request, together, found)
    return FoundFingerprints(found, _symbols(connection, found.parts), together.rows.datasets, origins, why)


def strong(found: Fingerprints, component: int, sign: float = 1.0) -> tuple[str, ...]:
    """The parts that a component raises most in a direction, strongest first."""
    loadings = sign * found.loadings[component]
    order = np.argsort(-loadings, kind="stable")
    return tuple(found.parts[index] for index in order if loadings[index] >= STRONG * loadings.max() > 0.0)


def _measured(connection: Connection, selection: Selection) -> tuple[str, ...]:
    query = (
        select(contaminant.c.id)
        .where(contaminant.c.contaminant_group.in_(ELEMENTS))
        .where(
            select(measurement.c.id)
            .join(dataset, dataset.c.id == measurement.c.dataset_id)
            .where(measurement.c.contaminant_id == contaminant.c.id)
            .where(dataset.c.visibility.in_(selection.visibilities), dataset.c.name == selection.dataset)
            .exists()
        )
        .order_by(contaminant.c.id)
    )
    found = tuple(connection.execute(query).scalars())
    if not found:
        raise ValueError(f"no elements were measured in a data set called {selection.dataset!r}")
    return found


def _symbols(connection: Connection, names: Sequence[str]) -> dict[str, str]:
    rows = connection.execute(select(contaminant.c.id, contaminant.c.symbol).where(contaminant.c.id.in_(names)))
    return {row.id: row.symbol or row.id for row in rows}


def _origins(
    connection: Connection, request: FingerprintRequest, together: Together, found: Fingerprints
) -> tuple[tuple[Origin, ...], str | None]:
    material: Material = gather(connection, replace(request.selection, contaminant=found.parts[0]))
    records = sources_around(connection, material, float(default_reaches(together.xy)[-1]))
    if not len(records):
        return (), "no source of an inventory lies near"
    tested = [
        (component, sector, sign, p)
        for component in range(len(found.loadings))
        for sign in (1.0, -1.0)
        for sector, p in _tests(records, together.xy[found.rows], sign * found.scores[:, component], request.seed)
    ]
    if not tested:
        return (), "no sector has enough samples near its sources"
    adjusted = false_discovery([p for *_, p in tested])
    origins = [
        Origin(component + 1, sector, strong(found, component, sign), p, float(q))
        for (component, sector, sign, p), q in zip(tested, adjusted, strict=True)
    ]
    return tuple(sorted(origins, key=lambda origin: origin.p)), None


def _tests(records: SourceRecords, xy: Vector, scores: Vector, seed: int) -> list[tuple[str, float]]:
    samples = Samples.measured(xy, scores)
    model = model_without(samples, records.distances(xy), Identity())
    nearest = records.distances(model.sites.xy)
    columns = [nearest[:, records.of_sector(sector)].min(axis=1) for sector in records.sectors]
    tested = DecayTest(seed=seed).test(model, np.column_stack(columns))
    if isinstance(tested, NotTestable):
        return []
    return [(name, float(p)) for name, p in zip(records.sectors, tested.p, strict=True) if np.isfinite(p)]
