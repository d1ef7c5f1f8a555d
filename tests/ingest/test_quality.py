"""Controls: recognised in any writing, and what they say of their series; truth that made them is found again."""

import csv
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.tables import CONTROL_KINDS
from ingest.contaminants import shipped_contaminants
from ingest.errors import IngestError
from ingest.findings import RULES
from ingest.profile import Controls
from ingest.quality.assessment import PROCEDURE, assess, below_blank, check_materials, fill_uncertainty
from ingest.quality.kinds import SAMPLE, VOCABULARY, kind_of, original_of

KNOWN = shipped_contaminants()
seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "sample"),
        ("N", "sample"),
        ("FD", "field-duplicate"),
        ("FIELD DUPLICATE OF A SAMPLE", "field-duplicate"),
        ("Co-located sample", "field-duplicate"),
        ("Felddoppelprobe", "field-duplicate"),
        ("LR", "laboratory-duplicate"),
        ("LABORATORY DUPLICATE", "laboratory-duplicate"),
        ("Pulp dup", "laboratory-duplicate"),
        ("duplicate, analytical", "laboratory-duplicate"),
        ("Method Blank", "blank"),
        ("TB", "blank"),
        ("Blindwert", "blank"),
        ("blank duplicate", "blank"),
        ("SRM", "reference-material"),
        ("STANDARD", "reference-material"),
        ("LABORATORY STANDARD", "reference-material"),
        ("Certified reference material", "reference-material"),
        ("matériau de référence", None),
        ("MSD", "spike"),
        ("Matrix spike duplicate", "spike"),
        ("LCS", "spike"),
        ("Mystery", None),
    ],
)
def test_kinds_in_the_words_of_laboratories(text: str, kind: str | None) -> None:
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    "word", [row["text"] for row in csv.DictReader(VOCABULARY.read_text(encoding="utf-8").splitlines())]
)
def test_every_word_means_one_kind_in_any_case(word: str) -> None:
    assert kind_of(word) in (*CONTROL_KINDS, SAMPLE)
    assert kind_of(f"  {word.upper()} ") == kind_of(word)


def test_kinds_mean_themselves() -> None:
    assert [kind_of(kind) for kind in CONTROL_KINDS] == list(CONTROL_KINDS)


def test_suffixes() -> None:
    assert original_of("A12-D", ("-D", "DUP")) == "A12"
    assert original_of("a12dup", ("-D", "DUP")) == "a12"
    assert original_of("A12", ("-D",)) is None
    assert original_of("-D", ("-D",)) is None


def rows(kind: str, lower: Any, upper: Any, **columns: Any) -> pa.Table:
    """Results of one kind of control, all of one series unless told otherwise."""
    count = len(upper)
    given = {"contaminant": "zinc", "digestion": "aqua-regia", "instrument": "ICP-MS", "standard": "", "basis": "dry"}
    given |= {"kind": kind, "code": "C", "original": "", "material": "", "batch": "", "column": "zinc", **columns}
    numbers = {"lod": np.nan, "expected": np.nan, "expected_uncertainty": np.nan, "uncertainty": np.nan}
    texts = {
        name: pa.array([value] * count if isinstance(value, str) else value, pa.string())
        for name, value in given.items()
        if name not in numbers
    }
    doubles = {name: np.full(count, given.get(name, value), dtype=np.float64) for name, value in numbers.items()}
    bounds = {"lower": np.asarray(lower, np.float64), "upper": np.asarray(upper, np.float64)}
    shown = {"row": np.arange(2, count + 2), "original_text": pa.array([f"{value:g}" for value in upper], pa.string())}
    return pa.table(texts | doubles | bounds | shown)


NOTHING = rows("blank", [], [])


def duplicates(seed: int, count: int, relative: float, kind: str, batch: str = "") -> tuple[pa.Table, pa.Table]:
    """Controls and their originals, whose error is `relative`."""
    draw = np.random.default_rng(seed)
    content = draw.lognormal(3, 1, count)
    first, second = content * (1 + relative * draw.standard_normal((2, count)))
    codes = [f"S{place}{batch}" for place in range(count)]
    return rows(kind, second, second, original=codes, batch=batch), rows("x", first, first, code=codes, batch=batch)


def rules_of(found: Any) -> set[str]:
    return {finding.rule.name for finding in found.findings} - {"controls"}


def test_laboratory_duplicates_give_their_series_an_uncertainty() -> None:
    controls, originals = duplicates(1, 400, 0.08, "laboratory-duplicate")
    found = assess(controls, originals, Controls(), KNOWN)
    (model,) = found.analysis.values()
    assert model.sd([100.0]) == pytest.approx([8.0], rel=0.1)
    filled = fill_uncertainty(originals, found.analysis)["uncertainty"].to_numpy()
    np.testing.assert_allclose(filled, model.sd(originals["upper"].to_numpy()))
    assert rules_of(found) == {"precision"}


def test_what_the_file_states_and_bounds_and_other_series_are_left_alone() -> None:
    controls, originals = duplicates(1, 30, 0.05, "laboratory-duplicate")
    analysis = assess(controls, originals, Controls(), KNOWN).analysis
    stated = fill_uncertainty(rows("x", [10.0], [10.0], uncertainty=3.0), analysis)
    bound = fill_uncertainty(rows("x", [0.0], [10.0]), analysis)
    other = fill_uncertainty(rows("x", [10.0], [10.0], digestion="total"), analysis)
    assert stated["uncertainty"].to_pylist() == [3.0]
    assert (bound["uncertainty"].null_count, other["uncertainty"].null_count) == (1, 1)


def test_batches_with_duplicates_enough_speak_for_themselves() -> None:
    parts = [duplicates(2, 60, 0.02, "laboratory-duplicate", "A"), duplicates(3, 60, 0.2, "laboratory-duplicate", "B")]
    controls, originals = (pa.concat_tables(tables) for tables in zip(*parts, strict=True))
    analysis = assess(controls, originals, Controls(), KNOWN).analysis
    assert sorted(batch for _, batch in analysis) == ["", "A", "B"]
    asked = rows("x", [100.0] * 3, [100.0] * 3, batch=["A", "B", "C"])
    a, b, c = fill_uncertainty(asked, analysis)["uncertainty"].to_pylist()
    assert a < c < b


def test_field_duplicates_are_reported_and_never_an_error_of_the_laboratory() -> None:
    field = duplicates(4, 50, 0.3, "field-duplicate")
    laboratory = duplicates(5, 50, 0.05, "laboratory-duplicate", "L")
    found = assess(field[0], field[1], Controls(), KNOWN)
    assert not found.analysis
    assert rules_of(found) == {"sampling-precision"}
    controls, originals = (pa.concat_tables(pair) for pair in zip(field, laboratory, strict=True))
    together = assess(controls, originals, Controls(), KNOWN)
    said = [one.reason for one in together.findings if one.rule.name == "sampling-precision"]
    assert "is sampling" in said[0]


def test_a_duplicate_of_nothing_is_said_to_be_alone() -> None:
    controls, _ = duplicates(6, 3, 0.1, "laboratory-duplicate")
    found = assess(controls, NOTHING, Controls(), KNOWN)
    assert [(one.rule.name, len(one.rows)) for one in found.findings] == [("controls", 3), ("duplicate-alone", 3)]
    assert "laboratory-duplicate 3" in found.findings[0].reason


@pytest.mark.parametrize(
    ("contents", "limit", "rule"),
    [
        ([0.4, 0.6, 0.5, 0.55], 0.1, "blank-contaminated"),
        ([0.0, 0.05, 0.18, 0.02], 0.1, "blank-limit"),
        ([0.01, 0.02, 0.015], 0.1, "blanks"),
        ([0.01, 0.02, 0.015], np.nan, "blanks"),
    ],
)
def test_blanks_are_compared_with_the_stated_limit(contents: list[float], limit: float, rule: str) -> None:
    found = assess(rows("blank", contents, contents, lod=limit), NOTHING, Controls(), KNOWN)
    assert rules_of(found) == {rule}


def test_values_that_do_not_exceed_their_blanks_are_found() -> None:
    contents = [0.4, 0.6, 0.5, 0.55]
    blanks = assess(rows("blank", contents, contents, batch="A"), NOTHING, Controls(), KNOWN).blanks
    asked = rows("x", [0.3, 50.0, 0.0], [0.3, 50.0, 0.3], batch="A")
    assert below_blank(asked, blanks).tolist() == [True, False, False]
    bounded = assess(rows("blank", [0.0] * 3, [0.5] * 3), NOTHING, Controls(), KNOWN).blanks
    assert not below_blank(rows("x", [0.3], [0.3]), bounded).any()


@settings(max_examples=20)
@given(st.sampled_from([-0.4, -0.12, -0.08, 0.03, 0.099, 0.101, 0.5]), st.integers(2, 12), seeds)
def test_bias_of_reference_materials(bias: float, count: int, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 0.01, count)
    values = 200.0 * (1 + bias) * (1 + noise - noise.mean())
    known = Controls.model_validate({"materials": {"OREAS 901": {"Zn": 0.02}}, "unit": "%"})
    found = assess(rows("reference-material", values, values, material="OREAS 901"), NOTHING, known, KNOWN)
    assert rules_of(found) == {"reference-bias" if abs(bias) > 0.1 else "reference-material"}
    assert f"{count} results of OREAS 901 deviate by {bias:+.1%}" in found.findings[1].reason


def test_what_the_file_expects_goes_before_the_profile() -> None:
    known = Controls.model_validate({"materials": {"M": {"zinc": 1.0}}})
    found = assess(rows("reference-material", [50.0], [50.0], material="M", expected=49.0), NOTHING, known, KNOWN)
    assert rules_of(found) == {"reference-material"}


def test_spikes_have_a_tolerance_of_their_own() -> None:
    for share, rule in ((0.8, "reference-material"), (0.6, "spike-recovery")):
        found = assess(rows("spike", [share * 50], [share * 50], expected=50.0), NOTHING, Controls(), KNOWN)
        assert rules_of(found) == {rule}


def test_materials_are_checked_before_anything_is_read() -> None:
    check_materials(Controls.model_validate({"materials": {"M": {"Zn": 1.0}}}), KNOWN)
    for wrong in ({"materials": {"M": {"nonsense": 1.0}}}, {"unit": "mg/L"}):
        with pytest.raises(IngestError, match=r"controls\.materials"):
            check_materials(Controls.model_validate(wrong), KNOWN)
    with pytest.raises(ValueError, match="greater than 0"):
        Controls.model_validate({"materials": {"M": {"zinc": 0.0}}})


def test_rules_that_are_off_say_nothing() -> None:
    rules = {name: rule for name, rule in RULES.items() if name not in ("blank-contaminated", "controls")}
    assert assess(rows("blank", [1.0] * 3, [1.0] * 3, lod=0.1), NOTHING, Controls(), KNOWN, rules).findings == ()


def test_series_are_made_of_the_procedure() -> None:
    assert set(PROCEDURE) < set(NOTHING.column_names)
