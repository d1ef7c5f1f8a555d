"""Indicator kriging: gstat's Brier scores, and laws."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mapping.covariance import Nugget, Spherical
from mapping.indicator import IndicatorKriging, ordered
from mapping.samples import Samples

LIMITS = (200.0, 500.0, 720.0)


def test_brier_scores_of_zinc(meuse: Samples, gstat: Callable[[str], Any]) -> None:
    """The reference clips the left-out probabilities to [0, 1], as we do."""
    models, stats = gstat("variogram_models"), gstat("stats")
    covariances = []
    for limit in LIMITS:
        nugget, spherical = models[models["name"] == f"I_zinc_gt_{limit:g}_Sph"]
        covariances.append(Nugget(float(nugget["psill"])) + Spherical(float(spherical["psill"]), spherical["range"]))
    fitted = IndicatorKriging(LIMITS, covariances=tuple(covariances)).fit(meuse)
    for limit in LIMITS:
        (row,) = stats[(stats["model"] == f"IK_gt_{limit:g}") & (stats["what"] == "cv_Brier")]
        assert fitted.brier()[LIMITS.index(limit)] == pytest.approx(row["value"], rel=1e-9)


def test_probabilities_fall_with_the_limit(meuse: Samples, meuse_grid: NDArray[np.float64]) -> None:
    probability = IndicatorKriging(LIMITS, neighbours=30).fit(meuse).exceedance(meuse_grid[:500])
    assert ((probability >= 0.0) & (probability <= 1.0)).all()
    assert (np.diff(probability, axis=1) <= 1e-15).all()


def test_bounds_have_their_say_where_they_decide(meuse: Samples) -> None:
    lower, upper = meuse.lower.copy(), meuse.upper.copy()
    lower[:20], upper[:20] = 0.0, np.maximum(upper[:20], 600.0)
    fitted = IndicatorKriging((300.0, 10_00.0)).fit(Samples(meuse.xy, lower, upper))
    undecided = int((upper[:20] > 1000.0).sum())
    assert fitted.notes[0].startswith("20 of 155 samples may lie on either side of 300")
    assert [model.samples.n for model in fitted.models] == [135, 155 - undecided]


@given(st.lists(st.lists(st.floats(-0.5, 1.5), min_size=4, max_size=4), min_size=1, max_size=5))
def test_ordering_changes_nothing_that_is_in_order(rows: list[list[float]]) -> None:
    found = ordered(rows)
    assert (np.diff(found, axis=1) <= 0.0).all()
    np.testing.assert_array_equal(ordered(found), found)
    already = np.sort(np.clip(rows, 0.0, 1.0), axis=1)[:, ::-1]
    np.testing.assert_array_equal(ordered(already), already)


@pytest.mark.parametrize("limits", [(), (2.0, 1.0), (1.0, 1.0), (float("nan"),)])
def test_limits_must_rise(limits: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="finite limits in rising order"):
        IndicatorKriging(limits)


def test_a_limit_beyond_the_data_is_named(meuse: Samples) -> None:
    with pytest.raises(ValueError, match="0 samples lie above 5000 and 155 below"):
        IndicatorKriging((5_000.0,)).fit(meuse)
