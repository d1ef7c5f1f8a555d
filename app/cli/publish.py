"""`edaphos publish CONTAMINANT`: the national submission package of a map, while the points stay home."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from app.cli.choices import SurfaceId, contaminant_of, depth_of, map_of
from app.cli.terminal import Contaminant, Json, output, print_json, progress_bar, transaction
from app.settings import Settings
from app.work.national import NationalRequest, national_layers
from app.work.national_package import write_package


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(publish)


def publish(  # noqa: PLR0913 - one parameter per option
    contaminant: Contaminant,
    *,
    country: Annotated[str, typer.Option(help="Two letters, ISO 3166.")],
    project: Annotated[str, typer.Option(help="Letters and digits, part of the file names.")],
    target: Annotated[Path, typer.Option("--output", help="A folder that is not there yet.")],
    cell: Annotated[float, typer.Option(help="Side of a cell in arc seconds.")] = 30.0,
    year: Annotated[int | None, typer.Option(help="Where the samples do not say when they were taken.")] = None,
    depth: Annotated[str | None, typer.Option(help="In cm, where the samples do not say it: 0-20.")] = None,
    surface: SurfaceId = None,
    as_json: Json = False,
) -> None:
    """Write mean and uncertainty in degrees, their records and the methods, and check them."""
    settings, request = Settings(), NationalRequest(country, project, cell, year, depth_of(depth))
    with transaction(settings) as connection, progress_bar("averaging") as progress:
        made = map_of(settings, connection, contaminant_of(contaminant), surface)
        layers = national_layers(connection, made, request, progress)
        package = write_package(target, layers)
    if as_json:
        print_json(package.to_dict())
        return
    output.print(f"{escape(str(package.folder))}: {package.cells} cells, checked")
    for name in package.files:
        output.print(f"  {escape(name)}")
    if package.why:
        output.print(f"  uncertainty of a point in the cell, for {escape(package.why)}")
