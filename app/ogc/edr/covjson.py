"""CoverageJSON 1.0 documents (OGC 21-069r2), as plain dictionaries."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from app.http.extent import CRS84
from tiles.quantity import Shown

Values = NDArray[np.float64]
GEOGRAPHIC = {"coordinates": ["x", "y"], "system": {"type": "GeographicCRS", "id": CRS84}}
VERTICAL = {
    "coordinates": ["z"],
    "system": {
        "type": "VerticalCRS",
        "cs": {"csAxes": [{"name": {"en": "Depth"}, "direction": "down", "unit": {"symbol": "cm"}}]},
    },
}
TEMPORAL = {"coordinates": ["t"], "system": {"type": "TemporalRS", "calendar": "Gregorian"}}


def encoded(document: Mapping[str, Any]) -> bytes:
    """A document as bytes."""
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)


def parameter(title: str, unit: str, identifier: str | None = None) -> dict[str, Any]:
    """What a range of values means."""
    observed: dict[str, Any] = {"label": {"en": title}} | ({"id": identifier} if identifier else {})
    return {
        "type": "Parameter",
        "description": {"en": title},
        "observedProperty": observed,
        "unit": {"symbol": {"value": unit, "type": "http://www.opengis.net/def/uom/UCUM/"}},
    }


def of_shown(shown: Mapping[str, Shown]) -> dict[str, Any]:
    """The parameters of what is shown of a surface, by name."""
    return {name: parameter(each.title, each.unit) for name, each in shown.items()}


def numbers(values: Values, *, axes: Sequence[str] = ()) -> dict[str, Any]:
    """A range; null where there is no value."""
    return {
        "type": "NdArray",
        "dataType": "float",
        "axisNames": list(axes),
        "shape": list(values.shape) if axes else [],
        "values": [None if value is None or not np.isfinite(value) else value for value in values.ravel().tolist()],
    }


def moment(day: dt.date) -> str:
    """A day as an instant with its zone."""
    return f"{day.isoformat()}T00:00:00Z"


def coverage(
    kind: str, axes: Mapping[str, Any], parameters: Mapping[str, Any], ranges: Mapping[str, Any], *more: dict[str, Any]
) -> dict[str, Any]:
    """A coverage over a domain of some kind; `more` are the references beside that of x and y."""
    return {
        "type": "Coverage",
        "domain": {
            "type": "Domain",
            "domainType": kind,
            "axes": dict(axes),
            "referencing": [GEOGRAPHIC, *more],
        },
        "parameters": dict(parameters),
        "ranges": dict(ranges),
    }


def collection(kind: str, coverages: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Coverages whose parameters are told once."""
    return {
        "type": "CoverageCollection",
        "domainType": kind,
        "parameters": dict(parameters),
        "coverages": [{key: value for key, value in each.items() if key != "parameters"} for each in coverages],
    }


def axis(values: Sequence[float | str]) -> dict[str, Any]:
    """Values one by one."""
    return {"values": list(values)}


def tuples(places: Sequence[Sequence[float]], names: Sequence[str] = ("x", "y")) -> dict[str, Any]:
    """An axis of places."""
    return {"dataType": "tuple", "coordinates": list(names), "values": [list(place) for place in places]}


def regular(start: float, stop: float, count: int) -> dict[str, Any]:
    """An axis of `count` values that lie evenly between two."""
    return {"start": start, "stop": stop, "num": count}
