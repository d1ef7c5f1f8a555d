"""`edaphos worker`: carries out what waits in the queue."""

from typing import Annotated

import typer

from app.cli.terminal import log_to_stderr, ready_database
from app.settings import Settings
from app.worker import work


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(worker)


def worker(
    *,
    until_empty: Annotated[bool, typer.Option("--until-empty", help="Stop when nothing waits any more.")] = False,
    json_logs: Annotated[bool, typer.Option("--json", help="Log in JSON lines.")] = False,
) -> None:
    """Carry out jobs, in a process of its own, until stopped."""
    settings = Settings()
    log_to_stderr(as_json=json_logs)
    with ready_database(settings) as database:
        work(settings, database, until_empty=until_empty)
