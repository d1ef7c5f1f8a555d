"""Points put aside in a file while they are read, and taken back tile by tile: millions of them need little memory."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from db.pyramid.grid import BASE_ZOOM, DEEPEST, HALF, Codes, codes_of
from db.pyramid.rows import POINTS, ROW

KEPT = np.dtype([(name, ROW[name].newbyteorder("=")) for name in POINTS if name not in ("contaminant", "x", "y")])
MOST_AT_ONCE = 100_000
"""Points that are held in memory at once, about; those of one tile of the deepest zoom always are."""


@dataclass(frozen=True, slots=True)
class Part:
    """A tile of a zoom by its code, with no more points than can be held at once unless it is one of the deepest."""

    zoom: int
    tile: int

    @property
    def codes(self) -> tuple[int, int]:
        """The first and the last code of its points."""
        down = 2 * (BASE_ZOOM - self.zoom)
        return self.tile << down, ((self.tile + 1) << down) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """Rising codes of tiles of one zoom, each once, and how many points each holds."""

    tiles: Codes
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, tiles: Codes, counts: NDArray[np.int64]) -> "Tiles":
        """Add the counts of equal tiles up; the tiles rise."""
        if not len(tiles):
            return cls(tiles, counts)
        starts = np.flatnonzero(np.concatenate([[True], tiles[1:] != tiles[:-1]]))
        return cls(tiles[starts], np.add.reduceat(counts, starts))

    def parents(self) -> "Tiles":
        """The tiles one zoom up."""
        return Tiles.of(self.tiles >> np.uint64(2), self.counts)


class Points:
    """The points of a subject and a contaminant, in sorted runs of a file that no other process can see."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="edaphos-pyramid-")  # noqa: SIM115
        self._runs: list[tuple[int, Codes]] = []
        self.count = 0

    def add(self, points: NDArray[np.void]) -> None:
        """Put rows of the dtype `ROW` aside that lie within the square of the tiles."""
        inside = points[np.abs(points["y"]) <= HALF]
        codes = codes_of(*(inside[name].astype(np.float64) for name in ("x", "y")))
        order = np.argsort(codes, kind="stable")
        kept = np.empty(len(inside), KEPT)
        for name in KEPT.names or ():
            kept[name] = inside[name][order]
        self._runs.append((self.count, codes[order]))
        self._file.write(kept.tobytes())
        self.count += len(inside)

    def tiles(self) -> "Tiles":
        """The deepest tiles that hold points, and how many each."""
        found = [
            Tiles.of(codes >> np.uint64(2 * (BASE_ZOOM - DEEPEST)), np.ones(len(codes), int)) for _, codes in self._runs
        ]
        tiles, counts = ([getattr(each, name) for each in found] for name in ("tiles", "counts"))
        if not found:
            return Tiles(np.empty(0, np.uint64), np.empty(0, int))
        every, order = np.concatenate(tiles), np.argsort(np.concatenate(tiles), kind="stable")
        return Tiles.of(every[order], np.concatenate(counts)[order])

    def within(self, part: Part) -> tuple[Codes, NDArray[np.void]]:
        """The points of a tile, with their codes."""
        first, last = (np.uint64(code) for code in part.codes)
        found = [self._read(*run, first, last) for run in self._runs]
        return np.concatenate([codes for codes, _ in found]), np.concatenate([kept for _, kept in found])

    def _read(self, start: int, codes: Codes, first: np.uint64, last: np.uint64) -> tuple[Codes, NDArray[np.void]]:
        one, other = np.searchsorted(codes, first, "left"), np.searchsorted(codes, last, "right")
        self._file.seek((start + int(one)) * KEPT.itemsize)
        return codes[one:other], np.frombuffer(self._file.read(int(other - one) * KEPT.itemsize), KEPT)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def parts_of(found: Tiles, most: int) -> Iterator[Part]:
    """Tiles that together hold all points, none more than `most` unless it is a deepest one."""
    before = np.concatenate([[0], np.cumsum(found.counts)])
    waiting = [Part(0, 0)]
    while waiting:
        part = waiting.pop()
        down = 2 * (DEEPEST - part.zoom)
        ends = np.array([part.tile << down, (part.tile + 1) << down], np.uint64)
        one, other = np.searchsorted(found.tiles, ends)
        count = int(before[other] - before[one])
        if count > most and part.zoom < DEEPEST:
            waiting += [Part(part.zoom + 1, 4 * part.tile + quarter) for quarter in range(4)]
        elif count:
            yield part
