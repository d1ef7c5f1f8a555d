"""Maps of the contaminants that matter most, with how far to trust them."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine

from app.settings import Settings
from app.work.demo import Bar
from app.work.map_request import MapRequest
from app.work.maps import make_map, rebuild
from app.work.pictures import Album, area_sources
from app.work.published import PublishedMap
from app.work.review.cases import Case
from app.work.review.document import Cell, Column, Figure, Section, Table

CAPTIONS = {
    "concentration": "expected content, with the samples as dots",
    "uncertainty": "how uncertain the map is",
}
COLUMNS = (
    Column("contaminant", number=False),
    Column("map", number=False),
    Column("RMSE of logs"),
    Column("95 % intervals that hold"),
)


def maps(
    settings: Settings, engine: Engine, cases: Sequence[Case], resolution: float, area: Path | None, bar: Bar
) -> Section:
    """A kriged map of each case, or why there is none."""
    figures: list[Figure] = []
    rows: list[tuple[Cell, ...]] = []
    refused: list[str] = []
    for case in cases:
        try:
            made, drawn = _map(settings, engine, case, resolution, area, bar)
        except ValueError as error:
            refused.append(f"{case.label}: {error}")
            continue
        figures += drawn
        rows.append(_row(case, made))
    tables = [Table("How well the maps predict samples left out", COLUMNS, tuple(rows))] if rows else []
    said = "Each map is a distribution at every place; its mean is drawn, and beside it how uncertain it is."
    return Section("Maps", [said, *refused], tables, figures)


def _map(
    settings: Settings, engine: Engine, case: Case, resolution: float, area: Path | None, bar: Bar
) -> tuple[PublishedMap, list[Figure]]:
    with engine.begin() as connection:
        with bar(f"mapping {case.label}") as progress:
            made = make_map(settings, connection, MapRequest(case.selection, resolution, area), progress)
        model = rebuild(connection, made)
        album = Album(settings.pictures, made, model.material, area_sources(connection, model.material, model.grid))
        pictures = album.draw(model.fitted, None)
    return made, [
        Figure(path.read_bytes(), f"Map of {case.label}: {said}", f"{case.label.capitalize()}: {said}.")
        for name, said in CAPTIONS.items()
        for path in pictures
        if path.stem.endswith(f"-{name}")
    ]


def _row(case: Case, made: PublishedMap) -> tuple[Cell, ...]:
    rmse, coverage = made.scores.get("rmse"), made.scores.get("coverage_95")
    held = f"{coverage:.0%}" if coverage is not None else ""
    return case.label, made.id, f"{rmse:.3f}" if rmse is not None else "", held
