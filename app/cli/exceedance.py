"""`edaphos exceedance CONTAMINANT`: samples and area above each guideline value that is comparable."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.choices import Assume, SurfaceId, contaminant_of, map_of
from app.cli.terminal import Contaminant, Json, output, print_json, progress_bar, transaction
from app.limits import Limit
from app.settings import Settings
from app.work.assumed import at_samples, for_all_places
from app.work.exceedance import AreaAbove, SampleVerdict, areas_above, areas_of, judge_samples, limits_for
from app.work.material import gather, selection_from
from app.work.supports import BLOCK, POINT, SUPPORTS, ZONE, Support, means_over

SUPPORT = f"What is held against the limits: {SUPPORTS}. Many limits are meant for means, not for points."
WORDS = {POINT: "", BLOCK: "of blocks whose mean lies ", ZONE: "of zones whose mean lies "}


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(exceedance)


def exceedance(
    contaminant: Contaminant,
    *,
    limit: Annotated[list[float] | None, typer.Option(help="A limit in mg/kg of your own; may be repeated.")] = None,
    assume: Assume = None,
    support: Annotated[str, typer.Option(help=SUPPORT)] = POINT,
    surface: SurfaceId = None,
    as_json: Json = False,
) -> None:
    """Compare samples and map with the guideline values; what is not assessable is listed with what is missing."""
    settings, assumed, over = Settings(), assume or [], Support.parse(support)
    with transaction(settings) as connection:
        made = map_of(settings, connection, contaminant_of(contaminant), surface)
        material = gather(connection, selection_from(made.parameters))
        verdicts = judge_samples(connection, material.rows, at_samples(connection, made.home, assumed, material.rows))
        limits = [Limit(each, f"{each:g} mg/kg") for each in limit or ()]
        limits += limits_for(connection, made, for_all_places(assumed))
        with progress_bar("simulating"):
            means = None if over.kind == POINT else means_over(connection, made, over)
            areas = areas_of(means, limits) if means else areas_above(connection, made, limits)
    zones = means.zones(limits) if means and over.kind == ZONE else []
    if as_json:
        print_json(as_dict(made.id, assumed, verdicts, areas) | {"support": str(over), "zones": zones})
        return
    output.print(f"[bold]{made.title}[/]" + (f", assuming {', '.join(assumed)}" if assumed else ""))
    if not areas:
        output.print("  no guideline value is comparable with this map")
    else:
        output.print(f"  of {in_units(areas[0].mapped)} mapped, the area {WORDS[over.kind]}above")
        output.print(area_table(areas))
    if zones:
        output.print(zone_table(zones, limits))
    show_verdicts(verdicts)


def zone_table(zones: Sequence[Mapping[str, Any]], limits: Sequence[Limit]) -> Table:
    """The mean of each zone, and how likely it exceeds each limit."""
    distinct = {limit.mg_per_kg: number for number, limit in enumerate(limits)}
    headings = (f"P(> {value:.4g})" for value in sorted(distinct))
    table = Table("zone", "area", "mean", "90 % interval", *headings, box=None, padding=(0, 2, 0, 2))
    for zone in zones:
        chances = (f"{zone['exceedance'][distinct[value]]:.2f}" for value in sorted(distinct))
        between = f"{zone['low']:.3g} to {zone['high']:.3g}"
        table.add_row(escape(zone["zone"]), in_units(zone["area_m2"]), f"{zone['mean']:.3g}", between, *chances)
    return table


def as_dict(surface: str, assumed: list[str], verdicts: list[SampleVerdict], areas: list[AreaAbove]) -> dict[str, Any]:
    """For `--json`."""
    return {
        "surface": surface,
        "assumptions": assumed,
        "samples": [verdict.to_dict() for verdict in verdicts],
        "areas": [area.to_dict() for area in areas],
    }


def area_table(areas: list[AreaAbove]) -> Table:
    """Expected areas with their intervals."""
    table = Table("mg/kg", "expected area", "90 % interval", "guideline value", box=None, padding=(0, 2, 0, 2))
    for above in sorted(areas, key=lambda one: one.limit.mg_per_kg):
        expired = " (expired)" if above.limit.expired else ""
        table.add_row(
            f"{above.limit.mg_per_kg:.4g}",
            in_units(above.area.expected),
            f"{in_units(above.area.low)} to {in_units(above.area.high)}",
            (above.limit.rule or above.limit.label) + expired,
        )
    return table


def in_units(square_metres: float) -> str:
    """An area for a reader."""
    if square_metres >= 1e6:
        return f"{square_metres / 1e6:.2f} km²"
    return f"{square_metres / 1e4:.1f} ha" if square_metres >= 1e4 else f"{square_metres:.0f} m²"


def show_verdicts(verdicts: list[SampleVerdict]) -> None:
    """Print how many samples exceed which guideline value, and which values say nothing here and why."""
    table = Table("samples above", "guideline value", box=None, padding=(0, 2, 0, 2))
    silent: dict[str, list[str]] = {}
    for verdict in verdicts:
        counts = verdict.counts
        if verdict.assessable:
            table.add_row(f"{counts.exceeding} of {counts.exceeding + counts.not_exceeding}", verdict.title)
        else:
            silent.setdefault("; ".join(verdict.why_not), []).append(verdict.title)
    if table.row_count:
        output.print(table)
    for reason, titles in silent.items():
        output.print(f"  not assessable: {reason}")
        for title in titles:
            output.print(f"    {title}")
