"""A record: whose it is, what it covers, where it comes from, and where it can be had."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.ogc.link import Link
from db.selection import Bounds, Period

TYPES = ("dataset", "map", "layer", "vocabulary")
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of the catalogue; `lineage` says in words what it was made from, `external` how others call it."""

    id: str
    type: str
    title: str
    description: str
    keywords: tuple[str, ...]
    licence: str
    provider: str
    contact: str | None
    updated: dt.datetime | None
    lineage: str
    links: tuple[Link, ...]
    box: Box | None = None
    period: tuple[dt.date | None, dt.date | None] | None = None
    external: tuple[str, ...] = ()
    more: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise ValueError(f"a record is of one of the types {', '.join(TYPES)}, not {self.type!r}")

    @property
    def words(self) -> str:
        """Everything in which a search looks, in small letters."""
        told = (self.id, self.title, self.description, self.lineage, self.provider, self.licence)
        return "\n".join((*told, *self.keywords, *self.external)).casefold()

    def is_about(self, terms: tuple[str, ...]) -> bool:
        """Whether any of the terms occurs as it is written."""
        return any(" ".join(term.casefold().split()) in self.words for term in terms)

    def lies_in(self, bounds: Bounds) -> bool:
        """Whether it touches a box; what has no place is everywhere (OGC API Features 7.15.3)."""
        if self.box is None:
            return True
        west, south, east, north = self.box
        return any(
            part.west <= east and west <= part.east and part.south <= north and south <= part.north
            for part in bounds.parts()
        )

    def falls_in(self, wanted: Period) -> bool:
        """Whether it touches a period; what has no time is always."""
        if self.period is None:
            return True
        first, last = self.period
        begins_late = wanted.end is not None and first is not None and first > wanted.end
        ends_early = wanted.start is not None and last is not None and last < wanted.start
        return not (begins_late or ends_early)


def polygon_of(box: Box) -> dict[str, Any]:
    """A box as GeoJSON."""
    west, south, east, north = box
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}
