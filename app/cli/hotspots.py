"""`edaphos hotspots CONTAMINANT`: hot spots of samples and of the map, and what stands out from its background."""

from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import Connection

from app.cli.choices import (
    Assume,
    Basis,
    Dataset,
    Depth,
    Digestion,
    Guideline,
    LimitValue,
    Medium,
    SurfaceId,
    contaminant_of,
    map_of,
    selection_of,
)
from app.cli.exceedance import in_units
from app.cli.terminal import Contaminant, Json, output, print_json, progress_bar, transaction
from app.settings import Settings
from app.work.hotspot_catalogue import PublishedFinding
from app.work.hotspot_search import KINDS, STATISTICS, HotspotRequest, find_hotspots
from app.work.hotspots import ON_SCORES, SCALES, Spot
from app.work.material import selection_from
from app.work.neighbourhoods import KINDS as NEIGHBOURS
from app.work.neighbourhoods import Neighbourhood
from app.work.published import PublishedMap
from app.work.supports import Support
from mapping.regions import DecisionRule

Missing = Annotated[
    float, typer.Option(help="Cost of missing an exceedance, that of leaving a place undecided being 1.")
]
FalseAlarm = Annotated[float, typer.Option(help="Cost of a false alarm, that of leaving a place undecided being 1.")]
Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", help=f"{', '.join(KINDS)}; repeat it. Default statistical, with a limit regulatory too."),
]
Statistic = Annotated[str, typer.Option(help=f"Of statistical hot spots: {', '.join(STATISTICS)}.")]
Neighbours = Annotated[str, typer.Option(help=f"Who is a neighbour: {', '.join(NEIGHBOURS)}; nearest:8 for a number.")]
Band = Annotated[
    str | None, typer.Option(help="Distance band in metres, or `profile`: where values cluster most (exploratory).")
]
Scale = Annotated[str, typer.Option(help=f"What Gi* and local Moran test: {', '.join(SCALES)}.")]
MOST_SHOWN = 15


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(hotspots)


def hotspots(  # noqa: PLR0913 - one parameter per option
    contaminant: Contaminant,
    *,
    kind: Kinds = None,
    statistic: Statistic = "gi-star",
    scale: Scale = ON_SCORES,
    neighbours: Neighbours = "band",
    band: Band = None,
    guideline: Guideline = None,
    limit: LimitValue = None,
    assume: Assume = None,
    support: Annotated[str, typer.Option(help="Regulatory: point, or block:<metres> for means.")] = "point",
    surface: SurfaceId = None,
    smallest_area: Annotated[float, typer.Option(help="Smallest simulated hot spot in square metres.")] = 0.0,
    false_discovery_rate: Annotated[float, typer.Option(help="Share of false hot spots to accept.")] = 0.05,
    cost_of_missing: Missing = 5.0,
    cost_of_false_alarm: FalseAlarm = 5.0,
    seed: Annotated[int, typer.Option(help="Seed of permutations and simulations.", min=0)] = 0,
    dataset: Dataset = None,
    medium: Medium = None,
    digestion: Digestion = None,
    basis: Basis = None,
    depth: Depth = None,
    as_json: Json = False,
) -> None:
    """Find hot spots: clusters of high samples, areas above a limit, samples that stand out from their background."""
    settings = Settings()
    chosen = (dataset, medium, digestion, basis, depth)
    with transaction(settings) as connection, progress_bar("searching"):
        made = _map(
            settings, connection, contaminant_of(contaminant), surface, any(each is not None for each in chosen)
        )
        request = HotspotRequest(
            selection_from(made.parameters) if made else selection_of(contaminant, *chosen),
            kinds=tuple(kind or ()),
            statistic=statistic,
            scale=scale,
            neighbourhood=Neighbourhood.parse(neighbours, band),
            limit=limit,
            guideline=guideline,
            assume=tuple(assume or ()),
            rule=DecisionRule.from_costs(cost_of_missing, cost_of_false_alarm),
            smallest_m2=smallest_area,
            support=Support.parse(support),
            false_discovery_rate=false_discovery_rate,
            seed=seed,
        )
        answer = find_hotspots(settings, connection, request, made)
    if as_json:
        print_json(answer.to_dict())
        return
    for one in answer.findings:
        show(one)


def _map(
    settings: Settings, connection: Connection, contaminant: str, surface: str | None, chosen: bool
) -> PublishedMap | None:
    """The map that is named or the newest, whose samples are searched; none where samples are chosen instead."""
    if chosen:
        if surface is not None:
            raise ValueError("--surface names a map and with it the samples: leave out what chooses samples")
        return None
    try:
        return map_of(settings, connection, contaminant, surface)
    except ValueError:
        if surface is not None:
            raise
        return None


def show(published: PublishedFinding) -> None:
    """Print what was searched for and what was found."""
    finding = published.finding
    output.print(f"[bold]{finding.kind} hot spots[/]: {finding.why_not or finding.definition}")
    if finding.why_not:
        return
    if not finding.spots:
        output.print("  none found")
        return
    numbers = {name: told for name, told in COLUMNS.items() if any(_number(spot, name) for spot in finding.spots)}
    table = Table("", "area", "samples", *numbers.values(), box=None, padding=(0, 2, 0, 2))
    for spot in finding.spots[:MOST_SHOWN]:
        row = (_number(spot, name) for name in numbers)
        table.add_row(spot.class_, in_units(spot.area_m2), str(spot.sample_count), *row)
    output.print(table)
    if len(finding.spots) > MOST_SHOWN:
        output.print(f"  … and {len(finding.spots) - MOST_SHOWN} smaller ones")


COLUMNS = {
    "highest": "highest",
    "mean_probability": "mean P",
    "existence": "exists",
    "area_low_m2": "area from",
    "area_high_m2": "to",
    "mean_z": "mean z",
    "smallest_p": "smallest p",
    "smallest_q": "smallest q",
}
"""Numbers of a spot and their headings; a column is shown where a spot has one."""


def _number(spot: Spot, name: str) -> str:
    number = getattr(spot, name)
    if number is None:
        return ""
    return in_units(number) if name.startswith("area") else f"{number:.3g}"
