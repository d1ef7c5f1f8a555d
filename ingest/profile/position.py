"""Where the coordinates of a file stand, and in which system."""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag
from pyproj import CRS

from ingest.complaints import ALTERNATIVES
from ingest.coordinates import horizontal_crs
from ingest.profile.fields import GEOMETRY_X, GEOMETRY_Y, FromColumn, Number, Part, ProfileError, kind_of_given


def _known_system(value: str) -> str:
    horizontal_crs(value)
    return value


Hemisphere: TypeAlias = Literal["N", "E", "S", "W"]
System: TypeAlias = Annotated[str, AfterValidator(_known_system)]


SystemOrColumn: TypeAlias = Annotated[
    Annotated[System, Tag("<constant>")] | Annotated[FromColumn, Tag("<column>")], Discriminator(kind_of_given)
]


def _listed(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _box(value: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    west, south, east, north = value
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south < north <= 90):
        raise ValueError("a box in degrees is [west, south, east, north]")
    return value


Edges: TypeAlias = tuple[float, float, float, float]
Box: TypeAlias = Annotated[Edges, BeforeValidator(_listed), AfterValidator(_box)]
Named: TypeAlias = Annotated[str, Field(min_length=1)]


class RegisteredArea(Part):
    """The areas of a registered layer of polygons, or those of one code or name, and so many metres around."""

    layer: Named
    code: Named | None = None
    tolerance_m: Annotated[float, Field(ge=0)] = 100.0


def _kind_of_area(value: object) -> str:
    return ALTERNATIVES[isinstance(value, dict | RegisteredArea)]


Area: TypeAlias = Annotated[
    Annotated[Box, Tag(ALTERNATIVES[False])] | Annotated[RegisteredArea, Tag(ALTERNATIVES[True])],
    Discriminator(_kind_of_area),
]


class SecondPosition(Part):
    """Another pair of coordinates of the same place, to be compared with the first."""

    crs: System
    x: FromColumn
    y: FromColumn
    letters: dict[str, Hemisphere] = Field(default_factory=dict)
    tolerance_m: Annotated[float, Field(gt=0)] = 100.0

    @property
    def system(self) -> CRS:
        """The coordinate reference system."""
        return horizontal_crs(self.crs)


class Position(Part):
    """Where the coordinates stand and in which system; a geographic file knows both.

    `within` is where the survey was made: a box in degrees, [west, south, east, north], or areas of a layer. `letters`
    says what letters of hemispheres mean that differ between languages, such as the O of ouest and of Ost.
    """

    crs: SystemOrColumn | None = None
    x: FromColumn = FromColumn(column=GEOMETRY_X)
    y: FromColumn = FromColumn(column=GEOMETRY_Y)
    letters: dict[str, Hemisphere] = Field(default_factory=dict)
    accuracy_m: Number | None = None
    area_tolerance_degrees: Annotated[float, Field(ge=0)] = 0.5
    within: Area | None = None
    second: SecondPosition | None = None

    @property
    def system(self) -> CRS:
        """The coordinate reference system; raises `ProfileError` where neither profile nor file states one."""
        if self.crs is None:
            raise ProfileError(
                "neither the profile nor the file says in which system the coordinates are: position.crs"
            )
        if isinstance(self.crs, FromColumn):
            raise ProfileError("the system of the coordinates differs from row to row: position.crs is a column")
        return horizontal_crs(self.crs)
