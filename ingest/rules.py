"""The quality rules that look at what was read: each is a function of columns that gives a mask of the rows.

A new rule is a function here, a line in one of the two tables, and its name and severity among the `RULES`.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.special import pdtrc

from ingest.numbers import Mask

Doubles = NDArray[np.float64]
Check = Callable[[Any], Mask]

WHOLE_SOIL = 1e6
OLDEST = dt.date(1900, 1, 2)
DEEPEST_CM = 10_000.0
TEXTURE_TOLERANCE = 5.0
"""Percent: laboratories round each part, and some leave carbonates or organic matter out of the sum."""
FEWEST_REPEATS = 5
NEIGHBOURS = 5
CHANCE = 1e-4


def depth_order(specimens: Any) -> Mask:
    """The upper depth lies below the lower one."""
    return _true(pc.greater(specimens["upper_depth_cm"], specimens["lower_depth_cm"]))


def date_order(specimens: Any) -> Mask:
    """Sampling ends before it begins."""
    return _true(pc.greater(specimens["sampled_from"], specimens["sampled_to"]))


def future_date(specimens: Any) -> Mask:
    """Sampled after today; a day of grace covers time zones."""
    return _true(pc.greater(specimens["sampled_from"], pa.scalar(_tomorrow())))


def old_date(specimens: Any) -> Mask:
    """Sampled before anybody surveyed soils: what a date of two digits, or an empty one, becomes in a spreadsheet."""
    return _true(pc.less(specimens["sampled_from"], pa.scalar(OLDEST)))


def negative_depth(specimens: Any) -> Mask:
    """Above the surface; organic layers are sometimes counted so, upwards from the mineral soil."""
    return _true(pc.less(specimens["upper_depth_cm"], 0.0))


def implausible_depth(specimens: Any) -> Mask:
    """Deeper than soil is: metres or millimetres were probably meant."""
    return _true(pc.greater(pc.coalesce(specimens["lower_depth_cm"], specimens["upper_depth_cm"]), DEEPEST_CM))


def texture_sum(specimens: Any) -> Mask:
    """Clay, silt and sand, where all three are given, are not the whole of the fine earth."""
    parts = [pc.cast(specimens[f"{part}_percent"], pa.float64()) for part in ("clay", "silt", "sand")]
    return _true(pc.greater(pc.abs(pc.subtract(pc.add(pc.add(*parts[:2]), parts[2]), 100.0)), TEXTURE_TOLERANCE))


def implausible_value(measurements: Any) -> Mask:
    """More of the contaminant than there is soil."""
    return _true(pc.greater(measurements["lower"], WHOLE_SOIL))


def below_own_limit(measurements: Any) -> Mask:
    """Given as measured below the limit of detection that is stated for it."""
    measured = pc.equal(measurements["lower"], measurements["upper"])
    return _true(pc.and_(measured, pc.less(measurements["upper"], measurements["lod"])))


def substituted_share(measurements: Any) -> Mask:
    """Exactly a half, or 1/√2, of the limit of detection that is stated for it: put in for "not detected"."""
    lower, upper, lod = (_doubles(measurements, name) for name in ("lower", "upper", "lod"))
    share = np.divide(upper, lod, out=np.full_like(upper, np.nan), where=lod > 0)
    is_share = np.isclose(share, 0.5, rtol=1e-6, atol=0) | np.isclose(share, np.sqrt(0.5), rtol=1e-3, atol=0)
    return np.asarray((lower == upper) & is_share, np.bool_)


def analysed_in_future(measurements: Any) -> Mask:
    """Analysed after today; a day of grace covers time zones."""
    return _true(pc.greater(measurements["analysed_on"], pa.scalar(_tomorrow())))


def repeated_minimum(values: Doubles) -> float | None:
    """The minimum of measured values of shape (n,), if it looks like a constant put in for "not detected"."""
    distinct, counts = np.unique(values, return_counts=True)
    return float(distinct[0]) if is_spike(distinct[: NEIGHBOURS + 1], counts[: NEIGHBOURS + 1]) else None


def is_spike(distinct: Doubles, counts: NDArray[np.int64]) -> bool:
    """Whether the first of the lowest six distinct values (at most), rising, occurs too often beside the others.

    Substitution leaves a spike at the bottom, mostly with a gap above it, for the constant is a half or another
    fraction of the limit (Helsel 2012, ch. 1). Rounding does not: its lowest step is not more frequent than the steps
    above it. A spike is a minimum at least twice as frequent as each of the next five distinct values, and beyond
    chance (Poisson, 1e-4) at the frequency per rounding step that these five show.
    """
    if not distinct.size or counts[0] < FEWEST_REPEATS:
        return False
    repeats, above = int(counts[0]), counts[1:]
    if not above.size:
        return True
    steps = np.diff(distinct)
    expected = above.sum() * steps.min() / steps.sum()
    return bool(repeats >= 2 * above.max() and pdtrc(repeats - 1, expected) < CHANCE)


# rule: (check, column of the table that it looks at)
SPECIMEN_CHECKS: dict[str, tuple[Check, str]] = {
    "depth-order": (depth_order, "upper_depth_cm"),
    "date-order": (date_order, "sampled_from"),
    "future-date": (future_date, "sampled_from"),
    "old-date": (old_date, "sampled_from"),
    "negative-depth": (negative_depth, "upper_depth_cm"),
    "implausible-depth": (implausible_depth, "lower_depth_cm"),
    "texture-sum": (texture_sum, "clay_percent"),
}
MEASUREMENT_CHECKS: dict[str, Check] = {
    "implausible-value": implausible_value,
    "below-own-limit": below_own_limit,
    "substituted-share": substituted_share,
    "future-analysis": analysed_in_future,
}


def _tomorrow() -> dt.date:
    return dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)


def _true(values: Any) -> Mask:
    return np.asarray(pc.fill_null(values, False).to_numpy(), dtype=np.bool_)


def _doubles(table: Any, column: str) -> Doubles:
    return np.asarray(table[column].to_numpy(), dtype=np.float64)
