"""Which metals of the Meuse go together, and that the river is where they come from."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from app.work.fingerprints import FingerprintRequest, fingerprints
from db.selection import Selection
from tests.app.conftest import World


@pytest.fixture
def connection(world: World) -> Iterator[Connection]:
    engine = world.database.engine()
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_cadmium_parts_from_the_others_towards_the_river(connection: Connection) -> None:
    names = ("cadmium", "copper", "lead", "zinc")
    found = fingerprints(connection, FingerprintRequest(Selection(dataset="meuse"), names))
    assert set(found.found.parts) == set(names)
    best = found.origins[0]
    assert best.sector == "flood-sediment"
    assert best.q < 0.01
    told = found.to_dict()
    assert {each["contaminant"]: each["imputed_share"] > 0 for each in told["parts"]}["cadmium"]
    assert sum(each["share"] for each in told["components"]) == pytest.approx(1.0)


def test_too_few_elements_are_refused(connection: Connection) -> None:
    with pytest.raises(ValueError, match="parts can be used"):
        fingerprints(connection, FingerprintRequest(Selection(dataset="meuse"), ("lead", "zinc")))
    with pytest.raises(ValueError, match="no elements were measured"):
        fingerprints(connection, FingerprintRequest(Selection(dataset="nowhere")))
