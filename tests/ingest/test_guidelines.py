"""The vocabulary of guideline values: complete, true to its originals, and precise about mistakes."""

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.guidelines import COLUMNS, GUIDELINE_VALUES, read_guidelines
from mapping.guideline import guidelines

CONTAMINANTS = GUIDELINE_VALUES.with_name("contaminants.csv")
SURVEYED = (
    "Ag Al As Au B Ba Be Bi Ca Cd Ce Co Cr Cs Cu Fe Ga Ge Hf Hg In K La Li Mg Mn Mo Na Nb "
    "Ni P Pb Pd Pt Rb Re S Sb Sc Se Si Sn Sr Ta Te Th Ti Tl U V W Y Zn Zr"
)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., Path]:
    """The vocabulary's first rows with some cells of one row replaced, written to a file of its own."""

    def write(row: int, **cells: str) -> Path:
        rows = table(GUIDELINE_VALUES)[:9]
        rows[row - 2].update(cells)
        path = tmp_path / "mine.csv"
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


def test_all_rows_are_there_and_numbered() -> None:
    rows = read_guidelines()
    assert [row.number for row in rows] == list(range(1, 815))
    assert Counter(row.comparator for row in rows) == {"exact": 805, "range": 6, "below": 3}
    assert Counter(row.source_kind for row in rows)["primary"] > 200


def test_values_are_what_the_originals_say() -> None:
    for row in read_guidelines():
        original = row.original_value
        if row.comparator == "exact":
            assert row.low == row.high == float(original)
        elif row.comparator == "range":
            assert f"{row.low:g}-{row.high:g}" == original
        else:
            assert f"<{row.high:g}" == original


def test_dutch_german_and_swedish_metals_are_comparable_and_nothing_else_yet() -> None:
    for row in read_guidelines():
        wanted = row.act.jurisdiction in ("netherlands", "germany", "sweden")
        metal = row.contaminant in ("cadmium", "copper", "lead", "zinc")
        assert row.comparable == (wanted and metal), row.number
        assert row.reason or row.comparable


def test_conditions_of_comparable_rows_stand_in_columns() -> None:
    """Each statement of the original condition has its column: nothing is only in the text."""
    for row in (row for row in read_guidelines() if row.comparable and row.act.jurisdiction == "germany"):
        text, condition = row.original_condition, row.conditions
        assert ("texture=" in text) == bool(condition.texture)
        assert ("TOC" in text) == condition.toc.bounded
        assert ("next lighter" in text) == (condition.demotion_ph is not None)
        assert ("pH>=5" in text and "lighter" not in text) <= condition.ph.bounded
        assert ("ammonium nitrate" in text) == (row.measurand.extractant == "ammonium-nitrate")
        assert ("sheep" in text or "wheat" in text) == bool(condition.use)


def test_rules_and_their_ids() -> None:
    rules = guidelines(read_guidelines())
    assert sum(len(rule.rows) for rule in rules.values()) == 814
    zinc = rules["netherlands:circulaire-bodemsanering-2013:any-soil:intervention", "zinc"]
    assert zinc.rows[0].low == 720
    for rule, _ in rules:
        assert rule.count(":") == 3
        assert rule == rule.lower()
        assert " " not in rule


def test_contaminants_are_known_and_unambiguous() -> None:
    known = table(CONTAMINANTS)
    ids = [row["id"] for row in known]
    assert len(set(ids)) == len(ids)
    assert {row.contaminant for row in read_guidelines()} <= set(ids)
    symbols = Counter(row["symbol"] for row in known if row["symbol"])
    assert set(SURVEYED.split()) <= set(symbols)
    assert max(symbols.values()) == 1
    for row in known:
        assert set(filter(None, row["members"].split(";"))) <= set(ids)
        assert row["group"]
        assert bool(row["molar_mass"]) <= (row["group"] in ("metal", "metalloid", "non-metal"))


def test_cas_numbers_have_their_check_digit() -> None:
    numbers = [row["cas"] for row in table(CONTAMINANTS) + table(GUIDELINE_VALUES) if row["cas"]]
    assert len(numbers) > 800
    for cas in numbers:
        digits = cas.replace("-", "")
        assert sum(int(d) * weight for weight, d in enumerate(digits[-2::-1], 1)) % 10 == int(digits[-1]), cas


@pytest.mark.parametrize(
    ("cells", "complaint"),
    [
        ({"value_low": "many"}, r"mine.csv, row 4, column value_low: 'many' is not a number"),
        ({"number": "1.5"}, r"row 4, column number: '1.5' is not a whole number"),
        ({"number": "1"}, r"row 4, column number: 1 stands twice"),
        ({"valid_from": "July"}, r"row 4, column valid_from: 'July' is not a date"),
        ({"comparable": "perhaps"}, r"row 4, column comparable: 'perhaps' is none of 'yes', 'not-yet'"),
        ({"extractant": "magic"}, r"row 4: extractant must be one of"),
        ({"contaminant_id": ""}, r"row 4, column contaminant_id: must not be empty"),
        ({"contaminant_id": "unobtainium"}, r"row 4, column correction: no soil-type constants for 'unobtainium'"),
        ({"land_use": "moon"}, r"row 4, column rule: the other columns say 'netherlands:.*:moon:intervention'"),
        ({"ph_min": "5", "ph_min_closed": ""}, r"row 4, column ph_min_closed: '' is none of 'yes', 'no'"),
        ({"ph_min": "5", "ph_min_closed": "yes", "ph_max": "4", "ph_max_closed": "no"}, r"row 4: a span must not end"),
        ({"value_high": "15"}, r"row 4: 13 to 15 is not the value"),
        ({"texture": "mud"}, r"row 4: texture must be one of"),
        ({"reason": "none"}, r"row 4: a row that is not comparable needs its reason"),
    ],
)
def test_a_mistake_is_named_with_file_row_and_column(
    changed: Callable[..., Path], cells: dict[str, str], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_guidelines(changed(4, **cells))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    path.write_text("number,rule\n1,a:b:c:d\n")
    with pytest.raises(ValueError, match=r"short.csv: column 'jurisdiction' is missing"):
        read_guidelines(path)
