"""The book of jobs: who asked for what, how far it is, and how it ended."""

import datetime as dt
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Row,
    Select,
    Update,
    and_,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    true,
    tuple_,
    update,
)

from app.keys import OF_A_DATASET, Holder
from db.tables import access_key, job

UNFINISHED = ("accepted", "running")
MOST_ATTEMPTS = 3
"""A job that ended its worker so often will end it again."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a job is to do; its files, if it has any, lie in the folder of its id.

    One that executes a process names it, with the `request` (JSON); one without a key is `open_to_all`.
    """

    id: str
    action: str
    key_id: int | None
    dataset: str | None = None
    kind: str | None = None
    profile: str | None = None
    file_name: str | None = None
    file_bytes: int | None = None
    file_sha256: str | None = None
    process: str | None = None
    request: Mapping[str, Any] | None = None
    open_to_all: bool = False

    @staticmethod
    def new_id() -> str:
        """An id that nobody can guess."""
        return secrets.token_hex(12)


def write_down(connection: Connection, order: Order) -> None:
    """Enter a job that waits."""
    columns = {name: getattr(order, name) for name in order.__slots__}
    with_files = order.file_name is not None or order.process is not None
    connection.execute(insert(job).values(**columns, files_kept=with_files))


def job_called(identifier: str) -> Select[Any]:
    """The job of that id."""
    return _jobs().where(job.c.id == identifier)


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs are listed (OGC API Processes 1.0, 11.2): durations in seconds, `after` from `place_of`."""

    processes: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    begun: tuple[dt.datetime | None, dt.datetime | None] = (None, None)
    shortest: float | None = None
    longest: float | None = None
    after: tuple[dt.datetime, str] | None = None


def jobs_of(holder: Holder | None, wanted: JobFilter = JobFilter(), most: int = 100) -> Select[Any]:
    """The newest jobs that a holder may see: their own, and those on datasets that their key opens.

    Without a key these are the jobs that were asked for without one.
    """
    conditions = [_seen_by(holder), *_wanted(wanted)]
    return _jobs().where(*conditions).order_by(job.c.created_at.desc(), job.c.id.desc()).limit(most)


def _wanted(wanted: JobFilter) -> Iterator[ColumnElement[bool]]:
    lasted = func.extract("epoch", func.coalesce(job.c.finished_at, func.now()) - job.c.started_at)
    start, end = wanted.begun
    if wanted.processes:
        yield func.coalesce(job.c.process, job.c.action).in_(wanted.processes)
    if wanted.statuses:
        yield job.c.status.in_(wanted.statuses)
    if start is not None:
        yield job.c.created_at >= start
    if end is not None:
        yield job.c.created_at <= end
    if wanted.shortest is not None:
        yield lasted >= wanted.shortest
    if wanted.longest is not None:
        yield lasted <= wanted.longest
    if wanted.after is not None:
        yield tuple_(job.c.created_at, job.c.id) < tuple_(*wanted.after)


def _jobs() -> Select[Any]:
    finished = job.c.finished_at
    columns = [column for column in job.c if column.name != "result"]
    joined = job.outerjoin(access_key, access_key.c.id == job.c.key_id)
    updated = func.coalesce(finished, job.c.started_at, job.c.created_at).label("updated_at")
    return select(*columns, access_key.c.name.label("key_name"), updated).select_from(joined)


def _seen_by(holder: Holder | None) -> ColumnElement[bool]:
    if holder is None:
        return job.c.open_to_all
    conditions: list[ColumnElement[bool]] = [job.c.key_id == holder.id]
    for scope in holder.scopes:
        if scope.action in OF_A_DATASET:
            conditions.append(true() if scope.dataset is None else job.c.dataset == scope.dataset)
    return or_(job.c.key_id == holder.id, and_(job.c.process.is_(None), or_(*conditions)))


def may_see(holder: Holder | None, row: Row[Any]) -> bool:
    """Whether the holder asked for this job, or may load or unload its dataset; one without a key is everybody's."""
    if holder is None or row.open_to_all:
        return bool(row.open_to_all)
    of_dataset = row.process is None and any(holder.may(action, row.dataset or "") for action in OF_A_DATASET)
    return of_dataset or row.key_id == holder.id


def waiting_of(holder: Holder | None) -> Select[int]:
    """How many jobs of a holder, or of all who have no key, have not ended."""
    asked_by = job.c.open_to_all if holder is None else job.c.key_id == holder.id
    return select(func.count()).select_from(job).where(asked_by, job.c.status.in_(UNFINISHED))


def key_of(identifier: str) -> Select[Any]:
    """The row of the key that asked for a job, if one did."""
    return select(access_key).join(job, job.c.key_id == access_key.c.id).where(job.c.id == identifier)


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


def strangers_to_forget(days: int) -> Delete:
    """Take jobs of nobody out of the book that ended more than `days` ago: strangers must not fill it for ever."""
    long_ago = job.c.finished_at < func.now() - text(f"interval '{int(days)} days'")
    return delete(job).where(job.c.open_to_all, job.c.files_kept.is_(False), long_ago)


def forgotten(identifier: str) -> Delete:
    """Take a job that ended out of the book."""
    return delete(job).where(job.c.id == identifier, job.c.status.not_in(UNFINISHED))
