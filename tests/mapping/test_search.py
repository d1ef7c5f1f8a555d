import numpy as np
import pytest
from numpy.typing import NDArray

from mapping.search import Search

RNG = np.random.default_rng(1)


def clustered() -> NDArray[np.float64]:
    return np.vstack([RNG.uniform(0.0, 1000.0, (300, 2)), 500.0 + RNG.standard_normal((3000, 2))])


@pytest.mark.parametrize(
    "xy",
    [
        RNG.uniform(0.0, 1000.0, (5, 2)),
        RNG.uniform(0.0, 1000.0, (4000, 2)),
        np.column_stack([np.arange(50.0), np.zeros(50)]),
        np.zeros((1, 2)),
        clustered(),
    ],
    ids=["five", "many", "line", "one", "clustered"],
)
@pytest.mark.parametrize("k", [1, 7, 32])
def test_buckets_find_what_a_tree_finds(xy: NDArray[np.float64], k: int) -> None:
    search, targets = Search(xy), RNG.uniform(-400.0, 1400.0, (1500, 2))
    assert (search.nearest_index(targets, k) == search.nearest(targets, k)[1]).all()


def test_equally_near_places_come_in_their_order() -> None:
    lattice = np.stack(np.meshgrid(np.arange(9.0), np.arange(9.0)), -1).reshape(-1, 2)
    order = RNG.permutation(81)
    found = Search(lattice[order]).nearest_index(np.array([[4.0, 4.0], [0.5, 0.5]]), 4)
    distance = np.linalg.norm(lattice[order] - [4.0, 4.0], axis=1)
    assert found[0].tolist() == np.lexsort([np.arange(81), distance])[:4].tolist()
    assert found[1].tolist() == sorted(found[1].tolist())
