"""The row of a dataset: found again by its name, replaced when its file or profile changed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, text, update

from db import tables
from db.visibility import hide_what_rests_on
from ingest.errors import IngestError
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
    statement = select(columns.id, columns.kind, columns.checksum, columns.report)
    row = connection.execute(statement.where(columns.name == profile.dataset.name)).one_or_none()
    if row is None:
        return None
    if row.kind != kind:
        raise IngestError(f"the dataset {profile.dataset.name!r} holds {row.kind}, so {kind} need another name")
    return Stored(*row)


def write(
    connection: Connection, before: Stored | None, profile: Profile, kind: str, file_name: str, checksum: str
) -> int:
    """Insert or update the dataset and give its identifier; an update raises its version."""
    values = {
        **profile.dataset.model_dump(),
        "kind": kind,
        "checksum": checksum,
        "file_name": file_name,
        "profile": profile.to_dict(),
    }
    table = tables.dataset
    if before is None:
        statement = insert(table).values(**values, report={}).returning(table.c.id)
        return int(connection.execute(statement).scalar_one())
    changes = {**values, "version": table.c.version + 1, "loaded_at": func.now()}
    connection.execute(update(table).where(table.c.id == before.id).values(changes))
    if profile.dataset.visibility != "public":
        hide_what_rests_on(connection, profile.dataset.name)
    return before.id


def write_report(connection: Connection, dataset: int, report: Report) -> None:
    """Keep what the load of a dataset did."""
    changed = update(tables.dataset).where(tables.dataset.c.id == dataset)
    connection.execute(changed.values(report=report.to_dict()))


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
    connection.execute(delete(tables.dataset).where(columns.id == row.id))
    return Removed(name, row.title, row.kind, count)


def clear(connection: Connection, dataset: int, *rows_of: Table) -> None:
    """Take out what the dataset held in these tables, and with it what hangs on them."""
    for table in rows_of:
        connection.execute(delete(table).where(table.c.dataset_id == dataset))
