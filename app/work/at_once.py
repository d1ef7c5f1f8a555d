"""A process that somebody waits for: done in a process of its own, which is ended when it takes too long."""

import multiprocessing
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import structlog

from app.processes import PROCESSES
from app.processes.inputs import InputError
from app.settings import Settings
from app.work.child import end_with_parent, engine_of
from app.work.execution import Made, execute, from_stored, stored
from app.work.orders import Bench
from db.engine import Database

log = structlog.get_logger()
_CLEAN = multiprocessing.get_context("forkserver")
_IMPORTED = ["app.work.execution", *(f"app.processes.{module}" for module in PROCESSES.values())]


class TooSlowError(TimeoutError):
    """The work would take longer than anybody waits."""


class WorkFailedError(RuntimeError):
    """The work failed for a reason of ours, which is in the log."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which process, with which inputs (JSON), on what may be seen, and where its files go."""

    process: str
    inputs: Mapping[str, Any]
    visible: tuple[str, ...]
    folder: Path


def make_ready() -> None:
    """Start the clean process with everything imported, of which each execution gets a copy; waits for nothing."""
    _CLEAN.set_forkserver_preload(_IMPORTED)
    forkserver.ensure_running()


def do_at_once(settings: Settings, database: Database, asked: Asked, seconds: float) -> dict[str, Made]:
    """The outputs; `ValueError` for what the client can mend, `TooSlowError`, `WorkFailedError`."""
    make_ready()
    ours, theirs = _CLEAN.Pipe(duplex=False)
    child = _CLEAN.Process(target=_live, args=(settings, database, asked, theirs), daemon=True)
    child.start()
    theirs.close()
    try:
        if not ours.poll(seconds):
            raise TooSlowError(f"{asked.process} takes longer than {seconds:g} s: ask with `Prefer: respond-async`")
        return _outcome(asked, ours)
    finally:
        child.kill()
        child.join()
        ours.close()


def _outcome(asked: Asked, ours: "Connection[Any, Any]") -> dict[str, Made]:
    try:
        said, content = ours.recv()
    except EOFError:
        log.exception("the process of a process died", process=asked.process)
        raise WorkFailedError(asked.process) from None
    if said == "done":
        return from_stored(content)
    name, message = content
    raise ValueError(message) if name is None else InputError(name, message)


def _live(settings: Settings, database: Database, asked: Asked, theirs: "Connection[Any, Any]") -> None:
    """The life of the child; what goes wrong through a fault of ours is said on standard error, and by dying."""
    end_with_parent()
    with engine_of(database) as engine:
        bench = Bench(settings, engine, _silent, asked.visible, asked.folder)
        try:
            said: tuple[str, Any] = ("done", stored(execute(bench, asked.process, asked.inputs)))
        except ValueError as error:
            said = ("wrong", (getattr(error, "name", None), str(error)))
    theirs.send(said)


def _silent(_done: int, _total: int) -> None:
    """Nobody sees how far it is."""
