"""`edaphos load layer FILE --name NAME` and `edaphos layers`: what is known everywhere, into the tables and listed."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.terminal import Json, existing_file, output, print_json, progress_bar, transaction
from app.settings import Settings
from db.layers import layers as all_layers
from ingest.layers.description import describe_layer
from ingest.layers.facts import LayerReport

File = Annotated[
    Path, typer.Argument(help="GeoTIFF, GeoPackage, Shapefile, GeoJSON or FlatGeobuf.", show_default=False)
]


def register(application: typer.Typer) -> None:
    """Add the command that lists."""
    application.command()(layers)


def layer(  # noqa: PLR0913 - one parameter per option
    file: File,
    *,
    name: Annotated[str | None, typer.Option(help="Name by which maps ask for it: river-distance.")] = None,
    profile: Annotated[Path | None, typer.Option(help="TOML file with a table [layer] that says all of this.")] = None,
    title: Annotated[str | None, typer.Option(help="Title for readers; default the name.")] = None,
    licence: Annotated[str | None, typer.Option(help="Licence of the data.")] = None,
    provider: Annotated[str | None, typer.Option(help="Whose data these are.")] = None,
    unit: Annotated[str | None, typer.Option(help="Unit of the values of a raster.")] = None,
    categorical: Annotated[bool | None, typer.Option("--categorical", help="The values are codes of classes.")] = None,
    band: Annotated[int | None, typer.Option(help="Band of a raster that has several.")] = None,
    nodata: Annotated[float | None, typer.Option(help="A value that stands for none.")] = None,
    code: Annotated[str | None, typer.Option(help="Column with the code of each polygon.")] = None,
    label: Annotated[str | None, typer.Option(help="Column with the name that the code stands for.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Layer or table of a file that has several.")] = None,
    crs: Annotated[str | None, typer.Option(help="System of a file that does not say: EPSG:28992.")] = None,
    private: Annotated[bool | None, typer.Option("--private", help="Nobody who asks the service sees it.")] = None,
    as_json: Json = False,
) -> None:
    """Register a raster (a covariate) or polygons (land use, geology, units) under a name, for maps to use."""
    from ingest.layers.store import load_layer, sweep  # noqa: PLC0415  GDAL and pandas, which other loads do without

    settings = Settings()
    stated: dict[str, Any] = {"name": name, "title": title, "licence": licence, "provider": provider, "unit": unit}
    stated |= {"band": band, "nodata": nodata, "code": code, "label": label, "sheet": sheet, "crs": crs}
    stated |= {"measure": "categorical" if categorical else None, "visibility": "private" if private else None}
    described = describe_layer(stated, profile)
    with transaction(settings) as connection, progress_bar(f"reading {file.name}") as progress:
        report = load_layer(connection, existing_file(file), described, settings.layers, progress)
    with transaction(settings) as connection:
        sweep(connection, described.name, settings.layers)
    print_json(report.to_dict()) if as_json else show(report)


def layers(*, as_json: Json = False) -> None:
    """List the registered layers."""
    with transaction(Settings()) as connection:
        found = all_layers(connection)
    if as_json:
        print_json({"layers": [_entry(stored.report, stored.licence, stored.provider) for stored in found]})
        return
    table = Table("name", "kind", "title", "version", "licence", "holds", box=None, padding=(0, 2, 0, 0))
    for stored in found:
        holds = _holds(LayerReport.from_dict(stored.report))
        cells = (stored.name, stored.kind, stored.title, str(stored.version), stored.licence, holds)
        table.add_row(*map(escape, cells))
    output.print(table if found else "no layer is registered: `edaphos load layer FILE --name NAME` brings one in")


def _entry(report: Any, licence: str, provider: str) -> dict[str, Any]:
    return {**report, "licence": licence, "provider": provider}


def show(report: LayerReport) -> None:
    """Print what was registered and what was doubted."""
    state = "is registered already, nothing changed" if report.unchanged else f"registered, version {report.version}"
    output.print(f"[bold]{escape(report.title)}[/] ({escape(report.file)}): {state}")
    west, south, east, north = report.box
    output.print(f"  {escape(_holds(report))}")
    output.print(f"  {escape(report.crs[:60])}, {west:.4f} to {east:.4f} E, {south:.4f} to {north:.4f} N")
    for finding in report.findings:
        output.print(f"  {finding.severity}  {finding.rule}  {escape(finding.message)}")


def _holds(report: LayerReport) -> str:
    told = report.numbers
    if report.kind == "polygons":
        return f"{told['areas']} areas of {told['codes']} codes"
    size = f"{told['columns']} × {told['rows']} cells, {told['without_value_share']:.0%} without a value"
    if told["measure"] == "categorical":
        return f"{size}, {len(told['classes'])} classes"
    return f"{size}, {told['lowest']:.6g} to {told['highest']:.6g}{' ' + told['unit'] if told['unit'] else ''}"
