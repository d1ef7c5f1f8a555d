"""The order of features, and a page of it that loses and repeats nothing while rows are added."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, false, func, literal, or_

from db.filtering import Queryable


@dataclass(frozen=True, slots=True)
class By:
    """A property that is sorted by; rows without a value come last either way."""

    name: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Between two features of an order: beyond the one with this key and these values, as the database writes them.

    Backwards, the page ends there instead of beginning.
    """

    key: int
    values: tuple[str | None, ...] = ()
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """At most `size` features from a place on, or the first ones; raises `ValueError` for a place of another order."""

    size: int
    place: Place | None = None
    order: tuple[By, ...] = ()

    def __post_init__(self) -> None:
        if self.place is not None and len(self.place.values) != len(self.order):
            raise ValueError("the place is one of another order")

    @property
    def backwards(self) -> bool:
        """Whether the page is read from its end, so that its rows come the other way round."""
        return self.place is not None and self.place.backwards


def ordering(key: ColumnElement[int], page: Page, properties: Mapping[str, Queryable]) -> Iterator[ColumnElement[Any]]:
    """What rows are sorted by: the properties, then the key, which no two of them share."""
    for by in page.order:
        column = properties[by.name].column
        falling = by.descending != page.backwards
        sorted_by = column.desc() if falling else column.asc()
        yield sorted_by.nulls_first() if page.backwards else sorted_by.nulls_last()
    yield key.desc() if page.backwards else key.asc()


def beyond(key: ColumnElement[int], page: Page, properties: Mapping[str, Queryable]) -> ColumnElement[bool] | None:
    """The rows on the far side of the place, in lexicographic order of the sorted properties and the key."""
    place = page.place
    if place is None:
        return None
    condition = key < place.key if place.backwards else key > place.key
    for by, value in reversed(list(zip(page.order, place.values, strict=True))):
        column = properties[by.name].column
        condition = _either(column, value, condition, falling=by.descending != place.backwards, page=page)
    return condition


def _either(
    column: ColumnElement[Any], value: str | None, rest: ColumnElement[bool], *, falling: bool, page: Page
) -> ColumnElement[bool]:
    """Farther in this property, or equal in it and farther in the rest; nothing is farther than having no value."""
    if value is None:
        farther: ColumnElement[bool] = column.is_not(None) if page.backwards else false()
        return or_(farther, and_(column.is_(None), rest))
    bound = cast(literal(value, Text), column.type)
    farther = column < bound if falling else column > bound
    without: ColumnElement[bool] = false() if page.backwards else column.is_(None)
    return or_(farther, without, and_(column == bound, rest))


def sorted_values(order: Sequence[By], properties: Mapping[str, Queryable]) -> ColumnElement[Any]:
    """What a place needs to know of a row, as a JSON array of texts."""
    texts = (cast(properties[by.name].column, Text) for by in order)
    return cast(func.json_build_array(*texts), Text) if order else cast(literal("[]"), Text)
