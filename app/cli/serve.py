"""`edaphos serve`: the map, the tiles and the queries over HTTP."""

import contextlib
import socket
from functools import partial
from typing import Annotated

import typer

from app.cli.terminal import log_to_stderr, output, ready_database
from app.jobs import workers_alive
from app.serving import MOST_WORKERS, serve_in_processes
from app.serving import serve as serve_here
from app.settings import Settings
from app.work.child import engine_of
from app.worker import worker_beside
from db.engine import Database
from db.pyramid.build import build_missing


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(serve)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default EDAPHOS_HOST or 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; default EDAPHOS_PORT or 8000.", min=0)] = None,
    *,
    with_worker: Annotated[
        bool, typer.Option("--with-worker", help="Run a worker too, in a process of its own, for as long as this one.")
    ] = False,
    workers: Annotated[
        int, typer.Option(help="Processes that answer requests, about one a processor.", min=1, max=MOST_WORKERS)
    ] = 1,
    json_logs: Annotated[bool, typer.Option("--json", help="Log in JSON lines.")] = False,
) -> None:
    """Serve the map page, tiles and OGC-style endpoints."""
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = Settings(**given)  # type: ignore[arg-type]
    log_to_stderr(as_json=json_logs)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(listening(settings.host, settings.port))
        database = stack.enter_context(ready_database(settings))
        with engine_of(database) as engine:
            build_missing(engine)
        if with_worker:
            stack.enter_context(worker_beside(settings, database))
        elif not _has_worker(database):
            output.print("no worker runs: uploads and queued maps wait for `edaphos worker`, or use --with-worker")
        output.print(f"serving http://{_shown(settings.host)}:{listener.getsockname()[1]} (stop with Ctrl-C)")
        if workers == 1:
            serve_here(settings, database, listener)
        else:
            serve_in_processes(settings, database, listener, workers, partial(log_to_stderr, as_json=json_logs))


def _has_worker(database: Database) -> bool:
    with engine_of(database) as engine, engine.connect() as connection:
        return bool(connection.execute(workers_alive()).scalar())


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens, port 0 being any free one; `ValueError` with one sentence when it cannot."""
    try:
        family, *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ValueError(f"cannot listen on {_shown(host)}:{port}: {why}; choose another --host or --port") from None


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
