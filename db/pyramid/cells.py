"""Points counted in cells: how many, how many censored, how high, and a histogram that can be added up.

Populations (medium, digestion, basis, depths) stay apart. A concentration is an interval, so a histogram counts pairs
of steps of the logarithm, one for each bound; whatever is added up to whatever, the sums are those of all points at
once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from db.pyramid.grid import CELL_ZOOM, PARTS_DOWN, Codes

STEPS_PER_DECADE = 40
"""Steps of a histogram: bounds of concentrations are known to 10^(1/40), six percent."""
NOTHING, BEYOND = -(1 << 15), (1 << 15) - 1
"""The steps of zero and of infinity."""

ENTRY = np.dtype(
    [
        *(("code", "<u8"), ("population", "<i8"), ("count", "<u4"), ("censored", "<u4")),
        *(("highest", "<f8"), ("median", "<f4"), ("high", "<f4"), ("parts", "<u2")),
    ]
)
BIN = np.dtype([("entry", "<u4"), ("lower", "<i2"), ("upper", "<i2"), ("count", "<u4")])
MEDIAN, HIGH = 0.5, 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Entries in the order of codes and populations, each pair once, and the histograms of all in the same order."""

    entries: NDArray[np.void]
    bins: NDArray[np.void]

    @classmethod
    def none(cls) -> "Cells":
        """Nowhere anything."""
        return cls(np.empty(0, ENTRY), np.empty(0, BIN))

    @classmethod
    def of(
        cls,
        codes: Codes,
        populations: NDArray[np.int64],
        lower: NDArray[np.float64],
        upper: NDArray[np.float64],
    ) -> "Cells":
        """Points with bounds in mg/kg, all of shape (n,), in the cells two zooms above those of their codes.

        Points that were not measured have NaN for bounds and no histogram.
        """
        entries = np.zeros(len(codes), ENTRY)
        entries["code"] = codes >> np.uint64(2 * PARTS_DOWN)
        entries["median"] = entries["high"] = np.nan
        entries["parts"] = np.uint16(1) << (codes & np.uint64(15)).astype(np.uint16)
        entries["population"], entries["count"] = populations, 1
        entries["censored"], entries["highest"] = lower < upper, lower
        bins = np.zeros(len(codes), BIN)
        bins["entry"], bins["count"] = np.arange(len(codes)), 1
        bins["lower"], bins["upper"] = steps_of(lower), steps_of(upper)
        return _summed(entries, bins[~np.isnan(lower)])

    @classmethod
    def unpacked(cls, entries: bytes, bins: bytes) -> "Cells":
        """What was `packed`."""
        return cls(np.frombuffer(entries, ENTRY), np.frombuffer(bins, BIN))

    def packed(self) -> tuple[bytes, bytes]:
        """Entries and histograms as bytes."""
        return self.entries.tobytes(), self.bins.tobytes()

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def total(self) -> int:
        """How many points."""
        return int(self.entries["count"].sum())

    def coarser(self, zooms: int) -> "Cells":
        """The same points in cells that are so many zooms larger."""
        return self if zooms == 0 else _summed(_enlarged(self.entries, zooms), self.bins)

    def between(self, first: int, last: int) -> "Cells":
        """The cells whose codes lie in first..last, both inside."""
        start, stop = np.searchsorted(self.entries["code"], np.array([first, last + 1], np.uint64))
        return self._slice(int(start), int(stop))

    def _slice(self, start: int, stop: int) -> "Cells":
        one, other = np.searchsorted(self.bins["entry"], [start, stop])
        bins = self.bins[one:other].copy()
        bins["entry"] -= np.uint32(start)
        return Cells(self.entries[start:stop], bins)

    def only(self, wanted: NDArray[np.bool_]) -> "Cells":
        """The entries that are wanted."""
        numbers = np.cumsum(wanted) - 1
        bins = self.bins[wanted[self.bins["entry"]]]
        bins["entry"] = numbers[bins["entry"]]
        return Cells(self.entries[wanted], bins)

    def pooled(self) -> "Cells":
        """All populations of a cell together, which has no quantiles then."""
        entries = self.entries.copy()
        entries["population"] = 0
        return _summed(entries, self.bins[:0])

    def with_quantiles(self) -> "Cells":
        """Entries that say their median and their 0.9 quantile; NaN where nothing was measured.

        They are the smallest upper bounds that so many do not exceed. What is measured alone is itself, and of what is
        measured nothing is higher than the highest.
        """
        entries = self.entries.copy()
        if len(self.bins):
            running = np.cumsum(self.bins["count"], dtype=np.int64)
            _, starts = _groups(self.bins["entry"])
            owners = self.bins["entry"][starts]
            before = running[starts] - self.bins["count"][starts]
            known = entries[owners]
            exact = known["censored"] == 0
            most = np.where(exact, known["highest"], np.inf)
            for name, p in (("median", MEDIAN), ("high", HIGH)):
                place = np.searchsorted(running, before + np.ceil(p * known["count"]))
                bound = np.minimum(middle_of(self.bins["upper"][place]), most)
                entries[name][owners] = np.where(exact & (known["count"] == 1), most, bound)
        return Cells(entries, self.bins)

    def exceeding(self, limit: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many points of each entry are surely and how many perhaps above a limit, in mg/kg.

        What is censored around the limit is perhaps above, and so is what falls into its step of the histogram.
        """
        step = steps_of(np.array([limit]))[0]
        return self._counted(self.bins["lower"] > step), self._counted(self.bins["upper"] >= step)

    def _counted(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        bins = self.bins[chosen]
        counted = np.bincount(bins["entry"], bins["count"], len(self.entries))
        return counted.astype(np.int64)


def together(parts: list[Cells]) -> Cells:
    """Cells of one size from several datasets."""
    filled = [part for part in parts if len(part)]
    if len(filled) < 2:
        return filled[0] if filled else Cells.none()
    firsts = np.cumsum([0, *(len(part) for part in filled[:-1])])
    bins = np.concatenate([part.bins for part in filled])
    bins["entry"] += np.repeat(firsts, [len(part.bins) for part in filled]).astype(np.uint32)
    return _summed(np.concatenate([part.entries for part in filled]), bins)


def steps_of(bounds: NDArray[np.float64]) -> NDArray[np.int16]:
    """The step of the logarithm in which each bound lies, shape (n,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.floor(np.log10(bounds) * STEPS_PER_DECADE)
    steps = np.where(np.isnan(steps), 0, steps)
    return np.clip(steps, NOTHING, BEYOND).astype(np.int16)


def middle_of(steps: NDArray[np.int16]) -> NDArray[np.float64]:
    """The concentration in the middle of each step; zero for nothing, infinity for what has no upper bound."""
    with np.errstate(over="ignore"):
        middle = 10.0 ** ((steps.astype(np.float64) + 0.5) / STEPS_PER_DECADE)
    return np.where(steps == NOTHING, 0.0, np.where(steps == BEYOND, np.inf, middle))


def _enlarged(entries: NDArray[np.void], zooms: int) -> NDArray[np.void]:
    """Entries that name the cell around theirs, and of its 16 parts those that are occupied."""
    larger = entries.copy()
    codes = entries["code"]
    larger["code"] = codes >> np.uint64(2 * zooms)
    if zooms == 1:
        larger["parts"] = _quartered(entries["parts"]) << (4 * (codes & np.uint64(3))).astype(np.uint16)
    else:
        part = (codes >> np.uint64(2 * (zooms - PARTS_DOWN))) & np.uint64(15)
        larger["parts"] = np.uint16(1) << part.astype(np.uint16)
    return larger


def _quartered(parts: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Which quarters of a cell are occupied, from which sixteenths are."""
    quarters = [(parts & np.uint16(15 << 4 * quarter) != 0).astype(np.uint16) << quarter for quarter in range(4)]
    together: NDArray[np.uint16] = np.bitwise_or.reduce(quarters)
    return together


def _summed(entries: NDArray[np.void], bins: NDArray[np.void]) -> Cells:
    """One entry for each code and population; `bins` in the order of the entries."""
    if not len(entries):
        return Cells.none()
    order, starts = _groups(_keys(entries))
    if len(starts) == len(entries) and order is None:
        return Cells(entries, bins)
    ordered = entries if order is None else entries[order]
    summed = ordered[starts]
    summed["median"] = summed["high"] = np.nan
    for name, sums in (("count", np.add), ("censored", np.add), ("highest", np.fmax), ("parts", np.bitwise_or)):
        summed[name] = sums.reduceat(ordered[name], starts)
    numbers = np.zeros(len(entries), np.uint32)
    numbers[starts[1:]] = 1
    numbers = np.cumsum(numbers, dtype=np.uint32)
    if order is not None:
        unordered = np.empty_like(numbers)
        unordered[order] = numbers
        numbers = unordered
    return Cells(summed, _summed_bins(numbers[bins["entry"]], bins))


def _keys(entries: NDArray[np.void]) -> NDArray[np.uint64]:
    """A number for each code and population, in the order of codes."""
    codes, populations = entries["code"], entries["population"]
    if (populations == populations[0]).all():
        return np.ascontiguousarray(codes)
    ranks = np.unique(populations, return_inverse=True)[1].astype(np.uint64)
    return (codes << np.uint64(_RANK_BITS)) | ranks


_RANK_BITS = 64 - 2 * CELL_ZOOM


def _groups(keys: NDArray[np.uint64]) -> tuple[NDArray[np.intp] | None, NDArray[np.intp]]:
    """The order in which equal keys follow each other, None where they do already, and where in it each one begins."""
    order = None
    if (keys[1:] < keys[:-1]).any():
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
    return order, np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))


def _summed_bins(entries: NDArray[np.uint32], bins: NDArray[np.void]) -> NDArray[np.void]:
    """One bin for each entry and pair of steps, those of an entry by their upper bound."""
    if not len(bins):
        return np.empty(0, BIN)
    upper, lower = ((bins[name].astype(np.int64) - NOTHING).astype(np.uint64) for name in ("upper", "lower"))
    keys = (entries.astype(np.uint64) << np.uint64(32)) | (upper << np.uint64(16)) | lower
    order, starts = _groups(keys)
    chosen, counts = starts, bins["count"]
    if order is not None:
        chosen, counts = order[starts], counts[order]
    summed = bins[chosen]
    summed["entry"] = entries[chosen]
    summed["count"] = np.add.reduceat(counts, starts)
    return summed
