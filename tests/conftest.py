"""One real PostGIS per test session; each test sees its own transaction or its own database."""

import logging
import os
import secrets
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from db import migrate
from db.embedded import Cluster
from db.engine import Database

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
DROP_TURNS = 20
ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.txt")


def _may_be_skipped(name: str) -> bool:
    return any(line.startswith(f"{name}: ") for line in ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failed one, unless it is listed with a reason."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not _may_be_skipped(item.nodeid.split("[")[0]):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped in CI: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def reachable_folder() -> Iterator[Path]:
    """A temporary folder that an unprivileged user can pass through, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="edaphos-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def server(reachable_folder: Path) -> Iterator[Database]:
    """The server of the session: an embedded cluster of its own, or the one that EDAPHOS_TEST_DATABASE_URL names."""
    given = os.environ.get("EDAPHOS_TEST_DATABASE_URL")
    if given:
        yield Database.at(given)
        return
    cluster = Cluster.in_folder(reachable_folder / "home")
    with cluster.in_use() as database:
        yield database
    cluster.stop()


def _new_database(server: Database) -> Iterator[Database]:
    name = f"edaphos_test_{secrets.token_hex(4)}"
    administration = server.engine().execution_options(isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield Database(server.url.set(database=name))
    finally:
        _drop(administration, name)
        administration.dispose()


def _drop(administration: Engine, name: str) -> None:
    """Drop a database with whoever is in it; autovacuum, which only a superuser may end, is waited for."""
    for turn in range(DROP_TURNS):
        try:
            with administration.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        except ProgrammingError:
            if turn == DROP_TURNS - 1:
                raise
            time.sleep(0.5)
        else:
            return


@pytest.fixture
def empty_database(server: Database) -> Iterator[Engine]:
    """A database of its own with nothing but PostGIS in it."""
    for database in _new_database(server):
        engine = database.engine()
        yield engine
        engine.dispose()


@pytest.fixture(scope="session")
def session_database(server: Database) -> Iterator[Database]:
    """A migrated database that the session shares; leave nothing in it."""
    for database in _new_database(server):
        engine = database.engine()
        migrate.upgrade(engine)
        engine.dispose()
        yield database


@pytest.fixture(scope="session")
def _session_engine(session_database: Database) -> Iterator[Engine]:
    engine = session_database.engine()
    yield engine
    engine.dispose()


@pytest.fixture
def connection(_session_engine: Engine) -> Iterator[Connection]:
    """A connection whose work is rolled back after the test."""
    with _session_engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@pytest.fixture
def database(server: Database) -> Iterator[Database]:
    """A migrated database of its own, for tests that commit."""
    for database in _new_database(server):
        engine = database.engine()
        migrate.upgrade(engine)
        engine.dispose()
        yield database


@pytest.fixture(scope="session")
def meuse() -> Path:
    """The folder with the Meuse data."""
    return Path(__file__).resolve().parents[1] / "examples" / "meuse"
