"""`edaphos report CONTAMINANT --areas …`: a row for each municipality or soil district, with what exceeds a limit."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Connection

from app.cli.choices import (
    Assume,
    Basis,
    Dataset,
    Depth,
    Digestion,
    Guideline,
    LimitValue,
    Medium,
    SurfaceId,
    map_of,
    selection_of,
)
from app.cli.terminal import Contaminant, Json, output, print_json, transaction
from app.settings import Settings
from app.work.material import Material, gather, selection_from
from app.work.published import PublishedMap
from app.work.unit_report import ReportRequest, UnitReport, report_units
from app.work.unit_tables import WRITERS, write_report
from app.work.units import units_of
from db.selection import Selection
from db.tables import VISIBILITIES

Areas = Annotated[str, typer.Option("--areas", help="A file of polygons, or layer:NAME.")]
Code = Annotated[str | None, typer.Option("--code", help="The column of the file that tells the units apart.")]
Outputs = Annotated[list[Path] | None, typer.Option("--output", help=f"*{', *'.join(WRITERS)}; may be repeated.")]


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(report)


def report(  # noqa: PLR0913 - one parameter per option
    contaminant: Contaminant,
    *,
    areas: Areas,
    code: Code = None,
    guideline: Guideline = None,
    limit: LimitValue = None,
    assume: Assume = None,
    target: Outputs = None,
    surface: SurfaceId = None,
    dataset: Dataset = None,
    medium: Medium = None,
    digestion: Digestion = None,
    basis: Basis = None,
    depth: Depth = None,
    as_json: Json = False,
) -> None:
    """Tell of each unit how much exceeds a limit: from the samples where chance chose them, else from the map."""
    settings = Settings()
    request = ReportRequest(limit, guideline, tuple(assume or ()))
    selection = selection_of(contaminant, dataset, medium, digestion, basis, depth)
    with transaction(settings) as connection:
        material, made = _material(settings, connection, selection, surface)
        found = report_units(connection, material, made, units_of(connection, areas, VISIBILITIES, code=code), request)
    for place in target or ():
        write_report(found, place)
    if as_json:
        print_json(found.to_dict())
        return
    show(found)
    for place in target or ():
        output.print(f"  {escape(str(place))}", soft_wrap=True)


def _material(
    settings: Settings, connection: Connection, selection: Selection, surface: str | None
) -> tuple[Material, PublishedMap | None]:
    """The samples that are selected and the newest map, if it was made from them; or those of the map that is named."""
    contaminant = str(selection.contaminant)
    if surface is not None:
        made = map_of(settings, connection, contaminant, surface)
        return gather(connection, selection_from(made.parameters)), made
    material = gather(connection, selection)
    try:
        made = map_of(settings, connection, contaminant, None)
    except ValueError:
        return material, None
    same = made.parameters.get("samples_sha256") == material.samples.digest()
    return material, made if same else None


def show(found: UnitReport) -> None:
    """Print the first rows."""
    output.print(f"[bold]{escape(found.title)}[/], {escape(found.units.meaning)}")
    table = Table("unit", "samples", "above", "share", "90 % interval", "how", box=None, padding=(0, 2, 0, 2))
    for row in found.rows[:30]:
        share = "" if row.share is None else f"{row.share:.0%}"
        interval = (
            "" if row.share_low is None or row.share_high is None else f"{row.share_low:.0%}–{row.share_high:.0%}"
        )
        how = row.method if row.reason is None else f"{row.method}: {row.reason}"
        table.add_row(escape(row.name), str(row.samples), str(row.exceeding), share, interval, escape(how))
    output.print(table)
    if len(found.rows) > 30:
        output.print(f"  … and {len(found.rows) - 30} more: --output units.csv has all")
    for note in found.notes:
        output.print(f"  {escape(note)}", soft_wrap=True)
