"""`edaphos hotspots CONTAMINANT`: statistical hot spots of samples, regulatory ones of the map."""

from typing import Annotated

import typer
from rich.table import Table

from app.cli.choices import Assume, Guideline, LimitValue, SurfaceId, contaminant_of, map_of
from app.cli.exceedance import in_units
from app.cli.terminal import Contaminant, Json, output, print_json, progress_bar, transaction
from app.limits import resolve_limit
from app.settings import Settings
from app.work.exceedance import guideline_rows
from app.work.hotspot_catalogue import PublishedFinding, publish
from app.work.hotspots import regulatory, statistical
from app.work.material import gather, selection_from
from mapping.regions import DecisionRule

Missing = Annotated[
    float, typer.Option(help="Cost of missing an exceedance, that of leaving a place undecided being 1.")
]
FalseAlarm = Annotated[float, typer.Option(help="Cost of a false alarm, that of leaving a place undecided being 1.")]


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(hotspots)


def hotspots(  # noqa: PLR0913 - one parameter per option
    contaminant: Contaminant,
    *,
    guideline: Guideline = None,
    limit: LimitValue = None,
    assume: Assume = None,
    surface: SurfaceId = None,
    false_discovery_rate: Annotated[float, typer.Option(help="Share of false hot spots to accept.")] = 0.05,
    cost_of_missing: Missing = 5.0,
    cost_of_false_alarm: FalseAlarm = 5.0,
    seed: Annotated[int, typer.Option(help="Seed of the permutations.", min=0)] = 0,
    as_json: Json = False,
) -> None:
    """Find hot spots: clusters of high samples and, with a limit, areas of the map that exceed it."""
    settings = Settings()
    with transaction(settings) as connection, progress_bar("searching"):
        made = map_of(settings, connection, contaminant_of(contaminant), surface)
        material = gather(connection, selection_from(made.parameters))
        found = [publish(connection, material, statistical(material, false_discovery_rate, seed))]
        if guideline is not None or limit is not None:
            rows = guideline_rows(connection, material.rows.contaminant)
            resolved = resolve_limit(rows, material.context, limit=limit, guideline=guideline, assume=assume or [])
            decide = DecisionRule.from_costs(cost_of_missing, cost_of_false_alarm)
            found.append(publish(connection, material, regulatory(material, made, resolved, decide)))
    if as_json:
        print_json({"surface": made.id, "findings": [one.to_dict() for one in found]})
        return
    for one in found:
        show(one)


def show(published: PublishedFinding) -> None:
    """Print what was searched for and what was found."""
    finding = published.finding
    output.print(f"[bold]{finding.kind} hot spots[/]: {finding.why_not or finding.definition}")
    if finding.why_not:
        return
    table = Table("", "area", "samples", "highest", "mean P", "mean z", "smallest q", box=None, padding=(0, 2, 0, 2))
    for spot in finding.spots[:15]:
        numbers = (spot.highest, spot.mean_probability, spot.mean_z, spot.smallest_q)
        table.add_row(
            spot.class_,
            in_units(spot.area_m2),
            str(spot.sample_count),
            *("" if number is None else f"{number:.3g}" for number in numbers),
        )
    output.print(table)
    if len(finding.spots) > 15:
        output.print(f"  … and {len(finding.spots) - 15} smaller ones")
