"""Hot spots of one contaminant, each kind with its definition: statistical on samples, regulatory on the map."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.limits import Limit
from app.work.material import Material
from app.work.neighbourhoods import BY_DEFAULT, Neighbourhood
from app.work.published import PublishedMap
from app.work.supports import MeansOf
from db.samples import Floats
from mapping.grid import Grid
from mapping.hotspots import GetisOrd, LocalMoran, LocalTest, NotTestable
from mapping.outlines import HotSpotArea, cluster_outlines
from mapping.regions import KINDS, DecisionRule, regions
from mapping.scores import normal_scores
from mapping.surface import Surface

HIGH = ("hot", "high-alone", "exceeding")
"""Classes of spots for which sources are looked for."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Spot:
    """One area on the map, in the metres of its samples."""

    class_: str
    polygon: BaseGeometry
    area_m2: float
    sample_count: int
    highest: float | None
    mean_probability: float | None = None
    mean_z: float | None = None
    smallest_q: float | None = None
    smallest_p: float | None = None
    expected_area_m2: float | None = None
    area_low_m2: float | None = None
    area_high_m2: float | None = None
    existence: float | None = None

    @property
    def high(self) -> bool:
        """Whether values are high here, for the area, the background or a limit."""
        return self.class_ in HIGH

    def to_dict(self) -> dict[str, Any]:
        """Everything but the polygon."""
        told = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "polygon"}
        return {"class": told.pop("class_"), **told}


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What one search for hot spots found, and what exactly was searched for.

    `surface` is the map that it was found on, `raster` a derived map that it made besides.
    """

    kind: str
    statistic: str
    definition: str
    parameters: Mapping[str, Any]
    report: Mapping[str, Any]
    spots: tuple[Spot, ...]
    limit: Limit | None = None
    surface: PublishedMap | None = None
    why_not: str | None = None
    raster: PublishedMap | None = None

    @classmethod
    def none(cls, kind: str, statistic: str, parameters: Mapping[str, Any], why_not: str) -> Finding:
        """No test was possible, and why."""
        return cls(kind, statistic, why_not, parameters, {}, (), why_not=why_not)


RECIPES: Mapping[str, Callable[..., LocalTest]] = MappingProxyType(
    {"gi-star": GetisOrd, "gi": partial(GetisOrd, star=False), "local-moran": LocalMoran}
)
"""Statistics on samples, by the name under which they are asked for."""
SCALES: Mapping[str, Callable[[Floats, Floats], tuple[Floats, Floats]]] = MappingProxyType(
    {"normal-scores": normal_scores, "contents": lambda lower, upper: (lower, upper)}
)
"""What is tested, by the name under which it is asked for: on contents one extreme value may hide all that is near."""
ON_SCORES = "normal-scores"
SCORES_SAID = "Contents were tested by their normal scores, so that no single extreme value decides."


def statistical(
    material: Material,
    false_discovery_rate: float = 0.05,
    seed: int = 0,
    *,
    statistic: str = "gi-star",
    neighbourhood: Neighbourhood = BY_DEFAULT,
    scale: str = ON_SCORES,
) -> Finding:
    """Clusters of samples with high or low values for this study area, with a controlled false discovery rate.

    P-values come from permutations, as many as it takes to find a single hot spot: on skewed concentrations the normal
    distribution finds too many. ValueError for a statistic or a scale that there is not.
    """
    if statistic not in RECIPES:
        raise ValueError(f"no statistic is called {statistic!r}; known are {', '.join(RECIPES)}")
    if scale not in SCALES:
        raise ValueError(f"no scale is called {scale!r}; known are {', '.join(SCALES)}")
    samples = material.samples
    draws = neighbourhood.draws(samples.n, false_discovery_rate)
    recipe = RECIPES[statistic](level=false_discovery_rate, permutations=draws, seed=seed)
    told = {"statistic": statistic, "scale": scale, **asdict(recipe), "neighbourhood": asdict(neighbourhood)}
    parameters = {**told, "samples_sha256": samples.digest()}
    if samples.n < 2:
        why_not = f"no test possible: {samples.n} samples"
        return Finding.none("statistical", statistic, parameters, why_not)
    chosen = neighbourhood.chosen(samples, seed)
    if isinstance(chosen, NotTestable):
        return Finding.none("statistical", statistic, parameters, chosen.reason)
    tested = recipe.test(chosen.graph, *SCALES[scale](samples.lower, samples.upper))
    if isinstance(tested, NotTestable):
        return Finding.none("statistical", statistic, parameters, tested.reason)
    areas = cluster_outlines(samples.xy, tested, chosen.graph, samples.lower)
    report = {
        "samples": chosen.graph.n,
        "band_m": chosen.graph.band,
        "islands": int(tested.islands.sum()),
        "permutations": draws,
        "hot_samples": int(tested.hot.sum()),
        "cold_samples": int(tested.cold.sum()),
        "high_alone_samples": int(tested.high_alone.sum()),
        "low_alone_samples": int(tested.low_alone.sum()),
        "fewest_findable": tested.fewest_findable,
        **chosen.report,
    }
    definition = " ".join([tested.definition, *([SCORES_SAID] if scale == ON_SCORES else []), *chosen.caveats])
    return Finding("statistical", statistic, definition, parameters, report, tuple(map(spot_of, areas)))


def spot_of(area: HotSpotArea) -> Spot:
    """A row for an area of hot or cold samples."""
    return Spot(
        class_=area.kind,
        polygon=area.polygon,
        area_m2=area.polygon.area,
        sample_count=len(area.members),
        highest=area.highest,
        mean_z=area.mean_z,
        smallest_q=area.smallest_q,
    )


def regulatory(
    material: Material,
    made: PublishedMap,
    limit: Limit,
    rule: DecisionRule | None = None,
    means: MeansOf | None = None,
) -> Finding:
    """Where a map says that a limit is exceeded, where it says it is not, and where it cannot tell.

    With the `means` of blocks of the map, these are what is held against the limit.
    """
    decide = rule or DecisionRule()
    probability, grid = _probability(made, limit, means)
    found = regions(probability, grid.transform, decide)
    areas = {kind: sum(region.area for region in found if region.kind == kind) for kind in KINDS}
    spots = tuple(
        Spot(
            class_=region.kind,
            polygon=region.polygon,
            area_m2=region.area,
            mean_probability=region.mean_probability,
            **samples_inside(region.polygon, material),
        )
        for region in found
        if region.kind != "below"
    )
    report = {"area_m2": areas, "regions": {kind: sum(spot.class_ == kind for spot in spots) for kind in KINDS[:2]}}
    parameters = {**asdict(decide), "limit": asdict(limit), "surface": made.id}
    if means:
        parameters |= {"support": str(means.support), "realisations": means.simulation.realisations}
        parameters |= {"seed": means.simulation.seed}
    words = _regulatory_words(made, limit, decide, means)
    return Finding("regulatory", "probability", words, parameters, report, spots, limit, made)


def _probability(made: PublishedMap, limit: Limit, means: MeansOf | None) -> tuple[Floats, Grid]:
    """The probability of exceeding the limit in cells of the map, or in blocks."""
    if means and means.blocks:
        return means.on_grid(limit.mg_per_kg), means.blocks
    surface = Surface.read(made.path)
    return surface.prediction.exceedance(limit.mg_per_kg), surface.grid


def _regulatory_words(made: PublishedMap, limit: Limit, decide: DecisionRule, means: MeansOf | None) -> str:
    what, support = f"Cells of map {made.id} where the next measurement", "point support"
    if means:
        what = f"Blocks of {means.support.side:g} m of map {made.id} whose mean"
        support = f"block support, {means.simulation.realisations} joint simulations"
    said = [
        f"{what} exceeds {limit.mg_per_kg:g} mg/kg ({limit.label})",
        f"with probability above {decide.upper:g} (exceeding), below {decide.lower:g} (below), or between (undecided).",
        f"A decision rule with two error costs (Chow 1970), {support}; not a test of a null hypothesis.",
    ]
    if limit.assumptions:
        said.append(f"Assumed: {', '.join(limit.assumptions)}.")
    said.extend(f"{caveat[0].upper()}{caveat[1:]}." for caveat in limit.caveats)
    if limit.expired:
        said.append("The act is no longer in force.")
    return " ".join(said)


def samples_inside(polygon: BaseGeometry, material: Material) -> dict[str, Any]:
    """How many samples lie in a polygon, and the highest lower bound among them."""
    xy: Floats = material.samples.xy
    inside = shapely.contains_xy(polygon, *xy.T)
    highest = float(np.max(material.samples.lower[inside])) if inside.any() else None
    return {"sample_count": int(inside.sum()), "highest": highest}
