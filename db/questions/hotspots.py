"""Hot spots of the runs that may be seen; the name of a private source near one is kept back."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, exists, func, select

from db.questions.layer import Conditions, Layer, visible
from db.selection import Selection
from db.tables import hot_spot, hot_spot_run, source


def _properties(selection: Selection) -> Mapping[str, ColumnElement[Any]]:
    nearest = [source.c.id == hot_spot.c.nearest_source_id, visible(source.c.dataset_id, selection)]
    return {
        "run": hot_spot_run.c.id,
        "kind": hot_spot_run.c.kind,
        "class": hot_spot.c.class_,
        "contaminant": hot_spot_run.c.contaminant_id,
        "definition": hot_spot_run.c.definition,
        "surface": hot_spot_run.c.surface_id,
        "area_m2": hot_spot.c.area_m2,
        "mean_probability": hot_spot.c.mean_probability,
        "mean_z": hot_spot.c.mean_z,
        "smallest_q": hot_spot.c.smallest_q,
        "sample_count": hot_spot.c.sample_count,
        "highest": hot_spot.c.highest,
        "rule": hot_spot.c.rule,
        "limit": hot_spot.c.limit_mg_per_kg,
        "assumptions": hot_spot.c.assumptions,
        "nearest_source": select(source.c.name).where(*nearest).correlate(hot_spot).scalar_subquery(),
        "nearest_source_m": case((exists().where(*nearest).correlate(hot_spot), hot_spot.c.nearest_source_m)),
    }


def _conditions(selection: Selection) -> Conditions:
    samples = hot_spot_run.c.parameters
    population = samples["population"]
    asked = (
        (selection.contaminant, hot_spot_run.c.contaminant_id == selection.contaminant),
        (selection.dataset, samples["datasets"].contains(func.to_jsonb(cast(selection.dataset, Text)))),
        (selection.medium, population["medium"].astext == selection.medium),
        (selection.digestion, population["digestion"].astext == selection.digestion),
        (selection.basis, population["basis"].astext == selection.basis),
    )
    seen = hot_spot_run.c.visibility.in_(selection.visibilities)
    return [seen, *(condition for value, condition in asked if value is not None)]


HOTSPOTS = Layer(
    key=hot_spot.c.id,
    rows=hot_spot.join(hot_spot_run, hot_spot_run.c.id == hot_spot.c.run_id),
    properties=_properties,
    conditions=_conditions,
    geometry=hot_spot.c.geom,
)
