"""`edaphos trends DATASET… CONTAMINANT`: whether soil gets better or worse where it was sampled again."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from app.cli.choices import Basis, Depth, Digestion, Medium, selection_of
from app.cli.summary import write_csv
from app.cli.terminal import Contaminant, Json, output, print_json, transaction
from app.settings import Settings
from app.work.trends import NEAR, TrendRequest, TrendTable, trend_table
from mapping.trends import Trend

Datasets = Annotated[list[str], typer.Argument(help="One dataset of several campaigns, or one for each campaign.")]
Share = Annotated[
    float | None, typer.Option(help="Relative standard deviation of an analysis, where none is recorded.")
]
MOST_SITES = 12


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(trends)


def trends(  # noqa: PLR0913 - one parameter per option
    datasets: Datasets,
    contaminant: Contaminant,
    *,
    date: Annotated[list[str] | None, typer.Option("--date", help="Year of an undated dataset: NAME=2010.5.")] = None,
    within: Annotated[float, typer.Option(help="Metres within which two datasets' sites are the same.")] = NEAR,
    measurement_error: Share = None,
    relocation_error: Annotated[float, typer.Option(help="The same of sampling a site again.")] = 0.0,
    campaign_error: Annotated[float, typer.Option(help="The same of a shift of a whole campaign.")] = 0.0,
    false_discovery_rate: Annotated[float, typer.Option(help="Share of false trends of sites to accept.")] = 0.05,
    medium: Medium = None,
    digestion: Digestion = None,
    basis: Basis = None,
    depth: Depth = None,
    seed: Annotated[int, typer.Option(help="Seed of the permutations.", min=0)] = 0,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write a line for each site.")] = None,
    as_json: Json = False,
) -> None:
    """Say improving, worsening, unclear or not testable, over all sites and at each, and why."""
    request = TrendRequest(
        selection=replace(selection_of(contaminant, None, medium, digestion, basis, depth)),
        datasets=tuple(datasets),
        dates=tuple(_year(text) for text in date or ()),
        within=within,
        measurement_error=measurement_error,
        relocation_error=relocation_error,
        campaign_error=campaign_error,
        false_discovery_rate=false_discovery_rate,
        seed=seed,
    )
    with transaction(Settings()) as connection:
        found = trend_table(connection, request)
    if csv_file is not None:
        write_csv(csv_file, found.table())
    print_json(found.to_dict()) if as_json else show(found)


def _year(text: str) -> tuple[str, float]:
    name, _, year = text.partition("=")
    try:
        return name.strip(), float(year)
    except ValueError:
        raise ValueError(f"--date needs a dataset and a year such as survey-2010=2010, got {text!r}") from None


def show(found: TrendTable) -> None:
    """Print the verdict over all sites, how many sites have which, and those that are clear."""
    region = found.found.region
    output.print(f"[bold]{found.contaminant}[/] in {escape(found.ground)}: [bold]{region.verdict}[/]")
    output.print(f"  {escape(region.reason)}{_numbers(region)}")
    counts = ", ".join(f"{count} {verdict}" for verdict, count in found.found.counts().items() if count)
    output.print(f"  sites: {counts}; values fell at {found.found.falling}, rose at {found.found.rising}")
    clear = [row for row in found.found.sites.items() if row[1].verdict in ("improving", "worsening")]
    for number, trend in sorted(clear, key=lambda row: row[1].q or 0.0)[:MOST_SITES]:
        output.print(f"    {escape(found.names[number])}: {trend.verdict}{_numbers(trend)}")
    reasons = [trend.reason for trend in found.found.sites.values() if trend.verdict == "not testable"]
    for reason in dict.fromkeys(reasons):
        output.print(f"  not testable at {reasons.count(reason)}: {escape(reason)}")
    for told in sorted({each for trend in found.found.sites.values() for each in trend.breaks})[:MOST_SITES]:
        output.print(f"  break {escape(told)}")
    for caveat in found.caveats:
        output.print(f"  {escape(caveat)}")


def _numbers(trend: Trend) -> str:
    told = []
    if trend.per_year is not None and trend.low is not None and trend.high is not None:
        told.append(f"{trend.per_year:+.2%} a year ({trend.low:+.2%} to {trend.high:+.2%})")
    if trend.first is not None and trend.last is not None:
        told.append(f"{trend.first:.0f} to {trend.last:.0f}")
    told += [f"p {trend.p:.3g}"] if trend.p is not None else []
    told += [f"q {trend.q:.3g}"] if trend.q is not None else []
    told += [f"changes of {trend.detectable:.0%} in all would be found"] if trend.detectable is not None else []
    return f"; {', '.join(told)}" if told else ""
