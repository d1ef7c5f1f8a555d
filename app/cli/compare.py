"""`edaphos compare CONTAMINANT`: which method predicts its samples best."""

from dataclasses import replace
from math import isnan
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.choices import (
    Basis,
    Dataset,
    Depth,
    Digestion,
    Medium,
    Splines,
    TransferFrom,
    contaminant_of,
    selection_of,
)
from app.cli.terminal import Contaminant, Json, output, print_json, progress_bar, transaction
from app.settings import Settings
from app.work.comparison import Compared, ComparisonRequest, compare_methods
from app.work.drift import drift_terms
from mapping.drift import TRANSFORMS


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(compare)


def compare(  # noqa: PLR0913 - one parameter per option
    contaminant: Contaminant,
    *,
    drift: Annotated[list[str] | None, typer.Option(help="A layer in the trend; may be repeated.")] = None,
    drift_transform: Annotated[list[str] | None, typer.Option(help=f"Of each drift: {', '.join(TRANSFORMS)}.")] = None,
    secondary: Annotated[list[str] | None, typer.Option(help="A contaminant to predict from; may be repeated.")] = None,
    dataset: Dataset = None,
    medium: Medium = None,
    digestion: Digestion = None,
    transfer_from: TransferFrom = None,
    basis: Basis = None,
    depth: Depth = None,
    splines: Splines = False,
    as_json: Json = False,
) -> None:
    """Fit each method to folds of the samples and score what it says of those left out."""
    settings = Settings()
    selected = selection_of(contaminant, dataset, medium, digestion, basis, depth)
    request = ComparisonRequest(
        replace(selected, transfer_from=transfer_from, splined=splines or None),
        drift_terms(drift or (), drift_transform or ()),
        tuple(contaminant_of(each) for each in secondary or ()),
    )
    with transaction(settings) as connection, progress_bar(f"comparing for {request.selection.contaminant}"):
        found = compare_methods(settings.home, connection, request)
    print_json(found.to_dict()) if as_json else show(found)


def show(found: Compared) -> None:
    """Print the scores, the least CRPS first."""
    folds, n = found.comparison.folds, found.samples.n
    output.print(f"[bold]{found.contaminant}[/]: {n} samples, {found.population}, {found.scale} scale")
    output.print(f"  left out   {folds.count} folds, {folds.name}: {escape(folds.why)}")
    table = Table("method", "CRPS", "behind the best", "RMSE", "MAE", "in 95 %", box=None, padding=(0, 2, 0, 2))
    for score in found.comparison.scores:
        behind = f"{score.behind:.4f} ± {score.behind_sd:.4f}" if score.behind else ""
        held = "no interval" if isnan(score.coverage_95) else f"{100.0 * score.coverage_95:.1f} %"
        table.add_row(score.method, f"{score.crps:.4f}", behind, f"{score.rmse:.4f}", f"{score.mae:.4f}", held)
    output.print(table)
    for name, why in found.comparison.refused.items():
        output.print(f"  not scored {escape(name)}: {escape(why)}")
    for note in found.notes:
        output.print(f"  note       {escape(note)}")
