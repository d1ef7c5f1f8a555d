"""Graphs, Gi*, permutations and regions against libpysal, esda, pygeoda and GDAL; planted hot spots found again."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version

import geopandas
import numpy as np
import pygeoda
import shapely
from affine import Affine
from esda.getisord import G_Local
from libpysal.graph import Graph
from libpysal.weights import DistanceBand, W
from rasterio.features import shapes
from scipy.ndimage import gaussian_filter, label
from scipy.special import ndtr
from shapely.geometry import shape

from benchmarks.line import Line, seconds
from mapping.discoveries import enough_draws
from mapping.hotspots import GetisOrd, HotSpots
from mapping.moments import standard_scores
from mapping.neighbours import Neighbours
from mapping.permutation import permutation_p
from mapping.regions import DecisionRule, regions
from mapping.streamed import Streamed

BAND = 2_000.0
"""Metres; with one place per square kilometre each has 12.6 neighbours on average."""
OF_LIBPYSAL = 10_000
"""Samples that the slower of libpysal's two graphs is timed on: it takes a minute for ten times as many."""
WHITE, PLANTED, RAISED = 100_000, 60, 3.0


def lines() -> Iterator[Line]:
    """From coordinates to graphs, scores, p-values; from probabilities to polygons; what was planted, found."""
    yield from graphs()
    yield from scores()
    yield from permutations()
    yield from unequal_weights()
    yield from polygons()
    yield from recovery()


def survey(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Places (n, 2), one per square kilometre, and skewed values."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 1000 * np.sqrt(n), (n, 2)), rng.lognormal(3, 1, n)


def geoda_of(xy: np.ndarray, values: np.ndarray) -> pygeoda.geoda:
    """As pygeoda takes it."""
    return pygeoda.open(geopandas.GeoDataFrame({"value": values}, geometry=shapely.points(xy)))


def graphs() -> Iterator[Line]:
    xy, values = survey(100_000)
    geo = geoda_of(xy, values)
    ours = seconds(lambda: Neighbours.within(xy, BAND), repeats=9)
    pairs = len(Neighbours.within(xy, BAND).indices)
    peak = peak_megabytes("from mapping.neighbours import Neighbours; Neighbours.within(xy, 2000.0)", len(xy))
    told = f"100,000 samples, band of 12.6 neighbours; {peak:.0f} MB more at the peak"
    assert int(sum(pygeoda.distance_weights(geo, BAND).spatial_lag([1.0] * len(xy)))) > 0
    theirs = seconds(lambda: pygeoda.distance_weights(geo, BAND))
    yield Line(
        "graph of a distance band", "samples", len(xy) / ours, f"pygeoda {version('pygeoda')}", len(xy) / theirs, told
    )
    frame = geopandas.GeoSeries(shapely.points(xy))
    new = Graph.build_distance_band(frame, BAND)
    assert int((new.cardinalities > 0).sum() and new.cardinalities.sum()) == pairs
    theirs = seconds(lambda: Graph.build_distance_band(frame, BAND), repeats=1)
    peer = f"libpysal {version('libpysal')} Graph"
    yield Line("graph of a distance band", "samples", len(xy) / ours, peer, len(xy) / theirs, told)
    few, _ = survey(OF_LIBPYSAL)
    ours = seconds(lambda: Neighbours.within(few, BAND), repeats=9)
    theirs = seconds(lambda: DistanceBand(few, BAND, silence_warnings=True), repeats=1)
    peer = f"libpysal {version('libpysal')} DistanceBand"
    yield Line("graph of a distance band", "samples", len(few) / ours, peer, len(few) / theirs, "10,000 samples")


def peak_megabytes(work: str, n: int) -> float:
    """What a process of its own needs for the work beyond what it holds before it, compiled code included."""
    script = (
        "import re, numpy as np, mapping.hotspots, mapping.streamed, mapping.neighbours\n"
        "from pathlib import Path\n"
        "def peak(): return float(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])\n"
        f"n = {n}; rng = np.random.default_rng(0)\n"
        "xy = rng.uniform(0, 1000 * n**0.5, (n, 2)); v = rng.lognormal(size=n)\n"
        "before = peak()\n"
        f"{work}\n"
        "print((peak() - before) / 1024)\n"
    )
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return float(told.stdout)


def scores() -> Iterator[Line]:
    xy, values = survey(10_000)

    def ours() -> np.ndarray:
        return standard_scores(Neighbours.within(xy, BAND), values, star=True)[0]

    def theirs() -> np.ndarray:
        weights = DistanceBand(xy, BAND, silence_warnings=True)
        return np.asarray(G_Local(values, weights, transform="B", permutations=0, star=True).Zs)

    np.testing.assert_allclose(ours(), theirs(), rtol=1e-6, atol=1e-8)
    rates = len(xy) / seconds(ours), len(xy) / seconds(theirs, repeats=1)
    yield Line("Gi* from coordinates to z", "samples", rates[0], f"esda {version('esda')}", rates[1], "10,000 samples")
    many, value = survey(1_000_000)
    z = standard_scores(Streamed(many, BAND), value, star=True)[0]
    near = np.flatnonzero(np.hypot(*(many - many[0]).T) <= BAND)
    alone = value[near].sum() - len(near) * value.mean()
    assert np.sign(z[0]) == np.sign(alone)
    taken = seconds(lambda: standard_scores(Streamed(many, BAND), value, star=True))
    work = "from mapping.moments import standard_scores; from mapping.streamed import Streamed\n"
    peak = peak_megabytes(f"{work}standard_scores(Streamed(xy, 2000.0), v, star=True)", len(many))
    told = f"1,000,000 samples, no graph kept; {peak:.0f} MB more at the peak"
    yield Line("Gi* from coordinates to z", "samples", len(many) / taken, "the bound of a second", len(many), told)


def permutations() -> Iterator[Line]:
    xy, values = survey(100_000)
    values = np.log(values)  # the peer's p is one-sided: of symmetric values it is half of ours
    graph = Streamed(xy, BAND)
    graph.counts  # noqa: B018 - found once, as the peer's weights are
    geo = geoda_of(xy, values)
    weights = pygeoda.distance_weights(geo, BAND)
    listed = values.tolist()

    def theirs() -> np.ndarray:
        found = pygeoda.local_g(weights, listed, permutations=999, permutation_method="lookup-table", cpu_threads=2)
        return np.asarray(found.lisa_pvalues())

    few = permutation_p(values, None, graph, 999, 0)
    agree = np.corrcoef(few, theirs())[0, 1]
    rates = len(xy) / seconds(lambda: permutation_p(values, None, graph, 999, 0)), len(xy) / seconds(theirs, repeats=1)
    assert agree > 0.9
    told = "999 permutations, its fastest mode"
    yield Line("p of Gi, 100,000 samples", "samples", *(rates[0], f"pygeoda {version('pygeoda')}", rates[1]), told)
    taken = seconds(lambda: permutation_p(values, None, graph, 99_999, 0))
    told = f"99,999 permutations in {taken:.2f} s"
    yield Line("p of Gi, 100,000 samples", "samples", len(xy) / taken, "the bound of 5 s", len(xy) / 5.0, told)


def unequal_weights() -> Iterator[Line]:
    xy, values = survey(2_000)
    values = np.log(values)
    graph = Neighbours.decaying(xy, BAND, "bisquare")
    ends = graph.indptr.tolist()
    near = {i: graph.indices[ends[i] : ends[i + 1]].tolist() for i in range(graph.n)}
    heavy = {i: graph.weights[ends[i] : ends[i + 1]].tolist() for i in range(graph.n)}
    weights = W(near, heavy, silence_warnings=True)

    def theirs() -> np.ndarray:
        return np.asarray(G_Local(values, weights, transform="R", permutations=999, star=False, seed=1, n_jobs=1).p_sim)

    ours = permutation_p(values, None, graph, 999, 0)
    tested = ~graph.islands
    agree = np.corrcoef(ours[tested], theirs()[tested])[0, 1]
    rates = len(xy) / seconds(lambda: permutation_p(values, None, graph, 999, 0)), len(xy) / seconds(theirs, repeats=1)
    assert agree > 0.9
    told = "2,000 samples, weights decay, 999 permutations"
    yield Line("p of Gi, unequal weights", "samples", rates[0], f"esda {version('esda')}", rates[1], told)


def polygons() -> Iterator[Line]:
    transform = Affine(40, 0, 0, 0, -40, 0)
    for name, width in (("smooth", 60.0), ("rough", 4.0)):
        noise = np.random.default_rng(1).standard_normal((4000, 4000), dtype=np.float32)
        field = gaussian_filter(noise, width)
        p = ndtr(1.5 * field / field.std()).astype(np.float32)
        found = regions(p, transform)
        areas, count = by_gdal(p, transform)
        assert len(found) == count
        np.testing.assert_allclose(np.sort(found.area), np.sort(areas))
        rates = (
            p.size / seconds(partial(regions, p, transform)),
            p.size / seconds(partial(by_gdal, p, transform), 1),
        )
        told = f"4000 × 4000 cells, {name}: {count:,} regions in {p.size / rates[0]:.2f} s, mean p of each"
        yield Line("regions from a raster", "cells", rates[0], "scipy and GDAL", rates[1], told)


def by_gdal(p: np.ndarray, transform: Affine) -> tuple[np.ndarray, int]:
    """The areas of the same regions, with their polygons and mean probabilities, by the libraries' own functions."""
    kinds = DecisionRule().classify(p)
    areas = []
    for kind in range(3):
        numbered, count = label(kinds == kind)
        sizes = np.bincount(numbered.ravel(), minlength=count + 1)
        np.bincount(numbered.ravel(), p.ravel(), count + 1)[1:] / sizes[1:]
        drawn = [shape(outline) for outline, _ in shapes(numbered.astype(np.int32), numbered > 0, 4, transform)]
        areas += [outline.area for outline in drawn]
    return np.array(areas), len(areas)


def recovery() -> Iterator[Line]:
    """White noise in which 60 sites and their neighbours were raised: how many are found, how many others are."""
    rng = np.random.default_rng(5)
    xy = rng.uniform(0, 1000 * np.sqrt(WHITE), (WHITE, 2))
    graph, values = Neighbours.within(xy, BAND), rng.normal(size=WHITE)
    planted = rng.choice(np.flatnonzero(graph.counts >= 5), PLANTED, replace=False)
    raised = np.zeros(WHITE, dtype=bool)
    for site in planted:
        raised[[site, *graph.indices[graph.indptr[site] : graph.indptr[site + 1]]]] = True
    values[raised] += RAISED
    touched = raised | (graph.lag(raised.astype(float)) > 0)
    for draws in (enough_draws(WHITE, 0.05), 999):
        found = GetisOrd(permutations=draws, seed=1).test(graph, values)
        assert isinstance(found, HotSpots)
        share = float(found.hot[planted].mean())
        false = float((found.hot & ~touched).sum() / max(found.hot.sum(), 1))
        taken = seconds(partial(GetisOrd(permutations=draws, seed=1).test, graph, values), 1)
        told = f"{share:.0%} of 60 planted found, {false:.1%} of {found.hot.sum()} hot are false; {draws:,} draws"
        yield Line("Gi* on white noise", "samples", WHITE / taken, "the bound of 30 s", WHITE / 30.0, told)
