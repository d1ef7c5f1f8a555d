"""The pieces that every part of a profile is made of: a value for all rows, or the column it stands in."""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Tag, field_validator, model_validator

from ingest.complaints import ALTERNATIVES
from ingest.errors import IngestError

# the columns that stand for the points of a geographic file
GEOMETRY, GEOMETRY_X, GEOMETRY_Y = "geometry", "geometry.x", "geometry.y"
Scheme: TypeAlias = Literal["gnfr", "e-prtr", "naics", "nace", "anzsic", "sic"]


class ProfileError(IngestError):
    """A profile that cannot be understood; the message names the file and the key."""


class Part(BaseModel):
    """A frozen piece of a profile that knows its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class FromColumn(Part):
    """A value that stands in a column of the file, or in several of them that are read as one text.

    `unit` is the one of a length, area or share that is not in the field's own; it may stand in a column too.
    """

    column: str
    also: tuple[str, ...] = ()
    unit: str | None = None
    unit_column: str | None = None
    values: dict[str, str] = {}
    otherwise: str | None = None
    scheme: Scheme | None = None
    format: str | None = None
    optional: bool = False

    @field_validator("also", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read for the value."""
        return (self.column, *self.also, *((self.unit_column,) if self.unit_column else ()))

    @model_validator(mode="after")
    def _one_translation(self) -> Self:
        if self.unit and self.unit_column:
            raise ValueError("give either unit or unit_column")
        if self.scheme and (self.values or self.otherwise):
            raise ValueError("scheme translates the codes, so values and otherwise have no place beside it")
        return self


def kind_of_given(value: object) -> str:
    """The tag of a field that is given for all rows, or of one that stands in a column."""
    return ALTERNATIVES[isinstance(value, dict | FromColumn)]


Text: TypeAlias = Annotated[
    Annotated[str, Tag("<constant>")] | Annotated[FromColumn, Tag("<column>")], Discriminator(kind_of_given)
]
Number: TypeAlias = Annotated[
    Annotated[float, Tag("<constant>")] | Annotated[FromColumn, Tag("<column>")], Discriminator(kind_of_given)
]
Day: TypeAlias = Annotated[
    Annotated[dt.date, Tag("<constant>")] | Annotated[FromColumn, Tag("<column>")], Discriminator(kind_of_given)
]
AsGiven: TypeAlias = str | float | dt.date | FromColumn | None


def columns_of(part: BaseModel, above: str = "", *, optional: bool = True) -> Iterator[tuple[str, str]]:
    """Every (key, column) below a part of a profile, with or without those that a file may lack."""
    for key, given in _given_in(part, above):
        if optional or not given.optional:
            yield from ((key, column) for column in given.columns)


def _given_in(part: BaseModel, above: str) -> Iterator[tuple[str, FromColumn]]:
    for key, value in part:
        yield from _columns_in(value, f"{above}{key}")


def _columns_in(value: object, key: str) -> Iterator[tuple[str, FromColumn]]:
    if isinstance(value, FromColumn):
        yield key, value
    elif isinstance(value, BaseModel):
        yield from _given_in(value, f"{key}.")
    elif isinstance(value, dict | tuple):
        members = value.items() if isinstance(value, dict) else enumerate(value, start=1)
        for name, member in members:
            yield from _columns_in(member, f"{key}.{name}")
