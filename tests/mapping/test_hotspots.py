"""Getis-Ord hot spots: R spdep's numbers, and laws that well-known packages break."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import false_discovery_control
from shapely import Point

from mapping.discoveries import enough_draws, false_discovery
from mapping.draws import Draws
from mapping.hotspots import GetisOrd, HotSpots, LocalMoran, LocalTest, NotTestable, local_moran
from mapping.kernels import KERNELS
from mapping.moments import standard_scores
from mapping.neighbours import Graph, Neighbours, Style, default_band
from mapping.outlines import cluster_outlines
from mapping.permutation import permutation_p
from mapping.streamed import Streamed

SPDEP = Path(__file__).parents[1] / "reference" / "spdep"
Vector = NDArray[np.float64]


@pytest.fixture(scope="module")
def table() -> NDArray[np.void]:
    read: NDArray[np.void] = np.genfromtxt(SPDEP / "input_meuse.csv", delimiter=",", names=True)
    return read


@pytest.fixture(scope="module")
def xy(table: NDArray[np.void]) -> Vector:
    return np.column_stack([table["x"], table["y"]])


@pytest.fixture(scope="module")
def zinc(table: NDArray[np.void]) -> Vector:
    return np.asarray(table["zinc"], dtype=float)


def graph_of(name: str, xy: Vector) -> Neighbours:
    return Neighbours.within(xy, 250) if name == "band250" else Neighbours.nearest(xy, 8)


def field(seed: int, n: int = 60) -> tuple[Vector, Vector, Neighbours]:
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 100, (n, 2))
    return places, rng.lognormal(size=n), Neighbours.within(places, 18)


def spdep(column: str, weights: str, transform: str, style: str) -> Vector:
    with (SPDEP / "spdep_gistar_zinc.csv").open() as handle:
        rows = [
            row
            for row in csv.DictReader(handle)
            if (row["weights"], row["transform"], row["style"]) == (weights, transform, style)
        ]
    return np.array([float(row[column]) if row[column] not in ("", "NA", "NaN") else np.nan for row in rows])


@pytest.mark.parametrize("style", ["B", "W"])
@pytest.mark.parametrize("transform", ["raw", "ln"])
@pytest.mark.parametrize("weights", ["band250", "knn8"])
@pytest.mark.parametrize(("column", "star"), [("gi_z", False), ("gistar_z", True)])
def test_the_scores_of_spdep(
    weights: str, transform: str, style: Style, column: str, star: bool, xy: Vector, zinc: Vector
) -> None:
    reference = spdep(column, weights, transform, style)
    graph = graph_of(weights, xy).styled(style)
    z, defined = standard_scores(graph, zinc if transform == "raw" else np.log(zinc), star=star)
    known = np.isfinite(reference)
    assert known.sum() == 155 - (graph.islands.sum() if not star else 0)
    np.testing.assert_allclose(z[known], reference[known], rtol=0, atol=1e-9)
    assert not defined[~known].any()
    assert np.isfinite(z).all()


@pytest.mark.parametrize("style", ["B", "W"])
def test_the_adjusted_p_values_of_spdep(style: str) -> None:
    p, q = (spdep(column, "knn8", "raw", style) for column in ("gistar_p2", "gistar_p2_bh"))
    np.testing.assert_allclose(false_discovery(p), q, rtol=0, atol=1e-14)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_false_discovery_agrees_with_scipy(p: list[float]) -> None:
    np.testing.assert_allclose(false_discovery(p), false_discovery_control(p), rtol=1e-12)


@given(st.integers(0, 10_000), st.booleans(), st.floats(0.01, 100), st.floats(-50, 50))
@settings(max_examples=25, deadline=None)
def test_z_ignores_row_standardisation_unit_and_origin(seed: int, star: bool, scale: float, shift: float) -> None:
    _, values, graph = field(seed)
    z, _ = standard_scores(graph, values, star=star)
    np.testing.assert_allclose(standard_scores(graph.styled("W"), values, star=star)[0], z, atol=1e-9)
    np.testing.assert_allclose(standard_scores(graph, values * scale + shift, star=star)[0], z, atol=1e-6)
    np.testing.assert_allclose(standard_scores(graph, -values, star=star)[0], -z, atol=1e-9)


@pytest.mark.parametrize("star", [True, False])
def test_analytic_moments_are_those_of_permutations_for_any_weights(star: bool) -> None:
    _, values, plain = field(3, n=25)
    rng = np.random.default_rng(7)
    graph = Neighbours(plain.indptr, plain.indices, rng.uniform(0.2, 3, len(plain.indices)), plain.band, "decaying")
    site, draws = int(np.argmax(graph.counts)), 40_000
    permuted = np.array([rng.permutation(values) for _ in range(draws)])
    if not star:
        others = np.delete(np.arange(25), site)
        permuted[:, others] = np.array([rng.permutation(values[others]) for _ in range(draws)])
        permuted[:, site] = values[site]
    weights = graph.matrix().toarray()[site] + (graph.heaviest * np.eye(25)[site] if star else 0)
    sums = permuted @ weights
    observed = (weights @ values - sums.mean()) / sums.std()
    assert standard_scores(graph, values, star=star)[0][site] == pytest.approx(observed, abs=0.05)


def counted_one_by_one(values: Vector, own: Vector | None, graph: Graph, draws: int, seed: int) -> Vector:
    """The same draws, each site by itself: the first k, the next in place of its own, or the first k + 1 of all."""
    x, weights = values - values.mean(), graph.among(np.arange(graph.n)).matrix().toarray()
    blocks = Draws.of(draws, int(graph.counts.max()) + 1, graph.n, seed)
    order = np.vstack([blocks.block(number) for number in blocks.blocks()])
    p = np.ones(graph.n)
    for site in np.flatnonzero(graph.counts):
        near = np.flatnonzero(weights[site]) if not isinstance(graph, Neighbours) else neighbours_of(graph, int(site))
        w = weights[site, near]
        if own is None:
            drawn = order[:, : len(near)].copy()
            drawn[drawn == site] = order[(drawn == site).any(axis=1), len(near)]
            observed, expected = w @ x[near], -w.sum() * x[site] / (graph.n - 1)
        else:
            w, drawn = np.append(w, own[site]), order[:, : len(near) + 1]
            observed, expected = w @ x[np.append(near, site)], 0.0
        far = np.abs(x[drawn] @ w - expected) >= np.abs(observed - expected) - 1e-9
        p[site] = (far.sum() + 1) / (draws + 1)
    return p


def neighbours_of(graph: Neighbours, site: int) -> NDArray[np.int64]:
    return np.asarray(graph.indices[graph.indptr[site] : graph.indptr[site + 1]], dtype=np.int64)


KINDS = ("band", "streamed", "rows", "nearest", *KERNELS)


def graph_of_kind(kind: str, xy: Vector) -> Graph:
    if kind in KERNELS:
        return Neighbours.decaying(xy, 18, kind)
    if kind == "streamed":
        return Streamed(xy, 18.0)
    if kind == "nearest":
        return Neighbours.nearest(xy, 5)
    return Neighbours.within(xy, 18).styled("W" if kind == "rows" else "B")


@pytest.mark.parametrize("star", [True, False])
@pytest.mark.parametrize("decimals", [0, 6])
@pytest.mark.parametrize("kind", KINDS)
def test_shared_draws_count_what_one_site_at_a_time_counts(kind: str, decimals: int, star: bool) -> None:
    """Rounded values are mostly ties, as data at a detection limit are."""
    places, values, _ = field(11)
    graph = graph_of_kind(kind, places)
    tied = np.round(values, decimals)
    own = graph.heaviest if star else None
    fast = permutation_p(tied, own, graph, 699, 5)
    np.testing.assert_array_equal(fast, counted_one_by_one(tied, own, graph, 699, 5))


@pytest.mark.parametrize("star", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_every_graph_keeps_the_laws(kind: str, star: bool) -> None:
    """Normal and permutation p agree where values are normal, and row-standardising changes neither."""
    rng = np.random.default_rng(2)
    places, values = rng.uniform(0, 60, (300, 2)), rng.normal(size=300)
    graph = graph_of_kind(kind, places)
    normal = GetisOrd(star=star).test(graph, values)
    drawn = GetisOrd(star=star, permutations=4999, seed=1).test(graph, values)
    assert isinstance(normal, HotSpots)
    assert isinstance(drawn, HotSpots)
    assert np.abs(normal.p - drawn.p).max() < 0.04
    if isinstance(graph, Neighbours):
        rows = GetisOrd(star=star, permutations=4999, seed=1).test(graph.styled("W"), values)
        assert isinstance(rows, HotSpots)
        np.testing.assert_allclose(rows.z, drawn.z, atol=1e-9)
        np.testing.assert_array_equal(rows.p, drawn.p)


@given(st.integers(0, 1000), st.floats(0, 60))
@settings(max_examples=25, deadline=None)
def test_sums_without_a_graph_are_those_of_the_graph(seed: int, band: float) -> None:
    places, values, _ = field(seed)
    places[:5] = places[5:10]
    stored, streamed = Neighbours.within(places, band), Streamed(places, band)
    np.testing.assert_array_equal(stored.counts, streamed.counts)
    np.testing.assert_allclose(stored.lag(values), streamed.lag(values), atol=1e-9)
    assert not np.array_equal(stored.counts, Neighbours.within(places, band + 60).counts)


@pytest.mark.parametrize("statistic", [GetisOrd(star=True), GetisOrd(star=False), LocalMoran()])
def test_labels_of_samples_do_not_matter(statistic: LocalTest) -> None:
    places, values, _ = field(4, n=80)
    order = np.random.default_rng(0).permutation(80)
    one = statistic.test(Neighbours.within(places, 18), values)
    other = statistic.test(Neighbours.within(places[order], 18), values[order])
    assert isinstance(one, HotSpots)
    assert isinstance(other, HotSpots)
    np.testing.assert_allclose(other.z, one.z[order], atol=1e-9)
    np.testing.assert_allclose(other.q, one.q[order], atol=1e-9)


def test_local_moran_is_gi_with_the_sign_of_the_value(xy: Vector, zinc: Vector) -> None:
    graph = Neighbours.within(xy, default_band(xy))
    gi, moran = (recipe.test(graph, zinc) for recipe in (GetisOrd(star=False), LocalMoran()))
    assert isinstance(gi, HotSpots)
    assert isinstance(moran, HotSpots)
    np.testing.assert_array_equal(moran.p, gi.p)
    above = zinc > zinc.mean()
    assert np.array_equal(moran.hot, gi.hot & above)
    assert np.array_equal(moran.low_alone, gi.hot & ~above)
    assert np.array_equal(moran.cold, gi.cold & ~above)
    assert np.array_equal(moran.high_alone, gi.cold & above)
    rows = graph.styled("W")
    assert local_moran(rows, zinc).mean() == pytest.approx(0.27, abs=0.1)
    assert (
        np.sign(local_moran(graph, zinc)).tolist()
        == np.sign((zinc - zinc.mean()) * graph.lag(zinc - zinc.mean())).tolist()
    )


def test_draws_are_enough_for_a_single_spot() -> None:
    for tests in (8, 155, 5_000, 90_000):
        draws = enough_draws(tests, 0.05)
        places = np.column_stack([np.arange(tests, dtype=float), np.zeros(tests)])
        if tests == 155:
            result = GetisOrd(permutations=draws).test(Neighbours.within(places, 2), np.arange(tests) % 7)
            assert isinstance(result, HotSpots)
            assert result.fewest_findable == 1
        assert tests / (draws + 1) <= 0.05
    assert enough_draws(10_000_000, 0.05) == 1_999_999


def test_permutation_and_normal_p_agree_where_the_values_are_normal() -> None:
    rng = np.random.default_rng(2)
    places = rng.uniform(0, 100, (300, 2))
    graph = Neighbours.nearest(places, 12)
    values = rng.normal(size=300)
    for star in (True, False):
        normal = GetisOrd(star=star).test(graph, values)
        drawn = GetisOrd(star=star, permutations=4999, seed=1).test(graph, values)
        assert isinstance(normal, HotSpots)
        assert isinstance(drawn, HotSpots)
        assert np.abs(normal.p - drawn.p).max() < 0.04
        assert drawn.p.min() >= 1 / 5000


def test_ties_count_on_both_sides() -> None:
    """Two values only: the observed sum is reached by many draws, which must all count."""
    places = np.column_stack([np.arange(12.0), np.zeros(12)])
    values = np.array([5.0, 5.0] + [1.0] * 10)
    p = permutation_p(values, None, Neighbours.within(places, 1), 999, 0)
    assert p[6] > 0.3  # both neighbours are at the limit, as in most draws
    assert ((p * 1000).round(9) % 1 == 0).all()


def test_the_same_seed_gives_the_same_answer_and_another_another(xy: Vector, zinc: Vector) -> None:
    graph = graph_of("knn8", xy)
    first, again, other = (permutation_p(zinc, None, graph, 99, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_p_is_uniform_where_there_is_no_structure() -> None:
    """With 99 draws p <= 0.1 has a probability of one in ten exactly; 4,000 site tests hold it to about 0.02."""
    rng = np.random.default_rng(0)
    places = rng.uniform(0, 100, (40, 2))
    graph = Neighbours.nearest(places, 5)
    low = [permutation_p(rng.lognormal(size=40), None, graph, 99, seed) <= 0.1 for seed in range(100)]
    assert np.mean(low) == pytest.approx(0.1, abs=0.02)


def test_how_many_spots_permutations_can_find() -> None:
    rng = np.random.default_rng(0)
    places = rng.uniform(0, 100, (400, 2))
    graph = Neighbours.nearest(places, 6)
    result = GetisOrd(permutations=99, level=0.05).test(graph, rng.normal(size=400))
    assert isinstance(result, HotSpots)
    assert result.fewest_findable == 80  # 400 · (1/100) / 0.05
    assert "no fewer than 80 spots" in result.definition


def test_meuse_has_hot_spots_and_says_how_they_are_defined(xy: Vector, zinc: Vector) -> None:
    graph = Neighbours.within(xy, default_band(xy))
    result = GetisOrd().test(graph, zinc)
    assert isinstance(result, HotSpots)
    assert result.hot.any()
    assert not (result.hot & result.cold).any()
    assert zinc[result.hot].mean() > 2 * zinc[result.cold].mean()
    for word in ("Gi*", "155 samples", "within", "Null hypothesis", "Benjamini", "not above a legal limit"):
        assert word in result.definition
    with pytest.raises(ValueError, match="read-only"):
        result.z[0] = 1


def test_islands_are_stated_and_not_tested(xy: Vector, zinc: Vector) -> None:
    for star in (True, False):
        result = GetisOrd(star=star).test(Neighbours.within(xy, 250), zinc)
        assert isinstance(result, HotSpots)
        assert result.islands.sum() == 2
        assert (result.p[result.islands] == 1).all()
        assert not (result.hot | result.cold)[result.islands].any()
        assert "2 samples were not tested, 2 of them without a neighbour" in result.definition


def test_bounds_need_both_extremes(xy: Vector, zinc: Vector) -> None:
    graph = Neighbours.within(xy, default_band(xy))
    censored = zinc < 200
    lower, upper = np.where(censored, 0, zinc), np.where(censored, 200, zinc)
    runs = [GetisOrd().test(graph, bound) for bound in (lower, upper)]
    both = GetisOrd().test(graph, lower, upper)
    assert isinstance(both, HotSpots)
    assert all(isinstance(run, HotSpots) for run in runs)
    low, high = (run for run in runs if isinstance(run, HotSpots))
    assert np.array_equal(both.hot, low.hot & high.hot)
    assert np.array_equal(both.cold, low.cold & high.cold)
    assert np.array_equal(both.q, np.maximum(low.q, high.q))
    assert f"{censored.sum()} values are known as bounds only" in both.definition


LINE = np.column_stack([np.arange(10.0), np.zeros(10)])


@pytest.mark.parametrize(
    ("graph", "lower", "upper", "sentence"),
    [
        (Neighbours.within(LINE[:4], 1), [1, 2, 3, 4], None, "4 samples, at least 8"),
        (Neighbours.within(LINE, 1), [3.0] * 10, None, "all values are equal"),
        (Neighbours.within(LINE, 1), [0.0] * 10, list(range(1, 11)), "all values are equal"),
        (Neighbours.within(LINE, 0.5), list(range(10)), None, "no sample has a neighbour"),
        (Neighbours.within(LINE, 50), list(range(10)), None, "every sample is a neighbour of every other"),
        (Neighbours.within(LINE, 1), list(range(10)), [np.inf] * 10, "10 values have no finite bound"),
        (Neighbours.within(np.empty((0, 2)), 1), [], None, "0 samples"),
    ],
)
@pytest.mark.parametrize("permutations", [0, 99])
def test_what_cannot_be_tested_is_said(
    graph: Neighbours, lower: list[float], upper: list[float] | None, sentence: str, permutations: int
) -> None:
    answer = GetisOrd(permutations=permutations).test(graph, lower, upper)
    assert isinstance(answer, NotTestable)
    assert sentence in answer.reason


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="10 samples need as many values"):
        GetisOrd().test(Neighbours.within(LINE, 1), [1.0])
    with pytest.raises(ValueError, match="false discovery rate"):
        GetisOrd(level=5)


def test_outlines_hold_their_members_and_nobody_far(xy: Vector, zinc: Vector) -> None:
    graph = Neighbours.within(xy, default_band(xy))
    spots = GetisOrd().test(graph, zinc)
    assert isinstance(spots, HotSpots)
    areas = cluster_outlines(xy, spots, graph, zinc)
    assert sorted(i for area in areas for i in area.members) == np.flatnonzero(spots.hot | spots.cold).tolist()
    for area in areas:
        assert area.polygon.is_valid
        assert area.polygon.geom_type == "Polygon"
        assert all(area.polygon.contains(Point(xy[i])) for i in area.members)
        assert area.highest == zinc[area.members].max()
        assert area.smallest_q <= spots.level
        assert (area.mean_z > 0) == (area.kind == "hot")
        distance = np.hypot(*(xy[:, None] - xy[area.members][None]).transpose(2, 0, 1)).min(axis=1)
        far = np.flatnonzero(distance > graph.band)
        assert not any(area.polygon.contains(Point(xy[i])) for i in far)


def test_an_outline_needs_a_width() -> None:
    graph = Neighbours.within(np.vstack([LINE, LINE]), 0)
    spots = GetisOrd().test(graph, np.arange(20.0))
    assert isinstance(spots, HotSpots)
    with pytest.raises(ValueError, match="positive length"):
        cluster_outlines(np.vstack([LINE, LINE]), spots, graph, np.arange(20.0))
