"""The profile of clustering over distance bands: Moran's I of each band, and a level that choosing does not break."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mapping.hotspots import NotTestable
from mapping.moran import Clustering, clustering
from mapping.neighbours import Neighbours
from mapping.profile import ScaleProfile, scale_profile

Vector = NDArray[np.float64]


def profiled(xy: Vector, values: Vector, **asked: int) -> ScaleProfile:
    found = scale_profile(xy, values, **asked)
    assert isinstance(found, ScaleProfile)
    return found


def test_every_band_has_the_moran_of_its_graph() -> None:
    rng = np.random.default_rng(0)
    xy, values = rng.uniform(0, 100, (80, 2)), rng.lognormal(size=80)
    found = profiled(xy, values)
    assert (np.diff(found.bands) > 0).all()
    for band, moran, z, near in zip(found.bands, found.moran, found.z, found.neighbours, strict=True):
        graph = Neighbours.within(xy, float(band))
        alone = clustering(graph, values)
        assert isinstance(alone, Clustering)
        if not graph.islands.any():
            assert moran == pytest.approx(alone.value)
            assert z == pytest.approx(alone.z, abs=0.3)
        assert near == pytest.approx(graph.counts.mean())


def test_a_band_that_was_chosen_keeps_the_level() -> None:
    rng = np.random.default_rng(1)
    xy = rng.uniform(0, 100, (60, 2))
    found = [profiled(xy, rng.lognormal(size=60), permutations=99, seed=seed) for seed in range(120)]
    assert np.mean([each.p_over_all.min() <= 0.1 for each in found]) == pytest.approx(0.1, abs=0.07)
    assert np.mean([each.p.min() <= 0.1 for each in found]) > 0.15
    for each in found:
        assert (each.p_over_all >= each.p - 1e-12).all()


def test_the_scale_of_a_pattern_is_found() -> None:
    rng = np.random.default_rng(2)
    xy = rng.uniform(0, 100, (500, 2))
    coarse = np.sin(xy[:, 0] / 100 * 2 * np.pi) + rng.normal(size=500)
    fine = np.sin(xy[:, 0] / 12 * 2 * np.pi) * np.sin(xy[:, 1] / 12 * 2 * np.pi) + 0.3 * rng.normal(size=500)
    wide, narrow = profiled(xy, coarse), profiled(xy, fine)
    assert wide.peak is not None
    assert narrow.peak is not None
    assert wide.peak > 2 * narrow.peak
    assert "over all bands" in wide.definition


@pytest.mark.parametrize(
    ("xy", "values", "sentence"),
    [
        (np.zeros((4, 2)), np.arange(4.0), "4 samples, at least 8"),
        (np.zeros((20, 2)), np.arange(20.0), "all samples lie at one place"),
        (np.eye(20)[:, :2], np.ones(20), "all values are equal"),
        (np.eye(20)[:, :2], np.full(20, np.nan), "20 values are not finite"),
    ],
)
def test_what_has_no_profile_is_said(xy: Vector, values: Vector, sentence: str) -> None:
    answer = scale_profile(xy, values)
    assert isinstance(answer, NotTestable)
    assert sentence in answer.reason


def test_bands_must_rise() -> None:
    with pytest.raises(ValueError, match="rising lengths"):
        scale_profile(np.random.default_rng(0).uniform(size=(9, 2)), np.arange(9.0), [3, 2])
