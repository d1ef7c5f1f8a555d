"""What a request shows of a surface: shared by map tiles, images, coverages and the value at a place."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

import anyio.to_thread
from rasterio.errors import RasterioIOError
from starlette.requests import Request

from app.http.service import Service
from app.ogc.catalogue import surface_of
from app.ogc.collection import SurfaceCollection
from app.ogc.limits import LIMIT_PARAMETERS, limit_of
from app.problems import BadParameterError, UnavailableError
from app.query import PARAMETERS, Given, Parameter
from tiles.doubt import DOUBTS
from tiles.quantity import PlainBand, Quantity, Shown
from tiles.raster import RENDERING, Raster

T = TypeVar("T")
QUANTITY = Parameter("quantity", "What to show: of a distribution one of these, of a derived map the name of a band.")
DOUBT = Parameter(
    "uncertainty",
    "How uncertainty is seen in the picture: colours that fade, or hatching.",
    {"type": "string", "enum": list(DOUBTS), "default": "none"},
)
SAMPLING = Parameter(
    "sampling",
    "What a pixel shows: the value at its centre, or the average over 16 places in it.",
    {"type": "string", "enum": ["place", "average"], "default": "place"},
)
SHOWN = (QUANTITY, PARAMETERS["p"], *LIMIT_PARAMETERS)
EXCEEDANCE = "exceedance"
DISTRIBUTION: Mapping[str, Shown] = MappingProxyType(
    {
        "expected": Quantity("expected"),
        "median": Quantity("median"),
        "sd": Quantity("sd"),
        "p05": Quantity("quantile", p=0.05),
        "p95": Quantity("quantile", p=0.95),
    }
)
"""What a map of a concentration says at a place, by the names that fields and parameters have."""
DRAWN = (*SHOWN, DOUBT, SAMPLING)


@dataclass(frozen=True, slots=True)
class Showing:
    """What a request shows of a surface, how, and the version under which that may be kept."""

    surface: SurfaceCollection
    raster: Raster
    shown: Shown
    doubt: str
    averaged: bool
    version: str

    @property
    def title(self) -> str:
        """What is shown, in words."""
        return f"{self.shown.title}, average over each pixel" if self.averaged else self.shown.title

    @property
    def key(self) -> tuple[object, ...]:
        """Under which pictures of it are kept, with what they are of."""
        return self.surface.id, self.shown, self.doubt, self.averaged, self.version


async def showing(service: Service, request: Request, given: Given) -> Showing:
    """What a request asks for; raises the errors of a wrong address or parameter."""
    surface = await surface_of(service, request)
    return await showing_of(service, surface, given)


async def showing_of(service: Service, surface: SurfaceCollection, given: Given) -> Showing:
    """What a request asks for of a surface; raises the errors of a wrong parameter."""
    limit = await limit_of(service, surface, given)
    shown = _shown(surface, given, limit[0] if limit else None)
    doubt, sampling = (_one_of(given, parameter) for parameter in (DOUBT, SAMPLING))
    if doubt != "none" and (surface.derived or sampling == "average"):
        of = "a map that was derived from others" if surface.derived else "averages"
        raise BadParameterError("uncertainty", f"uncertainty is not known for {of}")
    version = f"{surface.row['version'][:16]}-{RENDERING}{limit[1] if limit else ''}"
    return Showing(surface, raster_of(service, surface), shown, doubt, sampling == "average", version)


def _shown(surface: SurfaceCollection, given: Given, limit: float | None) -> Shown:
    name = given.text("quantity")
    if surface.derived:
        return _band(surface, name, given)
    try:
        return Quantity(name or "expected", given.number("p"), limit)
    except ValueError as error:
        raise BadParameterError(_blamed(str(error)), str(error)) from None


def _blamed(message: str) -> str:
    """The parameter that a complaint about a quantity is about."""
    first = message.split(maxsplit=1)[0]
    return first if first in ("quantity", "p", "limit") else "limit"


def _band(surface: SurfaceCollection, name: str | None, given: Given) -> PlainBand:
    refuse_limit(surface, given)
    bands = bands_of(surface)
    chosen = name or next(iter(bands))
    if chosen not in bands:
        raise BadParameterError("quantity", f"quantity must be one of {', '.join(bands)}, got {chosen!r}")
    return bands[chosen]


def bands_of(surface: SurfaceCollection) -> dict[str, PlainBand]:
    """The bands of a derived map, by name; the first is shown where nothing is asked."""
    described = surface.row["parameters"]["bands"]
    return {
        band["name"]: PlainBand(band["name"], band["unit"], band["title"], number)
        for number, band in enumerate(described)
    }


def fields_of(surface: SurfaceCollection, limit: float | None = None) -> Mapping[str, Shown]:
    """What a surface says at a place, by name: its distribution in figures, or the bands of a derived map."""
    if surface.derived:
        return bands_of(surface)
    if limit is None:
        return DISTRIBUTION
    try:
        return {**DISTRIBUTION, EXCEEDANCE: Quantity(EXCEEDANCE, limit=limit)}
    except ValueError as error:
        raise BadParameterError("limit", str(error)) from None


async def chosen_fields(
    service: Service, surface: SurfaceCollection, given: Given, parameter: str
) -> Mapping[str, Shown]:
    """The fields that a parameter names with commas between, or all; the exceedance where a limit is given."""
    if surface.derived:
        refuse_limit(surface, given)
    limit = await limit_of(service, surface, given)
    known = fields_of(surface, limit[0] if limit else None)
    names = given.text(parameter)
    if names is None:
        return known
    asked_for = [name.strip() for name in names.split(",")]
    unknown = [name for name in asked_for if name not in known]
    if unknown:
        raise BadParameterError(
            parameter, f"{parameter} needs names out of {', '.join(known)}, got {', '.join(unknown)[:80]!r}"
        )
    return {name: known[name] for name in dict.fromkeys(asked_for)}


def refuse_limit(surface: SurfaceCollection, given: Given) -> None:
    """Raises `BadParameterError` where a limit is asked of a map that is no distribution."""
    for parameter in ("p", "limit", "guideline"):
        if parameter in given.values:
            raise BadParameterError(
                parameter, f"{parameter} belongs to maps of a concentration; {surface.id} was derived from others"
            )


def _one_of(given: Given, parameter: Parameter) -> str:
    known = parameter.schema["enum"]
    value = given.text(parameter.name) or str(parameter.schema["default"])
    if value not in known:
        raise BadParameterError(parameter.name, f"{parameter.name} must be one of {', '.join(known)}, got {value!r}")
    return value


def raster_of(service: Service, surface: SurfaceCollection) -> Raster:
    """The file of a surface; raises `UnavailableError` when it is gone."""
    with at_hand(surface):
        scale = "identity" if surface.derived else surface.row["parameters"]["transform"]
        return Raster.open(service.settings.home / surface.row["path"], scale)


async def read(service: Service, surface: SurfaceCollection, question: Callable[[], T]) -> T:
    """Ask the file of a surface in a thread; raises `UnavailableError` when it went since its header was read."""
    with at_hand(surface):
        return await anyio.to_thread.run_sync(question, limiter=service.threads)


@contextmanager
def at_hand(surface: SurfaceCollection) -> Iterator[None]:
    """Turns the loss of a surface's file into `UnavailableError`."""
    try:
        yield
    except RasterioIOError:
        raise UnavailableError(f"the file of {surface.id} cannot be read on this machine") from None
