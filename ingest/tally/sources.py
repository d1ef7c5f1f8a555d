"""What an inventory brings in: releases by pollutant, medium and year, sources by sector, places."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from ingest.tally.contents import Released, Sector, SourceContent, Status, Year
from ingest.tally.keys import Key, by_key, grouped, merged
from ingest.tally.places import Axes, Mapped


@dataclass(frozen=True, slots=True)
class Rows:
    """A number of rows."""

    count: int

    def merge(self, later: "Rows") -> "Rows":
        """Both together."""
        return Rows(self.count + later.count)


@dataclass(frozen=True, slots=True)
class Releases:
    """Releases of one kind: how many, how many of them only named, their sum and the largest in kg."""

    count: int
    unquantified: int
    kg: float
    largest: float

    @classmethod
    def of(cls, quantities: Any) -> "Releases":
        """Sum quantities of shape (n,) in kg, NaN where the inventory names the pollutant only."""
        known = quantities[np.isfinite(quantities)]
        largest = float(known.max()) if known.size else -np.inf
        return cls(len(quantities), len(quantities) - len(known), float(known.sum()), largest)

    def merge(self, later: "Releases") -> "Releases":
        """Both together."""
        return Releases(
            self.count + later.count,
            self.unquantified + later.unquantified,
            self.kg + later.kg,
            max(self.largest, later.largest),
        )


@dataclass(frozen=True, slots=True)
class SourceTally:
    """All that a report says of the sources that were loaded; `further` counts releases of too many kinds."""

    sources: int = 0
    released: Mapping[Key, Releases] = field(default_factory=dict)
    sectors: Mapping[Key, Rows] = field(default_factory=dict)
    statuses: Mapping[Key, Rows] = field(default_factory=dict)
    places: Mapped = field(default_factory=Mapped.nowhere)
    further: int = 0

    @classmethod
    def of(cls, sources: Any, releases: Any, *, doubted: Any, rejected: Axes = ((), ())) -> "SourceTally":
        """Count a chunk of the Arrow tables that are stored; `doubted` and `rejected` as of `SampleTally.of`."""
        here = _middles(sources["geom"])
        in_doubt = np.isin(sources["row"].to_numpy(), doubted)
        return cls(
            sources=sources.num_rows,
            released=_released(releases),
            sectors=by_key(
                (key, Rows(len(rows))) for key, rows in grouped([sources["sector"], sources["sector_original"]])
            ),
            statuses=by_key((key, Rows(len(rows))) for key, rows in grouped([sources["status"]])),
            places=Mapped.of(here, in_doubt, rejected),
        )

    def merge(self, later: "SourceTally") -> "SourceTally":
        """This chunk and those that follow it in the file."""
        released, further = merged(self.released, later.released)
        return SourceTally(
            self.sources + later.sources,
            released,
            merged(self.sectors, later.sectors)[0],
            merged(self.statuses, later.statuses)[0],
            self.places.merge(later.places),
            further=self.further + later.further + further,
        )

    def summary(self) -> SourceContent:
        """The counts as a report holds them; what is most frequent comes first."""
        return {
            "kind": "sources",
            "sources": self.sources,
            "released": self._by_pollutant(),
            "sectors": sorted(map(_sector, self.sectors.items()), key=lambda one: (-one["sources"], one["sector"])),
            "statuses": sorted(map(_status, self.statuses.items()), key=lambda one: -one["sources"]),
            "years": self._by_year(),
            "further": self.further,
            "places": self.places.summary(),
        }

    def _by_pollutant(self) -> list[Released]:
        kinds: dict[Key, Releases] = {}
        years: dict[Key, list[int]] = {}
        for (*kind, year), found in self.released.items():
            key = tuple(kind)
            kinds[key] = kinds[key].merge(found) if key in kinds else found
            years.setdefault(key, []).extend([year] if year is not None else [])
        lines = [_line(key, found, years[key]) for key, found in kinds.items()]
        return sorted(lines, key=lambda line: (-line["releases"], line["pollutant"], line["medium"]))

    def _by_year(self) -> list[Year]:
        counts: dict[int | None, int] = {}
        for (*_, year), found in self.released.items():
            counts[year] = counts.get(year, 0) + found.count
        ordered = sorted(counts.items(), key=lambda item: (item[0] is None, item[0] or 0))
        return [{"year": year, "releases": count} for year, count in ordered]


def _released(releases: Any) -> dict[Key, Releases]:
    if not releases.num_rows:
        return {}
    quantities = releases["quantity_kg"].to_numpy()
    keys = [releases[name] for name in ("pollutant", "contaminant_id", "medium", "year")]
    return by_key((key, Releases.of(quantities[rows])) for key, rows in grouped(keys))


def _middles(geometries: Any) -> Axes:
    """Where sources lie: points themselves, lines and areas by a point on them."""
    shapes = shapely.from_wkb(np.asarray(geometries.to_pylist(), dtype=object))
    points: Any = np.where(shapely.get_type_id(shapes) == shapely.GeometryType.POINT, shapes, None)
    others = shapely.is_missing(points)
    points[others] = shapely.point_on_surface(shapes[others])
    return shapely.get_x(points), shapely.get_y(points)


def _line(key: Key, found: Releases, years: list[int]) -> Released:
    pollutant, contaminant, medium = key
    return {
        "pollutant": pollutant,
        "contaminant": contaminant,
        "medium": medium,
        "releases": found.count,
        "unquantified": found.unquantified,
        "kg": found.kg,
        "largest_kg": found.largest if np.isfinite(found.largest) else None,
        "years": [min(years), max(years)] if years else None,
    }


def _sector(item: tuple[Key, Rows]) -> Sector:
    (sector, original), found = item
    return {"sector": sector, "original": original, "sources": found.count}


def _status(item: tuple[Key, Rows]) -> Status:
    (status,), found = item
    return {"status": status, "sources": found.count}
