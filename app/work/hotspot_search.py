"""One search for hot spots: what is asked for, found, and published."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection

from app.limits import Limit, resolve_limit
from app.settings import Settings
from app.work.exceedance import guideline_rows
from app.work.hotspot_anomalies import anomalous
from app.work.hotspot_catalogue import PublishedFinding, publish
from app.work.hotspot_clusters import STATISTICS as ON_EXCEEDING
from app.work.hotspot_clusters import clustered
from app.work.hotspot_simulations import simulated
from app.work.hotspots import ON_SCORES, RECIPES, SCALES, Finding, regulatory, statistical
from app.work.maps import rebuild
from app.work.material import Material, gather
from app.work.neighbourhoods import BY_DEFAULT, Neighbourhood
from app.work.published import PublishedMap
from app.work.supports import BLOCK, ZONE, Support, means_over
from db.selection import Selection
from mapping.regions import DecisionRule

KINDS = ("statistical", "regulatory", "anomalous", "simulated")
STATISTICS = (*RECIPES, *ON_EXCEEDING)
CHEAPEST = DecisionRule()
POINTS = Support()


@dataclass(frozen=True, slots=True)
class HotspotRequest:
    """Which samples to search, for what kinds of hot spots, and how.

    Without `kinds`: statistical ones, and with a `limit` (mg/kg) or a `guideline` regulatory ones too. All but the
    statistical need a map. ValueError for what there is not, or for a limit that is missing.
    """

    selection: Selection
    kinds: tuple[str, ...] = ()
    statistic: str = "gi-star"
    neighbourhood: Neighbourhood = BY_DEFAULT
    scale: str = ON_SCORES
    limit: float | None = None
    guideline: str | None = None
    assume: tuple[str, ...] = ()
    rule: DecisionRule = CHEAPEST
    smallest_m2: float = 0.0
    support: Support = POINTS
    false_discovery_rate: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in KINDS:
                raise ValueError(f"no kind of hot spot is called {kind!r}; known are {', '.join(KINDS)}")
        if self.statistic not in STATISTICS:
            raise ValueError(f"no statistic is called {self.statistic!r}; known are {', '.join(STATISTICS)}")
        if self.scale not in SCALES:
            raise ValueError(f"no scale is called {self.scale!r}; known are {', '.join(SCALES)}")
        if not 0 < self.false_discovery_rate < 1:
            raise ValueError(f"the false discovery rate must lie between 0 and 1, got {self.false_discovery_rate:g}")
        if not (np.isfinite(self.smallest_m2) and self.smallest_m2 >= 0):
            raise ValueError(f"the smallest area must be 0 or more square metres, got {self.smallest_m2:g}")
        if self.support.kind == ZONE or (self.support.kind == BLOCK and "regulatory" not in self.wanted):
            raise ValueError(f"support: only regulatory hot spots can be of blocks (block:100), got {self.support}")
        if self.seed < 0:
            raise ValueError(f"a seed must be 0 or more, got {self.seed}")
        if not self.limited and self.needing_limit:
            raise ValueError(f"{', '.join(self.needing_limit)}: hot spots above a limit need a limit or a guideline")

    @property
    def limited(self) -> bool:
        """Whether a limit is given."""
        return self.limit is not None or self.guideline is not None

    @property
    def wanted(self) -> tuple[str, ...]:
        """The kinds to look for, in the order of the table."""
        asked = self.kinds or (("statistical", "regulatory") if self.limited else ("statistical",))
        return tuple(kind for kind in KINDS if kind in asked)

    @property
    def needing_limit(self) -> tuple[str, ...]:
        """What cannot be looked for without a limit."""
        kinds = tuple(kind for kind in ("regulatory", "simulated") if kind in self.kinds)
        return kinds + ((self.statistic,) if self.statistic in ON_EXCEEDING else ())

    @property
    def needs_map(self) -> bool:
        """Whether a map is needed."""
        return any(kind != "statistical" for kind in self.wanted)


@dataclass(frozen=True, slots=True)
class HotspotAnswer:
    """What was found, by kind."""

    findings: tuple[PublishedFinding, ...]
    surface: str | None

    def to_dict(self) -> dict[str, Any]:
        """For `--json`, HTTP and the process."""
        return {"surface": self.surface, "findings": [found.to_dict() for found in self.findings]}


def find_hotspots(
    settings: Settings, connection: Connection, request: HotspotRequest, made: PublishedMap | None
) -> HotspotAnswer:
    """Search the samples and, for all but statistical hot spots, the map `made` from them; publish what is found.

    ValueError where a map is needed and there is none, or where the limit cannot be used.
    """
    if made is None and request.needs_map:
        contaminant = request.selection.contaminant
        raise ValueError(f"there is no map of {contaminant}: make one with `edaphos map {contaminant}`")
    material = gather(connection, request.selection)
    limit = _limit(connection, material, request) if request.limited else None
    found = _findings(settings, connection, request, (material, limit), made)
    published = tuple(publish(connection, material, finding) for finding in found)
    return HotspotAnswer(published, made.id if made else None)


def _limit(connection: Connection, material: Material, request: HotspotRequest) -> Limit:
    rows, asked = guideline_rows(connection, material.rows.contaminant), request
    context, assume = material.context, asked.assume
    return resolve_limit(rows, context, limit=asked.limit, guideline=asked.guideline, assume=assume)


def _findings(
    settings: Settings,
    connection: Connection,
    request: HotspotRequest,
    given: tuple[Material, Limit | None],
    made: PublishedMap | None,
) -> Iterator[Finding]:
    material, limit = given
    rate, seed = request.false_discovery_rate, request.seed
    model = rebuild(connection, made) if made and {"anomalous", "simulated"} & set(request.wanted) else None
    for kind in request.wanted:
        if kind == "statistical" and limit and request.statistic in ON_EXCEEDING:
            yield clustered(material, limit, request.statistic, request.neighbourhood, rate, seed)
        elif kind == "statistical":
            near, scale = request.neighbourhood, request.scale
            yield statistical(material, rate, seed, statistic=request.statistic, neighbourhood=near, scale=scale)
        elif kind == "regulatory" and made and limit:
            means = means_over(connection, made, request.support, seed) if request.support.kind == BLOCK else None
            yield regulatory(material, made, limit, request.rule, means)
        elif kind == "anomalous" and made and model:
            yield anomalous(model.material, made, model.fitted, rate, seed)
        elif made and model and limit:
            yield simulated(settings, connection, made, model, limit, request.smallest_m2, seed)
