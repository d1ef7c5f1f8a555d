"""`edaphos serve`: the map, the tiles and the queries over HTTP."""

import contextlib
import socket
from typing import Annotated

import typer
import uvicorn

from app.cli.terminal import log_to_stderr, output, ready_database
from app.factory import create_app
from app.settings import Settings


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(serve)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default EDAPHOS_HOST or 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; default EDAPHOS_PORT or 8000.", min=0)] = None,
    *,
    json_logs: Annotated[bool, typer.Option("--json", help="Log in JSON lines.")] = False,
) -> None:
    """Serve the map page, tiles and OGC-style endpoints."""
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = Settings(**given)  # type: ignore[arg-type]
    log_to_stderr(as_json=json_logs)
    with listening(settings.host, settings.port) as listener, ready_database(settings) as database:
        output.print(f"serving http://{_shown(settings.host)}:{listener.getsockname()[1]} (stop with Ctrl-C)")
        config = uvicorn.Config(
            create_app(settings, database), access_log=False, log_level="warning", server_header=False
        )
        with contextlib.suppress(KeyboardInterrupt):  # how one stops it
            uvicorn.Server(config).run(sockets=[listener])


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
