"""Whether soil is getting better or worse where it was sampled two to five times, or says nothing about it.

Changes are those of logarithms at the same site by the same method: a change of laboratory or procedure is a break, on
whose two sides nothing is compared. Many sites are tested together by the regional Kendall test; single sites by
Mann-Kendall from five campaigns on, below that only against known errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from mapping.arrays import Vector
from mapping.discoveries import false_discovery
from mapping.kendall import Series, kendall_s, null_of, trend_in

ENOUGH = 5
"""Times from which on Mann-Kendall can be significant at 5 % at a single site (1/60 for five)."""
POWER = 0.80
MOSTLY = 0.80
"""Of the sites: where fewer were measured at both ends, those that were are no sample of all."""
UNTESTABLE = "not testable"
VERDICTS = ("improving", "worsening", "unclear", UNTESTABLE)


@dataclass(frozen=True, slots=True, eq=False)
class Repeated:
    """Repeated measurements (k,): of which `site`, at which `time` (years), with bounds `low` and `high` (mg/kg).

    `method` names laboratory, procedure and basis; `error` is the relative standard deviation of the analysis, NaN
    where it is not known. ValueError, naming the row, for what cannot be.
    """

    site: NDArray[np.int64]
    time: Vector
    low: Vector
    high: Vector
    method: NDArray[np.str_]
    error: Vector

    def __post_init__(self) -> None:
        lengths = {len(getattr(self, name)) for name in ("site", "time", "low", "high", "method", "error")}
        if len(lengths) != 1:
            raise ValueError("sites, times, bounds, methods and errors must be equally many")
        bad = ~(np.isfinite(self.time) & (self.low <= self.high) & (self.low >= 0.0) & (self.high > 0.0))
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise ValueError(
                f"row {row}: a time and bounds above zero are needed, got {self.low[row]} {self.high[row]}"
            )


@dataclass(frozen=True, slots=True)
class Errors:
    """Relative standard deviations that no analysis tells: of sampling the site again, and of a whole campaign."""

    relocation: float = 0.0
    campaign: float = 0.0

    def __post_init__(self) -> None:
        for name in ("relocation", "campaign"):
            if not 0.0 <= getattr(self, name) < 5.0:
                raise ValueError(
                    f"the {name} error is a relative standard deviation such as 0.1, got {getattr(self, name)}"
                )


@dataclass(frozen=True, slots=True)
class Trend:
    """What is known about the change at one site or over all of them.

    `per_year` is the relative change per year (−0.02: two per cent less each year) with its interval; None where there
    is none. `detectable` is the smallest relative change over the whole time that would be found with 80 % power.
    """

    verdict: str
    reason: str
    times: int
    first: float | None = None
    last: float | None = None
    per_year: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    q: float | None = None
    detectable: float | None = None
    method: str = ""
    breaks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Trends:
    """The trend over all sites, and at each."""

    region: Trend
    sites: Mapping[int, Trend]
    falling: int
    rising: int

    def counts(self) -> dict[str, int]:
        """How many sites have which verdict."""
        verdicts = [each.verdict for each in self.sites.values()]
        return {verdict: verdicts.count(verdict) for verdict in VERDICTS}


@dataclass(frozen=True, slots=True, eq=False)
class _Site:
    """The longest part of a site's record by one method, on logarithms, and where it breaks."""

    series: Series
    error: Vector
    method: str
    breaks: tuple[str, ...]


def trends_in(
    repeated: Repeated, errors: Errors | None = None, level: float = 0.95, rate: float = 0.05, seed: int = 0
) -> Trends:
    """The trend over all sites and at each, the false discovery rate over sites being controlled."""
    known = errors or Errors()
    order = np.argsort(repeated.site, kind="stable")
    names, first = np.unique(repeated.site[order], return_index=True)
    rows = np.split(order, first[1:])
    sites = {site: _longest(repeated, own) for site, own in zip(names.tolist(), rows, strict=True)}
    found = {site: _at_site(each, known, level, seed) for site, each in sites.items()}
    tested = [site for site, each in found.items() if each.p is not None]
    if tested:
        shared = false_discovery(np.array([found[site].p for site in tested], dtype=np.float64))
        found |= {site: _judged(found[site], float(q), rate) for site, q in zip(tested, shared, strict=True)}
    series = [each.series for each in sites.values() if each.series.n > 1]
    moved = [kendall_s([each]) for each in series]
    region = _over_sites(series, known, level, seed)
    return Trends(region, found, sum(s < 0 for s in moved), sum(s > 0 for s in moved))


def _longest(repeated: Repeated, rows_of_site: NDArray[np.int64]) -> _Site:
    own = rows_of_site[np.argsort(repeated.time[rows_of_site], kind="stable")]
    methods = repeated.method[own]
    breaks = tuple(_breaks(repeated.time[own], methods))
    counts = {name: len(np.unique(repeated.time[own][methods == name])) for name in dict.fromkeys(methods.tolist())}
    # of equally long parts the later one, which says more about today
    method = max(counts, key=lambda name: (counts[name], repeated.time[own][methods == name].max()))
    rows = own[methods == method]
    time, place = np.unique(repeated.time[rows], return_inverse=True)
    with np.errstate(divide="ignore"):
        low, high = (_means(np.log(bound[rows]), place) for bound in (repeated.low, repeated.high))
    error = np.sqrt(_means(repeated.error[rows] ** 2, place) / np.bincount(place))
    return _Site(Series(time, low, high), error, method, breaks)


def _means(values: Vector, place: NDArray[np.int64]) -> Vector:
    return np.asarray(np.bincount(place, weights=values) / np.bincount(place))


def _breaks(time: Vector, methods: NDArray[np.str_]) -> Iterator[str]:
    for row in range(1, len(methods)):
        if methods[row] != methods[row - 1]:
            yield f"{time[row]:.1f}: {methods[row - 1]} to {methods[row]}"


def _at_site(site: _Site, errors: Errors, level: float, seed: int) -> Trend:
    series = site.series
    about = Trend(UNTESTABLE, "", series.n, method=site.method, breaks=site.breaks)
    if series.n < 2:
        broken = "laboratory or procedure changed between all campaigns" if site.breaks else "sampled once"
        return replace(about, reason=broken)
    about = replace(about, first=float(series.time[0]), last=float(series.time[-1]))
    if series.n >= ENOUGH:
        return _by_order(series, about, level, seed)
    sd = np.sqrt(site.error**2 + errors.relocation**2 + errors.campaign**2)
    if not (np.isfinite(sd).all() and (sd > 0.0).all()):
        return replace(about, reason=f"{series.n} campaigns, and the error of measurement is not known")
    return _against_errors(series, sd, level, about)


def _by_order(series: Series, about: Trend, level: float, seed: int) -> Trend:
    found = trend_in([series], level, seed)
    return replace(
        about,
        verdict="unclear",
        reason="Mann-Kendall, exact" if found.exact else "Mann-Kendall",
        per_year=_rate(found.slope),
        low=_rate(found.low),
        high=_rate(found.high),
        p=found.p,
    )


def _against_errors(series: Series, sd: Vector, level: float, about: Trend) -> Trend:
    """The weighted slope against its known error: what two to four campaigns can tell of a single site.

    Of the slopes that bounds leave possible the one nearest to none is tested.
    """
    weight, time = sd**-2, series.time
    centred = time - (weight @ time) / weight.sum()
    slope_sd = float((weight @ centred**2) ** -0.5)
    gain = weight * centred * slope_sd**2
    least, most = sorted(_reach(series, gain))
    nearest = min(max(least, 0.0), most)
    half = float(ndtri(0.5 + level / 2.0)) * slope_sd
    span = float(time[-1] - time[0])
    return replace(
        about,
        verdict="unclear",
        reason="change against the errors of measurement, relocation and campaign",
        per_year=_rate((least + most) / 2.0),
        low=_rate(least - half),
        high=_rate(most + half),
        p=float(2.0 * ndtr(-abs(nearest) / slope_sd)),
        detectable=_detectable(slope_sd * span, level),
    )


def _reach(series: Series, gain: Vector) -> tuple[float, float]:
    """The least and the greatest weighted slope that the bounds leave possible."""
    with np.errstate(invalid="ignore"):
        ends = np.array([gain * series.low, gain * series.high])
    return float(ends.min(axis=0).sum()), float(ends.max(axis=0).sum())


def _detectable(sd: float, level: float) -> float:
    return float(np.expm1((ndtri(0.5 + level / 2.0) + ndtri(POWER)) * sd))


def _rate(slope: float) -> float | None:
    """A slope of logarithms as a relative change per year; none where there is none."""
    return float(np.expm1(slope)) if np.isfinite(slope) else None


def _judged(trend: Trend, q: float, rate: float) -> Trend:
    verdict = _verdict(trend.per_year, trend.low, trend.high) if q <= rate else "unclear"
    return replace(trend, q=q, verdict=verdict)


def _verdict(middle: float | None, low: float | None, high: float | None) -> str:
    """By the side on which the slope surely lies."""
    sides = [each for each in (low, high, middle) if each is not None and each != 0.0]
    if not sides:
        return "unclear"
    if high is not None and high <= 0.0:
        return "improving"
    if low is not None and low >= 0.0:
        return "worsening"
    return "unclear"


def _over_sites(series: Sequence[Series], errors: Errors, level: float, seed: int) -> Trend:
    about = Trend(UNTESTABLE, "", len({float(each) for one in series for each in one.time}))
    if not series:
        return replace(about, reason="no site was sampled twice by the same method")
    null = null_of(series, seed)
    least = null.two_sided(null.most) if null is not None else 0.0
    first, last = min(each.time[0] for each in series), max(each.time[-1] for each in series)
    about = replace(about, first=float(first), last=float(last))
    if least > 1.0 - level:
        told = f"{len(series)} sites: even if all changed the same way p would be {least:.2g}"
        return replace(about, reason=told)
    found = trend_in(series, level, seed)
    # a shift of a whole campaign moves all sites alike, and no number of them averages it out
    shift = float(ndtri(0.5 + level / 2.0)) * errors.campaign * 2.0**0.5 / float(last - first)
    low, high, middle = _rate(found.low - shift), _rate(found.high + shift), _rate(found.slope)
    clear = found.p <= 1.0 - level
    verdict = _verdict(middle, low, high) if clear else "unclear"
    told = f"regional Kendall test over {len(series)} sites, {'exact' if found.exact else 'normal approximation'}"
    if clear and verdict == "unclear":
        told += "; a shift of whole campaigns could explain it"
    detectable = _detectable_over(series, errors, level)
    return replace(
        about, verdict=verdict, reason=told, per_year=middle, low=low, high=high, p=found.p, detectable=detectable
    )


def _detectable_over(series: Sequence[Series], errors: Errors, level: float) -> float | None:
    """From the scatter of the sites' changes between first and last time, where both were measured."""
    ends = [each for each in series if each.low[0] == each.high[0] and each.low[-1] == each.high[-1]]
    if len(ends) < max(3.0, MOSTLY * len(series)):
        return None
    change = np.array([each.low[-1] - each.low[0] for each in ends])
    return _detectable(float(np.sqrt(change.var(ddof=1) / len(ends) + 2.0 * errors.campaign**2)), level)
