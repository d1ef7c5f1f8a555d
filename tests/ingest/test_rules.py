"""The rule for silently substituted detection limits: it finds constants put in, and leaves rounding alone."""

import csv
import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.findings import RULES
from ingest.rules import MEASUREMENT_CHECKS, SPECIMEN_CHECKS, repeated_minimum

steps = st.sampled_from([0.001, 0.01, 0.1, 0.5, 1.0, 5.0])
seeds = st.integers(0, 2**32 - 1)


def lognormal(seed: int, count: int, spread: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.random.default_rng(seed).lognormal(np.log(30), spread, count)


@given(seeds, st.integers(20, 2000), st.floats(0.3, 1.0), steps)
def test_rounded_values_are_not_suspected(seed: int, count: int, spread: float, step: float) -> None:
    values = np.round(lognormal(seed, count, spread) / step) * step
    assert repeated_minimum(values[values > 0]) is None


@given(seeds, st.integers(100, 2000), st.floats(0.4, 1.0), st.sampled_from([0.001, 0.01, 0.1]), st.floats(0.1, 0.9))
def test_half_a_limit_put_in_for_a_tenth_or_more_is_found(
    seed: int, count: int, spread: float, step: float, share: float
) -> None:
    values = np.round(lognormal(seed, count, spread) / step) * step
    limit = np.quantile(values, share)
    constant = float(limit / 2)
    assert repeated_minimum(np.where(values < limit, constant, values)) == constant


@given(seeds, st.permutations(range(50)), st.floats(0.01, 100))
def test_order_and_unit_do_not_matter(seed: int, order: list[int], factor: float) -> None:
    values = np.round(lognormal(seed, 50, 0.8))
    values[:20] = 1.0
    found = repeated_minimum(values)
    assert found == repeated_minimum(values[order]) == 1.0
    assert repeated_minimum(values * factor) == pytest.approx(factor)


def test_few_or_no_values_give_no_suspicion() -> None:
    assert repeated_minimum(np.array([])) is None
    assert repeated_minimum(np.array([0.2] * 4 + [1.0, 2.0, 3.0])) is None


def test_one_value_for_all_is_suspected() -> None:
    assert repeated_minimum(np.full(30, 0.05)) == 0.05


@pytest.mark.parametrize(("metal", "found"), [("cadmium", 0.2), ("copper", None), ("lead", None), ("zinc", None)])
def test_the_meuse_metals(meuse: Path, metal: str, found: float | None) -> None:
    """The documentation of sp says that zero contents of cadmium became 0.2; of the other metals it says nothing."""
    with (meuse / "meuse.csv").open() as handle:
        values = np.array([float(row[metal]) for row in csv.DictReader(handle)])
    assert repeated_minimum(values) == found


def test_every_check_is_a_rule_with_a_severity() -> None:
    for name in (*SPECIMEN_CHECKS, *MEASUREMENT_CHECKS):
        assert RULES[name].severity in ("reject", "flag", "info")


TODAY = dt.datetime.now(dt.UTC).date()
SOUND = {
    "upper_depth_cm": 0.0,
    "lower_depth_cm": 20.0,
    "sampled_from": dt.date(2012, 5, 1),
    "sampled_to": dt.date(2012, 5, 2),
    "clay_percent": 20.0,
    "silt_percent": 30.0,
    "sand_percent": 50.0,
}
MEASURED = {"lower": 1.0, "upper": 1.0, "lod": 0.1, "analysed_on": dt.date(2012, 6, 1)}
PROCEDURE = dict.fromkeys(("contaminant", "digestion", "instrument", "standard", "basis"), "x")


def one_row(**changed: object) -> pa.Table:
    types = {name: pa.float64() for name, value in {**SOUND, **MEASURED}.items() if isinstance(value, float)}
    types |= dict.fromkeys(("sampled_from", "sampled_to", "analysed_on"), pa.date32())
    given = {**SOUND, **MEASURED, **PROCEDURE, **changed}
    return pa.table({name: pa.array([value], types.get(name)) for name, value in given.items()})


def broken_by(row: pa.Table) -> set[str]:
    specimen = {rule for rule, (check, _) in SPECIMEN_CHECKS.items() if check(row)[0]}
    return specimen | {rule for rule, check in MEASUREMENT_CHECKS.items() if check(row)[0]}


@pytest.mark.parametrize(
    ("changed", "rules"),
    [
        ({}, set()),
        ({"upper_depth_cm": 30.0}, {"depth-order"}),
        ({"upper_depth_cm": -5.0}, {"negative-depth"}),
        ({"lower_depth_cm": 20_000.0}, {"implausible-depth"}),
        ({"upper_depth_cm": 20_000.0, "lower_depth_cm": None}, {"implausible-depth"}),
        ({"sampled_from": dt.date(2012, 5, 3)}, {"date-order"}),
        ({"sampled_from": dt.date(1899, 12, 30)}, {"old-date"}),
        ({"sampled_from": TODAY + dt.timedelta(days=9), "sampled_to": None}, {"future-date"}),
        ({"analysed_on": TODAY + dt.timedelta(days=9)}, {"future-analysis"}),
        ({"clay_percent": 40.0}, {"texture-sum"}),
        ({"clay_percent": 22.0}, set()),
        ({"lower": 2e6, "upper": 2e6}, {"implausible-value"}),
        ({"lower": 0.09, "upper": 0.09}, {"below-own-limit"}),
        ({"lower": 0.05, "upper": 0.05}, {"below-own-limit", "substituted-share"}),
        ({"lower": 0.0707, "upper": 0.0707}, {"below-own-limit", "substituted-share"}),
        ({"lower": 0.0, "upper": 0.05}, set()),
        (dict.fromkeys((*SOUND, "lod", "analysed_on")), set()),
    ],
)
def test_a_row_breaks_the_rules_it_breaks_and_no_others(changed: dict[str, object], rules: set[str]) -> None:
    assert broken_by(one_row(**changed)) == rules
