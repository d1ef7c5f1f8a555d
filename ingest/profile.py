"""A profile: a TOML file that says what the columns of a data source mean.

A bare value holds for every row (`medium = "mineral-horizon"`); `{ column = "…" }` reads it from a column, where
`values` may translate the codes of that column. Nothing else is understood: an unknown key is refused.
"""

import datetime as dt
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)
from pyproj import CRS

from ingest.complaints import ALTERNATIVES, complaints
from ingest.coordinates import horizontal_crs
from ingest.errors import IngestError
from ingest.findings import RULES, Rule, Severity

SHIPPED = Path(__file__).parent / "profiles"
T = TypeVar("T")
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


class FileOptions(Part):
    """How the file is written; what is absent is found out and reported."""

    format: str | None = None
    sheet: str | None = None
    heading_row: Annotated[int, Field(ge=1)] = 1
    unit_row: Annotated[int, Field(ge=1)] | None = None
    first_row: Annotated[int, Field(ge=2)] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    encoding: str | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[".", ",", " ", "'"] | None = None
    blank: tuple[str, ...] = ("NA", "N/A", "NaN", "null", "#N/A")

    @field_validator("blank", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.thousands and self.thousands == self.decimal:
            raise ValueError("decimal and thousands must be two different marks")
        if self.first_data_row <= max(self.heading_row, self.unit_row or 0):
            raise ValueError("first_row must lie below heading_row and unit_row")
        return self

    @property
    def first_data_row(self) -> int:
        """The row of the first record."""
        return self.first_row or max(self.heading_row, self.unit_row or 0) + 1


def _known_system(value: str) -> str:
    horizontal_crs(value)
    return value


System: TypeAlias = Annotated[str, AfterValidator(_known_system)]


class SecondPosition(Part):
    """Another pair of coordinates of the same place, to be compared with the first."""

    crs: System
    x: FromColumn
    y: FromColumn
    tolerance_m: Annotated[float, Field(gt=0)] = 100.0

    @property
    def system(self) -> CRS:
        """The coordinate reference system."""
        return horizontal_crs(self.crs)


class Position(Part):
    """Where the coordinates stand and in which system; a geographic file knows both."""

    crs: System | None = None
    x: FromColumn = FromColumn(column=GEOMETRY_X)
    y: FromColumn = FromColumn(column=GEOMETRY_Y)
    accuracy_m: Number | None = None
    area_tolerance_degrees: Annotated[float, Field(ge=0)] = 0.5
    second: SecondPosition | None = None

    @property
    def system(self) -> CRS:
        """The coordinate reference system; raises `ProfileError` where neither profile nor file states one."""
        if self.crs is None:
            raise ProfileError(
                "neither the profile nor the file says in which system the coordinates are: position.crs"
            )
        return horizontal_crs(self.crs)


class Specimen(Part):
    """What was taken out of the ground, and what is known of that soil."""

    medium: Text
    code: FromColumn | None = None
    site: FromColumn | None = None
    quality_control: FromColumn | None = None
    upper_depth_cm: Number | None = None
    lower_depth_cm: Number | None = None
    sieve_fraction_mm: Number | None = None
    composite_count: Number | None = None
    support_m2: Number | None = None
    sampled: Day | None = None
    sampled_to: Day | None = None
    land_use: Text | None = None
    ph: Number | None = None
    clay_percent: Number | None = None
    silt_percent: Number | None = None
    sand_percent: Number | None = None
    organic_matter_percent: Number | None = None
    toc_percent: Number | None = None
    texture: Text | None = None


class Assay(Part):
    """How something was measured; stated for all contaminants and, where it differs, for one."""

    unit: Text | None = None
    digestion: Text | None = None
    instrument: Text | None = None
    standard: Text | None = None
    basis: Text | None = None
    laboratory: Text | None = None
    batch: Text | None = None
    analysed_on: Day | None = None
    lod: Number | None = None
    loq: Number | None = None
    uncertainty: Number | None = None
    qualifier: FromColumn | None = None

    def under(self, general: "Assay") -> "Assay":
        """This assay, with what it does not state taken from the general one."""
        return Assay(**{key: _stated(self, general, key) for key in Assay.model_fields})


def _stated(special: Assay, general: Assay, key: str) -> Any:
    own = getattr(special, key)
    return getattr(general, key) if own is None else own


class MeasuredColumn(Assay):
    """A column of the wide layout: one contaminant by one procedure."""

    contaminant: str


def _short(value: object) -> object:
    return {"contaminant": value} if isinstance(value, str) else value


class Notation(Part):
    """How values that are not plain numbers are written."""

    nondetect: tuple[str, ...] = ("n.d.", "nd", "n.d", "b.d.", "bd", "bdl", "<lod", "<dl", "not detected")
    intervals: bool = False
    approximate: Literal["reject", "flag"] = "reject"
    zero: Literal["reject", "below-lod"] = "reject"
    negative: Literal["reject", "below-absolute"] = "reject"

    @field_validator("nondetect", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


class Measurements(Assay):
    """Wide (`columns`, one per contaminant) or long (`contaminant` and `value`, one measurement per row)."""

    columns: dict[str, Annotated[MeasuredColumn, BeforeValidator(_short)]] = {}
    contaminant: FromColumn | None = None
    value: FromColumn | None = None
    cas: FromColumn | None = None
    replicates: Literal["reject", "number"] = "reject"
    may_be_empty: bool = False
    notation: Notation = Notation()

    @model_validator(mode="after")
    def _one_layout(self) -> Self:
        if bool(self.columns) == bool(self.contaminant and self.value):
            raise ValueError("give either columns (wide layout) or both contaminant and value (long layout)")
        return self

    @property
    def long(self) -> bool:
        """Whether a row holds one measurement."""
        return self.value is not None


class Release(Part):
    """A pollutant that a source emits; without a quantity where the inventory only names it."""

    pollutant: Text
    medium: Text
    year: Number | None = None
    quantity: FromColumn | None = None
    unit: Text | None = None

    @model_validator(mode="after")
    def _quantity_has_unit(self) -> Self:
        if (self.quantity is None) != (self.unit is None):
            raise ValueError("quantity and unit go together")
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


class Profile(Part):
    """What the columns of a file mean; `read_profile` makes one from TOML."""

    dataset: Dataset
    position: Position = Position()
    file: FileOptions = FileOptions()
    rules: dict[str, Severity | Literal["off"]] = {}
    specimen: Specimen | None = None
    measurements: Measurements | None = None
    sources: Sources | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.specimen is None) != (self.measurements is None):
            raise ValueError("[specimen] and [measurements] go together")
        if (self.measurements is None) == (self.sources is None):
            raise ValueError("give either [specimen] and [measurements], or [sources]")
        return self

    @field_validator("rules")
    @classmethod
    def _overridable(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if name not in RULES or not RULES[name].overridable:
                known = ", ".join(sorted(rule.name for rule in RULES.values() if rule.overridable))
                raise ValueError(f"{name} is not a rule that can be overridden; these can: {known}")
        return value

    @property
    def quality_rules(self) -> Mapping[str, Rule]:
        """The rules with the severities of this profile, without those that are off."""
        chosen = {name: self.rules.get(name, rule.severity) for name, rule in RULES.items()}
        return {name: replace(RULES[name], severity=said) for name, said in chosen.items() if said != "off"}

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every (key, column) that the profile reads."""
        yield from columns_of(self)
        for column in self.measurements.columns if self.measurements else ():
            yield "measurements.columns", column

    def to_dict(self) -> dict[str, Any]:
        """The profile as JSON would hold it, without what it does not state."""
        return self.model_dump(mode="json", exclude_none=True)


def columns_of(part: BaseModel, above: str = "") -> Iterator[tuple[str, str]]:
    """Every (key, column) below a part of a profile."""
    for key, value in part:
        yield from _columns_in(value, f"{above}{key}")


def _columns_in(value: object, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, FromColumn):
        yield key, value.column
    elif isinstance(value, BaseModel):
        yield from columns_of(value, f"{key}.")
    elif isinstance(value, dict | tuple):
        members = value.items() if isinstance(value, dict) else enumerate(value, start=1)
        for name, member in members:
            yield from _columns_in(member, f"{key}.{name}")


def read_profile(name_or_path: str | Path) -> Profile:
    """The profile of that path, or the shipped one of that name (`meuse`); raises `ProfileError`."""
    path = _find(name_or_path)
    content = _attempt(path, lambda: tomllib.loads(path.read_text(encoding="utf-8")))
    try:
        return Profile.model_validate(content)
    except ValidationError as error:
        raise ProfileError(f"{path.name}: {'; '.join(complaints(error, Profile))}") from None


def _find(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix == ".toml" or path.is_file():
        return path
    shipped = SHIPPED / f"{name_or_path}.toml"
    if not shipped.is_file():
        names = sorted(file.stem for file in SHIPPED.glob("*.toml"))
        raise ProfileError(f"there is no profile {str(name_or_path)!r}; shipped are {', '.join(names)}")
    return shipped


def _attempt(path: Path, read: Callable[[], T]) -> T:
    try:
        return read()
    except FileNotFoundError:
        raise ProfileError(f"there is no profile file {path}") from None
    except OSError as error:
        raise ProfileError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ProfileError(f"{path.name} is not a TOML file: it is not text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path.name} is not a TOML file: {error}") from None
