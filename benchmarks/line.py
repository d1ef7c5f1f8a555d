"""One line of the table: what we do, what a peer or the machine does, and the ratio of the two in one run."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Line:
    """Rates in `unit` per second, both measured in this run after both sides gave the same answer."""

    work: str
    unit: str
    ours: float
    peer: str
    theirs: float
    settings: str = ""

    @property
    def ratio(self) -> float:
        """How many times as fast as the peer."""
        return self.ours / self.theirs


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """The median time of `repeats` runs after one that does not count."""
    work()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return median(taken)
