"""Pollution sources with what they released."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, exists, func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from db.questions.layer import Conditions, Layer, json_object, visible
from db.selection import Selection
from db.tables import dataset, release, source


def _releases() -> ColumnElement[Any]:
    entry = json_object(
        {
            "pollutant": release.c.pollutant,
            "contaminant": release.c.contaminant_id,
            "medium": release.c.medium,
            "year": release.c.year,
            "quantity_kg": release.c.quantity_kg,
        }
    )
    listed = func.json_agg(aggregate_order_by(entry, release.c.id))
    return (
        select(func.coalesce(listed, literal_column("'[]'::json")))
        .where(release.c.source_id == source.c.id)
        .correlate(source)
        .scalar_subquery()
    )


def _properties(_: Selection) -> Mapping[str, ColumnElement[Any]]:
    return {
        "dataset": dataset.c.name,
        "code": source.c.code,
        "name": source.c.name,
        "sector": source.c.sector,
        "sector_original": source.c.sector_original,
        "diffuse": source.c.diffuse,
        "status": source.c.status,
        "status_since": source.c.status_since,
        "releases": _releases(),
    }


def _conditions(selection: Selection) -> Conditions:
    seen = visible(source.c.dataset_id, selection)
    if selection.contaminant is None:
        return [seen]
    released = exists().where(release.c.source_id == source.c.id, release.c.contaminant_id == selection.contaminant)
    return [seen, released]


SOURCES = Layer(
    key=source.c.id,
    rows=source.join(dataset, dataset.c.id == source.c.dataset_id),
    properties=_properties,
    conditions=_conditions,
    geometry=source.c.geom,
)
