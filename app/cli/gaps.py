"""`edaphos gaps [CONTAMINANT]`: where a map knows little, and what was never measured."""

from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from app.cli.choices import SurfaceId, contaminant_of, map_of
from app.cli.exceedance import in_units
from app.cli.terminal import Json, output, print_json, progress_bar, transaction
from app.settings import Settings
from app.work.gaps import Coverage, FoundGaps, GapRequest, coverage, map_gaps
from db.tables import VISIBILITIES

Which = Annotated[str | None, typer.Argument(help="Name, symbol or CAS number; without, what was measured where.")]
Radius = Annotated[float | None, typer.Option(help="Metres around a place; default two spacings of the samples.")]
Fewest = Annotated[int, typer.Option(help="With fewer samples within the radius a place is a gap.", min=1)]
Output = Annotated[Path | None, typer.Option("--output", help="Write the gaps as GeoJSON.")]


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(gaps)


def gaps(
    contaminant: Which = None,
    *,
    radius: Radius = None,
    fewest: Fewest = 3,
    surface: SurfaceId = None,
    file: Output = None,
    as_json: Json = False,
) -> None:
    """Map where too few samples lie around; without a contaminant, list what was measured in which data set."""
    settings = Settings()
    with transaction(settings) as connection, progress_bar("looking for gaps"):
        if contaminant is None:
            table = coverage(connection, VISIBILITIES)
            print_json({"coverage": [each.to_dict() for each in table]}) if as_json else show_coverage(table)
            return
        made = map_of(settings, connection, contaminant_of(contaminant), surface)
        found = map_gaps(settings, connection, made, GapRequest(radius, fewest))
    if file is not None:
        file.write_bytes(orjson.dumps(found.to_dict()["gaps"]))
    print_json(found.to_dict()) if as_json else show(found)


def show(found: FoundGaps) -> None:
    """Print how much of the map is a gap, and the largest ones."""
    report = found.report
    share = report["gap_m2"] / report["mapped_m2"]
    if found.made is not None:
        output.print(f"[bold]{escape(found.made.title)}[/]\n  {found.made.path}")
    output.print(f"  gap        {report['definition']}: {in_units(report['gap_m2'])}, {share:.1%} of the map")
    output.print(f"  distance   median {report['median_distance_m']:.4g} m, farthest {report['farthest_m']:.4g} m")
    for polygon, area in found.gaps[:5]:
        place = polygon.representative_point()
        output.print(f"  {in_units(area):>12} around {place.x:.5f} {place.y:.5f}")


def show_coverage(rows: list[Coverage]) -> None:
    """Print, for each population, what was never measured and what only in part."""
    table = Table("dataset", "medium", "depth", "specimens", "never", "in part", box=None, padding=(0, 2, 0, 0))
    kinds = {(row.dataset, row.medium, row.upper_depth_cm, row.lower_depth_cm): row.specimens for row in rows}
    for kind, specimens in kinds.items():
        own = [row for row in rows if (row.dataset, row.medium, row.upper_depth_cm, row.lower_depth_cm) == kind]
        never = [row.contaminant for row in own if row.measured == 0]
        partly = [f"{row.contaminant} {row.measured}" for row in own if 0 < row.measured < specimens]
        depth = "not stated" if kind[2] is None or kind[3] is None else f"{kind[2]:g}-{kind[3]:g} cm"
        listed = (", ".join(never) or "none", ", ".join(partly) or "none")
        table.add_row(escape(kind[0]), kind[1], depth, str(specimens), *listed)
    output.print(table)
