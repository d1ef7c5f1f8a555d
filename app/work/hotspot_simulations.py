"""Hot spots with the uncertainty of the map: from joint simulations, as areas with intervals and as a map."""

from dataclasses import asdict

import numpy as np
from sqlalchemy import Connection, select

from app.limits import Limit
from app.settings import Settings
from app.work.derived import DerivedMap, derived_from, publish_derived
from app.work.hotspots import Finding, Spot, samples_inside
from app.work.maps import Rebuilt
from app.work.published import PublishedMap
from db.samples import Floats
from db.tables import surface
from mapping.belonging import HotSpotRule, ProbableHotSpot
from mapping.grid import mask_inside
from mapping.plain_raster import Band, PlainRaster
from mapping.simulation import simulate

STATISTIC = "simulation"
QUANTITY = "hot-spot-probability"
REALISATIONS = 500
BANDS = (Band("probability", "1", "Probability of belonging to a hot spot"),)


def simulated(
    settings: Settings,
    connection: Connection,
    made: PublishedMap,
    model: Rebuilt,
    limit: Limit,
    smallest_m2: float = 0.0,
    seed: int = 0,
) -> Finding:
    """Areas that belong to a hot spot more likely than not, each with the interval of its size.

    A hot spot is a connected area above the limit of at least `smallest_m2`. The probability of each cell is published
    as a derived map.
    """
    rule = HotSpotRule(limit.mg_per_kg, smallest_m2)
    cells, covariates = model.cells()
    inside = _inside(model, cells)
    simulation = simulate(model.fitted, cells, REALISATIONS, seed, covariates)
    found = rule.belonging(simulation, model.grid, inside)
    parameters = {
        **asdict(rule),
        "realisations": REALISATIONS,
        "seed": seed,
        "limit": asdict(limit),
        "surface": made.id,
    }
    contaminant = model.material.rows.contaminant
    wanted = DerivedMap(
        quantity=QUANTITY,
        stem=f"hotspots-{contaminant}",
        title=f"{contaminant} hot spots ({limit.label}), {made.title}",
        contaminant=contaminant,
        bands=BANDS,
        parameters={**derived_from([made]), **parameters},
        visibility=str(connection.execute(select(surface.c.visibility).where(surface.c.id == made.id)).scalar()),
    )
    values = found.probability[inside].astype(np.float32)[None]
    raster = PlainRaster.of_cells(model.grid, QUANTITY, BANDS, inside, values, wanted.stored)
    published = publish_derived(settings, connection, wanted, raster, model.material.projection)
    spots = tuple(_spot(each, model) for each in found.spots)
    report = {
        "hot_spots": len(spots),
        "area_m2": sum(spot.area_m2 for spot in spots),
        "realisations": REALISATIONS,
        "raster": published.id,
    }
    words = f"{found.definition} Limit: {limit.label}."
    return Finding("regulatory", STATISTIC, words, parameters, report, spots, limit, made, raster=published)


def _inside(model: Rebuilt, cells: Floats) -> np.ndarray:
    """The mapped cells (rows, columns): inside the area, and with all covariates known."""
    inside = mask_inside(model.grid, model.area)
    if int(inside.sum()) == len(cells):
        return inside
    column = np.floor((cells[:, 0] - model.grid.west) / model.grid.cell).astype(np.int64)
    row = np.floor((model.grid.north - cells[:, 1]) / model.grid.cell).astype(np.int64)
    known = np.zeros_like(inside)
    known[row, column] = True
    return known


def _spot(found: ProbableHotSpot, model: Rebuilt) -> Spot:
    return Spot(
        class_="exceeding",
        polygon=found.polygon,
        area_m2=found.area,
        mean_probability=found.mean_probability,
        expected_area_m2=found.expected,
        area_low_m2=found.low,
        area_high_m2=found.high,
        existence=found.existence,
        **samples_inside(found.polygon, model.material),
    )
