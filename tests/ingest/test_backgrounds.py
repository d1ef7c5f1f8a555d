"""The tables of backgrounds and toxicity values: every row is one of ours, with a source."""

from pathlib import Path

import pytest

from ingest.backgrounds import background_tables, read_background_table, toxicities
from ingest.contaminants import shipped_contaminants
from ingest.errors import IngestError
from mapping.exposure import REFUSED
from mapping.indices import TOXIC_RESPONSE

KNOWN = {entry.id for entry in shipped_contaminants().entries}


@pytest.mark.parametrize("name", background_tables())
def test_every_table_is_of_known_contaminants_with_a_year(name: str) -> None:
    table = background_tables()[name]
    assert set(table.mg_per_kg) <= KNOWN
    assert name.rpartition("-")[2] in table.source
    assert all(0.0 < value < 1e6 for value in table.mg_per_kg.values())


def test_crust_and_shale_are_of_one_order() -> None:
    crust, shale = (background_tables()[name].mg_per_kg for name in ("rudnick-gao-2003", "turekian-wedepohl-1961"))
    for contaminant in crust.keys() & shale.keys():
        assert 0.1 < crust[contaminant] / shale[contaminant] < 10.0, contaminant


def test_hakanson_has_a_background_for_each_of_his_substances() -> None:
    assert set(background_tables()["hakanson-1980"].mg_per_kg) == set(TOXIC_RESPONSE)


def test_toxicity_is_of_known_contaminants_and_never_of_refused_ones() -> None:
    assert set(toxicities()) <= KNOWN
    assert not set(toxicities()) & set(REFUSED)
    assert all(each.source and (each.reference_dose or each.slope) for each in toxicities().values())


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "limburg.csv"
    file.write_text("contaminant,mg_per_kg,of,source\nZn,60,soil,survey 2020\nlood,25,soil,survey 2020\n")
    table = read_background_table(file)
    assert (table.name, table.of, dict(table.mg_per_kg)) == ("limburg", "soil", {"zinc": 60.0, "lead": 25.0})


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("Zn,-1,soil,x", "row 2: mg_per_kg"),
        ("Zn,60,moon,x", "row 2: of must be"),
        ("Zn,60,soil,", "source must be given"),
        ("Zn,60,soil,x\nzinc,61,soil,x", "row 3: zinc is there twice"),
        ("unobtainium,60,soil,x", "not a known contaminant"),
        ("", "no background value"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, rows: str, complaint: str) -> None:
    file = tmp_path / "own.csv"
    file.write_text(f"contaminant,mg_per_kg,of,source\n{rows}\n")
    with pytest.raises(IngestError, match=complaint):
        read_background_table(file)
