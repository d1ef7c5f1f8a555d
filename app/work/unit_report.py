"""How much of each unit exceeds a limit: from the samples where chance chose their places, else from the map."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.stats import beta
from sqlalchemy import Connection, select

from app.limits import Limit, LimitError, resolve_limit, rules_of
from app.limits import title as title_of
from app.work.assumed import at_samples, for_all_places
from app.work.exceedance import context_of, guideline_rows
from app.work.maps import Rebuilt, rebuild
from app.work.material import Material
from app.work.published import PublishedMap
from app.work.units import DEGREES, Units
from db.samples import SampleRows
from db.tables import dataset
from mapping.context import parse_assumptions
from mapping.limits import assess
from mapping.simulation import simulate

LEVEL = 0.90
REALISATIONS = 500
MOST_CELLS = 60_000
LEAST_MAPPED = 0.5
LEAST_SAMPLES = 5
BY_DESIGN, BY_MODEL, NOT_ASSESSABLE = "design-based", "model-based", "not assessable"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What to compare with: a guideline value or a limit in mg/kg, and what is assumed where the data are silent."""

    limit: float | None = None
    guideline: str | None = None
    assume: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.limit is None) == (self.guideline is None):
            raise ValueError("a report needs either a limit (mg/kg) or a guideline value, and only one of them")
        if self.limit is not None and not (np.isfinite(self.limit) and self.limit > 0):
            raise ValueError(f"limit must be a number of mg/kg above zero, got {self.limit:g}")


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit; shares are of its area, between 0 and 1, with a 90 % interval."""

    code: str
    name: str
    area_km2: float
    samples: int
    censored_share: float | None
    exceeding: int
    undecidable: int
    method: str
    share: float | None = None
    share_low: float | None = None
    share_high: float | None = None
    mapped_share: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class UnitReport:
    """The rows, in the order of the units, and what they rest on."""

    title: str
    limit: str
    population: str
    design: str
    map: str | None
    units: Units
    rows: tuple[UnitRow, ...]
    notes: tuple[str, ...]
    private: bool

    def to_dict(self) -> dict[str, Any]:
        """For `--json` and HTTP."""
        return {
            "title": self.title,
            "limit": self.limit,
            "population": self.population,
            "sampling_design": self.design,
            "map": self.map,
            "units": self.units.meaning,
            "notes": list(self.notes),
            "rows": [asdict(row) for row in self.rows],
        }


def report_units(
    connection: Connection,
    material: Material,
    made: PublishedMap | None,
    units: Units,
    request: ReportRequest,
) -> UnitReport:
    """A row for each unit; what cannot be assessed says why."""
    rows, design = material.rows, _design(connection, material)
    verdict = _verdict(connection, material, made, request)
    inside = _members(units, rows.lonlat)
    by_chance = design == "probability"
    shares = None if by_chance else _modelled(connection, made, units, request, verdict)
    areas = units.areas()
    written = [
        _row(units, unit, float(areas[unit]), _Counted.of(rows, verdict.limits, inside[unit]), verdict, shares)
        for unit in range(len(units))
    ]
    return UnitReport(
        title=f"{rows.contaminant}: {verdict.label}",
        limit=verdict.label,
        population=str(material.population),
        design=design,
        map=None if made is None else made.id,
        units=units,
        rows=tuple(written),
        notes=tuple(_notes(verdict, by_chance=by_chance, made=made)),
        private=material.rows.private or units.private,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Verdict:
    """The limit of each sample (NaN where there is none), that of the map, and why either is missing."""

    label: str
    limits: NDArray[np.float64]
    why_not_samples: str
    of_map: Limit | None
    why_not_map: str
    said: tuple[str, ...]


def _verdict(connection: Connection, material: Material, made: PublishedMap | None, request: ReportRequest) -> _Verdict:
    rows = material.rows
    if request.limit is not None:
        given = Limit(request.limit, f"{request.limit:g} mg/kg")
        return _Verdict(given.label, np.full(len(rows), request.limit), "", given, "", ())
    table = guideline_rows(connection, rows.contaminant)
    rule = rules_of(table).get(request.guideline or "")
    if rule is None:
        raise ValueError(f"guideline {request.guideline!r} is not known for {rows.contaminant}")
    home = made.home if made else None
    texts = for_all_places(request.assume)
    assumed = parse_assumptions(texts) if home is None else at_samples(connection, home, request.assume, rows)
    found = assess(rule, context_of(rows), assumed)
    try:
        of_map, why = resolve_limit(table, material.context, guideline=request.guideline, assume=texts), ""
    except LimitError as error:
        of_map, why = None, str(error)
    missing = "; ".join((*found.missing, *found.obstacles))
    said = (*(f"Assumed: {each}." for each in found.assumptions), *(f"Not compared: {each}." for each in found.caveats))
    return _Verdict(title_of(rule), np.asarray(found.limit), missing, of_map, why, said)


def _design(connection: Connection, material: Material) -> str:
    """How the places were chosen, where all datasets say the same."""
    query = select(dataset.c.sampling_design).where(dataset.c.name.in_(material.rows.datasets)).distinct()
    found = connection.execute(query).scalars().all()
    return str(found[0]) if len(found) == 1 else "unknown"


def _members(units: Units, lonlat: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    """For each unit the samples in it; one on a border belongs to both sides."""
    tree = shapely.STRtree(shapely.points(lonlat))
    unit, sample = tree.query(units.shapes, predicate="intersects")
    return [np.sort(sample[unit == number]) for number in range(len(units))]


@dataclass(frozen=True, slots=True)
class _Counted:
    """Samples of one unit against their limits."""

    samples: int
    censored: int
    exceeding: int
    below: int
    undecidable: int

    @classmethod
    def of(cls, rows: SampleRows, limits: NDArray[np.float64], chosen: NDArray[np.int64]) -> "_Counted":
        lower, upper, limit = rows.lower[chosen], rows.upper[chosen], limits[chosen]
        exceeding, below = int((lower > limit).sum()), int((upper <= limit).sum())
        assessed = int(np.isfinite(limit).sum())
        return cls(len(chosen), int((lower < upper).sum()), exceeding, below, assessed - exceeding - below)

    @property
    def assessed(self) -> int:
        """How many could be compared at all."""
        return self.exceeding + self.below + self.undecidable


@dataclass(frozen=True, slots=True, eq=False)
class _Modelled:
    """Of each unit the share of its mapped area above the limit (realisations, n), and how much of it is mapped."""

    above: NDArray[np.float64]
    mapped: NDArray[np.float64]


def _row(
    units: Units, unit: int, area: float, counted: _Counted, verdict: _Verdict, modelled: "_Modelled | str | None"
) -> UnitRow:
    known: dict[str, Any] = {
        "code": units.codes[unit],
        "name": units.names[unit],
        "area_km2": area / 1e6,
        "samples": counted.samples,
        "censored_share": counted.censored / counted.samples if counted.samples else None,
        "exceeding": counted.exceeding,
        "undecidable": counted.undecidable,
    }
    if modelled is None:
        return UnitRow(**known, **_by_design(counted, verdict))
    if isinstance(modelled, str):
        return UnitRow(**known, method=NOT_ASSESSABLE, reason=modelled)
    return UnitRow(**known, **_by_model(modelled, unit))


def _by_design(counted: _Counted, verdict: _Verdict) -> Mapping[str, Any]:
    """The exact interval of a share (Clopper & Pearson 1934); what a detection limit hides widens it both ways."""
    if counted.assessed < LEAST_SAMPLES:
        few = f"{counted.assessed} samples that can be compared, fewer than {LEAST_SAMPLES}"
        return {"method": NOT_ASSESSABLE, "reason": "; ".join(filter(None, (few, verdict.why_not_samples)))}
    n, least, most = counted.assessed, counted.exceeding, counted.exceeding + counted.undecidable
    tail = (1.0 - LEVEL) / 2.0
    low = float(beta.ppf(tail, least, n - least + 1)) if least else 0.0
    high = float(beta.ppf(1.0 - tail, most + 1, n - most)) if most < n else 1.0
    share = None if counted.undecidable else least / n
    reason = f"{counted.undecidable} samples are below a detection limit above the limit" if share is None else None
    return {"method": BY_DESIGN, "share": share, "share_low": low, "share_high": high, "reason": reason}


def _by_model(modelled: _Modelled, unit: int) -> Mapping[str, Any]:
    mapped = float(modelled.mapped[unit])
    if mapped < LEAST_MAPPED:
        said = "no simulated cell of the map lies in it" if mapped == 0 else f"only {mapped:.0%} of it is mapped"
        return {"method": NOT_ASSESSABLE, "mapped_share": mapped, "reason": said}
    shares = modelled.above[:, unit]
    low, high = np.quantile(shares, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    estimate = {"share": float(shares.mean()), "share_low": float(low), "share_high": float(high)}
    return {"method": BY_MODEL, "mapped_share": mapped, **estimate}


def _modelled(
    connection: Connection, made: PublishedMap | None, units: Units, request: ReportRequest, verdict: _Verdict
) -> "_Modelled | str":
    """Shares from joint simulation of the map's cells, or why there are none."""
    if made is None:
        return "places were not chosen by chance, and there is no map to conclude from: make one with `edaphos map`"
    if verdict.of_map is None:
        return verdict.why_not_map
    try:
        model = rebuild(connection, made)
        return _shares(model, units, verdict.of_map.mg_per_kg, request.seed)
    except ValueError as error:
        return str(error)


def _shares(model: Rebuilt, units: Units, limit: float, seed: int) -> _Modelled:
    places, covariates = model.cells()
    step = int(np.ceil(np.sqrt(len(places) / MOST_CELLS)))
    column, row = (np.floor(each).astype(np.int64) for each in ~model.grid.transform @ places.T)
    chosen = (row % step == 0) & (column % step == 0)
    simulated = simulate(
        model.fitted, places[chosen], REALISATIONS, seed, None if covariates is None else covariates[chosen]
    )
    above = simulated.values > limit
    inside = _members(units, _degrees(model, places))
    number = np.cumsum(chosen) - 1
    shares = np.full((REALISATIONS, len(units)), np.nan)
    for unit, members in enumerate(inside):
        kept = members[chosen[members]]
        if len(kept):
            shares[:, unit] = above[:, number[kept]].mean(axis=1)
    counts = np.array([len(members) for members in inside])
    mapped = np.minimum(counts * model.grid.cell_area / np.maximum(units.areas(), 1.0), 1.0)
    # a unit in which no cell was simulated is as good as not mapped
    return _Modelled(shares, np.where(np.isnan(shares[0]), 0.0, mapped))


def _degrees(model: Rebuilt, places: NDArray[np.float64]) -> NDArray[np.float64]:
    back = Transformer.from_crs(model.material.projection.crs, DEGREES, always_xy=True)
    return np.column_stack(back.transform(*places.T))


def _notes(verdict: _Verdict, *, by_chance: bool, made: PublishedMap | None) -> Iterator[str]:
    if by_chance:
        yield (
            "Shares are those of samples whose places were chosen by chance, as in a simple random sample, with exact "
            f"{LEVEL:.0%} intervals; they hold whatever the model."
        )
    elif made is not None:
        yield (
            f"Shares are those of the mapped area in {REALISATIONS} joint realisations of the map {made.id}, with "
            f"{LEVEL:.0%} intervals; they rest on its model."
        )
    yield from verdict.said
    if verdict.why_not_samples:
        yield f"Samples: {verdict.why_not_samples}."
