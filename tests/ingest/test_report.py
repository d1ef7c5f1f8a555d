"""The report as a value: it survives JSON, tells what is broken, and lets nothing hidden through."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import IngestError
from ingest.findings import RULES, Finding
from ingest.profile import read_profile
from ingest.remedies import REMEDIES, remedy
from ingest.report import MOST_OF_A_RULE, Problem, RefusedError, Report, broken_by, problems_of, refusal
from ingest.visible import LONGEST, visible

texts = st.text(max_size=200)


def finding(rule: str = "not-a-number", text: str = "abc", reason: str = "is not a number", rows: int = 1) -> Finding:
    return Finding(RULES[rule], np.arange(2, rows + 2), [text] * rows, reason, "zinc")


@given(texts, st.integers(1, 100))
def test_a_visible_text_is_printable_and_bounded(text: str, longest: int) -> None:
    shown = visible(text, longest)
    assert shown.isprintable()
    assert len(shown) <= 10 * longest
    if text.isprintable() and len(text) <= longest:
        assert shown == text


@given(texts, texts, texts)
def test_a_problem_holds_nothing_that_cannot_be_seen(text: str, reason: str, column: str) -> None:
    broken = Finding(RULES["not-a-number"], np.array([2, 3]), [text, text], reason, column or None)
    problem = Problem.of(broken)
    assert problem.message.isprintable()
    assert problem.text is not None
    assert problem.text.isprintable()
    assert json.loads(json.dumps(problem.message)) == problem.message


def test_a_cell_of_a_megabyte_makes_a_short_problem() -> None:
    problem = Problem.of(finding(text="x" * 1_000_000, reason="– " + "y" * 1_000_000))
    assert len(problem.message) < 600
    assert len(problem.places[0].text) == LONGEST


def test_the_first_places_are_named_and_all_are_counted() -> None:
    problem = Problem.of(finding(rows=100))
    assert [place.row for place in problem.places] == [2, 3, 4, 5, 6, 7]
    assert problem.count == 100
    assert "100 in all" in problem.message


def test_of_a_rule_with_very_many_reasons_the_first_are_told_and_all_counted() -> None:
    many = [finding(reason=f"is wrong in way {way}", rows=2) for way in range(200)]
    assert len(problems_of(many)) == MOST_OF_A_RULE
    assert broken_by(many) == {"not-a-number": 400}


def test_what_is_broken_comes_by_severity_and_what_follows_from_it_last() -> None:
    found = [finding("file-layout"), finding("two-positions"), finding("all-rejected"), finding("not-a-number")]
    assert [problem.rule for problem in problems_of(found)] == [
        "not-a-number",
        "all-rejected",
        "two-positions",
        "file-layout",
    ]


def test_every_rule_says_what_it_means_and_what_can_be_done() -> None:
    assert set(REMEDIES) <= set(RULES)
    for rule in RULES.values():
        assert rule.says
        assert remedy(rule)
        assert ("Override" in remedy(rule)) == rule.overridable


def test_a_refused_file_has_a_report_that_reconciles(tmp_path: Path) -> None:
    profile = read_profile("meuse")
    plain = refusal(tmp_path / "a.csv", profile, IngestError("a.csv is empty"))
    assert (plain.refused, plain.rows_in, plain.loaded) == ("a.csv is empty", 0, 0)
    read = refusal(tmp_path / "a.csv", profile, RefusedError("nothing", [finding(rows=3)], 5, 1))
    assert (read.rows_in, read.rejected, read.duplicates) == (5, 4, 1)
    assert read.broken == {"not-a-number": 3}
    for report in (plain, read):
        assert Report.from_dict(json.loads(json.dumps(report.to_dict(), allow_nan=False))) == report


def test_a_report_that_an_older_version_wrote_can_be_read() -> None:
    old = {
        "dataset": "a",
        "title": "A",
        "kind": "samples",
        "file": "a.csv",
        "checksum": "00",
        "unchanged": False,
        "rows_in": 3,
        "loaded": 2,
        "rejected": 1,
        "duplicates": 0,
        "measurements": {"zinc": 2},
        "problems": [
            {
                "rule": "not-a-number",
                "severity": "reject",
                "row": 2,
                "column": "zinc",
                "text": "abc",
                "message": "row 2, column zinc: 'abc' is not a number",
                "count": 1,
            }
        ],
    }
    report = Report.from_dict(old)
    assert report.content is None
    assert report.problems[0].count == 1
    assert Report.from_dict(report.to_dict()) == report


def test_counts_that_do_not_add_up_are_no_report(tmp_path: Path) -> None:
    good = refusal(tmp_path / "a.csv", read_profile("meuse"), IngestError("no"))
    with pytest.raises(ValueError, match="1 rows came in"):
        Report.from_dict({**good.to_dict(), "rows_in": 1})
