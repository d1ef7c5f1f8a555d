"""What the cells of a raster hold, gathered strip by strip: numbers, or how often each class occurs."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.errors import IngestError
from ingest.layers.description import LayerDescription
from ingest.layers.facts import Finding

Values = NDArray[np.float64]
MOST_CLASSES = 1024
NO_CLASS = int(np.iinfo(np.int32).min)
FEW = 20
"""Up to so many different whole numbers may well be classes."""
LIKELY_NODATA = (-9999.0, -99999.0, -999.0, -32768.0, -32767.0, 65535.0, -3.4028234663852886e38, 1e20)


class Census(Protocol):
    """What the strips of one raster told."""

    @property
    def overviews(self) -> str:
        """How cells of lower resolution come from those of higher."""

    @property
    def count(self) -> int:
        """Cells with a value."""

    def storage(self, source: Any) -> dict[str, Any]:
        """Data type and mark for no value of the copy."""

    def taken(self, values: Values) -> Values:
        """Count a strip, in which NaN is no value, and give it as it is to be stored."""

    def numbers(self, described: LayerDescription) -> dict[str, Any]:
        """What was counted, by name."""

    def findings(self, described: LayerDescription) -> Iterator[Finding]:
        """What is doubtful about it."""


class NumberCensus:
    """Of a continuous raster."""

    overviews = "average"

    def __init__(self) -> None:
        self.count, self.total = 0, 0.0
        self.low, self.high = np.inf, -np.inf
        self.marks: Counter[float] = Counter()
        self.distinct: set[float] = set()

    def storage(self, source: Any) -> dict[str, Any]:
        """Double precision where single would not hold what the file does."""
        exact = all(np.can_cast(kind, np.float32) for kind in source.dtypes)
        return {"dtype": "float32" if exact else "float64", "nodata": np.nan}

    def taken(self, values: Values) -> Values:
        """The strip as it is."""
        known = values[np.isfinite(values)]
        if not known.size:
            return values
        self.count += known.size
        self.total += float(known.sum())
        low, high = float(known.min()), float(known.max())
        self.low, self.high = min(self.low, low), max(self.high, high)
        # a mark for no value lies beyond all values, and so at an end of the strip
        for mark in LIKELY_NODATA:
            if np.isclose((low, high), mark, rtol=1e-6).any():
                self.marks[mark] += int(np.isclose(known, mark, rtol=1e-6).sum())
        if len(self.distinct) <= FEW:
            self.distinct.update(np.unique(known)[: FEW + 1].tolist())
        return values

    def numbers(self, described: LayerDescription) -> dict[str, Any]:
        """Lowest, mean and highest value."""
        told = {"measure": "continuous", "unit": described.unit}
        return told | {"lowest": self.low, "mean": self.total / self.count, "highest": self.high}

    def findings(self, described: LayerDescription) -> Iterator[Finding]:
        """A likely mark for no value, a field that is constant, classes that were not called so."""
        for mark, times in self.marks.items():
            if times and self.low < self.high and np.isclose((self.low, self.high), mark, rtol=1e-6).any():
                said = f"{mark:g} stands in {times} cells and looks like a mark for no value: state it as nodata"
                yield Finding("flag", "likely-nodata", said)
        if self.low == self.high:
            yield Finding("flag", "constant", f"every cell holds {self.low:g}: as a drift it says nothing")
        elif len(self.distinct) <= FEW and all(value.is_integer() for value in self.distinct):
            said = f"only {len(self.distinct)} whole numbers occur: if they are classes, say that it is categorical"
            yield Finding("info", "likely-classes", said)
        if described.unit is None:
            yield Finding("info", "unit-not-stated", "the unit of the values is not stated")


class ClassCensus:
    """Of a categorical raster."""

    overviews = "nearest"

    def __init__(self) -> None:
        self.cells: Counter[int] = Counter()

    @property
    def count(self) -> int:
        """Cells with a class."""
        return self.cells.total()

    def storage(self, _: Any) -> dict[str, Any]:
        """Whole numbers, the least of them for none."""
        return {"dtype": "int32", "nodata": NO_CLASS}

    def taken(self, values: Values) -> Values:
        """The strip with the mark for no class; `IngestError` for what cannot be classes."""
        known = np.isfinite(values)
        codes, counts = np.unique(values[known], return_counts=True)
        if (codes != np.round(codes)).any() or (np.abs(codes) >= -NO_CLASS).any():
            raise IngestError("a categorical raster holds whole numbers, this one does not: it is continuous")
        self.cells.update(dict(zip(codes.astype(int).tolist(), counts.tolist(), strict=True)))
        if len(self.cells) > MOST_CLASSES:
            raise IngestError(f"more than {MOST_CLASSES} different codes are no classes: the raster is continuous")
        return np.where(known, values, NO_CLASS)

    def numbers(self, described: LayerDescription) -> dict[str, Any]:
        """The classes with their share of the cells."""
        names = described.classes
        classes = [
            {"code": str(code), "name": names.get(str(code), ""), "share": times / self.count}
            for code, times in sorted(self.cells.items())
        ]
        return {"measure": "categorical", "classes": classes}

    def findings(self, described: LayerDescription) -> Iterator[Finding]:
        """Classes without a name, names without a class, and a single class."""
        found = {str(code) for code in self.cells}
        unknown = sorted(found - set(described.classes)) if described.classes else []
        if unknown:
            yield Finding("flag", "class-without-name", f"no name is stated for {', '.join(unknown[:10])}")
        absent = sorted(set(described.classes) - found)
        if absent:
            yield Finding("info", "class-absent", f"no cell holds {', '.join(absent[:10])}")
        if len(found) == 1:
            yield Finding("flag", "constant", "there is one class only: as a drift it says nothing")
