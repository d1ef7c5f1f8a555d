"""`edaphos unload NAME`: a dataset, or a layer, out of the tables."""

from dataclasses import asdict
from typing import Annotated

import typer

from app.cli.terminal import Json, output, print_json, transaction
from app.settings import Settings
from ingest.layers.store import sweep, unload_layer
from ingest.load import unload as take_out

Name = Annotated[
    str, typer.Argument(help="Name of the dataset, as its profile gives it, or of the layer.", show_default=False)
]


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(unload)


def unload(
    name: Name,
    *,
    layer: Annotated[bool, typer.Option("--layer", help="It is a layer, not a dataset.")] = False,
    as_json: Json = False,
) -> None:
    """Take a dataset or a layer out with all that it holds; maps made of it stay until they are made again."""
    if layer:
        _unload_layer(name, as_json=as_json)
        return
    with transaction(Settings()) as connection:
        removed = take_out(connection, name)
    if as_json:
        print_json(asdict(removed))
        return
    held = "specimens" if removed.kind == "samples" else "sources"
    output.print(f"[bold]{removed.title}[/] ({removed.name}): {removed.count} {held} taken out")


def _unload_layer(name: str, *, as_json: bool) -> None:
    settings = Settings()
    with transaction(settings) as connection:
        title = unload_layer(connection, name)
    with transaction(settings) as connection:
        sweep(connection, name, settings.layers)
    print_json({"layer": name, "title": title}) if as_json else output.print(f"[bold]{title}[/] ({name}) taken out")
