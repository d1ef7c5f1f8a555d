"""`edaphos serve`: the map, the tiles and the queries over HTTP."""

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
    with ready_database(settings) as database:
        output.print(f"serving http://{settings.host}:{settings.port} (stop with Ctrl-C)")
        uvicorn.run(
            create_app(settings, database),
            host=settings.host,
            port=settings.port,
            access_log=False,
            log_level="warning",
            server_header=False,
        )
