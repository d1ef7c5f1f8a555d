"""Which sources a contaminant may come from: the inventory's, tested for decay with distance and ranked for a place."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from app.work.material import Material, gather
from app.work.source_records import PLAUSIBLE, SourceRecords, sources_around
from db.selection import Selection
from mapping.arrays import Vector
from mapping.attribution import Attribution as Tested
from mapping.attribution import DecayTest, default_reaches, model_without
from mapping.decay import DecayCurve, decay_curve
from mapping.grid import default_area
from mapping.hotspots import NotTestable
from mapping.kriging import FittedKriging
from mapping.transform import Identity, Log

MOST_CURVES = 6
DEFINITION = (
    "Each source is tested for values that decay with distance from it as exp(-distance / reach), by generalised least "
    "squares under a fitted spatial covariance. Null hypothesis: a field of that covariance at the same sample sites, "
    "which knows nothing of the sources. p is one-sided, for the best of the reaches; q is adjusted over all sources "
    "tested (Benjamini & Hochberg 1995); the overall p is that of the best of all sources among simulated fields."
)


@dataclass(frozen=True, slots=True)
class AttributionRequest:
    """Which samples, and the seed of the simulated fields."""

    selection: Selection
    seed: int = 0
    draws: int = 999


@dataclass(frozen=True, slots=True)
class LikelySource:
    """A source that a place may owe its contamination to; NaN-free: what could not be tested is `None`."""

    id: int
    name: str
    sector: str
    distance_m: float
    released: str
    quantity_kg: float | None
    reach_m: float | None
    factor: float | None
    p: float | None
    q: float | None
    detectable_factor: float | None
    private: bool

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class SectorDecay:
    """How the values fall off from the nearest source of a sector."""

    sector: str
    sources: int
    p: float | None
    q: float | None
    curve: DecayCurve | None

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        curve = None if self.curve is None else {k: _plain(v) for k, v in asdict(self.curve).items()}
        return {"sector": self.sector, "sources": self.sources, "p": self.p, "q": self.q, "curve": curve}


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """What the tests of all sources around some samples found; where nothing can be tested, why not."""

    contaminant: str
    datasets: tuple[str, ...]
    records: SourceRecords | None = None
    tested: Tested | None = None
    sectors: tuple[SectorDecay, ...] = ()
    scale: str = "log"
    samples_near: float | None = None
    area_near: float | None = None
    notes: tuple[str, ...] = ()
    why_not: str | None = None
    xy: Vector = field(default_factory=lambda: np.empty((0, 2)))

    def likeliest(self, place: BaseGeometry, most: int = 3) -> tuple[LikelySource, ...]:
        """The sources that a place in the metres of the samples most likely owes its contamination to.

        They are ranked by the likelihood ratio of their decay, what is left of it at the place, and how plausible the
        release is. A source farther off than the longest reach is none.
        """
        if self.records is None or self.tested is None:
            return ()
        distance = shapely.distance(self.records.shapes, place)
        reach = np.where(self.tested.tested, self.tested.reach, np.median(self.tested.reaches))
        evidence = np.where(self.tested.tested, np.maximum(self.tested.score, 0.0) ** 2 / 2.0, 0.0)
        prior = np.log([PLAUSIBLE[each] for each in self.records.released])
        rank = np.where(distance <= self.tested.reaches[-1], evidence + prior - distance / reach, -np.inf)
        order = np.argsort(-rank, kind="stable")[:most]
        return tuple(self._likely(int(each), float(distance[each])) for each in order if np.isfinite(rank[each]))

    def ranked(self, most: int = 20) -> tuple[LikelySource, ...]:
        """The sources with the strongest decays, nearest sample by nearest sample."""
        if self.records is None or self.tested is None:
            return ()
        order = np.argsort(np.where(self.tested.tested, self.tested.p, np.inf), kind="stable")[:most]
        nearest = self.records.distances(self.xy).min(axis=0)
        return tuple(self._likely(int(each), float(nearest[each])) for each in order if self.tested.tested[each])

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        tested = self.tested
        return {
            "contaminant": self.contaminant,
            "datasets": list(self.datasets),
            "definition": DEFINITION,
            "why_not": self.why_not,
            "overall_p": tested.overall if tested else None,
            "simulated_fields": tested.draws if tested else None,
            "sources": len(self.records) if self.records else 0,
            "sources_tested": int(tested.tested.sum()) if tested else 0,
            "samples": tested.samples if tested else 0,
            "sampling_near_sources": {"share_of_samples": self.samples_near, "share_of_area": self.area_near},
            "ranked": [each.to_dict() for each in self.ranked()],
            "sectors": [each.to_dict() for each in self.sectors],
            "notes": list(self.notes),
        }

    def _likely(self, index: int, distance: float) -> LikelySource:
        assert self.records is not None  # noqa: S101 - both callers have looked
        assert self.tested is not None  # noqa: S101
        rows, tested = self.records.rows, self.tested
        known = bool(tested.tested[index])
        multiplies = known and self.scale == "log"
        return LikelySource(
            id=int(rows.id[index]),
            name=rows.name[index],
            sector=rows.sector[index],
            distance_m=distance,
            released=self.records.released[index],
            quantity_kg=_number(rows.quantity_kg[index]),
            reach_m=_number(tested.reach[index]),
            factor=_number(np.exp(min(tested.rise[index], 50.0))) if multiplies else None,
            p=_number(tested.p[index]),
            q=_number(tested.q[index]),
            detectable_factor=_number(np.exp(min(tested.detectable[index], 50.0))) if multiplies else None,
            private=bool(rows.private[index]),
        )


def attribute(connection: Connection, request: AttributionRequest) -> Attribution:
    """Test the sources around the samples of a selection; `ValueError` when samples must not be pooled."""
    return attribute_material(connection, gather(connection, request.selection), request.seed, request.draws)


def attribute_material(connection: Connection, material: Material, seed: int = 0, draws: int = 999) -> Attribution:
    """Test the sources around samples that were gathered already."""
    contaminant, datasets = material.rows.contaminant, material.rows.datasets
    try:
        reaches = default_reaches(material.samples.xy)
    except ValueError as error:
        return Attribution(contaminant, datasets, why_not=f"no test possible: {error}")
    records = sources_around(connection, material, float(reaches[-1]))
    if not len(records):
        return Attribution(contaminant, datasets, why_not="no test possible: no source of an inventory lies near")
    try:
        return _attributed(material, records, seed, draws)
    except ValueError as error:
        return Attribution(contaminant, datasets, records, why_not=f"no test possible: {error}")


def _attributed(material: Material, records: SourceRecords, seed: int, draws: int) -> Attribution:
    samples = material.samples
    transform = Log() if (samples.upper > 0.0).all() else Identity()
    model = model_without(samples, records.distances(samples.xy), transform)
    distances = records.distances(model.sites.xy)
    test = DecayTest(draws=draws, seed=seed)
    tested = test.test(model, distances)
    contaminant, datasets = material.rows.contaminant, material.rows.datasets
    if isinstance(tested, NotTestable):
        return Attribution(contaminant, datasets, records, why_not=tested.reason)
    share, area = _intensity(records, model.sites.xy, float(tested.reaches[0]))
    return Attribution(
        contaminant,
        datasets,
        records,
        tested,
        _sectors(test, model, records, distances),
        transform.name,
        share,
        area,
        tested.notes,
        xy=model.sites.xy,
    )


def _sectors(
    test: DecayTest, model: FittedKriging, records: SourceRecords, distances: Vector
) -> tuple[SectorDecay, ...]:
    nearest = {sector: distances[:, records.of_sector(sector)].min(axis=1) for sector in records.sectors}
    tested = test.test(model, np.column_stack(list(nearest.values())))
    if isinstance(tested, NotTestable):
        return ()
    order = np.argsort(np.where(tested.tested, tested.p, np.inf), kind="stable")
    names, found = records.sectors, []
    for place, index in enumerate(order.tolist()):
        known = bool(tested.tested[index])
        curve = decay_curve(model, nearest[names[index]]) if known and place < MOST_CURVES else None
        count = int(records.of_sector(names[index]).sum())
        found.append(SectorDecay(names[index], count, _number(tested.p[index]), _number(tested.q[index]), curve))
    return tuple(found)


def _intensity(records: SourceRecords, xy: Vector, radius: float) -> tuple[float, float]:
    """The shares of samples and of the area they speak for that lie within a radius of any source."""
    near = shapely.union_all(shapely.buffer(records.shapes, radius))
    area = default_area(xy)
    shapely.prepare(near)
    return float(shapely.intersects_xy(near, *xy.T).mean()), float(shapely.intersection(area, near).area / area.area)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value
