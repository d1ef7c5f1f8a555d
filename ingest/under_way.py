"""Large loads in batches: rows that nobody sees until all are there, and a checkpoint that outlives whoever loads."""

import secrets
from collections.abc import Mapping
from importlib.metadata import version

from sqlalchemy import Connection, delete, insert, select, update

from db import tables
from ingest import own_tables
from ingest.copying import reserve_ids
from ingest.incoming import IncomingSamples
from ingest.storing import TABLES, Destination, SampleStore

PATIENCE = "SET LOCAL lock_timeout = '60s'"
"""What is committed on a connection of its own must not wait for ever for the caller's transaction."""


def fill(
    connection: Connection, name: str, checksum: str, dataset: int | None, incoming: IncomingSamples
) -> Destination:
    """Store a file in tables that nobody sees, going on where a load of the same file ended; where they are.

    Each chunk is committed with its checkpoint on a connection of its own. `dataset` is the identifier of the dataset,
    if there is one of that name; a new one gets the identifier that the destination tells.
    """
    with connection.engine.begin() as own:
        own.exec_driver_sql(PATIENCE)
        destination, done = _begun(own, name, f"{checksum} {version('edaphos')}", dataset, incoming)
    store = SampleStore(destination)
    for number, chunk in enumerate(incoming.chunks(), start=1):
        if number <= done:
            store.skip(chunk)
            continue
        with connection.engine.begin() as own:
            own.exec_driver_sql(PATIENCE)
            store.store(own, chunk)
            place = tables.load_under_way.c.dataset == name
            own.execute(update(tables.load_under_way).where(place).values(chunks=number))
    own_tables.build_indexes(connection.engine, destination.into)
    return destination


def _begun(
    connection: Connection, name: str, checksum: str, dataset: int | None, incoming: IncomingSamples
) -> tuple[Destination, int]:
    """Where the load of that file goes on, and how many chunks are stored; what another file left there goes."""
    found = connection.execute(select(tables.load_under_way).where(tables.load_under_way.c.dataset == name)).first()
    if found is not None and found.checksum == checksum and dataset in (None, found.dataset_id):
        return Destination(found.dataset_id, own_tables.names_of(found.suffix), found.first_ids), found.chunks
    abandon(connection, name)
    destination = _new(connection, dataset, incoming)
    begun = {"dataset": name, "checksum": checksum, "dataset_id": destination.dataset}
    suffix = destination.into["site"].removeprefix("site_")
    connection.execute(insert(tables.load_under_way).values(**begun, suffix=suffix, first_ids=destination.first_ids))
    return destination, 0


def _new(connection: Connection, dataset: int | None, incoming: IncomingSamples) -> Destination:
    identifier = reserve_ids(connection, tables.dataset, 1) if dataset is None else dataset
    names = own_tables.names_of(f"{identifier}_{secrets.token_hex(3)}")
    own_tables.create(connection, names)
    return Destination(identifier, names, first_ids(connection, incoming.most))


def first_ids(connection: Connection, most: Mapping[str, int]) -> dict[str, int]:
    """Identifiers for at most so many rows of each table."""
    return {table.name: reserve_ids(connection, table, most[table.name]) for table in TABLES}


def abandon(connection: Connection, name: str) -> None:
    """Take out what an unfinished load of a dataset has stored."""
    mine = tables.load_under_way.c.dataset == name
    for suffix in connection.execute(select(tables.load_under_way.c.suffix).where(mine)).scalars().all():
        own_tables.drop(connection, own_tables.names_of(suffix).values())
    done(connection, name)


def done(connection: Connection, name: str) -> None:
    """Forget the checkpoint of a load: what it stored has found its place."""
    connection.execute(delete(tables.load_under_way).where(tables.load_under_way.c.dataset == name))
