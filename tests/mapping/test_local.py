"""Local kriging in vector lanes against the same systems solved one by one."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mapping.compiled import compiled, covariances
from mapping.covariance import Covariance, Exponential, Gaussian, Matern, Nugget, Spherical
from mapping.local import LocalSystem
from mapping.trend import trend_of

RNG = np.random.default_rng(11)
XY = RNG.uniform(0.0, 1000.0, (150, 2))
PLACES = np.vstack([XY[:3], RNG.uniform(-100.0, 1100.0, (60, 2))])
DATA = RNG.standard_normal((150, 2))
MODELS = {
    "spherical": Nugget(0.1) + Spherical(0.9, 400.0),
    "exponential": Nugget(0.1) + Exponential(0.9, 150.0),
    "gaussian": Nugget(0.2) + Gaussian(0.9, 150.0),
    "matern 1.5": Nugget(0.1) + Matern(0.9, 90.0, smoothness=1.5),
    "matern 2.5": Nugget(0.1) + Matern(0.9, 60.0, smoothness=2.5),
    "several": Spherical(0.4, 200.0) + Exponential(0.3, 100.0) + Nugget(0.1),
    "no nugget": Exponential(1.0, 100.0),
    "nugget": Nugget(0.5),
    "turned": Nugget(0.1) + Exponential(0.9, 300.0, angle=30.0, ratio=0.3),
    "tiny range": Nugget(0.1) + Exponential(0.9, 1e-9),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("kind", ["simple", "ordinary", "universal"])
@pytest.mark.parametrize("neighbours", [6, 25])
def test_lanes_solve_what_one_by_one_is_solved(name: str, kind: str, neighbours: int) -> None:
    trend, _ = trend_of(kind, None, XY)
    system = LocalSystem(XY, MODELS[name], RNG.uniform(0.0, 0.2, 150), trend, neighbours)
    assert compiled(MODELS[name]) is not None
    found = system.krige(PLACES, system.dual(DATA))
    one_by_one = system._one_by_one(PLACES, system.dual(DATA), None)
    np.testing.assert_allclose(found.mean, one_by_one.mean, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(found.variance, one_by_one.variance, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.lagrange, one_by_one.lagrange, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("name", MODELS)
def test_compiled_covariances_are_the_covariances(name: str) -> None:
    model = compiled(MODELS[name])
    assert model is not None
    wanted = MODELS[name].between(PLACES, XY)
    np.testing.assert_allclose(covariances(model, PLACES, XY), wanted, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    "covariance",
    [Matern(1.0, 100.0, smoothness=0.8), Exponential(0.5, 100.0) + Spherical(0.5, 100.0, angle=20.0, ratio=0.5)],
)
def test_what_does_not_compile_is_solved_one_by_one(covariance: Covariance) -> None:
    trend, _ = trend_of("ordinary", None, XY)
    assert compiled(covariance) is None
    system = LocalSystem(XY, covariance, np.zeros(150), trend, 12)
    found = system.krige(PLACES, system.dual(DATA))
    assert np.isfinite(found.mean).all()
    np.testing.assert_allclose(found.variance[:3], 0.0, atol=1e-10)


def test_several_threads_may_predict_at_once() -> None:
    trend, _ = trend_of("ordinary", None, XY)
    system = LocalSystem(XY, MODELS["exponential"], np.zeros(150), trend, 12)
    dual = system.dual(DATA)
    alone = system.krige(PLACES, dual).mean
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(lambda _: system.krige(PLACES, dual).mean, range(20)):
            assert (found == alone).all()
