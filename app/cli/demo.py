"""`edaphos demo`: the Meuse flood plain, from its files to maps that one can look at."""

import typer
from rich.rule import Rule

from app.cli.exceedance import area_table, in_units
from app.cli.load import show as show_load
from app.cli.terminal import Json, output, print_json, progress_bar, ready_database
from app.settings import Settings
from app.work.demo import ASSUMED_PROCEDURE, ASSUMED_SOIL, Demonstration, Metal, demonstrate
from app.work.hotspot_catalogue import PublishedFinding


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(demo)


def demo(*, as_json: Json = False) -> None:
    """Load the Meuse survey, map four metals, weigh them against guideline values, find the hot spots."""
    settings = Settings()
    with ready_database(settings) as database:
        engine = database.engine()
        try:
            shown = demonstrate(settings, engine, progress_bar)
        finally:
            engine.dispose()
    print_json(shown.to_dict()) if as_json else _report(shown)


def _report(shown: Demonstration) -> None:
    output.print(Rule("What was loaded", align="left"))
    for load in shown.loads:
        show_load(load, as_json=False)
    for metal in shown.metals:
        _report_metal(metal)
    _report_sweep(shown)
    folder = shown.metals[0].pictures[0].parent
    output.print(f"\nPictures are in {folder}; `edaphos explain`, `exceedance` and `hotspots` tell more.")


def _report_metal(metal: Metal) -> None:
    made, scores = metal.made, metal.made.scores
    output.print()
    output.print(Rule(f"{made.title}  →  {made.path}", align="left"))
    output.print(f"  variogram of logarithms: {made.parameters['model']['variogram']}")
    output.print(
        f"  leave-one-out: RMSE {scores['rmse']:.4f}, mean error {scores['me']:+.4f}, CRPS {scores['crps']:.4f}, "
        f"95 % intervals hold {scores['coverage_95']:.1%}"
    )
    comparable = sum(verdict.assessable for verdict in metal.unassumed)
    output.print(
        f"  {comparable} of {len(metal.unassumed)} guideline values are comparable with the survey as it is: it states "
        f"neither procedure nor basis.\n  Assuming {', '.join((*ASSUMED_PROCEDURE, *ASSUMED_SOIL))}, of "
        f"{in_units(metal.areas[0].mapped)} mapped the area above"
    )
    output.print(area_table(list(metal.areas)))
    for published in metal.findings:
        output.print(f"  {_in_short(published)}")


def _in_short(published: PublishedFinding) -> str:
    finding = published.finding
    if finding.why_not:
        return f"{finding.kind} hot spots: {finding.why_not}"
    if finding.kind == "statistical":
        told = finding.report
        return (
            f"statistical hot spots (Gi*, band {told['band_m']:g} m, false discovery rate 5 %): {told['hot_samples']} "
            f"samples hot, {told['cold_samples']} cold, in {len(finding.spots)} areas"
        )
    areas = ", ".join(f"{in_units(area)} {kind}" for kind, area in finding.report["area_m2"].items())
    return f"regulatory hot spots ({finding.limit.rule if finding.limit else ''}): {areas}"


def _report_sweep(shown: Demonstration) -> None:
    sweep = shown.sweep
    output.print()
    output.print(Rule("One limit, many answers", align="left"))
    output.print(
        f"  Zinc above {sweep.rule},\n  each of {sweep.assessed} samples with its own organic matter; "
        "clay was not measured and is assumed:"
    )
    pairs = zip(sweep.clay_percent, sweep.exceeding, strict=True)
    output.print("  " + "   ".join(f"{clay:g} %: {exceeding}" for clay, exceeding in pairs))
