"""PNG pictures of a map: concentration, uncertainty, exceedance, hot spots, variogram and validation."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, func, select

from app.limits import Limit
from app.work.maps import UNIT, Material, PublishedMap
from db.tables import dataset, source
from mapping.grid import Grid
from mapping.kriging import FittedKriging
from mapping.plots import Caption, Overlay, map_picture, validation_plot, variogram_plot
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


class Album:
    """The pictures of one map in a folder; one that is there already is not drawn again."""

    def __init__(self, folder: Path, made: PublishedMap, material: Material, water: dict[str, BaseGeometry]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.made = folder, made
        self.overlay = Overlay(samples=material.samples.xy, areas=water)
        self.name = made.title.split(",")[0].capitalize()
        self.source = f"{', '.join(material.rows.datasets)}; {made.title}; map {made.id}"
        self._surface: Surface | None = None

    @property
    def surface(self) -> Surface:
        """The map, read when first needed."""
        if self._surface is None:
            self._surface = Surface.read(self.made.path)
        return self._surface

    def draw(self, fitted: FittedKriging, limit: Limit | None) -> list[Path]:
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
        return drawn

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
