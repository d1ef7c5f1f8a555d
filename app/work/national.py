"""A map as countries share it: means and uncertainty on a grid of degrees, while the points stay home."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.sparse import csr_array
from sqlalchemy import Connection, func, select

from app.work.maps import rebuild
from app.work.material import Material, gather, selection_from
from app.work.published import PublishedMap
from db.tables import contaminant, dataset, specimen
from mapping.degrees import AreaWeights, DegreeGrid
from mapping.grid import Grid
from mapping.prediction import Prediction
from mapping.simulation import simulate
from mapping.surface import Surface

Progress = Callable[[int, int], None]
REALISATIONS = 200
MOST_VALUES = 60_000_000
"""Simulated at once: a quarter of a gigabyte."""
LEAST_COVERED = 0.5
"""A cell of which less is mapped gets no value: its mean would speak for the rest."""
FROM_SIMULATION = "cell"
OF_POINTS = "point"
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_PART = re.compile(r"[A-Za-z0-9]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NationalRequest:
    """Which map, for whom; `year` and `depth_cm` (top, bottom) where the samples do not say them."""

    country: str
    project: str
    arc_seconds: float = 30.0
    year: int | None = None
    depth_cm: tuple[float, float] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not _COUNTRY.fullmatch(self.country):
            raise ValueError(f"--country needs two capital letters (ISO 3166), got {self.country!r}")
        if not _PART.fullmatch(self.project):
            raise ValueError(f"--project needs letters and digits only, for it is part of file names: {self.project!r}")
        if self.depth_cm is not None and not 0 <= self.depth_cm[0] < self.depth_cm[1]:
            raise ValueError(f"--depth needs a top above its bottom, got {self.depth_cm}")


@dataclass(frozen=True, slots=True, eq=False)
class NationalLayers:
    """Mean and standard deviation (rows, columns) in mg/kg, NaN where too little is mapped, and what they are."""

    made: PublishedMap
    request: NationalRequest
    grid: DegreeGrid
    mean: NDArray[np.float32]
    sd: NDArray[np.float32]
    support: str
    why: str
    property_code: str
    contaminant: Mapping[str, Any]
    year: int
    years: tuple[int, int] | None
    depth_cm: tuple[float, float]
    samples: int
    censored: int
    licences: tuple[str, ...]

    def name(self, *, uncertainty: bool = False) -> str:
        """`<country>-<project>-<property>-<year>-<top>-<bottom>`, the property of the uncertainty ending in SD."""
        top, bottom = self.depth_cm
        code = f"{self.property_code}SD" if uncertainty else self.property_code
        return f"{self.request.country}-{self.request.project}-{code}-{self.year}-{top:g}-{bottom:g}"


def national_layers(
    connection: Connection, made: PublishedMap, request: NationalRequest, progress: Progress | None = None
) -> NationalLayers:
    """Average a map over cells of degrees; `ValueError` where no cell has enough of it, or names lack a part."""
    material = gather(connection, selection_from(made.parameters))
    row = _contaminant(connection, material.rows.contaminant)
    years = _years(connection, material)
    year, depth = _year(request, years), _depth(request, material)
    surface = Surface.read(made.path)
    mapped = np.isfinite(surface.prediction.mean)
    target = DegreeGrid.covering(_box(surface.grid), request.arc_seconds)
    weights = AreaWeights.of(surface.grid, mapped, target)
    enough = weights.covered >= LEAST_COVERED
    if not enough.any():
        raise ValueError(
            f"no cell of {request.arc_seconds:g} arc seconds is mapped to {LEAST_COVERED:.0%}: "
            "the map is too small for this grid, choose a smaller --cell"
        )
    expected = surface.prediction.expected()
    sd, support, why = _uncertainty(connection, made, weights, surface.prediction, request.seed)
    if progress is not None:
        progress(1, 1)

    def layer(values: NDArray[np.float64]) -> NDArray[np.float32]:
        return np.where(enough, values, np.nan).reshape(target.shape).astype(np.float32)

    return NationalLayers(
        made=made,
        request=request,
        grid=target,
        mean=layer(weights.average(expected.ravel())),
        sd=layer(sd),
        support=support,
        why=why,
        property_code=_property(row),
        contaminant=row,
        year=year,
        years=years,
        depth_cm=depth,
        samples=len(material.rows),
        censored=int((material.rows.lower < material.rows.upper).sum()),
        licences=_licences(connection, material),
    )


def _box(grid: Grid) -> tuple[float, float, float, float]:
    there = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    west, south, east, north = there.transform_bounds(*grid.bounds, densify_pts=32)
    if west > east:
        raise ValueError("the map crosses the antimeridian: make one map for each side of it")
    return west, south, east, north


def _uncertainty(
    connection: Connection, made: PublishedMap, weights: AreaWeights, prediction: Prediction, seed: int
) -> tuple[NDArray[np.float64], str, str]:
    """The standard deviation of cell means from joint simulation, or else of a point in the cell, and why."""
    cells = int(np.isfinite(prediction.mean).sum())
    if cells * REALISATIONS > MOST_VALUES:
        why = f"{cells:,} cells are too many to be simulated jointly"
        return _of_points(weights, prediction), OF_POINTS, why
    try:
        return _of_means(connection, made, weights, prediction, seed), FROM_SIMULATION, ""
    except ValueError as error:
        return _of_points(weights, prediction), OF_POINTS, str(error)


def _of_means(
    connection: Connection, made: PublishedMap, weights: AreaWeights, prediction: Prediction, seed: int
) -> NDArray[np.float64]:
    """Errors of neighbouring places are alike, so that a mean is less certain than independent errors would make it."""
    model = rebuild(connection, made)
    places, covariates = model.cells()
    simulated = simulate(model.fitted, places, REALISATIONS, seed, covariates)
    column, row = ~model.grid.transform @ places.T
    which = row.astype(np.int64) * model.grid.columns + column.astype(np.int64)
    known = np.isfinite(prediction.mean).ravel()[which]
    chosen = csr_array(weights.weights[:, which[known]])
    means = chosen @ simulated.values[:, known].T.astype(np.float64)
    sd: NDArray[np.float64] = np.std(means, axis=1, ddof=1)
    return sd


def _of_points(weights: AreaWeights, prediction: Prediction) -> NDArray[np.float64]:
    """Of a point anywhere in the cell, which is above that of a mean: mean variance and variance of means."""
    expected = prediction.expected().ravel()
    mean = weights.average(expected)
    second = weights.average(prediction.sd().ravel() ** 2 + expected**2)
    return np.sqrt(np.maximum(second - mean**2, 0.0))


def _contaminant(connection: Connection, identifier: str) -> Mapping[str, Any]:
    row = connection.execute(select(contaminant).where(contaminant.c.id == identifier)).mappings().one()
    return dict(row)


def _licences(connection: Connection, material: Material) -> tuple[str, ...]:
    query = select(dataset.c.licence, dataset.c.provider).where(dataset.c.name.in_(material.rows.datasets))
    return tuple(f"{row.licence} ({row.provider})" for row in connection.execute(query.order_by(dataset.c.name)))


def _property(row: Mapping[str, Any]) -> str:
    """The symbol, or the id without what file names of this form cannot hold."""
    return str(row["symbol"] or re.sub(r"[^A-Za-z0-9]", "", str(row["id"]).title()))


def _years(connection: Connection, material: Material) -> tuple[int, int] | None:
    """The first and last year of sampling."""
    dates = select(
        func.min(specimen.c.sampled_from), func.max(func.coalesce(specimen.c.sampled_to, specimen.c.sampled_from))
    )
    first, last = connection.execute(dates.where(specimen.c.id.in_(material.rows.specimen.tolist()))).one()
    return None if first is None else (first.year, last.year)


def _year(request: NationalRequest, years: tuple[int, int] | None) -> int:
    if request.year is not None:
        return request.year
    if years is None:
        raise ValueError("the samples do not say when they were taken: give the year with --year")
    return years[1]


def _depth(request: NationalRequest, material: Material) -> tuple[float, float]:
    population = material.population
    if population.upper_depth_cm is not None and population.lower_depth_cm is not None:
        return population.upper_depth_cm, population.lower_depth_cm
    if request.depth_cm is None:
        raise ValueError("the samples do not say how deep they were taken: give it with --depth, e.g. 0-20")
    return request.depth_cm


def layer_files(folder: Path, layers: NationalLayers) -> Mapping[str, Path]:
    """Where the rasters go."""
    return {
        "mean": folder / f"{layers.name()}.tif",
        "uncertainty": folder / f"{layers.name(uncertainty=True)}.tif",
    }
