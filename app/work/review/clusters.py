"""Whether each contaminant is clustered at all, and which samples are hot spots of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.work.review.cases import Case, Cases
from app.work.review.contents import number
from app.work.review.document import Cell, Column, Figure, Section, Table
from mapping.arrays import Points, Vector
from mapping.discoveries import false_discovery
from mapping.hotspots import GetisOrd, HotSpots, NotTestable
from mapping.moran import Clustering, clustering
from mapping.neighbours import Neighbours, default_band
from mapping.panels import Panel, count_map, panels_of_samples
from mapping.scores import normal_scores

LEVEL, DRAWS, PANELS = 0.05, 9_999, 12
COLUMNS = (
    Column("contaminant", number=False),
    Column("Moran's I"),
    Column("q of clustering"),
    Column("hot samples"),
    Column("cold samples"),
    Column("fewest findable"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """What the tests said of a case."""

    case: Case
    spots: HotSpots | NotTestable
    global_: Clustering | NotTestable

    @property
    def hot(self) -> int:
        """How many samples are hot."""
        return int(self.spots.hot.sum()) if isinstance(self.spots, HotSpots) else 0


def tested(cases: Cases, seed: int) -> list[Tested]:
    """Moran's I and Gi* of normal scores, for each case on the neighbours of its own samples.

    On contents themselves a single extreme value widens the null distribution so far that nothing near it is found.
    """
    return [_tested(case, seed) for case in cases.cases]


def _tested(case: Case, seed: int) -> Tested:
    samples = case.material.samples
    if len(samples.xy) < 2:
        nothing = NotTestable(f"no test possible: {len(samples.xy)} samples")
        return Tested(case, nothing, nothing)
    graph = Neighbours.within(samples.xy, default_band(samples.xy))
    lower, upper = normal_scores(samples.lower, samples.upper)
    spots = GetisOrd(level=LEVEL, permutations=DRAWS, seed=seed).test(graph, lower, upper)
    return Tested(case, spots, clustering(graph, (lower + upper) / 2.0, permutations=999, seed=seed))


def clusters(found: Sequence[Tested]) -> Section:
    """The contaminants by how many of their samples are hot spots, with a picture of the first."""
    q = _q_of_clustering(found)
    ordered = sorted(zip(found, q, strict=True), key=lambda pair: (-pair[0].hot, pair[1], pair[0].case.label))
    rows = tuple(_row(one, value) for one, value in ordered)
    drawn = [one for one, _ in ordered if one.hot][:PANELS]
    why = [f"{one.case.label}: {one.spots.reason}" for one in found if isinstance(one.spots, NotTestable)]
    definition = next((one.spots.definition for one in found if isinstance(one.spots, HotSpots)), "")
    paragraphs = [
        "A hot spot here is a cluster of samples that are high for this survey; it says nothing about a legal limit.",
        *([definition] if definition else []),
        (
            "Both are tests of normal scores: contents by their ranks, so that a single extreme value hides nothing; "
            "a value below a limit has the scores of both its bounds. Clustering as a whole is Moran's I with 999 "
            f"permutations, its q adjusted over all {len(found)} contaminants."
        ),
        *why,
    ]
    return Section(
        "Hot spots",
        paragraphs,
        [Table("Clustering and hot spots, false discovery rate 5 %", COLUMNS, rows)],
        _figures(drawn),
        _findings([one for one, _ in ordered]),
    )


def _q_of_clustering(found: Sequence[Tested]) -> Vector:
    p = [one.global_.permuted_p if isinstance(one.global_, Clustering) else None for one in found]
    known = np.array([value is not None for value in p])
    q = np.ones(len(found))
    if known.any():
        q[known] = false_discovery(np.array([value for value in p if value is not None]))
    return q


def _row(one: Tested, q: float) -> tuple[Cell, ...]:
    local, whole = one.spots, one.global_
    moran = (f"{whole.value:.2f}", f"{q:.3f}") if isinstance(whole, Clustering) else ("", "")
    counts = (
        (int(local.hot.sum()), int(local.cold.sum()), local.fewest_findable)
        if isinstance(local, HotSpots)
        else ("", "", "")
    )
    return (one.case.label, *moran, *counts)


def _findings(ordered: Sequence[Tested]) -> list[str]:
    hot = [one for one in ordered if one.hot]
    if not hot:
        return ["No hot spot was found for any contaminant: high values do not lie together more than by chance."]
    most = ", ".join(f"{one.case.label} ({one.hot} of {len(one.case.material.samples.xy)} samples)" for one in hot[:5])
    return [f"Hot spots were found for {len(hot)} of {len(ordered)} contaminants, most of all for {most}."]


def _figures(drawn: Sequence[Tested]) -> list[Figure]:
    if not drawn:
        return []
    panels = []
    for one in drawn:
        samples, spots = one.case.material.samples, one.spots
        if isinstance(spots, HotSpots):
            highest = f"highest {number(float(samples.lower.max()))} mg/kg"
            panels.append(Panel(one.case.label, highest, samples.xy, spots.hot, spots.cold))
    names = ", ".join(panel.title for panel in panels)
    alt = f"Maps of the samples with hot and cold spots of {names}"
    return [
        Figure(panels_of_samples(panels), alt, "Hot spots (magenta) and cold spots (blue) among all samples (grey).")
    ]


def coexisting(found: Sequence[Tested]) -> Section:
    """How many contaminants have a hot spot at each place."""
    hot = [one for one in found if one.hot]
    if len(hot) < 2:
        return Section("Where hot spots coincide", ["Fewer than two contaminants have hot spots."])
    places, count = _counted(hot)
    worst = int(count.max())
    share = f"{(count >= 2).sum()} of {len(count)} places are hot spots of two or more contaminants"
    said = f"{share}; at the worst, {worst} of {len(hot)} come together."
    pairs = tuple(_pairs(hot))
    columns = (Column("pair", number=False), Column("hot in both"), Column("hot in one at least"), Column("shared"))
    figure = Figure(
        count_map(places, count, "Contaminants with a hot spot"),
        f"Map of how many contaminants have a hot spot at each sample, at most {worst}",
        "The more contaminants have a hot spot at a place, the larger and darker it is.",
    )
    table = [Table("Pairs of contaminants whose hot spots coincide most", columns, pairs)] if pairs else []
    return Section("Where hot spots coincide", [said], table, [figure], [said] if worst > 1 else [])


def _counted(hot: Sequence[Tested]) -> tuple[Points, Vector]:
    every = np.concatenate([one.case.material.samples.xy for one in hot])
    places, inverse = np.unique(every, axis=0, return_inverse=True)
    flags = np.concatenate([one.spots.hot for one in hot if isinstance(one.spots, HotSpots)])
    return places, np.bincount(inverse.ravel(), flags, len(places)).astype(np.float64)


def _pairs(hot: Sequence[Tested]) -> list[tuple[str, int, int, str]]:
    sets = {one.case.label: _places_of(one) for one in hot}
    names = list(sets)
    found = []
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            both, either = len(sets[one] & sets[other]), len(sets[one] | sets[other])
            if both:
                found.append((f"{one} and {other}", both, either, f"{both / either:.0%}"))
    return sorted(found, key=lambda row: (-row[1], row[2]))[:10]


def _places_of(one: Tested) -> set[tuple[float, float]]:
    spots = one.spots
    if not isinstance(spots, HotSpots):
        return set()
    return {(float(x), float(y)) for x, y in one.case.material.samples.xy[spots.hot]}
