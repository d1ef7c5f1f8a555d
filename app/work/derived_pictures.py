"""A derived map as a picture for a report: its first band, in the classes of its kind."""

from pathlib import Path

import numpy as np

from app.work.published import PublishedMap
from mapping.plain_raster import PlainRaster
from mapping.plots import Caption, map_picture


def draw_derived(path: Path, made: PublishedMap) -> None:
    """Write the PNG; `ValueError` when the file of the map is gone or is none of a derived quantity."""
    if not made.path.is_file():
        raise ValueError(f"{made.path}: the file of the map is not there")
    raster = PlainRaster.read(made.path)
    band, values = raster.bands[0], raster.values[0].astype(np.float64)
    probability = band.title.startswith("Probability")
    classes = None if probability else _edges(raster, values)
    title, _, rest = made.title.partition(", " + ", ".join(made.parameters["datasets"][:1]))
    caption = Caption(
        title=band.title,
        subtitle=title,
        unit="" if probability else raster.quantity,
        source=f"{', '.join(made.parameters['datasets'])}{rest}; joint simulations, map {made.id}",
    )
    map_picture(path, raster.grid, values, "exceedance" if probability else "concentration", caption, classes=classes)


def _edges(raster: PlainRaster, values: np.ndarray) -> list[float] | None:
    """The edges of the author's classes where the map has some, with the range of the values around."""
    edges = raster.provenance.get("classes", {}).get("edges", ())
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    inner = [edge for edge in edges if low < edge < high]
    return [min(low, 0.0), *inner, high] if inner else None
