"""`edaphos exceedance CONTAMINANT`: samples and area above each guideline value that is comparable."""

from typing import Any

import typer
from rich.table import Table

from app.cli.choices import Assume, SurfaceId, contaminant_of, map_of
from app.cli.terminal import Contaminant, Json, output, print_json, progress_bar, transaction
from app.settings import Settings
from app.work.assumed import at_samples, for_all_places
from app.work.exceedance import AreaAbove, SampleVerdict, areas_above, judge_samples, limits_for
from app.work.material import gather, selection_from


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(exceedance)


def exceedance(
    contaminant: Contaminant, *, assume: Assume = None, surface: SurfaceId = None, as_json: Json = False
) -> None:
    """Compare samples and map with the guideline values; what is not assessable is listed with what is missing."""
    settings, assumed = Settings(), assume or []
    with transaction(settings) as connection:
        made = map_of(settings, connection, contaminant_of(contaminant), surface)
        material = gather(connection, selection_from(made.parameters))
        verdicts = judge_samples(connection, material.rows, at_samples(connection, made.home, assumed, material.rows))
        with progress_bar("simulating"):
            areas = areas_above(connection, made, limits_for(connection, made, for_all_places(assumed)))
    if as_json:
        print_json(as_dict(made.id, assumed, verdicts, areas))
        return
    output.print(f"[bold]{made.title}[/]" + (f", assuming {', '.join(assumed)}" if assumed else ""))
    if areas:
        output.print(f"  of {in_units(areas[0].mapped)} mapped, the area above")
        output.print(area_table(areas))
    else:
        output.print("  no guideline value is comparable with this map")
    show_verdicts(verdicts)


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
