"""Units: exact factors, and refusal of what is no mass per mass."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.units import Conversion, to_kg, to_mg_per_kg

SAME = ("ppm", "mg/kg", "µg/g", "μg/g", "ug/g", "g/t", "mg kg-1", "mg.kg-1", "mg per kg", "MG/KG", "ng/mg")
MASSES = {
    "kg": Fraction(1),
    "g": Fraction(1, 1000),
    "mg": Fraction(1, 10**6),
    "µg": Fraction(1, 10**9),
    "t": Fraction(1000),
}


@pytest.mark.parametrize("unit", SAME)
def test_names_of_mg_per_kg(unit: str) -> None:
    assert to_mg_per_kg(unit).ratio == 1


FACTORS = {
    "ppb": Fraction(1, 1000),
    "ng/g": Fraction(1, 1000),
    "µg/kg": Fraction(1, 1000),
    "pg/g": Fraction(1, 10**6),
    "%": Fraction(10_000),
    "wt.%": Fraction(10_000),
    "‰": Fraction(1000),
    "g/kg": Fraction(1000),
    "mg/100 g": Fraction(10),
    "mg/100g": Fraction(10),
}


@pytest.mark.parametrize(("unit", "ratio"), FACTORS.items())
def test_factors(unit: str, ratio: Fraction) -> None:
    assert to_mg_per_kg(unit).ratio == ratio


@given(st.sampled_from(sorted(MASSES)), st.sampled_from(sorted(MASSES)))
def test_any_mass_by_any_mass(top: str, bottom: str) -> None:
    assert to_mg_per_kg(f"{top}/{bottom}").ratio == MASSES[top] / MASSES[bottom] * 10**6


@given(st.decimals(min_value=0, max_value=10**6, places=4))
def test_a_decimal_text_in_ppb_is_the_nearest_double_in_ppm(number: object) -> None:
    exact = Fraction(str(number)) / 1000
    converted = float(to_mg_per_kg("ppb")(np.array([float(str(number))]))[0])
    assert abs(Fraction(converted) - exact) <= abs(exact) * Fraction(1, 2**52)


@given(st.floats(0, 1e9), st.sampled_from([*SAME, "ppb", "%", "ng/g"]))
def test_bounds_keep_their_order_and_infinity(value: float, unit: str) -> None:
    bounds = to_mg_per_kg(unit)(np.array([0.0, value, np.inf, np.nan]))
    assert bounds[0] == 0
    assert 0 <= bounds[1] < bounds[2] == np.inf
    assert np.isnan(bounds[3])


@pytest.mark.parametrize(
    "unit", ["mg/L", "µg/l", "mol/kg", "count/kg", "mg/m3", "kg", "", "banana", "mg/kg/d", "10**9**9", "1e999999/kg"]
)
def test_what_is_no_content_is_refused_by_name(unit: str) -> None:
    with pytest.raises(ValueError, match="unit") as refusal:
        to_mg_per_kg(unit)
    assert repr(unit) in str(refusal.value)


@pytest.mark.parametrize("unit", ["ppt", "lb/ton"])
def test_ambiguous_units_are_refused(unit: str) -> None:
    with pytest.raises(ValueError, match="ambiguous"):
        to_mg_per_kg(unit)


def test_masses_to_kg() -> None:
    assert to_kg("t").ratio == 1000
    assert to_kg("kt").ratio == 10**6
    assert to_kg("pounds").ratio == Fraction(45359237, 10**8)
    with pytest.raises(ValueError, match="'L' is not a mass"):
        to_kg("L")


@given(st.fractions(min_value=Fraction(1, 10**6), max_value=10**6))
def test_a_conversion_and_back(ratio: Fraction) -> None:
    values = np.array([0.0, 1.0, 1234.5])
    np.testing.assert_allclose(Conversion(1 / ratio)(Conversion(ratio)(values)), values, rtol=1e-12)
