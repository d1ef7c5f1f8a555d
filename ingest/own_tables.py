"""Tables that hold the rows of one large dataset, beside those of all: filled unseen, indexed at once, then joined.

They inherit from the tables of all: every question sees them from the moment they are joined, and nobody before.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from psycopg import sql
from sqlalchemy import Connection, Engine, text

from ingest.storing import TABLES

MOST_DATASETS = 24
"""With tables of their own: each costs every question a look into its indexes, and locks."""
BUILDERS = 2


def names_of(suffix: str) -> dict[str, str]:
    """By table of all, the name of the one with that suffix."""
    return {table.name: f"{table.name}_{suffix}" for table in TABLES}


def create(connection: Connection, names: Mapping[str, str]) -> None:
    """Make empty tables, without indexes, that nobody sees."""
    for table, name in names.items():
        statement = "CREATE TABLE {} (LIKE {} INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY)"
        _run(connection, statement, name, table)


def drop(connection: Connection, names: Iterable[str]) -> None:
    """Take tables out, where they are there."""
    for name in names:
        _run(connection, "DROP TABLE IF EXISTS {}", name)


def build_indexes(engine: Engine, names: Mapping[str, str]) -> None:
    """Give tables that nobody sees the indexes of those they will inherit from, on two connections at once."""
    with ThreadPoolExecutor(BUILDERS) as builders:
        list(builders.map(lambda item: _index(engine, *item), sorted(names.items())))


def _index(engine: Engine, table: str, name: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        connection.execute(text("SET LOCAL max_parallel_maintenance_workers = 0"))
        found = text("SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema AND tablename = :name")
        there = set(map(_what, connection.execute(found, {"name": name}).scalars()))
        for definition in connection.execute(found, {"name": table}).scalars():
            if _what(definition) not in there:
                unique = "UNIQUE " if definition.startswith("CREATE UNIQUE") else ""
                connection.exec_driver_sql(f'CREATE {unique}INDEX ON "{name}" {_what(definition)}')
        connection.exec_driver_sql(f'ANALYZE "{name}"')


def _what(definition: str) -> str:
    return definition[definition.index("USING ") :]


def join(connection: Connection, names: Mapping[str, str]) -> None:
    """Let everybody see the rows of filled and indexed tables."""
    for table, name in names.items():
        _run(connection, "ALTER TABLE {} INHERIT {}", name, table)


def append(connection: Connection, names: Mapping[str, str]) -> None:
    """Move the rows into the tables of all: slower, for their indexes grow row by row."""
    for table, name in names.items():
        _run(connection, "INSERT INTO {} OVERRIDING SYSTEM VALUE SELECT * FROM {}", table, name)
        _run(connection, "DROP TABLE {}", name)
        _run(connection, "ANALYZE {}", table)


def joined(connection: Connection, dataset: int) -> dict[str, str]:
    """By table of all, the one that holds the rows of a dataset: its own, or the one of all."""
    statement = text(
        "SELECT parent.relname AS parent, own.relname AS own FROM pg_inherits "
        "JOIN pg_class parent ON parent.oid = inhparent JOIN pg_class own ON own.oid = inhrelid "
        "WHERE parent.relname = ANY(:tables) AND starts_with(own.relname, parent.relname || :mark)"
    )
    asked = {"tables": [table.name for table in TABLES], "mark": f"_{dataset}_"}
    own = {row.parent: row.own for row in connection.execute(statement, asked)}
    return {table.name: own.get(table.name, table.name) for table in TABLES}


def count(connection: Connection) -> int:
    """How many datasets have tables of their own."""
    statement = text("SELECT count(*) FROM pg_inherits WHERE inhparent = CAST(:table AS regclass)")
    return int(connection.execute(statement, {"table": TABLES[0].name}).scalar_one())


def _run(connection: Connection, statement: str, *names: str) -> None:
    composed = sql.SQL(statement).format(*map(sql.Identifier, names))
    driver = connection.connection.driver_connection
    connection.exec_driver_sql(composed.as_string(driver))
