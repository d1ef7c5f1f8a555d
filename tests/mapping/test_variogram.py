from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mapping import variogram
from mapping.covariance import Exponential, Nugget, Spherical
from mapping.samples import Samples
from mapping.variogram import choose_variogram, empirical_variogram, fit_variogram

Reader = Callable[[str], Any]


@pytest.mark.parametrize(
    ("estimator", "table"),
    [("matheron", "meuse_vgm_logzinc_empirical"), ("cressie-hawkins", "meuse_vgm_logzinc_cressie")],
)
def test_the_empirical_variogram_is_that_of_gstat(meuse: Samples, gstat: Reader, estimator: str, table: str) -> None:
    reference = gstat(table)
    found = empirical_variogram(meuse.xy, np.log(meuse.value), estimator=estimator)
    assert found.pairs.tolist() == reference["np"].tolist()
    np.testing.assert_allclose(found.distance, reference["dist"], rtol=1e-12)
    np.testing.assert_allclose(found.semivariance, reference["gamma"], rtol=1e-12)


def test_the_default_cutoff_is_that_of_gstat(meuse: Samples, gstat: Reader) -> None:
    stats = gstat("stats")
    reference = float(stats["value"][stats["what"] == "vgm_cutoff_m"][0])
    assert empirical_variogram(meuse.xy, np.log(meuse.value)).cutoff == pytest.approx(reference, rel=1e-14)


@pytest.mark.parametrize(("structure", "name"), [("spherical", "logzinc_OK_Sph"), ("exponential", "logzinc_OK_Exp")])
def test_the_fit_is_that_of_gstat_or_better(meuse: Samples, gstat: Reader, structure: str, name: str) -> None:
    table = gstat("variogram_models")
    nugget, structured = table[(table["set"] == "meuse") & (table["name"] == name)]
    fit = fit_variogram(empirical_variogram(meuse.xy, np.log(meuse.value)), structure)
    (term,) = fit.covariance.structured
    assert fit.covariance.nugget == pytest.approx(nugget["psill"], rel=1e-3, abs=1e-6)
    assert term.partial_sill == pytest.approx(structured["psill"], rel=1e-4)
    assert term.range == pytest.approx(structured["range"], rel=1e-4)
    assert fit.sse <= structured["SSErr"] * (1.0 + 1e-9)


def test_log_zinc_is_spherical_and_the_choice_says_why(meuse: Samples) -> None:
    fit = choose_variogram(empirical_variogram(meuse.xy, np.log(meuse.value)), ("exponential", "spherical", "gaussian"))
    assert isinstance(fit.covariance.structured[0], Spherical)
    assert [name for name, _ in fit.candidates] == ["exponential", "spherical", "gaussian"]
    assert fit.why.startswith("spherical has the least weighted sum of squares")


@pytest.mark.parametrize("cutoff", [3.0, 40.0, 400.0, 5000.0])
@pytest.mark.parametrize("direction", [None, 30.0])
def test_every_pair_is_met_once(cutoff: float, direction: float | None) -> None:
    """Against the full matrix of distances; on a lattice many pairs lie right at the edge of a class or the cutoff."""
    lattice = np.stack(np.meshgrid(np.arange(0.0, 300.0, 10.0), np.arange(0.0, 150.0, 10.0)), -1).reshape(-1, 2)
    rng = np.random.default_rng(2)
    xy = np.vstack([lattice, rng.uniform(0.0, 900.0, (200, 2))])
    values = rng.standard_normal(len(xy))
    found = empirical_variogram(xy, values, cutoff, 10, direction=direction)
    i, j = np.triu_indices(len(xy), 1)
    offset = xy[j] - xy[i]
    h = np.sqrt((offset**2).sum(axis=1))
    near = h <= cutoff
    if direction is not None:
        along = np.abs(offset @ [np.sin(np.pi / 6), np.cos(np.pi / 6)])
        near &= along >= np.cos(np.pi / 8) * h
    k = np.clip(np.ceil(h[near] / (cutoff / 10)).astype(int) - 1, 0, 9)
    pairs = np.bincount(k, minlength=10)
    squares = np.bincount(k, ((values[i] - values[j]) ** 2)[near], 10)
    assert found.pairs.tolist() == pairs[pairs > 0].tolist()
    np.testing.assert_allclose(found.semivariance, squares[pairs > 0] / pairs[pairs > 0] / 2.0, rtol=1e-12)


def test_the_longest_range_shows_in_its_direction() -> None:
    """A field with a range of 300 m towards 60° and 75 m across: variograms rise later along than across."""
    model = Exponential(1.0, 300.0, angle=60.0, ratio=0.25)
    rng = np.random.default_rng(8)
    xy = rng.uniform(0.0, 1500.0, (900, 2))
    values = np.linalg.cholesky(model.between(xy, xy) + 1e-9 * np.eye(900)) @ rng.standard_normal(900)
    along, across = (empirical_variogram(xy, values, 300.0, 6, direction=angle) for angle in (60.0, 150.0))
    assert (along.semivariance[1:] < across.semivariance[1:]).all()
    opposite = empirical_variogram(xy, values, 300.0, 6, direction=240.0)
    assert (opposite.pairs == along.pairs).all()
    with pytest.raises(ValueError, match="tolerance in"):
        empirical_variogram(xy, values, direction=0.0, tolerance=0.0)


def test_several_sets_of_values_are_averaged(meuse: Samples) -> None:
    sets = np.column_stack([meuse.value, np.log(meuse.value)])
    both = empirical_variogram(meuse.xy, sets)
    each = [empirical_variogram(meuse.xy, column).semivariance for column in sets.T]
    np.testing.assert_allclose(both.semivariance, np.mean(each, axis=0), rtol=1e-12)


def test_the_fit_recovers_a_model_that_the_variogram_follows() -> None:
    truth = Nugget(0.2) + Spherical(0.7, 400.0)
    rng = np.random.default_rng(1)
    empirical = empirical_variogram(rng.uniform(0.0, 2000.0, (300, 2)), rng.standard_normal(300))
    exact = variogram.EmpiricalVariogram(
        empirical.pairs, empirical.distance, truth.semivariance(empirical.distance), empirical.cutoff, "matheron", 0.9
    )
    found = fit_variogram(exact, "spherical").covariance
    assert found.nugget == pytest.approx(0.2, rel=1e-4)
    assert found.structured[0].range == pytest.approx(400.0, rel=1e-4)


def test_a_variogram_that_falls_gives_a_pure_nugget_and_says_so() -> None:
    falling = variogram.EmpiricalVariogram(
        np.full(10, 50), np.linspace(50.0, 950.0, 10), np.linspace(1.0, 0.5, 10), 1000.0, "matheron", 0.7
    )
    fit = choose_variogram(falling, ("spherical", "gaussian"))
    assert not fit.covariance.structured
    assert fit.covariance.nugget > 0.0
    assert "no spatial correlation" in fit.notes[0]


def test_a_variogram_that_never_levels_off_says_so() -> None:
    h = np.linspace(50.0, 950.0, 10)
    rising = variogram.EmpiricalVariogram(np.full(10, 50), h, h**1.9, 1000.0, "matheron", 1e5)
    fit = fit_variogram(rising, "spherical")
    assert np.isfinite(fit.covariance.sill)
    assert "extrapolated" in fit.notes[0]


@pytest.mark.parametrize(("cutoff", "bins"), [(0.0, 15), (-1.0, 15), (np.nan, 15), (100.0, 0)])
def test_senseless_classes_are_refused(meuse: Samples, cutoff: float, bins: int) -> None:
    with pytest.raises(ValueError, match="above zero"):
        empirical_variogram(meuse.xy, meuse.value, cutoff, bins)


def test_an_unknown_estimator_is_refused(meuse: Samples) -> None:
    with pytest.raises(ValueError, match="known are matheron"):
        empirical_variogram(meuse.xy, meuse.value, estimator="mode")
