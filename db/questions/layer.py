"""What every collection of features can be asked: a page, one feature, how many, and where and when they lie."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Text, and_, cast, func, literal_column, null, or_, select

from db.selection import Bounds, Period, Selection
from db.tables import dataset

DEGREE_DIGITS = 7
"""A seventh decimal of a degree is one centimetre."""

EARTH_RADIUS_M, FARTHEST_NORTH = 6_378_137.0, 89.99
"""Of web mercator, which has no poles: what lies beyond is drawn on one line."""

Conditions = Sequence[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Layer:
    """How one collection lies in the tables: its key, its rows, and what a feature says.

    `conditions` holds what belongs to this collection alone, its visibility above all; bounds and period are
    the same for everybody. A layer without geometry or dates matches every box and every period, as OGC API
    Features asks (17-069r4, requirements 23C and 25C).
    """

    key: ColumnElement[int]
    rows: FromClause
    properties: Callable[[Selection], Mapping[str, ColumnElement[Any]]]
    conditions: Callable[[Selection], Conditions]
    geometry: ColumnElement[Any] | None = None
    mercator: ColumnElement[Any] | None = None
    """The indexed twin of points whose geometry of record has no index: it finds what lies in a box."""
    dates: tuple[ColumnElement[Any], ColumnElement[Any]] | None = None


def page(layer: Layer, selection: Selection, *, after: int | None, size: int) -> Select[Any]:
    """At most `size` features (id, geometry and properties as JSON text) with keys beyond `after`, in order."""
    query = _features(layer, selection).order_by(layer.key).limit(size)
    return query if after is None else query.where(layer.key > after)


def one(layer: Layer, selection: Selection, key: int) -> Select[Any]:
    """The feature with this key, if it is visible."""
    return _features(layer, selection).where(layer.key == key)


def count(layer: Layer, selection: Selection) -> Select[Any]:
    """How many features match."""
    return _matching(layer, selection, func.count())


def extent(layer: Layer, selection: Selection) -> Select[Any]:
    """One row west, south, east, north, first, last; null where there is nothing."""
    box: list[ColumnElement[Any]] = [null()] * 4
    if layer.geometry is not None:
        whole = func.ST_Extent(layer.geometry)
        box = [edge(whole) for edge in (func.ST_XMin, func.ST_YMin, func.ST_XMax, func.ST_YMax)]
    first, last = (func.min(layer.dates[0]), func.max(layer.dates[1])) if layer.dates else (null(), null())
    labels = ("west", "south", "east", "north", "first", "last")
    columns = (column.label(label) for column, label in zip((*box, first, last), labels, strict=True))
    return _matching(layer, selection, *columns)


def visible(dataset_id: ColumnElement[int], selection: Selection) -> ColumnElement[bool]:
    """Whether a row belongs to a dataset that may be seen, and to the one asked for."""
    seen = select(dataset.c.id).where(dataset.c.visibility.in_(selection.visibilities))
    if selection.dataset is not None:
        seen = seen.where(dataset.c.name == selection.dataset)
    return dataset_id.in_(seen)


def json_object(columns: Mapping[str, ColumnElement[Any]]) -> ColumnElement[Any]:
    """A JSON object with these members; the names are ours, so they may stand in the text of the statement."""
    parts = [part for name, column in columns.items() for part in (literal_column(f"'{name}'"), column)]
    return func.json_build_object(*parts)


def finite(bound: ColumnElement[float]) -> ColumnElement[float]:
    """A bound of a concentration, null where it is infinite: JSON and tiles have no infinity."""
    return func.nullif(bound, literal_column("'Infinity'::float8"))


def _matching(layer: Layer, selection: Selection, *columns: ColumnElement[Any]) -> Select[Any]:
    query = select(*columns).select_from(layer.rows).where(*layer.conditions(selection))
    if selection.bounds is not None and layer.geometry is not None:
        query = query.where(_within(layer, selection.bounds))
    if selection.period is not None and layer.dates is not None:
        query = query.where(*_during(layer.dates, selection.period))
    return query


def _features(layer: Layer, selection: Selection) -> Select[Any]:
    geometry = null() if layer.geometry is None else func.ST_AsGeoJSON(layer.geometry, DEGREE_DIGITS)
    properties = json_object(layer.properties(selection))
    return _matching(
        layer,
        selection,
        layer.key.label("id"),
        cast(geometry, Text).label("geometry"),
        cast(properties, Text).label("properties"),
    )


def _within(layer: Layer, bounds: Bounds) -> ColumnElement[bool]:
    """By the GiST index, then exactly: the index alone rounds its boxes to single precision."""
    return or_(*(_inside(layer, part) for part in bounds.parts()))


def _inside(layer: Layer, part: Bounds) -> ColumnElement[bool]:
    box = func.ST_MakeEnvelope(part.west, part.south, part.east, part.north, 4326)
    exactly = func.ST_Intersects(layer.geometry, box)
    if layer.mercator is None:
        return exactly
    return and_(layer.mercator.op("&&")(func.ST_MakeEnvelope(*_in_mercator(part), 3857)), exactly)


def _in_mercator(part: Bounds) -> tuple[float, float, float, float]:
    """West, south, east and north in metres, with one to spare; the poles lie where the tables put them."""

    def northing(latitude: float) -> float:
        bounded = max(-FARTHEST_NORTH, min(FARTHEST_NORTH, latitude))
        return EARTH_RADIUS_M * math.asinh(math.tan(math.radians(bounded)))

    west, east = (EARTH_RADIUS_M * math.radians(longitude) for longitude in (part.west, part.east))
    return west - 1, northing(part.south) - 1, east + 1, northing(part.north) + 1


def _during(dates: tuple[ColumnElement[Any], ColumnElement[Any]], period: Period) -> list[ColumnElement[bool]]:
    first, last = dates
    conditions = []
    if period.end is not None:
        conditions.append(or_(first.is_(None), first <= period.end))
    if period.start is not None:
        conditions.append(or_(last.is_(None), last >= period.start))
    return conditions
