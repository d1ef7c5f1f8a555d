"""`edaphos demo`: the Meuse flood plain, from its files to maps that one can look at."""

import typer
from rich.rule import Rule

from app.cli.exceedance import area_table
from app.cli.hotspots import show as show_finding
from app.cli.load import show as show_load
from app.cli.maps import show as show_map
from app.cli.terminal import Json, output, print_json, progress_bar, ready_database
from app.settings import Settings
from app.work.demo import ASSUMED_PROCEDURE, ASSUMED_SOIL, Demonstration, Metal, demonstrate


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
    output.print("\n`edaphos serve` (or `make serve`) shows the maps at http://127.0.0.1:8000")


def _report_metal(metal: Metal) -> None:
    output.print()
    output.print(Rule(metal.made.title, align="left"))
    show_map(metal.made)
    comparable = sum(verdict.assessable for verdict in metal.unassumed)
    output.print(
        f"\n  {comparable} of {len(metal.unassumed)} guideline values are comparable with the samples as they are: "
        "the survey states neither procedure nor basis."
    )
    output.print(f"  Assuming {', '.join((*ASSUMED_PROCEDURE, *ASSUMED_SOIL))}:")
    output.print(area_table(list(metal.areas)))
    for finding in metal.findings:
        show_finding(finding)
    for picture in metal.pictures:
        output.print(f"  picture    {picture}")


def _report_sweep(shown: Demonstration) -> None:
    sweep = shown.sweep
    output.print()
    output.print(Rule("One limit, many answers", align="left"))
    output.print(
        f"Zinc against {sweep.rule}, each sample with its own organic matter ({sweep.assessed} samples have it),\n"
        "while the clay content, which nobody measured, is assumed:"
    )
    for clay, exceeding in zip(sweep.clay_percent, sweep.exceeding, strict=True):
        output.print(f"  clay {clay:4g} %   {exceeding:3d} of {sweep.assessed} samples exceed")
