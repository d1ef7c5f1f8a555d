"""`edaphos map CONTAMINANT`: interpolate and publish a surface."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from app.cli.choices import Basis, Dataset, Depth, Digestion, Medium, selection_of
from app.cli.terminal import Contaminant, Json, output, print_json, progress_bar, ready_database, transaction
from app.jobs import defer_map
from app.settings import Settings
from app.work.maps import MapRequest, PublishedMap, make_map
from mapping.methods import METHODS


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command(name="map")(map_command)


def map_command(  # noqa: PLR0913 - one parameter per option
    contaminant: Contaminant,
    *,
    resolution: Annotated[float, typer.Option(help="Side of a cell in metres.")],
    area: Annotated[Path | None, typer.Option(help="Polygons to map; default what the samples cover.")] = None,
    method: Annotated[str, typer.Option(help=f"One of {', '.join(METHODS)}.")] = "ordinary-kriging",
    transform: Annotated[str, typer.Option(help="Scale of the model: log or identity.")] = "log",
    neighbours: Annotated[int | None, typer.Option(help="Use only this many nearest samples.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Seed of what is drawn at random.", min=0)] = 0,
    dataset: Dataset = None,
    medium: Medium = None,
    digestion: Digestion = None,
    basis: Basis = None,
    depth: Depth = None,
    later: Annotated[bool, typer.Option("--later", help="Put it into the queue for `edaphos worker`.")] = False,
    as_json: Json = False,
) -> None:
    """Make a map: variogram, kriging, scores, a cloud-optimised GeoTIFF with its provenance."""
    settings = Settings()
    selection = selection_of(contaminant, dataset, medium, digestion, basis, depth)
    request = MapRequest(selection, resolution, area and area.resolve(), method, transform, neighbours, seed)
    if later:
        with ready_database(settings) as database:
            job = defer_map(database, request)
        print_json({"job": job}) if as_json else output.print(f"job {job} waits for `edaphos worker`")
        return
    with transaction(settings) as connection, progress_bar(f"mapping {selection.contaminant}") as progress:
        made = make_map(settings, connection, request, progress)
    print_json(made.to_dict()) if as_json else show(made)


def show(made: PublishedMap) -> None:
    """Print what was made, the fitted model and how good it is."""
    state = "made" if made.created else "is there already, nothing changed"
    output.print(f"[bold]{made.title}[/]: {state}\n  {made.path}")
    model, scores = made.parameters["model"], made.scores
    output.print(f"  samples    {model['samples']} ({model['censored']} known by bounds only)")
    output.print(f"  variogram  {model['variogram']}\n             {model['why']}")
    for note in model["notes"]:
        output.print(f"  note       {note}")
    table = Table("leave-one-out, on the model's scale", "", "target", box=None, padding=(0, 2, 0, 2))
    targets = {"me": "0", "msdr": "1", "median_sdr": "0.455", "coverage_90": "0.90", "coverage_95": "0.95"}
    for name, value in scores.items():
        table.add_row(name, f"{value:.4g}", targets.get(name, ""))
    output.print(table)
