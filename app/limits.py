"""A limit in a request: a number, or a guideline value that is comparable with what was mapped."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ingest.guidelines import guideline_row
from mapping.context import Assumption, Context, parse_assumptions
from mapping.guideline import Guideline, guidelines
from mapping.limits import Assessment, assess

Row = Mapping[str, Any]


class LimitError(ValueError):
    """The limit that was asked for cannot be used; the message names the parameter and what is missing."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit in mg/kg, where it comes from, and what was assumed to make it comparable."""

    mg_per_kg: float
    label: str
    rule: str | None = None
    assumptions: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    expired: bool = False

    def __post_init__(self) -> None:
        if not (np.isfinite(self.mg_per_kg) and self.mg_per_kg > 0):
            raise LimitError(f"limit must be a number of mg/kg above zero, got {self.mg_per_kg:g}")


def rules_of(rows: Iterable[Row]) -> dict[str, Guideline]:
    """The decision rules of one contaminant, by id, from rows of the table of guideline values."""
    found = guidelines(guideline_row(row["definition"], "guideline values") for row in rows)
    return {rule: guideline for (rule, _), guideline in found.items()}


def resolve_limit(
    rows: Sequence[Row],
    context: Mapping[str, str],
    *,
    limit: float | None = None,
    guideline: str | None = None,
    assume: Sequence[str] = (),
) -> Limit:
    """The limit of a request on a map; raises `LimitError` with a sentence for the client.

    `rows` are those of the mapped contaminant, `context` is the surface's medium, procedure and basis.
    """
    assumptions = check_assumptions(assume)
    if (limit is None) == (guideline is None):
        raise LimitError("give either limit (mg/kg) or guideline, and only one of them")
    if limit is not None:
        return Limit(limit, f"{limit:g} mg/kg")
    rule = rules_of(rows).get(guideline or "")
    if rule is None:
        raise LimitError(f"guideline {guideline!r} is not known for this contaminant")
    return _comparable(rule, _assess_place(rule, context, assumptions))


def list_limits(rows: Iterable[Row], context: Mapping[str, str], assume: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Every guideline value of a contaminant, with its limit on this map, or with what is missing."""
    assumptions = check_assumptions(assume)
    return [_entry(rule, _assess_place(rule, context, assumptions)) for rule in rules_of(rows).values()]


def comparable_limits(rows: Iterable[Row], context: Mapping[str, str], assume: Sequence[str] = ()) -> list[Limit]:
    """The guideline values that can be compared with this map, given the assumptions; expired ones say so."""
    assumptions = check_assumptions(assume)
    assessed = ((rule, _assess_place(rule, context, assumptions)) for rule in rules_of(rows).values())
    return [_comparable(rule, assessment) for rule, assessment in assessed if assessment.assessable.all()]


def check_assumptions(texts: Sequence[str]) -> tuple[Assumption, ...]:
    """Assumptions such as `clay:10`; raises `LimitError` for what is none."""
    try:
        return parse_assumptions(texts)
    except ValueError as error:
        raise LimitError(f"assume: {error}") from None


def _assess_place(rule: Guideline, context: Mapping[str, str], assumptions: tuple[Assumption, ...]) -> Assessment:
    """The rule at a place of a map, where nothing is known of the soil but what the samples have in common."""
    return assess(rule, Context.of(1, **context), assumptions)


def _comparable(rule: Guideline, assessment: Assessment) -> Limit:
    if not assessment.assessable.all():
        raise LimitError(f"guideline {rule.id} is not assessable: {_why_not(assessment)}")
    value = float(assessment.limit[0])
    return Limit(value, title(rule), rule.id, assessment.assumptions, assessment.caveats, _expired(rule))


def _why_not(assessment: Assessment) -> str:
    return "; ".join((*assessment.missing, *assessment.obstacles)).replace("1 of 1 samples", "this map")


def title(rule: Guideline) -> str:
    """The rule in words: act, land use and kind as printed."""
    first = rule.rows[0]
    return f"{first.act.title}: {first.land_use_text or first.land_use}, {first.kind_text or first.kind}"


def _entry(rule: Guideline, assessment: Assessment) -> dict[str, Any]:
    first, assessable = rule.rows[0], bool(assessment.assessable.all())
    return {
        "rule": rule.id,
        "jurisdiction": rule.act.jurisdiction,
        "act_title": rule.act.title,
        "land_use": first.land_use_text or first.land_use,
        "kind": first.kind_text or first.kind,
        "limit": round(float(assessment.limit[0]), 6) if assessable else None,
        "printed": [row.original_value for row in rule.rows],
        "assessable": assessable,
        "missing": [text.replace("1 of 1 samples", "this map") for text in assessment.missing],
        "reason": None if assessable else _why_not(assessment),
        "assumptions": list(assessment.assumptions),
        "caveats": list(assessment.caveats),
        "source": first.source,
        "source_kind": first.source_kind,
        "expired": _expired(rule),
    }


def _expired(rule: Guideline) -> bool:
    return not rule.act.in_force(datetime.now(UTC).date())
