"""Parameters of requests, parsed at the edge: into a value that cannot be wrong, or a complaint that names them."""

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from starlette.datastructures import QueryParams

from app.problems import BadParameterError
from db.filtering.tree import LONGEST as LONGEST_FILTER
from db.selection import Bounds, Period

DEFAULT_LIMIT = 100
MOST_ITEMS = 10_000
LARGEST_KEY = 2**63 - 1
LONGEST = 2_000
"""Characters of a parameter; no value that means something is longer."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter as OpenAPI documents it."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    repeated: bool = False
    longest: int = LONGEST
    required: bool = False

    def document(self) -> dict[str, Any]:
        """The parameter object of OpenAPI."""
        schema = {"type": "array", "items": dict(self.schema)} if self.repeated else dict(self.schema)
        style: dict[str, Any] = {"style": "form", "explode": self.repeated}
        needed = {"required": True} if self.required else {}
        return {"name": self.name, "in": "query", "description": self.description, **needed, "schema": schema, **style}


_NUMBERS = {
    "type": "array",
    "items": {"type": "number"},
    "minItems": 4,
    "maxItems": 6,
    "oneOf": [{"minItems": count, "maxItems": count} for count in (4, 6)],
}
_NAMES: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
_URI = {"type": "string", "format": "uri"}
_COUNT = {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "default": DEFAULT_LIMIT}

PARAMETERS = MappingProxyType(
    {
        parameter.name: parameter
        for parameter in (
            Parameter("f", "Format of the answer, before the Accept header."),
            Parameter(
                "bbox", "West, south, east, north in degrees; west beyond east crosses the antimeridian.", _NUMBERS
            ),
            Parameter("datetime", "A date or date-time, or an interval of two with / between; .. is an open end."),
            Parameter("limit", "Features on a page, or in a file; more than the maximum gives the maximum.", _COUNT),
            Parameter("cursor", "Where the page begins or ends: taken from a next or prev link.", longest=8_000),
            Parameter("contaminant", "Name, symbol, CAS number or synonym."),
            Parameter("dataset", "Name of a data set."),
            Parameter("medium", "What was sampled, such as mineral-horizon."),
            Parameter("procedure", "How contaminants were extracted, such as aqua-regia."),
            Parameter("basis", "Mass that results are per: dry, wet or unknown."),
            Parameter("v", "Version of the layer, from TileJSON; the answer may then be kept for ever."),
            Parameter(
                "quantity",
                "What to show of the predictive distribution.",
                {"type": "string", "enum": ["expected", "median", "sd", "quantile", "exceedance"]},
            ),
            Parameter("p", "Probability of the quantile, between 0 and 1.", {"type": "number"}),
            Parameter(
                "exceeds",
                "Only samples that are surely above the limit, perhaps, or surely not.",
                {"type": "string", "enum": ["yes", "perhaps", "no"]},
            ),
            Parameter("guideline", "Guideline value to compare with: jurisdiction:act:land-use:kind."),
            Parameter("assume", "An assumption where the data are silent, such as clay:10.", repeated=True),
            Parameter("coords", "A place: POINT(longitude latitude)."),
            Parameter("parameter-name", "Names of the wanted parameters, with commas between."),
            Parameter("crs", "Reference system of the answer's coordinates, out of the collection's list.", _URI),
            Parameter("bbox-crs", "Reference system of bbox, out of the collection's list; CRS84 without.", _URI),
            Parameter("filter", "A condition in CQL2 on the properties under queryables.", longest=LONGEST_FILTER),
            Parameter(
                "filter-lang",
                "Language of the filter; what begins with a brace is JSON without.",
                {"type": "string", "enum": ["cql2-text", "cql2-json"]},
            ),
            Parameter("filter-crs", "Reference system of coordinates in the filter; CRS84 without.", _URI),
            Parameter(
                "sortby",
                "Names of properties with commas between; - before a name for the highest first.",
                _NAMES | {"example": ["-value", "dataset"]},
            ),
            Parameter("properties", "Names of the properties to answer, with commas between.", _NAMES),
        )
    }
)
LIMIT_VALUE = Parameter("limit", "A limit of your own, in mg/kg.", {"type": "number", "exclusiveMinimum": 0})
"""On surfaces `limit` is a concentration, not a number of features."""


@dataclass(frozen=True, slots=True)
class Given:
    """The parameters of one request: only known ones, once each unless they may be repeated, none of them odd."""

    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def read(cls, query: QueryParams, known: Sequence[Parameter]) -> "Given":
        """Check the names; raises `BadParameterError`."""
        allowed = {parameter.name: parameter for parameter in known}
        values: dict[str, tuple[str, ...]] = {}
        for name in query:
            if name not in allowed:
                listed = ", ".join(sorted(allowed))
                raise BadParameterError(_shown(name), f"unknown parameter {_shown(name)!r}; known here are {listed}")
            values[name] = tuple(_clean(allowed[name], text) for text in query.getlist(name))
            if len(values[name]) > 1 and not allowed[name].repeated:
                raise BadParameterError(name, f"{name} is given {len(values[name])} times")
        return cls(MappingProxyType(values))

    def text(self, name: str) -> str | None:
        """The text of a parameter, if it was given."""
        return self.values[name][0] if name in self.values else None

    def all(self, name: str) -> tuple[str, ...]:
        """Every text of a parameter that may be repeated."""
        return self.values.get(name, ())

    def parsed(self, name: str, parse: Callable[[str], T]) -> T | None:
        """The value of a parameter, if it was given; what `parse` complains about names the parameter."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            message = str(error)
            raise BadParameterError(name, message if message.startswith(name) else f"{name}: {message}") from None

    def whole(self, name: str) -> int | None:
        """A whole number, if it was given."""
        return self.parsed(name, lambda text: _whole(name, text))

    def number(self, name: str) -> float | None:
        """A finite number, if it was given."""
        return self.parsed(name, lambda text: _number(name, text))


def _clean(parameter: Parameter, text: str) -> str:
    name = parameter.name
    if len(text) > parameter.longest:
        raise BadParameterError(name, f"{name} is longer than {parameter.longest} characters")
    if not text.replace("\n", " ").replace("\t", " ").isprintable():
        raise BadParameterError(name, f"{name} holds characters that cannot be printed")
    return text


def _shown(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text[:60])


def _number(name: str, text: str) -> float:
    value = _finite(text)
    if value is None:
        raise ValueError(f"{name} needs a finite number, got {_shown(text)!r}")
    return value


def _whole(name: str, text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,9}", text.strip(), re.ASCII):
        raise ValueError(f"{name} needs a whole number, got {_shown(text)!r}")
    return int(text)


def _finite(text: str) -> float | None:
    """A finite number in plain or scientific notation; None for everything else that `float` would take."""
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", text.strip(), re.ASCII):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def parse_numbers(text: str, counts: tuple[int, ...] = (4, 6)) -> list[float]:
    """Finite numbers with commas between, as many as one of the counts."""
    numbers = [_finite(part) for part in text.split(",")]
    known = [number for number in numbers if number is not None]
    if len(known) != len(numbers) or len(known) not in counts:
        wanted = "needs a finite number" if counts == (1,) else "bbox needs four finite numbers"
        raise ValueError(f"{wanted}, got {_shown(text)!r}")
    return known


def parse_bounds(text: str) -> Bounds:
    """Four numbers, or six of which the heights are checked and left aside."""
    known = parse_numbers(text)
    if len(known) == 4:
        west, south, east, north = known
        return Bounds(west, south, east, north)
    west, south, bottom, east, north, top = known
    if bottom > top:
        raise ValueError(f"bbox: the bottom of a box, {bottom:g}, must not lie above its top, {top:g}")
    return Bounds(west, south, east, north)


_DATE = r"\d{4}-\d{2}-\d{2}"
_TIME = r"[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})"
_MOMENT = re.compile(f"{_DATE}({_TIME})?", re.ASCII)


def parse_period(text: str) -> Period:
    """A date or date-time (RFC 3339), or two of them around a slash; `..` or nothing is an open end.

    Days are what soil samples are dated by: a moment counts as its day in UTC, and both ends are inside.
    """
    ends = text.split("/")
    if len(ends) > 2:
        raise ValueError(f"datetime needs a date or two with a slash between, got {_shown(text)!r}")
    if len(ends) == 1:
        day = _day(text)
        return Period(day, day)
    start, end = (None if part in ("", "..") else _day(part) for part in ends)
    return Period(start, end)


def _day(text: str) -> dt.date:
    complaint = f"datetime needs dates such as 2010-06-30 or 2010-06-30T12:00:00Z, got {_shown(text)!r}"
    found = _MOMENT.fullmatch(text)
    if not found:
        raise ValueError(complaint)
    try:
        if not found[1]:
            return dt.date.fromisoformat(text)
        moment = re.sub(r"\.\d+", "", text.upper().replace(" ", "T"))
        return dt.datetime.fromisoformat(moment).astimezone(dt.UTC).date()
    except (ValueError, OverflowError):
        raise ValueError(complaint) from None


def parse_limit(text: str, most: int = MOST_ITEMS) -> int:
    """A number of features above zero; above the maximum it is the maximum."""
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII) or int(text) == 0:
        raise ValueError(f"limit needs a whole number above zero, got {_shown(text)!r}")
    return min(int(text), most)


def key_of(text: str) -> int | None:
    """The key that a text of digits is; None for every other text, and for one beyond all keys."""
    key = int(text) if re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) else LARGEST_KEY + 1
    return key if key <= LARGEST_KEY else None


_POINT = re.compile(r"\s*POINT\s*\(\s*(\S+)\s+(\S+)\s*\)\s*", re.ASCII | re.IGNORECASE)


def parse_point(text: str) -> tuple[float, float]:
    """Longitude and latitude of a `POINT(lon lat)`."""
    found = _POINT.fullmatch(text)
    lon, lat = (_finite(part) for part in found.groups()) if found else (None, None)
    if lon is None or lat is None:
        raise ValueError(f"coords needs POINT(longitude latitude), got {_shown(text)!r}")
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError(f"coords must lie within 180 degrees of longitude and 90 of latitude, got {_shown(text)!r}")
    return lon, lat
