"""`edaphos db …`: the state of the database."""

import typer
from alembic.util.exc import CommandError

from app.cli.terminal import Json, output, print_json, ready_database
from app.settings import Settings
from db import migrate

db = typer.Typer(help="Bring the database up to date, check it, or print how to reach it.", no_args_is_help=True)


def register(application: typer.Typer) -> None:
    """Add the commands."""
    application.add_typer(db, name="db")


@db.command()
def upgrade(*, as_json: Json = False) -> None:
    """Bring the schema and the vocabularies to this version."""
    with ready_database(Settings()) as database:
        _say({"address": database.libpq, "upgraded": True}, "the database is up to date", as_json=as_json)


@db.command()
def check(*, as_json: Json = False) -> None:
    """Compare the tables with what this version expects; exit code 2 when they differ."""
    with Settings().database() as database:
        engine = database.engine()
        try:
            migrate.check(engine)
        except CommandError as error:
            raise ValueError(f"the schema differs from this version's: {error} Run edaphos db upgrade.") from None
        finally:
            engine.dispose()
        _say({"matches": True}, "the schema is this version's", as_json=as_json)


@db.command()
def address(*, as_json: Json = False) -> None:
    """Print the address of the database, for psql."""
    with Settings().database() as database:
        _say({"address": database.libpq}, database.libpq, as_json=as_json)


def _say(result: dict[str, object], sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        output.print(sentence)
