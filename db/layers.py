"""Registered layers: what is known of each, and the polygons of those that have any."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from db.tables import layer, layer_area

Box = tuple[float, float, float, float]
Labels = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class StoredLayer:
    """A layer as the database has it; `path` is that of a raster, below the data folder."""

    id: int
    name: str
    kind: str
    title: str
    licence: str
    provider: str
    visibility: str
    version: int
    checksum: str
    path: str | None
    options: Mapping[str, Any]
    report: Mapping[str, Any]

    @property
    def classes(self) -> bool:
        """Whether it holds classes, and not numbers."""
        return self.kind == "polygons" or self.options.get("measure") == "categorical"


_COLUMNS = [layer.c[name] for name in StoredLayer.__dataclass_fields__]


def layers(connection: Connection) -> list[StoredLayer]:
    """All layers by name."""
    return [StoredLayer(*row) for row in connection.execute(select(*_COLUMNS).order_by(layer.c.name))]


def find_layer(connection: Connection, name: str) -> StoredLayer | None:
    """The layer of that name, if it is there."""
    row = connection.execute(select(*_COLUMNS).where(layer.c.name == name)).one_or_none()
    return StoredLayer(*row) if row else None


def layer_named(connection: Connection, name: str) -> StoredLayer:
    """The layer of that name; `ValueError`, naming those there are, where it is none."""
    found = find_layer(connection, name)
    if found is None:
        known = connection.execute(select(layer.c.name).order_by(layer.c.name)).scalars().all()
        raise ValueError(f"there is no layer {name!r}; registered are {', '.join(known) or 'none'}")
    return found


def read_areas(
    connection: Connection, which: StoredLayer, code: str | None = None, box: Box | None = None
) -> tuple[Labels, NDArray[np.object_]]:
    """Codes (m,) and polygons (m,) in degrees, in the order of the file: all, those of a code, those that touch a box.

    `code` also matches a name, whatever its capitals. Raises `ValueError` for a layer without polygons.
    """
    if which.kind != "polygons":
        raise ValueError(f"the layer {which.name!r} is a raster, polygons are needed here")
    columns = layer_area.c
    query = select(columns.code, func.ST_AsBinary(columns.geom)).where(columns.layer_id == which.id)
    if code is not None:
        query = query.where((columns.code == code) | (func.lower(columns.name) == code.lower()))
    if box is not None:
        query = query.where(func.ST_Intersects(columns.geom, func.ST_MakeEnvelope(*box, 4326)))
    rows = connection.execute(query.order_by(columns.id)).all()
    codes = np.array([row[0] for row in rows], dtype=np.str_)
    return codes, np.asarray(shapely.from_wkb([bytes(row[1]) for row in rows]), dtype=object)


def codes_of(connection: Connection, which: StoredLayer) -> list[str]:
    """The distinct codes of a layer of polygons, in order."""
    query = select(layer_area.c.code).where(layer_area.c.layer_id == which.id).distinct().order_by(layer_area.c.code)
    return list(connection.execute(query).scalars())
