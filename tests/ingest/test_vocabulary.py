"""The vocabularies in the database."""

import pytest
from sqlalchemy import Connection, select, update

from db.tables import contaminant, guideline_value
from db.versions import versions
from ingest import vocabulary
from ingest.contaminants import shipped_contaminants
from ingest.guidelines import guideline_row, read_guidelines
from ingest.vocabulary import load_vocabularies


def layer(connection: Connection) -> int:
    return sum(row.version for row in connection.execute(versions()) if row.layer == "guideline-values")


def test_everything_is_there_and_a_second_time_changes_nothing(connection: Connection) -> None:
    load_vocabularies(connection)
    stored = {row["id"]: row for row in connection.execute(select(guideline_value)).mappings()}
    for row in read_guidelines():
        assert guideline_row(stored[row.number]["definition"], "stored") == row
        assert stored[row.number]["rule"] == row.rule
    assert len(stored) == len(read_guidelines())
    names = connection.execute(select(contaminant.c.id)).scalars().all()
    assert set(names) == {entry.id for entry in shipped_contaminants().entries}
    before = layer(connection)
    load_vocabularies(connection)
    assert layer(connection) == before == 1


def test_a_changed_or_superfluous_row_is_put_right(connection: Connection) -> None:
    load_vocabularies(connection)
    before = connection.execute(select(guideline_value).order_by(guideline_value.c.id)).all()
    connection.execute(update(guideline_value).where(guideline_value.c.id == 1).values(land_use="moon"))
    connection.execute(update(guideline_value).where(guideline_value.c.id == 2).values(id=99_999))
    load_vocabularies(connection)
    assert connection.execute(select(guideline_value).order_by(guideline_value.c.id)).all() == before
    assert layer(connection) == 2


def test_values_are_in_mg_per_kg(connection: Connection) -> None:
    load_vocabularies(connection)
    columns = guideline_value.c
    teq = select(columns.value_low, columns.value_high).where(columns.unit == "ng WHO-TEQ2005/kg dw", columns.id == 187)
    assert connection.execute(teq).one() == pytest.approx((1e-4, 1e-4))


def test_an_unchanged_vocabulary_is_recognised_without_reading_it(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_vocabularies(connection)

    def read() -> None:
        raise AssertionError

    monkeypatch.setattr(vocabulary, "read_guidelines", read)
    monkeypatch.setattr(vocabulary, "shipped_contaminants", read)
    load_vocabularies(connection)
    connection.execute(update(contaminant).where(contaminant.c.id == "zinc").values(symbol="Sz"))
    with pytest.raises(AssertionError):
        load_vocabularies(connection)
