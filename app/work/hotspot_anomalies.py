"""Samples that stand out from their local background: from what the spatial model of the survey lets expect."""

from dataclasses import asdict
from typing import Any

import numpy as np
import shapely

from app.work.hotspots import Finding, Spot, samples_inside
from app.work.material import Material
from app.work.published import PublishedMap
from mapping.anomalies import Anomalies, LocalBackground
from mapping.hotspots import NotTestable
from mapping.kriging import FittedKriging
from mapping.neighbours import Neighbours, default_band

STATISTIC = "local-background"
WIDER = (1.0, 2.0, 4.0)
"""Bands in which neighbours are looked for, in that within which nearly all samples have eight."""
LARGEST_GROUP = 0.25
"""Share of the sites: a neighbourhood of more is no local one."""


def anomalous(
    material: Material, made: PublishedMap, fitted: FittedKriging, false_discovery_rate: float = 0.05, seed: int = 0
) -> Finding:
    """Neighbourhoods that are higher or lower than the model of a map expects, false discoveries controlled."""
    recipe = LocalBackground(false_discovery_rate, seed)
    graphs = _graphs(fitted)
    told = {"statistic": STATISTIC, **asdict(recipe), "bands_m": [graph.band for graph in graphs], "surface": made.id}
    parameters = {**told, "samples_sha256": material.samples.digest()}
    found = recipe.test(fitted, graphs)
    if isinstance(found, NotTestable):
        return Finding.none("anomalous", STATISTIC, parameters, found.reason)
    spots = (*_spots("hot", found, graphs[-1], fitted, material), *_spots("cold", found, graphs[-1], fitted, material))
    report: dict[str, Any] = {
        "sites": fitted.sites.n,
        "bands_m": [graph.band for graph in graphs],
        "fields": found.fields,
        "hot_sites": int(found.spots.hot.sum()),
        "cold_sites": int(found.spots.cold.sum()),
        "p_of_any": found.p_any,
    }
    return Finding("anomalous", STATISTIC, found.spots.definition, parameters, report, spots, surface=made)


def _graphs(fitted: FittedKriging) -> list[Neighbours]:
    """Narrow and wide neighbourhoods of the sites; the narrowest in any case."""
    xy = fitted.sites.xy
    band = default_band(xy)
    wide = [Neighbours.within(xy, times * band) for times in WIDER]
    return wide[:1] + [graph for graph in wide[1:] if graph.counts.mean() <= LARGEST_GROUP * graph.n]


def _spots(kind: str, found: Anomalies, widest: Neighbours, fitted: FittedKriging, material: Material) -> list[Spot]:
    """Sites that stand out, joined where they are neighbours: what lies within their reach."""
    chosen = found.spots.hot if kind == "hot" else found.spots.cold
    spots = []
    for members in widest.components(chosen):
        discs = shapely.buffer(shapely.points(fitted.sites.xy[members]), np.maximum(found.reach[members], 1.0))
        outline = shapely.union_all(discs)
        best = members[np.argmin(found.spots.p[members])]
        spots.append(
            Spot(
                class_=kind,
                polygon=outline,
                area_m2=outline.area,
                mean_z=float(found.spots.z[members].mean()),
                smallest_q=float(found.spots.q[best]),
                smallest_p=float(found.spots.p[best]),
                **samples_inside(outline, material),
            )
        )
    return sorted(spots, key=lambda spot: spot.smallest_p or 0.0)
