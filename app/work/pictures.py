"""PNG pictures of a map: concentration, uncertainty, exceedance, hot spots, variogram and validation."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, func, select

from app.limits import Limit
from app.work.hotspots import Finding
from app.work.material import Material
from app.work.published import UNIT, PublishedMap
from db.tables import dataset, source
from mapping.grid import Grid
from mapping.kriging import FittedKriging
from mapping.plots import Caption, Outline, Overlay, map_picture, validation_plot, variogram_plot
from mapping.surface import Surface


def area_sources(connection: Connection, material: Material, grid: Grid) -> dict[str, BaseGeometry]:
    """The sources that are areas, by name, where they touch the grid; in its metres."""
    to_metres = Transformer.from_crs("EPSG:4326", material.projection.crs, always_xy=True)
    query = (
        select(source.c.name, func.ST_AsBinary(source.c.geom))
        .join(dataset, dataset.c.id == source.c.dataset_id)
        .where(dataset.c.visibility == "public", func.ST_Dimension(source.c.geom) == 2)
    )
    frame = shapely.box(*grid.bounds)
    moved = {
        name: shapely.transform(shapely.from_wkb(wkb), lambda xy: np.column_stack(to_metres.transform(*xy.T)))
        for name, wkb in connection.execute(query)
    }
    return {name: shape.intersection(frame) for name, shape in moved.items() if shape.intersects(frame)}


MARKS = {
    "hot": ("cluster of high samples", "#d6006e", True),
    "cold": ("cluster of low samples", "#0b6ea8", True),
    "exceeding": ("exceeds the limit (P > 0.8)", "#d43d00", False),
}
"""Name in the legend, colour and whether dashed, of each class of hot spot that is drawn."""


def _outlines(finding: Finding) -> list[Outline]:
    classes = [name for name in MARKS if any(spot.class_ == name for spot in finding.spots)]
    shapes = {name: shapely.union_all([s.polygon for s in finding.spots if s.class_ == name]) for name in classes}
    return [Outline(MARKS[name][0], shapes[name], *MARKS[name][1:]) for name in classes]


def _digest(outlines: Sequence[Outline]) -> str:
    """What is drawn, in eight digits: the hot spots of a map change with the question."""
    drawn = "".join(f"{outline.name}{outline.area.wkt}" for outline in outlines)
    return hashlib.sha256(drawn.encode()).hexdigest()[:8]


class Album:
    """The pictures of one map in a folder; one that is there already is not drawn again."""

    def __init__(self, folder: Path, made: PublishedMap, material: Material, water: dict[str, BaseGeometry]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.made = folder, made
        self.overlay = Overlay(samples=material.samples.xy, areas=water)
        self.name = made.title.split(",")[0].capitalize()
        self.source = f"{made.title}; map {made.id}"
        self._surface: Surface | None = None

    @property
    def surface(self) -> Surface:
        """The map, read when first needed."""
        if self._surface is None:
            self._surface = Surface.read(self.made.path)
        return self._surface

    def draw(self, fitted: FittedKriging, limit: Limit | None, findings: Sequence[Finding] = ()) -> list[Path]:
        """Every picture there is to draw."""
        drawn = [
            self._once("concentration", self._concentration),
            self._once("uncertainty", self._uncertainty),
            self._once("validation", lambda path: validation_plot(path, fitted.leave_one_out(), self._plot_title())),
        ]
        if fitted.empirical is not None:
            drawn.append(self._once("variogram", lambda path: variogram_plot(path, fitted, self._plot_title())))
        if limit is not None:
            drawn.append(self._once(f"above-{limit.mg_per_kg:g}", lambda path: self._exceedance(path, limit)))
        outlines = [outline for finding in findings for outline in _outlines(finding)]
        if outlines:
            drawn.append(self._once(f"hotspots-{_digest(outlines)}", lambda path: self._hot_spots(path, outlines)))
        return drawn

    def _hot_spots(self, path: Path, outlines: list[Outline]) -> None:
        caption = Caption(f"Hot spots of {self.name.lower()}", "on the expected value", UNIT, self.source)
        overlay = replace(self.overlay, outlines=outlines)
        values = self.surface.prediction.expected()
        map_picture(path, self.surface.grid, values, "concentration", caption, overlay)

    def _once(self, what: str, draw: Callable[[Path], None]) -> Path:
        path = self.folder / f"{self.made.id}-{what}.png"
        if not path.exists():
            unfinished = path.with_name(f".{path.name}")
            draw(unfinished)
            unfinished.replace(path)
        return path

    def _plot_title(self) -> str:
        return f"{self.name}: {self.made.parameters['model']['variogram']}"

    def _concentration(self, path: Path) -> None:
        caption = Caption(f"{self.name} in the soil", "expected value at each place", UNIT, self.source)
        self._map(path, self.surface.prediction.expected(), "concentration", caption)

    def _uncertainty(self, path: Path) -> None:
        caption = Caption(f"How sure we are about {self.name.lower()}", "standard deviation", UNIT, self.source)
        self._map(path, self.surface.prediction.sd(), "uncertainty", caption)

    def _exceedance(self, path: Path, limit: Limit) -> None:
        assumed = f"assuming {', '.join(limit.assumptions)}; " if limit.assumptions else ""
        title = f"Probability that {self.name.lower()} exceeds {limit.mg_per_kg:.4g} mg/kg"
        caption = Caption(title, limit.label, "probability", assumed + self.source)
        self._map(path, self.surface.prediction.exceedance(limit.mg_per_kg), "exceedance", caption)

    def _map(self, path: Path, values: Any, style: str, caption: Caption) -> None:
        map_picture(path, self.surface.grid, values, style, caption, self.overlay)
