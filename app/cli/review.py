"""`edaphos review DATASET`: everything worth knowing of a data set on one page."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from app.cli.choices import Assume, Basis, Depth, Digestion, Medium, contaminant_of, depth_of
from app.cli.terminal import existing_file, output, progress_bar, ready_database
from app.settings import Settings
from app.work.review import ReviewRequest, review
from app.work.review.page import render
from db.selection import Selection
from db.tables import VISIBILITIES

Output = Annotated[Path, typer.Option("--output", help="The HTML file to write.")]
Mapped = Annotated[list[str] | None, typer.Option("--map", help="A contaminant to map; may be repeated.")]
Where = Annotated[list[str] | None, typer.Option("--jurisdiction", help="Only its guideline values; may be repeated.")]


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("review")(write_review)


def write_review(  # noqa: PLR0913 - one parameter per option
    dataset: Annotated[str, typer.Argument(help="Name of the data set.", show_default=False)],
    *,
    target: Output = Path("review.html"),
    medium: Medium = None,
    digestion: Digestion = None,
    basis: Basis = None,
    depth: Depth = None,
    assume: Assume = None,
    jurisdiction: Where = None,
    mapped: Mapped = None,
    most_maps: Annotated[int, typer.Option(help="At most so many maps.", min=0)] = 4,
    resolution: Annotated[
        float | None, typer.Option(help="Side of a cell in metres; without it no map is made.")
    ] = None,
    area: Annotated[Path | None, typer.Option(help="A file of polygons to map.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of permutations and bootstrap.", min=0)] = 0,
) -> None:
    """Review a data set: contents, hot spots and where they coincide, guideline values, maps; on one page."""
    settings = Settings()
    selection = Selection(
        dataset=dataset,
        medium=medium,
        digestion=digestion,
        basis=basis,
        depth=depth_of(depth),
        visibilities=VISIBILITIES,
    )
    request = ReviewRequest(
        selection,
        tuple(assume or ()),
        tuple(jurisdiction or ()),
        tuple(contaminant_of(name) for name in mapped or ()),
        most_maps,
        resolution,
        None if area is None else existing_file(area),
        seed,
    )
    with ready_database(settings) as database:
        engine = database.engine()
        try:
            found = review(settings, engine, request, progress_bar)
        finally:
            engine.dispose()
    target.write_text(render(found), encoding="utf-8")
    for said in found.findings:
        output.print(f"- {escape(said)}")
    output.print(f"review: {escape(str(target))}")
