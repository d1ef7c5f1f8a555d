"""Normal scores: a rising scale makes no difference, and bounds stay bounds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.hotspots import GetisOrd, HotSpots
from mapping.neighbours import Neighbours
from mapping.scores import normal_scores

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(2, 60))
def test_a_rising_scale_makes_no_difference(seed: int, n: int) -> None:
    draw = np.random.default_rng(seed)
    low = draw.lognormal(3, 2, n).round()
    high = low + draw.integers(0, 2, n) * draw.integers(1, 30, n)
    scores = normal_scores(low, high)
    assert np.array_equal(scores, normal_scores(np.log1p(low), np.log1p(high)))
    assert (scores[0] <= scores[1]).all()
    assert np.array_equal(scores[0] == scores[1], low == high)


def test_one_extreme_value_hides_no_cluster() -> None:
    draw = np.random.default_rng(4)
    xy = draw.uniform(0, 100, (400, 2))
    values = draw.lognormal(1.0 + 1.5 * (np.hypot(*(xy - 30).T) < 15), 0.4)
    values[0] = 1e5
    graph = Neighbours.within(xy, 8.0)
    found = GetisOrd(permutations=999).test(graph, *normal_scores(values, values))
    assert isinstance(found, HotSpots)
    inside = np.hypot(*(xy - 30).T) < 12
    assert found.hot[inside].mean() > 0.8
    assert found.hot[np.hypot(*(xy - 30).T) > 30].mean() < 0.05


def test_bounds_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="two arrays of one length"):
        normal_scores([1, 2], [1])
