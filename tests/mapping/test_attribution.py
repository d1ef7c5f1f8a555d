"""Sources are tested for decay of values with distance: laws of the test, its size and its power."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from mapping.arrays import Points, Vector
from mapping.attribution import Attribution, DecayTest, at_least, model_without
from mapping.covariance import Exponential, Nugget
from mapping.decay import decay_curve
from mapping.hotspots import NotTestable
from mapping.kriging import FittedKriging, Kriging
from mapping.samples import Samples
from mapping.transform import Identity, Log

FIELD = Nugget(0.3) + Exponential(0.7, 1_000.0)
REACH = 15_000.0


def survey(seed: int, n: int = 120, sources: int = 5) -> tuple[Points, Points, Vector]:
    """Samples, half of them crowded around sources that the correlated field knows nothing of."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(10_000, 90_000, (sources, 2))
    crowd = at[rng.integers(0, sources, n // 2)] + rng.normal(0.0, 5_000.0, (n // 2, 2))
    xy = np.vstack([crowd, rng.uniform(0, 100_000, (n - n // 2, 2))])
    values = np.linalg.cholesky(FIELD.between(xy, xy)) @ rng.standard_normal(n)
    return xy, at, values


def attributed(xy: Points, at: Points, values: Vector, seed: int) -> Attribution:
    distance = cdist(xy, at)
    model = model_without(Samples.measured(xy, values), distance, Identity())
    found = DecayTest(draws=199, seed=seed).test(model, distance)
    assert isinstance(found, Attribution)
    return found


def known(xy: Points, values: Vector) -> FittedKriging:
    return Kriging(transform=Identity(), covariance=FIELD).fit(Samples.measured(xy, values))


def test_sources_that_the_field_knows_nothing_of_are_rarely_found() -> None:
    found = [attributed(*survey(seed), seed) for seed in range(8)]
    assert sum(one.overall <= 0.05 for one in found) <= 2
    every = np.concatenate([one.p for one in found])
    assert np.mean(every <= 0.05) <= 0.15


def test_a_planted_decay_is_found_at_its_source() -> None:
    first, p = 0, []
    for seed in range(10):
        xy, at, values = survey(seed)
        found = attributed(xy, at, values + 2.0 * np.exp(-cdist(xy, at[:1])[:, 0] / REACH), seed)
        first += int(np.nanargmax(found.score)) == 0
        p.append(found.p[0])
    assert first >= 8
    assert np.mean(np.array(p) <= 0.05) >= 0.8


def test_p_values_are_uniform_when_the_covariance_is_known() -> None:
    xy, at, _ = survey(1)
    rng = np.random.default_rng(3)
    root, distance = np.linalg.cholesky(FIELD.between(xy, xy)), cdist(xy, at)
    fields = [root @ rng.standard_normal(len(xy)) for _ in range(100)]
    p = [DecayTest(draws=99).test(known(xy, each), distance).p for each in fields]  # type: ignore[union-attr]
    share = np.mean(np.concatenate(p) <= 0.1)
    assert 0.06 <= share <= 0.13


def test_the_bound_is_that_of_the_greatest_of_correlated_normals() -> None:
    likeness = np.array([[0.95, 0.9, 0.8]])
    rng, chain = np.random.default_rng(0), [np.random.default_rng(1).standard_normal(400_000)]
    for each in likeness[0]:
        chain.append(each * chain[-1] + np.sqrt(1 - each**2) * rng.standard_normal(400_000))
    greatest = np.max(chain, axis=0)
    for score in (1.0, 2.0, 2.5):
        share = float(np.mean(greatest >= score))
        bound = float(at_least(np.array([score]), likeness)[0])
        assert share * 0.97 <= bound <= share * 1.25


def test_the_unit_and_the_origin_do_not_matter() -> None:
    xy, at, values = survey(2)
    distance = cdist(xy, at)
    one = DecayTest(draws=99).test(known(xy, values), distance)
    scaled = Kriging(transform=Identity(), covariance=Nugget(1.2) + Exponential(2.8, 1_000.0))
    other = DecayTest(draws=99).test(scaled.fit(Samples.measured(xy + 500.0, 2.0 * values + 7.0)), distance)
    assert isinstance(one, Attribution)
    assert isinstance(other, Attribution)
    np.testing.assert_allclose(one.score, other.score, rtol=1e-6)
    np.testing.assert_allclose(2.0 * one.rise, other.rise, rtol=1e-6)


def test_what_cannot_be_tested_is_said() -> None:
    xy, at, values = survey(3)
    near = known(xy, values)
    assert isinstance(DecayTest().test(near, np.empty((120, 0))), NotTestable)
    flat = DecayTest().test(known(xy, np.ones(120)), cdist(xy, at))
    few = DecayTest().test(known(xy[:5], values[:5]), cdist(xy[:5], at))
    far = DecayTest().test(near, cdist(xy, at + 1e6))
    for refused, word in ((flat, "equal"), (few, "5 places"), (far, "no source")):
        assert isinstance(refused, NotTestable)
        assert word in refused.reason


def test_a_source_without_samples_near_it_is_left_out_alone() -> None:
    xy, at, values = survey(4)
    found = DecayTest(draws=99).test(known(xy, values), cdist(xy, np.vstack([at, [[5e6, 5e6]]])))
    assert isinstance(found, Attribution)
    assert found.tested.tolist() == [True] * 5 + [False]
    assert np.isnan(found.q[-1])


@pytest.mark.parametrize("bad", [np.ones((3, 2)), np.full((120, 1), -1.0), np.full((120, 1), np.nan)])
def test_distances_that_are_none_are_refused(bad: Vector) -> None:
    xy, _, values = survey(5)
    with pytest.raises(ValueError, match="distances"):
        DecayTest().test(known(xy, values), bad)


def test_a_decay_curve_covers_the_planted_background_and_factor() -> None:
    covered = []
    for seed in range(6):
        xy, at, values = survey(seed)
        nearest = cdist(xy, at).min(axis=1)
        planted = np.exp(3.0 + 0.3 * values + 1.5 * np.exp(-nearest / REACH))
        curve = decay_curve(model_without(Samples.measured(xy, planted), nearest, Log()), nearest)
        covered.append(curve.background[0] <= np.exp(3.0) <= curve.background[2])
        covered.append(curve.factor[0] <= np.exp(1.5) <= curve.factor[2])
        assert (curve.low <= curve.median).all()
        assert (curve.median <= curve.high).all()
    assert np.mean(covered) >= 0.75
