"""Surfaces as layers of map services: what each is called, in which styles it comes, and of which time it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.http.service import Service
from app.ogc.catalogue import all_collections
from app.ogc.collection import SurfaceCollection
from app.ogc.ows.kvp import Asked, ServiceError
from app.ogc.showing import EXCEEDANCE, Showing, fields_of, showing_of
from app.query import Given
from tiles.quantity import Quantity, Shown

SERIES = "series-"
LATEST = ("", "default", "current")
PASSED_ON = ("limit", "guideline", "assume", "uncertainty")
"""Parameters of our own that requests may carry; `STYLES=exceedance` needs one of the first two."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One surface, or several of the same kind that are of different times, by the day on which their time ends."""

    name: str
    title: str
    times: Mapping[str, SurfaceCollection]

    @property
    def latest(self) -> str:
        """The time that is shown where a request names none."""
        return max(self.times)

    @property
    def surface(self) -> SurfaceCollection:
        """The surface of the latest time."""
        return self.times[self.latest]

    def at(self, time: str) -> SurfaceCollection:
        """The surface of a time; raises `ServiceError` for one that the layer has not."""
        if time.lower() in LATEST:
            return self.surface
        wanted = time[:10]
        if wanted not in self.times:
            known = ", ".join(sorted(self.times))
            raise ServiceError("InvalidDimensionValue", f"{self.name} has no TIME {time!r}; it has {known}", "TIME")
        return self.times[wanted]

    @property
    def styles(self) -> Mapping[str, Shown]:
        """By their names, the one to show by default first."""
        return fields_of(self.surface)


async def layers_of(service: Service) -> dict[str, Layer]:
    """All that may be seen, by name: each surface, and the series that some make; asked once a second at most."""
    key = (layers_of, service.visible)
    known: dict[str, Layer] | None = service.memory.get(key)
    if known is None:
        known = await _asked(service)
        service.memory.put(key, known)
    return known


async def _asked(service: Service) -> dict[str, Layer]:
    surfaces = [each for each in await all_collections(service) if isinstance(each, SurfaceCollection)]
    found = {each.id: Layer(each.id, each.title, {time_of(each): each}) for each in surfaces}
    return found | {layer.name: layer for layer in series_of(surfaces)}


async def layer_called(service: Service, name: str) -> Layer:
    """The layer of a name; raises `ServiceError`."""
    layer = (await layers_of(service)).get(name)
    if layer is None:
        raise ServiceError("LayerNotDefined", f"there is no layer called {name[:80]!r}", "LAYERS")
    return layer


def time_of(surface: SurfaceCollection) -> str:
    """The day on which the time of its samples ends, as far as it was asked for; else that on which it was made."""
    period = (surface.row["parameters"].get("selection") or {}).get("period") or {}
    return str(period.get("end") or period.get("start") or surface.row["created_at"].date().isoformat())[:10]


def series_of(surfaces: Sequence[SurfaceCollection]) -> list[Layer]:
    """The layers of maps that are alike but for the period of their samples, where there are two or more."""
    kinds: dict[tuple[Any, ...], dict[str, SurfaceCollection]] = {}
    for surface in surfaces:
        parameters = surface.row["parameters"]
        if (parameters.get("selection") or {}).get("period"):
            kind = tuple(str(parameters.get(name)) for name in ("context", "datasets", "method", "transform"))
            key = surface.row["contaminant_id"], surface.row["quantity"], surface.row["cell_m"], *kind
            # the newest comes first of those that are of one time
            kinds.setdefault(key, {}).setdefault(time_of(surface), surface)
    made: list[Layer] = []
    for key, times in kinds.items():
        if len(times) > 1:
            number = sum(layer.name.startswith(f"{SERIES}{key[0]}") for layer in made) + 1
            name = f"{SERIES}{key[0]}" + (f"-{number}" if number > 1 else "")
            made.append(Layer(name, f"{key[0]} over time", dict(sorted(times.items()))))
    return made


async def shown_by(service: Service, surface: SurfaceCollection, style: str, asked: Asked) -> Showing:
    """A surface in a style; raises `ServiceError` for a style that it has not, or a limit that cannot be used."""
    fields = fields_of(surface)
    style = next(iter(fields)) if style in ("", "default") else style
    if style not in fields and (style != EXCEEDANCE or surface.derived):
        raise ServiceError("StyleNotDefined", f"{surface.id} has no style {style[:60]!r}", "STYLES")
    values = {name: asked.values[name] for name in PASSED_ON if name in asked.values}
    if style != EXCEEDANCE:
        values = {name: texts for name, texts in values.items() if name in ("assume", "uncertainty")}
    values["quantity"] = (style,)
    shown = fields.get(style)
    if isinstance(shown, Quantity):
        values["quantity"] = (shown.name,)
        values |= {"p": (repr(shown.p),)} if shown.p is not None else {}
    try:
        return await showing_of(service, surface, Given(values))
    except ValueError as error:
        raise ServiceError("InvalidParameterValue", str(error), getattr(error, "parameter", "")) from None
