"""Hot spots of one contaminant, each kind with its definition: statistical on samples, regulatory on the map."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.limits import Limit
from app.work.material import Material
from app.work.published import PublishedMap
from db.samples import Floats
from mapping.hotspots import GetisOrd, NotTestable
from mapping.neighbours import Neighbours, default_band
from mapping.outlines import cluster_outlines
from mapping.regions import KINDS, DecisionRule, regions
from mapping.surface import Surface


@dataclass(frozen=True, slots=True, eq=False)
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


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What one search for hot spots found, and what exactly was searched for."""

    kind: str
    definition: str
    parameters: Mapping[str, Any]
    report: Mapping[str, Any]
    spots: tuple[Spot, ...]
    limit: Limit | None = None
    surface: PublishedMap | None = None
    why_not: str | None = field(default=None)


def statistical(material: Material, false_discovery_rate: float = 0.05, seed: int = 0) -> Finding:
    """Clusters of samples with high or low values for this study area: Gi* with a controlled false discovery rate.

    P-values come from permutations: on skewed concentrations the normal distribution finds too many hot spots.
    """
    xy = material.samples.xy
    recipe = GetisOrd(level=false_discovery_rate, permutations=_draws(len(xy), false_discovery_rate), seed=seed)
    parameters = {"statistic": "Gi*", **asdict(recipe), "samples_sha256": material.samples.digest()}
    if len(xy) < 2:
        return Finding("statistical", "", parameters, {}, (), why_not=f"no test possible: {len(xy)} samples")
    graph = Neighbours.within(xy, default_band(xy))
    tested = recipe.test(graph, material.samples.lower, material.samples.upper)
    if isinstance(tested, NotTestable):
        return Finding("statistical", tested.reason, parameters, {}, (), why_not=tested.reason)
    areas = cluster_outlines(xy, tested, graph, material.samples.lower)
    report = {
        "samples": graph.n,
        "band_m": graph.band,
        "hot_samples": int(tested.hot.sum()),
        "cold_samples": int(tested.cold.sum()),
        "fewest_findable": tested.fewest_findable,
    }
    spots = tuple(
        Spot(
            class_=area.kind,
            polygon=area.polygon,
            area_m2=area.polygon.area,
            sample_count=len(area.members),
            highest=area.highest,
            mean_z=area.mean_z,
            smallest_q=area.smallest_q,
        )
        for area in areas
    )
    return Finding("statistical", tested.definition, parameters, report, spots)


def _draws(samples: int, level: float) -> int:
    """So many that a single hot spot could be found, within what can be waited for; the report says what could be."""
    return int(np.clip(np.ceil(samples / level), 9_999, 99_999)) if level > 0 else 9_999


def regulatory(material: Material, made: PublishedMap, limit: Limit, rule: DecisionRule | None = None) -> Finding:
    """Where a map says that a limit is exceeded, where it says it is not, and where it cannot tell."""
    decide = rule or DecisionRule()
    surface = Surface.read(made.path)
    probability = surface.prediction.exceedance(limit.mg_per_kg)
    found = regions(probability, surface.grid.transform, decide)
    areas = {kind: sum(region.area for region in found if region.kind == kind) for kind in KINDS}
    spots = tuple(
        Spot(
            class_=region.kind,
            polygon=region.polygon,
            area_m2=region.area,
            mean_probability=region.mean_probability,
            **_samples_inside(region.polygon, material),
        )
        for region in found
        if region.kind != "below"
    )
    report = {"area_m2": areas, "regions": {kind: sum(spot.class_ == kind for spot in spots) for kind in KINDS[:2]}}
    parameters = {**asdict(decide), "limit": asdict(limit), "surface": made.id}
    return Finding("regulatory", _regulatory_words(made, limit, decide), parameters, report, spots, limit, made)


def _regulatory_words(made: PublishedMap, limit: Limit, decide: DecisionRule) -> str:
    said = [
        f"Cells of map {made.id} where the next measurement exceeds {limit.mg_per_kg:g} mg/kg ({limit.label})",
        f"with probability above {decide.upper:g} (exceeding), below {decide.lower:g} (below), or between (undecided).",
        "A decision rule with two error costs (Chow 1970), point support; not a test of a null hypothesis.",
    ]
    if limit.assumptions:
        said.append(f"Assumed: {', '.join(limit.assumptions)}.")
    said.extend(f"{caveat[0].upper()}{caveat[1:]}." for caveat in limit.caveats)
    if limit.expired:
        said.append("The act is no longer in force.")
    return " ".join(said)


def _samples_inside(polygon: BaseGeometry, material: Material) -> dict[str, Any]:
    xy: Floats = material.samples.xy
    inside = shapely.contains_xy(polygon, *xy.T)
    highest = float(np.max(material.samples.lower[inside])) if inside.any() else None
    return {"sample_count": int(inside.sum()), "highest": highest}
