"""Rules that must know the whole file before they can judge any of it: each learns little of each chunk and applies it.

A new one is a class here and a line in `LESSONS`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.findings import OF_THE_FILE, RULES, Finding
from ingest.hashing import Keys, Memory, keys_of
from ingest.numbers import Mask
from ingest.profile import Measurements
from ingest.rules import NEIGHBOURS, is_spike

Doubles = NDArray[np.float64]
METHOD = ("contaminant", "digestion", "instrument", "standard", "basis")
BATCH = (*METHOD, "batch")
FEWEST_PAIRS = 5


class Lesson(Protocol):
    """What a rule learns in the first pass over the chunks of a file, and does with it in the second.

    `measurements` is the Arrow table of a chunk, `specimens` (n,) the key of the specimen of each.
    """

    def learn(self, measurements: Any, specimens: Keys, /) -> None:
        """Remember of a chunk what the rule needs, and little else."""

    def apply(self, measurements: Any) -> tuple[Any, dict[str, Mask]]:
        """A chunk as the rule leaves it, and which of its measurements break which rule."""

    def findings(self) -> Iterator[Finding]:
        """What was found out about the file as a whole."""


@dataclass(slots=True)
class _Lowest:
    """The lowest distinct values and how often each occurs: (k,), rising."""

    values: Doubles
    counts: NDArray[np.int64]

    def merge(self, values: Doubles) -> "_Lowest":
        distinct, counts = np.unique(values, return_counts=True)
        every, place = np.unique(np.concatenate([self.values, distinct]), return_inverse=True)
        summed = np.bincount(place, np.concatenate([self.counts, counts]), len(every)).astype(np.int64)
        return _Lowest(every[: NEIGHBOURS + 1], summed[: NEIGHBOURS + 1])


class SubstitutedLimit:
    """The lowest measured value of a contaminant and procedure repeats too often: see `ingest.rules.is_spike`."""

    def __init__(self) -> None:
        self._lowest: dict[tuple[str, ...], _Lowest] = {}

    def learn(self, measurements: Any, _: Keys) -> None:
        """Remember the lowest values of each contaminant and procedure."""
        lower, upper = _doubles(measurements, "lower"), _doubles(measurements, "upper")
        for key, rows in grouped(measurements, METHOD):
            values = upper[rows][lower[rows] == upper[rows]]
            known = self._lowest.get(key, _Lowest(np.empty(0), np.empty(0, np.int64)))
            self._lowest[key] = known.merge(values)

    def apply(self, measurements: Any) -> tuple[Any, dict[str, Mask]]:
        """Which measurements bear the suspect value."""
        suspects = np.zeros(measurements.num_rows, np.bool_)
        suspicious = {key for key, known in self._lowest.items() if is_spike(known.values, known.counts)}
        if suspicious:
            lower, upper = _doubles(measurements, "lower"), _doubles(measurements, "upper")
            for key, rows in grouped(measurements, METHOD):
                if key in suspicious:
                    minimum = self._lowest[key].values[0]
                    suspects[rows] = (upper[rows] == minimum) & (lower[rows] == minimum)
        return measurements, {"substituted-limit": suspects}

    def findings(self) -> Iterator[Finding]:
        """Nothing beside the places."""
        yield from ()


class ReplicatePrecision:
    """Replicates say how precise the laboratory is, which becomes the uncertainty of a batch where none is stated.

    From duplicates x1, x2 the relative variance is the mean of ((x1 - x2) / m)² / 2, with m the mean of the pair
    (Thompson and Howarth 1976); it takes at least five pairs in which both were measured.
    """

    def __init__(self) -> None:
        self._firsts = Memory(np.float64)
        self._squares: defaultdict[tuple[str, ...], list[float]] = defaultdict(lambda: [0.0, 0.0])

    def learn(self, measurements: Any, specimens: Keys) -> None:
        """Remember first values by specimen and batch, and of each pair its relative difference."""
        lower, upper = _doubles(measurements, "lower"), _doubles(measurements, "upper")
        replicate = measurements["replicate"].to_numpy()
        measured = (lower == upper) & (upper > 0)
        keys = keys_of([pa.array(specimens.view(np.int64)), *(measurements[name] for name in BATCH)], len(upper))
        self._firsts.first(keys, upper, measured & (replicate == 1))
        known, new = self._firsts.first(keys, np.full(len(upper), np.nan), measured & (replicate == 2))
        paired = measured & (replicate == 2) & ~new & np.isfinite(known)
        for key, rows in grouped(measurements.filter(pa.array(paired)), BATCH):
            one, other = known[paired][rows], upper[paired][rows]
            self._squares[key][0] += float(np.sum((2 * (one - other) / (one + other)) ** 2))
            self._squares[key][1] += len(rows)

    @property
    def _precise(self) -> dict[tuple[str, ...], tuple[float, int]]:
        """The relative standard deviation of each batch that has enough pairs, and how many."""
        enough = {key: sums for key, sums in self._squares.items() if sums[1] >= FEWEST_PAIRS}
        return {key: (float(np.sqrt(total / pairs / 2)), int(pairs)) for key, (total, pairs) in enough.items()}

    def apply(self, measurements: Any) -> tuple[Any, dict[str, Mask]]:
        """The measurements with uncertainties where none was stated."""
        precise = self._precise
        if not precise:
            return measurements, {}
        lower, upper = _doubles(measurements, "lower"), _doubles(measurements, "upper")
        uncertainty = np.array(measurements["uncertainty"].to_numpy(), dtype=np.float64)
        for key, rows in grouped(measurements, BATCH):
            if key in precise:
                fill = rows[np.isnan(uncertainty[rows]) & (lower[rows] == upper[rows])]
                uncertainty[fill] = precise[key][0] * upper[fill]
        index = measurements.schema.get_field_index("uncertainty")
        return measurements.set_column(index, "uncertainty", pa.array(uncertainty, from_pandas=True)), {}

    def findings(self) -> Iterator[Finding]:
        """How precise each batch is."""
        for key, (relative, pairs) in self._precise.items():
            said = f"{key[0]}: {pairs} pairs of replicates differ by {relative:.1%} (standard deviation)"
            reason = f"{said}, taken as the uncertainty of the batch"
            yield Finding(RULES["precision"], OF_THE_FILE, [""], reason)


# what learns: when it has something to learn
LESSONS: tuple[tuple[Callable[[], Lesson], Callable[[Measurements], bool]], ...] = (
    (SubstitutedLimit, lambda _: True),
    (ReplicatePrecision, lambda measured: measured.replicates == "number"),
)


def lessons_for(measured: Measurements) -> tuple[Lesson, ...]:
    """The lessons that a file of this profile can teach."""
    return tuple(make() for make, wanted in LESSONS if wanted(measured))


def grouped(table: Any, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], NDArray[np.int64]]]:
    """The rows of an Arrow table that agree in all keys, by their values; a null is an empty text."""
    place = table.select(keys).append_column("place", pa.array(np.arange(table.num_rows)))
    groups = place.group_by(list(keys), use_threads=False).aggregate([("place", "list")])
    values = zip(*(groups[key].to_pylist() for key in keys), strict=True)
    for key, rows in zip(values, groups["place_list"], strict=True):
        yield tuple(value or "" for value in key), np.asarray(rows.values.to_numpy(), np.int64)


def _doubles(table: Any, column: str) -> Doubles:
    return np.asarray(table[column].to_numpy(), dtype=np.float64)
