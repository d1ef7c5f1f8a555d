"""Summaries of a dataset: each contaminant in each population, values below detection limits as what they are."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from db.populations import PopulationValues, read_populations
from db.selection import Selection
from mapping.estimators import ESTIMATORS
from mapping.summaries import Summary, summarise


@dataclass(frozen=True, slots=True)
class SummaryRequest:
    """What to summarise, and the levels (mg/kg) above which shares are asked for; the rest as `summarise` says."""

    selection: Selection
    levels: tuple[float, ...] = ()
    method: str | None = None
    substitute: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method is not None and self.method not in ESTIMATORS:
            raise ValueError(f"method must be one of {', '.join(ESTIMATORS)}, got {self.method!r}")
        if self.method is not None and self.substitute is not None:
            raise ValueError("a substitute is used instead of a method, not with one")
        if any(not (math.isfinite(level) and level >= 0.0) for level in self.levels):
            raise ValueError(
                f"levels are numbers of mg/kg from zero on, got {', '.join(f'{each:g}' for each in self.levels)}"
            )
        if self.substitute is not None and not 0.0 <= self.substitute <= 1.0:
            raise ValueError(f"a substitute is a share of the limit from 0 to 1, got {self.substitute:g}")
        if self.levels and self.selection.contaminant is None:
            raise ValueError("a level is that of one contaminant: say which")


@dataclass(frozen=True, slots=True)
class PopulationSummary:
    """One contaminant in one population of a dataset."""

    dataset: str
    contaminant: str
    population: str
    summary: Summary | None
    why_not: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """For `--json` and HTTP."""
        named = {"dataset": self.dataset, "contaminant": self.contaminant, "population": self.population}
        return named | ({"why_not": self.why_not} if self.summary is None else self.summary.to_dict())

    def row(self) -> Mapping[str, Any]:
        """One line of a table, the same columns for all."""
        named = {"dataset": self.dataset, "contaminant": self.contaminant, "population": self.population}
        summary = self.summary
        if summary is None:
            return named | {"method": "none", "why": self.why_not}
        counts = {"n": summary.n, "measured": summary.measured, "method": summary.method, "why": summary.why}
        numbers = {
            key: value
            for name, each in summary.estimates.items()
            for key, value in ((name, each.value), (f"{name}_low", each.low), (f"{name}_high", each.high))
        }
        return named | counts | {"unit": "mg/kg"} | numbers


def summaries(connection: Connection, request: SummaryRequest) -> list[PopulationSummary]:
    """All populations of the selection, none pooled with another; `ValueError` when nothing fits."""
    found = read_populations(connection, request.selection)
    if not found:
        raise ValueError("there are no measurements that fit the selection")
    return [_summary(values, request) for values in found]


def _summary(values: PopulationValues, request: SummaryRequest) -> PopulationSummary:
    named = (values.dataset, values.contaminant, str(values.population))
    try:
        found = summarise(
            values.lower, values.upper, request.levels, request.method, request.substitute, seed=request.seed
        )
    except ValueError as error:
        return PopulationSummary(*named, None, str(error))
    return PopulationSummary(*named, found)


def table(found: Sequence[PopulationSummary]) -> list[Mapping[str, Any]]:
    """Lines of one table, each with all columns."""
    rows = [each.row() for each in found]
    columns = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name) for name in columns} for row in rows]
