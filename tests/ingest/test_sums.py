"""Sums of congeners: laws over every definition of the vocabulary, for tables in any order."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.contaminants import shipped_contaminants
from ingest.errors import IngestError
from ingest.sums import DERIVED, PARTIAL, Sum, chosen_sums, derive_sums, shipped_sums

SUMS = shipped_sums()
definitions = pytest.mark.parametrize("one", SUMS, ids=lambda one: one.definition)
seeds = st.integers(0, 2**32 - 1)


def table(rows: list[tuple[int, str, float, float]]) -> pa.Table:
    specimen, contaminant, lower, upper = zip(*rows, strict=True) if rows else ((), (), (), ())
    columns = {
        "specimen": pa.array(specimen, pa.int64()),
        "procedure": pa.array([7] * len(rows), pa.int64()),
        "basis": pa.array(["dry"] * len(rows), pa.string()),
        "replicate": pa.array([1] * len(rows), pa.int64()),
        "contaminant": pa.array(contaminant, pa.string()),
        "lower": pa.array(lower, pa.float64()),
        "upper": pa.array(upper, pa.float64()),
        "uncertainty": pa.array([0.1 * high for high in upper], pa.float64()),
    }
    return pa.table(columns)


def bounds(made: pa.Table, contaminant: str) -> list[tuple[int, float, float, str]]:
    rows = made.filter(pa.compute.equal(made["contaminant"], contaminant)).to_pylist()
    return [(row["specimen"], row["lower"], row["upper"], row["quality_flag"]) for row in rows]


def measured(one: Sum, seed: int, specimen: int = 1) -> list[tuple[int, str, float, float]]:
    """Every member of a sum, the first measured and about half of the others below a limit."""
    draw = np.random.default_rng(seed)
    upper = draw.lognormal(0, 1, len(one.members))
    lower = np.where(draw.random(len(upper)) < 0.5, 0.0, upper)
    lower[0] = upper[0]
    return [(specimen, name, low, high) for name, low, high in zip(one.members, lower, upper, strict=True)]


@definitions
@settings(max_examples=4)
@given(seed=seeds)
def test_bounds_are_those_of_the_members(one: Sum, seed: int) -> None:
    rows = measured(one, seed)
    made, contradictions = derive_sums(table(rows), [one], partial=False)
    (found,) = bounds(made, one.contaminant)
    assert found[1] == pytest.approx(sum(one.members[name] * low for _, name, low, _ in rows))
    assert found[2] == pytest.approx(sum(one.members[name] * high for _, name, _, high in rows))
    assert (found[3], contradictions) == (DERIVED, ())
    error = np.sqrt(sum((one.members[row[1]] * 0.1 * row[3]) ** 2 for row in rows))
    assert made["uncertainty"][0].as_py() == pytest.approx(error)


@definitions
def test_a_missing_member_is_named_and_leaves_the_upper_end_open(one: Sum) -> None:
    rows = measured(one, 1)
    missing = rows.pop()[1]
    made, _ = derive_sums(table(rows), [one], partial=False)
    assert made.num_rows == 0
    made, _ = derive_sums(table(rows), [one], partial=True)
    (found,) = bounds(made, one.contaminant)
    assert (found[2], found[3]) == (np.inf, PARTIAL)
    assert f"{len(rows)} of {len(one.members)} members" in made["original_text"][0].as_py()
    assert made["original_text"][0].as_py().endswith(f"missing: {missing}")


@settings(max_examples=15)
@given(seeds, st.integers(2, 6))
def test_specimens_and_order_do_not_mix(seed: int, count: int) -> None:
    one = SUMS[3]
    rows = [row for specimen in range(count) for row in measured(one, seed + specimen, specimen)]
    shuffled = [rows[place] for place in np.random.default_rng(seed).permutation(len(rows))]
    together = bounds(derive_sums(table(shuffled), [one], partial=False)[0], one.contaminant)
    for found in together:
        alone = table(measured(one, seed + found[0], found[0]))
        (expected,) = bounds(derive_sums(alone, [one], partial=False)[0], one.contaminant)
        assert found[1:3] == pytest.approx(expected[1:3])
    assert sorted(found[0] for found in together) == list(range(count))


@definitions
def test_a_reported_sum_is_compared_and_not_made_again(one: Sum) -> None:
    rows = measured(one, 3)
    lower = sum(one.members[row[1]] * row[2] for row in rows)
    upper = sum(one.members[row[1]] * row[3] for row in rows)
    ways = [way for way in SUMS if way.contaminant == one.contaminant]
    inside, too_small = (lower + upper) / 2, lower / 2
    made, contradictions = derive_sums(table([*rows, (1, one.contaminant, inside, inside)]), ways, partial=True)
    assert (made.num_rows, contradictions) == (0, ())
    _, (found,) = derive_sums(table([*rows, (1, one.contaminant, too_small, too_small)]), ways, partial=False)
    assert (found.contaminant, found.places.tolist()) == (one.contaminant, [len(rows)])


def test_more_than_all_members_is_a_contradiction_too() -> None:
    rows = [*measured(SUMS[3], 3), (1, SUMS[3].contaminant, 1e6, 1e6)]
    assert len(derive_sums(table(rows), SUMS, partial=False)[1]) == 1


def test_a_sum_can_be_the_member_of_another() -> None:
    rows = [(1, name, 1.0, 1.0) for name in ("benzene", "toluene", "ethylbenzene", "o-xylene", "m-and-p-xylene")]
    made, _ = derive_sums(table(rows), SUMS, partial=False)
    assert bounds(made, "xylenes") == [(1, 2.0, 2.0, DERIVED)]
    assert bounds(made, "btex") == [(1, 5.0, 5.0, DERIVED)]


def test_the_fullest_definition_is_taken_and_a_partial_one_never_before_a_whole_one() -> None:
    three = [(1, name, 1.0, 1.0) for name in ("ddt", "dde", "ddd")]
    six = [*three, *((1, f"op-{name}", 1.0, 1.0) for name in ("ddt", "dde", "ddd"))]
    assert bounds(derive_sums(table(three), SUMS, partial=True)[0], "ddt-sum") == [(1, 3.0, 3.0, DERIVED)]
    assert bounds(derive_sums(table(six), SUMS, partial=True)[0], "ddt-sum") == [(1, 6.0, 6.0, DERIVED)]
    reported = [*three, (1, "ddt-sum", 5.0, 5.0)]
    assert derive_sums(table(reported), SUMS, partial=False)[1] == ()


def test_other_procedures_are_other_sums() -> None:
    rows = table(measured(SUMS[3], 1))
    mixed = rows.set_column(
        rows.schema.get_field_index("procedure"), "procedure", pa.array([1] * 3 + [2] * (rows.num_rows - 3))
    )
    assert derive_sums(mixed, [SUMS[3]], partial=False)[0].num_rows == 0


def test_an_empty_table_has_no_sums() -> None:
    assert derive_sums(table([]), SUMS, partial=True)[0].num_rows == 0


def test_the_vocabulary_is_consistent() -> None:
    entries = {entry.id: entry for entry in shipped_contaminants().entries}
    for one in SUMS:
        assert {one.contaminant, *one.members} <= set(entries)
        assert one.source
        ways = [set(way.members) for way in SUMS if way.contaminant == one.contaminant]
        assert set(entries[one.contaminant].members) in ways
    names = [one.definition for one in SUMS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("definition", "member", "factor"),
    [
        # Van den Berg et al. (1998), Environmental Health Perspectives 106, table 1 (humans and mammals)
        ("pcddf-pcb-teq-who-1998", "23478-pecdf", 0.5),
        ("pcddf-pcb-teq-who-1998", "pcb-167", 0.00001),
        # Van den Berg et al. (2006), Toxicological Sciences 93, table 1
        ("pcddf-pcb-teq-who-2005", "ocdd", 0.0003),
        ("pcddf-pcb-teq-who-2005", "pcb-81", 0.0003),
        # DeVito et al. (2024), Regulatory Toxicology and Pharmacology 146
        ("pcddf-pcb-teq-who-2022", "12378-pecdd", 0.4),
        ("pcddf-pcb-teq-who-2022", "pcb-126", 0.05),
        # the international factors, NATO/CCMS report 176 of 1988
        ("pcddf-i-teq", "12378-pecdd", 0.5),
    ],
)
def test_factors_of_the_sets(definition: str, member: str, factor: float) -> None:
    (one,) = (one for one in SUMS if one.definition == definition)
    assert one.members[member] == factor


def test_teq_sets_have_their_congeners() -> None:
    for one in SUMS:
        if "teq-who" in one.definition or one.definition == "pcddf-i-teq":
            assert len(one.members) == (29 if "pcb" in one.definition else 17)
            assert one.members["2378-tcdd"] == 1.0
            assert one.factors


def test_mistakes_are_named() -> None:
    with pytest.raises(IngestError, match="'zinc' is no sum made of members"):
        chosen_sums(["zinc"])
    with pytest.raises(ValueError, match="needs two members"):
        Sum("odd", "zinc", "", {"zinc": 1.0}, "nobody")
