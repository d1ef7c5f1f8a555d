"""`edaphos unload DATASET`: a dataset out of the tables."""

from dataclasses import asdict
from typing import Annotated

import typer

from app.cli.terminal import Json, output, print_json, transaction
from app.settings import Settings
from ingest.load import unload as take_out

Name = Annotated[str, typer.Argument(help="Name of the dataset, as its profile gives it.", show_default=False)]


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(unload)


def unload(dataset: Name, *, as_json: Json = False) -> None:
    """Take a dataset out with all that it holds; maps that were made of it stay until they are made again."""
    with transaction(Settings()) as connection:
        removed = take_out(connection, dataset)
    if as_json:
        print_json(asdict(removed))
        return
    held = "specimens" if removed.kind == "samples" else "sources"
    output.print(f"[bold]{removed.title}[/] ({removed.name}): {removed.count} {held} taken out")
