"""`edaphos key …`: who may write by HTTP, and who may read what is private."""

import datetime as dt
import re
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.terminal import Json, errors, output, print_json, transaction
from app.keys import Scope, create_key, listed_keys, revoke_key
from app.settings import Settings

key = typer.Typer(help="Make, list and revoke the keys of the service.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Who or what holds the key.", show_default=False)]
Scopes = Annotated[
    list[str] | None,
    typer.Option(
        "--scope", help="load, load:<dataset>, unload, unload:<dataset>, publish or read-private; may be repeated."
    ),
]
Expires = Annotated[str | None, typer.Option(help="A day such as 2030-12-31, or a time from now such as 90d.")]


def register(application: typer.Typer) -> None:
    """Add the commands."""
    application.add_typer(key, name="key")


@key.command()
def create(name: Name, *, scope: Scopes = None, expires: Expires = None, as_json: Json = False) -> None:
    """Make a key and show it, this once."""
    scopes = [Scope.parse(written) for written in scope or ()]
    end = None if expires is None else _end(expires)
    with transaction(Settings()) as connection:
        made = create_key(connection, name, scopes, end)
    if as_json:
        print_json({"name": name, "key": made.written(), "scopes": list(map(str, scopes)), "expires": end})
        return
    errors.print("keep this key: it is not stored and cannot be shown again", markup=False)
    output.print(made.written(), markup=False, soft_wrap=True)


@key.command(name="list")
def list_command(*, as_json: Json = False) -> None:
    """All keys, never their secrets."""
    with transaction(Settings()) as connection:
        rows = listed_keys(connection)
    if as_json:
        print_json({"keys": [{str(name): value for name, value in row._asdict().items()} for row in rows]})
        return
    table = Table("name", "handle", "scopes", "made", "last used", "state", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        cells = (row.name, row.handle, " ".join(row.scopes), _day(row.created_at), _day(row.last_used_at))
        table.add_row(*map(escape, cells), _state(row.revoked_at, row.expires_at))
    output.print(table)


@key.command()
def revoke(name: Name, *, as_json: Json = False) -> None:
    """End a key, by its name or handle, at once and for good."""
    with transaction(Settings()) as connection:
        revoke_key(connection, name)
    print_json({"name": name, "revoked": True}) if as_json else output.print(f"{name} is revoked", markup=False)


def _end(written: str) -> dt.datetime:
    days = re.fullmatch(r"(\d{1,5})d", written, re.ASCII)
    if days:
        return dt.datetime.now(dt.UTC) + dt.timedelta(days=int(days[1]))
    try:
        day = dt.date.fromisoformat(written)
    except ValueError:
        raise ValueError(
            f"--expires needs a day such as 2030-12-31 or a number of days as in 90d, got {written!r}"
        ) from None
    return dt.datetime.combine(day, dt.time(23, 59, 59), dt.UTC)


def _day(moment: dt.datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _state(revoked: dt.datetime | None, expires: dt.datetime | None) -> str:
    if revoked is not None:
        return f"revoked {_day(revoked)}"
    if expires is None:
        return "in use"
    return f"expired {_day(expires)}" if expires <= dt.datetime.now(dt.UTC) else f"in use until {_day(expires)}"
