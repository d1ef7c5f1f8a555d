"""`edaphos load exchange FILE`: a dataset that `edaphos export` wrote, back into the tables."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from app.cli.terminal import Json, output, print_json, transaction
from app.settings import Settings
from app.work.file_limits import limits_for
from ingest.guards import limited_to

Other = Annotated[str | None, typer.Option("--name", help="Store it under another name.")]


def exchange(
    file: Annotated[Path, typer.Argument(help="What `edaphos export` wrote.", show_default=False)],
    *,
    name: Other = None,
    as_json: Json = False,
) -> None:
    """Load a dataset that was exported: every row as it was, or nothing; the same again changes nothing."""
    from ingest.exchange import read_exchange, restore  # noqa: PLC0415  GDAL and pandas, which other loads do without

    settings = Settings()
    with limited_to(limits_for(settings)):
        contents = read_exchange(file)
    with transaction(settings) as connection:
        restored = restore(connection, contents, name)
    if as_json:
        print_json(restored.to_dict())
        return
    counts = ", ".join(f"{count} {of}" for of, count in restored.rows.items())
    state = "is there already, nothing changed" if restored.unchanged else "loaded"
    output.print(f"{escape(restored.title)} ({escape(restored.dataset)}): {state}: {counts}", soft_wrap=True)
