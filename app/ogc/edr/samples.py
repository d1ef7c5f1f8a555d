"""Environmental Data Retrieval over measurements: profiles in depth, by site and day."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from sqlalchemy import Row

from app.ogc.edr import covjson
from app.ogc.edr.tables import feature
from tiles.quantity import UNIT

Rows = Sequence[Row[Any]]
MOST_MEASUREMENTS = 20_000
LOWER, UPPER = ":lower", ":upper"
"""Behind the name of a contaminant: the bounds of results that were not quantified."""
COLUMNS = (
    *("dataset", "site", "specimen", "longitude", "latitude", "upper_depth_cm", "lower_depth_cm"),
    *("sampled_from", "sampled_to", "medium", "procedure", "basis", "contaminant", "value", "lower", "upper", "unit"),
)


def parameters_of(contaminants: Sequence[str], bounds: bool = False) -> dict[str, Any]:
    """What the ranges mean: the value of each contaminant, and where asked the bounds of what was not quantified."""
    found = {}
    for name in contaminants:
        found[name] = covjson.parameter(f"{name.capitalize()}, quantified", UNIT)
        if bounds:
            found[name + LOWER] = covjson.parameter(f"{name.capitalize()}, lower bound", UNIT)
            found[name + UPPER] = covjson.parameter(f"{name.capitalize()}, upper bound", UNIT)
    return found


def coverages(rows: Rows) -> dict[str, Any]:
    """One coverage for each site and day: a profile in depth where depths are known, else a point.

    Results that were not quantified are null, and their bounds stand in ranges of their own.
    """
    contaminants = sorted({row.contaminant for row in rows})
    parameters = parameters_of(contaminants, bounds=any(row.lower < row.upper for row in rows))
    made = [_profile(list(group), parameters) for _, group in groupby(rows, key=_station)]
    kinds = {each["domain"]["domainType"] for each in made}
    if len(made) == 1:
        return made[0]
    whole = covjson.collection("VerticalProfile", made, parameters)
    return whole if kinds == {"VerticalProfile"} else {key: each for key, each in whole.items() if key != "domainType"}


def _station(row: Row[Any]) -> tuple[Any, ...]:
    return row.site_id, row.sampled_from, row.upper_depth_cm is None


def _profile(rows: Sequence[Row[Any]], parameters: Mapping[str, Any]) -> dict[str, Any]:
    first = rows[0]
    axes: dict[str, Any] = {"x": covjson.axis([first.lon]), "y": covjson.axis([first.lat])}
    references = []
    if first.sampled_from is not None:
        axes["t"] = covjson.axis([covjson.moment(first.sampled_from)])
        references.append(covjson.TEMPORAL)
    layers = list(dict.fromkeys((row.upper_depth_cm, row.lower_depth_cm) for row in rows))
    deep = layers[0][0] is not None
    if deep:
        edges = [edge for top, bottom in layers for edge in (top, top if bottom is None else bottom)]
        middles = [(top + bottom) / 2.0 for top, bottom in zip(edges[::2], edges[1::2], strict=True)]
        axes["z"] = {"values": middles, "bounds": edges}
        references.append(covjson.VERTICAL)
    ranges = {
        name: covjson.numbers(values if deep else values[:1], axes=("z",) if deep else ())
        for name, values in _ranges(rows, layers, parameters).items()
    }
    return covjson.coverage("VerticalProfile" if deep else "Point", axes, parameters, ranges, *references)


def _ranges(
    rows: Sequence[Row[Any]], layers: Sequence[tuple[Any, Any]], parameters: Mapping[str, Any]
) -> dict[str, covjson.Values]:
    """Values (layers,) of each parameter; of replicates in one layer the first counts."""
    found = {name: np.full(len(layers), np.nan) for name in parameters}
    taken = set()
    for row in rows:
        layer = layers.index((row.upper_depth_cm, row.lower_depth_cm))
        if (layer, row.contaminant) in taken:
            continue
        taken.add((layer, row.contaminant))
        if row.lower == row.upper:
            found[row.contaminant][layer] = row.lower
        if row.contaminant + LOWER in found:
            found[row.contaminant + LOWER][layer], found[row.contaminant + UPPER][layer] = row.lower, row.upper
    return found


def table(rows: Rows) -> Iterator[dict[str, Any]]:
    """One row for each measurement, replicates among them."""
    for row in rows:
        told = {name: getattr(row, name, None) for name in COLUMNS}
        told |= {"longitude": row.lon, "latitude": row.lat, "unit": UNIT}
        told |= {name: _day(getattr(row, name)) for name in ("sampled_from", "sampled_to")}
        value = row.lower if row.lower == row.upper else None
        yield told | {"value": value, "upper": row.upper if np.isfinite(row.upper) else None}


def features(rows: Rows, address: str) -> Iterator[dict[str, Any]]:
    """As GeoJSON: one point for each specimen, with its measurements by contaminant."""
    for _, group in groupby(rows, key=lambda row: row.specimen_id):
        measured = list(group)
        first = measured[0]
        values = {
            row.contaminant: {"lower": row.lower, "upper": row.upper if np.isfinite(row.upper) else None, "unit": UNIT}
            for row in reversed(measured)
        }
        properties = {
            "label": first.specimen,
            "datetime": None if first.sampled_from is None else covjson.moment(first.sampled_from),
            "parameter-name": sorted(values),
            "edrqueryendpoint": f"{address}/locations/{first.site_id}",
            **{
                name: getattr(first, name) for name in ("dataset", "site", "upper_depth_cm", "lower_depth_cm", "medium")
            },
            "values": values,
        }
        yield feature(first.specimen_id, (first.lon, first.lat), properties)


def locations(rows: Rows, address: str, contaminants: Sequence[str]) -> list[dict[str, Any]]:
    """Sites as GeoJSON."""
    return [
        feature(
            row.id,
            (row.lon, row.lat),
            {
                "label": row.code,
                "dataset": row.dataset,
                "datetime": _interval(row.first, row.last),
                "parameter-name": list(contaminants),
                "edrqueryendpoint": f"{address}/locations/{row.id}",
            },
        )
        for row in rows
    ]


def _interval(first: Any, last: Any) -> str:
    return "/".join(".." if day is None else covjson.moment(day) for day in (first, last))


def _day(day: Any) -> str | None:
    return None if day is None else day.isoformat()
