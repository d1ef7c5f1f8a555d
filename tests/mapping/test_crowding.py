"""Clusters of exceeding samples."""

import numpy as np
import pytest

from mapping.crowding import ALGORITHMS, Crowding
from mapping.hotspots import NotTestable


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_two_crowds_are_two_clusters_of_exceeding_samples(algorithm: str) -> None:
    rng = np.random.default_rng(0)
    crowds = [rng.normal(centre, 2.0, (size, 2)) for centre, size in (((20, 20), 25), ((80, 70), 15))]
    xy = np.vstack([*crowds, rng.uniform(0, 100, (60, 2))])
    exceeding = np.arange(100) < 40
    found = Crowding(algorithm, 4, 4.0 if algorithm == "dbscan" else None).clusters(xy, exceeding)
    assert isinstance(found, tuple)
    assert len(found) == 2
    assert len(found[0]) > len(found[1])
    assert set(found[0]) <= set(range(25))
    assert set(found[1]) <= set(range(25, 40))
    assert len(found[0]) > 20


def test_too_few_are_no_cluster() -> None:
    answer = Crowding("dbscan", 4, 10.0).clusters(np.zeros((9, 2)), [True] * 3 + [False] * 6)
    assert isinstance(answer, NotTestable)
    assert "3 samples exceed, at least 4" in answer.reason


@pytest.mark.parametrize(
    ("algorithm", "least", "reach", "sentence"),
    [
        ("kmeans", 4, None, "known are dbscan, hdbscan"),
        ("dbscan", 1, 5.0, "at least 2"),
        ("dbscan", 4, None, "dbscan needs a reach"),
        ("hdbscan", 4, 5.0, "hdbscan takes none"),
        ("dbscan", 4, -1.0, "length above 0"),
    ],
)
def test_mistakes_are_named(algorithm: str, least: int, reach: float | None, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Crowding(algorithm, least, reach)
