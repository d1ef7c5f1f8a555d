"""Measurements and what they refer to, without foreign keys: none can be left without the other."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, func, select, text, update
from sqlalchemy.exc import IntegrityError

from db.tables import contaminant, dataset, measurement, procedure, site, specimen
from ingest.load import load_samples
from ingest.profile import Profile

Describe = Callable[..., Profile]
Write = Callable[..., Path]


@pytest.fixture
def loaded(connection: Connection, write: Write, describe: Describe) -> Connection:
    load_samples(connection, write("x,y,zinc\n5,50,7\n6,50,8\n"), describe())
    return connection


@pytest.mark.parametrize(
    "wrong",
    [{"specimen_id": -1}, {"contaminant_id": "unobtainium"}, {"procedure_id": -1}, {"dataset_id": -1}],
)
def test_what_is_referred_to_must_be_there(loaded: Connection, wrong: dict[str, object]) -> None:
    with pytest.raises(IntegrityError, match="that does not exist or is of another dataset"):
        loaded.execute(update(measurement).where(measurement.c.upper == 7).values(wrong))


@pytest.mark.parametrize("table", [contaminant, procedure])
def test_what_was_measured_stays(loaded: Connection, table: type) -> None:
    with pytest.raises(IntegrityError, match="that a measurement refers to stays"):
        loaded.execute(delete(table))


def test_a_table_of_specimens_is_not_emptied_below_its_measurements(loaded: Connection) -> None:
    with pytest.raises(IntegrityError, match="a specimen that a measurement refers to stays"):
        loaded.execute(text("TRUNCATE specimen"))


def test_specimens_and_sites_are_checked_as_well(loaded: Connection) -> None:
    with loaded.begin_nested() as attempt:
        with pytest.raises(IntegrityError, match="a specimen refers to a site that does not exist"):
            loaded.execute(update(specimen).values(site_id=-1))
        attempt.rollback()
    with pytest.raises(IntegrityError, match="a site refers to a dataset that does not exist"):
        loaded.execute(update(site).where(site.c.code == "2").values(dataset_id=-1))


def test_measurements_go_with_their_specimens_and_datasets(loaded: Connection) -> None:
    def left() -> int:
        return int(loaded.execute(select(func.count()).select_from(measurement)).scalar_one())

    first = select(func.min(specimen.c.id)).scalar_subquery()
    loaded.execute(delete(specimen).where(specimen.c.id == first))
    assert left() == 1
    loaded.execute(delete(dataset))
    assert left() == 0
