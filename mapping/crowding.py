"""Clusters of exceeding samples: where they lie closer together than elsewhere, by DBSCAN or HDBSCAN.

Ester, Kriegel, Sander & Xu (1996), KDD 96, 226-231; Campello, Moulavi & Sander (2013), LNCS 7819, 160-172. Both
describe where exceeding samples crowd, and both follow the sampling: where more samples were taken, more exceed. They
test nothing; the scan statistic does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import as_points
from mapping.hotspots import NotTestable

ALGORITHMS = ("dbscan", "hdbscan")


@dataclass(frozen=True, slots=True)
class Crowding:
    """The recipe: an algorithm, the `least` number of samples of a cluster, and the `reach` of DBSCAN in metres."""

    algorithm: str = "dbscan"
    least: int = 4
    reach: float | None = None

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise ValueError(f"no clustering is called {self.algorithm!r}; known are {', '.join(ALGORITHMS)}")
        if self.least < 2:
            raise ValueError(f"a cluster needs at least 2 samples, got {self.least}")
        if (self.reach is None) != (self.algorithm == "hdbscan"):
            raise ValueError("dbscan needs a reach in metres, hdbscan takes none")
        if self.reach is not None and not (np.isfinite(self.reach) and self.reach > 0):
            raise ValueError(f"the reach must be a length above 0 metres, got {self.reach}")

    def clusters(self, xy: ArrayLike, exceeding: ArrayLike) -> tuple[NDArray[np.int64], ...] | NotTestable:
        """The samples of each cluster among the exceeding ones (n,) at (n, 2), the largest cluster first."""
        chosen = np.flatnonzero(np.asarray(exceeding, dtype=np.bool_))
        places = as_points(xy)[chosen]
        if len(chosen) < self.least:
            return NotTestable(f"no clusters possible: {len(chosen)} samples exceed, at least {self.least} are needed")
        label = self._labels(places)
        found = [chosen[label == number] for number in range(int(label.max()) + 1)]
        return tuple(sorted(found, key=lambda members: (-len(members), int(members[0]))))

    def _labels(self, places: NDArray[np.float64]) -> NDArray[np.int64]:
        from sklearn import cluster  # noqa: PLC0415 - it takes a second

        if self.algorithm == "dbscan":
            made = cluster.DBSCAN(eps=self.reach, min_samples=self.least)
        else:
            made = cluster.HDBSCAN(min_cluster_size=self.least, allow_single_cluster=True, copy=True)
        return np.asarray(made.fit_predict(places), dtype=np.int64)

    @property
    def words(self) -> str:
        """What was done, in a sentence."""
        within = f" within {self.reach:g} m" if self.reach else ""
        name = "DBSCAN (Ester et al. 1996)" if self.reach else "HDBSCAN (Campello et al. 2013)"
        return (
            f"{name} of the exceeding samples: at least {self.least}{within}. A description, not a test: it follows "
            "where samples were taken."
        )
