from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mapping import variogram
from mapping.covariance import Nugget, Spherical
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


def test_blocks_of_pairs_do_not_change_the_variogram(meuse: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = empirical_variogram(meuse.xy, meuse.value)
    monkeypatch.setattr(variogram, "PAIRS_AT_ONCE", 1000)
    blocks = empirical_variogram(meuse.xy, meuse.value)
    assert (whole.pairs == blocks.pairs).all()
    np.testing.assert_allclose(whole.semivariance, blocks.semivariance, rtol=1e-12)


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
