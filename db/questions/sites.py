"""Sites: the places where samples were taken."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select

from db.questions.layer import Conditions, Layer, visible
from db.selection import Selection
from db.tables import dataset, measurement, site, specimen


def _properties(selection: Selection) -> Mapping[str, ColumnElement[Any]]:
    taken = select(func.count()).where(specimen.c.site_id == site.c.id, visible(specimen.c.dataset_id, selection))
    return {
        "dataset": dataset.c.name,
        "site": site.c.code,
        "country": site.c.country,
        "specimens": taken.correlate(site).scalar_subquery(),
    }


def _conditions(selection: Selection) -> Conditions:
    seen = visible(site.c.dataset_id, selection)
    if selection.contaminant is None:
        return [seen]
    analysed = exists().where(
        specimen.c.site_id == site.c.id,
        measurement.c.specimen_id == specimen.c.id,
        measurement.c.contaminant_id == selection.contaminant,
        visible(specimen.c.dataset_id, selection),
        visible(measurement.c.dataset_id, selection),
    )
    return [seen, analysed]


SITES = Layer(
    key=site.c.id,
    rows=site.join(dataset, dataset.c.id == site.c.dataset_id),
    properties=_properties,
    conditions=_conditions,
    geometry=site.c.geom,
    mercator=site.c.geom_3857,
)
