"""The migrations and the tables say the same thing, in both directions."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, inspect, make_url, text

from db import migrate
from db.engine import Database
from db.postgres_programs import PostGISMissing
from db.tables import metadata


def tables_of(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def test_up_check_down_up(empty_database: Engine) -> None:
    migrate.upgrade(empty_database)
    migrate.check(empty_database)
    assert set(metadata.tables) <= tables_of(empty_database)
    assert "procrastinate_jobs" in tables_of(empty_database)
    migrate.downgrade(empty_database)
    assert tables_of(empty_database) <= {"alembic_version", "spatial_ref_sys"}
    migrate.upgrade(empty_database)
    migrate.check(empty_database)


@pytest.fixture
def without_postgis(server: Database) -> Iterator[Engine]:
    """A database of an ordinary role, in which nobody has installed PostGIS."""
    administration = server.engine().execution_options(isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text("CREATE DATABASE edaphos_bare TEMPLATE template0"))
    engine = Database(server.url.set(database="edaphos_bare")).engine()
    yield engine
    engine.dispose()
    with administration.connect() as connection:
        connection.execute(text("DROP DATABASE edaphos_bare WITH (FORCE)"))
    administration.dispose()


def test_a_database_without_postgis_is_one_sentence(without_postgis: Engine) -> None:
    with pytest.raises(PostGISMissing, match=r"edaphos_bare has no PostGIS.*CREATE EXTENSION postgis"):
        migrate.upgrade(without_postgis)
    assert not tables_of(without_postgis)


def test_an_address_may_hold_odd_characters() -> None:
    address = Database.at("postgresql://app:a%20b%40c%2Fd%25@host:5433/name").libpq
    assert " " not in address
    assert make_url(address).password == "a b@c/d%"  # noqa: S105
