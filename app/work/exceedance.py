"""Which samples exceed which guideline values, and how much of the map does, with an interval."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from app.limits import Limit, comparable_limits, rules_of, title
from app.work.maps import rebuild
from app.work.published import PublishedMap
from app.work.supports import MeansOf
from db.samples import SampleRows
from db.tables import guideline_value, surface_area
from mapping.context import Assumption, Context, parse_assumptions
from mapping.limits import Counts, assess, count_exceeding
from mapping.simulation import AreaEstimate

REALISATIONS = 500
LEVEL = 0.90


@dataclass(frozen=True, slots=True)
class SampleVerdict:
    """How many samples exceed one guideline value, or why nobody can say."""

    rule: str
    title: str
    counts: Counts
    why_not: tuple[str, ...]
    assumptions: tuple[str, ...]
    caveats: tuple[str, ...]

    @property
    def assessable(self) -> bool:
        """Whether at least one sample could be compared."""
        counts = self.counts
        return counts.exceeding + counts.not_exceeding + counts.undecidable > 0

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class AreaAbove:
    """The mapped area above a limit, in square metres, from joint simulation."""

    limit: Limit
    area: AreaEstimate
    mapped: float

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"limit": asdict(self.limit), "area_m2": asdict(self.area), "mapped_m2": self.mapped}


def guideline_rows(connection: Connection, contaminant: str) -> list[Mapping[str, Any]]:
    """The rows of the table of guideline values for one contaminant."""
    query = select(guideline_value).where(guideline_value.c.contaminant_id == contaminant)
    return [dict(row) for row in connection.execute(query.order_by(guideline_value.c.id)).mappings()]


def judge_samples(
    connection: Connection, rows: SampleRows, assumptions: Sequence[Assumption] = ()
) -> list[SampleVerdict]:
    """Every guideline value of the contaminant against every sample, each with its own soil."""
    context = context_of(rows)
    verdicts = []
    for rule in rules_of(guideline_rows(connection, rows.contaminant)).values():
        verdict = assess(rule, context, assumptions)
        counts = count_exceeding(rows.lower, rows.upper, verdict)
        why_not = (*verdict.missing, *verdict.obstacles)
        verdicts.append(SampleVerdict(rule.id, title(rule), counts, why_not, verdict.assumptions, verdict.caveats))
    return verdicts


def context_of(rows: SampleRows) -> Context:
    """What is recorded about the soil and the analysis of each sample."""
    population = rows.populations[0]
    return Context.of(
        len(rows),
        medium=population.medium,
        procedure=population.digestion,
        basis=population.basis,
        clay=rows.clay,
        organic_matter=rows.organic_matter,
        toc=rows.toc,
        ph=rows.ph,
        texture=rows.texture,
        upper_depth=population.upper_depth_cm,
        lower_depth=population.lower_depth_cm,
    )


def areas_above(connection: Connection, made: PublishedMap, limits: Sequence[Limit], seed: int = 0) -> list[AreaAbove]:
    """The area of the map above each limit: expectation and 90 % interval over joint simulations of all cells.

    A surface never changes, so what its simulations gave once is kept beside it.
    """
    known = _kept_areas(connection, made, seed)
    asked = {limit.mg_per_kg for limit in limits}
    if missing := sorted(asked - known.keys()):
        _keep_areas(connection, made, seed, _simulated_areas(connection, made, missing, seed))
        known = _kept_areas(connection, made, seed)
    return [AreaAbove(limit, *known[limit.mg_per_kg]) for limit in limits]


def areas_of(means: MeansOf, limits: Sequence[Limit]) -> list[AreaAbove]:
    """The area of blocks or zones whose mean lies above each limit."""
    mapped = float(means.area.sum())
    found = {limit.mg_per_kg: means.above(limit.mg_per_kg) for limit in limits}
    return [AreaAbove(limit, found[limit.mg_per_kg], mapped) for limit in limits]


_Areas = Mapping[float, tuple[AreaEstimate, float]]
"""By limit in mg/kg: the area above it and the mapped area, in square metres."""


def _simulated_areas(connection: Connection, made: PublishedMap, limits: Sequence[float], seed: int) -> _Areas:
    model = rebuild(connection, made)
    cells, covariates = model.cells()
    simulation = model.model.simulate(cells, REALISATIONS, seed, covariates)
    mapped = len(cells) * model.grid.cell_area
    return {limit: (simulation.area_above(limit, model.grid.cell_area, LEVEL), mapped) for limit in limits}


def _kept_areas(connection: Connection, made: PublishedMap, seed: int) -> _Areas:
    kept = surface_area.c
    asked = select(surface_area).where(
        kept.surface_id == made.id, kept.seed == seed, kept.realisations == REALISATIONS, kept.level == LEVEL
    )
    return {
        row.limit_mg_per_kg: (AreaEstimate(row.expected, row.low, row.high, LEVEL, REALISATIONS, seed), row.mapped)
        for row in connection.execute(asked)
    }


def _keep_areas(connection: Connection, made: PublishedMap, seed: int, areas: _Areas) -> None:
    rows = [
        {
            "surface_id": made.id,
            "limit_mg_per_kg": limit,
            "seed": seed,
            "realisations": REALISATIONS,
            "level": LEVEL,
            "expected": area.expected,
            "low": area.low,
            "high": area.high,
            "mapped": mapped,
        }
        for limit, (area, mapped) in areas.items()
    ]
    connection.execute(insert(surface_area).on_conflict_do_nothing(), rows)


def limits_for(connection: Connection, made: PublishedMap, assume: Sequence[str] = ()) -> list[Limit]:
    """The guideline values that are comparable with a map, given the assumptions."""
    rows = guideline_rows(connection, made.parameters["selection"]["contaminant"])
    return comparable_limits(rows, made.parameters["context"], assume)


@dataclass(frozen=True, slots=True)
class ClaySweep:
    """How the verdict on the samples moves with an assumed clay content, which nobody measured."""

    rule: str
    clay_percent: tuple[float, ...]
    exceeding: tuple[int, ...]
    assessed: int


def sweep_clay(
    connection: Connection, rows: SampleRows, rule: str, clay: Sequence[float], assume: Sequence[str] = ()
) -> ClaySweep:
    """Count the samples above a guideline value for each assumed clay content (%)."""
    guideline = rules_of(guideline_rows(connection, rows.contaminant)).get(rule)
    if guideline is None:
        raise ValueError(f"guideline {rule!r} is not known for {rows.contaminant}")
    context = context_of(rows)
    verdicts = [assess(guideline, context, parse_assumptions([*assume, f"clay:{percent:g}"])) for percent in clay]
    exceeding = tuple(count_exceeding(rows.lower, rows.upper, verdict).exceeding for verdict in verdicts)
    assessed = min(int(np.count_nonzero(verdict.assessable)) for verdict in verdicts)
    return ClaySweep(rule, tuple(clay), exceeding, assessed)
