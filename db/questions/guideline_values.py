"""Guideline values: everybody may see them, and they lie nowhere."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from db.questions.layer import Conditions, Layer
from db.selection import Selection
from db.tables import guideline_value

_SAID_ELSEWHERE = ("id", "contaminant_id")


def guideline_rows(contaminant: str) -> Select[Any]:
    """Every row of one contaminant, in the order of the vocabulary."""
    rows = select(guideline_value).where(guideline_value.c.contaminant_id == contaminant)
    return rows.order_by(guideline_value.c.id)


def _properties(_: Selection) -> Mapping[str, ColumnElement[Any]]:
    columns = {str(column.name): column for column in guideline_value.c if column.name not in _SAID_ELSEWHERE}
    return {"contaminant": guideline_value.c.contaminant_id, **columns}


def _conditions(selection: Selection) -> Conditions:
    if selection.contaminant is None:
        return []
    return [guideline_value.c.contaminant_id == selection.contaminant]


GUIDELINE_VALUES = Layer(
    key=guideline_value.c.id,
    rows=guideline_value,
    properties=_properties,
    conditions=_conditions,
    dates=(guideline_value.c.valid_from, guideline_value.c.valid_to),
)
