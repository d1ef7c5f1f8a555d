"""Pollution sources and what they release."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from ingest.profile.fields import Day, FromColumn, Number, Part, Text, columns_of


class Release(Part):
    """A pollutant that a source emits; without a quantity where the inventory only names it.

    `separator` parts several names in a cell; `compounds` says whose mass that of an element with its compounds is.
    """

    pollutant: Text
    medium: Text
    year: Number | None = None
    quantity: FromColumn | None = None
    unit: Text | None = None
    separator: Annotated[str, Field(min_length=1)] | None = None
    compounds: Literal["element", "unknown"] = "unknown"

    @model_validator(mode="after")
    def _quantity_has_unit(self) -> Self:
        if (self.quantity is None) != (self.unit is None):
            raise ValueError("quantity and unit go together")
        if self.separator and self.quantity is not None:
            raise ValueError("a quantity belongs to one pollutant, so separator has no place beside it")
        return self


class Sources(Part):
    """Pollution sources: one per row (`point`), or one whose outline the rows draw in their order."""

    geometry: Literal["point", "line", "polygon", "file"] = "point"
    layout: Literal["one-row-per-source", "one-row-per-release"] = "one-row-per-source"
    sector: Text
    name: Text
    code: FromColumn | None = None
    sector_original: Text = ""
    diffuse: bool = False
    status: Text | None = None
    status_since: Day | None = None
    releases: tuple[Release, ...] = ()

    @field_validator("releases", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _outline_is_one_source(self) -> Self:
        if self.geometry in ("line", "polygon") and any(columns_of(self)):
            raise ValueError(
                f"the rows draw one {self.geometry}, so nothing but the position can be read from a column"
            )
        return self
