from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mapping.neighbours import Neighbours, default_band

SPDEP = Path(__file__).parents[1] / "reference" / "spdep"
Points = NDArray[np.float64]


def pairs(graph: Neighbours) -> set[tuple[int, int]]:
    return set(zip(graph.rows.tolist(), graph.indices.tolist(), strict=True))


@pytest.fixture(scope="module")
def meuse_places() -> Points:
    table = np.genfromtxt(SPDEP / "input_meuse.csv", delimiter=",", names=True)
    return np.column_stack([table["x"], table["y"]])


@pytest.mark.parametrize(
    ("name", "build"),
    [("band250", lambda xy: Neighbours.within(xy, 250)), ("knn8", lambda xy: Neighbours.nearest(xy, 8))],
)
def test_the_neighbours_of_spdep(name: str, build: Callable[[Points], Neighbours], meuse_places: Points) -> None:
    edges = np.loadtxt(SPDEP / f"edges_{name}.csv", delimiter=",", skiprows=1, dtype=int)
    assert pairs(build(meuse_places)) == set(map(tuple, edges.tolist()))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=25), st.integers(0, 5))
def test_a_band_finds_what_a_full_distance_matrix_finds(cells: list[tuple[int, int]], band: int) -> None:
    xy = np.array(cells, dtype=float)
    distance = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    expected = (distance <= band) & ~np.eye(len(xy), dtype=bool)
    assert np.array_equal(Neighbours.within(xy, band).matrix().toarray() > 0, expected)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=25), st.integers(1, 6))
def test_nearest_are_k_others_and_none_farther_than_one_left_out(cells: list[tuple[int, int]], k: int) -> None:
    xy = np.array(cells, dtype=float)
    graph = Neighbours.nearest(xy, k)
    assert (graph.counts == min(k, len(xy) - 1)).all()
    linked = graph.matrix().toarray() > 0
    assert not linked.diagonal().any()
    distance = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    left_out = np.where(linked | np.eye(len(xy), dtype=bool), np.inf, distance).min(axis=1)
    assert (np.where(linked, distance, 0).max(axis=1) <= left_out + 1e-12).all()


def test_samples_at_one_place_are_neighbours() -> None:
    xy = [[0, 0], [0, 0], [0, 0], [90, 0]]
    assert Neighbours.within(xy, 0).counts.tolist() == [2, 2, 2, 0]
    assert Neighbours.nearest(xy, 2).counts.tolist() == [2, 2, 2, 2]
    assert Neighbours.within(xy, 0).islands.tolist() == [False, False, False, True]


def test_row_standardised_weights_sum_to_one(meuse_places: Points) -> None:
    graph = Neighbours.within(meuse_places, 250).styled("W")
    sums = graph.matrix().sum(axis=1)
    assert np.allclose(sums[~graph.islands], 1)
    assert (sums[graph.islands] == 0).all()


def test_the_default_band_is_the_smallest_with_enough_neighbours_for_the_share(meuse_places: Points) -> None:
    band = default_band(meuse_places, least=8, share=0.95)
    assert band == 439
    enough, fewer = (Neighbours.within(meuse_places, reach).counts >= 8 for reach in (band, band - 1))
    assert enough.mean() >= 0.95 > fewer.mean()
    assert (Neighbours.within(meuse_places, default_band(meuse_places, share=1)).counts >= 8).all()


def test_the_default_band_of_few_places() -> None:
    assert default_band([[0, 0]]) == 0
    assert default_band([[0, 0], [3, 4]]) == 5


def test_components_are_joined_through_chosen_sites_only() -> None:
    graph = Neighbours.within([[0, 0], [1, 0], [2, 0], [3, 0], [9, 0]], 1)
    chosen = np.array([True, True, False, True, True])
    assert [group.tolist() for group in graph.components(chosen)] == [[0, 1], [3], [4]]
    assert graph.components(np.zeros(5, dtype=bool)) == []


@pytest.mark.parametrize("band", [-1.0, np.nan, np.inf])
def test_a_band_is_a_length(band: float) -> None:
    with pytest.raises(ValueError, match="distance band"):
        Neighbours.within([[0, 0], [1, 1]], band)


def test_a_graph_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="own neighbour"):
        Neighbours(np.array([0, 1]), np.array([0]), np.array([1.0]), 1.0, "")
    with pytest.raises(ValueError, match="numbered 0 to 0"):
        Neighbours(np.array([0, 1]), np.array([5]), np.array([1.0]), 1.0, "")
    with pytest.raises(ValueError, match="finite and positive"):
        Neighbours(np.array([0, 1, 1]), np.array([1]), np.array([-1.0]), 1.0, "")
    with pytest.raises(ValueError, match="1 or more"):
        Neighbours.nearest([[0, 0]], 0)
