"""`edaphos load samples|sources FILE --profile …`: a file into the tables."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.layers import layer
from app.cli.terminal import Json, existing_file, output, print_json, progress_bar, transaction
from app.settings import Settings
from ingest.load import load_samples, load_sources
from ingest.profile import read_profile
from ingest.report import Report

File = Annotated[Path, typer.Argument(help="The file to load.", show_default=False)]
ProfileName = Annotated[str, typer.Option("--profile", help="Name of a shipped profile, or path of a TOML file.")]
load = typer.Typer(help="Load a file of samples, of pollution sources, or a layer.", no_args_is_help=True)


def register(application: typer.Typer) -> None:
    """Add the command."""
    load.command()(layer)
    application.add_typer(load, name="load")


@load.command()
def samples(file: File, profile: ProfileName, *, as_json: Json = False) -> None:
    """Load point samples: one transaction, all or nothing; loading the same file twice changes nothing."""
    settings = Settings()
    described = read_profile(profile)
    with transaction(settings) as connection, progress_bar(f"loading {file.name}"):
        report = load_samples(connection, existing_file(file), described, rejected_to=_rejected(settings, file))
    show(report, as_json=as_json)


@load.command()
def sources(file: File, profile: ProfileName, *, as_json: Json = False) -> None:
    """Load an inventory of pollution sources."""
    settings = Settings()
    described = read_profile(profile)
    with transaction(settings) as connection, progress_bar(f"loading {file.name}"):
        report = load_sources(connection, existing_file(file), described, rejected_to=_rejected(settings, file))
    show(report, as_json=as_json)


def _rejected(settings: Settings, file: Path) -> Path:
    settings.reports.mkdir(parents=True, exist_ok=True)
    return settings.reports / f"{file.stem}-rejected.csv"


def show(report: Report, *, as_json: bool) -> None:
    """Print what came in, what was doubted and why."""
    if as_json:
        print_json(report.to_dict())
        return
    state = "is loaded already, nothing changed" if report.unchanged else "loaded"
    output.print(f"[bold]{escape(report.title)}[/] ({escape(report.file)}): {state}")
    output.print(
        f"  {report.rows_in} rows: {report.loaded} loaded, {report.rejected} rejected, {report.duplicates} duplicates"
    )
    if report.measurements:
        counts = ", ".join(f"{name} {count}" for name, count in report.measurements.items())
        output.print(f"  measurements: {escape(counts)}")
    if report.problems:
        output.print(_problems(report))


def _problems(report: Report) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 2), show_header=False)
    for problem in report.problems[:20]:
        table.add_row(problem.severity, problem.rule, escape(problem.message))
    hidden = len(report.problems) - 20
    if hidden > 0:
        table.add_row("", "", f"… and {hidden} more; see the file of rejected rows or --json")
    return table
