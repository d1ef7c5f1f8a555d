"""Guideline values as decision rules: compared only where they are comparable, and in words where not."""

import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.guidelines import read_guidelines
from mapping.context import Assumption, Context, parse_assumptions
from mapping.guideline import Guideline, GuidelineRow, Span, guidelines
from mapping.limits import Assessment, assess, count_exceeding
from mapping.soiltype import INORGANIC, ORGANIC, PAH, SoilTypeCorrection

ROOT = Path(__file__).parents[2]
INTERVENTION = "netherlands:circulaire-bodemsanering-2013:any-soil:intervention"
PRECAUTION = "germany:bbodschv-2021:any:precaution"
GRASSLAND = "germany:bbodschv-2021:grassland:action"
NITRATE = "germany:bbodschv-2021:arable-growth:trigger"
SENSITIVE = "sweden:nv-5976:km:guideline"
SYMBOLS = {"As": "arsenic", "Ba": "barium", "Be": "beryllium", "Cd": "cadmium", "Cr": "chromium", "Co": "cobalt"} | {
    "Cu": "copper",
    "Hg": "mercury",
    "Pb": "lead",
    "Ni": "nickel",
    "Sn": "tin",
    "V": "vanadium",
    "Zn": "zinc",
    "Sb": "antimony",
    "Mo": "molybdenum",
    "Tl": "thallium",
}

Find = Callable[[str, str], Guideline]


@pytest.fixture(scope="module")
def find() -> Find:
    rules = guidelines(read_guidelines())
    return lambda rule, contaminant: rules[rule, contaminant]


def soil(size: int = 1, **properties: object) -> Context:
    known: dict[str, object] = {"medium": "mineral-horizon", "procedure": "aqua-regia", "basis": "dry"}
    return Context.of(size, **(known | properties))  # type: ignore[arg-type]


def limit(answer: Assessment) -> float:
    assert answer.assessable.all(), (answer.missing, answer.obstacles)
    return float(answer.limit[0])


# --- the Dutch soil-type correction


def test_constants_are_those_of_the_regulation() -> None:
    with (ROOT / "tests/reference/nl_soiltype_correction.csv").open() as handle:
        for row in csv.DictReader(handle):
            expected = SoilTypeCorrection(float(row["A"]), float(row["B"]), float(row["C"]))
            for symbol in row["contaminant"].split(","):
                if symbol == "organics":
                    assert replace(expected, most_organic_matter=30) == ORGANIC
                    assert replace(expected, least_organic_matter=10, most_organic_matter=30) == PAH
                else:
                    assert INORGANIC[SYMBOLS[symbol]] == expected


@given(st.sampled_from(sorted(INORGANIC)), st.floats(0, 100), st.floats(0, 100), st.floats(0.1, 5000))
def test_the_limit_moves_as_the_standardised_content_does(name: str, clay: float, organic: float, value: float) -> None:
    """G_std > limit exactly where G > limit · factor, with the formula as annex G III prints it."""
    k = INORGANIC[name]
    held_clay, held_organic = max(clay, 2), max(organic, 2)
    standardised = value * (k.a + 25 * k.b + 10 * k.c) / (k.a + k.b * held_clay + k.c * held_organic)
    assert value / float(k.factor(clay, organic)) == pytest.approx(standardised)


def test_the_standard_soil_is_not_corrected_and_bounds_hold() -> None:
    for k in INORGANIC.values():
        assert float(k.factor(25, 10)) == pytest.approx(1)
        assert float(k.factor(0, 0)) == pytest.approx(float(k.factor(2, 2)))
    assert float(ORGANIC.factor(np.nan, 80)) == 3.0
    assert float(PAH.factor(np.nan, 1)) == 1.0


def test_meuse_over_assumed_clay_contents(find: Find) -> None:
    """The count depends on clay, which nobody measured: 74 of 153 at 2 % (and below), 16 at 40 %."""
    table = np.genfromtxt(ROOT / "examples/meuse/meuse.csv", delimiter=",", names=True, usecols=range(9))
    zinc, organic = table["zinc"], table["om"]
    context = soil(len(zinc), organic_matter=organic)
    rule = find(INTERVENTION, "zinc")
    counted = {}
    for clay in (0, 2, 5, 10, 20, 30, 40):
        answer = assess(rule, context, parse_assumptions([f"clay:{clay}"]))
        counts = count_exceeding(zinc, zinc, answer)
        assert answer.assumptions == (f"clay:{clay}",)
        assert (counts.not_assessable, counts.undecidable) == (2, 0)
        assert counts.exceeding + counts.not_exceeding == 153
        counted[clay] = counts.exceeding
    assert counted[0] == counted[2] == 74
    assert counted[40] == 16
    assert list(counted.values()) == sorted(counted.values(), reverse=True)
    without = assess(rule, context)
    assert not without.assessable.any()
    assert any(
        "clay content is missing for 155 of 155 samples (to assume it: clay:" in text for text in without.missing
    )


# --- what has to match


def test_everything_that_is_missing_is_named_at_once(find: Find) -> None:
    answer = assess(find(INTERVENTION, "zinc"), Context.of(3))
    assert not answer.assessable.any()
    for word in ("medium", "procedure", "basis", "clay", "organic matter"):
        assert any(text.startswith(word) and "3 of 3 samples" in text for text in answer.missing), word


@pytest.mark.parametrize(
    ("properties", "complaint"),
    [
        ({"medium": "o-horizon"}, "the value is for soil"),
        ({"medium": "sediment"}, "the value is for soil"),
        ({"procedure": "ammonium-nitrate"}, "another extraction: the value refers to aqua-regia"),
        ({"procedure": "four-acid"}, "another extraction"),
        ({"basis": "wet"}, "per dry mass"),
    ],
)
def test_what_was_measured_otherwise_is_not_compared(find: Find, properties: dict[str, str], complaint: str) -> None:
    answer = assess(find(PRECAUTION, "copper"), soil(1, texture="sand", toc=1, **properties))
    assert not answer.assessable.any()
    assert any(complaint in text for text in answer.obstacles)


def test_an_ammonium_nitrate_value_needs_that_extract(find: Find) -> None:
    rule = find(NITRATE, "zinc")
    assert not assess(rule, soil()).assessable.any()
    assert limit(assess(rule, soil(procedure="ammonium-nitrate"))) == 2


def test_an_assumption_fills_gaps_and_never_overrules(find: Find) -> None:
    rule = find(PRECAUTION, "copper")
    context = Context.of(
        2, medium="soil", basis="dry", procedure=["aqua-regia", "unknown"], texture=["sand", None], toc=[1, np.nan]
    )
    answer = assess(rule, context, parse_assumptions(["procedure:aqua-regia", "texture:clay", "toc:2", "clay:5"]))
    assert answer.limit.tolist() == [20, 60]
    assert set(answer.assumptions) == {"procedure:aqua-regia", "texture:clay", "toc:2"}
    wet = assess(rule, soil(texture="sand", toc=1, basis="wet"), parse_assumptions(["basis:dry"]))
    assert not wet.assessable.any()


def test_an_unstated_extraction_takes_contents_only_and_says_so(find: Find) -> None:
    rule = find(SENSITIVE, "lead")
    answer = assess(rule, soil(procedure="nitric-acid"))
    assert limit(answer) == 50
    assert any("does not state the extraction" in text for text in answer.caveats)
    assert any("secondary source" in text for text in answer.caveats)
    assert not assess(rule, soil(procedure="edta")).assessable.any()


# --- German conditions


@pytest.mark.parametrize(
    ("contaminant", "texture", "ph", "expected"),
    [
        ("lead", "clay", 5.0, 100),
        ("lead", "clay", 4.9, 70),
        ("lead", "silt", 4.9, 40),
        ("lead", "loam", 5.5, 70),
        ("lead", "sand", 3.0, 40),
        ("zinc", "clay", 5.9, 150),
        ("zinc", "loam", 6.0, 150),
        ("cadmium", "loam", 5.9, 0.4),
        ("copper", "clay", 3.0, 60),
    ],
)
def test_acid_soil_is_judged_by_the_next_lighter_texture(
    find: Find, contaminant: str, texture: str, ph: float, expected: float
) -> None:
    answer = assess(find(PRECAUTION, contaminant), soil(texture=texture, ph=ph, toc=9))
    assert limit(answer) == expected


def test_ph_is_wanted_only_where_it_decides(find: Find) -> None:
    answer = assess(find(PRECAUTION, "lead"), soil(2, texture=["sand", "clay"], toc=3))
    assert answer.limit[0] == 40
    assert np.isnan(answer.limit[1])
    assert answer.missing == ("pH is missing for 1 of 2 samples (to assume it: ph:<number>)",)


def test_soil_outside_the_rule_is_said(find: Find) -> None:
    answer = assess(find(PRECAUTION, "copper"), soil(texture="sand", toc=9.1))
    assert answer.obstacles == ("1 of 1 samples: no value of the rule covers their soil or use",)


def test_open_and_closed_ends_meet(find: Find) -> None:
    rule = find(GRASSLAND, "cadmium")
    assert assess(rule, soil(3, ph=[4.999, 5.0, 9.0])).limit.tolist() == [15, 20, 20]


def test_a_use_with_its_own_value(find: Find) -> None:
    rule = find(GRASSLAND, "copper")
    assert assess(rule, soil(2, use=["sheep-grazing", "hay"])).limit.tolist() == [200, 1300]
    assert "use is missing" in assess(rule, soil()).missing[0]


# --- rules that are not comparable, or not in force


@pytest.mark.parametrize(
    ("rule", "contaminant", "reason"),
    [
        ("european-union:directive-86-278:agricultural-sludge:limit", "zinc", "range"),
        ("brazil-minas-gerais:copam-166-2011:any:background", "cadmium", "detection limit"),
        ("germany:bbodschv-2021:any:precaution", "pah-sum-16", "sum of substances"),
        ("united-states:olem-lead-1994:residential:screening", "lead", "superseded"),
        ("russia:odk-2009:any:guideline", "copper", "not encoded yet"),
        ("china:gb-15618-2018:agricultural-not-paddy:screening", "zinc", "not checked yet"),
    ],
)
def test_what_is_not_comparable_yet_says_why(find: Find, rule: str, contaminant: str, reason: str) -> None:
    answer = assess(find(rule, contaminant), soil(2))
    assert not answer.assessable.any()
    assert "not comparable yet" in answer.obstacles[0]
    assert any(reason in text for text in answer.obstacles)


def test_an_act_holds_on_its_days_only(find: Find) -> None:
    rule = find("netherlands:regeling-bodemkwaliteit-2007:any:background", "zinc")
    context = soil(clay=25, organic_matter=10)
    assert limit(assess(rule, context, on=date(2023, 12, 31))) == 140
    late = assess(rule, context, on=date(2024, 1, 1))
    assert late.obstacles == ("Regeling bodemkwaliteit, Bijlage B tabel 1 was not in force on 2024-01-01",)
    assert any("ended on 2023-12-31" in text for text in assess(rule, context).caveats)


def test_what_was_not_compared_is_a_caveat(find: Find) -> None:
    said = assess(find(INTERVENTION, "zinc"), soil(clay=25, organic_matter=10)).caveats
    assert any("mean of at least 25 m3 of soil; compared sample by sample" in text for text in said)
    said = assess(find("germany:bbodschv-2021:playground:trigger", "lead"), soil()).caveats
    assert any("0 to 30 cm; depths were not compared" in text for text in said)


def test_every_comparable_rule_gives_one_limit_to_a_well_known_soil() -> None:
    """No comparable rule is unreachable, and no soil falls between two of its rows."""
    spread = [(t, ph, toc) for t in ("sand", "loam", "clay") for ph in (4.0, 5.0, 6.0, 7.0) for toc in (0.5, 4, 9)]
    textures, ph, toc = (np.array(values) for values in zip(*spread, strict=True))
    for rule in guidelines(read_guidelines()).values():
        if not all(row.comparable for row in rule.rows):
            continue
        extractant = rule.rows[0].measurand.extractant
        procedure = "aqua-regia" if extractant == "not-stated" else extractant
        context = soil(
            len(spread), texture=textures, ph=ph, toc=toc, clay=10, organic_matter=5, use="hay", procedure=procedure
        )
        answer = assess(rule, context)
        assert answer.assessable.all(), (rule.id, rule.contaminant, answer.missing, answer.obstacles)
        for place in range(len(spread)):
            values = {row.low for row in rule.rows}
            assert any(answer.limit[place] == pytest.approx(v) for v in values) or rule.rows[0].correction


# --- counting


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100), st.booleans()), min_size=1, max_size=30))
def test_counts_partition_the_samples(rows: list[tuple[float, float, bool]]) -> None:
    low, high = (np.array([f(a, b) for a, b, _ in rows]) for f in (min, max))
    limits = np.where([known for *_, known in rows], 50.0, np.nan)
    answer = Assessment("r", "zinc", limits, missing=("something",))
    counts = count_exceeding(low, high, answer)
    assert counts.exceeding + counts.not_exceeding + counts.undecidable + counts.not_assessable == len(rows)
    assert counts.not_assessable == int(np.isnan(limits).sum())


def test_a_detection_limit_above_the_limit_decides_nothing() -> None:
    answer = Assessment("r", "zinc", np.full(5, 10.0))
    counts = count_exceeding([0, 0, 12, 10, 11], [5, 20, np.inf, 10, 11], answer)
    assert (counts.exceeding, counts.not_exceeding, counts.undecidable) == (2, 2, 1)
    with pytest.raises(ValueError, match="one length"):
        count_exceeding([1], [1], answer)


# --- values and texts at the edge


def test_assumptions_are_parsed() -> None:
    parsed = parse_assumptions(["clay:10", " Procedure : aqua-regia "])
    assert parsed == (Assumption("clay", 10.0), Assumption("procedure", "aqua-regia"))
    assert [each.text for each in parsed] == ["clay:10", "procedure:aqua-regia"]


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        (["clay"], "reads <property>:<value>"),
        (["clay:"], "reads <property>:<value>"),
        (["mud:5"], "'mud' is none of clay, organic-matter"),
        (["clay:much"], "'much' is not a number"),
        (["clay:nan"], "between 0 and 100"),
        (["clay:101"], "between 0 and 100"),
        (["ph:15"], "between 0 and 14"),
        (["procedure:magic"], "'magic' is none of aqua-regia"),
        (["clay:1", "clay:2"], "'clay' is given 2 times"),
    ],
)
def test_an_assumption_that_is_none(texts: list[str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_assumptions(texts)


def test_a_context_that_is_none() -> None:
    with pytest.raises(ValueError, match="'lime' is none of"):
        Context.of(2, lime=3)
    with pytest.raises(ValueError, match="sample 1: clay must lie between"):
        Context.of(2, clay=[3, 300])
    with pytest.raises(ValueError, match="one value or 2"):
        Context.of(2, ph=[1, 2, 3])


def test_a_row_that_cannot_be() -> None:
    row: GuidelineRow = read_guidelines()[0]
    with pytest.raises(ValueError, match="needs its reason"):
        replace(row, comparable=False, reason="")
    with pytest.raises(ValueError, match="finite number"):
        replace(row, low=-1.0)
    with pytest.raises(ValueError, match="must share rule"):
        Guideline((row, replace(row, land_use="elsewhere")))
    with pytest.raises(ValueError, match="end before it starts"):
        Span(5, 4)
    with pytest.raises(ValueError, match="need a reason"):
        Assessment("r", "zinc", np.array([np.nan]))
