"""Trends of a contaminant over campaigns: one dataset that was sampled again and again, or several datasets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod
from scipy.spatial import cKDTree
from sqlalchemy import Connection

from db.repeated import DatedRows, read_dated
from db.selection import Selection
from mapping.trends import Errors, Repeated, Trends, trends_in

NEAR = 50.0
METHOD_CAVEAT = "laboratories are not recorded: a change of them would look like a trend"
SITES_CAVEAT = "sites are taken as independent of each other: near ones that change together make p too small"
CAMPAIGN_CAVEAT = (
    "no shift between whole campaigns is allowed for: give one with --campaign-error where laboratories drift"
)


@dataclass(frozen=True, slots=True)
class TrendRequest:
    """Which datasets are the campaigns, what errors to allow for, and from how near a place is the same site (metres).

    `dates` gives the year of a dataset whose samples have no date.
    """

    selection: Selection
    datasets: tuple[str, ...]
    dates: tuple[tuple[str, float], ...] = ()
    within: float = NEAR
    measurement_error: float | None = None
    relocation_error: float = 0.0
    campaign_error: float = 0.0
    false_discovery_rate: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.datasets or len(set(self.datasets)) != len(self.datasets):
            raise ValueError(f"different datasets are needed, got {', '.join(self.datasets) or 'none'}")
        if not (np.isfinite(self.within) and self.within >= 0.0):
            raise ValueError(f"a site is the same within a number of metres, got {self.within}")
        if self.measurement_error is not None and not 0.0 < self.measurement_error < 5.0:
            raise ValueError(f"an error is a relative standard deviation such as 0.1, got {self.measurement_error}")
        if not 0.0 < self.false_discovery_rate < 1.0:
            raise ValueError(f"a false discovery rate lies between 0 and 1, got {self.false_discovery_rate}")
        unknown = {name for name, _ in self.dates} - set(self.datasets)
        if unknown:
            raise ValueError(f"a date is given for {', '.join(sorted(unknown))}, which is not asked for")


@dataclass(frozen=True, slots=True, eq=False)
class TrendTable:
    """The trend over all sites and at each, with the name and place (longitude, latitude) of each site."""

    contaminant: str
    ground: str
    found: Trends
    names: Mapping[int, str]
    places: Mapping[int, tuple[float, float]]
    caveats: tuple[str, ...]
    undated: int
    private: bool

    def table(self) -> list[dict[str, Any]]:
        """A line for each site."""
        return [
            {"site": self.names[number], "longitude": self.places[number][0], "latitude": self.places[number][1]}
            | {name: value for name, value in trend.to_dict().items() if name != "breaks"}
            | {"breaks": "; ".join(trend.breaks)}
            for number, trend in self.found.sites.items()
        ]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`, HTTP and the process."""
        return {
            "contaminant": self.contaminant,
            "ground": self.ground,
            "region": self.found.region.to_dict(),
            "counts": self.found.counts(),
            "falling": self.found.falling,
            "rising": self.found.rising,
            "caveats": list(self.caveats),
            "without_date": self.undated,
            "sites": self.table(),
        }


def trend_table(connection: Connection, request: TrendRequest) -> TrendTable:
    """Match sites over campaigns and test; `ValueError` where nothing is dated or grounds must not be pooled."""
    rows = read_dated(connection, request.selection, request.datasets)
    if not len(rows):
        raise ValueError(
            f"there are no measurements of {request.selection.contaminant} in {', '.join(request.datasets)}"
        )
    grounds = sorted(set(rows.ground.tolist()))
    if len(grounds) > 1:
        raise ValueError(
            f"measurements of {rows.contaminant} that must not be pooled are selected ({'; '.join(grounds)}): "
            "choose one with --medium or --depth"
        )
    year = _years(rows, dict(request.dates))
    dated = np.isfinite(year) & (rows.upper > 0.0)
    if not dated.any():
        raise ValueError("no sample has a date: give one for each dataset, such as --date survey-2010=2010")
    sites, names, places = _sites(rows, year, request.within)
    repeated = Repeated(
        sites[dated],
        year[dated],
        rows.lower[dated],
        rows.upper[dated],
        rows.method[dated],
        _errors(rows, request)[dated],
    )
    allowed = Errors(request.relocation_error, request.campaign_error)
    found = trends_in(repeated, allowed, rate=request.false_discovery_rate, seed=request.seed)
    return TrendTable(
        contaminant=rows.contaminant,
        ground=grounds[0],
        found=found,
        names=names,
        places=places,
        caveats=_caveats(rows, request),
        undated=int((~np.isfinite(year)).sum()),
        private=rows.private,
    )


def _caveats(rows: DatedRows, request: TrendRequest) -> tuple[str, ...]:
    unstated = any("laboratory not stated" in method for method in rows.method)
    return (
        *((METHOD_CAVEAT,) if unstated else ()),
        *(() if request.campaign_error else (CAMPAIGN_CAVEAT,)),
        SITES_CAVEAT,
    )


def _years(rows: DatedRows, dates: Mapping[str, float]) -> NDArray[np.float64]:
    given = np.array([dates.get(name, np.nan) for name in rows.dataset.tolist()])
    return np.where(np.isfinite(given), given, rows.year)


def _errors(rows: DatedRows, request: TrendRequest) -> NDArray[np.float64]:
    """Relative standard deviations: what is recorded, else what was given."""
    with np.errstate(invalid="ignore", divide="ignore"):
        recorded = rows.uncertainty / np.where(rows.lower < rows.upper, rows.upper, rows.lower)
    given = np.nan if request.measurement_error is None else request.measurement_error
    return np.where(np.isfinite(recorded) & (recorded > 0.0), recorded, given)


def _sites(
    rows: DatedRows, year: NDArray[np.float64], within: float
) -> tuple[NDArray[np.int64], dict[int, str], dict[int, tuple[float, float]]]:
    """The number of the site (k,) of each measurement, its name and its place.

    Within a dataset a site is its code. Sites of a later dataset are those of an earlier one that they lie nearest to,
    within so many metres and each the nearest of the other.
    """
    order = sorted(set(rows.dataset.tolist()), key=lambda name: _first(year[rows.dataset == name]))
    numbers = np.full(len(rows), -1, dtype=np.int64)
    names: dict[int, str] = {}
    places: dict[int, tuple[float, float]] = {}
    for dataset in order:
        mine = np.flatnonzero(rows.dataset == dataset)
        codes, first, place = np.unique(rows.site[mine], return_index=True, return_inverse=True)
        lonlat = rows.lonlat[mine[first]]
        matched = _matched(lonlat, np.array(list(places.values())).reshape(-1, 2), within)
        known = list(places)
        own = np.empty(len(codes), dtype=np.int64)
        for row, partner in enumerate(matched.tolist()):
            own[row] = known[partner] if partner >= 0 else len(names)
            if partner < 0:
                names[len(names)] = str(codes[row])
                places[len(places)] = (float(lonlat[row, 0]), float(lonlat[row, 1]))
        numbers[mine] = own[place]
    return numbers, names, places


def _first(years: NDArray[np.float64]) -> float:
    known = years[np.isfinite(years)]
    return float(known.min()) if len(known) else np.inf


def _matched(lonlat: NDArray[np.float64], known: NDArray[np.float64], within: float) -> NDArray[np.int64]:
    """The index (n,) of the known place that each place is, −1 where it is a new one."""
    if not len(known):
        return np.full(len(lonlat), -1, dtype=np.int64)
    here, there = _nearest(lonlat, known), _nearest(known, lonlat)
    mutual = there[here] == np.arange(len(lonlat))
    _, _, apart = Geod(ellps="WGS84").inv(*lonlat.T, *known[here].T)
    return np.where(mutual & (np.asarray(apart) <= within), here, -1)


def _nearest(places: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.int64]:
    """The index (n,) of the other place nearest to each, on the sphere."""
    _, index = cKDTree(_on_sphere(others)).query(_on_sphere(places))
    return np.asarray(index, dtype=np.int64)


def _on_sphere(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    lon, lat = np.radians(lonlat).T
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
