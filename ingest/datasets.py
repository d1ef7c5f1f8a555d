"""The row of a dataset: found again by its name, replaced when its file or profile changed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text, update

from db import tables
from db.visibility import hide_what_rests_on
from ingest import own_tables
from ingest.errors import IngestError
from ingest.merging import Changes
from ingest.places import places_of
from ingest.profile import Profile
from ingest.readers import files_of
from ingest.report import Report


@dataclass(frozen=True, slots=True)
class Stored:
    """A dataset as the database has it."""

    id: int
    kind: str
    checksum: str
    report: Mapping[str, Any]
    version: int
    visibility: str
    profile: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Given:
    """A dataset as a file and its profile give it."""

    profile: Profile
    kind: str
    file_name: str
    checksum: str
    above: Mapping[str, int]
    partial: bool = False

    @property
    def values(self) -> dict[str, Any]:
        """The columns of its row."""
        return {
            **self.profile.dataset.model_dump(),
            "kind": self.kind,
            "checksum": self.checksum,
            "file_name": self.file_name,
            "profile": self.profile.to_dict(),
            "places": places_of(self.profile, self.file_name, self.above),
        }


@dataclass(frozen=True, slots=True)
class Removed:
    """A dataset that was taken out, and how many specimens or sources it held."""

    name: str
    title: str
    kind: str
    count: int


def checksum_of(file: Path, profile: Profile) -> str:
    """SHA-256 of the bytes of all files that are read and of what the profile says, as hexadecimal digits.

    Raises `IngestError` when a file cannot be read.
    """
    content = hashlib.sha256()
    for part in files_of(file, profile.file):
        try:
            with part.open("rb") as handle:
                content.update(hashlib.file_digest(handle, "sha256").digest())
        except OSError as error:
            raise IngestError(f"{part} cannot be read: {error.strerror}") from None
    content.update(json.dumps(profile.to_dict(), sort_keys=True).encode())
    return content.hexdigest()


def lock(connection: Connection, name: str) -> None:
    """Wait until no other transaction loads the dataset of that name."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"dataset {name}"})


def stored(connection: Connection, profile: Profile, kind: str) -> Stored | None:
    """The dataset of the profile's name, if it is there; raises `IngestError` when it is of another kind."""
    columns = tables.dataset.c
    statement = select(
        columns.id, columns.kind, columns.checksum, columns.report, columns.version, columns.visibility, columns.profile
    )
    row = connection.execute(statement.where(columns.name == profile.dataset.name)).one_or_none()
    if row is None:
        return None
    if row.kind != kind:
        raise IngestError(f"the dataset {profile.dataset.name!r} holds {row.kind}, so {kind} need another name")
    return Stored(*row)


def add(connection: Connection, given: Given, *, identifier: int | None = None) -> int:
    """Insert the dataset, perhaps with an identifier that was reserved for it, and give its identifier."""
    reserved = {} if identifier is None else {"id": identifier}
    statement = insert(tables.dataset).values(**reserved, **given.values, report={})
    return int(connection.execute(statement.returning(tables.dataset.c.id)).scalar_one())


def change(connection: Connection, before: Stored, given: Given) -> None:
    """Let a dataset say what its new file gives; its version rises."""
    table = tables.dataset
    said = {} if given.partial else given.values
    changes = {**said, "version": table.c.version + 1, "loaded_at": func.now()}
    connection.execute(update(table).where(table.c.id == before.id).values(changes))
    if given.profile.dataset.visibility != "public":
        hide_what_rests_on(connection, given.profile.dataset.name)


def report_of(connection: Connection, before: Stored | None, checksum: str) -> Report | None:
    """The report of the load that brought in this file, where it is the newest whole one or corrects that."""
    if before is None:
        return None
    if before.checksum == checksum:
        return Report.from_dict(before.report)
    table = tables.dataset_version.c
    mine = select(table.version, table.checksum, table.report, table.partial).where(table.dataset_id == before.id)
    for row in connection.execute(mine.order_by(table.version.desc())):
        if row.checksum == checksum and row.partial:
            return Report.from_dict(row.report)
        if not row.partial:
            return None
    return None


def write_version(
    connection: Connection, dataset: int, report: Report, changes: Changes, *, partial: bool = False
) -> None:
    """Keep what the load of a version did; the dataset itself tells of its newest whole file."""
    written = report.to_dict()
    if not partial:
        mine = update(tables.dataset).where(tables.dataset.c.id == dataset)
        connection.execute(mine.values(report=written))
    row = {"dataset_id": dataset, "version": report.version, "checksum": report.checksum, "file_name": report.file}
    counts = {"added": changes.added, "changed": changes.changed, "removed": changes.removed}
    connection.execute(insert(tables.dataset_version).values(**row, **counts, partial=partial, report=written))


def remove(connection: Connection, name: str) -> Removed:
    """Delete a dataset and all that hangs on it; raises `IngestError`, naming those there are, where it is none."""
    columns = tables.dataset.c
    row = connection.execute(select(columns.id, columns.kind, columns.title).where(columns.name == name)).one_or_none()
    if row is None:
        known = connection.execute(select(columns.name).order_by(columns.name)).scalars().all()
        raise IngestError(f"there is no dataset {name!r}; loaded are {', '.join(known) or 'none'}")
    held = tables.specimen if row.kind == "samples" else tables.source
    counted = select(func.count()).select_from(held).where(held.c.dataset_id == row.id)
    count = connection.execute(counted).scalar_one()
    if row.kind == "samples":
        own = {table: name for table, name in own_tables.joined(connection, row.id).items() if table != name}
        own_tables.drop(connection, own.values())
        if own:
            connection.execute(delete(tables.measurement).where(tables.measurement.c.dataset_id == row.id))
    connection.execute(delete(tables.dataset).where(columns.id == row.id))
    return Removed(name, row.title, row.kind, count)
