"""Laws of summaries of censored values over every estimator, and the published examples of Helsel."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mapping.estimators import ESTIMATORS, Steps, kaplan_meier, maximum_likelihood, regression_on_order_statistics
from mapping.estimators import _turnbull as turnbull
from mapping.summaries import choose, share_above, summarise

Floats = NDArray[np.float64]
OAHU = np.array([3.2, 2.8, *[2.0] * 8, 1.7, 1.5, *[1.0] * 4, 0.9, 0.9, 0.7, 0.7, 0.6, 0.5, 0.5, 0.5])
OAHU_BELOW = np.array([0, 0, *[1] * 8, 0, 0, *[1] * 4, 0, 1, *[0] * 6], dtype=bool)
"""Arsenic, µg/l, in Manoa Stream, Oahu (Helsel 2005, Nondetects and Data Analysis, chapter 6)."""


def censored(n: int, share: float, seed: int) -> tuple[Floats, Floats]:
    """Lognormal values (n,) of which about a share is known to lie below one of three limits."""
    rng = np.random.default_rng(seed)
    value = rng.lognormal(1.0, 0.8, n)
    limit = rng.choice(np.quantile(value, [share / 2, share, min(1.5 * share, 0.95)]), n)
    below = value < limit
    return np.where(below, 0.0, value), np.where(below, limit, value)


def test_the_worked_example_of_helsel() -> None:
    lower = np.where(OAHU_BELOW, 0.0, OAHU)
    km, ros, ml = (estimator(lower, OAHU) for estimator in ESTIMATORS.values())
    assert (round(km.mean, 3), km.quantile(0.5)) == (0.949, 0.7)
    assert (round(ros.mean, 3), round(ros.sd, 3), ros.quantile(0.5)) == (0.972, 0.718, 0.7)
    assert (round(ml.mean, 3), round(ml.sd, 3), round(ml.quantile(0.5), 3)) == (0.945, 0.656, 0.777)


def test_the_worked_example_of_helsel_and_cohn() -> None:
    """Appendix B of Helsel & Cohn (1988, Water Resources Research 24): what stands for the values below limits."""
    measured = np.array([3.0, 7.0, 9.0, 12.0, 15.0, 20.0, 27.0, 33.0, 50.0])
    value = np.concatenate([[1.0] * 6, [10.0] * 3, measured])
    lower = np.where(np.arange(18) < 9, 0.0, value)
    found = np.sort(regression_on_order_statistics(lower, value).values)
    printed = [0.47, 0.85, 1.11, 1.27, 1.76, 2.34, 2.50, 3.00, 3.03, 4.80, 7.0, 9.0, 12.0, 15.0, 20.0, 27.0, 33.0, 50.0]
    np.testing.assert_allclose(found, printed, atol=0.015)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
def test_units_do_not_matter(name: str, share: float) -> None:
    lower, upper = censored(60, share, 4)
    one, other = ESTIMATORS[name](lower, upper), ESTIMATORS[name](1000.0 * lower, 1000.0 * upper)
    assert other.mean == pytest.approx(1000.0 * one.mean, rel=1e-4)
    assert other.sd == pytest.approx(1000.0 * one.sd, rel=1e-4)
    assert other.quantile(0.9) == pytest.approx(1000.0 * one.quantile(0.9), rel=1e-4)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_order_does_not_matter_and_more_pollution_is_more(name: str) -> None:
    lower, upper = censored(60, 0.4, 5)
    order = np.random.default_rng(0).permutation(60)
    one, shuffled = ESTIMATORS[name](lower, upper), ESTIMATORS[name](lower[order], upper[order])
    assert shuffled.mean == pytest.approx(one.mean, rel=1e-6)
    top = int(np.argmax(np.where(lower == upper, upper, -1.0)))
    lower[top] = upper[top] = 3.0 * upper[top]
    assert ESTIMATORS[name](lower, upper).mean > one.mean


@pytest.mark.parametrize("name", ESTIMATORS)
def test_quantiles_rise(name: str) -> None:
    lower, upper = censored(80, 0.4, 6)
    found = ESTIMATORS[name](lower, upper)
    known = [found.quantile(p) for p in np.linspace(0.05, 0.95, 19)]
    assert (np.diff([each for each in known if not np.isnan(each)]) >= 0.0).all()


@pytest.mark.parametrize("name", ["kaplan-meier", "ros"])
def test_measured_values_are_themselves(name: str) -> None:
    value = np.random.default_rng(1).lognormal(0.0, 1.0, 41)
    found = ESTIMATORS[name](value, value)
    assert found.mean == pytest.approx(value.mean())
    assert found.sd == pytest.approx(value.std(ddof=1))
    assert found.quantile(0.5) == pytest.approx(np.median(value))


def test_kaplan_meier_is_a_special_case_of_turnbull() -> None:
    lower, upper = censored(50, 0.4, 7)
    one, other = kaplan_meier(lower, upper), turnbull(lower, upper)
    common = np.isin(other.values, one.values)
    np.testing.assert_allclose(other.mass[common], one.mass[np.isin(one.values, other.values)], atol=2e-4)


def test_intervals_between_two_limits_are_used() -> None:
    rng = np.random.default_rng(8)
    value = rng.lognormal(0.0, 0.7, 200)
    lower, upper = value.copy(), value.copy()
    trace = (value > 0.4) & (value < 0.8)
    lower[trace], upper[trace] = 0.4, 0.8
    lower[value <= 0.4], upper[value <= 0.4] = 0.0, 0.4
    with pytest.raises(ValueError, match="no other intervals"):
        regression_on_order_statistics(lower, upper)
    assert kaplan_meier(lower, upper).mean == pytest.approx(value.mean(), rel=0.1)
    assert maximum_likelihood(lower, upper).mean == pytest.approx(value.mean(), rel=0.1)


def test_the_estimators_find_what_is_there() -> None:
    truth = float(np.exp(1.0 + 0.32))
    means = {name: [f(*censored(80, 0.4, seed)).mean for seed in range(40)] for name, f in ESTIMATORS.items()}
    for name, found in means.items():
        assert np.mean(found) == pytest.approx(truth, rel=0.06), name
    half = [
        np.where(low < high, high / 2, high).mean() for low, high in (censored(80, 0.4, seed) for seed in range(40))
    ]
    assert abs(np.mean(means["maximum-likelihood"]) - truth) < abs(np.mean(half) - truth) + 0.05


@pytest.mark.parametrize(
    ("n", "share", "method"),
    [(30, 0.0, "kaplan-meier"), (30, 0.4, "kaplan-meier"), (30, 0.7, "ros"), (90, 0.7, "maximum-likelihood")],
)
def test_the_rule_of_helsel(n: int, share: float, method: str) -> None:
    upper = np.arange(1.0, n + 1.0)
    lower = np.where(np.arange(n) < share * n, 0.0, upper)
    assert choose(lower, upper)[0] == method


def test_above_four_fifths_only_shares_are_told() -> None:
    upper = np.concatenate([np.full(45, 2.0), [3.0, 4.0, 5.0, 6.0, 7.0]])
    lower = np.where(upper == 2.0, 0.0, upper)
    found = summarise(lower, upper)
    assert (found.method, found.estimates) == ("none", {})
    assert "90%" in found.why
    share = found.shares[0]
    assert (share.level, share.exceeding, share.undecided, share.share) == (2.0, 5, 0, 0.1)
    # exact limits of 5 in 50 (Clopper & Pearson 1934)
    assert (round(share.low, 4), round(share.high, 4)) == (0.0333, 0.2181)


def test_what_straddles_a_level_is_undecided() -> None:
    share = share_above(np.array([0.0, 5.0, 0.0]), np.array([10.0, 5.0, 1.0]), 3.0)
    assert (share.exceeding, share.undecided, share.share) == (1, 1, None)
    wider = share_above(np.array([5.0, 5.0, 0.0]), np.array([5.0, 5.0, 1.0]), 3.0)
    assert share.low < wider.low
    assert share.high == wider.high


def test_substitution_is_labelled_and_only_when_asked_for() -> None:
    lower, upper = censored(40, 0.4, 9)
    assert summarise(lower, upper).method == "kaplan-meier"
    found = summarise(lower, upper, substitute=0.5)
    assert found.method == "substitution"
    assert "invented" in found.why
    assert found.estimates["mean"].value == pytest.approx(np.where(lower < upper, upper / 2, upper).mean())


def test_a_mean_is_inside_its_interval_and_repeats() -> None:
    lower, upper = censored(60, 0.4, 10)
    one, again = summarise(lower, upper, seed=3), summarise(lower, upper, seed=3)
    assert one == again
    for name, each in one.estimates.items():
        if each.value is not None and each.low is not None and each.high is not None:
            assert each.low <= each.value <= each.high, name


def test_what_lies_below_everything_measured_is_a_bound() -> None:
    lower, upper = np.array([0.0, 0.0, 0.0, 2.0, 3.0, 4.0, 5.0]), np.array([1.0, 1.0, 0.5, 2.0, 3.0, 4.0, 5.0])
    found = summarise(lower, upper)
    assert found.estimates["p10"].value is None
    assert found.estimates["p10"].high is not None
    steps = kaplan_meier(lower, upper)
    assert isinstance(steps, Steps)
    assert steps.mean_bounds[0] <= steps.mean <= steps.mean_bounds[1]
    assert "below everything measured" in " ".join(found.notes)


@pytest.mark.parametrize(
    ("lower", "upper", "complaint"),
    [
        ([], [], "at least one"),
        ([2.0], [1.0], "value 0"),
        ([1.0, np.nan], [1.0, 2.0], "value 1"),
        ([1.0], [1, 2], "as many"),
    ],
)
def test_bad_bounds_are_named(lower: list[float], upper: list[float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        summarise(lower, upper)


@pytest.mark.parametrize("value", [0.0, 4.0])
def test_equal_values_have_no_spread(value: float) -> None:
    found = summarise(np.full(9, value), np.full(9, value))
    assert found.estimates["mean"].value == value


def test_a_limit_that_was_written_as_a_value_is_suspected() -> None:
    value = np.concatenate([np.full(30, 0.005), np.random.default_rng(2).lognormal(-4.0, 0.5, 40) + 0.005])
    assert "may be a detection limit" in summarise(value, value).notes[0]
    plain = np.random.default_rng(2).lognormal(0.0, 1.0, 70)
    assert not any("detection limit" in note for note in summarise(plain, plain).notes)


def test_all_below_limits_and_a_handful() -> None:
    assert summarise(np.zeros(8), np.ones(8)).estimates == {}
    assert "2 measured values" in summarise([1.0, 2.0], [1.0, 2.0]).why
