"""`edaphos profile FILE`: a profile drafted from a file."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.terminal import Json, errors, existing_file, output, print_json
from app.settings import Settings
from app.work.file_limits import limits_for
from ingest.contaminants import shipped_contaminants
from ingest.draft import draft_profile
from ingest.guards import limited_to
from ingest.profile import FileOptions

File = Annotated[Path, typer.Argument(help="The file to inspect.", show_default=False)]
Sheet = Annotated[str | None, typer.Option(help="Sheet of a workbook, or layer of a geographic file.")]
HeadingRow = Annotated[int, typer.Option("--heading-row", min=1, help="The row of the headings.")]
Target = Annotated[Path | None, typer.Option("--output", help="Where to write the profile; else it is printed.")]


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(profile)


def profile(
    file: File, *, sheet: Sheet = None, heading_row: HeadingRow = 1, target: Target = None, as_json: Json = False
) -> None:
    """Draft the profile of an unknown file: guesses with their reasons, and what the file does not tell."""
    options = FileOptions(sheet=sheet, heading_row=heading_row)
    with limited_to(limits_for(Settings())):
        draft = draft_profile(existing_file(file), shipped_contaminants(), options)
    if target is not None:
        target.write_text(draft.toml, encoding="utf-8")
    if as_json:
        print_json({"profile": draft.toml, "reasons": draft.reasons, "open": draft.open_questions})
    elif target is None:
        output.print(draft.toml, markup=False, soft_wrap=True)
    for question in draft.open_questions if target is not None else ():
        errors.print(f"not told by the file: {question}", markup=False)
