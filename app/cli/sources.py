"""`edaphos sources CONTAMINANT`: which sources of the inventory the values decay from."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.choices import Basis, Dataset, Depth, Digestion, Medium, selection_of
from app.cli.terminal import Contaminant, Json, output, print_json, progress_bar, transaction
from app.settings import Settings
from app.work.attribution import DEFINITION, Attribution, AttributionRequest, LikelySource, attribute

Fields = Annotated[int, typer.Option("--fields", help="Simulated fields without sources.", min=99, max=99_999)]
SHOWN = 15


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(sources)


def sources(  # noqa: PLR0913 - one parameter per option
    contaminant: Contaminant,
    *,
    dataset: Dataset = None,
    medium: Medium = None,
    digestion: Digestion = None,
    basis: Basis = None,
    depth: Depth = None,
    fields: Fields = 999,
    seed: Annotated[int, typer.Option(help="Seed of the simulated fields.", min=0)] = 0,
    as_json: Json = False,
) -> None:
    """Test every source around the samples for values that decay with distance from it, and rank them."""
    chosen = selection_of(contaminant, dataset, medium, digestion, basis, depth)
    with transaction(Settings()) as connection, progress_bar("testing sources"):
        found = attribute(connection, AttributionRequest(chosen, seed, fields))
    print_json(found.to_dict()) if as_json else show(found)


def show(found: Attribution) -> None:
    """Print the tests, the strongest sources, and the decay from each sector."""
    if found.why_not:
        output.print(f"{found.contaminant}: {escape(found.why_not)}")
        return
    told = found.to_dict()
    near = told["sampling_near_sources"]
    output.print(f"[bold]{found.contaminant}, sources of {escape(', '.join(found.datasets))}[/]\n  {DEFINITION}")
    output.print(f"  {told['sources_tested']} of {told['sources']} sources tested on {told['samples']} places")
    output.print(f"  that no source matters: p = {told['overall_p']:.3g} ({told['simulated_fields']} simulated fields)")
    output.print(
        f"  near a source lie {near['share_of_samples']:.0%} of the places, {near['share_of_area']:.0%} of the area"
    )
    output.print(_table(found.ranked(SHOWN)))
    for sector in told["sectors"]:
        if sector["curve"] is not None:
            output.print(f"  {_sector(sector)}")
    for note in found.notes:
        output.print(f"  note: {note}")


def _table(sources: tuple[LikelySource, ...]) -> Table:
    table = Table("source", "sector", "releases it", "reach", "factor", "p", "q", box=None, padding=(0, 2, 0, 2))
    for each in sources:
        reach = "" if each.reach_m is None else f"{each.reach_m / 1_000:.2g} km"
        numbers = ("" if value is None else f"{value:.2g}" for value in (each.factor, each.p, each.q))
        table.add_row(escape(each.name[:40]), each.sector, each.released, reach, *numbers)
    return table


def _sector(sector: dict[str, object]) -> str:
    curve = sector["curve"]
    assert isinstance(curve, dict)  # noqa: S101 - the caller has looked
    low, middle, high = curve["factor"]
    ground = curve["background"]
    return (
        f"{sector['sector']} ({sector['sources']} sources): {middle:.2g} times the background at a source "
        f"({low:.2g} to {high:.2g}), reach {curve['reach'] / 1_000:.2g} km, background {ground[1]:.3g} mg/kg "
        f"({ground[0]:.3g} to {ground[2]:.3g}), p = {sector['p']:.2g}"
    )
