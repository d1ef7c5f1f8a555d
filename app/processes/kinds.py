"""Kinds of inputs that several processes take: a contaminant, samples of one population, a box, a place, a map."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema
from sqlalchemy import Connection, select

from app.settings import Settings
from app.work.material import selection_from
from app.work.orders import Bench
from app.work.published import PublishedMap, known_map
from db.layers import layers
from db.questions.contaminants import contaminant_named
from db.selection import Bounds, Selection
from db.tables import surface

CRS84: Literal["http://www.opengis.net/def/crs/OGC/1.3/CRS84"] = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
Contaminant = Annotated[str, Field(description="Name, symbol, CAS number or synonym.", examples=["zinc", "Pb"])]
MapId = Annotated[
    str | None,
    Field(description="Id of a map; else the newest of the contaminant.", max_length=200),
]
Place = Annotated[
    tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]],
    Field(description="Longitude and latitude in degrees."),
]
Geometry = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "format": "geojson-geometry",
            "required": ["type"],
            "properties": {"type": {"type": "string"}},
        }
    ),
]
Layers = Annotated[
    tuple[str, ...], Field(description="Names of registered layers that the mean may depend on.", max_length=10)
]
Picture = Annotated[
    str,
    WithJsonSchema({"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png"}),
    Field(max_length=500_000),
]


@dataclass(frozen=True, slots=True)
class _Box:
    """A box in degrees: west, south, east, north; one whose west lies east of its east crosses the antimeridian."""

    bbox: tuple[float, float, float, float]
    crs: Literal["http://www.opengis.net/def/crs/OGC/1.3/CRS84"] = CRS84

    def __post_init__(self) -> None:
        Bounds(*self.bbox)

    @property
    def bounds(self) -> Bounds:
        """The box as it is asked of the tables."""
        return Bounds(*self.bbox)


Box = Annotated[_Box, Field(json_schema_extra={"format": "ogc-bbox"})]


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Which samples: inputs that are a subclass of this take them all, and `selection` is what they select."""

    contaminant: Contaminant
    dataset: Annotated[str | None, Field(description="Only samples of this data set.")] = None
    medium: Annotated[str | None, Field(description="Only this medium, such as mineral-horizon.")] = None
    digestion: Annotated[str | None, Field(description="Only this digestion, such as aqua-regia.")] = None
    basis: Annotated[Literal["dry", "wet", "unknown"] | None, Field(description="Mass that results are per.")] = None
    depth_cm: Annotated[tuple[float, float] | None, Field(description="Only this depth class, such as [0, 20].")] = None

    def selection(self, bench: Bench, connection: Connection) -> Selection:
        """What is selected of what the asker may see; `ValueError` for a contaminant that nobody knows."""
        return Selection(
            contaminant=contaminant_of(connection, self.contaminant),
            dataset=self.dataset,
            medium=self.medium,
            digestion=self.digestion,
            basis=self.basis,
            depth=self.depth_cm,
            visibilities=bench.visible,
        )


def contaminant_of(connection: Connection, text: str) -> str:
    """The id of the contaminant of that name; `ValueError` where nobody knows it."""
    found = connection.execute(contaminant_named(text.strip().lower())).first()
    if found is None:
        raise ValueError(f"contaminant {text[:60]!r} is not known by name, symbol, CAS number or synonym")
    return str(found.id)


def samples_under(bench: Bench, made: PublishedMap) -> Selection:
    """The samples that a map was made from, of which only those that the asker may see.

    A private dataset that came in since would otherwise be among them.
    """
    return replace(selection_from(made.parameters), visibilities=bench.visible)


def map_of(
    settings: Settings, connection: Connection, visible: tuple[str, ...], contaminant: str, identifier: str | None
) -> PublishedMap:
    """The map of that id, or the newest of the contaminant, that may be seen; `ValueError` where there is none."""
    query = select(surface.c.id).where(
        surface.c.contaminant_id == contaminant,
        surface.c.visibility.in_(visible),
        surface.c.quantity == "concentration",
    )
    if identifier is not None:
        query = query.where(surface.c.id == identifier.removeprefix("surface-"))
    newest = query.order_by(surface.c.created_at.desc(), surface.c.id).limit(1)
    found = connection.execute(newest).scalar()
    made = known_map(settings, connection, found) if found else None
    if made is None:
        which = f"map {identifier[:60]!r}" if identifier else "map"
        raise ValueError(f"there is no {which} of {contaminant} here")
    return made


def check_layers(bench: Bench, connection: Connection, names: Sequence[str]) -> None:
    """`ValueError` for a layer that is not there, or that the asker may not see, in the same words."""
    seen = {layer.name for layer in layers(connection) if layer.visibility in bench.visible}
    for name in names:
        if name not in seen:
            raise ValueError(f"there is no layer {name[:60]!r} here")
