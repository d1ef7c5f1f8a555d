"""`edaphos doctor`: what is wrong with this installation, and what to do about it."""

import sys

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.terminal import Json, output, print_json
from app.settings import Settings
from app.work.child import engine_of
from app.work.doctor import BAD, DOUBT, GOOD, as_dict, examined, worst

MARKS = {GOOD: "[green]✓[/]", DOUBT: "[yellow]?[/]", BAD: "[red]✗[/]"}


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(doctor)


def doctor(*, as_json: Json = False) -> None:
    """Examine database, schema, disk, GDAL, worker and maps; exit code 1 where something is bad."""
    settings = Settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    with settings.database() as database, engine_of(database) as engine:
        findings = examined(settings, engine)
    if as_json:
        print_json(as_dict(findings))
    else:
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        for found in findings:
            remedy = "" if found.remedy is None else f"\n[bold]→ {escape(found.remedy)}[/]"
            table.add_row(MARKS[found.state], found.subject, escape(found.said) + remedy)
        output.print(table)
    if worst(findings) == BAD:
        sys.exit(1)
