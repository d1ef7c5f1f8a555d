"""`edaphos history DATASET`: its versions, and what each changed."""

from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Connection, Select

from app.cli.terminal import Json, output, print_json, transaction
from app.settings import Settings
from db.questions.history import changes, loads_of

Name = Annotated[str, typer.Argument(help="Name of the dataset, as its profile gives it.", show_default=False)]
Version = Annotated[int | None, typer.Option("--version", help="List what this version changed, row by row.")]
MOST_ROWS = 50


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(history)


def history(dataset: Name, *, version: Version = None, as_json: Json = False) -> None:
    """From which files a dataset came, and what each of them added, changed and took out."""
    with transaction(Settings()) as connection:
        versions = _rows(connection, loads_of(dataset))
        changed = [] if version is None else _rows(connection, changes(dataset, version=version))
    if not versions:
        raise ValueError(f"there is no dataset {dataset!r}, or it was loaded before versions were kept")
    if version is not None and version not in {row["version"] for row in versions}:
        raise ValueError(f"the dataset {dataset!r} has no version {version}; its newest is {versions[-1]['version']}")
    if as_json:
        print_json({"dataset": dataset, "versions": versions, "changes": changed})
        return
    output.print(_versions(versions))
    if version is not None:
        output.print(_changes(changed))


def _rows(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in connection.execute(query).mappings()]


def _versions(versions: list[dict[str, Any]]) -> Table:
    table = Table("version", "loaded", "file", "added", "changed", "removed", box=None, padding=(0, 2, 0, 0))
    for row in versions:
        name = f"{escape(row['file_name'])}{' (corrected rows)' if row['partial'] else ''}"
        counts = (str(row[what]) for what in ("added", "changed", "removed"))
        table.add_row(str(row["version"]), f"{row['loaded_at']:%Y-%m-%d %H:%M}", name, *counts)
    return table


def _changes(changed: list[dict[str, Any]]) -> Table:
    table = Table("table", "row", "before", box=None, padding=(0, 2, 0, 0))
    for row in changed[:MOST_ROWS]:
        before = "(not there)" if row["before"] is None else _told(row["before"])
        table.add_row(row["row_of"], str(row["row_id"]), escape(before))
    if len(changed) > MOST_ROWS:
        table.add_row("", "", f"… and {len(changed) - MOST_ROWS} more; see --json")
    return table


def _told(before: dict[str, Any]) -> str:
    """What a person wants to see of a row: what was measured, or else how it was called."""
    names = ("contaminant_id", "original_text", "original_unit", "pollutant", "quantity_kg", "code", "name")
    return ", ".join(f"{name} {before[name]}" for name in names if before.get(name) is not None)
