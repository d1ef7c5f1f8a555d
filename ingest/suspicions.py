"""Suspicions about a file as a whole: units that slipped, values rounded coarsely, places and depths that clash.

Each remembers little of every chunk, and says at the end what it thinks; nothing is changed.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.errors import IngestError
from ingest.findings import RULES, Finding
from ingest.hashing import keys_of
from ingest.numbers import Mask
from ingest.profile import Specimen
from mapping.context import CONTENT_DIGESTIONS

USUAL = Path(__file__).parent / "vocabularies" / "usual_contents.csv"
METHOD = ("contaminant", "digestion", "instrument", "standard", "basis")
SLIP = 250.0
"""A unit that slips moves contents by 1000 at least; soils and procedures differ from the usual by less than this."""
FEWEST = 10
FIRST_ROWS, ONE_IN = 10_000, 16
FEWEST_ROUNDED, MOST_DISTINCT, COARSE = 30, 200, 0.1
MOST_ASTRAY = 1000
FAR_KM, TIMES_FARTHER, KM_A_DEGREE = 200.0, 10.0, 111.195

Doubles = NDArray[np.float64]


class Suspicion(Protocol):
    """What looks at all chunks of a file: its living records, and their measurements."""

    def look(self, specimens: Any, alive: Mask, measurements: Any) -> None:
        """Remember of a chunk what is needed, and little else."""

    def findings(self) -> Iterator[Finding]:
        """What is suspected in the end."""


def suspicions_for(specimen: Specimen) -> tuple[Suspicion, ...]:
    """What may be suspected of a file; depths can overlap where several specimens are of one site."""
    has_depths = specimen.depth_cm or (specimen.upper_depth_cm is not None and specimen.lower_depth_cm is not None)
    return (Contents(), Places(), *((Depths(),) if has_depths and specimen.site else ()))


@lru_cache(maxsize=1)
def usual_contents() -> dict[str, float]:
    """What soils usually hold, in mg/kg, to an order of magnitude; `IngestError` for a figure without a source."""
    with USUAL.open(encoding="utf-8", newline="") as handle:
        return usual_in(csv.DictReader(handle, strict=True))


def usual_in(rows: Iterable[Mapping[str, str | None]]) -> dict[str, float]:
    """The contents in rows of contaminant, mg_per_kg and source."""
    found: dict[str, float] = {}
    for number, row in enumerate(rows, start=2):
        name, content, source = (row.get(key) or "" for key in ("contaminant", "mg_per_kg", "source"))
        if not source.strip():
            raise IngestError(f"{USUAL.name}, row {number}: {name} has no source")
        if name in found or not re.fullmatch(r"\d+(\.\d+)?", content) or float(content) <= 0:
            raise IngestError(f"{USUAL.name}, row {number}: {name} is there twice, or {content!r} is no content")
        found[name] = float(content)
    return found


@dataclass(slots=True)
class _Values:
    """The measured values of a contaminant by one procedure: each while they are few, and where the first stands."""

    row: int
    column: str
    text: str
    count: int = 0
    distinct: set[float] | None = field(default_factory=set)
    bins: dict[int, int] = field(default_factory=dict)

    def add(self, values: Doubles) -> None:
        self.count += len(values)
        for place, many in zip(*np.unique(np.floor(20 * np.log10(values)), return_counts=True), strict=True):
            self.bins[int(place)] = self.bins.get(int(place), 0) + int(many)
        if self.distinct is not None:
            self.distinct |= set(np.unique(values)[: MOST_DISTINCT + 1].tolist())
            self.distinct = self.distinct if len(self.distinct) <= MOST_DISTINCT else None

    def median(self) -> float:
        """To a twentieth of a decade."""
        places = sorted(self.bins)
        reached = np.cumsum([self.bins[place] for place in places])
        return float(10 ** ((places[int(np.searchsorted(reached, self.count / 2))] + 0.5) / 20))

    def step(self) -> float | None:
        """The step to which all values are rounded, if they are few."""
        if self.distinct is None or len(self.distinct) < 2:
            return None
        values = np.array(sorted(self.distinct))
        step = float(np.diff(values).min())
        rounded = np.abs(values / step - np.round(values / step)) < 1e-6
        return step if rounded.all() else None

    def finding(self, rule: str, reason: str) -> Finding:
        return Finding(RULES[rule], np.array([self.row]), [self.text], reason, self.column)


class Contents:
    """Contents hundreds of times what soils hold, or a few hundredths of it; and contents that are rounded coarsely."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, ...], _Values] = {}

    def look(self, _: Any, __: Mask, measurements: Any) -> None:
        """Remember the distribution of each contaminant by each procedure."""
        lower, upper, row = (measurements[name].to_numpy() for name in ("lower", "upper", "row"))
        # of a long file one row in sixteen says as much
        chosen = (lower == upper) & (upper > 0) & ((row <= FIRST_ROWS) | (row % ONE_IN == 0))
        if not chosen.any():
            return
        rows = measurements.select([*METHOD, "upper", "row", "column", "original_text"]).filter(pa.array(chosen))
        codes = keys_of([rows[name] for name in METHOD], rows.num_rows)
        upper = rows["upper"].to_numpy()
        _, first, group = np.unique(codes, return_index=True, return_inverse=True)
        order = np.argsort(group, kind="stable")
        for place, part in zip(first, np.split(order, np.cumsum(np.bincount(group))[:-1]), strict=True):
            self._of(rows.slice(int(place), 1)).add(upper[part])

    def _of(self, row: Any) -> _Values:
        key = tuple(row[name][0].as_py() or "" for name in METHOD)
        if key not in self._values:
            text = row["original_text"][0].as_py()
            self._values[key] = _Values(row["row"][0].as_py(), row["column"][0].as_py(), text)
        return self._values[key]

    def findings(self) -> Iterator[Finding]:
        """Units that slipped, then values that are rounded coarsely."""
        usual = usual_contents()
        for (contaminant, digestion, *_), values in self._values.items():
            if contaminant in usual and values.count >= FEWEST:
                # a weak extract may hold a thousandth of the content, and never a multiple of it
                may_be_little = digestion not in (*CONTENT_DIGESTIONS, "unknown")
                yield from _slipped(values, contaminant, usual[contaminant], may_be_little=may_be_little)
            yield from _coarse(values, contaminant)


def _slipped(values: _Values, contaminant: str, usual: float, *, may_be_little: bool) -> Iterator[Finding]:
    median = values.median()
    times = max(median / usual, 0.0 if may_be_little else usual / median)
    if times > SLIP:
        told = f"{times:.0f} times {'more' if median > usual else 'less'} than soils usually hold, {usual:g}"
        yield values.finding("unit-slip", f"({contaminant}) – the median is {median:.3g} mg/kg, {told}")


def _coarse(values: _Values, contaminant: str) -> Iterator[Finding]:
    step = values.step()
    if step is not None and values.count >= FEWEST_ROUNDED and step >= COARSE * values.median():
        share = step / values.median()
        said = f"{values.count} values are rounded to steps of {step:.3g} mg/kg, {share:.0%} of the median"
        yield values.finding("coarse-values", f"({contaminant}) – {said}")


class Places:
    """Positions far from all others, for a file of one place: by cells of one degree, of which there are few."""

    def __init__(self) -> None:
        self._cells: dict[int, _Cell] = {}

    def look(self, specimens: Any, alive: Mask, _: Any) -> None:
        """Count the positions in each cell, and remember the rows of those that hold few."""
        longitude, latitude = (specimens[name].to_numpy() for name in ("longitude", "latitude"))
        placed = alive & np.isfinite(longitude)
        if not placed.any():
            return
        codes = (np.floor(longitude[placed]) + 180 + 361 * (np.floor(latitude[placed]) + 90)).astype(np.int32)
        rows = specimens["row"].to_numpy()[placed]
        order = np.argsort(codes, kind="stable")
        cells, starts = np.unique(codes[order], return_index=True)
        for cell, here in zip(cells.tolist(), np.split(rows[order], starts[1:]), strict=True):
            self._cells.setdefault(cell, _Cell()).add(here)

    def findings(self) -> Iterator[Finding]:
        """The rows of cells 200 km, and ten times farther than nine tenths of all, from the middle of the file."""
        if len(self._cells) < 2:
            return
        codes = np.array(list(self._cells), dtype=np.float64)
        cells = np.column_stack([codes % 361 - 179.5, codes // 361 - 89.5])
        counts = np.array([cell.count for cell in self._cells.values()])
        away = _km_from_middle(cells, counts)
        order = np.argsort(away)
        reach = away[order][np.searchsorted(np.cumsum(counts[order]), 0.9 * counts.sum())]
        for place, cell in enumerate(self._cells.values()):
            if cell.rows and away[place] > FAR_KM + TIMES_FARTHER * reach:
                rows = np.concatenate(cell.rows)
                within = f"nine tenths of which lie within {max(reach, KM_A_DEGREE):.0f} km"
                reason = f"– it lies about {away[place]:.0f} km from the middle of the samples, {within}"
                yield Finding(RULES["position-far"], rows, [""] * len(rows), reason)


@dataclass(slots=True)
class _Cell:
    """How many positions a cell holds, and their rows while they are few: many together did not go astray."""

    count: int = 0
    rows: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, rows: NDArray[np.int64]) -> None:
        self.count += len(rows)
        self.rows = [*self.rows, rows] if self.count <= MOST_ASTRAY else []


def _km_from_middle(cells: Doubles, counts: NDArray[np.int64]) -> Doubles:
    """Great-circle distances (n,) of cells, longitude and latitude, from the cell where the most samples are."""
    longitude, latitude = np.radians(cells).T
    middle = int(np.argmax(counts))
    east = longitude - longitude[middle]
    haversine = np.sin((latitude - latitude[middle]) / 2) ** 2
    haversine += np.cos(latitude) * np.cos(latitude[middle]) * np.sin(east / 2) ** 2
    return np.asarray(2 * np.degrees(np.arcsin(np.sqrt(np.clip(haversine, 0, 1)))) * KM_A_DEGREE)


class Depths:
    """Depths of one site and day that overlap without being the same: a profile in which a layer is counted twice."""

    def __init__(self) -> None:
        self._parts: list[tuple[NDArray[np.uint64], Doubles, Doubles, NDArray[np.int64]]] = []

    def look(self, specimens: Any, alive: Mask, _: Any) -> None:
        """Remember the depths of sites, by their keys."""
        upper, lower = (specimens[name].to_numpy() for name in ("upper_depth_cm", "lower_depth_cm"))
        known = alive & np.isfinite(upper.astype(np.float64)) & np.isfinite(lower.astype(np.float64))
        if known.any():
            keys = keys_of([specimens["site"], specimens["sampled_from"], specimens["medium"]], len(known))
            rows = specimens["row"].to_numpy()
            self._parts.append((keys[known], upper[known], lower[known], rows[known]))

    def findings(self) -> Iterator[Finding]:
        """The lower of each two that overlap."""
        if not self._parts:
            return
        sites, upper, lower, rows = (np.concatenate(columns) for columns in zip(*self._parts, strict=True))
        order = np.lexsort((lower, upper, sites))
        sites, upper, lower, rows = sites[order], upper[order], lower[order], rows[order]
        same = (sites[1:] == sites[:-1]) & ~((upper[1:] == upper[:-1]) & (lower[1:] == lower[:-1]))
        clash = np.flatnonzero(same & (upper[1:] < lower[:-1])) + 1
        if len(clash):
            places = clash[np.argsort(rows[clash])]
            texts = [f"{upper[place]:g}-{lower[place]:g} cm" for place in places]
            yield Finding(
                RULES["depth-overlap"], rows[places], texts, "overlaps another depth of the same site and day"
            )
