"""Measurements of one contaminant with when and by whom they were made: what trends are looked for in."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from db.samples import Floats
from db.selection import Selection
from db.tables import dataset, measurement, procedure, site, specimen


@dataclass(frozen=True, slots=True, eq=False)
class DatedRows:
    """Measurements (k,): mg/kg, degrees, `year` with its fraction; NaN for a date or an uncertainty not known."""

    contaminant: str
    dataset: NDArray[np.str_]
    site: NDArray[np.str_]
    ground: NDArray[np.str_]
    method: NDArray[np.str_]
    year: Floats
    lonlat: Floats
    lower: Floats
    upper: Floats
    uncertainty: Floats
    private: bool

    def __len__(self) -> int:
        return len(self.year)


def read_dated(connection: Connection, selection: Selection, datasets: tuple[str, ...]) -> DatedRows:
    """The measurements of a contaminant in some datasets; `ground` is medium and depth, `method` the rest."""
    if selection.contaminant is None:
        raise ValueError("a trend is looked for in one contaminant at a time")
    query = (
        select(
            dataset.c.name.label("dataset"),
            dataset.c.visibility,
            site.c.code.label("site"),
            func.ST_X(site.c.geom).label("lon"),
            func.ST_Y(site.c.geom).label("lat"),
            specimen.c.medium,
            specimen.c.upper_depth_cm,
            specimen.c.lower_depth_cm,
            specimen.c.sampled_from,
            procedure.c.digestion,
            measurement.c.basis,
            measurement.c.laboratory,
            measurement.c.lower,
            measurement.c.upper,
            measurement.c.uncertainty,
        )
        .select_from(measurement)
        .join(specimen, specimen.c.id == measurement.c.specimen_id)
        .join(site, site.c.id == specimen.c.site_id)
        .join(procedure, procedure.c.id == measurement.c.procedure_id)
        .join(dataset, dataset.c.id == measurement.c.dataset_id)
        .where(measurement.c.contaminant_id == selection.contaminant)
        .where(dataset.c.visibility.in_(selection.visibilities), dataset.c.name.in_(datasets))
        .order_by(dataset.c.name, site.c.code, specimen.c.sampled_from, specimen.c.code, measurement.c.id)
    )
    for column, value in (
        (specimen.c.medium, selection.medium),
        (procedure.c.digestion, selection.digestion),
        (measurement.c.basis, selection.basis),
    ):
        if value is not None:
            query = query.where(column == value)
    if selection.depth is not None:
        upper, lower = selection.depth
        query = query.where(specimen.c.upper_depth_cm == upper, specimen.c.lower_depth_cm == lower)
    rows = connection.execute(query).mappings().all()

    def floats(name: str) -> Floats:
        return np.array([np.nan if row[name] is None else row[name] for row in rows], dtype=np.float64)

    return DatedRows(
        contaminant=selection.contaminant,
        dataset=np.array([row["dataset"] for row in rows], dtype=np.str_),
        site=np.array([row["site"] for row in rows], dtype=np.str_),
        ground=np.array([_ground(row) for row in rows], dtype=np.str_),
        method=np.array([_method(row) for row in rows], dtype=np.str_),
        year=np.array([_year(row["sampled_from"]) for row in rows], dtype=np.float64),
        lonlat=np.column_stack([floats("lon"), floats("lat")]),
        lower=floats("lower"),
        upper=floats("upper"),
        uncertainty=floats("uncertainty"),
        private=any(row["visibility"] != "public" for row in rows),
    )


def _ground(row: Any) -> str:
    if row["upper_depth_cm"] is None or row["lower_depth_cm"] is None:
        return f"{row['medium']}, depth not stated"
    return f"{row['medium']}, {row['upper_depth_cm']:g}-{row['lower_depth_cm']:g} cm"


def _method(row: Any) -> str:
    laboratory = row["laboratory"] or "laboratory not stated"
    return f"{laboratory}, digestion {row['digestion']}, basis {row['basis']}"


def _year(day: dt.date | None) -> float:
    """With its fraction: 1 January 2000 is 2000.0."""
    if day is None:
        return float("nan")
    return day.year + (day.timetuple().tm_yday - 1) / 365.25
