"""Processes that answer requests: one, or several on one socket, each with caches and connections of its own."""

import contextlib
import multiprocessing
import signal
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from types import FrameType

import structlog
import uvicorn

from app.factory import create_app
from app.settings import Settings
from app.work.child import end_with_parent
from db.engine import Database

MOST_WORKERS = 64
LOOK_SECONDS = 0.5
SHUTDOWN_SECONDS = 10.0
REST_SECONDS = 2.0
"""Before a process that ended is started anew: one that cannot start must not be tried without pause."""

log = structlog.get_logger()


def serve(settings: Settings, database: Database, listener: socket.socket) -> None:
    """Answer requests in this process, until it is asked to stop."""
    config = uvicorn.Config(
        create_app(settings, database), access_log=False, log_level="warning", server_header=False, date_header=True
    )
    with contextlib.suppress(KeyboardInterrupt):  # how one stops it
        uvicorn.Server(config).run(sockets=[listener])


def serve_in_processes(
    settings: Settings, database: Database, listener: socket.socket, count: int, prepare: Callable[[], None]
) -> None:
    """Answer requests in `count` processes, of which one that dies is started anew, until this one is asked to stop.

    `prepare` is called in each of them first.
    """
    begin = multiprocessing.get_context("spawn").Process
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())

    def start() -> BaseProcess:
        process = begin(target=_serve_apart, args=(settings, database, listener, prepare))
        process.start()
        return process

    running = [start() for _ in range(count)]
    while not stop.wait(LOOK_SECONDS):
        for place, process in enumerate(running):
            if not process.is_alive() and not stop.wait(REST_SECONDS):
                log.warning("a process that answered requests ended and is started anew", exit_code=process.exitcode)
                running[place] = start()
    _end(running)


def _serve_apart(settings: Settings, database: Database, listener: socket.socket, prepare: Callable[[], None]) -> None:
    end_with_parent()
    signal.signal(signal.SIGINT, _as_terminated)
    prepare()
    serve(settings, database, listener)


def _as_terminated(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end(running: list[BaseProcess]) -> None:
    for process in running:
        process.terminate()
    deadline = time.monotonic() + SHUTDOWN_SECONDS
    for process in running:
        process.join(max(0.0, deadline - time.monotonic()))
        process.kill()
