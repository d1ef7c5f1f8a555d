"""`edaphos summary DATASET [CONTAMINANT]`: means and percentiles that treat detection limits as what they are."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.choices import Basis, Depth, Digestion, Medium, contaminant_of, selection_of
from app.cli.terminal import Json, output, print_json, transaction
from app.settings import Settings
from app.work.summary import PopulationSummary, SummaryRequest, summaries, table
from mapping.estimators import ESTIMATORS
from mapping.summaries import Estimate, Summary

Name = Annotated[str, typer.Argument(help="Name of the dataset.", show_default=False)]
Which = Annotated[str | None, typer.Argument(help="One contaminant; default all.", show_default=False)]
Level = Annotated[list[float] | None, typer.Option("--level", help="Tell the share above, in mg/kg; may be repeated.")]
Method = Annotated[str | None, typer.Option(help=f"{', '.join(ESTIMATORS)}; default by Helsel's rule.")]
Csv = Annotated[Path | None, typer.Option("--csv", help="Write all numbers into this file.")]


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(summary)


def summary(  # noqa: PLR0913 - one parameter per option
    dataset: Name,
    contaminant: Which = None,
    *,
    level: Level = None,
    method: Method = None,
    substitute: Annotated[
        float | None,
        typer.Option(help="Put this share of its limit in the place of each value below one; is labelled."),
    ] = None,
    medium: Medium = None,
    digestion: Digestion = None,
    basis: Basis = None,
    depth: Depth = None,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.", min=0)] = 0,
    csv_file: Csv = None,
    as_json: Json = False,
) -> None:
    """Summarise each contaminant of a dataset: values below detection limits stay bounds, none is replaced."""
    chosen = selection_of(contaminant or "zinc", dataset, medium, digestion, basis, depth)
    selection = replace(chosen, contaminant=contaminant_of(contaminant) if contaminant else None)
    request = SummaryRequest(selection, tuple(level or ()), method, substitute, seed)
    with transaction(Settings()) as connection:
        found = summaries(connection, request)
    if csv_file is not None:
        write_csv(csv_file, table(found))
    if as_json:
        print_json({"unit": "mg/kg", "summaries": [each.to_dict() for each in found]})
        return
    show(found)


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows of one shape as CSV; empty where there is no number."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    output.print(f"{len(rows)} rows written to {escape(str(path))}")


def show(found: Sequence[PopulationSummary]) -> None:
    """Print a table for each population, and below what has to be said of single contaminants."""
    for population in dict.fromkeys(each.population for each in found):
        mine = [each for each in found if each.population == population]
        output.print(f"[bold]{escape(mine[0].dataset)}[/]: {escape(population)}; mg/kg, 95 % intervals")
        output.print(_table(mine))
        for each in mine:
            for note in _notes(each):
                output.print(f"  {each.contaminant}: {escape(note)}")


def _table(found: Sequence[PopulationSummary]) -> Table:
    columns = ("", "n", "below", "method", "mean", "median", "90 %", "95 %")
    shown = Table(*columns, box=None, padding=(0, 2, 0, 2))
    for each in found:
        told = each.summary
        if told is None:
            shown.add_row(each.contaminant, "", "", "", each.why_not or "")
            continue
        numbers = (_told(told.estimates.get(name)) for name in ("mean", "p50", "p90", "p95"))
        shown.add_row(each.contaminant, str(told.n), f"{told.censored_share:.0%}", told.method, *numbers)
    return shown


def _told(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    if estimate.value is None:
        return f"< {plain(estimate.high or 0.0)}"
    if estimate.low is None or estimate.high is None:
        return plain(estimate.value)
    return f"{plain(estimate.value)} ({plain(estimate.low)}–{plain(estimate.high)})"


def plain(number: float) -> str:
    """Three digits without an exponent."""
    return f"{number:.0f}" if number >= 1000.0 else f"{number:.3g}"


def _notes(each: PopulationSummary) -> list[str]:
    told: Summary | None = each.summary
    if told is None:
        return []
    shares = [
        f"{share.exceeding} of {told.n} above {plain(share.level)}"
        + (f", {share.undecided} cannot be told" if share.undecided else "")
        + f": {share.low:.0%} to {share.high:.0%}"
        for share in told.shares
    ]
    why = [told.why] if told.censored_share or told.method == "none" else []
    below = [note for note in told.notes if not note.startswith("intervals")]
    return [*why, *shares, *below]
