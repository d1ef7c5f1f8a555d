"""The vocabulary of guideline values: complete, true to its originals, and precise about mistakes."""

import csv
import datetime as dt
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.guidelines import COLUMNS, GUIDELINE_VALUES, read_guidelines, standing_table
from mapping.context import Context, parse_assumptions
from mapping.guideline import REASONS, guidelines
from mapping.limits import assess

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


def test_every_row_is_comparable_or_says_why_not() -> None:
    """The reasons are a closed list, and each row that has one is comparable with nothing."""
    for row in read_guidelines():
        assert row.comparable == (row.reason == ""), row.number
        assert row.reason in ("", *REASONS)
    silent = Counter(row.reason for row in read_guidelines() if row.reason)
    assert silent == {"sum-without-members": 3, "sources-disagree": 3}


def test_the_page_counts_what_the_vocabulary_holds() -> None:
    page = (Path(__file__).parents[2] / "docs" / "guidelines.md").read_text(encoding="utf-8")
    for line in standing_table(read_guidelines()):
        assert line in page, "docs/guidelines.md is not what `standing_table` says"


def test_sums_that_are_comparable_have_members() -> None:
    """Or a number of their own, under which laboratories report them whole."""
    known = {row["id"]: row for row in table(CONTAMINANTS)}
    made = {row["contaminant"] for row in table(GUIDELINE_VALUES.with_name("sums.csv"))}
    for row in read_guidelines():
        entry = known[row.contaminant]
        if row.comparable and "sum" in (row.contaminant + entry["group"]):
            assert entry["members"] or row.contaminant in made or entry["cas"], row.contaminant


def test_numbers_of_chemical_abstracts_are_those_of_the_vocabulary_or_said_to_differ() -> None:
    known = {row["id"]: row["cas"] for row in table(CONTAMINANTS)}
    for row in read_guidelines():
        assert (row.cas == known[row.contaminant]) != bool(row.cas_note), row.number


def test_conditions_of_comparable_rows_stand_in_columns() -> None:
    """Each statement of the original condition has its column: nothing is only in the text."""
    for row in (row for row in read_guidelines() if row.comparable and row.act.jurisdiction == "germany"):
        text, condition = row.original_condition, row.conditions
        assert ("texture=" in text) == bool(condition.texture)
        assert ("TOC" in text) == condition.toc.bounded
        assert ("next lighter" in text) == (condition.demotion_ph is not None)
        assert ("pH>=5" in text and "lighter" not in text) <= condition.ph.bounded
        assert ("ammonium nitrate" in text) == (row.measurand.extractant == "ammonium-nitrate")
        assert any(word in text for word in ("sheep", "wheat", "reducing")) == bool(condition.use)
        assert ("represents" in text) == bool(condition.premise)


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
        ({"comparable": "perhaps"}, r"row 4, column comparable: 'perhaps' is none of 'yes', 'no'"),
        ({"extractant": "magic"}, r"row 4: extractant must be one of"),
        ({"contaminant_id": ""}, r"row 4, column contaminant_id: must not be empty"),
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


# --- a jurisdiction that nobody has heard of: rows, and no code

ELBONIA = {
    **dict.fromkeys(COLUMNS, ""),
    "jurisdiction": "elbonia",
    "jurisdiction_title": "Elbonia",
    "act": "mud-act-2031",
    "act_title": "Mud Act",
    "year": "2031",
    "contaminant_id": "nickel",
    "symbol": "Ni",
    "cas": "7440-02-0",
    "kind": "action",
    "land_use": "paddy",
    "consequence": "act",
    "comparator": "exact",
    "unit": "µg/kg dw",
    "medium": "soil",
    "extractant": "dtpa;edta",
    "basis": "dry",
    "fraction_mm": "2",
    "upper_depth_cm": "0",
    "lower_depth_cm": "25",
    "statistic": "mean",
    "support": "one paddy",
    "ph_method": "water",
    "premise": "the paddy is flooded in summer",
    "valid_from": "2031-01-01",
    "valid_to": "2040-12-31",
    "comparable": "yes",
    "source": "the Elbonian gazette",
    "source_kind": "primary",
    "rule": "elbonia:mud-act-2031:paddy:action",
    "factor_constant": "2",
    "factor_clay": "0.1",
    "factor_organic_matter": "0.2",
    "least_clay": "1",
    "standard_clay": "20",
    "standard_organic_matter": "5",
    "least_organic_matter": "1",
    "most_organic_matter": "50",
}
"""Every column that a row may use."""
ROWS = (
    {"texture": "sand", "value_low": "500", "value_high": "500", "ph_max": "6", "ph_max_closed": "no"},
    {"texture": "sand", "value_low": "900", "value_high": "900", "ph_min": "6", "ph_min_closed": "yes"},
    {"texture": "loam-silt;clay", "texture_demotion_ph": "5", "value_low": "1500", "value_high": "2500"}
    | {"comparator": "range", "clay_min": "10", "clay_min_closed": "yes", "toc_max": "8", "toc_max_closed": "yes"}
    | {"organic_matter_max": "15", "organic_matter_max_closed": "no"},
    {"texture": "loam-silt;clay", "value_low": "300", "value_high": "300", "use": "lotus"},
)


def test_a_new_jurisdiction_is_rows_and_no_code(tmp_path: Path) -> None:
    path = tmp_path / "elbonia.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, COLUMNS)
        writer.writeheader()
        for number, own in enumerate(ROWS, start=9001):
            writer.writerow({**ELBONIA, "number": str(number), "original_value": own["value_low"], **own})
    ((_, rule),) = guidelines(read_guidelines(path)).items()
    known = Context.of(
        5,
        medium="soil",
        procedure=["dtpa", "edta", "dtpa", "dtpa", "aqua-regia"],
        basis="dry",
        texture=["sand", "sand", "clay", "loam", "sand"],
        ph=[5.9, 6.0, 6.0, 6.0, 6.0],
        clay=[20, 1, 40, 20, 20],
        organic_matter=5,
        toc=3,
        use=["rice", "rice", "rice", "lotus", "rice"],
        lower_depth=[20, 20, 20, 20, 20],
        upper_depth=0,
    )
    answer = assess(rule, known, parse_assumptions(["bound:high"]))
    standard = 2 + 0.1 * 20 + 0.2 * 5
    expected = [0.5, 0.9 * (2 + 0.1 + 1) / standard, 2.5 * (2 + 4 + 1) / standard, 0.3]
    assert answer.limit[:4].tolist() == pytest.approx(expected)
    assert answer.obstacles == ("1 of 5 samples: another extraction: the value refers to dtpa or edta",)
    for said in ("mean of one paddy", "fraction below 2 mm", "flooded in summer", "pH in water", "range 1500 to 2500"):
        assert any(said in caveat for caveat in answer.caveats), said
    late = assess(rule, known, parse_assumptions(["bound:high"]), on=dt.date(2041, 1, 1))
    assert "was not in force" in late.obstacles[0]
