"""Values at places, and the formats in which they are handed out."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.http.answers import COVERAGEJSON, GEOJSON
from app.ogc.edr import covjson
from app.ogc.edr.covjson import Values
from tiles.quantity import Shown

CSV = "text/csv; charset=utf-8"
FORMATS = {"CoverageJSON": COVERAGEJSON, "GeoJSON": GEOJSON, "CSV": CSV, "json": COVERAGEJSON}


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """What a surface says at places (n,): one, several, along a line, or the centres (rows, columns) of a grid."""

    lon: Values
    lat: Values
    shown: Mapping[str, Shown]
    values: Mapping[str, Values]
    shape: tuple[int, int] | None = None
    distance_m: Values | None = None

    @property
    def known(self) -> NDArray[np.bool_]:
        """Where there is any value."""
        found: NDArray[np.bool_] = np.any([np.isfinite(values) for values in self.values.values()], axis=0)
        return found

    def coverage(self) -> dict[str, Any]:
        """As CoverageJSON."""
        if self.shape is not None:
            return self._grid()
        parameters, values = covjson.of_shown(self.shown), dict(self.values)
        if self.distance_m is not None:
            parameters["distance"] = covjson.parameter("Distance along the line", "m")
            values["distance"] = self.distance_m
        if len(self.lon) == 1:
            axes = {"x": covjson.axis(self.lon.tolist()), "y": covjson.axis(self.lat.tolist())}
            return covjson.coverage("Point", axes, parameters, _ranges(values, ()))
        axes = {"composite": covjson.tuples(list(zip(self.lon.tolist(), self.lat.tolist(), strict=True)))}
        return covjson.coverage("MultiPoint", axes, parameters, _ranges(values, ("composite",)))

    def _grid(self) -> dict[str, Any]:
        assert self.shape is not None  # noqa: S101 - `coverage` looked
        rows, columns = self.shape
        across, down = self.lon.reshape(self.shape)[0], self.lat.reshape(self.shape)[:, 0]
        axes = {
            "x": covjson.regular(float(across[0]), float(across[-1]), columns),
            "y": covjson.regular(float(down[0]), float(down[-1]), rows),
        }
        values = {name: each.reshape(self.shape) for name, each in self.values.items()}
        return covjson.coverage("Grid", axes, covjson.of_shown(self.shown), _ranges(values, ("y", "x")))

    def rows(self) -> Iterator[dict[str, Any]]:
        """One for each place that has a value: longitude, latitude and the values."""
        columns = dict(self.values)
        if self.distance_m is not None:
            columns = {"distance_m": self.distance_m, **columns}
        for k in np.flatnonzero(self.known):
            values = {name: _number(each[k]) for name, each in columns.items()}
            yield {"longitude": float(self.lon[k]), "latitude": float(self.lat[k]), **values}

    def features(self) -> Iterator[dict[str, Any]]:
        """As GeoJSON, one point for each place that has a value."""
        for number, row in enumerate(self.rows()):
            lon, lat = row.pop("longitude"), row.pop("latitude")
            yield feature(number, (lon, lat), row | {"parameter-name": list(self.values)})


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _ranges(values: Mapping[str, Values], axes: Sequence[str]) -> dict[str, Any]:
    return {name: covjson.numbers(each, axes=axes) for name, each in values.items()}


def feature(key: int | str, place: tuple[float, float], properties: Mapping[str, Any]) -> dict[str, Any]:
    """A point with properties."""
    geometry = {"type": "Point", "coordinates": list(place)}
    return {"type": "Feature", "id": key, "geometry": geometry, "properties": dict(properties)}


def feature_collection(features: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """GeoJSON as Environmental Data Retrieval writes it: with what the values mean."""
    return {"type": "FeatureCollection", "parameters": list(parameters.values()), "features": list(features)}


def csv_bytes(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    """A table with a heading; nothing where there is no value."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """A cell; text that a spreadsheet would take for a formula is kept from being one."""
    if isinstance(value, str) and value[:1] in "=+-@\t\r":
        return "'" + value
    return "" if value is None else json.dumps(value) if isinstance(value, list | dict) else value
