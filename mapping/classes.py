"""Named classes of a number, with the citation of who named them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np

from mapping.arrays import Vector


@dataclass(frozen=True, slots=True)
class Classes:
    """`labels` of the intervals that rising `edges` part; an edge belongs to the class above it.

    With `top_inclusive` it belongs to the class below, as where a scheme says "≤ 1".
    """

    source: str
    edges: tuple[float, ...]
    labels: tuple[str, ...]
    top_inclusive: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.edges) + 1 or not self.source:
            raise ValueError(f"{len(self.edges)} edges part {len(self.edges) + 1} classes, got {len(self.labels)}")
        if list(self.edges) != sorted(set(self.edges)):
            raise ValueError(f"the edges of classes must rise, got {self.edges}")

    def of(self, value: float) -> str:
        """The class of a number."""
        side = bisect_left if self.top_inclusive else bisect_right
        return self.labels[side(self.edges, value)]

    def of_interval(self, low: float, high: float) -> str:
        """The class of an interval; where it spans several, the first and the last."""
        first, last = self.of(low), self.of(high)
        return first if first == last else f"{first} to {last}"

    def of_intervals(self, low: Vector, high: Vector) -> list[str]:
        """Of each interval (n,); empty where nothing is known."""
        pairs = zip(np.ravel(low).tolist(), np.ravel(high).tolist(), strict=True)
        return ["" if np.isnan(a) or np.isnan(b) else self.of_interval(a, b) for a, b in pairs]

    def scaled(self, factor: float, note: str) -> Classes:
        """The same classes with their edges times a factor, and why."""
        edges = tuple(edge * factor for edge in self.edges)
        return Classes(self.source, edges, self.labels, self.top_inclusive, note)
