"""Surfaces: which maps there are, and what is known about each."""

from typing import Any

from sqlalchemy import Select, func, select

from db.tables import surface


def surfaces(visibilities: tuple[str, ...]) -> Select[Any]:
    """All that may be seen, with their boxes in degrees, by contaminant and then the newest first."""
    box = [
        edge(surface.c.geom).label(label)
        for edge, label in (
            (func.ST_XMin, "west"),
            (func.ST_YMin, "south"),
            (func.ST_XMax, "east"),
            (func.ST_YMax, "north"),
        )
    ]
    columns = [column for column in surface.c if column.name != "geom"]
    seen = select(*columns, *box).where(surface.c.visibility.in_(visibilities))
    return seen.order_by(surface.c.contaminant_id, surface.c.created_at.desc(), surface.c.id)


def surface_called(key: str, visibilities: tuple[str, ...]) -> Select[Any]:
    """The surface with this id, if it may be seen."""
    return surfaces(visibilities).where(surface.c.id == key)
