"""Areas of the registered layers of polygons: one collection for each layer."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from db.questions.layer import Conditions, Layer
from db.selection import Selection
from db.tables import layer, layer_area

_KNOWN = (layer.c.id, layer.c.name, layer.c.title, layer.c.licence, layer.c.provider)


def polygon_layers(visibilities: tuple[str, ...]) -> Select[Any]:
    """The layers of polygons that may be seen, by name."""
    seen = select(*_KNOWN).where(layer.c.kind == "polygons", layer.c.visibility.in_(visibilities))
    return seen.order_by(layer.c.name)


def polygon_layer_called(name: str, visibilities: tuple[str, ...]) -> Select[Any]:
    """The one of that name, if it may be seen."""
    return polygon_layers(visibilities).where(layer.c.name == name)


def areas(which: int) -> Layer:
    """The areas of a layer that may be seen."""

    def conditions(_: Selection) -> Conditions:
        return [layer_area.c.layer_id == which]

    return Layer(
        key=layer_area.c.id,
        rows=layer_area,
        properties=_properties,
        conditions=conditions,
        geometry=layer_area.c.geom,
    )


def _properties(_: Selection) -> Mapping[str, ColumnElement[Any]]:
    return {"code": layer_area.c.code, "name": layer_area.c.name}
