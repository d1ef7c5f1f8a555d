"""A limit in a request: a number, a comparable guideline value, or a sentence that says what is missing."""

import csv
from collections.abc import Mapping
from typing import Any

import pytest

from app.limits import LimitError, comparable_limits, list_limits, resolve_limit
from ingest.guidelines import GUIDELINE_VALUES

INTERVENTION = "netherlands:circulaire-bodemsanering-2013:any-soil:intervention"
AS_MEUSE = {"medium": "mineral-horizon", "procedure": "unknown", "basis": "unknown"}
ASSUMED = ["procedure:aqua-regia", "basis:dry", "clay:10", "organic-matter:7"]


def rows_of(contaminant: str) -> list[Mapping[str, Any]]:
    with GUIDELINE_VALUES.open(encoding="utf-8", newline="") as handle:
        return [{"definition": row} for row in csv.DictReader(handle) if row["contaminant_id"] == contaminant]


ZINC = rows_of("zinc")


def test_a_number_is_a_limit() -> None:
    assert resolve_limit(ZINC, AS_MEUSE, limit=720.0).mg_per_kg == 720.0


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_limit_is_above_zero_and_finite(value: float) -> None:
    with pytest.raises(LimitError, match="above zero"):
        resolve_limit(ZINC, AS_MEUSE, limit=value)


def test_either_a_number_or_a_guideline() -> None:
    for both in ({}, {"limit": 1.0, "guideline": INTERVENTION}):
        with pytest.raises(LimitError, match="either limit"):
            resolve_limit(ZINC, AS_MEUSE, **both)  # type: ignore[arg-type]


def test_what_is_missing_is_named_with_how_to_assume_it() -> None:
    with pytest.raises(LimitError, match=r"not assessable.*procedure.*basis.*clay.*organic matter"):
        resolve_limit(ZINC, AS_MEUSE, guideline=INTERVENTION)


def test_assumptions_make_it_comparable_and_are_labelled() -> None:
    limit = resolve_limit(ZINC, AS_MEUSE, guideline=INTERVENTION, assume=ASSUMED)
    # Regeling bodemkwaliteit, annex G III: 720 mg/kg times (50 + 3·10 + 1.5·7) / (50 + 3·25 + 1.5·10).
    assert limit.mg_per_kg == pytest.approx(720 * 90.5 / 140)
    assert set(limit.assumptions) == set(ASSUMED)


def test_an_assumption_never_overrules_what_was_recorded() -> None:
    recorded = {**AS_MEUSE, "procedure": "ammonium-nitrate"}
    with pytest.raises(LimitError, match="another extraction"):
        resolve_limit(ZINC, recorded, guideline=INTERVENTION, assume=ASSUMED)


def test_the_german_extract_is_listed_with_its_reason_and_has_no_limit() -> None:
    (entry,) = [
        one
        for one in list_limits(ZINC, AS_MEUSE, ASSUMED)
        if one["rule"] == "germany:bbodschv-2021:arable-growth:trigger"
    ]
    assert (entry["limit"], entry["assessable"], entry["printed"]) == (None, False, ["2"])
    assert "ammonium-nitrate" in entry["reason"]


@pytest.mark.parametrize("bad", ["clay", "clay:x", "clay:101", "colour:red", "procedure:magic"])
def test_a_bad_assumption_is_quoted(bad: str) -> None:
    with pytest.raises(LimitError, match="assume"):
        list_limits(ZINC, AS_MEUSE, [bad])


def test_an_unknown_guideline_is_named() -> None:
    with pytest.raises(LimitError, match="'atlantis:x:y:z' is not known"):
        resolve_limit(ZINC, AS_MEUSE, guideline="atlantis:x:y:z")


@pytest.mark.parametrize("contaminant", ["zinc", "lead", "cadmium", "copper", "arsenic", "benzo-a-pyrene"])
def test_the_list_and_the_resolution_agree(contaminant: str) -> None:
    rows = rows_of(contaminant)
    comparable = {limit.rule: limit.mg_per_kg for limit in comparable_limits(rows, AS_MEUSE, ASSUMED)}
    for entry in list_limits(rows, AS_MEUSE, ASSUMED):
        assert (entry["rule"] in comparable) == entry["assessable"] == (entry["reason"] is None)
        if entry["assessable"]:
            assert entry["limit"] == pytest.approx(comparable[entry["rule"]], rel=1e-5)
            assert resolve_limit(rows, AS_MEUSE, guideline=entry["rule"], assume=ASSUMED).rule == entry["rule"]
        else:
            with pytest.raises(LimitError, match="not assessable"):
                resolve_limit(rows, AS_MEUSE, guideline=entry["rule"], assume=ASSUMED)
