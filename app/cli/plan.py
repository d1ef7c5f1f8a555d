"""`edaphos plan CONTAMINANT`: where to sample next."""

from pathlib import Path
from typing import Annotated

import shapely
import typer
from pyproj import CRS
from rich.table import Table

from app.cli.choices import Assume, Guideline, LimitValue, SurfaceId, contaminant_of, map_of
from app.cli.terminal import Contaminant, Json, output, print_json, progress_bar, transaction
from app.limits import resolve_limit
from app.settings import Settings
from app.work.areas import read_area
from app.work.exceedance import guideline_rows
from app.work.places import read_places
from app.work.sampling_plan import PlanRequest, PublishedPlan, plan_samples, write_sites

Sites = Annotated[int, typer.Option("--sites", help="How many.", min=1)]
Spacing = Annotated[float, typer.Option("--spacing", help="Metres between sites, and to samples, at least.", min=0)]
Avoid = Annotated[Path | None, typer.Option("--avoid", help="A file of polygons in which not to sample.")]
Candidates = Annotated[Path | None, typer.Option("--candidates", help="A file of points to choose from.")]
Output = Annotated[Path | None, typer.Option("--output", help="Write the sites as .gpkg, .gpx, .geojson or .csv.")]
SHOWN = 20


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(plan)


def plan(  # noqa: PLR0913 - one parameter per option
    contaminant: Contaminant,
    *,
    sites: Sites = 10,
    guideline: Guideline = None,
    limit: LimitValue = None,
    assume: Assume = None,
    spacing: Spacing = 0.0,
    avoid: Avoid = None,
    candidates: Candidates = None,
    surface: SurfaceId = None,
    file: Output = None,
    as_json: Json = False,
) -> None:
    """Plan the next samples of a map: those that lower its variance most or, with a limit, its misclassified area."""
    settings = Settings()
    degrees = CRS.from_epsg(4326)
    pond: shapely.Geometry | None = None if avoid is None else read_area(avoid, degrees)
    places = () if candidates is None else read_places(candidates)
    with transaction(settings) as connection, progress_bar("choosing"):
        made = map_of(settings, connection, contaminant_of(contaminant), surface)
        known = None
        if guideline is not None or limit is not None:
            rows, context = guideline_rows(connection, contaminant_of(contaminant)), made.parameters["context"]
            known = resolve_limit(rows, context, limit=limit, guideline=guideline, assume=assume or [])
        found = plan_samples(connection, made, PlanRequest(sites, known, spacing, pond, places))
    if file is not None:
        write_sites(file, found)
    print_json(found.to_dict()) if as_json else show(found)


def show(found: PublishedPlan) -> None:
    """Print the sites and what they gain."""
    report, unit = found.report, found.report["unit"]
    output.print(f"[bold]plan {found.id}[/]: {found.definition}")
    output.print(f"  before {report['before']:.4g} {unit}, with {len(found.sites)} sites {report['after']:.4g} {unit}")
    table = Table("", "longitude", "latitude", f"gain {unit}", "left", box=None, padding=(0, 2, 0, 2))
    for site in found.sites[:SHOWN]:
        place = (f"{site.longitude:.6f}", f"{site.latitude:.6f}")
        table.add_row(str(site.rank), *place, f"{site.gain:.4g}", f"{site.remaining:.4g}")
    output.print(table)
    if len(found.sites) > SHOWN:
        output.print(f"  … and {len(found.sites) - SHOWN} more")
    for note in report["notes"]:
        output.print(f"  note: {note}")
