"""Units as laboratories write them: the basis that they state is heard, and nothing that is no content is let in."""

import contextlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from db.tables import measurement
from ingest.contaminants import shipped_contaminants
from ingest.load import load_samples
from ingest.oxides import OXYGEN, matched
from ingest.profile import Profile
from ingest.stated import BASES, content_in

Describe = Callable[..., Profile]
Write = Callable[..., Path]
PLAIN = {
    "mg/kg": Fraction(1),
    "µg/kg": Fraction(1, 1000),
    "ppm": Fraction(1),
    "%": Fraction(10_000),
    "g/t": Fraction(1),
}
ELEMENTS = [entry for entry in shipped_contaminants().entries if entry.symbol and entry.molar_mass]


@given(
    st.sampled_from(sorted(PLAIN)), st.sampled_from(sorted(BASES)), st.sampled_from([" {}", " ({})", "_{}", " [{}]"])
)
def test_every_word_for_a_basis_is_heard_after_any_unit(unit: str, word: str, way: str) -> None:
    conversion, basis = content_in(unit + way.format(word))
    assert (conversion.ratio, basis) == (PLAIN[unit], BASES[word])


@pytest.mark.parametrize(
    ("unit", "ratio", "basis"),
    [
        ("mg/kg d.s.", 1, "dry"),
        ("MG/KG DRY", 1, "dry"),
        ("µg/kg dry wt", Fraction(1, 1000), "dry"),
        ("mg kg⁻¹ TS", 1, "dry"),
        ("mg/kg (wet weight)", 1, "wet"),
        ("mg/Kg", 1, None),
        ("% w/w", 10_000, None),
        ("percent by weight", 10_000, None),
        ("mg/kg soil", 1, None),
        ("pg WHO-TEQ/g", Fraction(1, 10**6), None),
        ("ng I-TEQ/kg", Fraction(1, 10**6), None),
        ("ng WHO-TEQ 2005/kg TS", Fraction(1, 10**6), "dry"),
    ],
)
def test_units_of_reports(unit: str, ratio: Fraction, basis: str | None) -> None:
    conversion, said = content_in(unit)
    assert (conversion.ratio, said) == (ratio, basis)


@pytest.mark.parametrize(
    "unit", ["mg/L dw", "mg/L", "ppt dry", "kg", "t dry", "banana TS", "", "dry", "TEQ", "mg/m3 ts"]
)
def test_what_is_no_content_stays_none(unit: str) -> None:
    with pytest.raises(ValueError, match="unit"):
        content_in(unit)


@pytest.mark.parametrize(
    ("unit", "stated", "basis", "doubted"),
    [
        ("mg/kg TS", "", "dry", False),
        ("mg/kg", "", "unknown", False),
        ("mg/kg ww", 'basis = "wet"', "wet", False),
        ("mg/kg ww", 'basis = "dry"', "dry", True),
    ],
)
def test_a_unit_states_the_basis_where_nothing_else_does(
    connection: Connection, write: Write, describe: Describe, unit: str, stated: str, basis: str, doubted: bool
) -> None:
    given = describe(measurements=stated).to_dict()
    given["measurements"]["unit"] = unit
    report = load_samples(connection, write("x,y,zinc\n5,50,12\n"), Profile.model_validate(given))
    assert connection.execute(select(measurement.c.basis)).scalars().all() == [basis]
    assert ("basis-contradiction" in {problem.rule for problem in report.problems}) == doubted


@pytest.mark.parametrize(
    ("heading", "basis"), [("Zn (mg/kg TS)", "dry"), ("Zn [mg/kg]", "unknown"), ("Zn mg/kg ww", "wet")]
)
def test_a_heading_states_the_basis(
    connection: Connection, write: Write, describe: Describe, heading: str, basis: str
) -> None:
    given = describe().to_dict()
    given["measurements"] |= {"columns": {heading: {"contaminant": "zinc"}}, "unit": None}
    load_samples(connection, write(f"x,y,{heading}\n5,50,12\n"), Profile.model_validate(given))
    assert connection.execute(select(measurement.c.basis)).scalars().all() == [basis]


@given(st.sampled_from(ELEMENTS), st.integers(1, 3), st.integers(1, 5))
def test_oxides_conserve_mass(element: object, count: int, oxygen: int) -> None:
    symbol, mass = element.symbol, element.molar_mass  # type: ignore[attr-defined]
    formula = f"{symbol}{count if count > 1 else ''}O{oxygen if oxygen > 1 else ''}"
    try:
        found, share = matched(formula, shipped_contaminants())
    except ValueError:
        return
    if share == 1.0:
        return
    assert found == element.id  # type: ignore[attr-defined]
    assert share * (count * mass + oxygen * OXYGEN) == pytest.approx(count * mass)
    assert 0 < share < 1
    with contextlib.suppress(ValueError):  # sulfate, SO4, is no oxide
        assert 0 < matched(f"{symbol}{count if count > 1 else ''}O{oxygen + 1}", shipped_contaminants())[1] < share
