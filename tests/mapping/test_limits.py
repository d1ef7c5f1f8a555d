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
from mapping.context import WORDS, Assumption, Context, parse_assumptions
from mapping.guideline import Guideline, GuidelineRow, Span, guidelines
from mapping.limits import Assessment, assess, count_exceeding
from mapping.soiltype import SoilTypeCorrection

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


CORRECTIONS = {row.contaminant: row.correction for row in read_guidelines() if row.correction is not None}
REGULATION = {
    symbol: SoilTypeCorrection(float(row["A"]), float(row["B"]), float(row["C"]))
    for row in csv.DictReader((ROOT / "tests/reference/nl_soiltype_correction.csv").read_text().splitlines())
    for symbol in row["contaminant"].split(",")
}


def test_constants_are_those_of_the_regulation() -> None:
    organic = replace(REGULATION["organics"], most_organic_matter=30)
    metals = {SYMBOLS[symbol]: constants for symbol, constants in REGULATION.items() if symbol != "organics"}
    species = {"chromium-iii": "chromium", "chromium-vi": "chromium"}
    species |= {"mercury-inorganic": "mercury", "mercury-organic": "mercury"}
    assert len(metals.keys() & CORRECTIONS.keys()) > 10
    for name, correction in CORRECTIONS.items():
        of_pah = replace(organic, least_organic_matter=10)
        expected = metals.get(species.get(name, name), of_pah if name.startswith("pah") else organic)
        assert correction == expected, name


@given(st.sampled_from(sorted(CORRECTIONS)), st.floats(0, 100), st.floats(0, 100), st.floats(0.1, 5000))
def test_the_limit_moves_as_the_standardised_content_does(name: str, clay: float, organic: float, value: float) -> None:
    """G_std > limit exactly where G > limit · factor, with the formula as annex G III prints it."""
    k = CORRECTIONS[name]
    held_clay = max(clay, 2)
    held_organic = min(max(organic, k.least_organic_matter), k.most_organic_matter)
    standardised = value * (k.a + 25 * k.b + 10 * k.c) / (k.a + k.b * held_clay + k.c * held_organic)
    assert value / float(k.factor(clay, organic)) == pytest.approx(standardised)


def test_the_standard_soil_is_not_corrected_and_bounds_hold() -> None:
    for k in CORRECTIONS.values():
        assert float(k.factor(k.standard_clay, k.standard_organic_matter)) == pytest.approx(1)
        assert float(k.factor(0, 0)) == pytest.approx(float(k.factor(k.least_clay, k.least_organic_matter)))
    assert float(CORRECTIONS["benzene"].factor(np.nan, 80)) == 3.0
    assert float(CORRECTIONS["pah-sum-10"].factor(np.nan, 1)) == 1.0
    flemish = SoilTypeCorrection(0.4, 0.03, 0.05, standard_clay=10, standard_organic_matter=2)
    assert float(flemish.factor(10, 2)) == 1.0
    with pytest.raises(ValueError, match="nothing for the standard soil"):
        SoilTypeCorrection(0, 1, 0, standard_clay=0)


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


def test_each_sample_may_have_an_assumption_of_its_own(find: Find) -> None:
    clay = Assumption.of_samples("clay", [25.0, 25.0, np.nan], "@map")
    texts = Assumption.of_samples("procedure", ["aqua-regia", "edta", "total"], "@books")
    context = Context.of(3, medium="soil", basis="dry", clay=[np.nan, 5.0, np.nan], organic_matter=10)
    answer = assess(find(INTERVENTION, "zinc"), context, [clay, texts])
    assert answer.assessable.tolist() == [True, False, False]
    assert (
        limit(
            assess(find(INTERVENTION, "zinc"), soil(organic_matter=10), [Assumption.of_samples("clay", [25.0], "@map")])
        )
        == 720
    )
    assert answer.assumptions == ("procedure:@books", "clay:@map")
    assert "clay content is missing for 1 of 3 samples" in answer.missing[0]
    with pytest.raises(ValueError, match="sample 0: clay must lie between"):
        Assumption.of_samples("clay", [250.0], "@map")
    with pytest.raises(ValueError, match="'mud' is none of"):
        Assumption.of_samples("mud", [1.0], "@map")


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
        ("denmark:mst-jkk:sensitive:quality-criterion", "pah-sum-7", "which substances its sum is made of"),
        ("united-kingdom:s4ul-2015:residential-home-grown:screening", "arsenic", "print different values"),
    ],
)
def test_what_is_comparable_with_nothing_says_why(find: Find, rule: str, contaminant: str, reason: str) -> None:
    answer = assess(find(rule, contaminant), soil(2))
    assert not answer.assessable.any()
    assert answer.obstacles[0].startswith("not comparable: ")
    assert reason in answer.obstacles[0]


def test_of_a_range_one_end_has_to_be_chosen(find: Find) -> None:
    sludge = find("european-union:directive-86-278:agricultural-sludge:limit", "zinc")
    silent = assess(sludge, soil(ph=6.5))
    assert silent.missing == (
        "which end of the range is meant is missing for 1 of 1 samples (to assume it: bound:<word>)",
    )
    assert "the source gives the range 150 to 300 mg/kg dw" in silent.caveats
    ends = {end: assess(sludge, soil(ph=6.5), parse_assumptions([f"bound:{end}"])) for end in ("low", "high")}
    assert {end: (limit(answer), answer.assumptions) for end, answer in ends.items()} == {
        "low": (150, ("bound:low",)),
        "high": (300, ("bound:high",)),
    }
    assert not assess(sludge, soil(ph=7.5), parse_assumptions(["bound:high"])).assessable.any()


def test_a_value_below_a_detection_limit_has_an_upper_end_only(find: Find) -> None:
    background = find("brazil-minas-gerais:copam-166-2011:any:background", "cadmium")
    assert limit(assess(background, soil(), parse_assumptions(["bound:high"]))) == 0.4
    low = assess(background, soil(), parse_assumptions(["bound:low"]))
    assert not low.assessable.any()
    assert "zero, which is no limit" in low.obstacles[0]


def test_equivalents_are_compared_in_mg_per_kg(find: Find) -> None:
    dioxins = find("germany:bbodschv-2021:playground:action", "pcddf-pcb-teq-who-2005")
    assert limit(assess(dioxins, Context.of(1, medium="soil", basis="dry"))) == pytest.approx(1e-4)


def test_several_textures_and_ph_by_another_method(find: Find) -> None:
    rule = find("russia:odk-2009:any:guideline", "nickel")
    answer = assess(rule, soil(4, texture=["sand", "loam", "clay", "clay"], ph=[7, 5.4, 5.5, 4]))
    assert answer.limit.tolist() == [20, 40, 80, 40]
    assert any("pH in KCl" in text for text in answer.caveats)


def test_a_premise_is_said(find: Find) -> None:
    said = assess(find("australia:nepm-2013-hil:hil-a:screening", "arsenic"), soil()).caveats
    assert any("presumes: 70 % oral bioavailability" in text for text in said)
    assert any("per dry or wet mass" in text for text in said)


def test_a_substance_needs_no_digestion(find: Find) -> None:
    rule = find("italy:dlgs-152-2006:residential-green:screening", "benzene")
    assert limit(assess(rule, Context.of(1, medium="soil", basis="dry"))) == 0.1


def test_samples_from_another_depth_are_not_compared(find: Find) -> None:
    rule = find("germany:bbodschv-2021:playground:trigger", "lead")
    answer = assess(rule, soil(4, upper_depth=[0, 10, 30, np.nan], lower_depth=[10, 60, 60, np.nan]))
    assert answer.assessable.tolist() == [True, True, False, True]
    assert answer.obstacles == ("1 of 4 samples: the value is for a depth of 0 to 30 cm, they are from another",)


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
    assert any("0 to 30 cm; depths were not compared where" in text for text in said)


LEAVES_SOILS_OUT = ("directive-86-278", "gb-15618-2018")
"""Acts as far as they were read: the one is for pH 6 to 7, of the other two rows for chromium are missing."""


def test_every_comparable_rule_gives_one_limit_to_a_well_known_soil() -> None:
    """No comparable rule is unreachable, and no soil falls between two of its rows."""
    spread = [(t, ph, toc) for t in ("sand", "loam", "clay") for ph in (4.0, 5.0, 6.0, 7.0) for toc in (0.5, 4, 9)]
    textures, ph, toc = (np.array(values) for values in zip(*spread, strict=True))
    for rule in guidelines(read_guidelines()).values():
        if not all(row.comparable for row in rule.rows):
            continue
        extractant = rule.rows[0].measurand.extractant
        procedure = extractant if extractant in WORDS["procedure"] else "aqua-regia"
        known = {"texture": textures, "ph": ph, "toc": toc, "clay": 10, "organic_matter": 5, "use": "hay"}
        answer = assess(rule, soil(len(spread), procedure=procedure, bound="high", **known))
        assert answer.assessable.any(), (rule.id, rule.contaminant, answer.missing, answer.obstacles)
        assert not answer.missing
        if not answer.assessable.all():
            assert [text.split(": ")[1] for text in answer.obstacles] == [
                "no value of the rule covers their soil or use"
            ]
            assert rule.act.slug in LEAVES_SOILS_OUT
        values = {row.mg_per_kg[1] for row in rule.rows if row.mg_per_kg}
        if rule.rows[0].correction is None:
            assert {float(value) for value in answer.limit[answer.assessable]} <= values


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
        (["clay:@layer"], "here one value is needed"),
        (["use:@layer"], "here one value is needed"),
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
    with pytest.raises(ValueError, match="reason must be one of"):
        replace(row, comparable=False, reason="nobody looked")
    with pytest.raises(ValueError, match="cannot be turned into mg/kg"):
        replace(row, unit="mg/l")
    with pytest.raises(ValueError, match="finite number"):
        replace(row, low=-1.0)
    with pytest.raises(ValueError, match="must share rule"):
        Guideline((row, replace(row, land_use="elsewhere")))
    with pytest.raises(ValueError, match="end before it starts"):
        Span(5, 4)
    with pytest.raises(ValueError, match="need a reason"):
        Assessment("r", "zinc", np.array([np.nan]))
