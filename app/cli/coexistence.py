"""`edaphos coexistence CONTAMINANTS…`: where several contaminants exceed their limits together."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from app.cli.choices import (
    AREA,
    Assume,
    Basis,
    Dataset,
    Depth,
    Digestion,
    Guideline,
    Medium,
    area_asked,
    contaminant_of,
    selection_of,
)
from app.cli.exceedance import in_units
from app.cli.terminal import Json, output, print_json, progress_bar, transaction
from app.settings import Settings
from app.work.coexistence import Coexistence, CoexistenceRequest, coexistence, parse_limits
from app.work.published import PublishedMap

Contaminants = Annotated[list[str], typer.Argument(help="Two or more: names, symbols or CAS numbers.")]
Limits = Annotated[list[str] | None, typer.Option("--limit", help="Of one contaminant in mg/kg: zinc=500; repeat it.")]
Picture = Annotated[Path | None, typer.Option(help="Draw the map into this PNG.")]
MOST_SHOWN = 8


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command(name="coexistence")(coexistence_command)


def coexistence_command(  # noqa: PLR0913 - one parameter per option
    contaminants: Contaminants,
    *,
    resolution: Annotated[float, typer.Option(help="Side of a cell in metres.")],
    limit: Limits = None,
    guideline: Guideline = None,
    assume: Assume = None,
    area: Annotated[str | None, typer.Option(help=AREA)] = None,
    transform: Annotated[str, typer.Option(help="Scale of each: normal-score, log, boxcox, auto.")] = "normal-score",
    realisations: Annotated[int, typer.Option(help="Joint simulations.")] = 500,
    seed: Annotated[int, typer.Option(help="Seed of the simulations.", min=0)] = 0,
    dataset: Dataset = None,
    medium: Medium = None,
    digestion: Digestion = None,
    basis: Basis = None,
    depth: Depth = None,
    picture: Picture = None,
    as_json: Json = False,
) -> None:
    """Map the probability that at least two, three, … of the contaminants exceed their limits at the same place."""
    names = tuple(contaminant_of(each) for each in contaminants)
    file, within = area_asked(area)
    request = CoexistenceRequest(
        selection=replace(selection_of(names[0], dataset, medium, digestion, basis, depth), contaminant=None),
        contaminants=names,
        resolution=resolution,
        limits=tuple((contaminant_of(name), number) for name, number in parse_limits(limit or [])),
        guideline=guideline,
        assume=tuple(assume or ()),
        area=file,
        within=within,
        transform=transform,
        realisations=realisations,
        seed=seed,
    )
    settings = Settings()
    with transaction(settings) as connection, progress_bar("simulating together"):
        found = coexistence(settings, connection, request)
    if picture is not None:
        draw(picture, found.made)
    print_json(found.to_dict()) if as_json else show(found)


def draw(path: Path, made: PublishedMap) -> None:
    """The picture; matplotlib takes a second to come, and most commands need none."""
    from app.work.derived_pictures import draw_derived  # noqa: PLC0415

    draw_derived(path, made)


def show(found: Coexistence) -> None:
    """Print the areas, which contaminants coexist, and whether the probabilities can be trusted."""
    report, made = found.report, found.made
    state = "made" if made.created else "is there already, nothing changed"
    output.print(f"[bold]{made.title}[/]: {state}\n  {made.path}\n  {report['definition']}")
    output.print(f"  samples    {report['samples']}, {report['complete_samples']} with all contaminants")
    for name, limit in report["limits"].items():
        below = report["below_detection"][name]
        told = f", {below} below detection" if below else ""
        output.print(f"  {name:<10} above {limit['mg_per_kg']:.4g} mg/kg{told}")
    output.print(_areas(report))
    output.print(_which(report))
    scores = report["cross_validation"]
    if scores["places"]:
        joint, apart = (", ".join(f"{each:.3f}" for each in scores[key]) for key in ("brier", "brier_if_independent"))
        output.print(f"  Brier score at {scores['places']} samples left out: {joint}; of a product {apart}")


def _areas(report: Mapping[str, Any]) -> Table:
    table = Table("together", "expected area", "90 % interval", "a product would say", box=None, padding=(0, 2, 0, 2))
    for row in report["at_least"]:
        area = row["area_m2"]
        interval = f"{in_units(area['low'])} to {in_units(area['high'])}"
        product = in_units(row["area_if_independent_m2"])
        table.add_row(f"at least {row['contaminants']}", in_units(area["expected"]), interval, product)
    return table


def _which(report: Mapping[str, Any]) -> Table:
    table = Table("exactly these", "expected area", "90 % interval", box=None, padding=(0, 2, 0, 2))
    for row in report["exactly"][:MOST_SHOWN]:
        area = row["area_m2"]
        interval = f"{in_units(area['low'])} to {in_units(area['high'])}"
        table.add_row(", ".join(row["contaminants"]), in_units(area["expected"]), interval)
    return table
