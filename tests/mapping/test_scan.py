"""The scan statistic: against all circles tried one by one, level, power, and what cannot be scanned."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mapping.hotspots import NotTestable
from mapping.scan import Scan, bernoulli_scan


def scanned(xy: NDArray[np.float64], case: NDArray[np.bool_], seed: int = 0, simulations: int = 99) -> Scan:
    found = bernoulli_scan(xy, case, seed=seed, simulations=simulations)
    assert isinstance(found, Scan)
    return found


def log_likelihood(cases: int, samples: int) -> float:
    rate = cases / samples
    return float(sum(count * np.log(share) for count, share in ((cases, rate), (samples - cases, 1 - rate)) if count))


def best_circle(xy: NDArray[np.float64], case: NDArray[np.bool_]) -> float:
    n, total, best = len(case), int(case.sum()), 0.0
    for centre in xy:
        distance = np.hypot(*(xy - centre).T)
        for radius in np.unique(distance):
            inside = distance <= radius
            k, c = int(inside.sum()), int(case[inside].sum())
            if k <= n // 2 and c / k > total / n:
                rest = log_likelihood(total - c, n - k)
                best = max(best, log_likelihood(c, k) + rest - log_likelihood(total, n))
    return best


@pytest.mark.parametrize("seed", range(6))
def test_the_best_circle_is_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    xy = np.round(rng.uniform(0, 12, (40, 2)))  # many at one place or at one distance
    case = rng.random(40) < 0.3
    assert scanned(xy, case).likeliest.ratio == pytest.approx(best_circle(xy, case))


def test_a_planted_cluster_is_found_and_another_beside_it() -> None:
    rng = np.random.default_rng(1)
    xy = rng.uniform(0, 100, (300, 2))
    first, second = (np.hypot(*(xy - centre).T) < 12 for centre in ([25, 25], [75, 70]))
    case = rng.random(300) < np.where(first | second, 0.9, 0.1)
    found = scanned(xy, case, simulations=999)
    assert len(found.clusters) == 2
    assert not set(found.clusters[0].members) & set(found.clusters[1].members)
    for cluster in found.clusters:
        assert cluster.p == 0.001
        assert cluster.cases > 3 * cluster.expected
        inside = np.hypot(*(xy - xy[cluster.centre]).T) <= cluster.radius
        assert sorted(cluster.members) == np.flatnonzero(inside).tolist()
    assert "300 samples" in found.definition


def test_chance_is_found_as_often_as_the_level_says() -> None:
    rng = np.random.default_rng(2)
    xy = rng.uniform(0, 100, (60, 2))
    p = [scanned(xy, rng.random(60) < 0.25, seed).likeliest.p for seed in range(100)]
    assert np.mean(np.array(p) <= 0.1) == pytest.approx(0.1, abs=0.08)
    assert 0.35 < np.mean(p) < 0.65


LINE = np.column_stack([np.arange(10.0), np.zeros(10)])


@pytest.mark.parametrize(
    ("xy", "case", "sentence"),
    [
        (LINE[:4], [True] * 4, "4 samples, at least 8"),
        (LINE, [False] * 10, "no sample exceeds"),
        (LINE, [True] * 10, "all samples exceed"),
        (np.zeros((10, 2)), [True] + [False] * 9, "no circle holds part"),
    ],
)
def test_what_cannot_be_scanned_is_said(xy: NDArray[np.float64], case: list[bool], sentence: str) -> None:
    answer = bernoulli_scan(xy, case)
    assert isinstance(answer, NotTestable)
    assert sentence in answer.reason


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="10 samples need as many cases"):
        bernoulli_scan(LINE, [True])
    with pytest.raises(ValueError, match="largest"):
        bernoulli_scan(LINE, [True] * 10, largest=0.7)
