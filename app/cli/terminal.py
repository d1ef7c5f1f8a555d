"""What all commands share: how they speak, how they count, how they fail."""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import structlog
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from app.settings import Settings
from db import migrate
from db.embedded import ClusterError
from db.engine import Database
from db.postgres_programs import PostGISMissing
from db.pyramid.build import build_missing
from ingest.vocabulary import load_vocabularies

application = typer.Typer(
    name="edaphos",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@application.callback()
def root() -> None:
    """Soil-pollution maps from samples, sources and guideline values, with their uncertainty."""


Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Contaminant = Annotated[str, typer.Argument(help="Name, symbol or CAS number: zinc, Zn, 7440-66-6.")]

errors = Console(stderr=True, soft_wrap=True, highlight=False)
output = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def guarded(command: Callable[[], Any]) -> None:
    """Run; what a user can mend is one sentence and exit code 2, and never a stack trace."""
    try:
        command()
    except (ClusterError, PostGISMissing) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error))
    except ValidationError as error:
        for problem in error.errors():
            said = problem["msg"].removeprefix("Value error, ")
            errors.print(f"edaphos: EDAPHOS_{str(problem['loc'][0]).upper()}: {said}", markup=False)
        sys.exit(2)
    except OperationalError as error:
        fail(f"the database cannot be reached: {str(error.orig).strip().splitlines()[0]}")
    except ValueError as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def fail(sentence: str) -> None:
    """Say why, and leave with exit code 2."""
    errors.print(f"edaphos: {sentence}", markup=False)
    sys.exit(2)


def log_to_stderr(*, as_json: bool) -> None:
    """Structured logs: readable on a terminal, JSON lines elsewhere."""
    renderer = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )


def print_json(result: Mapping[str, Any]) -> None:
    """The result as one JSON document on standard output."""
    sys.stdout.write(
        orjson.dumps(result, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY, default=str).decode()
    )
    sys.stdout.write("\n")


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, with the time left; called with how much is done of how much."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task(label, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def ready_database(settings: Settings) -> Iterator[Database]:
    """The database at the schema and with the vocabularies of this version."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with settings.database() as database:
        engine = database.engine()
        try:
            migrate.upgrade(engine)
            with engine.begin() as connection:
                load_vocabularies(connection)
        finally:
            engine.dispose()
        yield database


@contextmanager
def transaction(settings: Settings) -> Iterator[Connection]:
    """One transaction on a ready database: all of it or nothing; then what low zooms are drawn from is up to date."""
    with ready_database(settings) as database:
        engine = database.engine()
        try:
            with engine.begin() as connection:
                yield connection
            build_missing(engine)
        finally:
            engine.dispose()


def existing_file(path: Path) -> Path:
    """The path, if a file or a folder of files is there; `ValueError` otherwise."""
    if not path.exists():
        raise ValueError(f"{path}: no such file")
    return path
