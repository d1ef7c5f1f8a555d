"""Which data a place is predicted from: laws of the search, and squares that share their data."""

from typing import Any

import numpy as np
import pytest

from mapping.arrays import Vector
from mapping.covariance import Covariance, Exponential, Nugget, Spherical
from mapping.estimates import Estimates
from mapping.kriging import FittedKriging, Kriging
from mapping.local import LocalSystem
from mapping.neighbourhood import Neighbourhood
from mapping.samples import Samples
from mapping.shared import SharedSystem
from mapping.system import GlobalSystem
from mapping.transform import Identity
from mapping.trend import trend_of

RNG = np.random.default_rng(5)
CLUSTERED = np.vstack([RNG.uniform(0.0, 1000.0, (150, 2)), RNG.normal(400.0, 4.0, (200, 2))])
LATTICE = np.stack(np.meshgrid(np.arange(18.0), np.arange(18.0)), -1).reshape(-1, 2) * 55.0
DESIGNS = {"even": RNG.uniform(0.0, 1000.0, (300, 2)), "clustered": CLUSTERED, "lattice": LATTICE}
PLACES = np.vstack([RNG.uniform(-50.0, 1050.0, (150, 2)), RNG.normal(400.0, 8.0, (150, 2)), LATTICE[:40] + 27.5])
MODEL = Nugget(0.1) + Exponential(0.9, 120.0)
SHORT = Nugget(0.02) + Spherical(1.0, 60.0)
every_design = pytest.mark.parametrize("design", DESIGNS)


def system(design: str, neighbours: int | Neighbourhood, covariance: Covariance = MODEL) -> LocalSystem:
    xy = DESIGNS[design]
    kind = SharedSystem if isinstance(neighbours, Neighbourhood) and neighbours.shared else LocalSystem
    return kind(xy, covariance, np.zeros(len(xy)), trend_of("ordinary", None, xy)[0], neighbours)


def krige(found: LocalSystem | GlobalSystem, n: int, places: Vector = PLACES) -> Estimates:
    return found.krige(places, found.dual(np.random.default_rng(3).standard_normal((n, 2))))


def expected(xy: Vector, hood: Neighbourhood, place: Vector) -> set[int]:
    """The data of one place, by looking at all of them."""
    offset = (xy - place) @ hood.turn
    square = (offset**2).sum(axis=1)
    allowed = np.full(len(xy), True) if hood.radius is None else square <= hood.radius**2
    if hood.octants:
        dx, dy = offset.T
        octant = (dx < 0) + 2 * (dy < 0) + 4 * (abs(dx) < abs(dy))
        for each in range(8):
            members = np.flatnonzero((octant == each) & allowed)
            allowed[members[np.argsort(square[members], kind="stable")[hood.maximum // 8 :]]] = False
    nearest = np.flatnonzero(allowed)[np.argsort(square[allowed], kind="stable")][: hood.maximum]
    return set(nearest.tolist())


@pytest.mark.parametrize("design", ["even", "clustered"])
@pytest.mark.parametrize(
    "hood",
    [
        Neighbourhood(1),
        Neighbourhood(12),
        Neighbourhood(300),
        Neighbourhood(15, radius=90.0),
        Neighbourhood(15, angle=30.0, ratio=0.25),
        Neighbourhood(24, radius=200.0, octants=True),
        Neighbourhood(24, radius=300.0, angle=70.0, ratio=0.5, octants=True),
    ],
    ids=lambda hood: hood.describe(),
)
def test_the_data_of_a_place_are_those_that_looking_at_all_finds(design: str, hood: Neighbourhood) -> None:
    found = system(design, hood)
    near = found._near(PLACES, hood)
    for place, held in zip(PLACES, near, strict=True):
        assert set(found.strips.order[held[held >= 0]].tolist()) == expected(DESIGNS[design], hood, place)


def test_equally_near_data_are_chosen_by_where_they_lie_and_not_by_their_order() -> None:
    order = RNG.permutation(len(LATTICE))
    trend = trend_of("ordinary", None, LATTICE)[0]
    values = np.sin(LATTICE.sum(axis=1))[:, None]
    one = LocalSystem(LATTICE, MODEL, np.zeros(len(LATTICE)), trend, 7)
    other = LocalSystem(LATTICE[order], MODEL, np.zeros(len(LATTICE)), trend, 7)
    places = LATTICE + 27.5
    found = one.krige(places, one.dual(values))
    assert (other.krige(places, other.dual(values[order])).mean == found.mean).all()


@every_design
@pytest.mark.parametrize("hood", [Neighbourhood(20), Neighbourhood(20, shared=130.0)], ids=["own", "shared"])
def test_a_value_does_not_depend_on_its_company_to_the_last_bit(design: str, hood: Neighbourhood) -> None:
    found, n = system(design, hood), len(DESIGNS[design])
    together, order = krige(found, n), np.random.default_rng(1).permutation(len(PLACES))
    shuffled = krige(found, n, PLACES[order])
    assert (shuffled.mean == together.mean[order]).all()
    assert (shuffled.variance == together.variance[order]).all()
    for i in (0, 151, 339):
        alone = krige(found, n, PLACES[i : i + 1])
        assert (alone.mean[0] == together.mean[i]).all()
        assert alone.variance[0] == together.variance[i]


def test_places_with_too_few_data_have_no_value() -> None:
    found = krige(system("even", Neighbourhood(20, minimum=5, radius=60.0)), 300)
    distance = np.hypot(*(PLACES[:, None] - DESIGNS["even"][None]).transpose(2, 0, 1))
    few = (distance <= 60.0).sum(axis=1) < 5
    assert 0 < few.sum() < len(PLACES)
    assert (np.isnan(found.variance) == few).all()
    assert (np.isnan(found.mean[:, 0]) == few).all()


@every_design
def test_squares_with_all_data_solve_the_one_system_of_all(design: str) -> None:
    xy = DESIGNS[design]
    trend = trend_of("ordinary", None, xy)[0]
    whole = GlobalSystem(xy, MODEL, np.zeros(len(xy)), trend)
    shared = SharedSystem(xy, MODEL, np.zeros(len(xy)), trend, Neighbourhood(len(xy), shared=400.0))
    one, other = krige(whole, len(xy)), krige(shared, len(xy))
    np.testing.assert_allclose(other.mean, one.mean, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(other.variance, one.variance, rtol=1e-9)
    np.testing.assert_allclose(other.lagrange, one.lagrange, rtol=1e-8, atol=1e-12)


@every_design
@pytest.mark.parametrize("covariance", [MODEL, SHORT], ids=["long", "short"])
def test_shared_data_are_closer_to_all_data_than_as_many_nearest(design: str, covariance: Covariance) -> None:
    xy = DESIGNS[design]
    whole = krige(GlobalSystem(xy, covariance, np.zeros(len(xy)), trend_of("ordinary", None, xy)[0]), len(xy))
    near, shared = (
        krige(system(design, hood, covariance), len(xy))
        for hood in (Neighbourhood(16), Neighbourhood(16, shared=100.0))
    )
    assert np.square(shared.mean - whole.mean).mean() < np.square(near.mean - whole.mean).mean()
    assert np.square(shared.variance - whole.variance).mean() < np.square(near.variance - whole.variance).mean()


@pytest.mark.parametrize(("covariance", "faint"), [(MODEL, 0.02), (SHORT, 0.1)], ids=["long", "short"])
def test_seams_between_squares_are_faint_against_what_is_not_known(covariance: Covariance, faint: float) -> None:
    """Either side of the seams, in kriging standard deviations; a short range leaves the mean to the near data."""
    xy = DESIGNS["even"]
    field = np.linalg.cholesky(covariance.between(xy, xy)) @ np.random.default_rng(8).standard_normal((len(xy), 20))
    along = np.random.default_rng(9).uniform(100.0, 900.0, 200)
    seam = np.repeat(np.arange(100.0, 1000.0, 100.0), 200)
    found = system("even", Neighbourhood(32, shared=100.0), covariance)
    left, right = (
        found.krige(np.column_stack([seam + side, np.tile(along, 9)]), found.dual(field)) for side in (-1e-7, 1e-7)
    )
    jump = (right.mean - left.mean) / np.sqrt(left.variance)[:, None]
    assert 0.0 < np.sqrt(np.square(jump).mean()) < faint


@pytest.mark.parametrize(
    "wrong",
    [
        {"maximum": 0},
        {"minimum": 40},
        {"minimum": 0},
        {"radius": 0.0},
        {"radius": float("nan")},
        {"ratio": 0.0},
        {"angle": float("inf")},
        {"octants": True},
        {"octants": True, "radius": 10.0, "maximum": 7},
        {"shared": -1.0},
        {"shared": 10.0, "radius": 10.0},
    ],
)
def test_a_neighbourhood_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"neighbour|radius|ellipse"):
        Neighbourhood(**wrong)


@pytest.mark.parametrize("hood", [Neighbourhood(12, radius=300.0, octants=True), Neighbourhood(12, shared=100.0)])
def test_a_recipe_keeps_its_neighbourhood(hood: Neighbourhood) -> None:
    samples = Samples.measured(DESIGNS["even"], np.sin(DESIGNS["even"][:, 0] / 100.0))
    model = Kriging(transform=Identity(), covariance=MODEL, neighbours=hood).fit(samples)
    again = FittedKriging.rebuild(samples, model.parameters())
    assert again.neighbours == hood
    assert (again.predict(PLACES).mean == model.predict(PLACES).mean).all()
    assert np.isfinite(model.leave_one_out().predicted).all()
