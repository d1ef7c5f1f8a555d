"""`edaphos explain MAP|DATASET`: where a map, a dataset or one row of it comes from, for a reader and for a machine."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Connection

from app.cli.load import show as show_report
from app.cli.maps import show as show_map
from app.cli.terminal import Json, output, print_json, transaction
from app.settings import Settings
from app.work.provenance import DatasetOrigin, RowOrigin, origin_of_dataset, origin_of_row
from app.work.published import PublishedMap, known_map
from db.selection import Selection
from db.tables import VISIBILITIES
from ingest.visible import visible

Subject = Annotated[str, typer.Argument(help="Id of a map, e.g. zinc-1a2b3c4d, or name of a dataset.")]
RowNumber = Annotated[
    int | None, typer.Option("--row", min=1, help="A row of the dataset's file, as a spreadsheet counts them.")
]


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(explain)


def explain(subject: Subject, *, row: RowNumber = None, as_json: Json = False) -> None:
    """Print how a map was made (data, model, parameters, scores, seed), or where the data of a dataset stand."""
    settings = Settings()
    with transaction(settings) as connection:
        told = _told(settings, connection, subject, row)
    if as_json:
        print_json(told.to_dict())
    elif isinstance(told, PublishedMap):
        _show_map(told)
    elif isinstance(told, RowOrigin):
        _show_row(told)
    else:
        _show_dataset(told)


def _told(
    settings: Settings, connection: Connection, subject: str, row: int | None
) -> PublishedMap | DatasetOrigin | RowOrigin:
    selection = Selection(dataset=subject, visibilities=VISIBILITIES)
    if row is not None:
        return origin_of_row(connection, selection, row)
    found = known_map(settings, connection, subject) or origin_of_dataset(connection, selection)
    if found is None:
        raise ValueError(f"there is no map and no dataset {subject!r}")
    return found


def _show_map(made: PublishedMap) -> None:
    told = made.parameters
    show_map(made) if "model" in told else _show_derived(made)
    output.print(f"  identity   {made.version}")
    output.print(
        f"  data       {', '.join(told['datasets'])} (sha256 {told['samples_sha256'][:16]}…)"
        + (f", {told['population']}" if "population" in told else "")
    )
    if "projection_scale_error" in told:
        output.print(f"  metres in  {told['projection']}, distances true to {told['projection_scale_error']:.2g}")
    if "area_is" in told:
        output.print(f"  area       {told['area_is']}")
    output.print(f"  software   {told['software']}" + (f", seed {told['seed']}" if "seed" in told else ""))


def _show_derived(made: PublishedMap) -> None:
    """What a map of derived numbers holds, and from which maps it was made, if from maps."""
    told = made.parameters
    output.print(f"[bold]{escape(made.title)}[/]\n  {made.path}")
    for band in told["bands"]:
        unit = "" if band["unit"] == "1" else f" ({band['unit']})"
        output.print(f"  band       {band['name']}: {escape(band['title'])}{unit}")
    if told.get("surfaces"):
        output.print(f"  from maps  {', '.join(told['surfaces'])}")


def _show_dataset(told: DatasetOrigin) -> None:
    show_report(told.report, as_json=False)
    output.print(f"  version    {told.version}, loaded {told.loaded_at} (sha256 {told.checksum[:16]}…)")
    output.print(f"  files      {escape(', '.join(told.files))}")
    output.print(f"  provider   {escape(told.provider)}, {escape(told.licence)}")


def _show_row(told: RowOrigin) -> None:
    sheet = f", sheet {told.sheet}" if told.sheet else ""
    output.print(f"[bold]{escape(told.dataset)}[/]: {escape(told.file)}{escape(sheet)}, row {told.row}")
    table = Table(box=None, padding=(0, 2, 0, 2))
    for heading in ("column", "as written", "unit", "of", "is", "", "", ""):
        table.add_column(heading)
    for value in told.values:
        flag = "" if value.quality_flag == "ok" else value.quality_flag
        cells = (value.column or "–", value.original_text, value.original_unit, value.belongs_to)
        shown = (*map(visible, cells), value.means, visible(value.how), value.written, flag)
        table.add_row(*map(escape, shown))
    output.print(table)
