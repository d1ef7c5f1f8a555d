"""The migrations and the tables say the same thing, in both directions."""

from sqlalchemy import Engine, inspect

from db import migrate
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
