"""Laws of trends: exact against scipy, honest under no trend, and silent where nothing can be told."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kendalltau, theilslopes

from mapping.kendall import Series, null_of, trend_in
from mapping.trends import VERDICTS, Errors, Repeated, trends_in

Floats = NDArray[np.float64]


def series_of(values: Floats, limit: float = -np.inf, step: float = 1.0) -> Series:
    """Values at equal steps, those below a limit known by it only."""
    below = values < limit
    return Series(
        step * np.arange(len(values), dtype=float),
        np.where(below, -np.inf, values),
        np.where(below, limit, values),
    )


def surveys(
    sites: int,
    times: int,
    seed: int,
    change: float = 0.0,
    noise: float = 0.15,
    limit: float = 0.0,
    error: float = np.nan,
) -> Repeated:
    """Campaigns every five years; `change` is that of the logarithm per year."""
    rng = np.random.default_rng(seed)
    year = np.tile(2000.0 + 5.0 * np.arange(times), sites)
    level = np.repeat(rng.normal(3.0, 1.0, sites), times)
    value = np.exp(level + change * (year - 2000.0) + noise * rng.standard_normal(sites * times))
    below = value < limit
    return Repeated(
        site=np.repeat(np.arange(sites), times),
        time=year,
        low=np.where(below, 0.0, value),
        high=np.where(below, limit, value),
        method=np.full(sites * times, "laboratory a, aqua-regia"),
        error=np.full(sites * times, error),
    )


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_one_series_agrees_with_scipy(n: int) -> None:
    values = np.random.default_rng(n).standard_normal(n)
    found = trend_in([series_of(values)])
    slope = theilslopes(values, np.arange(n))
    assert found.p == pytest.approx(kendalltau(np.arange(n), values, method="exact").pvalue)
    assert found.slope == pytest.approx(slope.slope)
    assert found.exact


def test_the_distribution_over_sites_is_that_of_all_orders() -> None:
    """Two sites of three times by hand: S of one site is ±3 in one order of six each, ±1 in two."""
    one = series_of(np.array([1.0, 2.0, 3.0]))
    null = null_of([one, one])
    assert null is not None
    assert null.probability[-1] == pytest.approx(1.0 / 36.0)
    assert null.two_sided(null.most) == pytest.approx(2.0 / 36.0)
    assert null.sd == pytest.approx(np.sqrt(2.0 * 3 * 2 * 11 / 18))


@pytest.mark.parametrize("limit", [-np.inf, 0.0])
def test_reversing_time_turns_the_trend(limit: float) -> None:
    values = np.random.default_rng(3).standard_normal(6)
    one, back = trend_in([series_of(values, limit)]), trend_in([series_of(values[::-1], limit)])
    assert one.s == -back.s
    assert one.p == pytest.approx(back.p)
    assert one.slope == pytest.approx(-back.slope, nan_ok=True)


def test_bounds_count_only_where_the_order_is_known() -> None:
    low, high = np.array([-np.inf, -np.inf, 2.0]), np.array([1.0, 3.0, 2.0])
    found = trend_in([Series(np.arange(3.0), low, high)])
    # below 1 is surely less than 2; below 3 may be either
    assert found.s == 1


@pytest.mark.parametrize(("times", "sites", "limit"), [(2, 8, 0.0), (3, 6, 15.0), (5, 1, 0.0), (4, 5, 15.0)])
def test_no_trend_is_rarely_found(times: int, sites: int, limit: float) -> None:
    regions = [trends_in(surveys(sites, times, seed, limit=limit)).region for seed in range(60)]
    wrong = np.mean([each.verdict in ("improving", "worsening") for each in regions])
    assert wrong <= 0.05 + 2.0 * np.sqrt(0.05 * 0.95 / 60)


def test_single_sites_against_their_errors_are_rarely_wrong() -> None:
    found = [trends_in(surveys(10, 2, seed, noise=0.2, error=0.2)) for seed in range(40)]
    wrong = [sum(each.verdict != "unclear" for each in one.sites.values()) > 0 for one in found]
    assert np.mean(wrong) <= 0.05 + 2.0 * np.sqrt(0.05 * 0.95 / 40)


@pytest.mark.parametrize(("change", "verdict"), [(-0.04, "improving"), (0.04, "worsening")])
@pytest.mark.parametrize("limit", [0.0, 8.0])
def test_a_trend_is_found_and_measured(change: float, verdict: str, limit: float) -> None:
    regions = [trends_in(surveys(25, 3, seed, change, limit=limit)).region for seed in range(60)]
    assert {each.verdict for each in regions} == {verdict}
    ends = [(each.low, each.high) for each in regions if each.low is not None and each.high is not None]
    assert sum(low <= np.expm1(change) <= high for low, high in ends) >= 52
    assert all(each.p is not None and each.p < 0.01 for each in regions)


def test_the_unit_does_not_matter() -> None:
    one = surveys(6, 5, 1, -0.05)
    other = Repeated(one.site, one.time, 1000.0 * one.low, 1000.0 * one.high, one.method, one.error)
    assert trends_in(one).region.per_year == pytest.approx(trends_in(other).region.per_year)


def test_a_change_of_laboratory_is_a_break() -> None:
    data = surveys(12, 2, 2, change=0.1)
    method = np.where(data.time > 2001.0, "laboratory b, aqua-regia", data.method)
    found = trends_in(Repeated(data.site, data.time, data.low, data.high, method, data.error))
    assert found.region.verdict == "not testable"
    assert "same method" in found.region.reason
    assert all(each.verdict == "not testable" for each in found.sites.values())
    assert "laboratory a, aqua-regia to laboratory b" in found.sites[0].breaks[0]


def test_only_the_longest_part_by_one_method_is_used() -> None:
    data = surveys(12, 5, 2)
    late = data.time > 2012.0
    shifted = np.where(late, 5.0, 1.0)
    method = np.where(late, "laboratory b", "laboratory a")
    found = trends_in(Repeated(data.site, data.time, shifted * data.low, shifted * data.high, method, data.error))
    assert found.sites[0].times == 3
    assert found.region.verdict in ("unclear", "not testable")


def test_a_shift_of_whole_campaigns_can_explain_what_all_sites_share() -> None:
    data = surveys(30, 2, 3, change=-0.03, noise=0.05)
    assert trends_in(data).region.verdict == "improving"
    doubted = trends_in(data, Errors(campaign=0.15)).region
    assert doubted.verdict == "unclear"
    assert "whole campaigns" in doubted.reason


def test_what_too_few_sites_cannot_tell() -> None:
    found = trends_in(surveys(3, 2, 4, change=-0.2))
    assert found.region.verdict == "not testable"
    assert "p would be 0.25" in found.region.reason
    assert found.sites[0].reason == "2 campaigns, and the error of measurement is not known"


def test_known_errors_make_single_sites_testable() -> None:
    found = trends_in(surveys(5, 2, 6, change=-0.3, error=0.1), Errors(relocation=0.1))
    site = found.sites[0]
    assert site.verdict == "improving"
    assert site.detectable is not None
    # (1.96 + 0.84) standard deviations of a difference of two values with a relative error of 0.14 each
    assert site.detectable == pytest.approx(np.expm1(2.8016 * 0.02**0.5 * 2**0.5), rel=1e-3)
    below = trends_in(surveys(5, 2, 6, change=-0.3, error=0.1, limit=1e9)).sites[0]
    assert below.verdict == "unclear"


def test_a_site_that_falls_below_its_limit_has_surely_fallen() -> None:
    time, value = np.array([2000.0, 2005.0, 2010.0]), np.array([10.0, 5.0, 1.0])
    low = np.array([10.0, 5.0, 0.0])
    one = Repeated(np.zeros(3, dtype=np.int64), time, low, value, np.full(3, "a"), np.full(3, 0.1))
    site = trends_in(one).sites[0]
    assert (site.verdict, site.low, site.per_year) == ("improving", None, None)
    assert site.high is not None
    assert -0.25 < site.high < -0.15


@pytest.mark.parametrize("times", [2, 3, 4])
def test_bounds_make_no_site_change(times: int) -> None:
    wrong = []
    for seed in range(30):
        sites = trends_in(surveys(10, times, seed, noise=0.2, error=0.2, limit=20.0)).sites.values()
        wrong.append(any(each.verdict in ("improving", "worsening") for each in sites))
    assert np.mean(wrong) <= 0.05 + 2.0 * np.sqrt(0.05 * 0.95 / 30)


def test_verdicts_are_the_four_words() -> None:
    found = trends_in(surveys(20, 5, 7, change=-0.05))
    assert sum(found.counts().values()) == 20
    assert set(found.counts()) == set(VERDICTS)
    assert found.falling + found.rising <= 20


def test_what_cannot_be_is_named() -> None:
    data = surveys(2, 2, 0)
    low = data.low.copy()
    low[1] = -1.0
    with pytest.raises(ValueError, match="row 1"):
        Repeated(data.site, data.time, low, data.high, data.method, data.error)
    with pytest.raises(ValueError, match="campaign error"):
        Errors(campaign=-1.0)
    with pytest.raises(ValueError, match="rising times"):
        Series(np.array([1.0, 1.0]), np.zeros(2), np.zeros(2))
