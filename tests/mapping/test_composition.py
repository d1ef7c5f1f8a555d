"""Principal components of log-ratios: laws of compositions."""

from pathlib import Path

import numpy as np
import pytest

from mapping.arrays import Vector
from mapping.biplot import write_biplot
from mapping.composition import LogRatioComponents, imputed, spatial_median

NAMES = ("arsenic", "copper", "iron", "lead", "zinc")
SOURCE = np.array([0.0, 0.2, -1.0, 0.9, 0.7])


def soils(n: int = 150, seed: int = 0) -> Vector:
    """Concentrations on which one source puts copper, lead and zinc."""
    rng = np.random.default_rng(seed)
    value: Vector = np.exp(3.0 + rng.standard_normal((n, 1)) * SOURCE + 0.2 * rng.standard_normal((n, 5)))
    return value


@pytest.mark.parametrize("robust", [True, False])
def test_the_direction_of_a_source_is_found(robust: bool) -> None:
    found = LogRatioComponents(2, robust).find(NAMES, soils(), soils())
    expected = (SOURCE - SOURCE.mean()) / np.linalg.norm(SOURCE - SOURCE.mean())
    assert abs(found.loadings[0] @ expected) > 0.97
    assert found.share[0] > 0.8


@pytest.mark.parametrize("robust", [True, False])
def test_units_and_dilution_do_not_matter(robust: bool) -> None:
    value, rng = soils(), np.random.default_rng(1)
    other = value * rng.uniform(0.1, 10.0, (len(value), 1)) * np.array([1.0, 1e3, 1.0, 1e-3, 7.0])
    one, two = (LogRatioComponents(3, robust).find(NAMES, each, each) for each in (value, other))
    np.testing.assert_allclose(one.loadings, two.loadings, atol=1e-6)
    np.testing.assert_allclose(one.scores, two.scores, atol=1e-6)


def test_loadings_are_orthonormal_and_sum_to_zero() -> None:
    found = LogRatioComponents(4).find(NAMES, soils(), soils())
    np.testing.assert_allclose(found.loadings @ found.loadings.T, np.eye(4), atol=1e-9)
    np.testing.assert_allclose(found.loadings.sum(axis=1), 0.0, atol=1e-9)


def test_a_few_hot_spots_do_not_turn_the_robust_direction() -> None:
    value = soils()
    spoilt = value.copy()
    spoilt[:8, 0] *= 1e4
    clean, robust, classical = (
        LogRatioComponents(1, kind).find(NAMES, each, each).loadings[0]
        for kind, each in ((True, value), (True, spoilt), (False, spoilt))
    )
    assert abs(clean @ robust) > 0.95
    assert abs(clean @ classical) < 0.5


def test_what_is_below_detection_is_put_inside_its_bounds() -> None:
    truth = np.exp(np.random.default_rng(2).normal(1.0, 0.8, 4_000))
    limit = float(np.quantile(truth, 0.3))
    low, high = np.where(truth < limit, 0.0, truth), np.maximum(truth, limit)
    logs = imputed(low, high)
    assert (np.exp(logs[truth < limit]) < limit).all()
    assert logs[truth < limit].mean() == pytest.approx(np.log(truth[truth < limit]).mean(), abs=0.03)
    np.testing.assert_array_equal(logs[truth >= limit], np.log(truth[truth >= limit]))


def test_what_cannot_be_used_is_named() -> None:
    low, high = soils(), soils()
    low[:80, 0], high[:, 1] = 0.0, 5.0
    low[:, 1] = 5.0
    found = LogRatioComponents().find(NAMES, low, high)
    assert found.parts == ("iron", "lead", "zinc")
    assert dict(found.left_out) == {
        "arsenic": "53% of the values are known by bounds only",
        "copper": "all values are equal",
    }
    with pytest.raises(ValueError, match="parts can be used"):
        LogRatioComponents().find(NAMES[:2], soils()[:, :2], soils()[:, :2])
    with pytest.raises(ValueError, match="too few"):
        LogRatioComponents().find(NAMES, soils(4), soils(4))


def test_the_spatial_median_moves_with_the_points() -> None:
    points = np.random.default_rng(3).standard_normal((50, 3))
    np.testing.assert_allclose(spatial_median(points + 7.0), spatial_median(points) + 7.0, atol=1e-8)


def test_a_biplot_is_written(tmp_path: Path) -> None:
    found = LogRatioComponents().find(NAMES, soils(), soils())
    write_biplot(tmp_path / "biplot.png", found, "Five metals")
    assert (tmp_path / "biplot.png").stat().st_size > 10_000
    with pytest.raises(ValueError, match="two components"):
        write_biplot(tmp_path / "one.png", LogRatioComponents(1).find(NAMES, soils(), soils()), "One")
