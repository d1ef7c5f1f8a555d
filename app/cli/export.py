"""`edaphos export DATASET`: a dataset as others can read it, and as `edaphos load exchange` reads it back."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from app.cli.terminal import Json, output, print_json, transaction
from app.settings import Settings
from ingest.exchange import FORMATS, read_contents, write_exchange

Name = Annotated[str, typer.Argument(help="Name of the dataset.", show_default=False)]
Format = Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")]
Output = Annotated[
    Path | None, typer.Option("--output", help="File or folder; an archive whose name ends in .zip is one file.")
]


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(export)


def export(dataset: Name, *, form: Format = "geoparquet", target: Output = None, as_json: Json = False) -> None:
    """Write a dataset whole: bounds, limits, procedures, flags, and where each value stood in its file."""
    settings = Settings()
    with transaction(settings) as connection:
        contents = read_contents(connection, dataset)
    kind = FORMATS.get(form)
    place = target or Path(f"{dataset}{kind.ending if kind else ''}")
    write_exchange(contents, form, place)
    if as_json:
        rows = {name: table.num_rows for name, table in contents.tables.items()}
        print_json({"dataset": dataset, "format": form, "path": str(place), "rows": rows, "digest": contents.digest})
        return
    counts = ", ".join(f"{table.num_rows} {name}" for name, table in contents.tables.items())
    output.print(f"{escape(str(place))}: {counts}", soft_wrap=True)
    if contents.dataset["visibility"] != "public":
        output.print("  this dataset is private: whoever has the file sees it")
