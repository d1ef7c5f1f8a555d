"""What a file of samples brings in: concentrations by contaminant and procedure, media with depths and days, places."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingest.tally.concentrations import Concentrations
from ingest.tally.contents import AsGiven, Medium, SampleContent, Series
from ingest.tally.keys import Key, by_key, grouped, merged
from ingest.tally.places import Axes, Mapped
from ingest.visible import visible

SERIES = ("contaminant", "medium", "digestion", "instrument", "standard", "basis")
LONGEST_VALUE = 30
REACH = ("upper_depth_cm", "lower_depth_cm", "sampled_from", "sampled_to")


@dataclass(frozen=True, slots=True)
class Specimens:
    """How many specimens, from where to where their depths (cm) and days reach, and how many have none."""

    count: int
    depths: tuple[float, float] | None
    without_depth: int
    days: tuple[str, str] | None
    without_day: int

    @classmethod
    def of(cls, specimens: Any) -> "Specimens":
        """Count the rows of an Arrow table of specimens."""
        depths, without_depth = _span(specimens["upper_depth_cm"], specimens["lower_depth_cm"])
        days, without_day = _span(specimens["sampled_from"], specimens["sampled_to"])
        written = (days[0].isoformat(), days[1].isoformat()) if days else None
        return cls(specimens.num_rows, depths, without_depth, written, without_day)

    def merge(self, later: "Specimens") -> "Specimens":
        """Both together."""
        return Specimens(
            self.count + later.count,
            _wider(self.depths, later.depths),
            self.without_depth + later.without_depth,
            _wider(self.days, later.days),
            self.without_day + later.without_day,
        )


@dataclass(frozen=True, slots=True)
class SampleTally:
    """All that a report says of the samples that were loaded; `further` counts measurements of too many series."""

    series: Mapping[Key, Concentrations] = field(default_factory=dict)
    media: Mapping[Key, Specimens] = field(default_factory=dict)
    places: Mapped = field(default_factory=Mapped.nowhere)
    further: int = 0

    @classmethod
    def of(
        cls, specimens: Any, measurements: Any, *, doubted: NDArray[np.int64], rejected: Axes = ((), ())
    ) -> "SampleTally":
        """Count a chunk.

        `specimens` and `measurements` are the Arrow tables that are stored, `record` of a measurement being the place
        of its specimen; `doubted` holds the file rows that were flagged, `rejected` longitudes and latitudes of the
        rows that were not stored.
        """
        here = np.asarray(specimens["longitude"]), np.asarray(specimens["latitude"])
        in_doubt = np.isin(specimens["row"].to_numpy(), doubted)
        return cls(
            series=_series(specimens, measurements),
            media=_media(specimens),
            places=Mapped.of(here, in_doubt, rejected),
        )

    @classmethod
    def of_measurements(cls, records: Any, measurements: Any) -> "SampleTally":
        """Count measurements alone, of specimens that are counted elsewhere; `record` is their place in `records`."""
        return cls(series=_series(records, measurements))

    def merge(self, later: "SampleTally") -> "SampleTally":
        """This chunk and those that follow it in the file."""
        series, further = merged(self.series, later.series)
        return SampleTally(
            series,
            merged(self.media, later.media)[0],
            self.places.merge(later.places),
            further=self.further + later.further + further,
        )

    def summary(self) -> SampleContent:
        """The counts as a report holds them, series in the order of the file."""
        by_series: dict[Key, list[tuple[str, Concentrations]]] = {}
        for (*key, unit), found in self.series.items():
            by_series.setdefault(tuple(key), []).append((unit, found))
        return {
            "kind": "samples",
            "series": [_summed_up(key, parts) for key, parts in by_series.items()],
            "further": self.further,
            "media": [_medium(key[0], found) for key, found in self.media.items()],
            "places": self.places.summary(),
        }


def _media(specimens: Any) -> dict[Key, Specimens]:
    reach = specimens.select(REACH)
    parts = grouped([specimens["medium"]])
    return by_key((key, Specimens.of(reach.take(pa.array(rows)))) for key, rows in parts)


def _series(specimens: Any, measurements: Any) -> dict[Key, Concentrations]:
    record = measurements["record"].to_numpy()
    medium = pc.dictionary_encode(specimens["medium"]).combine_chunks().take(pa.array(record))
    keys = [medium if name == "medium" else measurements[name] for name in SERIES]
    lower, upper = (measurements[name].to_numpy() for name in ("lower", "upper"))
    doubtful = pc.not_equal(measurements["quality_flag"], "ok").to_numpy()
    texts = measurements["original_text"]
    return by_key(
        (key, Concentrations.of(lower[rows], upper[rows], int(doubtful[rows].sum()), _texts_at(texts, rows)))
        for key, rows in grouped([*keys, measurements["original_unit"]])
    )


def _texts_at(texts: Any, rows: NDArray[np.int64]) -> Callable[[int], str]:
    return lambda place: visible(str(texts[int(rows[place])]), LONGEST_VALUE)


def _summed_up(key: Key, parts: list[tuple[str, Concentrations]]) -> Series:
    whole = parts[0][1]
    for _, found in parts[1:]:
        whole = whole.merge(found)
    contaminant, medium, digestion, instrument, standard, basis = key
    return {
        "contaminant": contaminant,
        "medium": medium,
        "digestion": digestion,
        "instrument": instrument,
        "standard": standard,
        "basis": basis,
        "count": whole.count,
        "measured": whole.measured,
        "below": whole.below,
        "above": whole.above,
        "between": whole.between,
        "flagged": whole.flagged,
        "limits": list(whole.limits) if whole.below else None,
        "ceilings": list(whole.ceilings) if whole.above else None,
        "quantiles": whole.quantiles(),
        "exact": whole.exact is not None,
        "as_given": [_as_given(unit, found) for unit, found in parts],
        "histogram": whole.histogram(),
    }


def _as_given(unit: str, found: Concentrations) -> AsGiven:
    return {"unit": unit, "count": found.count, "lowest": found.least[1], "highest": found.greatest[1]}


def _medium(name: str, found: Specimens) -> Medium:
    return {
        "medium": name,
        "specimens": found.count,
        "depths_cm": list(found.depths) if found.depths else None,
        "without_depth": found.without_depth,
        "dates": list(found.days) if found.days else None,
        "without_date": found.without_day,
    }


def _span(first: Any, last: Any) -> tuple[Any, int]:
    """The least of the first and the greatest of the last column, and how many rows have neither."""
    ends = pc.min_max(first), pc.min_max(last)
    there = [end.as_py()[side] for end in ends for side in ("min", "max")]
    known = [value for value in there if value is not None]
    missing = pc.and_(first.is_null(), last.is_null())
    return ((min(known), max(known)) if known else None), int(pc.sum(missing).as_py() or 0)


def _wider(one: Any, other: Any) -> Any:
    spans = [span for span in (one, other) if span is not None]
    return (min(span[0] for span in spans), max(span[1] for span in spans)) if spans else None
