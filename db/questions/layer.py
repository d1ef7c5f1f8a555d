"""What every collection of features can be asked: a page, one feature, how many, and where and when they lie."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Double,
    FromClause,
    LargeBinary,
    Select,
    Text,
    and_,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
)

from db.filtering import Kind, Queryable, Queryables, compile_filter
from db.mercator import in_mercator
from db.questions.order import Page, beyond, ordering, sorted_values
from db.selection import Bounds, Period, Selection
from db.tables import dataset

DEGREE_DIGITS = 7
"""A seventh decimal of a degree is one centimetre."""

GEOMETRY = "geometry"
"""What filters call the geometry of a feature."""

Conditions = Sequence[ColumnElement[bool]]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """How one collection lies in the tables: its key, its rows, and what a feature says.

    What `properties` are depends on what may be seen, and on nothing else of a selection.
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

    def queryables(self, selection: Selection) -> Queryables:
        """What features can be filtered and sorted by: properties of a simple type, and the geometry."""
        return _queryables(self, selection.visibilities)


@dataclass(frozen=True, slots=True)
class Look:
    """What of a feature is shown: all of its properties or some, and its geometry as GeoJSON in degrees or as WKB."""

    properties: tuple[str, ...] | None = None
    as_wkb: bool = False


WHOLE = Look()


def page(layer: Layer, selection: Selection, asked: Page, look: Look = WHOLE) -> Select[Any]:
    """The features of a page: id, geometry, properties as JSON text, and `sorted_by`, their place in the order.

    A page that is read backwards comes from its end on.
    """
    properties = layer.queryables(selection) if asked.order else {}
    query = _features(layer, selection, look, sorted_values(asked.order, properties).label("sorted_by"))
    query = query.order_by(*ordering(layer.key, asked, properties)).limit(asked.size)
    farther = beyond(layer.key, asked, properties)
    return query if farther is None else query.where(farther)


def one(layer: Layer, selection: Selection, key: int, look: Look = WHOLE) -> Select[Any]:
    """The feature with this key, if it is visible."""
    return _features(layer, selection, look).where(layer.key == key)


def count(layer: Layer, selection: Selection, up_to: int | None = None) -> Select[Any]:
    """How many features match; counting ends at `up_to`."""
    if up_to is None:
        return matching(layer, selection, func.count())
    first = matching(layer, selection, layer.key.label("id")).limit(up_to).subquery()
    return select(func.count()).select_from(first)


def keys(layer: Layer, selection: Selection) -> Select[Any]:
    """The keys of all features that match, in no order."""
    return matching(layer, selection, layer.key.label("id"))


def extent(layer: Layer, selection: Selection) -> Select[Any]:
    """One row west, south, east, north, first, last; null where there is nothing."""
    box: list[ColumnElement[Any]] = [null()] * 4
    if layer.geometry is not None:
        whole = func.ST_Extent(layer.geometry)
        box = [edge(whole) for edge in (func.ST_XMin, func.ST_YMin, func.ST_XMax, func.ST_YMax)]
    first, last = (func.min(layer.dates[0]), func.max(layer.dates[1])) if layer.dates else (null(), null())
    labels = ("west", "south", "east", "north", "first", "last")
    columns = (column.label(label) for column, label in zip((*box, first, last), labels, strict=True))
    return matching(layer, selection, *columns)


def visible(dataset_id: ColumnElement[int], selection: Selection) -> ColumnElement[bool]:
    """Whether a row belongs to a dataset that may be seen, and to the one asked for."""
    seen = select(dataset.c.id).where(among(dataset.c.visibility, selection.visibilities))
    if selection.dataset is not None:
        seen = seen.where(dataset.c.name == selection.dataset)
    return dataset_id.in_(seen)


def among(column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
    """Whether a text is one of these, bound all together, so that the statement is the same for any number of them."""
    return column == func.any(literal([*values], ARRAY(Text)))


def json_object(columns: Mapping[str, ColumnElement[Any]]) -> ColumnElement[Any]:
    """A JSON object with these members; the names are ours, so they may stand in the text of the statement."""
    parts = [part for name, column in columns.items() for part in (literal_column(f"'{name}'"), column)]
    return func.json_build_object(*parts)


def finite(bound: ColumnElement[float]) -> ColumnElement[float]:
    """A bound of a concentration, null where it is infinite: JSON and tiles have no infinity."""
    return func.nullif(bound, literal_column("'Infinity'::float8"), type_=Double())


def matching(layer: Layer, selection: Selection, *columns: ColumnElement[Any]) -> Select[Any]:
    """Any columns of the rows that a selection is made of."""
    query = select(*columns).select_from(layer.rows).where(*layer.conditions(selection))
    if selection.bounds is not None and layer.geometry is not None:
        query = query.where(_within(layer, selection.bounds))
    if selection.period is not None and layer.dates is not None:
        query = query.where(*_during(layer.dates, selection.period))
    if selection.filter is not None:
        query = query.where(compile_filter(selection.filter, layer.queryables(selection)))
    return query


@lru_cache(maxsize=256)
def _queryables(layer: Layer, visibilities: tuple[str, ...]) -> Queryables:
    properties = layer.properties(Selection(visibilities=visibilities))
    found = {name: Queryable.of(column) for name, column in properties.items()}
    known = {name: queryable for name, queryable in found.items() if queryable is not None}
    if layer.geometry is not None:
        known[GEOMETRY] = Queryable(layer.geometry, Kind.GEOMETRY, layer.mercator)
    return MappingProxyType(known)


def _features(layer: Layer, selection: Selection, look: Look, *more: ColumnElement[Any]) -> Select[Any]:
    return matching(layer, selection, *_shown(layer, selection.visibilities, look), *more)


@lru_cache(maxsize=256)
def _shown(layer: Layer, visibilities: tuple[str, ...], look: Look) -> tuple[ColumnElement[Any], ...]:
    """Id, geometry and properties; built once, because building them takes longer than asking for them."""
    properties = layer.properties(Selection(visibilities=visibilities))
    if look.properties is not None:
        properties = {name: properties[name] for name in look.properties}
    told = cast(json_object(properties), Text)
    return layer.key.label("id"), shape(layer, look).label("geometry"), told.label("properties")


def shape(layer: Layer, look: Look) -> ColumnElement[Any]:
    """The geometry as it is to be shown; null where a layer has none."""
    if layer.geometry is None:
        return cast(null(), Text)
    if look.as_wkb:
        return func.ST_AsBinary(layer.geometry, type_=LargeBinary())
    return cast(func.ST_AsGeoJSON(layer.geometry, DEGREE_DIGITS), Text)


def _within(layer: Layer, bounds: Bounds) -> ColumnElement[bool]:
    """By the GiST index, then exactly: the index alone rounds its boxes to single precision."""
    return or_(*(_inside(layer, part) for part in bounds.parts()))


def _inside(layer: Layer, part: Bounds) -> ColumnElement[bool]:
    box = func.ST_MakeEnvelope(part.west, part.south, part.east, part.north, 4326)
    exactly = func.ST_Intersects(layer.geometry, box)
    if layer.mercator is None:
        return exactly
    drawn = func.ST_MakeEnvelope(*in_mercator(part.west, part.south, part.east, part.north), 3857)
    return and_(layer.mercator.op("&&")(drawn), exactly)


def _during(dates: tuple[ColumnElement[Any], ColumnElement[Any]], period: Period) -> list[ColumnElement[bool]]:
    first, last = dates
    conditions = []
    if period.end is not None:
        conditions.append(or_(first.is_(None), first <= period.end))
    if period.start is not None:
        conditions.append(or_(last.is_(None), last >= period.start))
    return conditions
