"""Planned sites of the plans that may be seen."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func

from db.questions.layer import Conditions, Layer, among
from db.selection import Selection
from db.tables import planned_site, sampling_plan


def _properties(_: Selection) -> Mapping[str, ColumnElement[Any]]:
    return {
        "plan": sampling_plan.c.id,
        "contaminant": sampling_plan.c.contaminant_id,
        "surface": sampling_plan.c.surface_id,
        "goal": sampling_plan.c.goal,
        "definition": sampling_plan.c.definition,
        "rank": planned_site.c.rank,
        "gain": planned_site.c.gain,
        "remaining": planned_site.c.remaining,
        "unit": sampling_plan.c.report["unit"].astext,
    }


def _conditions(selection: Selection) -> Conditions:
    datasets = sampling_plan.c.parameters["datasets"]
    asked = (
        (selection.contaminant, sampling_plan.c.contaminant_id == selection.contaminant),
        (selection.dataset, datasets.contains(func.to_jsonb(cast(selection.dataset, Text)))),
    )
    seen = among(sampling_plan.c.visibility, selection.visibilities)
    return [seen, *(condition for value, condition in asked if value is not None)]


PLANNED_SITES = Layer(
    key=planned_site.c.id,
    rows=planned_site.join(sampling_plan, sampling_plan.c.id == planned_site.c.plan_id),
    properties=_properties,
    conditions=_conditions,
    geometry=planned_site.c.geom,
)
