"""Which samples are neighbours in a search for hot spots: as asked for, or as the places or the data suggest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mapping.discoveries import MOST_DRAWS, enough_draws
from mapping.hotspots import NotTestable
from mapping.kernels import KERNELS
from mapping.neighbours import Graph, Neighbours, default_band
from mapping.profile import scale_profile
from mapping.samples import Samples
from mapping.streamed import Streamed

KINDS = ("band", "nearest", *KERNELS)
STORED = 50_000
"""Samples from which on the neighbours of a distance band are found anew for each sum instead of kept."""
UNEQUAL_DRAWS = 99_999
MOST_SUMS = 2_000_000_000
"""Draws times samples where weights differ: each sample then takes every draw by itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Neighbours, what a reader must know about how they were chosen, and numbers for the report."""

    graph: Graph
    caveats: tuple[str, ...] = ()
    report: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """How to choose neighbours: all within a `band` of metres, weighted alike or by a decay, or the `nearest` few.

    Without a band it is the smallest within which nearly all samples have eight neighbours, which follows from the
    places alone. `by_profile` takes the band at which the values cluster most, which is exploratory.
    """

    kind: str = "band"
    band: float | None = None
    count: int = 8
    by_profile: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"neighbours: {self.kind!r} is not known; known are {', '.join(KINDS)}")
        if self.count < 1:
            raise ValueError(f"neighbours: at least one is needed, got {self.count}")
        if self.band is not None and not (np.isfinite(self.band) and self.band > 0):
            raise ValueError(f"band must be a length above zero in metres, got {self.band:g}")
        if (self.band is not None or self.by_profile) and self.kind == "nearest":
            raise ValueError("the nearest neighbours take no band")
        if self.band is not None and self.by_profile:
            raise ValueError("a band is given or taken from the profile, not both")

    @classmethod
    def parse(cls, neighbours: str, band: str | None) -> Neighbourhood:
        """From texts such as `band`, `nearest:8` or `bisquare`, and `500` or `profile`; ValueError names the one."""
        kind, colon, count = neighbours.partition(":")
        if colon and not (kind == "nearest" and count.isdecimal()):
            raise ValueError(f"neighbours: only nearest takes a number, such as nearest:8, got {neighbours!r}")
        if band == "profile":
            return cls(kind, None, int(count or 8), by_profile=True)
        try:
            length = None if band is None else float(band)
        except ValueError:
            raise ValueError(f"band must be a length in metres or the word profile, got {band!r}") from None
        return cls(kind, length, int(count or 8))

    def draws(self, samples: int, level: float) -> int:
        """As many as a single hot spot takes, within what can be waited for."""
        if self.kind in KERNELS:
            return enough_draws(samples, level, max(min(UNEQUAL_DRAWS, MOST_SUMS // max(samples, 1)), 999))
        return enough_draws(samples, level, MOST_DRAWS)

    def chosen(self, samples: Samples, seed: int = 0) -> Chosen | NotTestable:
        """The neighbours of two samples or more; a reason where the profile gives no band."""
        if self.kind == "nearest":
            return Chosen(Neighbours.nearest(samples.xy, self.count))
        if self.by_profile:
            return self._by_profile(samples, seed)
        return Chosen(self._within(samples, default_band(samples.xy) if self.band is None else self.band))

    def _within(self, samples: Samples, band: float) -> Graph:
        if self.kind in KERNELS and band > 0:
            return Neighbours.decaying(samples.xy, band, self.kind)
        return Neighbours.within(samples.xy, band) if samples.n < STORED else Streamed(samples.xy, band)

    def _by_profile(self, samples: Samples, seed: int) -> Chosen | NotTestable:
        found = scale_profile(samples.xy, np.where(np.isfinite(samples.lower), samples.lower, 0.0), seed=seed)
        if isinstance(found, NotTestable):
            return found
        if found.peak is None:
            return NotTestable("no band can be taken from the profile: values do not cluster beyond chance in any band")
        smallest = float(found.p_over_all.min())
        caveat = (
            f"Exploratory: the band was picked from the same data as the one of {len(found.bands)} at which Moran's I "
            f"of the lower bounds stands out most (p = {smallest:.2g} over all of them, seed {seed})."
        )
        rungs = zip(*(each.tolist() for each in (found.bands, found.moran, found.z, found.p_over_all)), strict=True)
        report = {"profile": [dict(zip(("band_m", "moran", "z", "p_over_all"), rung, strict=True)) for rung in rungs]}
        return Chosen(self._within(samples, found.peak), (caveat,), report)


BY_DEFAULT = Neighbourhood()
