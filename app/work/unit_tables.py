"""A report on units as people want it: a table, a workbook, a geographic file, a page that prints."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import shapely
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.work.unit_report import UnitReport, UnitRow
from ingest.inert import inert

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
COLUMNS = tuple(field.name for field in fields(UnitRow))
NUMBERS = frozenset(("area_km2", "censored_share", "share", "share_low", "share_high", "mapped_share"))
COUNTS = frozenset(("samples", "exceeding", "undecidable"))
CLASSES = ((0.05, "#ffffcc"), (0.25, "#fed976"), (0.5, "#fd8d3c"), (0.75, "#e31a1c"), (1.01, "#800026"))
"""Upper ends of classes of shares, and colours that print (ColorBrewer YlOrRd)."""
UNKNOWN = "#d9d9d9"
WIDTH = 640.0


def write_report(report: UnitReport, target: Path) -> None:
    """Write the format that the ending says; raises `ValueError` for another one, and where a file is there already."""
    write = WRITERS.get(target.suffix.lower())
    if write is None:
        raise ValueError(f"--output must end in one of {', '.join(WRITERS)}, got {target.name!r}")
    if target.exists():
        raise ValueError(f"{target} is there already: choose another --output or remove it")
    target.parent.mkdir(parents=True, exist_ok=True)
    write(report, target)


def _csv(report: UnitReport, target: Path) -> None:
    with target.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in report.rows:
            writer.writerow([inert(cell) if isinstance(cell, str) else cell for cell in asdict(row).values()])


def _workbook(report: UnitReport, target: Path) -> None:
    import xlsxwriter  # noqa: PLC0415  for the one format that needs it

    with xlsxwriter.Workbook(target) as book:
        bold, percent = book.add_format({"bold": True}), book.add_format({"num_format": "0.0%"})
        square = book.add_format({"num_format": "0.00"})
        sheet = book.add_worksheet("units")
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, COLUMNS, bold)
        for number, row in enumerate(report.rows, start=1):
            for column, (name, cell) in enumerate(asdict(row).items()):
                if isinstance(cell, str):
                    sheet.write_string(number, column, cell)
                elif cell is not None:
                    kind = percent if name in NUMBERS else None
                    sheet.write_number(number, column, cell, square if name == "area_km2" else kind)
        sheet.set_column(0, len(COLUMNS) - 1, 14)
        about = book.add_worksheet("about")
        for number, (name, text) in enumerate(_about(report)):
            about.write_string(number, 0, name, bold)
            about.write_string(number, 1, text)


def _geopackage(report: UnitReport, target: Path) -> None:
    import pyogrio  # noqa: PLC0415  it brings pandas along

    rows = [asdict(row) for row in report.rows]
    kinds = {
        name: pa.float64() if name in NUMBERS else pa.int64() if name in COUNTS else pa.string() for name in COLUMNS
    }
    columns = [pa.array([row[name] for row in rows], kinds[name]) for name in COLUMNS]
    shapes = [shapely.multipolygons(_polygons(shape)) for shape in report.units.shapes]
    table = pa.table([*columns, pa.array(shapely.to_wkb(shapes), pa.binary())], names=[*COLUMNS, "geom"])
    place = {"geometry_name": "geom", "geometry_type": "MultiPolygon", "crs": "EPSG:4326"}
    pyogrio.write_arrow(table, target, layer="units", driver="GPKG", **place)
    about = pa.table({"name": [name for name, _ in _about(report)], "text": [text for _, text in _about(report)]})
    pyogrio.write_arrow(about, target, layer="about", driver="GPKG", append=True)


def _page(report: UnitReport, target: Path) -> None:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("units.html")
    drawn, height = _drawn(report)
    legend = [(f"up to {end:.0%}" if end <= 1 else "more", colour) for end, colour in CLASSES]
    written = page.render(report=report, drawn=drawn, height=height, width=WIDTH, legend=legend, unknown=UNKNOWN)
    target.write_text(written, encoding="utf-8")


def _drawn(report: UnitReport) -> tuple[list[dict[str, str]], float]:
    """Paths of an SVG of `WIDTH` pixels with the colour of each unit, and its height."""
    shapes = report.units.shapes
    west, south, east, north = shapely.total_bounds(shapes)
    squeeze = max(np.cos(np.radians((south + north) / 2)), 0.05)
    scale = WIDTH / max((east - west) * squeeze, 1e-9)

    def on_paper(lonlat: np.ndarray) -> np.ndarray:
        return np.column_stack([(lonlat[:, 0] - west) * squeeze * scale, (north - lonlat[:, 1]) * scale])

    there = shapely.simplify(shapely.transform(shapes, on_paper), 0.5)
    paths = [
        {"path": _path(shape), "colour": _colour(row), "title": f"{row.name}: {_words(row)}"}
        for shape, row in zip(there, report.rows, strict=True)
    ]
    return paths, min((north - south) * scale, 4 * WIDTH)


def _path(shape: shapely.Geometry) -> str:
    rings = [ring for part in _polygons(shape) for ring in (part.exterior, *part.interiors)]
    return " ".join(
        "M" + " ".join(f"{x:.1f},{y:.1f}" for x, y in shapely.get_coordinates(ring)) + "Z" for ring in rings
    )


def _polygons(shape: shapely.Geometry) -> list[shapely.Polygon]:
    """The polygons of a geometry; what lines and points mending it left behind are no part of a unit."""
    parts = [part for whole in shapely.get_parts(shape) for part in shapely.get_parts(whole)]
    return [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]


def _colour(row: UnitRow) -> str:
    return UNKNOWN if row.share is None else next(colour for end, colour in CLASSES if row.share <= end)


def _words(row: UnitRow) -> str:
    if row.share_low is None or row.share_high is None:
        return row.reason or row.method
    share = "" if row.share is None else f"{row.share:.0%}, "
    return f"{share}{row.share_low:.0%} to {row.share_high:.0%}"


def _about(report: UnitReport) -> Sequence[tuple[str, str]]:
    return [
        ("title", report.title),
        ("samples", report.population),
        ("sampling design", report.design),
        ("map", report.map or "none"),
        ("units", report.units.meaning),
        *(("note", note) for note in report.notes),
    ]


WRITERS: Mapping[str, Callable[[UnitReport, Path], None]] = MappingProxyType(
    {".csv": _csv, ".xlsx": _workbook, ".gpkg": _geopackage, ".html": _page}
)
MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        ".csv": "text/csv",
        ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ".gpkg": "application/geopackage+sqlite3",
        ".html": "text/html",
    }
)
