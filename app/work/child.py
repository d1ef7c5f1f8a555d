"""A job in a process of its own: it can be ended at any moment, and takes nobody with it when it fails."""

import math
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from app.keys import PUBLIC, holder_in
from app.settings import Settings
from app.work import job_book
from app.work.orders import Bench, LoadRefusedError, Progress, carry_out
from db.engine import Database
from db.tables import job

LOOK_SECONDS = 0.25
TELL_SECONDS = 0.5
GRACE_SECONDS = 5.0
STRANGERS_SECONDS = 600.0
MENDABLE = {"mendable": True}
"""The result of a process that cannot be done as it was asked for: whoever asked can mend that."""
TOO_LATE = f"it took longer than {STRANGERS_SECONDS:g} s, which is what a job without a key is given"
# A clean process with everything imported, of which each job gets a copy: a second saved for every small file.
_CLEAN = multiprocessing.get_context("forkserver")
_CLEAN.set_forkserver_preload(["app.work.orders", "app.work.job_book"])


class Interrupted(Exception):  # noqa: N818  nothing is wrong
    """The worker has to stop before the job is done; the job waits again."""


def do_apart(settings: Settings, database: Database, identifier: str, must_stop: Callable[[], bool]) -> str | None:
    """Carry out a job in a child process and give its status in the end; None where it had ended before.

    Raises `Interrupted` when `must_stop` becomes true first.
    """
    with engine_of(database) as engine:
        with engine.begin() as connection:
            connection.execute(job_book.without_key(identifier))
            begun = connection.execute(job_book.started(identifier)).one_or_none()
        if begun is None or begun.status != "running":
            return None if begun is None else str(begun.status)
        child = _CLEAN.Process(target=_live, args=(settings, database, identifier), daemon=True)
        child.start()
        try:
            late = _watch(engine, identifier, child, must_stop, STRANGERS_SECONDS if begun.open_to_all else math.inf)
        finally:
            _end(child)
        return _settled(engine, identifier, TOO_LATE if late else _last_words(child.exitcode))


def _watch(
    engine: Engine,
    identifier: str,
    child: multiprocessing.process.BaseProcess,
    must_stop: Callable[[], bool],
    seconds: float,
) -> bool:
    """Wait for the end of the child, or for somebody who wishes it; true when its time has run out."""
    end = time.monotonic() + seconds
    while child.is_alive():
        if time.monotonic() > end:
            return True
        child.join(LOOK_SECONDS)
        if must_stop():
            with engine.begin() as connection:
                connection.execute(job_book.waits_again(identifier))
            raise Interrupted
        with engine.connect() as connection:
            if job_book.is_dismissed(connection, identifier):
                return False
    return False


def _end(child: multiprocessing.process.BaseProcess) -> None:
    if child.is_alive():
        child.terminate()
        child.join(GRACE_SECONDS)
        child.kill()
    child.join()


def _settled(engine: Engine, identifier: str, last_words: str) -> str:
    """How the job ended; what the child did not live to say is said for it."""
    with engine.begin() as connection:
        if job_book.is_dismissed(connection, identifier):
            connection.execute(job_book.dismissed(identifier))
        else:
            connection.execute(job_book.failed(identifier, last_words))
        return str(connection.execute(select(job.c.status).where(job.c.id == identifier)).scalar_one())


def _last_words(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"the process that did this was ended by {signal.Signals(-exit_code).name}; perhaps the memory ran out"
    return "it failed for a reason that is in the log of the worker"


def _live(settings: Settings, database: Database, identifier: str) -> None:
    """The life of the child."""
    end_with_parent()
    with engine_of(database) as engine:
        with engine.connect() as connection:
            order = connection.execute(select(job).where(job.c.id == identifier)).one()
            visible = _visible(connection, identifier)
        outcome = _outcome(Bench(settings, engine, _teller(engine, identifier), visible), order)
        with engine.begin() as connection:
            connection.execute(outcome)


def _visible(connection: Connection, identifier: str) -> tuple[str, ...]:
    """What the key that asked for a job opens now."""
    row = connection.execute(job_book.key_of(identifier)).one_or_none()
    return PUBLIC if row is None else holder_in(row).visibilities


def _outcome(bench: Bench, order: Row[Any]) -> Any:
    try:
        return job_book.succeeded(order.id, carry_out(bench, order))
    except LoadRefusedError as error:
        return job_book.failed(order.id, str(error), error.report.to_dict())
    except ValueError as error:
        return job_book.failed(order.id, str(error), MENDABLE if order.process else None)


def _teller(engine: Engine, identifier: str) -> Progress:
    """Writes into the book how far the work is, not too often."""
    told = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told >= TELL_SECONDS:
            told = time.monotonic()
            with engine.begin() as connection:
                connection.execute(job_book.advanced(identifier, done, total))

    return tell


def end_with_parent() -> None:
    """Let this process end when its parent does: one that was killed must not leave others at work, unseen."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_and_leave, args=(parent.sentinel,), daemon=True).start()


def _wait_and_leave(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


@contextmanager
def engine_of(database: Database) -> Iterator[Engine]:
    """An engine for the length of the block."""
    engine = database.engine()
    try:
        yield engine
    finally:
        engine.dispose()
