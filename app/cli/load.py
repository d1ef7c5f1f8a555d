"""`edaphos load samples|sources FILE --profile …`: a file into the tables."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.exchange import exchange
from app.cli.layers import layer
from app.cli.terminal import Json, existing_file, output, print_json, progress_bar, transaction
from app.settings import Settings
from app.work.file_limits import limits_for
from app.work.frugal import give_memory_back
from app.work.load_reports import checked_target, default_target, write_report
from ingest.errors import IngestError
from ingest.guards import limited_to
from ingest.load import load_samples, load_sources
from ingest.profile import read_profile
from ingest.report import Report, refusal

File = Annotated[Path, typer.Argument(help="The file to load.", show_default=False)]
ProfileName = Annotated[str, typer.Option("--profile", help="Name of a shipped profile, or path of a TOML file.")]
ReportTo = Annotated[
    Path | None, typer.Option("--report", help="Where the report goes, *.html or *.json; else into the data folder.")
]
load = typer.Typer(help="Load a file of samples, of pollution sources, or a layer.", no_args_is_help=True)


def register(application: typer.Typer) -> None:
    """Add the command."""
    load.command()(layer)
    load.command()(exchange)
    application.add_typer(load, name="load")


@load.command()
def samples(file: File, profile: ProfileName, *, report: ReportTo = None, as_json: Json = False) -> None:
    """Load point samples: all or nothing, seen at once; a load that was broken off goes on where it ended.

    The same file twice changes nothing, a corrected one what changed; rejected rows can be corrected and loaded alone.
    """
    _load(load_samples, file, profile, report, as_json=as_json)


@load.command()
def sources(file: File, profile: ProfileName, *, report: ReportTo = None, as_json: Json = False) -> None:
    """Load an inventory of pollution sources."""
    _load(load_sources, file, profile, report, as_json=as_json)


def _load(load: Callable[..., Report], file: Path, profile: str, target: Path | None, *, as_json: bool) -> None:
    settings = Settings()
    give_memory_back()
    described, target = read_profile(profile), checked_target(target)
    rejected = _rejected(settings, file)
    try:
        with (
            limited_to(limits_for(settings)),
            transaction(settings) as connection,
            progress_bar(f"loading {file.name}") as progress,
        ):
            report = load(connection, existing_file(file), described, rejected_to=rejected, progress=progress)
    except IngestError as error:
        refused = refusal(file, described, error)
        raise IngestError(f"{error}\nreport: {_keep(settings, refused, target)}") from None
    if rejected.is_file():
        report = replace(report, rejected_file=str(rejected))
    show(report, as_json=as_json)
    kept = _keep(settings, report, target)
    if not as_json:
        output.print(f"  report: {escape(str(kept))}")


def _keep(settings: Settings, report: Report, target: Path | None) -> Path:
    place = target or default_target(settings, report)
    write_report(report, place)
    return place


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
