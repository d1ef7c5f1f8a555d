import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.covariance import (
    STRUCTURES,
    Covariance,
    Exponential,
    Gaussian,
    Matern,
    Nugget,
    Spherical,
    prototypes,
    structure_named,
)


@pytest.mark.parametrize("name", STRUCTURES)
@given(sill=st.floats(0.01, 10.0), reach=st.floats(1.0, 1e4), seed=st.integers(0, 100))
def test_a_covariance_is_positive_semidefinite_in_the_plane(name: str, sill: float, reach: float, seed: int) -> None:
    xy = np.random.default_rng(seed).uniform(0.0, 2000.0, (25, 2))
    matrix = structure_named(name)(sill, reach).between(xy, xy)
    assert np.linalg.eigvalsh(matrix).min() > -1e-10 * sill


@pytest.mark.parametrize("name", STRUCTURES)
def test_it_falls_from_its_sill_towards_zero(name: str) -> None:
    structure = structure_named(name)(2.0, 100.0)
    covariance = structure.covariance(np.linspace(0.0, 5000.0, 400))
    assert covariance[0] == 2.0
    assert (np.diff(covariance) <= 0.0).all()
    assert structure.covariance(structure.practical * 100.0) <= 0.05 * 2.0
    assert structure.semivariance(0.0) == 0.0


def test_ranges_follow_gstat() -> None:
    """gstat user's manual: exponential exp(-h/a), Gaussian exp(-(h/a)²), spherical zero from a on."""
    assert Exponential(1.0, 50.0).covariance(100.0) == pytest.approx(np.exp(-2.0))
    assert Gaussian(1.0, 50.0).covariance(100.0) == pytest.approx(np.exp(-4.0))
    assert Spherical(1.0, 50.0).covariance(25.0) == pytest.approx(1.0 - 0.75 + 0.0625)
    assert Spherical(1.0, 50.0).covariance(50.0) == 0.0


def test_a_sum_adds_up() -> None:
    total = Nugget(0.1) + Spherical(0.5, 300.0) + Exponential(0.4, 900.0)
    h = np.array([0.0, 10.0, 1000.0])
    parts = sum(term.covariance(h) for term in total.terms)
    np.testing.assert_allclose(total.covariance(h), parts)
    assert total.sill == pytest.approx(1.0)
    assert total.nugget == 0.1
    assert total.describe() == "nugget 0.1 + spherical 0.5 (range 300 m) + exponential 0.4 (range 900 m)"


@pytest.mark.parametrize(
    "covariance",
    [
        Nugget(0.3),
        Gaussian(1 / 3, 700.1),
        Nugget(0.1) + Spherical(0.2, np.pi),
        Matern(0.1, 3.0, smoothness=0.7, angle=30.0, ratio=0.2) + Nugget(1.0),
    ],
)
def test_json_brings_it_back_exactly(covariance: Covariance) -> None:
    assert Covariance.from_dict(json.loads(json.dumps(covariance.to_dict()))) == covariance


@pytest.mark.parametrize("make", [lambda: Nugget(-0.1), lambda: Spherical(np.nan, 1.0), lambda: Gaussian(1.0, 0.0)])
def test_impossible_parameters_are_refused(make: object) -> None:
    with pytest.raises(ValueError, match=r"sill|range"):
        make()  # type: ignore[operator]


def test_an_unknown_structure_is_refused() -> None:
    with pytest.raises(ValueError, match="known are spherical"):
        Covariance.from_dict({"terms": [{"structure": "magic", "partial_sill": 1.0, "range": 2.0}]})


def test_stacks_of_places_give_the_same_covariances() -> None:
    xy = np.random.default_rng(3).uniform(0.0, 1000.0, (4, 6, 2))
    model = Nugget(0.1) + Spherical(0.5, 300.0)
    stacked = model.between(xy, xy)
    for each, places in zip(stacked, xy, strict=True):
        np.testing.assert_allclose(each, model.between(places, places), rtol=1e-14)


@pytest.mark.parametrize("smoothness", [0.5, 1.5, 2.5])
def test_closed_forms_of_matern_are_its_bessel_functions(smoothness: float) -> None:
    h = np.linspace(0.0, 900.0, 50)
    near = Matern(1.0, 100.0, smoothness=smoothness + 1e-9).covariance(h)
    np.testing.assert_allclose(Matern(1.0, 100.0, smoothness=smoothness).covariance(h), near, atol=1e-7)
    if smoothness == 0.5:
        np.testing.assert_allclose(near, Exponential(1.0, 100.0).covariance(h), atol=1e-7)


def test_anisotropy_follows_gstat() -> None:
    """gstat: vgm(anis = c(30, 0.25)): the range holds 30° clockwise from north, a quarter of it across."""
    model = Exponential(1.0, 100.0, angle=30.0, ratio=0.25)
    along = 100.0 * np.array([[np.sin(np.pi / 6), np.cos(np.pi / 6)]])
    across = 25.0 * np.array([[np.cos(np.pi / 6), -np.sin(np.pi / 6)]])
    here = np.zeros((1, 2))
    for offset in (along, across, -along, -across):
        assert model.between(here, offset)[0, 0] == pytest.approx(np.exp(-1.0))
        assert model.at_offset(*offset[0]) == pytest.approx(np.exp(-1.0))
    assert Exponential(1.0, 100.0, angle=210.0, ratio=0.25).at_offset(7.0, 3.0) == pytest.approx(
        model.at_offset(7.0, 3.0)
    )


def test_terms_with_different_directions_add_up() -> None:
    xy = np.random.default_rng(4).uniform(0.0, 500.0, (30, 2))
    parts = (Nugget(0.2), Spherical(0.5, 300.0, angle=45.0, ratio=0.5), Exponential(0.3, 100.0))
    total = parts[0] + parts[1] + parts[2]
    np.testing.assert_allclose(total.between(xy, xy), sum(part.between(xy, xy) for part in parts), rtol=1e-13)
    assert np.linalg.eigvalsh(total.between(xy, xy)).min() > 0.19


@pytest.mark.parametrize("wrong", [{"ratio": 0.0}, {"ratio": 1.5}, {"angle": np.nan}, {"smoothness": 0.0}])
def test_impossible_anisotropy_and_smoothness_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"anisotropy|smoothness"):
        Matern(1.0, 1.0, **wrong)


def test_a_fit_may_name_the_smoothness() -> None:
    assert prototypes("matern:1.5") == (Matern(1.0, 1.0, smoothness=1.5),)
    assert len(prototypes("matern")) > 1
    for wrong in ("matern:rough", "spherical:2"):
        with pytest.raises(ValueError, match=wrong):
            prototypes(wrong)
