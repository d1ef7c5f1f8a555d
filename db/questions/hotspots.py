"""Hot spots of the runs that may be seen; the name of a private source near one is kept back."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, case, cast, column, exists, func, select, text
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from db.questions.layer import Conditions, Layer, among
from db.selection import Selection
from db.tables import dataset, hot_spot, hot_spot_run, source


def _shown(selection: Selection) -> ColumnElement[bool]:
    """Whether a source may be seen, of whatever dataset it is: a selection names that of the samples."""
    seen = select(dataset.c.id).where(among(dataset.c.visibility, selection.visibilities))
    return source.c.dataset_id.in_(seen)


def _likeliest(selection: Selection) -> ColumnElement[Any]:
    """The likeliest sources, as they were ranked, without those that may not be seen."""
    elements = func.jsonb_array_elements(hot_spot.c.likeliest_sources)
    each = elements.table_valued(column("value", JSONB), with_ordinality="place", name="ranked").render_derived()
    known = exists().where(source.c.id == cast(each.c.value["id"].astext, BigInteger), _shown(selection))
    shown = func.coalesce(func.jsonb_agg(aggregate_order_by(each.c.value, each.c.place)), text("'[]'::jsonb"))
    return select(shown).select_from(each).where(known.correlate(each)).correlate(hot_spot).scalar_subquery()


def _properties(selection: Selection) -> Mapping[str, ColumnElement[Any]]:
    nearest = [source.c.id == hot_spot.c.nearest_source_id, _shown(selection)]
    return {
        "run": hot_spot_run.c.id,
        "kind": hot_spot_run.c.kind,
        "statistic": hot_spot_run.c.statistic,
        "class": hot_spot.c.class_,
        "contaminant": hot_spot_run.c.contaminant_id,
        "definition": hot_spot_run.c.definition,
        "surface": hot_spot_run.c.surface_id,
        "area_m2": hot_spot.c.area_m2,
        "mean_probability": hot_spot.c.mean_probability,
        "mean_z": hot_spot.c.mean_z,
        "smallest_q": hot_spot.c.smallest_q,
        "smallest_p": hot_spot.c.smallest_p,
        "expected_area_m2": hot_spot.c.expected_area_m2,
        "area_low_m2": hot_spot.c.area_low_m2,
        "area_high_m2": hot_spot.c.area_high_m2,
        "existence": hot_spot.c.existence,
        "sample_count": hot_spot.c.sample_count,
        "highest": hot_spot.c.highest,
        "rule": hot_spot.c.rule,
        "limit": hot_spot.c.limit_mg_per_kg,
        "assumptions": hot_spot.c.assumptions,
        "nearest_source": select(source.c.name).where(*nearest).correlate(hot_spot).scalar_subquery(),
        "nearest_source_m": case((exists().where(*nearest).correlate(hot_spot), hot_spot.c.nearest_source_m)),
        "likeliest_sources": _likeliest(selection),
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
    seen = among(hot_spot_run.c.visibility, selection.visibilities)
    return [seen, *(condition for value, condition in asked if value is not None)]


HOTSPOTS = Layer(
    key=hot_spot.c.id,
    rows=hot_spot.join(hot_spot_run, hot_spot_run.c.id == hot_spot.c.run_id),
    properties=_properties,
    conditions=_conditions,
    geometry=hot_spot.c.geom,
)
