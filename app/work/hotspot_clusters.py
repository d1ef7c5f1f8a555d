"""Clusters of the samples that exceed a limit: circles by the scan statistic, crowds by DBSCAN or HDBSCAN."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from app.limits import Limit
from app.work.hotspots import Finding, Spot, samples_inside
from app.work.material import Material
from app.work.neighbourhoods import Neighbourhood
from mapping.crowding import ALGORITHMS, Crowding
from mapping.hotspots import NotTestable
from mapping.neighbours import default_band
from mapping.scan import ScanCluster, bernoulli_scan

SCAN = "scan"
STATISTICS = (SCAN, *ALGORITHMS)
SIMULATIONS = 999


def clustered(
    material: Material,
    limit: Limit,
    statistic: str = SCAN,
    neighbourhood: Neighbourhood | None = None,
    level: float = 0.05,
    seed: int = 0,
) -> Finding:
    """Where samples above a limit cluster. Those whose bounds leave it open are left out, and counted.

    ValueError for a statistic that there is not.
    """
    if statistic not in STATISTICS:
        raise ValueError(
            f"no statistic on exceeding samples is called {statistic!r}; known are {', '.join(STATISTICS)}"
        )
    lower, upper = material.samples.lower, material.samples.upper
    decided = (lower > limit.mg_per_kg) | (upper <= limit.mg_per_kg)
    xy, case = material.samples.xy[decided], lower[decided] > limit.mg_per_kg
    open_ = int((~decided).sum())
    counts = {"samples": int(decided.sum()), "exceeding": int(case.sum()), "undecidable": open_}
    told = {"statistic": statistic, "level": level, "seed": seed, "limit": asdict(limit)}
    told |= {"samples_sha256": material.samples.digest()}
    caveat = f" {open_} samples known by bounds only on both sides of the limit were left out." if open_ else ""
    against = f"Exceeding means above {limit.mg_per_kg:g} mg/kg ({limit.label}). "
    if statistic == SCAN:
        return _scanned(material, (xy, case), limit, told, counts, (against, caveat))
    return _crowded(material, (xy, case), limit, told | _reach(xy, statistic, neighbourhood), counts, (against, caveat))


Cases = tuple[NDArray[np.float64], NDArray[np.bool_]]


def _scanned(
    material: Material,
    cases: Cases,
    limit: Limit,
    told: Mapping[str, Any],
    counts: dict[str, int],
    words: tuple[str, str],
) -> Finding:
    xy, case = cases
    found = bernoulli_scan(xy, case, simulations=SIMULATIONS, level=told["level"], seed=told["seed"])
    if isinstance(found, NotTestable):
        return Finding.none("statistical", SCAN, told, found.reason)
    spots = tuple(_circle(cluster, xy, material) for cluster in found.clusters)
    report = counts | {"clusters": len(spots), "p_of_the_likeliest": found.likeliest.p}
    definition = found.definition.join(words)
    return Finding("statistical", SCAN, definition, told, report, spots, limit)


def _circle(cluster: ScanCluster, xy: NDArray[np.float64], material: Material) -> Spot:
    outline = shapely.Point(xy[cluster.centre]).buffer(max(cluster.radius, 1.0) * (1.0 + 1e-6), quad_segs=32)
    inside = samples_inside(outline, material)
    return Spot(class_="hot", polygon=outline, area_m2=outline.area, smallest_p=cluster.p, **inside)


def _reach(xy: NDArray[np.float64], statistic: str, neighbourhood: Neighbourhood | None) -> dict[str, Any]:
    """Crowds are counted within the band asked for, or the one within which nearly all samples have eight others."""
    if statistic != "dbscan" or len(xy) < 2:
        return {"reach": None}
    asked = None if neighbourhood is None else neighbourhood.band
    return {"reach": default_band(xy) if asked is None else asked}


def _crowded(
    material: Material, cases: Cases, limit: Limit, told: dict[str, Any], counts: dict[str, int], words: tuple[str, str]
) -> Finding:
    xy, case = cases
    if told["statistic"] == "dbscan" and not told["reach"]:
        return Finding.none("regulatory", "dbscan", told, "no clusters possible: all samples lie at one place")
    recipe = Crowding(told["statistic"], reach=told["reach"])
    found = recipe.clusters(xy, case)
    if isinstance(found, NotTestable):
        return Finding.none("regulatory", recipe.algorithm, told, found.reason)
    width = (told["reach"] or default_band(xy)) / 2.0
    spots = tuple(_crowd(xy[members], width, material) for members in found)
    definition = recipe.words.join(words)
    return Finding("regulatory", recipe.algorithm, definition, told, counts | {"clusters": len(spots)}, spots, limit)


def _crowd(places: NDArray[np.float64], width: float, material: Material) -> Spot:
    """Drawn as the concave hull of the samples and half a reach around it."""
    hull = shapely.concave_hull(shapely.multipoints(places), ratio=0.3)
    outline = shapely.buffer(hull, width)
    return Spot(class_="exceeding", polygon=outline, area_m2=outline.area, **samples_inside(outline, material))
