"""The book of jobs: who asked for what, how far it is, and how it ended."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Row,
    Select,
    Update,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    true,
    update,
)

from app.keys import Holder
from db.tables import access_key, job

UNFINISHED = ("accepted", "running")
MOST_ATTEMPTS = 3
"""A job that ended its worker so often will end it again."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a job is to do; its files, if it has any, lie in the folder of its id."""

    id: str
    action: str
    key_id: int
    dataset: str | None = None
    kind: str | None = None
    profile: str | None = None
    file_name: str | None = None
    file_bytes: int | None = None
    file_sha256: str | None = None

    @staticmethod
    def new_id() -> str:
        """An id that nobody can guess."""
        return secrets.token_hex(12)


def write_down(connection: Connection, order: Order) -> None:
    """Enter a job that waits."""
    columns = {name: getattr(order, name) for name in order.__slots__}
    connection.execute(insert(job).values(**columns, files_kept=order.file_name is not None))


def job_called(identifier: str) -> Select[Any]:
    """The job of that id."""
    return _jobs().where(job.c.id == identifier)


def jobs_of(holder: Holder, most: int = 100) -> Select[Any]:
    """The newest jobs that a holder may see: their own, and those on datasets that their key opens."""
    return _jobs().where(_seen_by(holder)).order_by(job.c.created_at.desc(), job.c.id).limit(most)


def _jobs() -> Select[Any]:
    finished = job.c.finished_at
    columns = [column for column in job.c if column.name != "result"]
    joined = job.outerjoin(access_key, access_key.c.id == job.c.key_id)
    updated = func.coalesce(finished, job.c.started_at, job.c.created_at).label("updated_at")
    return select(*columns, access_key.c.name.label("key_name"), updated).select_from(joined)


def _seen_by(holder: Holder) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [job.c.key_id == holder.id]
    for scope in holder.scopes:
        if scope.action in ("load", "unload"):
            conditions.append(true() if scope.dataset is None else job.c.dataset == scope.dataset)
    return or_(*conditions)


def may_see(holder: Holder, row: Row[Any]) -> bool:
    """Whether the holder asked for this job, or may load or unload its dataset."""
    return row.key_id == holder.id or any(holder.may(action, row.dataset or "") for action in ("load", "unload"))


def waiting_of(holder: Holder) -> Select[int]:
    """How many jobs of a holder have not ended."""
    return select(func.count()).select_from(job).where(job.c.key_id == holder.id, job.c.status.in_(UNFINISHED))


def result_of(identifier: str) -> Select[Any]:
    """What a job came to."""
    return select(job.c.result).where(job.c.id == identifier)


def started(identifier: str) -> Update:
    """Begin a job, unless it ended already or was begun too often; gives its row if it may be done now."""
    begun = update(job).where(job.c.id == identifier, job.c.status.in_(UNFINISHED))
    values = {
        "status": case((job.c.attempts < MOST_ATTEMPTS, "running"), else_="failed"),
        "message": case(
            (job.c.attempts < MOST_ATTEMPTS, None), else_=f"the worker ended {MOST_ATTEMPTS} times while it did this"
        ),
        "finished_at": case((job.c.attempts < MOST_ATTEMPTS, None), else_=func.now()),
        "attempts": job.c.attempts + 1,
        "started_at": func.now(),
        "done": 0,
        "total": 0,
    }
    return begun.values(values).returning(job)


def waits_again(identifier: str) -> Update:
    """Note that a job was broken off through no fault of its own."""
    running = update(job).where(job.c.id == identifier, job.c.status == "running")
    return running.values(status="accepted", attempts=job.c.attempts - 1, started_at=None, done=0, total=0)


def without_key(identifier: str) -> Update:
    """End a job whose key was revoked after it was asked for: a key that leaked must not go on working."""
    revoked = select(access_key.c.id).where(access_key.c.revoked_at.is_not(None))
    ended = update(job).where(job.c.id == identifier, job.c.status.in_(UNFINISHED), job.c.key_id.in_(revoked))
    return ended.values(status="failed", finished_at=func.now(), message="the key that asked for this was revoked")


def advanced(identifier: str, done: int, total: int) -> Update:
    """Note how far a job is."""
    return update(job).where(job.c.id == identifier, job.c.status == "running").values(done=done, total=total)


def succeeded(identifier: str, result: Mapping[str, Any]) -> Update:
    """End a job well."""
    return _ended(identifier, "successful", result=dict(result))


def failed(identifier: str, message: str, result: Mapping[str, Any] | None = None) -> Update:
    """End a job with the reason why it could not be done."""
    return _ended(identifier, "failed", message=message, result=None if result is None else dict(result))


def dismissed(identifier: str) -> Update:
    """End a job because its holder wished so."""
    return _ended(identifier, "dismissed", message="dismissed on request")


def _ended(identifier: str, status: str, **values: Any) -> Update:
    ended = update(job).where(job.c.id == identifier, job.c.status.in_(UNFINISHED))
    return ended.values(status=status, finished_at=func.now(), **values)


def dismissal(identifier: str) -> Update:
    """Ask for the end of a job: one that waits ends now, one that runs as soon as its worker looks."""
    waits = job.c.status == "accepted"
    asked = update(job).where(job.c.id == identifier, job.c.status.in_(UNFINISHED))
    return asked.values(
        dismissal_asked=True,
        status=case((waits, "dismissed"), else_=job.c.status),
        message=case((waits, "dismissed on request"), else_=job.c.message),
        finished_at=case((waits, func.now()), else_=job.c.finished_at),
    ).returning(job.c.status)


def is_dismissed(connection: Connection, identifier: str) -> bool:
    """Whether somebody asked for the end of a job."""
    return bool(connection.execute(select(job.c.dismissal_asked).where(job.c.id == identifier)).scalar())


def with_files_to_remove(days: int) -> Select[Any]:
    """Ids of jobs that ended more than `days` ago and whose files are still there."""
    long_ago = job.c.finished_at < func.now() - text(f"interval '{int(days)} days'")
    return select(job.c.id).where(job.c.files_kept, long_ago)


def without_files(identifier: str) -> Update:
    """Note that the files of a job are gone."""
    return update(job).where(job.c.id == identifier).values(files_kept=False)


def forgotten(identifier: str) -> Delete:
    """Take a job that ended out of the book."""
    return delete(job).where(job.c.id == identifier, job.c.status.not_in(UNFINISHED))
