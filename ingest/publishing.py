"""What was read from a file becomes what everybody sees: rows in place, in one step, whatever there was before."""

from sqlalchemy import Connection

from ingest import datasets, merging, own_tables, under_way
from ingest.copying import reserve_ids
from ingest.incoming import Incoming, IncomingSamples
from ingest.merging import KINDS, Changes, Merge
from ingest.storing import Destination

LARGE = 20_000
"""Rows of all tables together from which on a dataset gets tables of its own, in batches that can be resumed."""


def publish(
    connection: Connection, before: datasets.Stored | None, given: datasets.Given, incoming: Incoming
) -> tuple[int, Changes]:
    """Store a file in the transaction of the caller; the identifier of its dataset, and what changed.

    A large one is committed in batches on connections of its own, to tables that nobody sees until the caller commits.
    """
    if isinstance(incoming, IncomingSamples) and sum(incoming.most.values()) >= LARGE:
        return _publish_large(connection, before, given, incoming)
    if before is not None:
        datasets.change(connection, before, given)
        staged = _destination(connection, before.id, incoming, merging.stage(connection, given.kind))
        incoming.store(connection, staged)
        return before.id, _merged(connection, before, given, staged)
    dataset = datasets.add(connection, given)
    names = {kind.name: kind.name for kind in KINDS[given.kind]}
    incoming.store(connection, _destination(connection, dataset, incoming, names))
    return dataset, _all_new(incoming, given.kind)


def _destination(connection: Connection, dataset: int, incoming: Incoming, into: dict[str, str]) -> Destination:
    tables = {kind.name: kind.table for kind in KINDS[incoming.kind]}
    first_ids = {name: reserve_ids(connection, tables[name], count) for name, count in incoming.most.items()}
    return Destination(dataset, into, first_ids)


def _publish_large(
    connection: Connection, before: datasets.Stored | None, given: datasets.Given, incoming: IncomingSamples
) -> tuple[int, Changes]:
    name = given.profile.dataset.name
    destination = under_way.fill(connection, name, given.checksum, before.id if before else None, incoming)
    if before is not None:
        datasets.change(connection, before, given)
        changes = _merged(connection, before, given, destination)
        own_tables.drop(connection, destination.into.values())
    else:
        datasets.add(connection, given, identifier=destination.dataset)
        room = own_tables.count(connection) < own_tables.MOST_DATASETS
        (own_tables.join if room else own_tables.append)(connection, destination.into)
        changes = _all_new(incoming, given.kind)
    under_way.done(connection, name)
    return destination.dataset, changes


def _merged(connection: Connection, before: datasets.Stored, given: datasets.Given, staged: Destination) -> Changes:
    names = {kind.name: kind.name for kind in KINDS[given.kind]}
    live = own_tables.joined(connection, before.id) if given.kind == "samples" else names
    return Merge(connection, before.id, before.version + 1, staged.into, live, given.partial).run(given.kind)


def _all_new(incoming: Incoming, kind: str) -> Changes:
    return Changes(added=incoming.stored, grown={one.name for one in KINDS[kind]})
