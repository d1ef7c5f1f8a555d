"""`edaphos fingerprints DATASET`: which elements go together, and from which sectors."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.choices import Basis, Depth, Digestion, Medium, contaminant_of, selection_of
from app.cli.terminal import Json, output, print_json, progress_bar, transaction
from app.settings import Settings
from app.work.fingerprints import FingerprintRequest, FoundFingerprints, fingerprints, strong
from mapping.composition import MOST_CENSORED, LogRatioComponents

Name = Annotated[str, typer.Argument(help="Name of the dataset.", show_default=False)]
Elements = Annotated[list[str] | None, typer.Option("--element", help="One of the parts; default all measured.")]
Censored = Annotated[float, typer.Option(help="Elements with a greater share below detection are left out.")]
Picture = Annotated[Path | None, typer.Option("--biplot", help="Write a biplot of the first two components (PNG).")]


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command(name="fingerprints")(fingerprints_command)


def fingerprints_command(  # noqa: PLR0913 - one parameter per option
    dataset: Name,
    *,
    element: Elements = None,
    components: Annotated[int, typer.Option(help="How many components.", min=1, max=20)] = 4,
    classical: Annotated[bool, typer.Option("--classical", help="Not robust: outliers count as they are.")] = False,
    most_censored: Censored = MOST_CENSORED,
    medium: Medium = None,
    digestion: Digestion = None,
    basis: Basis = None,
    depth: Depth = None,
    biplot: Picture = None,
    as_json: Json = False,
) -> None:
    """Find which elements rise and fall together, and from which sectors of the inventory such patterns decay."""
    chosen = replace(selection_of("zinc", dataset, medium, digestion, basis, depth), contaminant=None)
    recipe = LogRatioComponents(components, not classical, most_censored)
    names = tuple(contaminant_of(each) for each in element or ())
    with transaction(Settings()) as connection, progress_bar("looking for patterns"):
        found = fingerprints(connection, FingerprintRequest(chosen, names, recipe))
    if biplot is not None:
        draw(biplot, found)
    print_json(found.to_dict()) if as_json else show(found)


def draw(path: Path, found: FoundFingerprints) -> None:
    """Write the biplot."""
    from mapping.biplot import write_biplot  # noqa: PLC0415  drawing takes a second to import

    kind = "robust" if found.found.robust else "classical"
    title = f"{', '.join(found.datasets)}: {kind} components of log-ratios, {len(found.found.rows)} samples"
    write_biplot(path, found.found, title, tuple(found.symbols[name] for name in found.found.parts))


def show(found: FoundFingerprints) -> None:
    """Print the components by their strongest elements, and where they may come from."""
    parts = found.found
    output.print(
        f"[bold]{escape(', '.join(found.datasets))}[/]: {len(parts.parts)} elements, {len(parts.rows)} samples"
    )
    table = Table("", "of variance", "rise together", "against", box=None, padding=(0, 2, 0, 2))
    for index, share in enumerate(parts.share):
        sides = (" ".join(found.symbols[name] for name in strong(parts, index, sign)) for sign in (1.0, -1.0))
        table.add_row(str(index + 1), f"{share:.0%}", *sides)
    output.print(table)
    if parts.left_out:
        output.print(f"  left out: {'; '.join(f'{name} ({why})' for name, why in parts.left_out)}")
    filled = [
        f"{found.symbols[name]} {share:.0%}" for name, share in zip(parts.parts, parts.imputed, strict=True) if share
    ]
    if filled:
        output.print(f"  below detection, taken inside their bounds: {', '.join(filled)}")
    if found.why_no_origins:
        output.print(f"  origins: {found.why_no_origins}")
    for origin in found.origins[:8]:
        enriched = " ".join(found.symbols[name] for name in origin.enriched)
        output.print(f"  {enriched} towards {origin.sector}: p = {origin.p:.2g}, q = {origin.q:.2g}")
