"""The pieces that every part of a profile is made of: a value for all rows, or the column it stands in."""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Tag, model_validator

from ingest.complaints import ALTERNATIVES
from ingest.errors import IngestError

# the columns that stand for the points of a geographic file
GEOMETRY, GEOMETRY_X, GEOMETRY_Y = "geometry", "geometry.x", "geometry.y"
Scheme: TypeAlias = Literal["gnfr", "e-prtr", "naics", "nace"]


class ProfileError(IngestError):
    """A profile that cannot be understood; the message names the file and the key."""


class Part(BaseModel):
    """A frozen piece of a profile that knows its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class FromColumn(Part):
    """A value that stands in a column of the file."""

    column: str
    values: dict[str, str] = {}
    otherwise: str | None = None
    scheme: Scheme | None = None
    format: str | None = None
    optional: bool = False

    @model_validator(mode="after")
    def _one_translation(self) -> Self:
        if self.scheme and (self.values or self.otherwise):
            raise ValueError("scheme translates the codes, so values and otherwise have no place beside it")
        return self


def _kind(value: object) -> str:
    return ALTERNATIVES[isinstance(value, dict | FromColumn)]


Text: TypeAlias = Annotated[
    Annotated[str, Tag("<constant>")] | Annotated[FromColumn, Tag("<column>")], Discriminator(_kind)
]
Number: TypeAlias = Annotated[
    Annotated[float, Tag("<constant>")] | Annotated[FromColumn, Tag("<column>")], Discriminator(_kind)
]
Day: TypeAlias = Annotated[
    Annotated[dt.date, Tag("<constant>")] | Annotated[FromColumn, Tag("<column>")], Discriminator(_kind)
]
AsGiven: TypeAlias = str | float | dt.date | FromColumn | None


def columns_of(part: BaseModel, above: str = "", *, optional: bool = True) -> Iterator[tuple[str, str]]:
    """Every (key, column) below a part of a profile, with or without those that a file may lack."""
    for key, given in _given_in(part, above):
        if optional or not given.optional:
            yield key, given.column


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
