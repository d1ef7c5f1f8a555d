"""The rule for silently substituted detection limits: it finds constants put in, and leaves rounding alone."""

import csv
from pathlib import Path

import numpy as np
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
