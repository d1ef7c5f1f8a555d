"""`edaphos indices DATASET [CONTAMINANTS…] --index NAME`: contamination indices and risk, sample by sample."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.choices import (
    AREA,
    Assume,
    Basis,
    Depth,
    Digestion,
    Guideline,
    Medium,
    area_asked,
    contaminant_of,
    selection_of,
)
from app.cli.coexistence import Limits, Picture, draw
from app.cli.summary import plain, write_csv
from app.cli.terminal import Json, output, print_json, progress_bar, transaction
from app.settings import Settings
from app.work.coexistence import parse_limits
from app.work.index_choice import Choice, chosen
from app.work.index_maps import IndexMapRequest, index_map
from app.work.indices import NAMES, IndexRequest, IndexTable, index_table
from app.work.references import shipped_names
from mapping.background import STATISTICS
from mapping.exposure import RECEPTORS

Name = Annotated[str, typer.Argument(help="Name of the dataset.", show_default=False)]
Contaminants = Annotated[list[str] | None, typer.Argument(help="Default all of which the index can be computed.")]
BACKGROUND = f"{', '.join(shipped_names())}; data (the samples themselves), data:DATASET, or a CSV file."


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(indices)


def indices(  # noqa: PLR0913 - one parameter per option
    dataset: Name,
    contaminants: Contaminants = None,
    *,
    index: Annotated[str, typer.Option(help=f"One of {', '.join(NAMES)}.")],
    background: Annotated[str | None, typer.Option(help=BACKGROUND)] = None,
    statistic: Annotated[str, typer.Option(help=f"Of a background from data: {', '.join(STATISTICS)}.")] = "median",
    normaliser: Annotated[str | None, typer.Option(help="Reference element of enrichment factors.")] = None,
    limit: Limits = None,
    guideline: Guideline = None,
    assume: Assume = None,
    receptor: Annotated[str, typer.Option(help=f"Who is exposed: {', '.join(RECEPTORS)}.")] = "child",
    exposure: Annotated[list[str] | None, typer.Option(help="Replace a parameter: body_weight_kg=20.")] = None,
    toxicity: Annotated[list[str] | None, typer.Option(help="Replace a value: arsenic:slope=32.")] = None,
    medium: Medium = None,
    digestion: Digestion = None,
    basis: Basis = None,
    depth: Depth = None,
    resolution: Annotated[float | None, typer.Option(help="Also map it, in cells of so many metres.")] = None,
    area: Annotated[str | None, typer.Option(help=AREA)] = None,
    realisations: Annotated[int, typer.Option(help="Joint simulations of a map.")] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the simulations.", min=0)] = 0,
    picture: Picture = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write a line for each sample.")] = None,
    as_json: Json = False,
) -> None:
    """Compare samples with a background, with criteria or with doses; non-detects give bounds of an index."""
    names = tuple(contaminant_of(each) for each in contaminants or ())
    request = IndexRequest(
        selection=replace(selection_of("zinc", dataset, medium, digestion, basis, depth), contaminant=None),
        contaminants=names,
        index=index,
        background=background,
        statistic=statistic,
        normaliser=contaminant_of(normaliser) if normaliser else None,
        limits=tuple((contaminant_of(name), number) for name, number in parse_limits(limit or [])),
        guideline=guideline,
        assume=tuple(assume or ()),
        receptor=receptor,
        exposure=tuple(_number(text) for text in exposure or ()),
        toxicity=tuple(_toxicity(text) for text in toxicity or ()),
    )
    settings, made = Settings(), None
    file, within = area_asked(area)
    with transaction(settings) as connection, progress_bar("simulating together"):
        choice = Choice(request, {}) if names else chosen(connection, request)
        request = choice.request
        found = index_table(connection, request)
        if resolution is not None:
            mapped = IndexMapRequest(request, resolution, file, within, realisations=realisations, seed=seed)
            made = index_map(settings, connection, mapped)
    if picture is not None:
        if made is None:
            raise ValueError("--picture draws the map of the index, which needs a --resolution")
        draw(picture, made)
    if csv_file is not None:
        write_csv(csv_file, found.table())
    if as_json:
        result = found.to_dict() | {"left_out": dict(choice.left_out)}
        print_json(result | ({} if made is None else {"surface": made.id}))
        return
    show(found)
    for told in _left_out(choice):
        output.print(f"  {escape(told)}")
    if made is not None:
        output.print(f"[bold]{made.title}[/]\n  {made.path}")


def _left_out(choice: Choice) -> list[str]:
    """Sentences on what was left out, contaminants with the same reason together."""
    reasons: dict[str, list[str]] = {}
    for name, reason in choice.left_out.items():
        reasons.setdefault(reason.replace(name, "it"), []).append(name)
    return [
        f"left out: {', '.join(names)}: {reason if len(names) > 1 else choice.left_out[names[0]]}"
        for reason, names in reasons.items()
    ]


def _number(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError:
        raise ValueError(f"a parameter and a number are needed, such as body_weight_kg=20, got {text!r}") from None


def _toxicity(text: str) -> tuple[str, str, float]:
    name, colon, rest = text.partition(":")
    if not colon:
        raise ValueError(f"--toxicity needs contaminant:parameter=number, such as arsenic:slope=32, got {text!r}")
    return (contaminant_of(name), *_number(rest))


def show(found: IndexTable) -> None:
    """Print how many samples are in which class, and what the index was computed from."""
    told = found.described
    output.print(f"[bold]{told['title']}[/]: {escape(told['formula'])} ({escape(told['source'])})")
    for name, value in told.get("background", {}).items():
        output.print(f"  background of {name}: {plain(value['mg_per_kg'])} mg/kg, {escape(value['source'])}")
    for name, value in told.get("criteria", {}).items():
        output.print(f"  criterion of {name}: {plain(value['mg_per_kg'])} mg/kg, {escape(value['label'])}")
    if "receptor" in told:
        output.print("  " + ", ".join(f"{key} {value:g}" for key, value in told["receptor"].items()))
        for name, value in told["toxicity"].items():
            output.print(f"  {name}: {escape(value['source'])}")
    table = Table("", "class", "samples", box=None, padding=(0, 2, 0, 2))
    for column, counts in found.counts().items():
        for label, count in counts.items():
            table.add_row("together" if column == "all" else column, label, str(count))
    output.print(table)
    output.print(
        f"  classes: {escape(found.classes.source)}" + (f"; {found.classes.note}" if found.classes.note else "")
    )
    for caveat in told.get("caveats", ()):
        output.print(f"  {escape(caveat)}")
