"""Whose data a file holds, and how it is written."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from ingest.profile.fields import Part


class Dataset(Part):
    """Whose data these are, and what may be done with them."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    title: str
    licence: str
    provider: str
    contact: str | None = None
    citation: str | None = None
    visibility: Literal["public", "private"] = "public"
    sampling_design: Literal["probability", "purposive", "complaint-driven", "unknown"] = "unknown"


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


OneOrMore: TypeAlias = Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(_one_or_more)]


def _plain_name(value: str) -> str:
    if {"/", "\\", "\0"} & set(value) or value in ("", ".", ".."):
        raise ValueError("a table is named as a sheet or as a file in the same folder, without the way to it")
    return value


class Join(Part):
    """Another table that says more of the records: a sheet of the same workbook, or a file beside it."""

    table: Annotated[str, AfterValidator(_plain_name)]
    on: Annotated[dict[str, str], Field(min_length=1)]
    heading_row: Annotated[int, Field(ge=1)] = 1


class Fold(Part):
    """Records that hold several specimens, told apart by how the headings begin or end: one medium each, say."""

    column: str
    parts: Annotated[dict[str, str], Field(min_length=1)]


class FileOptions(Part):
    """How the file is written; what is absent is found out and reported."""

    format: str | None = None
    sheet: str | None = None
    transposed: bool = False
    heading_row: Annotated[int, Field(ge=1)] = 1
    heading_rows: Annotated[int, Field(ge=1, le=4)] = 1
    unit_row: Annotated[int, Field(ge=1)] | None = None
    lod_row: Annotated[int, Field(ge=1)] | None = None
    first_row: Annotated[int, Field(ge=2)] | None = None
    last_row: Annotated[int, Field(ge=2)] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    encoding: str | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[".", ",", " ", "'"] | None = None
    blank: tuple[str, ...] = ("NA", "N/A", "NaN", "null", "#N/A")
    joins: tuple[Join, ...] = ()
    only: dict[str, OneOrMore] = Field(default_factory=dict)
    fold: Fold | None = None

    @field_validator("blank", "joins", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.thousands and self.thousands == self.decimal:
            raise ValueError("decimal and thousands must be two different marks")
        if self.first_data_row <= self._last_row_above:
            raise ValueError("first_row must lie below the headings, unit_row and lod_row")
        if self.last_row and self.last_row < self.first_data_row:
            raise ValueError("last_row must not lie above the first row of data")
        return self

    @property
    def first_data_row(self) -> int:
        """The row of the first record."""
        return self.first_row or self._last_row_above + 1

    @property
    def _last_row_above(self) -> int:
        return max(self.heading_row + self.heading_rows - 1, self.unit_row or 0, self.lod_row or 0)
