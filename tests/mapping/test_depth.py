import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.depth import STANDARD_DEPTHS, Profile, means_at_depths

LAYERS = Profile(np.array([0.0, 10.0, 20.0, 45.0]), np.array([10.0, 20.0, 40.0, 90.0]))
VALUES = np.array([60.0, 40.0, 35.0, 8.0])


def test_without_smoothing_the_layers_keep_their_mass() -> None:
    for top, bottom, value in zip(LAYERS.top, LAYERS.bottom, VALUES, strict=True):
        low, high = means_at_depths(LAYERS, VALUES, VALUES, [top, bottom], smoothing=0.0)
        assert low[0] == pytest.approx(value, rel=1e-10)
        assert high[0] == low[0]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.5, 40.0), min_size=1, max_size=8), st.integers(0, 99), st.floats(0.0, 10.0))
def test_means_over_finer_depths_add_up_and_a_constant_stays(thick: list[float], seed: int, smoothing: float) -> None:
    edges = np.concatenate([[0.0], np.cumsum(thick)])
    profile = Profile(edges[:-1], edges[1:])
    values = np.random.default_rng(seed).uniform(1.0, 100.0, len(thick))
    fine = np.linspace(0.0, edges[-1], 31)
    weights = profile.weights(fine, smoothing)
    whole = profile.weights(edges[[0, -1]], smoothing)
    np.testing.assert_allclose((weights @ values).mean(), whole @ values, rtol=1e-8)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-9)
    np.testing.assert_allclose((profile.weights(edges, smoothing) @ values).sum(), values.sum(), rtol=1e-8)


def test_the_curve_is_smooth() -> None:
    """Means over millimetres neither jump nor turn sharply, inside layers and across their bounds and gaps."""
    fine = np.arange(0.0, 90.001, 0.1)
    curve = LAYERS.weights(fine, 0.1) @ VALUES
    assert np.abs(np.diff(curve)).max() < 0.5
    assert np.abs(np.diff(curve, 2)).max() < 0.02


def test_more_smoothing_is_flatter_and_follows_less() -> None:
    fine = np.arange(0.0, 90.001, 0.5)
    rough = [float((np.diff(LAYERS.weights(fine, each) @ VALUES) ** 2).sum()) for each in (0.0, 0.1, 1.0, 100.0)]
    assert rough == sorted(rough, reverse=True)


def test_what_the_profile_does_not_reach_has_no_mean() -> None:
    low, high = means_at_depths(LAYERS, VALUES, VALUES, STANDARD_DEPTHS)
    assert np.isfinite(low[:4]).all()
    assert np.isnan(low[4:]).all()
    assert np.isnan(high[4:]).all()


def test_bounds_hold_the_means_of_all_values_inside_them() -> None:
    lower, upper = np.array([60.0, 0.0, 35.0, 0.0]), np.array([60.0, 50.0, 35.0, 20.0])
    low, high = means_at_depths(LAYERS, lower, upper, [0.0, 5.0, 30.0, 60.0])
    assert (low <= high).all()
    rng = np.random.default_rng(1)
    for _ in range(200):
        values = rng.uniform(lower, upper)
        mean, _ = means_at_depths(LAYERS, values, values, [0.0, 5.0, 30.0, 60.0])
        assert ((low <= mean + 1e-9) & (mean <= high + 1e-9)).all()


@pytest.mark.parametrize(
    ("top", "bottom", "said"),
    [
        ([0.0, 5.0], [10.0, 20.0], "layers 0 and 1 overlap"),
        ([10.0, 0.0], [20.0, 10.0], "not in order"),
        ([0.0], [0.0], "layer 0: 0 to 0 cm is not a layer"),
        ([np.nan], [1.0], "is not a layer"),
        ([], [], "one top and one bottom"),
    ],
)
def test_impossible_layers_are_refused(top: list[float], bottom: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Profile(np.array(top), np.array(bottom))


def test_impossible_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="must rise"):
        LAYERS.weights([10.0, 5.0])
    with pytest.raises(ValueError, match="smoothing"):
        LAYERS.weights([0.0, 5.0], -1.0)
    with pytest.raises(ValueError, match="as many bounds"):
        means_at_depths(LAYERS, VALUES[:2], VALUES[:2], [0.0, 5.0])
