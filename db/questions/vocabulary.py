"""Which words occur in what may be seen: the values a client can offer for a choice."""

from typing import Any

from sqlalchemy import Select, exists, select

from db.questions.layer import visible
from db.selection import Selection
from db.tables import contaminant, dataset, measurement


def measured_contaminants(selection: Selection) -> Select[Any]:
    """Ids of the contaminants with at least one measurement."""
    found = exists().where(
        measurement.c.contaminant_id == contaminant.c.id, visible(measurement.c.dataset_id, selection)
    )
    return select(contaminant.c.id).where(found).order_by(contaminant.c.id)


def dataset_names(selection: Selection) -> Select[Any]:
    """Names of the data sets."""
    return select(dataset.c.name).where(dataset.c.visibility.in_(selection.visibilities)).order_by(dataset.c.name)
