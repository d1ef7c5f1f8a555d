"""What stands beside a value: qualifiers, units in headings, oxides, CAS numbers, replicates, severities of rules."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from db.tables import measurement, specimen
from ingest.contaminants import shipped_contaminants
from ingest.draft import draft_profile
from ingest.headings import split_heading
from ingest.knowledge import BATCH, ReplicatePrecision
from ingest.load import load_samples
from ingest.oxides import matched
from ingest.profile import Profile, ProfileError, read_profile
from ingest.sectors import sector_of
from ingest.units import to_kg

Describe = Callable[..., Profile]
Write = Callable[..., Path]


def bounds(connection: Connection) -> list[tuple[float, float, str]]:
    columns = measurement.c
    statement = select(columns.lower, columns.upper, columns.quality_flag)
    joined = statement.join(specimen, specimen.c.id == columns.specimen_id)
    return [tuple(row) for row in connection.execute(joined.order_by(specimen.c.source_row, columns.replicate))]


@pytest.mark.parametrize(
    ("formula", "element", "share"),
    # mass fractions from the abridged standard atomic weights of IUPAC, as tables of conversion factors print them
    [
        ("K2O", "potassium", 0.8302),
        ("SiO2", "silicon", 0.4674),
        ("Al2O3", "aluminium", 0.5293),
        ("Fe2O3", "iron", 0.6994),
        ("P2O5", "phosphorus", 0.4364),
        ("MgO", "magnesium", 0.6030),
        ("Fe2O3(t)", "iron", 0.6994),
        ("K", "potassium", 1.0),
    ],
)
def test_oxides_by_stoichiometry(formula: str, element: str, share: float) -> None:
    found, ratio = matched(formula, shipped_contaminants())
    assert found == element
    assert ratio == pytest.approx(share, abs=5e-5)


@pytest.mark.parametrize("text", ["CO2", "NO2", "SO4", "XyO", "H2O", "O"])
def test_what_is_no_oxide_of_a_known_element(text: str) -> None:
    with pytest.raises(ValueError, match="is not a known contaminant"):
        matched(text, shipped_contaminants())


@pytest.mark.parametrize(
    ("heading", "name", "unit"),
    [
        ("Zn (mg/kg)", "Zn", "mg/kg"),
        ("Pb [µg/g] AR", "Pb", "µg/g"),
        ("As_ppm", "As", "ppm"),
        ("Cd mg/kg", "Cd", "mg/kg"),
        ("K2O_pct", "K2O", "%"),
        ("NOx (as NO2) (kt)", "NOx (as NO2)", "kt"),
        ("pH (H2O)", "pH (H2O)", None),
        ("Zn", "Zn", None),
        ("Zn (mg/L)", "Zn (mg/L)", None),
    ],
)
def test_units_in_headings(heading: str, name: str, unit: str | None) -> None:
    assert split_heading(heading) == (name, unit)


def test_a_heading_gives_the_unit(connection: Connection, write: Write, describe: Describe) -> None:
    profile = describe().to_dict()
    profile["measurements"] |= {"columns": {"Zn [%]": {"contaminant": "zinc"}}, "unit": None}
    described = Profile.model_validate(profile)
    load_samples(connection, write("x,y,Zn [%]\n5,50,1\n"), described)
    assert bounds(connection) == [(10_000, 10_000, "ok")]
    changed = profile | {"measurements": profile["measurements"] | {"columns": {"Zn": {"contaminant": "zinc"}}}}
    with pytest.raises(ProfileError, match="neither the profile nor its heading gives a unit for column 'Zn'"):
        load_samples(connection, write("x,y,Zn\n5,50,1\n"), Profile.model_validate(changed))


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("TRUE", (0, 18, "ok")),
        ("<", (0, 18, "ok")),
        ("U", (0, 18, "ok")),
        ("FALSE", (18, 18, "ok")),
        ("", (18, 18, "ok")),
        (">", (18, float("inf"), "ok")),
        ("J", (18, 18, "approximate")),
    ],
)
def test_a_value_and_its_flag(
    connection: Connection, write: Write, describe: Describe, flag: str, expected: tuple[float, float, str]
) -> None:
    profile = describe(
        columns='zinc = { contaminant = "zinc", qualifier = { column = "cen" } }', notation='approximate = "flag"'
    )
    load_samples(connection, write(f"x,y,zinc,cen\n5,50,18,{flag}\n"), profile)
    assert bounds(connection) == [expected]


def test_a_flag_that_nobody_knows_spoils_its_value(connection: Connection, write: Write, describe: Describe) -> None:
    profile = describe(columns='zinc = { contaminant = "zinc", qualifier = { column = "cen" } }')
    report = load_samples(connection, write("x,y,zinc,cen\n5,50,18,Q7\n5,51,18,\n"), profile)
    assert (report.loaded, report.rejected) == (1, 1)
    assert "not-a-code" in {problem.rule for problem in report.problems}


def test_limits_in_columns_and_intervals(connection: Connection, write: Write, describe: Describe) -> None:
    profile = describe(
        columns='zinc = { contaminant = "zinc", lod = { column = "lod" } }',
        notation='intervals = true\napproximate = "flag"\nzero = "below-lod"\nnegative = "below-absolute"',
    )
    text = "x,y,zinc,lod\n5,50,n.d.,2\n5,51,0.1-0.3,\n5,52,~5,\n5,53,0,4\n5,54,-3,\n5,55,>1000,\n"
    load_samples(connection, write(text), profile)
    assert bounds(connection) == [
        (0, 2, "ok"),
        (0.1, 0.3, "ok"),
        (5, 5, "approximate"),
        (0, 4, "ok"),
        (0, 3, "ok"),
        (1000, float("inf"), "ok"),
    ]


LONG = """
[dataset]
name = "long"
title = "One measurement per row"
licence = "CC0-1.0"
provider = "the tests"

[position]
crs = "EPSG:4326"
x = { column = "x" }
y = { column = "y" }

[specimen]
code = { column = "sample" }
medium = "mineral-horizon"

[measurements]
contaminant = { column = "element" }
cas = { column = "cas" }
value = { column = "result" }
unit = "ppm"
replicates = "number"
"""


def test_names_and_cas_numbers_that_contradict(connection: Connection, write: Write) -> None:
    rows = (
        "sample,x,y,element,cas,result\nA,5,50,Zinc,7440-66-6,1\nA,5,50,Lead,7440-66-6,2\nA,5,50,what,7439-92-1,3\n"
        "A,5,50,Zinc,7440-66-6,4\nB,5,50,Cadmium,,5\n"
    )
    report = load_samples(connection, write(rows), read_profile(write(LONG, "long.toml")))
    assert report.measurements == {"cadmium": 1, "lead": 2, "zinc": 2}
    found = {problem.rule: problem.message for problem in report.problems}
    assert found["cas-contradiction"] == "row 3, column cas: '7440-66-6' is the CAS number of zinc, not of the name"
    numbers = connection.execute(
        select(measurement.c.contaminant_id, measurement.c.replicate, measurement.c.upper, measurement.c.source_row)
    ).all()
    assert {tuple(row) for row in numbers} == {
        ("zinc", 1, 1, 2),
        ("zinc", 2, 4, 5),
        ("lead", 1, 2, 3),
        ("lead", 2, 3, 4),
        ("cadmium", 1, 5, 6),
    }


@given(st.integers(5, 30), st.floats(0.001, 0.5), st.integers(0, 2**32 - 1))
def test_replicates_give_the_relative_error_that_made_them(pairs: int, relative: float, seed: int) -> None:
    draw = np.random.default_rng(seed)
    means = draw.lognormal(2, 1, pairs)
    # two values that differ by d around their mean have the standard deviation d / sqrt(2)
    half = means * relative / np.sqrt(2)
    upper = np.column_stack([means - half, means + half]).ravel()
    table = pa.table(
        {
            "replicate": np.tile([1, 2], pairs),
            "lower": upper,
            "upper": upper,
            "uncertainty": pa.nulls(2 * pairs, pa.float64()),
            **{key: pa.repeat(pa.scalar("x"), 2 * pairs) for key in BATCH},
        }
    )
    specimens = np.repeat(np.arange(pairs, dtype=np.uint64), 2)
    learnt, little = ReplicatePrecision(), ReplicatePrecision()
    for start in range(0, 2 * pairs, 7):
        learnt.learn(table.slice(start, 7), specimens[start : start + 7])
    little.learn(table.slice(0, 8), specimens[:8])
    filled, _ = learnt.apply(table)
    np.testing.assert_allclose(filled["uncertainty"].to_numpy(), relative * upper)
    assert [f"{pairs} pairs of replicates differ by {relative:.1%}" in found.reason for found in learnt.findings()] == [
        True
    ]
    assert little.apply(table)[0]["uncertainty"].null_count == 2 * pairs
    assert not list(little.findings())


def test_severities_of_a_dataset(connection: Connection, write: Write, describe: Describe) -> None:
    profile = describe().to_dict() | {"rules": {"position-outside": "flag", "implausible-value": "off"}}
    report = load_samples(connection, write("x,y,zinc\n200,50,1\n5,50,2000000\n"), Profile.model_validate(profile))
    assert (report.loaded, report.rejected) == (2, 0)
    assert [problem.severity for problem in report.problems if problem.rule == "position-outside"] == ["flag"]
    for wrong in ({"no-code": "flag"}, {"nonsense": "off"}):
        with pytest.raises(ValueError, match="is not a rule that can be overridden"):
            Profile.model_validate(profile | {"rules": wrong})


@pytest.mark.parametrize(
    ("scheme", "code", "sector"),
    [
        ("naics", "325510", "chemicals"),
        ("naics", "562212", "landfill"),
        ("naics", "562111", "waste"),
        ("e-prtr", "5.d", "landfill"),
        ("e-prtr", "5(d)", "landfill"),
        ("e-prtr", "7.a.ii", "agriculture"),
        ("gnfr", "J_Waste", "waste"),
        ("nace", "24.10", "metals"),
        ("nace", "C24.41", "metals"),
        ("anzsic", "2133", "metals"),
        ("sic", "3339", "metals"),
        ("naics", "99", None),
        ("naics", "", None),
    ],
)
def test_sectors(scheme: str, code: str, sector: str | None) -> None:
    assert sector_of(scheme, code) == sector


@given(st.sampled_from(["g I-TEQ", "g WHO-TEQ", "g WHO2005-TEQ", "g I-Teq", "g TEQ"]))
def test_toxic_equivalents_have_the_mass_of_their_unit(unit: str) -> None:
    assert float(to_kg(unit).ratio) == 0.001


def test_a_draft_says_why_and_what_it_could_not_tell(write: Write) -> None:
    text = (
        "Probe;Rechtswert_25832;Hochwert_25832;Tiefe von;pH;Zn (mg/kg);Pb;crew\n"
        "A;605000,5;5800000;0;5,5;12,5;<5;x\nB;606000;5801000;0;6;0;7;y\n"
    )
    draft = draft_profile(write(text, "Boden 2020.csv"), shipped_contaminants())
    profile = tomllib.loads(draft.toml)
    assert profile["dataset"]["name"] == "boden-2020"
    assert profile["file"] == {"decimal": ","}
    assert profile["position"] == {
        "crs": "EPSG:25832",
        "x": {"column": "Rechtswert_25832"},
        "y": {"column": "Hochwert_25832"},
    }
    assert profile["specimen"]["code"] == {"column": "Probe"}
    assert profile["specimen"]["ph"] == {"column": "pH"}
    assert profile["measurements"]["columns"] == {
        "Zn (mg/kg)": {"contaminant": "Zn", "unit": "mg/kg"},
        "Pb": {"contaminant": "Pb"},
    }
    asked = " ".join(draft.open_questions)
    for word in ("licence", "medium", "digested", "unit", "a content of 0", "crew"):
        assert word in asked
    assert any("names it and the coordinates lie in its area" in reason for reason in draft.reasons)


def test_a_draft_with_its_questions_answered_loads(connection: Connection, write: Write) -> None:
    file = write("id,lon,lat,As_ppm\nA,5,50,1\nB,5.5,50,<2\n", "draft-me.csv")
    draft = draft_profile(file, shipped_contaminants())
    answered = draft.toml.replace('"?"', '"mineral-horizon"')
    report = load_samples(connection, file, read_profile(write(answered, "answered.toml")))
    assert report.measurements == {"arsenic": 2}


def test_a_draft_of_an_inventory(write: Write) -> None:
    text = "FACILITY_ID,NAME,NAICS,LAT,LON,Pb (t)\n1,One,3251,50,5,0.5\n2,Two,2211,51,6,\n"
    profile = tomllib.loads(draft_profile(write(text), shipped_contaminants()).toml)
    assert profile["sources"]["sector"] == {"column": "NAICS", "scheme": "naics"}
    assert profile["sources"]["releases"] == [
        {"pollutant": "Pb", "medium": "?", "quantity": {"column": "Pb (t)"}, "unit": "t"}
    ]


def test_a_draft_of_one_measurement_per_row(write: Write) -> None:
    text = "SampleID,X,Y,Parameter,Result,Unit,CAS\nA,5,50,Zinc,1,mg/kg,7440-66-6\nA,5,50,Lead,<2,mg/kg,7439-92-1\n"
    measured = tomllib.loads(draft_profile(write(text), shipped_contaminants()).toml)["measurements"]
    assert {key: measured[key]["column"] for key in ("contaminant", "value", "unit", "cas")} == {
        "contaminant": "Parameter",
        "value": "Result",
        "unit": "Unit",
        "cas": "CAS",
    }
