"""Features as a table: a typed column for each property, for files rather than for pages."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Integer, Select, Text, cast, func

from db.filtering import Kind, Queryable
from db.questions.layer import GEOMETRY, Layer, Look, matching, shape
from db.questions.order import Page, beyond, ordering
from db.selection import Selection

ID = "id"


def kinds_of(layer: Layer, selection: Selection, look: Look) -> Mapping[str, Kind]:
    """The columns of the table after its id, with what stands in them; what has no simple type is JSON text."""
    columns = _columns(layer, selection, look)
    found = {name: _kind(column) for name, column in columns.items()}
    return found if layer.geometry is None else {GEOMETRY: Kind.GEOMETRY, **found}


def is_whole(layer: Layer, selection: Selection, name: str) -> bool:
    """Whether a property holds whole numbers."""
    return isinstance(layer.properties(selection)[name].type, Integer)


def table(layer: Layer, selection: Selection, asked: Page, look: Look) -> Select[Any]:
    """Id, geometry as well-known binary, and the properties of the features of a page."""
    texts = {name: _written(column) for name, column in _columns(layer, selection, look).items()}
    columns: list[ColumnElement[Any]] = [layer.key.label(ID)]
    if layer.geometry is not None:
        columns.append(shape(layer, Look(as_wkb=True)).label(GEOMETRY))
    columns += [column.label(f"p_{name}") for name, column in texts.items()]  # no property is called id or geometry
    properties = layer.queryables(selection) if asked.order else {}
    query = matching(layer, selection, *columns).order_by(*ordering(layer.key, asked, properties)).limit(asked.size)
    farther = beyond(layer.key, asked, properties)
    return query if farther is None else query.where(farther)


def _columns(layer: Layer, selection: Selection, look: Look) -> Mapping[str, ColumnElement[Any]]:
    properties = layer.properties(selection)
    return properties if look.properties is None else {name: properties[name] for name in look.properties}


def _kind(column: ColumnElement[Any]) -> Kind:
    found = Queryable.of(column)
    return Kind.TEXT if found is None or found.kind is Kind.TEXTS else found.kind


def _written(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column, or its JSON where files have no type for it."""
    if isinstance(column.type, ARRAY):
        return cast(func.array_to_json(column), Text)
    return column if Queryable.of(column) is not None else cast(column, Text)
